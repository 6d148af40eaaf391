"""What safety's faults mean for a charge: what clears them, and whether it is over. Pure."""

from msgs.safety import LATCHED, RETRIED, FaultCode, SafetyStatus
from nodes.session.reasons import NotCharged

MOST_RETRIES = 5  # ERR-R: by itself, for each plug-in

# The retry of these waits for stable mains or a possible plug state, for an unknown time.
_WAITED_FOR = frozenset({FaultCode.PLUG_STATE, FaultCode.MAINS_VOLTAGE})
# Retried or not: only a pending retry says so.
_IF_PENDING = frozenset({FaultCode.UNPLUGGED, FaultCode.NO_VEHICLE})


def is_latched(safety: SafetyStatus) -> bool:
    """Return whether a fault ends this session (ERR-8007, ERR-RED)."""
    return not LATCHED.isdisjoint(safety.faults)


def why_not_charged(safety: SafetyStatus) -> NotCharged | None:
    """Return why no vehicle may be charged at all; None if one may."""
    if not safety.has_mains:
        return NotCharged.NO_MAINS
    if is_latched(safety):
        return NotCharged.FAULT
    if safety.commissioning:
        return NotCharged.COMMISSIONING
    return NotCharged.SHOWROOM if safety.showroom else None


def is_passing(safety: SafetyStatus) -> bool:
    """Return whether all faults clear by themselves."""
    return _passing(safety).issuperset(safety.faults)


def needs_somebody(safety: SafetyStatus) -> bool:
    """Return whether a fault holds that does not clear by itself.

    Fault 1 is left out: it is the pulled plug itself, not its cause.
    """
    return bool(set(safety.faults) - _passing(safety) - {FaultCode.UNPLUGGED})


def _passing(safety: SafetyStatus) -> frozenset[FaultCode]:
    """Return the codes that clear by themselves now: the box cools, or tries again (ERR-R)."""
    if safety.retry_in_s is not None:
        return RETRIED | {FaultCode.TOO_HOT}
    is_waiting = safety.retries < MOST_RETRIES and not _WAITED_FOR.isdisjoint(safety.faults)
    return (RETRIED - _IF_PENDING if is_waiting else frozenset()) | {FaultCode.TOO_HOT}
