"""Messages of session: the wallbox's state, one of the manual's nine, and the running session."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Name, Nanoseconds, Text, WattHours


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
    FAULT = "fault"  # a latched one, or the plug was pulled under one that does not clear by itself


class SessionStatus(Struct, frozen=True, kw_only=True):
    """The wallbox's state and the running session.

    Sent every second and on change. Silence for 3 s means "not permitted": pilot goes to x1, safety
    opens below 1 A or 6 s later.
    """

    state: WallboxState
    plugged: bool
    # A card, or that none is required, allows a session: from the card on, before the plug as well,
    # until it logs off or lapses, or the session is ended.
    authorized: bool
    # Pilot may offer current: authorised, the session on the disk, its plug seen. A False acts at
    # once.
    permitted: bool
    session_id: Name  # "" while there is none
    energy_wh: WattHours  # of this session, or of the last one
    reason: Text  # why this is the state, as text
    started_utc_ns: Nanoseconds = 0
    authorization_required: bool = False  # a car is not authorised by its plug alone (RFID-6)
    token: Name = ""  # the card that has authorised; "" if none has, or none is needed
    released: bool = False  # a card has authorised, and the vehicle is not plugged in yet (CHG-1)
    lapses_utc_ns: Nanoseconds = 0  # when this authorisation lapses (RFID-4); 0: it does not


class SessionRecord(Struct, frozen=True, kw_only=True):
    """One session as it is stored and listed.

    ended_utc_ns is 0 while it runs. A session that is being ended has its end_reason already while
    the contactor is still closed.
    """

    session_id: Name
    started_utc_ns: Nanoseconds
    ended_utc_ns: Nanoseconds
    start_energy_wh: WattHours  # the box meter's counter when it began
    energy_wh: WattHours
    end_reason: EndReason | None
    token: Name = ""  # the card that authorised it


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
    STARTED = "started"  # the plugged vehicle is authorised
    LOGGED_OFF = "logged_off"  # it ended the authorisation that it gave (RFID-5)


class Authorized(Struct, frozen=True, kw_only=True):
    """Answer to `authorize`."""

    action: Action
