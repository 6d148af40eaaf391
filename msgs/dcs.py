"""Messages of dcs: the link to the charging service, and the charge mode that it asks for."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Amps, Count, Name, Nanoseconds, Text

MOST_PLAN_PERIODS = 48  # assumed: a day of half hours; the rest of a longer plan is not published


class Link(StrEnum):
    """State of the link, in the words of the page (DCS-1)."""

    UNREACHABLE = "Unreachable"
    REACHABLE = "Reachable"
    ONLINE = "Online"


class ChargeMode(StrEnum):
    """How a session is charged (DCS-3)."""

    FAST = "fast"
    INTELLIGENT = "intelligent"


class PlanPeriod(Struct, frozen=True, kw_only=True):
    """A part of the plan: it is valid until the next one begins."""

    start_utc_ns: Nanoseconds
    limit_a: Amps | None  # of each phase; 0: paused; None: no limit


class DcsStatus(Struct, frozen=True, kw_only=True):
    """The charging service as this box sees it. Sent every second and on change.

    Silence means that the service is not offered: its indicator is off (DCS-8).
    """

    link: Link
    synchronised: bool
    mode: ChargeMode
    signing_in: bool = False
    waits_for_plan: bool = False  # the service asks for intelligent charging, its plan is awaited
    can_confirm: bool = False  # a press of the touch key confirms the synchronisation (DCS-2)
    can_switch: bool = False  # a press of the touch key switches the charge mode (DCS-5)
    detail: Text = ""
    clock_set: bool = True  # False: no plan is in force, since the time is not known
    # The plan from now on; empty: there is none. In fast mode it is not applied (DCS-4).
    plan: Annotated[tuple[PlanPeriod, ...], Meta(max_length=MOST_PLAN_PERIODS)] = ()
    service: Text = ""  # the address of the service
    unsent: Count = 0  # messages of charges that the service has not acknowledged


class CheckCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `check_card`: a card was presented, and the service may decide about it (RFID-11)."""

    token: Annotated[str, Meta(min_length=1, max_length=64)]
    is_taught: bool  # it is in the box's own list


class CardVerdict(StrEnum):
    """Who has decided about a card, and how (RFID-11)."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_ASKED = "not_asked"  # no service is in use: the box's own list decides alone


class CardDecision(Struct, frozen=True, kw_only=True):
    """Answer to `check_card`."""

    verdict: CardVerdict
    # With which session is to be asked: that of the session for a card of the same group.
    token: Name = ""
    reason: Text = ""  # of a refusal, for a person
