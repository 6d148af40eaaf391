"""The ERR table: which faults hold, what clears them, and the rule of retries. Pure.

A fault is a record: raised when it is seen, kept until the rule of its code lets it go.
"""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.safety import LATCHED, RETRIED, FaultCode
from nodes.safety.finding import Finding, Record
from nodes.safety.judge import Facts

# ERR-R: five retries per plug-in; the intervals are ours, growing to spare contactor and vehicle.
RETRY_DELAYS_S = (10.0, 30.0, 60.0, 120.0, 300.0)
MOST_RAISED = 100  # remembered raisings in one plug-in; more are not counted
CLEAN_S = 600.0  # a charge without a fault for so long: retries count anew (hardware.md 2.6)


class Ledger(Struct, frozen=True, kw_only=True):
    """All faults that hold, and what the retry rule remembers of this plug-in."""

    records: tuple[Record, ...] = ()
    retries: int = 0
    retry_at_s: float | None = None  # None: no retry is pending
    raised: tuple[FaultCode, ...] = ()  # since the plug went in
    clean_since_s: float | None = None  # the charge runs since, with something still counted

    @property
    def is_latched(self) -> bool:
        """Return whether a fault holds that nothing but mains off and on, or a restart, lets go."""
        return any(record.code in LATCHED for record in self.records)

    def holds(self, code: FaultCode) -> bool:
        """Return whether a fault of this code holds."""
        return any(record.code is code for record in self.records)


CLEAN = Ledger()


def raise_fault(ledger: Ledger, finding: Finding, utc_ns: int) -> Ledger:
    """Add a fault; one that holds already stays as it was seen first.

    :param utc_ns: when it was seen first.
    """
    code = finding.code
    if ledger.holds(code):
        return ledger
    raised = (*ledger.raised, code)[:MOST_RAISED]
    record = Record(finding=finding, since_utc_ns=utc_ns, count=max(1, raised.count(code)))
    return replace(ledger, records=(*ledger.records, record), raised=raised)


def clear(ledger: Ledger) -> Ledger:
    """Return what is left after mains off and on (ERR-P): 8007, until the contactor is proven."""
    return Ledger(
        records=tuple(
            record for record in ledger.records if record.code is FaultCode.SAFETY_CIRCUIT
        )
    )


def clear_proven(ledger: Ledger) -> Ledger:
    """Return the ledger without 8007: mains were off and on, and the contactor is proven open."""
    return replace(
        ledger,
        records=tuple(
            record for record in ledger.records if record.code is not FaultCode.SAFETY_CIRCUIT
        ),
    )


def review(
    ledger: Ledger, facts: Facts, moment: Moment, *, is_charging: bool, was_out: bool
) -> Ledger:
    """Let go what is over, use up a retry that is due, ask for the next one.

    A plug is out when it has been so for longer than a bounce; else a bad contact would count
    everything anew.

    :param is_charging: the contactor is proven closed.
    :param was_out: the plug has been out, and was not seen in since.
    """
    if not ledger.records:
        return CLEAN if facts.is_out else _forgive(ledger, moment, is_charging)
    is_retry = _is_due(ledger, moment) and not is_blocked(ledger, facts)
    records = tuple(
        record
        for record in ledger.records
        if not _is_over(record.code, facts, is_retry=is_retry, was_out=was_out)
    )
    retries, retry_at_s, raised = ledger.retries, ledger.retry_at_s, ledger.raised
    if facts.is_out:
        # ERR-R: unplugging ends the charge, and with it the counting.
        retries, retry_at_s, raised = 0, None, tuple(record.code for record in records)
    elif is_retry:
        retries, retry_at_s = retries + 1, None
    elif retry_at_s is None:
        retry_at_s = _next_retry(ledger, moment.now_s)
    after = Ledger(records=records, retries=retries, retry_at_s=retry_at_s, raised=raised)
    return ledger if after == ledger else after


def is_blocked(ledger: Ledger, facts: Facts | None) -> bool:
    """Return whether trying again has to wait: for a possible plug state, for stable mains."""
    if facts is None:
        return True
    return (ledger.holds(FaultCode.PLUG_STATE) and not facts.is_plugged) or (
        ledger.holds(FaultCode.MAINS_VOLTAGE) and not facts.mains_are_stable
    )


def _forgive(ledger: Ledger, moment: Moment, is_charging: bool) -> Ledger:
    """Count anew after a long charge without a fault."""
    if ledger is CLEAN or not is_charging:
        return ledger if ledger.clean_since_s is None else replace(ledger, clean_since_s=None)
    if ledger.clean_since_s is None:
        return replace(ledger, clean_since_s=moment.now_s)
    return CLEAN if moment.reached(ledger.clean_since_s + CLEAN_S) else ledger


def _is_due(ledger: Ledger, moment: Moment) -> bool:
    if ledger.retry_at_s is None or ledger.is_latched:
        return False
    return moment.reached(ledger.retry_at_s)


def _next_retry(ledger: Ledger, now_s: float) -> float | None:
    """Return when to try again by itself; None: not any more, or there is nothing to retry."""
    if ledger.is_latched or ledger.retries >= len(RETRY_DELAYS_S):
        return None
    if any(record.code in RETRIED for record in ledger.records):
        return now_s + RETRY_DELAYS_S[ledger.retries]
    return None


def _is_over(code: FaultCode, facts: Facts, *, is_retry: bool, was_out: bool) -> bool:
    """Return whether a fault's rule lets it go (the table ERR)."""
    is_out = facts.is_out
    match code:
        case FaultCode.UNPLUGGED:
            return was_out and facts.is_plugged  # seated again
        case FaultCode.TOO_HOT:
            return not facts.is_hot
        case FaultCode.NO_VEHICLE:
            return is_out
        case FaultCode.PLUG_STATE | FaultCode.NOT_CLOSING | FaultCode.OVERCURRENT:
            return is_out or is_retry
        case FaultCode.MAINS_VOLTAGE:
            return facts.mains_are_stable and (is_out or is_retry)
        case FaultCode.RESIDUAL_CURRENT:
            is_idle = not facts.residual_ac and not facts.residual_dc
            return (is_out and is_idle) or is_retry
        case _:
            return False
