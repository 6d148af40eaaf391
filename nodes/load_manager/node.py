"""Wiring of load_manager: look at the facts, step, publish."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bus import Bus, Reader
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
)
from msgs.wish import Wish
from nodes.load_manager.machine import Config, Inputs, start, step
from nodes.load_manager.site import site_of

RUNNER: Literal["blocking", "asyncio"] = "blocking"

ROUND_S = 0.5
SOURCES = {"session": "app"}  # whose wish a node publishes, where it is not its own


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    # Kept free: class 1 meters err by 1 % (IEC 62053-21), on both sides of a 25 A fuse.
    margin_a: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.5


class LoadManagerNode:
    """The settings, five facts, the wishes, one tick."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        self._bus = bus
        self._config = Config(margin_a=parameters.margin_a)
        self._state = start(bus.clock.now_s())
        self._settings = bus.subscribe(SETTINGS, self._on_fact)
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        self._wishes: list[tuple[str, Reader[Wish]]] = [
            (SOURCES.get(topic.writer, topic.writer), bus.subscribe(topic, self._on_fact))
            for topic in WISHES
        ]
        self._box = bus.subscribe(METER_BOX, self._on_fact)  # each one is kept for a while
        self._house = bus.subscribe(METER_HOUSE, self._on_fact)
        bus.every(ROUND_S, self._round)

    def _on_fact(self, _: Settings | MeterReading | Wish) -> None:
        self._round()

    def _round(self) -> None:
        settings = self._settings.message
        inputs = Inputs(
            now_s=self._bus.clock.now_s(),
            utc_ns=self._bus.clock.utc_ns(),
            site=None if settings is None else site_of(settings),
            pilot=self._pilot.fresh(),
            safety=self._safety.fresh(),
            session=self._session.fresh(),
            box=self._box.fresh(),
            house=self._house.message,
            wishes=tuple((source, reader.message) for source, reader in self._wishes),
        )
        self._state, outputs = step(self._config, self._state, inputs)
        if outputs.offer is not None:
            self._bus.publish(LOAD_OFFER, outputs.offer)


def build(bus: Bus, parameters: Parameters) -> LoadManagerNode:
    """Start the node."""
    node = LoadManagerNode(bus, parameters)
    bus.ready()
    return node
