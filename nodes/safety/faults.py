"""The ERR table: which faults hold, what clears them, and the rule of retries. Pure.

A fault is a record: raised when it is seen, kept until the rule of its code clears it.
"""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.fault_cause import Cause
from msgs.safety import LATCHED, RETRIED, FaultCode
from nodes.safety.evaluation import Evaluation
from nodes.safety.finding import Finding, Record

# ERR-R: five retries per plug-in; assumed: growing intervals spare contactor and vehicle.
RETRY_DELAYS_S = (10.0, 30.0, 60.0, 120.0, 300.0)
MOST_RAISED = 100  # raised faults counted in one plug-in
CLEAN_S = 600.0  # a charge without a fault for this time gives retries back (hardware.md 2.6)

OF_PLUG = frozenset({FaultCode.UNPLUGGED, FaultCode.NO_VEHICLE, FaultCode.PLUG_STATE})
"""Interruptions by the plug: their retry waits until a vehicle is seen."""

_LASTING = frozenset(
    {Cause.EARTH_DISTURBED, Cause.RESIDUAL_AC, Cause.RESIDUAL_DC, Cause.RESIDUAL_BOTH}
)


class FaultState(Struct, frozen=True, kw_only=True):
    """All faults that hold, and what the retry rule remembers of this plug-in."""

    records: tuple[Record, ...] = ()
    retries: int = 0
    # Those of `retries` that a long charge does not give back: for the plug, the earth and a
    # residual-current monitor that has tripped (ERR-R).
    lasting: int = 0
    retry_at_s: float | None = None  # None: no retry is pending
    raised: tuple[FaultCode, ...] = ()  # since the plug went in
    clean_since_s: float | None = None  # charging without a fault since, to give retries back

    @property
    def is_latched(self) -> bool:
        """Return whether 8007 or all red is raised."""
        return any(record.code in LATCHED for record in self.records)

    def holds(self, code: FaultCode) -> bool:
        """Return whether a fault of this code holds."""
        return any(record.code is code for record in self.records)

    def shows(self, cause: Cause) -> bool:
        """Return whether a fault of this cause holds."""
        return any(record.finding.cause is cause for record in self.records)


CLEAN = FaultState()


def raise_fault(faults: FaultState, finding: Finding, utc_ns: int) -> FaultState:
    """Add a fault; one that holds already is not changed.

    An earth that is missing replaces the disturbance that it was taken for at first.

    :param utc_ns: when it was seen first.
    """
    code = finding.code
    if faults.holds(code):
        return faults
    records = faults.records
    if finding.cause is Cause.EARTH:
        records = tuple(
            record for record in records if record.finding.cause is not Cause.EARTH_DISTURBED
        )
    raised = (*faults.raised, code)[:MOST_RAISED]
    record = Record(finding=finding, since_utc_ns=utc_ns, count=max(1, raised.count(code)))
    return replace(faults, records=(*records, record), raised=raised)


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
        return CLEAN if evaluation.is_out else _give_back(faults, moment, is_charging)
    is_retry = _is_due(faults, moment) and not is_blocked(faults, evaluation)
    records = tuple(
        record
        for record in faults.records
        if (record.code in shown and not is_retry)
        or not _is_over(record.code, evaluation, is_retry=is_retry, was_out=was_out)
    )
    after = replace(faults, records=records)
    if evaluation.is_out:
        # ERR-R: unplugging ends the charge and resets the counters.
        raised = tuple(record.code for record in records)
        after = FaultState(records=records, raised=raised)
    elif is_retry:
        lasting = faults.lasting + any(map(_is_lasting, faults.records))
        after = replace(after, retries=faults.retries + 1, lasting=lasting, retry_at_s=None)
    elif not records or _is_held(faults):
        after = replace(after, retry_at_s=None)
    elif faults.retry_at_s is None:
        after = replace(after, retry_at_s=_next_retry(after, moment.now_s))
    return faults if after == faults else after


def is_blocked(faults: FaultState, evaluation: Evaluation | None) -> bool:
    """Return whether a retry has to wait: for a vehicle, for stable mains, or for the earth."""
    if evaluation is None:
        return True
    return (
        (any(map(faults.holds, OF_PLUG)) and not evaluation.is_plugged)
        or (faults.holds(FaultCode.MAINS_VOLTAGE) and not evaluation.mains_are_stable)
        or (faults.shows(Cause.EARTH_DISTURBED) and not evaluation.has_earth)
    )


def _give_back(faults: FaultState, moment: Moment, is_charging: bool) -> FaultState:
    """Give retries back after a long charge without a fault, except those that last."""
    if not is_charging or faults.retries == faults.lasting:
        return faults if faults.clean_since_s is None else replace(faults, clean_since_s=None)
    if faults.clean_since_s is None:
        return replace(faults, clean_since_s=moment.now_s)
    if not moment.reached(faults.clean_since_s + CLEAN_S):
        return faults
    return replace(faults, retries=faults.lasting, clean_since_s=None)


def _is_lasting(record: Record) -> bool:
    """Return whether a retry for this fault counts until the plug is out."""
    return record.code in OF_PLUG or record.finding.cause in _LASTING


def _is_held(faults: FaultState) -> bool:
    """Return whether a fault holds that no retry clears, so that none is tried for others."""
    return faults.is_latched or faults.shows(Cause.NO_DIODE)


def _is_due(faults: FaultState, moment: Moment) -> bool:
    if faults.retry_at_s is None or _is_held(faults):
        return False
    return moment.reached(faults.retry_at_s)


def _next_retry(faults: FaultState, now_s: float) -> float | None:
    """Return when to retry; None: no retries are left, or there is nothing to retry."""
    if faults.retries >= len(RETRY_DELAYS_S):
        return None
    if any(record.code in RETRIED for record in faults.records):
        return now_s + RETRY_DELAYS_S[faults.retries]
    return None


def _is_over(code: FaultCode, evaluation: Evaluation, *, is_retry: bool, was_out: bool) -> bool:
    """Return whether a fault's rule clears it (the table ERR)."""
    is_out = evaluation.is_out
    match code:
        case FaultCode.UNPLUGGED:
            return is_retry or (was_out and evaluation.is_plugged)  # seated again
        case FaultCode.TOO_HOT:
            return not evaluation.is_hot
        case FaultCode.MAINS_VOLTAGE:
            return evaluation.mains_are_stable and (is_out or is_retry)
        case FaultCode.RESIDUAL_CURRENT:
            is_idle = not evaluation.residual_ac and not evaluation.residual_dc
            return (is_out and is_idle) or is_retry
        case (
            FaultCode.NO_VEHICLE
            | FaultCode.PLUG_STATE
            | FaultCode.NOT_CLOSING
            | FaultCode.OVERCURRENT
        ):
            return is_out or is_retry
        case FaultCode.SAFETY_CIRCUIT | FaultCode.RED:
            return False
