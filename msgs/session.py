"""Messages of session: the wallbox's state, one of the manual's nine, and the running session."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.state_reason import StateReason, Wait
from msgs.units import Name, Nanoseconds, Seconds, Text, WattHours


class WallboxState(StrEnum):
    """The nine states of the page, spelled as in the manual (requirements.md, STA)."""

    IDLE = "Idle"
    READY_FOR_CHARGING = "ReadyForCharging"
    CHARGING = "Charging"
    SUSPENDED = "Suspended"
    RECOVER_FROM_ERROR = "RecoverFromError"
    TOKEN_PROGRAMMING_MODE = "TokenProgrammingMode"
    UNRECOVERABLE_ERROR = "UnrecoverableError"
    SERVICE_MODE = "ServiceMode"
    DEGRADED = "Degraded"


class EndReason(StrEnum):
    """Why a session ended."""

    UNPLUGGED = "unplugged"
    STOPPED = "stopped"  # by app, smart home, card or charging service
    RESTART = "restart"  # the whole box was stopped or restarted (PAN-5)
    POWER_LOSS = "power_loss"  # and the plug was out when mains returned
    LAPSED = "lapsed"  # authorised, and charging was not started within 60 s (RFID-4)
    # By a latched fault, or unplugged while a fault was raised that does not clear by itself.
    FAULT = "fault"


class SessionStatus(Struct, frozen=True, kw_only=True):
    """The wallbox's state and the running session.

    Sent every second and on change. Silence for 3 s means "not permitted": pilot goes to X1, and
    safety opens as soon as the vehicle draws less than 1 A, after 6 s at the latest.
    """

    state: WallboxState
    plugged: bool
    # True: a card has authorised a session, or none is required. From the card on, also before the
    # plug is in, until the card logs off, the authorisation lapses or the session is ended.
    authorized: bool
    # Pilot may offer current: authorised, the record of the session is on the disk, and the plug is
    # seen in. False has its effect at once.
    permitted: bool
    session_id: Name  # "" while there is none
    energy_wh: WattHours  # of this session, or of the last one
    reason: Text  # why this is the state, as text
    started_utc_ns: Nanoseconds = 0
    # Its start by the monotonic clock of this boot, from which its duration counts; after a loss of
    # power it may be before the boot. None: none runs, or not known.
    started_ns: Nanoseconds | None = None
    authorization_required: bool = False  # True: plugging in alone does not authorise (RFID-6)
    token: Name = ""  # the card that has authorised; "" if none has, or none is needed
    released: bool = False  # a card has authorised, and no session has begun with it yet (CHG-1)
    unrecorded: Text = ""  # why sessions are not recorded; "": they are
    lapses_utc_ns: Nanoseconds = 0  # when this authorisation lapses (RFID-4); 0: it does not
    because: StateReason | None = None  # the reason that is text above; None: not said
    # What is waited for, or expected of a person; None: nothing, or not part of the reason.
    waits_for: Wait | None = None


class SessionRecord(Struct, frozen=True, kw_only=True):
    """One session as it is stored and listed.

    ended_utc_ns is 0 while it runs. A session that is being ended has its end_reason already while
    the contactor is still closed. UTC may have been set between start and end, so the duration is
    not their difference: it is that of the monotonic clock.
    """

    session_id: Name
    started_utc_ns: Nanoseconds
    ended_utc_ns: Nanoseconds
    start_energy_wh: WattHours  # the box's register of energy when it began
    energy_wh: WattHours
    end_reason: EndReason | None
    token: Name = ""  # the card that authorised it
    duration_s: Seconds | None = None  # None: it runs, or was stored by an older version
    is_start_utc_set: bool = False  # the clock was known to be set at started_utc_ns
    is_end_utc_set: bool = False  # and at ended_utc_ns


class SessionsArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `sessions`: the newest records first, or those older than a given one."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    before: Name = ""  # a session_id


class Authorize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `authorize`: a card that the list, or the service, knows was presented.

    Answered with an `Authorized`; refused with a reason where the card changes nothing.
    """

    token: Annotated[str, Meta(min_length=1, max_length=64)]


class Action(StrEnum):
    """The effect of a card."""

    RELEASED = "released"  # authorised; the vehicle may be plugged in now
    # The vehicle that is plugged in is authorised; its charge has not begun yet.
    STARTED = "started"
    LOGGED_OFF = "logged_off"  # it ended the authorisation that it gave (RFID-5)


class Authorized(Struct, frozen=True, kw_only=True):
    """Answer to `authorize`."""

    action: Action
