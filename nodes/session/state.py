"""The inputs, the state and the outputs of session's machine; see `nodes.session.machine`."""

import math
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bus.write_behind import WriteBehind, WriteResult, queue, replaces_all
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import PilotStatus
from msgs.requests import StopReason
from msgs.rfid import RfidMode
from msgs.safety import SafetyStatus
from msgs.session import SessionRecord, SessionStatus, WallboxState
from msgs.units import Text
from nodes.session.duration import LastSeen, lasted_s
from nodes.session.energy import SessionEnergy
from nodes.session.entry import Entry, replaces
from nodes.session.owner_settings import OwnerSettings
from nodes.session.plug import Plug
from nodes.session.reasons import CardAnswer, Over
from nodes.session.sign import Sign
from nodes.session.start_deadline import Authorization, StartDeadline
from nodes.session.suspension import Suspension


class CardName(Struct, frozen=True, kw_only=True):
    """The name of the card that has authorised, from rfid's list."""

    token: str = ""
    name: str = ""  # "": it is not in the list


NO_NAME = CardName()


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
    series: str = ""  # of runs, see `msgs.launch`; "": not known
    boot: str = ""  # of the machine; "": not known
    is_utc_set: bool = True  # in this boot
    required: bool | None = None  # a card, by the settings (RFID-6); None: not known yet
    rfid_mode: RfidMode = RfidMode.READY  # also while rfid is silent
    named: CardName = NO_NAME
    card: str | None = None  # presented at this instant
    end: Text | None = None  # a request to end the session, and why
    starts: bool = False  # a request to begin again
    stop: StopReason | None = None  # the node is being stopped
    written: WriteResult | None = None
    signed: WriteResult | None = None
    wall_offset_ns: int = 0  # UTC minus the monotonic clock; changes when UTC is set
    owner: OwnerSettings | None = None  # of the settings; None: not known yet


class Found(Struct, frozen=True, kw_only=True):
    """The session that ran when it was stored."""

    entry: Entry
    sign: Sign | None = None  # of this session; None: there is none


class Running(Struct, frozen=True, kw_only=True):
    """The session that runs, and the previous one while its plug is seated."""

    session: SessionRecord | None = None  # None: none runs
    # Until when a session that a card began has to be started (RFID-4); None: it was started, or
    # began without a card.
    deadline: StartDeadline | None = None
    began_s: float | None = None  # its start, see `duration`; None: not known
    # When mains were lost in it; its plug has not been seen since.
    interrupted: LastSeen | None = None
    interrupted_s: float | None = None  # its last sign before that, if in this boot
    # It starts again after a loss of mains or a wake-up; False once the contactor was closed.
    renews: bool = False
    pending: Found | None = None  # of an earlier run: not decided yet whether it may go on
    # When it was interrupted in an earlier run; that it goes on is not on the disk yet.
    resumed: LastSeen | None = None
    open_by_s: float | None = None  # being ended: waits for the contactor until then
    signed_s: float = 0.0  # its last sign, in this boot; 0: there is none
    sign_s: float = 0.0  # its next one
    last: SessionRecord | None = None  # the previous session


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    hear_by_s: float  # the first status waits for the inputs until then
    decide_by_s: float = 0.0  # a session of an earlier run that may not go on by then is over
    run: int = 0  # of the graph, as heard first
    series: str = ""  # of runs, as heard last
    found: Found | None = None  # not known yet whether this run is still its own
    lost: Entry | None = None  # ended by a loss of power: its end waits for the counter
    plug: Plug = Plug()
    authorization: Authorization | None = None  # by a card, for the next session
    running: Running = Running()
    suspension: Suspension | None = None  # this plug-in is not charged any more
    energy: SessionEnergy = SessionEnergy()
    store: WriteBehind[Entry] = field(default_factory=WriteBehind)
    signs: WriteBehind[Sign] = field(default_factory=WriteBehind)
    unproven_since_s: float | None = None  # plugged in, and the contactor not proven open
    stop_by_s: float | None = None
    has_published: bool = False
    wallbox: WallboxState | None = None  # as published last


class Outputs(Struct, frozen=True, kw_only=True):
    """What to do now."""

    status: SessionStatus | None = None  # None: nothing is known yet
    write: Entry | None = None  # to store; `Inputs.written` follows
    proves: bool = False  # write without an entry; `Inputs.written` follows
    sign: Sign | None = None  # to store; `Inputs.signed` follows
    over: Over | None = None  # a session that does not go on, to log
    interrupted: str | None = None  # why a charge is interrupted, to log
    done: bool = False  # the stop is complete
    answer: CardAnswer = CardAnswer()  # to `Inputs.card`, or to `Inputs.starts`
    due_s: float  # when the same inputs need the next step


def counter_of(box: MeterReading | None) -> float | None:
    """Return the box's register of energy; None while it is not known."""
    if box is None or not box.online or not math.isfinite(box.lifetime_wh):
        return None
    return box.lifetime_wh


def is_stored(state: State, session: SessionRecord) -> bool:
    """Return whether a session is the newest on the disk, in this or an earlier form."""
    return is_kept(state, session.session_id)


def is_kept(state: State, session_id: str) -> bool:
    """Return the same of a session's id."""
    stored = state.store.stored
    return stored is not None and stored.record.session_id == session_id


def why_not_kept(state: State) -> str | None:
    """Return why the store does not take the newest entry; None: it is not known yet."""
    return None if state.store.writing is not None else state.store.problem


def keep_entry(state: State, entry: Entry) -> State:
    """Queue an entry for the disk; of each session only the newest form waits.

    The reason of an end is stored with the sign as well, so that one refused write loses nothing.
    """
    state = replace(state, store=queue(state.store, entry, replaces))
    record, newest = entry.record, state.signs.newest
    is_kept = newest is not None and (newest.session_id, newest.end_reason) == (
        record.session_id,
        record.end_reason,
    )
    running = state.running.session
    is_earlier = running is not None and running.session_id != record.session_id
    if record.end_reason is None or is_kept or is_earlier:
        return state
    stop = state.suspension
    over = Sign(
        session_id=record.session_id,
        end_reason=record.end_reason,
        by_card=stop is not None and stop.by_card,
        because="" if stop is None else stop.because,
        boot=entry.seen_boot,
        now_ns=entry.seen_ns,
        utc_ns=entry.seen_utc_ns,
        is_utc_set=entry.is_seen_utc_set,
        duration_s=entry.seen_duration_s,
        start_energy_wh=record.start_energy_wh,
        energy_wh=record.energy_wh,
    )
    return replace(state, signs=queue(state.signs, over, replaces_all))


def is_end_stored(state: State, session_id: str) -> bool:
    """Return whether no start can go on with a session: its end is on the disk, in one place."""
    stored, signed = state.store.stored, state.signs.stored
    return (
        stored is not None
        and stored.record.session_id == session_id
        and stored.record.end_reason is not None
    ) or (signed is not None and signed.session_id == session_id and signed.end_reason is not None)


def why_end_not_stored(state: State) -> str | None:
    """Return why neither place takes the end of a session; None: it is not known yet."""
    if state.signs.writing is not None or state.signs.problem is None:
        return None
    return why_not_kept(state)


def seen_now(began_s: float | None, inputs: Inputs) -> LastSeen:
    """Return that a session runs now.

    :param began_s: its start, see `Running`.
    """
    return LastSeen(
        utc_ns=inputs.utc_ns,
        is_utc_set=inputs.is_utc_set,
        now_ns=round(inputs.now_s * 1e9),
        boot=inputs.boot,
        duration_s=lasted_s(began_s, inputs.now_s),
    )


def entry_of(record: SessionRecord, seen: LastSeen, **others: Any) -> Entry:
    """Return the entry of a session that was last seen to run at a time."""
    return Entry(
        record=record,
        seen_utc_ns=seen.utc_ns,
        is_seen_utc_set=seen.is_utc_set,
        seen_ns=seen.now_ns,
        seen_boot=seen.boot,
        seen_duration_s=seen.duration_s,
        **others,
    )


def keep_record(state: State, record: SessionRecord, inputs: Inputs, seated: bool = True) -> State:
    """Queue the newest record of a session for the disk.

    After a loss of power, until the plug is seen again, the stored run is 0: if the node restarts
    in that time, it still waits for the plug.
    """
    running, deadline = state.running, state.running.deadline
    seen = seen_now(running.began_s, inputs)
    if record.ended_utc_ns:
        seen = replace(seen, duration_s=record.duration_s)
    entry = entry_of(
        record,
        seen if running.interrupted is None else running.interrupted,
        seated=seated,
        plugged_since_utc_ns=state.plug.since_utc_ns,
        run=state.run if running.interrupted is None else 0,
        lapses_utc_ns=0 if deadline is None else deadline.until_utc_ns,
        lapses_ns=0 if deadline is None else round(deadline.until_s * 1e9),
    )
    return keep_entry(state, entry)
