"""Why the wallbox is in its state, for session/status. The texts are in nodes/session/words.py."""

from enum import StrEnum


class Wait(StrEnum):
    """What a permission waits for, or what is expected of a person before."""

    STOP = "stop"  # the box is being stopped
    SETTINGS = "settings"  # not known whether a card is required
    CARD = "card"
    PLUG = "plug"  # a card has authorised, and no vehicle is plugged in
    METER = "meter"
    END = "end"  # the session is being ended
    PLUG_OUT = "plug_out"
    PLUG_UNSEEN = "plug_unseen"  # since the node has started
    CLOCK = "clock"  # not known yet how long ago the session was interrupted
    DISK_REFUSES = "disk_refuses"
    DISK = "disk"


class StateReason(StrEnum):
    """Why the wallbox is in its state."""

    SAFETY_SILENT = "safety_silent"
    NO_MAINS = "no_mains"
    FAULTS = "faults"
    COMMISSIONING = "commissioning"
    PILOT_SILENT = "pilot_silent"
    NOT_STORED = "not_stored"  # a card is required, and the disk takes no session
    LEARNING = "learning"  # cards
    EXPECTED = "expected"  # an action of a person: SessionStatus.waits_for
    READY = "ready"
    SHOWROOM = "showroom"
    UNPROVEN = "unproven"  # the contactor is not proven open
    PILOT_LINE = "pilot_line"  # in state E or F
    LOGGED_OFF = "logged_off"  # this plug-in, by its card
    STOPPED = "stopped"  # this plug-in, by a request
    ENDED_BY_FAULT = "ended_by_fault"  # this plug-in, by a latched fault
    WAITING = "waiting"  # the permission: SessionStatus.waits_for
    WAKING = "waking"
    OFFER_SILENT = "offer_silent"
    OFFER_HELD = "offer_held"
    SELF_TEST = "self_test"
    VEHICLE = "vehicle"  # takes nothing yet
    REDUCED = "reduced"
    CHARGING = "charging"
