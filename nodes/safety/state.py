"""The inputs, the state and the outputs of safety's machine."""

from msgspec import Struct

from bus.write_behind import WriteResult
from msgs.evidence import SafetyEvidence
from msgs.pilot import PilotStatus
from msgs.requests import StopReason
from msgs.safety import SafetyPhase, SafetyStatus
from msgs.session import SessionStatus
from msgs.units import Nanoseconds, Text
from nodes.safety.chain import ChainReading
from nodes.safety.coil import CoilReading
from nodes.safety.contactor import ContactorProof
from nodes.safety.cycle import Cycle
from nodes.safety.duty import DutyComparison
from nodes.safety.evaluation import NOTHING_EVALUATED, EvaluationState
from nodes.safety.evidence import NOTHING, Evidence
from nodes.safety.faults import CLEAN, FaultState
from nodes.safety.latch import LatchWrite, Memory, Recalled
from nodes.safety.mains_reset import MainsReset
from nodes.safety.plug import PlugState
from nodes.safety.selftest import SelfTesting
from nodes.safety.stale import StaleInputs


class StopAsked(Struct, frozen=True, kw_only=True):
    """Why the vehicle was asked to stop, as text for the log."""

    text: Text
    is_in_order: bool = False  # a vehicle, a person or another node asks for it


class Inputs(Struct, frozen=True, kw_only=True):
    """What one look shows; a message that is older than its hold is None."""

    now_s: float
    utc_ns: int
    since_s: float  # since the look before, stepped or not
    reading: ChainReading | None
    pilot: PilotStatus | None
    session: SessionStatus | None
    is_metering: bool  # meter/box has recent values
    stop: StopReason | None
    kept: Recalled | WriteResult | None = None  # an answer of the disk
    silent: tuple[str, ...] = ()  # the devices without a reading, if there is none
    # The coil's inputs while another device gives no reading; None: they are in the reading, or
    # give none either.
    contacts: CoilReading | None = None
    slow_read_s: float | None = None  # how long a reading took that was too slow to count


class State(Struct, frozen=True, kw_only=True):
    """What the machine remembers: its phase, and each part's own state."""

    phase: SafetyPhase = SafetyPhase.START
    until_s: float = 0.0  # CLOSING: end of the time for the proof; STOPPING: of the vehicle's 6 s
    next_closing_s: float = 0.0  # the next closing is not before
    cycle: Cycle = Cycle()
    evaluation_state: EvaluationState = NOTHING_EVALUATED
    stale: StaleInputs = StaleInputs()
    proof: ContactorProof = ContactorProof()
    testing: SelfTesting = SelfTesting()
    duty: DutyComparison = DutyComparison()
    plug: PlugState = PlugState()
    reset: MainsReset = MainsReset()
    memory: Memory = Memory()
    faults: FaultState = CLEAN
    temperature_c: float = 0.0  # the last before inputs were stale
    stop_by_s: float | None = None
    publishes_from_s: float | None = None  # without a first proof nothing is published before
    has_published: bool = False
    asked: StopAsked | None = None  # STOPPING: why
    opened: Text = ""  # why the contactor opened last; "": not since the start
    opened_ns: Nanoseconds | None = None  # when, by the monotonic clock
    evidence: Evidence = NOTHING


class Outputs(Struct, frozen=True, kw_only=True):
    """What to do after one step, in this order."""

    enable: bool
    residual_test: bool
    feeds_watchdog: bool  # this look, and later ones with the same inputs, found nothing wrong
    clear_reset: bool  # clear the flag of the power-on reset
    write: LatchWrite | None  # to store; `Inputs.kept` follows
    status: SafetyStatus | None  # None: nothing is known yet
    line: tuple[str, str] | None  # for the log: level, text
    period_s: float  # between two looks from now on
    due_s: float  # the same inputs need no step before
    is_finished: bool  # asked to stop, and done
    evidence: SafetyEvidence = NOTHING.message
