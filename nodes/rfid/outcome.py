"""What became of a card, or of a change of the list. The texts stand in `words.py`. Pure."""

from dataclasses import dataclass
from enum import Enum

from msgs.units import Text


class Result(Enum):
    """What happened last."""

    NONE = "none"
    # A card that authorises.
    RELEASED = "released"
    STARTED = "started"
    LOGGED_OFF = "logged_off"
    NOT_AUTHORISED = "not_authorised"  # by session
    NOT_LISTED = "not_listed"
    # Teaching.
    MASTER_AWAITED = "master_awaited"
    MASTER_MISSED = "master_missed"  # nobody has held one in time
    MASTER_HELD = "master_held"  # the new card is awaited
    NEW_HELD = "new_held"  # the master is awaited
    TOO_LATE = "too_late"
    OTHER_CARD = "other_card"  # in the place of the master that began
    KNOWN = "known"
    LIST_FULL = "list_full"
    RANDOM_UID = "random_uid"
    PLUG_UNKNOWN = "plug_unknown"
    PLUGGED = "plugged"
    READER_SILENT = "reader_silent"
    # What cannot be judged.
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


class Refused(Enum):
    """Why a request does not change the list."""

    BUSY = "busy"  # others wait for the disk
    UNKNOWN = "unknown"  # no such card
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happened last, with the words of others that belong to it."""

    result: Result
    name: Text = ""  # of the card
    uid: Text = ""
    said: Text = ""  # by session, or by the disk


NOTHING = Outcome(result=Result.NONE)
