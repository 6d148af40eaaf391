"""What session says: the wallbox's state in the manual's nine words, and the running session."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Name, Nanoseconds, Text, WattHours


class WallboxState(StrEnum):
    """The nine states of the page, word for word (requirements.md, STA)."""

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
    POWER_LOSS = "power_loss"  # and the plug was not seated any more when mains were back
    FAULT = "fault"  # a latched one, or the plug was pulled under one that does not clear by itself


class SessionStatus(Struct, frozen=True, kw_only=True):
    """The wallbox's state and the running session.

    Sent every second and on change. Silence for 3 s means "not authorised": pilot goes to x1,
    safety opens below 1 A or 6 s later.
    """

    state: WallboxState
    plugged: bool
    authorized: bool  # current may be offered in this session; a False acts at once
    session_id: Name  # "" while there is none
    energy_wh: WattHours  # of this session, or of the last one
    reason: Text  # why the state is what it is, in plain words
    started_utc_ns: Nanoseconds = 0
    authorization_required: bool = False  # a car is not authorised by its plug alone (RFID-6)


class SessionRecord(Struct, frozen=True, kw_only=True):
    """One session as it is stored and listed.

    ended_utc_ns is 0 while it runs. One that is being ended, whose permission is withdrawn while
    the contactor is still closed, has its end_reason already.
    """

    session_id: Name
    started_utc_ns: Nanoseconds
    ended_utc_ns: Nanoseconds
    start_energy_wh: WattHours  # the box meter's counter when it began
    energy_wh: WattHours
    end_reason: EndReason | None
    token: Name = ""  # the card that authorised it


class SessionsArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `sessions`: the newest records first, or those older than one of them."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    before: Name = ""  # a session_id
