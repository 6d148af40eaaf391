"""Wiring of load_manager: look at the messages, step, publish."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from bus import Bus, Call, Subscription
from bus.rounds import Instant, Rounds
from msgs.load_manager import FindPhases, PhaseSearch
from msgs.meter import MeterReading
from msgs.methods import FIND_PHASES
from msgs.safety import SafetyStatus
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
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.machine import Config, Outputs, is_sent_after_start, step
from nodes.load_manager.solar import SolarLimits, solar_limits_of
from nodes.load_manager.state import start
from nodes.load_manager.supply_limits import supply_limits_of
from nodes.load_manager.unbalance import UnbalanceLimits, unbalance_limits_of
from nodes.load_manager.wishes import Source

RUNNER: Literal["blocking", "asyncio"] = "blocking"

LOOK_S = 0.5


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    # Kept free: class 1 meters have an error of 1 % (IEC 62053-21), twice that of a 25 A fuse.
    margin_a: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.5


class LoadManagerNode:
    """The settings, five topics, the wishes, one machine."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        self._config = Config(margin_a=parameters.margin_a)
        self._state = start(bus.clock.now_s())
        self._box_readings: list[MeterReading] = []  # since the last step
        self._settings = bus.subscribe(SETTINGS, on_change=self._on_change)
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._external_enable: bool | None = None
        self._safety = bus.subscribe(SAFETY_STATUS, on_change=self._on_safety)
        self._session = bus.subscribe(SESSION_STATUS)
        self._wishes: list[tuple[WishSource, Subscription[Wishes]]] = [
            (source, bus.subscribe(source.topic, on_change=self._on_change)) for source in WISHES
        ]
        bus.serve(FIND_PHASES, self._on_find_phases)
        bus.subscribe(METER_BOX, self._box_readings.append)
        self._house = bus.subscribe(METER_HOUSE, on_change=self._on_change)
        self._rounds: Rounds[Inputs, Outputs] = Rounds(
            bus, LOOK_S, self._look, self._act, is_exact=True
        )

    def _on_change(self, _: Settings | MeterReading | Wishes) -> None:
        self._rounds.wake()

    def _on_safety(self, status: SafetyStatus) -> None:
        """Look at once when the external input has changed; the rest can wait for the grid."""
        if status.external_enable is not self._external_enable:
            self._external_enable = status.external_enable
            self._rounds.wake()

    def _look(self, instant: Instant) -> Inputs:
        settings = self._settings.message
        return Inputs(
            now_s=instant.now_s,
            supply_limits=None if settings is None else supply_limits_of(settings),
            pilot=self._pilot.fresh(),
            is_sent_after_start=is_sent_after_start(self._state, self._pilot.stamp_s),
            safety=self._safety.fresh(),
            session=self._session.fresh(),
            box_readings=tuple(self._box_readings),
            house=self._house.message,
            sources=tuple(
                _source(row, settings, subscription) for row, subscription in self._wishes
            ),
            solar=SolarLimits() if settings is None else solar_limits_of(settings),
            unbalance=UnbalanceLimits() if settings is None else unbalance_limits_of(settings),
            external_limit_a=0.0 if settings is None else settings.external_input.limit_a,
        )

    def _act(self, inputs: Inputs) -> Outputs:
        self._box_readings.clear()
        self._state, outputs = step(self._config, self._state, inputs)
        if outputs.offer is not None:
            self._rounds.say(LOAD_OFFER, outputs.offer)
        return outputs

    def _on_find_phases(self, call: Call[FindPhases, PhaseSearch]) -> None:
        action = call.arguments.action
        outputs = self._rounds.run(lambda inputs: replace(inputs, asked=action))
        if outputs.search is None:
            call.refuse(outputs.refusal)
        else:
            call.ok(outputs.search)


def _source(
    row: WishSource, settings: Settings | None, subscription: Subscription[Wishes]
) -> Source:
    """Return what is known of a source.

    Until the settings are known, the claim `start` and every wish that was received count.
    """
    controller = row.controller(Settings() if settings is None else settings)
    wishes = subscription.message
    return Source(
        name=row.name,
        is_configured=controller.enabled or (settings is None and wishes is not None),
        fallback_a=controller.fallback_a,
        wishes=wishes,
        said_s=subscription.stamp_s or 0.0,
    )


def build(bus: Bus, parameters: Parameters) -> LoadManagerNode:
    """Start the node."""
    node = LoadManagerNode(bus, parameters)
    bus.ready()
    return node
