"""The result of a card, or of a change of the list. The texts are in `words.py`. Pure."""

from dataclasses import dataclass
from enum import Enum

from msgs.units import Text


class CardResult(Enum):
    """What happened last."""

    NONE = "none"
    # A card that authorises.
    RELEASED = "released"
    STARTED = "started"
    LOGGED_OFF = "logged_off"
    SERVICE_ASKED = "service_asked"  # its answer is awaited
    NOT_AUTHORISED = "not_authorised"  # by session, or by the charging service
    NOT_LISTED = "not_listed"
    # Teaching.
    MASTER_AWAITED = "master_awaited"
    MASTER_BLOCKED = "master_blocked"  # a vehicle is plugged in: the window waits
    MASTER_MISSED = "master_missed"  # none was presented in time
    MASTER_PRESENTED = "master_presented"  # waits for the new card
    NEW_PRESENTED = "new_presented"  # waits for the master
    TOO_LATE = "too_late"
    OTHER_CARD = "other_card"  # instead of the master that began
    KNOWN = "known"
    LIST_FULL = "list_full"
    RANDOM_UID = "random_uid"
    PLUG_UNKNOWN = "plug_unknown"
    PLUGGED = "plugged"
    READER_SILENT = "reader_silent"
    # Not decided.
    BUSY = "busy"
    UNREADABLE = "unreadable"
    SEVERAL = "several"
    # The list.
    STORING = "storing"
    NOT_STORED = "not_stored"
    USER_STORED = "user_stored"
    MASTER_STORED = "master_stored"
    ERASED = "erased"
    RENAMED = "renamed"
    REMOVED = "removed"


class Refused(Enum):
    """Why a request does not change the list."""

    BUSY = "busy"  # other changes wait for the disk
    UNKNOWN = "unknown"  # no such card
    NAME = "name"
    RENAMED = "renamed"  # by somebody else, since the name was seen
    MASTER = "master"  # it is erased with all others only (RFID-12)


class Naming(Enum):
    """What came of a card that a controller has named."""

    NONE = "none"
    AWAITED = "awaited"  # dcs or session is asked
    ACCEPTED = "accepted"
    NOT_AUTHORISED = "not_authorised"
    NOT_LISTED = "not_listed"
    TEACHING = "teaching"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOutcome:
    """What happened last, with its card and the reason of session, of dcs or of the disk."""

    result: CardResult
    name: Text = ""  # of the card
    uid: Text = ""
    said: Text = ""  # the reason, by session, by dcs or by the disk


NOTHING = CardOutcome(result=CardResult.NONE)
