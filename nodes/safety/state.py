"""The nouns of safety's machine: its inputs, its memory, its outputs."""

from msgspec import Struct

from bus.write_behind import Written
from msgs.pilot import PilotStatus
from msgs.requests import StopReason
from msgs.safety import SafetyPhase, SafetyStatus
from msgs.session import SessionStatus
from msgs.units import Text
from nodes.safety.chain import ChainReading
from nodes.safety.contactor import ContactorProof
from nodes.safety.cycle import Cycle
from nodes.safety.duty import DutyComparison
from nodes.safety.faults import CLEAN, Ledger
from nodes.safety.judge import NOTHING_JUDGED, Judged
from nodes.safety.latch import Memory, Recalled, Write
from nodes.safety.mains_reset import MainsReset
from nodes.safety.plug import Plug
from nodes.safety.selftest import SelfTesting
from nodes.safety.stale import StaleInputs


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
    kept: Recalled | Written | None = None  # what has just come back from the disk


class State(Struct, frozen=True, kw_only=True):
    """What the machine remembers: its phase, and each part's own state."""

    phase: SafetyPhase = SafetyPhase.START
    until_s: float = 0.0  # CLOSING: of the proof; STOPPING: of the vehicle's patience
    rests_until_s: float = 0.0  # does not close again before
    cycle: Cycle = Cycle()
    judged: Judged = NOTHING_JUDGED
    stale: StaleInputs = StaleInputs()
    proof: ContactorProof = ContactorProof()
    testing: SelfTesting = SelfTesting()
    duty: DutyComparison = DutyComparison()
    plug: Plug = Plug()
    reset: MainsReset = MainsReset()
    memory: Memory = Memory()
    ledger: Ledger = CLEAN
    temperature_c: float = 0.0  # before inputs were stale
    stop_by_s: float | None = None
    words_from_s: float | None = None  # nothing is published before, without a first proof
    has_spoken: bool = False


class Outputs(Struct, frozen=True, kw_only=True):
    """What is to be done after one step, in this order."""

    enable: bool
    residual_test: bool
    feeds_watchdog: bool  # this look found nothing wrong, nor does one that shows the same
    clear_reset: bool  # take the flag of the power-on reset back
    write: Write | None  # to keep; `Inputs.kept` follows
    status: SafetyStatus | None  # None: nothing is known yet
    warning: Text | None  # for the log
    period_s: float  # between two looks from now on
    due_s: float  # the same inputs need no step before
    is_finished: bool  # asked to stop, and nothing is left to do
