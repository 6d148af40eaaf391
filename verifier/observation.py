"""One box at one instant: the simulated world, and what has reached safety and pilot.

Plain data, updated by `observer` and checked by `invariants`.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from msgspec import Struct

from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import X1_PERCENT, PilotStatus
from msgs.plant import SimPower, SimSignals
from msgs.safety import FaultCode, SafetyStatus
from msgs.session import SessionStatus

M = TypeVar("M", bound=Struct)

Amps3 = tuple[float, float, float]  # L1, L2, L3

NEVER_S = float("-inf")


@dataclass(slots=True)
class NewestMessage(Generic[M]):
    """The newest message of one topic that has reached a node since the node's start."""

    message: M | None = None
    stamp_s: float = NEVER_S  # when it was sent


@dataclass(slots=True)
class SafetyObservation:
    """What safety has received and driven. `runs_since_s` None: the node is killed or frozen."""

    runs_since_s: float | None = None
    signals: NewestMessage[SimSignals] = field(
        default_factory=NewestMessage
    )  # its own reading of the box
    power: NewestMessage[SimPower] = field(
        default_factory=NewestMessage
    )  # its own reading of the meter chip
    chip_since_s: float = NEVER_S  # the chip has shown the same values since
    pilot: NewestMessage[PilotStatus] = field(default_factory=NewestMessage)
    session: NewestMessage[SessionStatus] = field(default_factory=NewestMessage)
    meter: NewestMessage[MeterReading] = field(default_factory=NewestMessage)
    out_since_s: float | None = None  # since when its signals show no plug
    enable: bool = False
    status: SafetyStatus | None = None  # the newest that it has published since its start


@dataclass(slots=True)
class PilotObservation:
    """What pilot has received. `runs_since_s` as for safety."""

    runs_since_s: float | None = None
    safety: NewestMessage[SafetyStatus] = field(default_factory=NewestMessage)
    session: NewestMessage[SessionStatus] = field(default_factory=NewestMessage)
    offer: NewestMessage[LoadOffer] = field(default_factory=NewestMessage)


@dataclass(slots=True)
class Observation:
    """The box and its world between two changes; the last one was at `since_s`."""

    since_s: float
    dip_a: float
    fuse_a: float | None = None  # of the house; None: it is not monitored
    needs_card: bool = False
    undisturbed_since_s: float | None = None  # None during a disturbance
    stays_until_s: float = NEVER_S  # until then the contactor must stay closed
    coil: bool = False  # the contactor's, as the world has it
    closed: bool = False  # a main pole is closed
    may_stick: bool = False  # the contactor's fault `weld` is present
    is_tripped: bool = False  # safety has read a trip with closed contacts, not published it yet
    duty_percent: float = X1_PERCENT  # of the pilot's generator: it keeps its duty without its node
    is_fed: bool = False  # safety feeds the watchdog
    edge_s: float = NEVER_S  # last edge on the watchdog's line
    is_tested: bool = False  # the self-test has passed since plug-in and since safety's start
    session_id: str = ""  # that session publishes
    session_plug: int = 0  # that was in when it began
    plug: int = 0  # count of plug-ins after an absence that safety could detect
    plugged_s: float = NEVER_S  # when the last of them was
    carded_s: float = NEVER_S  # when a card that may be of the box was presented last
    card_since_s: float = NEVER_S  # one that was presented before this does not count any more
    kept: frozenset[FaultCode] = frozenset()  # latched faults that nothing has cleared yet
    drawn_a: Amps3 = (0.0, 0.0, 0.0)  # by the vehicle
    house: MeterReading | None = None  # the newest that meter has published
    safety: SafetyObservation = field(default_factory=SafetyObservation)
    pilot: PilotObservation = field(default_factory=PilotObservation)
