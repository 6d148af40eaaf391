"""The nouns of safety's machine: its times, its inputs, its memory, its outputs."""

from msgspec import Struct

from bus.write_behind import Written
from msgs.pilot import PilotStatus
from msgs.requests import StopReason
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus
from msgs.units import Text
from nodes.safety.chain import ChainReading
from nodes.safety.cycle import Cycle
from nodes.safety.faults import CLEAN, Ledger
from nodes.safety.judge import NOTHING_JUDGED, Blind, Judged
from nodes.safety.latch import Memory, Recalled, Write
from nodes.safety.selftest import SelfTest

ENERGISED = (SafetyPhase.CLOSING, SafetyPhase.CLOSED, SafetyPhase.STOPPING)
"""The phases in which the coil is commanded on."""


class Config(Struct, frozen=True, kw_only=True):
    """How the box is wired, and the times of the machine [s]."""

    earth_loop: bool = True  # False: a grid whose earth loop cannot be measured (IT)
    showroom: bool = False  # STA-2: never closes
    # Mains that are back: this box waits so long before it tests, so that not all boxes of a house
    # start at once. Drawn at each start of the node (hardware.md 2.6: up to 30 s).
    wait_s: float = 0.0
    closing_s: float = 0.3  # assumed: pull-in 15 to 30 ms (40 A contactors), times ten
    # A vehicle that toggles between B and C wears nobody's contactor out, and waits no longer than
    # Table A.6, seq. 4 allows: 3 s from C to closed.
    between_s: float = 2.5  # between two closings
    opening_s: float = 0.2  # ERR-RED: voltage still there 0.2 s after opening
    # A predecessor's contactor drops with its last watchdog edge (1.0 s) and then has opening_s.
    start_s: float = 1.5
    # Opened because pilot saw the plug leave first; our own eyes need 20 ms, and some reserve.
    pulled_s: float = 0.1
    # assumed: nobody lets a vehicle stop and pulls its plug in so short a moment without sight
    unseen_s: float = 0.5
    lost_s: float = 0.1  # assumed: a dip of the mains shorter than this is no fault of ours
    vehicle_s: float = 6.0  # Table A.6, seq. 10.2: the vehicle has 6 s to drop its load
    farewell_s: float = 0.15  # stopped by SIGTERM: gone within 200 ms
    period_s: float = 0.01  # between two looks
    # While the contactor is proven open and no vehicle is there, nothing could be opened sooner:
    # half of the hold of our own inputs.
    idle_s: float = 0.025
    first_word_s: float = 0.5  # a reader waits no longer for a first proof: half of our hold
    blind_s: float = 1.0  # assumed: sensors that are silent for longer are a fault, no hiccup
    # The pilot's generator does not do what pilot says: longer than a message may be old (1.0 s).
    disobeyed_s: float = 1.5
    # assumed: a charge or a self-test that lost sight, or a late look, breaks off so often is no
    # hiccup either
    interruptions: int = 3
    interruptions_s: float = 60.0
    tested_s: float = 86_400.0  # a self-test is good for a day (Easee, NexBlue: hardware.md 2.1)
    keep_s: float = 2.0  # a node that is asked to stop waits so long for its disk


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
    """What the machine remembers."""

    phase: SafetyPhase = SafetyPhase.START
    until_s: float = 0.0  # CLOSING: of the proof; STOPPING: of the vehicle's patience
    rests_until_s: float = 0.0  # does not close again before
    unproven_s: float = 0.0  # time spent open by command and not proven so
    is_first_proof: bool = True  # a predecessor's contactor may still have to drop
    unclosed_s: float = 0.0  # time spent closed by command, the proof lost
    pulled_until_s: float = (
        0.0  # opened with the vehicle still asking: A until then is a pulled plug
    )
    contactor: Contactor = Contactor.CLOSED  # what is not proven open counts as closed
    is_welded: bool = False  # latched: never closes again
    is_on_trial: bool = False  # mains were off and on; a proof of open in time clears 8007
    is_reset_seen: bool = False  # the flag of the power-on reset is up, and being taken back
    was_reset_down: bool = False  # it has been down since the start: it comes from after that
    is_latch_recalled: bool = False  # 8007 comes from a predecessor, and its word may be believed
    waits_until_s: float = 0.0  # the mains are back: until then nothing is tested or closed
    memory: Memory = Memory()
    blind: Blind | None = None  # why the last reading told nothing
    blind_since_s: float | None = None  # no sight for long enough to be proven open, since
    interrupted_at_s: tuple[float, ...] = ()  # a charge or a self-test, of late
    disobeyed_since_s: float | None = None  # the generator does not follow pilot, since
    obeyed_reads: int = 0  # how often in a row it has since
    judged: Judged = NOTHING_JUDGED
    ledger: Ledger = CLEAN
    is_plug_out: bool = False  # it has been seen out since the start, and not in again
    plugged_since_utc_ns: int = 0  # when it was seen to go in; 0: it was not
    test: SelfTest | None = None
    is_tested: bool = False  # the self-test has passed since the plug went in
    tested_at_s: float = 0.0
    failed_tests: int = 0  # in a row
    answers_until_s: float = 0.0  # until then the monitor may answer a test that was broken off
    cycle: Cycle = Cycle()
    temperature_c: float = 0.0  # before sight was lost
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
