"""The inputs, the state and the outputs of rfid's machine. Pure."""

import math
from dataclasses import dataclass, field

from msgspec import Struct

from bus import Answer
from bus.write_behind import WriteBehind, WriteResult
from msgs.card import Uid
from msgs.dcs import CardDecision, CheckCard, DcsStatus
from msgs.led import Tone
from msgs.rfid import Indication, RfidMode, RfidStatus
from msgs.session import Authorized, SessionStatus
from msgs.stored import Stored
from nodes.rfid.cards import Cards
from nodes.rfid.field import CardEvent
from nodes.rfid.outcome import NOTHING, CardOutcome, Naming


class SessionView(Struct, frozen=True, kw_only=True):
    """What rfid uses of session/status."""

    plugged: bool
    is_in_use: bool  # a card has authorised, or a session runs
    token: str  # the card that has authorised; "" if none has


def view_of(session: SessionStatus | None) -> SessionView | None:
    """Return what rfid uses of session/status; it does not change while energy flows."""
    if session is None:
        return None
    return SessionView(
        plugged=session.plugged,
        is_in_use=bool(session.token or session.session_id),
        token=session.token,
    )


def has_service(dcs: DcsStatus | None) -> bool:
    """Return whether a charging service is in use, so that it may decide (RFID-11)."""
    return dcs is not None and dcs.synchronised


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWrite:
    """A list to be stored in place of the previous one."""

    cards: Cards
    outcome: CardOutcome  # published when it is stored
    is_taught: bool = False  # by a card, not by a request


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is known at this instant, and what has happened."""

    now_s: float
    works: bool  # the reader answers
    vehicle: SessionView | None  # None: session is silent
    has_service: bool = False  # a charging service is in use, and dcs is heard
    event: CardEvent | None = None
    decision: Answer[CardDecision] | None = None  # of dcs
    answer: Answer[Authorized] | None = None  # of session
    written: WriteResult | None = None
    change: ListWrite | None = None  # from a request
    named: str | None = None  # the tag of a card, by a controller


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is remembered from one instant to the next."""

    cards: Cards  # as on the disk
    mode: RfidMode
    until_s: float  # end of the mode's window
    master_uid: Uid = ""  # of the master that teaches
    new_uid: Uid = ""  # of the card that is taught
    awaits_answer_for: Uid | None = None  # the card of a request to dcs or session
    read_generation: Stored = Stored.CURRENT  # of the list
    store: WriteBehind[ListWrite] = field(default_factory=WriteBehind)
    check_for: CheckCard | None = None  # request to dcs, handed out by this step
    request_for: str | None = None  # request to session, handed out by this step
    works: bool = True
    token: str = ""  # the card that has authorised
    last_uid: Uid = ""
    accepted: bool | None = None
    outcome: CardOutcome = NOTHING
    indication: Indication = Indication.NONE
    shown_until_s: float = math.inf  # end of the indication
    tone: Tone = Tone.NONE
    tone_count: int = 0
    naming: Naming = Naming.NONE  # of the card that a controller has named last


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What to do now."""

    status: RfidStatus
    check_for: CheckCard | None = None  # request to dcs about this card
    request_for: str | None = None  # request to session about this card
    write: ListWrite | None = None
    naming: Naming = Naming.NONE  # what came of a card that a controller has named, in this step
    revokes: bool = False  # the write takes a right from a card
    lines: tuple[tuple[str, str], ...] = ()  # of the log: level, text
    due_s: float  # when the same inputs need the next step
