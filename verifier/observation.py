"""What has been seen of one box at one instant: the world, and what reached safety and pilot.

Plain data, kept up to date by `witness` and judged by `invariants`.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from msgspec import Struct

from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import X1_PERCENT, PilotStatus
from msgs.plant import SimPower, SimSignals
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus

M = TypeVar("M", bound=Struct)

Amps3 = tuple[float, float, float]  # L1, L2, L3

NEVER_S = float("-inf")


@dataclass(slots=True)
class Heard(Generic[M]):
    """The newest message of one topic that has reached a node in its present life."""

    message: M | None = None
    stamp_s: float = NEVER_S  # when it was sent


@dataclass(slots=True)
class SafetySeen:
    """What safety has heard and driven. `awake_s`: since when it runs; None: dead or held."""

    awake_s: float | None = None
    signals: Heard[SimSignals] = field(default_factory=Heard)  # its own reading of the box
    power: Heard[SimPower] = field(default_factory=Heard)  # its own reading of the meter chip
    pilot: Heard[PilotStatus] = field(default_factory=Heard)
    session: Heard[SessionStatus] = field(default_factory=Heard)
    meter: Heard[MeterReading] = field(default_factory=Heard)
    out_since_s: float | None = None  # since when its signals show no plug
    enable: bool = False
    status: SafetyStatus | None = None  # the newest that it has said in this life


@dataclass(slots=True)
class PilotSeen:
    """What pilot has heard. `awake_s` as for safety."""

    awake_s: float | None = None
    safety: Heard[SafetyStatus] = field(default_factory=Heard)
    session: Heard[SessionStatus] = field(default_factory=Heard)
    offer: Heard[LoadOffer] = field(default_factory=Heard)


@dataclass(slots=True)
class Seen:
    """The box and its world at one instant, which began at `since_s`."""

    since_s: float
    dip_a: float
    fuse_a: float | None = None  # of the house; None: nobody watches it
    calm_s: float | None = None  # since when nothing is wrong; None while something is
    stays_until_s: float = NEVER_S  # until then nothing that happens may open the contactor
    coil: bool = False  # the contactor's, as the world has it
    closed: bool = False  # a main pole is closed
    may_stick: bool = False  # the contactor's fault `weld` has been made and not cleared
    is_tripped: bool = False  # safety has read a trip behind closed contacts and not told it yet
    duty_percent: float = X1_PERCENT  # of the pilot's generator, hardware that outlives its node
    is_fed: bool = False  # safety feeds the watchdog
    edge_s: float = NEVER_S  # last edge on the watchdog's line
    is_tested: bool = False  # the self-test has passed since the plug went in, in safety's life
    session_id: str = ""  # that session says
    session_plug: int = 0  # that was in when it began
    plug: int = 0  # the plugs that have gone in, after an absence that safety could see
    drawn_a: Amps3 = (0.0, 0.0, 0.0)  # by the vehicle
    house: MeterReading | None = None  # the newest that meter has said
    safety: SafetySeen = field(default_factory=SafetySeen)
    pilot: PilotSeen = field(default_factory=PilotSeen)
