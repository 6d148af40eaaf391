"""What rfid knows, hears and does: the nouns of its machine. Pure."""

import math
from dataclasses import dataclass, field

from msgspec import Struct

from bus import Answer
from bus.write_behind import WriteBehind, Written
from msgs.card import Uid
from msgs.led import Tone
from msgs.rfid import Indication, RfidMode, RfidStatus
from msgs.session import Authorized, SessionStatus
from msgs.stored import Stored
from nodes.rfid.cards import Cards
from nodes.rfid.outcome import NOTHING, Outcome
from nodes.rfid.sight import Event


class Vehicle(Struct, frozen=True, kw_only=True):
    """What session says of the vehicle that is plugged in, or awaited."""

    plugged: bool
    is_begun: bool  # a card has authorised, or a session runs


def vehicle_of(session: SessionStatus | None) -> Vehicle | None:
    """Return what rfid uses of session/status: nothing that changes while energy flows."""
    if session is None:
        return None
    return Vehicle(plugged=session.plugged, is_begun=bool(session.token or session.session_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A list that is to be stored, in the place of the one before."""

    cards: Cards
    outcome: Outcome  # when it is stored
    is_taught: bool = False  # by a card, and not by a request


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is known at this instant, and what has happened."""

    now_s: float
    works: bool  # the reader answers
    vehicle: Vehicle | None  # None: session is silent beyond its hold
    event: Event | None = None
    answer: Answer[Authorized] | None = None  # of session, to what it was asked
    written: Written | None = None
    change: Write | None = None  # asked for by a request


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is remembered from one instant to the next."""

    cards: Cards  # as on the disk
    mode: RfidMode
    until_s: float  # the mode's window is open so long
    master_uid: Uid = ""  # that teaches
    new_uid: Uid = ""  # that is taught
    asking: Uid | None = None  # session is asked about this card
    known: Stored = Stored.CURRENT  # how well the list is known
    store: WriteBehind[Write] = field(default_factory=WriteBehind)
    ask: Uid | None = None  # handed out by this step
    works: bool = True
    last_uid: Uid = ""
    accepted: bool | None = None
    outcome: Outcome = NOTHING
    indication: Indication = Indication.NONE
    dark_s: float = math.inf  # the indication ends then
    tone: Tone = Tone.NONE
    tone_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What is to be done now."""

    status: RfidStatus
    ask: Uid | None = None  # whether session authorises this card
    write: Write | None = None
    lowers: bool = False  # the write takes something from a card
    lines: tuple[tuple[str, str], ...] = ()  # of the log: level, text
    due_s: float  # when the next step is due though the inputs are the same
