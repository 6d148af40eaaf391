"""What a person can ask of the charge now, and what is in force. Pure.

Only what is possible is offered; the node decides again when it is asked.
"""

from enum import StrEnum

from msgspec import Struct

from msgs.load_manager import amount_words
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus
from msgs.state_reason import StateReason, Wait
from msgs.wish import ENERGY_LIMIT, SCHEDULE, Wish
from view.faults import has_latched
from view.snapshot import Snapshot

APP = "app"  # session's wish for the app and the page


class ChargeAct(StrEnum):
    """The acts of the page on a charge (APP-1)."""

    START = "start"  # again, after a stop
    STOP = "stop"
    PAUSE = "pause"
    CONTINUE = "continue"
    LIMIT = "limit"
    DELAY = "delay"
    ENERGY_LIMIT = "energy_limit"


class InForce(Struct, frozen=True, kw_only=True):
    """Something that was asked for and applies now."""

    name: str
    words: str  # the amount, who has set it and for how long
    ends_in: str  # "": not by time


class OfferedActs(Struct, frozen=True, kw_only=True):
    """What the page offers."""

    title: str  # which charge they are for
    possible: tuple[ChargeAct, ...]
    why_not: str  # why nothing is possible; "": something is
    in_force: tuple[InForce, ...]
    limit_a: float | None  # of the wish in force: a pause keeps it
    is_paused: bool  # by that wish
    until_replaced: bool  # that wish is not for this charge alone


def offered_acts(snapshot: Snapshot) -> OfferedActs:
    """Return what can be asked for, and what is in force."""
    session, safety = snapshot.session.fresh, snapshot.safety.fresh
    why_not = _why_not(session, safety)
    wish = _wish(snapshot, APP)
    return OfferedActs(
        title=_title(session),
        possible=() if session is None or why_not else tuple(_possible(session, wish)),
        why_not=why_not,
        in_force=tuple(_in_force(snapshot)),
        limit_a=wish.limit_a if wish else None,
        is_paused=wish is not None and wish.pause,
        until_replaced=wish is not None and wish.until_replaced,
    )


def _title(session: SessionStatus | None) -> str:
    is_there = session is None or session.plugged or session.session_id
    return "This charge" if is_there else "The next charge"


def _why_not(session: SessionStatus | None, safety: SafetyStatus | None) -> str:
    """Return why nothing can be asked for; "" if something can."""
    if session is None:
        return "The charge control does not answer."
    if safety is None:
        return "The protection of the box does not answer."
    if has_latched(safety):
        return "A fault has ended the charge."
    if not safety.has_mains:
        return "The box has no mains."
    if safety.commissioning:
        return "The box is in service mode."
    if safety.showroom:
        return "The box is in showroom mode."
    if session.because is StateReason.NOT_STORED or session.waits_for is Wait.DISK_REFUSES:
        return "Charges cannot be recorded."
    return ""


def _possible(session: SessionStatus, wish: Wish | None) -> list[ChargeAct]:
    is_ending = session.waits_for is Wait.END
    is_paused = wish is not None and wish.pause
    acts = []
    if session.because is StateReason.STOPPED and not session.authorization_required:
        acts.append(ChargeAct.START)
    if session.session_id and not is_ending:
        acts.append(ChargeAct.STOP)
    if is_paused:
        acts.append(ChargeAct.CONTINUE)
    elif ChargeAct.START not in acts:
        acts.append(ChargeAct.PAUSE)
    return [*acts, ChargeAct.LIMIT, ChargeAct.DELAY, ChargeAct.ENERGY_LIMIT]


def _wish(snapshot: Snapshot, name: str) -> Wish | None:
    """Return a wish of session that has not ended."""
    wishes = snapshot.wish.message
    found = next((each for each in wishes.wishes if each.name == name), None) if wishes else None
    is_over = found is not None and found.end_ns is not None and found.end_ns <= _now_ns(snapshot)
    return None if is_over else found


def _in_force(snapshot: Snapshot) -> list[InForce]:
    names = {APP: "By hand", ENERGY_LIMIT: "Energy limit", SCHEDULE: "Schedule"}
    found = []
    for name, shown in names.items():
        wish = _wish(snapshot, name)
        if wish is not None:
            left = "" if wish.end_ns is None else _left((wish.end_ns - _now_ns(snapshot)) / 1e9)
            found.append(InForce(name=shown, words=_words(wish), ends_in=left))
    return found


def _words(wish: Wish) -> str:
    amounts = ("paused" if wish.pause else "", _most(wish))
    return ", ".join(filter(None, (*amounts, wish.detail)))


def _most(wish: Wish) -> str:
    return "" if wish.limit_a is None else f"{amount_words(wish.limit_a)} at most"


def _left(seconds: float) -> str:
    """Return a time as hours and minutes, rounded up."""
    minutes = max(1, -int(-seconds // 60))
    hours, minutes = divmod(minutes, 60)
    return " ".join(
        filter(None, (f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""))
    )


def _now_ns(snapshot: Snapshot) -> int:
    return round(snapshot.now_s * 1e9)
