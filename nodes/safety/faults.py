"""The ERR table: which faults hold, what clears them, and the rule of retries. Pure.

A fault is a record: raised when it is seen, kept until the rule of its code clears it.
"""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.safety import LATCHED, RETRIED, FaultCode
from nodes.safety.evaluation import Evaluation
from nodes.safety.finding import Finding, Record

# ERR-R: five retries per plug-in; assumed: growing intervals spare contactor and vehicle.
RETRY_DELAYS_S = (10.0, 30.0, 60.0, 120.0, 300.0)
MOST_RAISED = 100  # raised faults counted in one plug-in
CLEAN_S = 600.0  # a charge without a fault for this time resets the counters (hardware.md 2.6)


class FaultState(Struct, frozen=True, kw_only=True):
    """All faults that hold, and what the retry rule remembers of this plug-in."""

    records: tuple[Record, ...] = ()
    retries: int = 0
    retry_at_s: float | None = None  # None: no retry is pending
    raised: tuple[FaultCode, ...] = ()  # since the plug went in
    clean_since_s: float | None = None  # charging without a fault since, counters not zero

    @property
    def is_latched(self) -> bool:
        """Return whether 8007 or all red is raised."""
        return any(record.code in LATCHED for record in self.records)

    def holds(self, code: FaultCode) -> bool:
        """Return whether a fault of this code holds."""
        return any(record.code is code for record in self.records)


CLEAN = FaultState()


def raise_fault(faults: FaultState, finding: Finding, utc_ns: int) -> FaultState:
    """Add a fault; one that holds already is not changed.

    :param utc_ns: when it was seen first.
    """
    code = finding.code
    if faults.holds(code):
        return faults
    raised = (*faults.raised, code)[:MOST_RAISED]
    record = Record(finding=finding, since_utc_ns=utc_ns, count=max(1, raised.count(code)))
    return replace(faults, records=(*faults.records, record), raised=raised)


def latched(faults: FaultState) -> tuple[FaultCode, ...]:
    """Return the latched faults that hold."""
    return tuple(record.code for record in faults.records if record.code in LATCHED)


def clear(faults: FaultState) -> FaultState:
    """Clear all but the latched faults after mains off and on (ERR-P): those are judged again."""
    return FaultState(records=tuple(each for each in faults.records if each.code in LATCHED))


def clear_proven(faults: FaultState, codes: Collection[FaultCode]) -> FaultState:
    """Clear latched faults that were judged again."""
    return replace(faults, records=tuple(each for each in faults.records if each.code not in codes))


def review(
    faults: FaultState,
    evaluation: Evaluation,
    moment: Moment,
    *,
    shown: Collection[FaultCode],
    is_charging: bool,
    was_out: bool,
) -> FaultState:
    """Clear what is over, use a retry that is due, schedule the next one.

    The plug counts as out only after OUT_READS readings of A; else a bad contact would reset the
    counters.

    :param shown: the faults that this reading shows: only a retry clears one of them.
    :param is_charging: the contactor is proven closed.
    :param was_out: the plug has been out and not seen in since.
    """
    if not faults.records:
        return CLEAN if evaluation.is_out else _forgive(faults, moment, is_charging)
    is_retry = _is_due(faults, moment) and not is_blocked(faults, evaluation)
    records = tuple(
        record
        for record in faults.records
        if (record.code in shown and not is_retry)
        or not _is_over(record.code, evaluation, is_retry=is_retry, was_out=was_out)
    )
    retries, retry_at_s, raised = faults.retries, faults.retry_at_s, faults.raised
    if evaluation.is_out:
        # ERR-R: unplugging ends the charge and resets the counters.
        retries, retry_at_s, raised = 0, None, tuple(record.code for record in records)
    elif is_retry:
        retries, retry_at_s = retries + 1, None
    elif retry_at_s is None:
        retry_at_s = _next_retry(faults, moment.now_s)
    after = FaultState(records=records, retries=retries, retry_at_s=retry_at_s, raised=raised)
    return faults if after == faults else after


def is_blocked(faults: FaultState, evaluation: Evaluation | None) -> bool:
    """Return whether a retry has to wait for a possible plug state or for stable mains."""
    if evaluation is None:
        return True
    return (faults.holds(FaultCode.PLUG_STATE) and not evaluation.is_plugged) or (
        faults.holds(FaultCode.MAINS_VOLTAGE) and not evaluation.mains_are_stable
    )


def _forgive(faults: FaultState, moment: Moment, is_charging: bool) -> FaultState:
    """Reset the counters after a long charge without a fault."""
    if faults is CLEAN or not is_charging:
        return faults if faults.clean_since_s is None else replace(faults, clean_since_s=None)
    if faults.clean_since_s is None:
        return replace(faults, clean_since_s=moment.now_s)
    return CLEAN if moment.reached(faults.clean_since_s + CLEAN_S) else faults


def _is_due(faults: FaultState, moment: Moment) -> bool:
    if faults.retry_at_s is None or faults.is_latched:
        return False
    return moment.reached(faults.retry_at_s)


def _next_retry(faults: FaultState, now_s: float) -> float | None:
    """Return when to retry; None: no retries are left, or there is nothing to retry."""
    if faults.is_latched or faults.retries >= len(RETRY_DELAYS_S):
        return None
    if any(record.code in RETRIED for record in faults.records):
        return now_s + RETRY_DELAYS_S[faults.retries]
    return None


def _is_over(code: FaultCode, evaluation: Evaluation, *, is_retry: bool, was_out: bool) -> bool:
    """Return whether a fault's rule clears it (the table ERR)."""
    is_out = evaluation.is_out
    match code:
        case FaultCode.UNPLUGGED:
            return was_out and evaluation.is_plugged  # seated again
        case FaultCode.TOO_HOT:
            return not evaluation.is_hot
        case FaultCode.NO_VEHICLE:
            return is_out
        case FaultCode.PLUG_STATE | FaultCode.NOT_CLOSING | FaultCode.OVERCURRENT:
            return is_out or is_retry
        case FaultCode.MAINS_VOLTAGE:
            return evaluation.mains_are_stable and (is_out or is_retry)
        case FaultCode.RESIDUAL_CURRENT:
            is_idle = not evaluation.residual_ac and not evaluation.residual_dc
            return (is_out and is_idle) or is_retry
        case _:
            return False
