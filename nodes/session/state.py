"""The inputs, the state and the outputs of session's machine; see `nodes.session.machine`."""

import math

from msgspec import Struct, field
from msgspec.structs import replace

from bus.write_behind import WriteBehind, WriteResult, queue
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import PilotStatus
from msgs.requests import StopReason
from msgs.rfid import RfidMode
from msgs.safety import SafetyStatus
from msgs.session import SessionRecord, SessionStatus
from msgs.units import Text
from nodes.session.energy import SessionEnergy
from nodes.session.entry import Entry, replaces
from nodes.session.plug import Plug
from nodes.session.reasons import CardAnswer
from nodes.session.start_deadline import Authorization, StartDeadline
from nodes.session.suspension import Suspension


class Inputs(Struct, frozen=True, kw_only=True):
    """What is known at this instant; None: silent beyond its hold."""

    now_s: float
    utc_ns: int
    pilot: PilotStatus | None
    safety: SafetyStatus | None
    offer: LoadOffer | None
    counter_wh: float | None  # the box's register of energy; None while it is not known
    id_end: str  # random end of the next session's id
    since_s: float = 0.0  # since the look before
    run: int = 0  # of the graph: when its supervisor started [UTC ns]; 0: not known
    required: bool | None = None  # a card, by the settings (RFID-6); None: not known yet
    rfid_mode: RfidMode = RfidMode.READY  # also while rfid is silent
    card: str | None = None  # presented at this instant
    end: Text | None = None  # a request to end the session, and why
    stop: StopReason | None = None  # the node is being stopped
    written: WriteResult | None = None
    wall_offset_ns: int = 0  # UTC minus the monotonic clock; changes when UTC is set


class Running(Struct, frozen=True, kw_only=True):
    """The session that runs, and the previous one while its plug is seated."""

    session: SessionRecord | None = None  # None: none runs
    # Until when a session that a card began has to be started (RFID-4); None: it was started, or
    # began without a card.
    deadline: StartDeadline | None = None
    # When mains were lost in it; its plug has not been seen since.
    interrupted_utc_ns: int | None = None
    open_by_s: float | None = None  # being ended: waits for the contactor until then
    checkpoint_s: float = 0.0  # the next update of its record
    last: SessionRecord | None = None  # the previous session


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    hear_by_s: float  # the first status waits for the inputs until then
    run: int = 0  # of the graph, as heard first
    found: Entry | None = None  # running when it was stored; not known yet whether it goes on
    lost: Entry | None = None  # ended by a loss of power: its end waits for the counter
    plug: Plug = Plug()
    authorization: Authorization | None = None  # by a card, for the next session
    running: Running = Running()
    suspension: Suspension | None = None  # this plug-in is not charged any more
    energy: SessionEnergy = SessionEnergy()
    store: WriteBehind[Entry] = field(default_factory=WriteBehind)
    unproven_since_s: float | None = None  # plugged in, and the contactor not proven open
    stop_by_s: float | None = None
    has_published: bool = False


class Outputs(Struct, frozen=True, kw_only=True):
    """What to do now."""

    status: SessionStatus | None = None  # None: nothing is known yet
    write: Entry | None = None  # to store; `Inputs.written` follows
    proves: bool = False  # write without an entry; `Inputs.written` follows
    done: bool = False  # the stop is complete
    answer: CardAnswer = CardAnswer()  # to `Inputs.card`
    due_s: float  # when the same inputs need the next step


def counter_of(box: MeterReading | None) -> float | None:
    """Return the box's register of energy; None while it is not known."""
    if box is None or not box.online or not math.isfinite(box.lifetime_wh):
        return None
    return box.lifetime_wh


def is_stored(state: State, session: SessionRecord) -> bool:
    """Return whether a session is the newest on the disk, in this or an earlier form."""
    stored = state.store.stored
    return stored is not None and stored.record.session_id == session.session_id


def keep_entry(state: State, entry: Entry) -> State:
    """Queue an entry for the disk; of each session only the newest form waits."""
    return replace(state, store=queue(state.store, entry, replaces))


def keep_record(state: State, record: SessionRecord, utc_ns: int, seated: bool = True) -> State:
    """Queue the newest record of a session for the disk.

    After a loss of power, until the plug is seen again, the stored run is 0: if the node restarts
    in that time, it still waits for the plug.
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
