"""The ERR table: codes, words, remedies, and the rule of retries. Pure.

A fault is a record: raised when it is seen, kept until the rule of its code lets it go.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.pilot import CpState
from msgs.safety import Fault, FaultCode
from nodes.safety.judge import Facts

# ERR-R: five retries per plug-in; the intervals are ours, growing to spare contactor and vehicle.
RETRY_DELAYS_S = (10.0, 30.0, 60.0, 120.0, 300.0)
MOST_RAISED = 100  # remembered raisings in one plug-in; more are not counted

LATCHED = frozenset({FaultCode.SAFETY_CIRCUIT, FaultCode.RED})
"""Never let go by this process, and never retried (ERR-8007, ERR-RED)."""

RETRIED = frozenset({FaultCode.PLUG_STATE, FaultCode.NOT_CLOSING, FaultCode.RESIDUAL_CURRENT})
"""Tried again by itself under ERR-R; the others go when their cause goes."""

REMEDIES: dict[FaultCode, str] = {
    FaultCode.UNPLUGGED: "Put the plug in again and check that it is locked.",
    FaultCode.TOO_HOT: "Charging goes on by itself once the box has cooled down. "
    "Keep it out of direct sun.",
    FaultCode.NO_VEHICLE: "Remove what is connected, it is no vehicle; then begin again.",
    FaultCode.PLUG_STATE: "Pull the plug and put it in again. "
    "If the fault comes back, have the charging cable replaced.",
    FaultCode.NOT_CLOSING: "Pull the plug and put it in again, or restart the box. "
    "If the fault comes back, call the service.",
    FaultCode.RESIDUAL_CURRENT: "Check the cable for damage and the plug for water. "
    "Lightning may have been the cause.",
    FaultCode.SAFETY_CIRCUIT: "Switch the mains of the box off and on. "
    "If the fault comes back, call the service.",
    FaultCode.RED: "Cut the mains of the box. Have the protective earth checked; "
    "the box may have to be replaced.",
}


class Ledger(Struct, frozen=True, kw_only=True):
    """All faults that hold, and what the retry rule remembers of this plug-in."""

    records: tuple[Fault, ...] = ()
    retries: int = 0
    retry_at_s: float | None = None  # None: no retry is pending
    raised: tuple[FaultCode, ...] = ()  # since the plug went in

    @property
    def is_latched(self) -> bool:
        """Return whether a fault holds that this process never lets go."""
        return any(record.code in LATCHED for record in self.records)

    def holds(self, code: FaultCode) -> bool:
        """Return whether a fault of this code holds."""
        return any(record.code is code for record in self.records)


CLEAN = Ledger()


def raise_fault(ledger: Ledger, code: FaultCode, detail: str, utc_ns: int) -> Ledger:
    """Add a fault; one that holds already stays as it was seen first."""
    if ledger.holds(code):
        return ledger
    raised = (*ledger.raised, code)[:MOST_RAISED]
    record = Fault(
        code=code,
        since_utc_ns=utc_ns,
        count=max(1, raised.count(code)),
        detail=detail,
        remedy=REMEDIES[code],
    )
    return replace(ledger, records=(*ledger.records, record), raised=raised)


def review(ledger: Ledger, facts: Facts, now_s: float) -> Ledger:
    """Let go what is over, use up a retry that is due, ask for the next one."""
    if not ledger.records:
        return CLEAN if facts.cp is CpState.A else ledger
    is_retry = _is_retry(ledger, facts, now_s)
    records = tuple(
        record for record in ledger.records if not _is_over(record.code, facts, is_retry)
    )
    retries, retry_at_s, raised = ledger.retries, ledger.retry_at_s, ledger.raised
    if facts.cp is CpState.A:
        # ERR-R: unplugging ends the charge, and with it the counting.
        retries, retry_at_s, raised = 0, None, tuple(record.code for record in records)
    elif is_retry:
        retries, retry_at_s = retries + 1, None
    elif retry_at_s is None:
        retry_at_s = _next_retry(ledger, now_s)
    if (records, retries, retry_at_s, raised) == (
        ledger.records,
        ledger.retries,
        ledger.retry_at_s,
        ledger.raised,
    ):
        return ledger
    return Ledger(records=records, retries=retries, retry_at_s=retry_at_s, raised=raised)


def _is_retry(ledger: Ledger, facts: Facts, now_s: float) -> bool:
    """Return whether it is time to try again: waited for, and the plug's state is possible."""
    if ledger.retry_at_s is None or now_s < ledger.retry_at_s or ledger.is_latched:
        return False
    return facts.is_plugged or not ledger.holds(FaultCode.PLUG_STATE)


def _next_retry(ledger: Ledger, now_s: float) -> float | None:
    """Return when to try again by itself; None: not any more, or there is nothing to retry."""
    if ledger.is_latched or ledger.retries >= len(RETRY_DELAYS_S):
        return None
    if any(record.code in RETRIED for record in ledger.records):
        return now_s + RETRY_DELAYS_S[ledger.retries]
    return None


def _is_over(code: FaultCode, facts: Facts, is_retry: bool) -> bool:
    """Return whether a fault's rule lets it go (the table ERR)."""
    is_out = facts.cp is CpState.A
    match code:
        case FaultCode.UNPLUGGED:
            return facts.is_plugged  # out, and seated again
        case FaultCode.TOO_HOT:
            return not facts.is_hot
        case FaultCode.NO_VEHICLE:
            return is_out
        case FaultCode.PLUG_STATE | FaultCode.NOT_CLOSING:
            return is_out or is_retry
        case FaultCode.RESIDUAL_CURRENT:
            is_idle = not facts.residual_ac and not facts.residual_dc
            return (is_out and is_idle) or is_retry
        case _:
            return False
