"""Wiring of load_manager: look at the facts, step, publish."""

import math
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bus import Bus, Reader, Timer
from msgs.meter import MeterReading
from msgs.settings import Settings
from msgs.topics import (
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SETTINGS,
    WISHES,
    WishSource,
)
from msgs.wish import Wishes
from nodes.load_manager.machine import Config, Inputs, start, step
from nodes.load_manager.site import site_of
from nodes.load_manager.wishes import Source

RUNNER: Literal["blocking", "asyncio"] = "blocking"

ROUND_S = 0.5


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    # Kept free: class 1 meters err by 1 % (IEC 62053-21), on both sides of a 25 A fuse.
    margin_a: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.5


class LoadManagerNode:
    """The settings, five facts, the wishes, one tick and the machine's deadline."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        self._bus = bus
        self._config = Config(margin_a=parameters.margin_a)
        self._state = start(bus.clock.now_s())
        self._settings = bus.subscribe(SETTINGS, self._on_fact)
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        self._wishes: list[tuple[WishSource, Reader[Wishes]]] = [
            (source, bus.subscribe(source.topic, self._on_fact)) for source in WISHES
        ]
        self._box = bus.subscribe(METER_BOX, self._on_fact)  # each one is kept for a while
        self._house = bus.subscribe(METER_HOUSE, self._on_fact)
        self._alarm: Timer | None = None
        self._alarm_s = math.inf
        bus.every(ROUND_S, self._round)

    def _on_fact(self, _: Settings | MeterReading | Wishes) -> None:
        self._round()

    def _round(self) -> None:
        settings = self._settings.message
        inputs = Inputs(
            now_s=self._bus.clock.now_s(),
            site=None if settings is None else site_of(settings),
            pilot=self._pilot.fresh(),
            pilot_s=self._pilot.stamp_s or 0.0,
            safety=self._safety.fresh(),
            session=self._session.fresh(),
            box=self._box.fresh(),
            house=self._house.message,
            sources=tuple(_source(row, settings, reader) for row, reader in self._wishes),
        )
        self._state, outputs = step(self._config, self._state, inputs)
        if outputs.offer is not None:
            self._bus.publish(LOAD_OFFER, outputs.offer)
        self._step_at(outputs.due_s)

    def _step_at(self, due_s: float) -> None:
        """Have the machine stepped at its deadline; infinity: it has none."""
        if due_s == self._alarm_s:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = due_s
        self._alarm = None if due_s == math.inf else self._bus.at(due_s, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm, self._alarm_s = None, math.inf
        self._round()


def _source(row: WishSource, settings: Settings | None, reader: Reader[Wishes]) -> Source:
    """Return what is known of a source.

    While the settings are not heard the claim of the start holds, and every wish that is heard.
    """
    controller = row.controller(Settings() if settings is None else settings)
    wishes = reader.message
    return Source(
        name=row.name,
        is_configured=controller.enabled or (settings is None and wishes is not None),
        fallback_a=controller.fallback_a,
        wishes=wishes,
        said_s=reader.stamp_s or 0.0,
    )


def build(bus: Bus, parameters: Parameters) -> LoadManagerNode:
    """Start the node."""
    node = LoadManagerNode(bus, parameters)
    bus.ready()
    return node
