"""Wiring of load_manager: look at the facts, step, publish."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bus import Bus, Reader
from msgs.meter import MeterReading
from msgs.settings import PhaseAssignment
from msgs.topics import (
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    WISHES,
)
from msgs.wish import Wish
from nodes.load_manager.machine import Config, Inputs, start, step

RUNNER: Literal["blocking", "asyncio"] = "blocking"

ROUND_S = 0.5
SOURCES = {"session": "app"}  # whose wish a node publishes, where it is not its own


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    main_fuse_a: Annotated[float, Meta(ge=6.0, le=63.0)] = 35.0  # each phase of the house
    monitoring: bool = False  # domestic connection monitoring (MET-1)
    phases: PhaseAssignment = (
        PhaseAssignment.L1_L2_L3
    )  # the meter's phases on the wallbox's L1, L2, L3 (MET-4)
    # Kept free: class 1 meters err by 1 % (IEC 62053-21), on both sides of a 25 A fuse.
    margin_a: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.5


class LoadManagerNode:
    """Five facts, the wishes, one tick."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        self._bus = bus
        self._config = Config(
            main_fuse_a=parameters.main_fuse_a,
            margin_a=parameters.margin_a,
            monitoring=parameters.monitoring,
            phases=parameters.phases,
        )
        self._state = start(self._config, bus.clock.now_s())
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        self._wishes: list[tuple[str, Reader[Wish]]] = [
            (SOURCES.get(topic.writer, topic.writer), bus.subscribe(topic, self._on_fact))
            for topic in WISHES
        ]
        # The box's readings are kept one by one; where no house is compared with them, none is.
        on_reading = self._on_fact if parameters.monitoring else None
        self._box = bus.subscribe(METER_BOX, on_reading)
        self._house = bus.subscribe(METER_HOUSE, on_reading)
        bus.every(ROUND_S, self._round)

    def _on_fact(self, _: MeterReading | Wish) -> None:
        self._round()

    def _round(self) -> None:
        inputs = Inputs(
            now_s=self._bus.clock.now_s(),
            utc_ns=self._bus.clock.utc_ns(),
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
