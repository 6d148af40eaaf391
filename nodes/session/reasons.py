"""Why the wallbox is in its state, and why a request changes nothing. Texts: `words.py`."""

from enum import Enum

from msgspec import Struct

from msgs.safety import FaultCode
from msgs.session import Action


class NotCharged(Enum):
    """Why no vehicle may be charged at all."""

    NO_MAINS = "no_mains"
    FAULT = "fault"  # a latched one
    COMMISSIONING = "commissioning"
    SHOWROOM = "showroom"


class CardRefusal(Enum):
    """Why a card, or a start by the app, changes nothing."""

    CARD_NEEDED = "card_needed"  # the app does not authorise
    RUNS = "runs"  # a session
    NOT_PLUGGED = "not_plugged"
    SWITCHED_OFF = "switched_off"
    OTHER_RELEASED = "other_released"  # another card has authorised
    OTHER_BEGAN = "other_began"  # another card has begun the session
    PLUG_BEGAN = "plug_began"  # the session has begun without a card
    ENDING = "ending"
    NOT_CHARGED = "not_charged"  # see CardAnswer.not_charged
    ENDED_BY_FAULT = "ended_by_fault"  # this plug-in
    NOT_STORED = "not_stored"  # the disk takes no session
    # It cannot be decided yet.
    STOP = "stop"
    SESSION_UNKNOWN = "session_unknown"  # whether the stored one goes on
    SETTINGS_UNKNOWN = "settings_unknown"
    SAFETY_SILENT = "safety_silent"
    PLUG_UNKNOWN = "plug_unknown"
    METER_SILENT = "meter_silent"


EARLY = frozenset(
    {
        CardRefusal.STOP,
        CardRefusal.SESSION_UNKNOWN,
        CardRefusal.SETTINGS_UNKNOWN,
        CardRefusal.SAFETY_SILENT,
        CardRefusal.PLUG_UNKNOWN,
        CardRefusal.METER_SILENT,
    }
)


class CardAnswer(Struct, frozen=True, kw_only=True):
    """The answer to a card, or to a start by the app: what it did, or why it changed nothing."""

    action: Action | None = None
    ends: str = ""  # the session that it ended: answered once that is stored
    refusal: CardRefusal | None = None
    not_charged: NotCharged | None = None  # with CardRefusal.NOT_CHARGED
    codes: tuple[FaultCode, ...] = ()  # with NotCharged.FAULT

    @property
    def is_early(self) -> bool:
        """Return whether the card may be presented again later."""
        return self.refusal in EARLY


class EndRefusal(Enum):
    """Why a session cannot be ended."""

    UNKNOWN = "unknown"  # whether the stored one goes on
    NONE_RUNS = "none_runs"


class Resumption(Enum):
    """Whether a session that ran before a start, or before a loss of mains, may go on."""

    ALLOWED = "allowed"
    AWAITED = "awaited"  # UTC, or the supervisor, is not known yet
    # It is over:
    STOPPED = "stopped"  # the box was stopped in order since, or this node was away too long
    TOO_OLD = "too_old"
    UNKNOWN = "unknown"  # how long ago it ran
    REFUSED = "refused"  # by the disk, which has perhaps not taken its end either


class Over(Struct, frozen=True, kw_only=True):
    """A session that does not go on: logged."""

    session_id: str
    why: Resumption
