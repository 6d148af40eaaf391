"""Why a plug-in is not charged any more although the plug is in, and until when. Pure.

Unplugging ends every suspension. That of a stop ends as well with a new authorisation (`card`);
that of a latched fault once mains were off and on and safety, which judges everything afresh then
(ERR-P), has proven the contactor open without it.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.safety import SafetyPhase, SafetyStatus
from msgs.units import Text
from nodes.session.faults import is_latched


class Suspension(Struct, frozen=True, kw_only=True):
    """One plug-in that stays without permission."""

    by_fault: bool  # a latched one; else somebody stopped the charge
    because: Text = ""  # why somebody did, as said by them
    run: int = 0  # of the graph that it began in
    lost_mains: bool = False  # mains were off since


def after_stop(because: str) -> Suspension:
    """Return the suspension of a charge that somebody stopped, and why."""
    return Suspension(by_fault=False, because=because)


def after_fault(run: int) -> Suspension:
    """Return the suspension of a charge that a latched fault has ended in this run of the graph."""
    return Suspension(by_fault=True, run=run)


def lift(suspension: Suspension | None, safety: SafetyStatus | None, run: int) -> Suspension | None:
    """Return what is left of a suspension; in another run of the graph mains have been off, too.

    An unknown run never counts as a different one.
    """
    if suspension is None or not suspension.by_fault or safety is None:
        return suspension
    if not safety.has_mains:
        return suspension if suspension.lost_mains else replace(suspension, lost_mains=True)
    is_another_run = 0 not in (run, suspension.run) and run != suspension.run
    is_afresh = suspension.lost_mains or is_another_run
    is_cleared = safety.phase is not SafetyPhase.START and not is_latched(safety)
    return None if is_afresh and is_cleared else suspension
