"""Suspension: why a plug-in is not charged any more, and until when. Pure.

Unplugging ends every suspension. A new authorisation ends that of a stop (`card`). That of a
latched fault ends after mains off and on, once safety has evaluated everything again (ERR-P) and
has proven the contactor open without the fault.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.safety import SafetyPhase, SafetyStatus
from msgs.units import Text
from nodes.session.faults import is_latched


class Suspension(Struct, frozen=True, kw_only=True):
    """One plug-in that stays without permission."""

    by_fault: bool  # a latched one; else the charge was stopped
    by_card: bool = False  # that logged off; else by a request, or it is not known
    because: Text = ""  # why it was stopped, from the request
    run: int = 0  # of the graph that it began in
    lost_mains: bool = False  # mains were off since


def after_stop(because: str) -> Suspension:
    """Return the suspension of a charge that was stopped by a request, and why."""
    return Suspension(by_fault=False, because=because)


def after_log_off() -> Suspension:
    """Return the suspension of a charge that was stopped by its card."""
    return Suspension(by_fault=False, by_card=True, because="logged off by the card")


def after_fault(run: int) -> Suspension:
    """Return the suspension of a charge that a latched fault has ended in this run of the graph."""
    return Suspension(by_fault=True, run=run)


def lift(suspension: Suspension | None, safety: SafetyStatus | None, run: int) -> Suspension | None:
    """Return the suspension, or None if it is over; another run means that mains were off.

    An unknown run never counts as a different one.
    """
    if suspension is None or not suspension.by_fault or safety is None:
        return suspension
    if not safety.has_mains:
        return suspension if suspension.lost_mains else replace(suspension, lost_mains=True)
    is_another_run = 0 not in (run, suspension.run) and run != suspension.run
    were_mains_off = suspension.lost_mains or is_another_run
    is_cleared = safety.phase is not SafetyPhase.START and not is_latched(safety)
    return None if were_mains_off and is_cleared else suspension
