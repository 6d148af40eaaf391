"""The inputs, the state and the outputs of session's machine; see `nodes.session.machine`."""

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
from nodes.session.energy import Energy
from nodes.session.entry import Entry, replaces
from nodes.session.plug import Plug
from nodes.session.reasons import CardAnswer, Leap
from nodes.session.start_deadline import Authorization, StartDeadline
from nodes.session.suspension import Suspension


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
    run: int = 0  # of the graph: when its supervisor started [UTC ns]; 0: not known
    required: bool | None = None  # a card is, by the settings (RFID-6); None: not heard yet
    rfid_mode: RfidMode = RfidMode.READY  # also while rfid is silent
    card: str | None = None  # at this instant
    end: Text | None = None  # somebody asks to end the session, and why
    stop: StopReason | None = None  # the node is being stopped
    written: Written | None = None
    wall_offset_ns: int = 0  # of UTC, ahead of the monotonic clock; another one once it is set


class Running(Struct, frozen=True, kw_only=True):
    """The session that runs; and the one before, while its plug is seated."""

    session: SessionRecord | None = None  # None: none does
    # Within which a session that a card began has to be charged (RFID-4); None: it was, or needs
    # no card.
    deadline: StartDeadline | None = None
    # Mains were lost in it then, and its plug has not been seen since.
    interrupted_utc_ns: int | None = None
    open_by_s: float | None = None  # it is being ended: the contactor is waited for until then
    checkpoint_s: float = 0.0  # its record is brought up to date then
    last: SessionRecord | None = None  # the one before


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    hear_by_s: float  # nothing is published before the inputs are heard, or this passes
    run: int = 0  # of the graph, as heard first
    found: Entry | None = None  # it ran when it was written: not known yet if it goes on
    lost: Entry | None = None  # ended by a loss of power: its end waits for the counter
    plug: Plug = Plug()
    authorization: Authorization | None = None  # by a card, of the session that is to begin
    running: Running = Running()
    suspension: Suspension | None = None  # this plug-in is not charged any more
    energy: Energy = Energy()
    store: WriteBehind[Entry] = field(default_factory=WriteBehind)
    unproven_since_s: float | None = None  # a vehicle is plugged in, and safety proves nothing
    stop_by_s: float | None = None
    has_spoken: bool = False


class Outputs(Struct, frozen=True, kw_only=True):
    """What is to be done now."""

    status: SessionStatus | None = None  # None: nothing is known yet
    write: Entry | None = None  # to store; `Inputs.written` follows
    done: bool = False  # the stop is complete
    leaps: tuple[Leap, ...] = ()  # to log
    answer: CardAnswer = CardAnswer()  # to `Inputs.card`
    due_s: float  # when the next step is due though the inputs are the same


def counter_of(box: MeterReading | None) -> float | None:
    """Return the counter of the box's own meter; None while it is not known."""
    if box is None or not box.online or not math.isfinite(box.imported_wh):
        return None
    return box.imported_wh


def is_stored(state: State, session: SessionRecord) -> bool:
    """Return whether a session is on the disk as the newest, in this or an earlier form."""
    stored = state.store.stored
    return stored is not None and stored.record.session_id == session.session_id


def keep_entry(state: State, entry: Entry) -> State:
    """Have an entry stored; of each session only the newest form waits for the disk."""
    return replace(state, store=queue(state.store, entry, replaces))


def keep_record(state: State, record: SessionRecord, utc_ns: int, seated: bool = True) -> State:
    """Have a record stored as the newest that is known of its session.

    What is written between a loss of power and the next look that shows the plug is of no run, so
    that a restart meanwhile goes on waiting for the plug.
    """
    interrupted_utc_ns, deadline = state.running.interrupted_utc_ns, state.running.deadline
    entry = Entry(
        record=record,
        seated=seated,
        plugged_since_utc_ns=state.plug.since_utc_ns,
        seen_utc_ns=utc_ns if interrupted_utc_ns is None else interrupted_utc_ns,
        run=state.run if interrupted_utc_ns is None else 0,
        lapses_utc_ns=0 if deadline is None else deadline.until_utc_ns,
    )
    return keep_entry(state, entry)
