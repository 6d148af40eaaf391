"""What session's machine is told, remembers and says; see `nodes.session.machine`."""

import math

from msgspec import Struct, field
from msgspec.structs import replace

from bus.write_behind import WriteBehind, Written, queue
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import PilotStatus
from msgs.requests import StopReason
from msgs.rfid import RfidMode
from msgs.safety import SafetyStatus
from msgs.session import SessionRecord, SessionStatus
from msgs.units import Text
from nodes.session.entry import Entry, replaces
from nodes.session.hold import Hold
from nodes.session.reasons import Leap, Verdict
from nodes.session.term import Release, Term


class Inputs(Struct, frozen=True, kw_only=True):
    """What is known at this instant; None: silent beyond its hold."""

    now_s: float
    utc_ns: int
    pilot: PilotStatus | None
    safety: SafetyStatus | None
    offer: LoadOffer | None
    counter_wh: float | None  # of the box's own meter; None while it is not known
    id_end: str  # of the session that begins next: two boxes never share one
    since_s: float = 0.0  # since the look before
    life: int = 0  # of the graph: when its supervisor started [UTC ns]; 0: not known
    required: bool | None = None  # a card is, by the settings (RFID-6); None: not heard yet
    rfid_mode: RfidMode = RfidMode.READY  # also while rfid is silent
    card: str | None = None  # at this instant
    end: Text | None = None  # somebody asks to end the session, and why
    stop: StopReason | None = None  # the node is being stopped
    written: Written | None = None
    wall_offset_ns: int = 0  # of UTC, ahead of the monotonic clock; another one once it is set


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    hear_by_s: float  # nothing is said before the facts are heard, or this passes
    life: int = 0  # of the graph, as heard first
    found: Entry | None = None  # it ran when it was written: not known yet if it goes on
    lost: Entry | None = None  # ended by a loss of power: its end waits for the counter
    plugged: bool = False
    unplugs: int = 0  # plugs that went out in this incarnation
    plugged_since_utc_ns: int = 0  # as safety said; 0: it was in when safety started
    is_seen: bool = False  # this incarnation has seen the plug itself
    out_since_s: float | None = None  # state A since
    is_lost_sight: bool = False  # since then it was not known for a while where the plug is
    fault_holds: bool = False  # one that needs somebody, as seen while the plug was in
    session: SessionRecord | None = None  # the one that runs
    # Mains were lost in it then, and its plug has not been seen since.
    dark_since_utc_ns: int | None = None
    open_by_s: float | None = None  # it is being ended: the contactor is waited for until then
    term: Term | None = None  # within which the session's charge has to be started (RFID-4)
    release: Release | None = None  # a card has authorised the session that is to begin
    last: SessionRecord | None = None  # the one before, while its plug is seated
    hold: Hold | None = None  # this plug-in is not charged any more
    last_wh: float = 0.0  # energy shown while no session runs
    uncounted_since_s: float | None = None  # the counter is not known since; None: it is
    is_jump_told: bool = False  # of this session
    blind_since_s: float | None = None  # a car is plugged in, and safety proves nothing
    checkpoint_s: float = 0.0
    store: WriteBehind[Entry] = field(default_factory=WriteBehind)
    stop_by_s: float | None = None
    has_spoken: bool = False


class Outputs(Struct, frozen=True, kw_only=True):
    """What is to be done now."""

    status: SessionStatus | None = None  # None: nothing is known yet
    write: Entry | None = None  # to store; `Inputs.written` follows
    done: bool = False  # the stop is complete
    leaps: tuple[Leap, ...] = ()  # to log
    verdict: Verdict = Verdict()  # on `Inputs.card`
    due_s: float  # when the next step is due though the inputs are the same


def counter_of(box: MeterReading | None) -> float | None:
    """Return the counter of the box's own meter; None while it is not known."""
    if box is None or not box.online or not math.isfinite(box.imported_wh):
        return None
    return box.imported_wh


def is_permitted(state: State) -> bool:
    """Return whether current may be offered in the session that runs."""
    session = state.session
    return (
        session is not None
        and session.end_reason is None
        and is_stored(state, session)
        and state.is_seen
        and state.out_since_s is None  # the next plug may be another vehicle's
    )


def is_stored(state: State, session: SessionRecord) -> bool:
    """Return whether a session is on the disk as the newest, in this or an earlier form."""
    stored = state.store.stored
    return stored is not None and stored.record.session_id == session.session_id


def keep_entry(state: State, entry: Entry) -> State:
    """Have an entry stored; of each session only the newest form waits for the disk."""
    return replace(state, store=queue(state.store, entry, replaces))


def keep_record(state: State, record: SessionRecord, utc_ns: int, seated: bool = True) -> State:
    """Have a record stored as the newest that is known of its session.

    What is written between a loss of power and the next sight of the plug is of no life, so that a
    restart meanwhile goes on waiting for the plug.
    """
    dark_since_utc_ns = state.dark_since_utc_ns
    entry = Entry(
        record=record,
        seated=seated,
        plugged_since_utc_ns=state.plugged_since_utc_ns,
        seen_utc_ns=utc_ns if dark_since_utc_ns is None else dark_since_utc_ns,
        life=state.life if dark_since_utc_ns is None else 0,
        lapses_utc_ns=0 if state.term is None else state.term.until_utc_ns,
    )
    return keep_entry(state, entry)
