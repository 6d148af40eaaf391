"""What the box does and why, and what is wrong with it, in words. Pure."""

from msgspec import Struct

from msgs.safety import RETRIED, FaultCode, SafetyStatus
from msgs.units import Seconds
from view.facts import Facts
from view.silence import silence

NOT_KNOWN = "Not known"
_MOST_RETRIES = 5  # ERR-R


class ToldFault(Struct, frozen=True, kw_only=True):
    """One fault that holds now."""

    code: FaultCode
    name: str
    detail: str
    remedy: str  # "" if safety has none to say
    count: int  # how often since the plug went in
    retry_in_s: Seconds | None = None  # None: nothing tries it again by itself
    retry: str = ""


def state_name(facts: Facts) -> str:
    """Return the state in the manual's word."""
    session = facts.session.fresh
    return NOT_KNOWN if session is None else session.state.value


def state_reason(facts: Facts) -> str:
    """Return why the state is what it is."""
    session = facts.session.fresh
    return silence(facts, facts.session) if session is None else session.reason


def is_reason_below(facts: Facts) -> bool:
    """Return whether something below the state says its reason: each fault, or the limit."""
    safety, offer = facts.safety.fresh, facts.offer.fresh
    if facts.session.fresh is None:
        return False
    has_faults = safety is not None and bool(safety.faults)
    return has_faults or (offer is not None and offer.detail == state_reason(facts))


def faults(facts: Facts) -> tuple[ToldFault, ...]:
    """Return what is wrong, and what the user can do about it."""
    safety = facts.safety.fresh
    if safety is None:
        return ()
    return tuple(_fault(safety, code) for code in safety.faults)


def _fault(safety: SafetyStatus, code: FaultCode) -> ToldFault:
    record = next((each for each in safety.records if each.code is code), None)
    name = "all red" if code is FaultCode.RED else code.value
    detail, count = (record.detail, record.count) if record else (f"fault {name}", 1)
    retry_in_s = safety.retry_in_s if code in RETRIED else None
    return ToldFault(
        code=code,
        name=name,
        detail=f"{detail}, seen {count} times" if count > 1 else detail,
        remedy=record.remedy if record else "",
        count=count,
        retry_in_s=retry_in_s,
        retry="" if retry_in_s is None else _retry_words(safety, retry_in_s),
    )


def _retry_words(safety: SafetyStatus, retry_in_s: float) -> str:
    used = f"{safety.retries} of {_MOST_RETRIES} used"
    return f"tried again by itself in {retry_in_s:.0f} s ({used})"
