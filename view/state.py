"""The state of the box with its reason, and its faults, as text. Pure."""

from msgspec import Struct

from msgs.safety import RETRIED, FaultCode, SafetyStatus
from msgs.units import Seconds
from view.silence import silence
from view.snapshot import Snapshot

NOT_KNOWN = "Not known"
_MOST_RETRIES = 5  # ERR-R


class ShownFault(Struct, frozen=True, kw_only=True):
    """One present fault, for a person."""

    code: FaultCode
    name: str
    detail: str
    remedy: str  # "" if there is none
    count: int  # since the plug went in
    retry_in_s: Seconds | None = None  # None: no automatic retry
    retry: str = ""


def state_name(snapshot: Snapshot) -> str:
    """Return the manual's name of the state."""
    session = snapshot.session.fresh
    return NOT_KNOWN if session is None else session.state.value


def state_reason(snapshot: Snapshot) -> str:
    """Return the reason of the state."""
    session = snapshot.session.fresh
    return silence(snapshot, snapshot.session) if session is None else session.reason


def is_reason_below(snapshot: Snapshot) -> bool:
    """Return whether a line below the state shows its reason: a fault or the limit."""
    safety, offer = snapshot.safety.fresh, snapshot.offer.fresh
    if snapshot.session.fresh is None:
        return False
    has_faults = safety is not None and bool(safety.faults)
    return has_faults or (offer is not None and offer.detail == state_reason(snapshot))


def faults(snapshot: Snapshot) -> tuple[ShownFault, ...]:
    """Return the present faults, with what the user can do."""
    safety = snapshot.safety.fresh
    if safety is None:
        return ()
    return tuple(_fault(safety, code) for code in safety.faults)


def _fault(safety: SafetyStatus, code: FaultCode) -> ShownFault:
    record = next((each for each in safety.records if each.code is code), None)
    name = "all red" if code is FaultCode.RED else code.value
    detail, count = (record.detail, record.count) if record else (f"fault {name}", 1)
    retry_in_s = safety.retry_in_s if code in RETRIED else None
    return ShownFault(
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
