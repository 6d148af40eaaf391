"""Whether a session may go on after a start, or after mains were off. Pure.

The plug has to be seated still, which `running` sees. This file decides the rest, from the
session's sign: no ordered stop since, and not older than `LONGEST_S`. In another boot its age is
that by UTC, which counts only if UTC was set in both boots; a start waits for that, `DECIDE_S` at
most. If it cannot be decided the session ends, and where a card is required a card is needed.
"""

from bus.moment import Moment
from nodes.session.reasons import Resumption
from nodes.session.state import Found, Inputs, State

LONGEST_S = 4 * 3600.0  # assumed: nobody waits longer for the mains beside the vehicle
DECIDE_S = 60.0  # after the start
EARLY_S = 60.0  # assumed: two settings of UTC differ by less


def resumption(found: Found, state: State, inputs: Inputs, moment: Moment) -> Resumption:
    """Return whether the session that was found may go on now."""
    sign = found.sign
    is_same_run = 0 != state.run == found.entry.run
    if sign is None:
        return Resumption.ALLOWED if is_same_run else Resumption.UNKNOWN
    late = Resumption.UNKNOWN if moment.reached(state.decide_by_s) else Resumption.AWAITED
    if not state.series:
        return late
    if sign.series != state.series:
        return Resumption.STOPPED
    if is_same_run or (inputs.boot and sign.boot == inputs.boot):
        age_s = inputs.now_s - sign.now_ns / 1e9
    elif not sign.is_utc_set:
        return Resumption.UNKNOWN
    elif not inputs.is_utc_set:
        return late
    else:
        age_s = (inputs.utc_ns - sign.utc_ns) / 1e9
    if age_s < -EARLY_S:
        return Resumption.UNKNOWN
    is_old = moment.reached(inputs.now_s + LONGEST_S - age_s)
    return Resumption.TOO_OLD if is_old else Resumption.ALLOWED


def is_too_long(interrupted_s: float | None, moment: Moment) -> bool:
    """Return whether mains have been off for too long, in a box that has gone on without them."""
    return interrupted_s is not None and moment.reached(interrupted_s + LONGEST_S)
