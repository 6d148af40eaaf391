"""Why a plug-in is not charged any more although the plug is in, and until when. Pure.

Unplugging ends every hold. That of a stop ends as well with a new authorisation (`card`); that of a
latched fault once mains were off and on and safety, which judges everything afresh then (ERR-P),
has proven the contactor open without it.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.safety import SafetyPhase, SafetyStatus
from msgs.units import Text
from nodes.session.faults import is_latched


class Hold(Struct, frozen=True, kw_only=True):
    """One plug-in that stays without permission."""

    by_fault: bool  # a latched one; else somebody stopped the charge
    because: Text = ""  # why somebody did, in their words
    life: int = 0  # of the graph that it began in
    was_dark: bool = False  # mains were off since


def after_stop(because: str) -> Hold:
    """Return the hold of a charge that somebody stopped, and why."""
    return Hold(by_fault=False, because=because)


def after_fault(life: int) -> Hold:
    """Return the hold of a charge that a latched fault has ended in this life of the graph."""
    return Hold(by_fault=True, life=life)


def lift(hold: Hold | None, safety: SafetyStatus | None, life: int) -> Hold | None:
    """Return what is left of a hold; another life of the graph has had its mains off, too.

    A life that was not known is none that could be told from this one.
    """
    if hold is None or not hold.by_fault or safety is None:
        return hold
    if not safety.has_mains:
        return hold if hold.was_dark else replace(hold, was_dark=True)
    is_another_life = 0 not in (life, hold.life) and life != hold.life
    is_afresh = hold.was_dark or is_another_life
    is_cleared = safety.phase is not SafetyPhase.START and not is_latched(safety)
    return None if is_afresh and is_cleared else hold
