"""The energy of a session: the growth of the box meter's counter. Pure.

A fall or a jump of the counter changes nothing.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.session import SessionRecord
from nodes.session.reasons import Leap

CHECKPOINT_S = 60.0  # of a running session: 1440 pages of 4 kB a day, 6 of 10 MB allowed
CHECKPOINT_WH = 1.0  # and only if it has grown
RECOUNT_WH = 10.0  # assumed: a larger fall is a counter that was reset, a smaller one noise
MOST_W = 3 * 32.0 * 280.0  # the largest installation, at the voltage where safety opens (8002)
MARGIN_WH = 10.0  # assumed: a counter may lag by this and catch up in one reading


class SessionEnergy(Struct, frozen=True, kw_only=True):
    """What is remembered of the box's counter."""

    last_wh: float = 0.0  # published while no session runs
    uncounted_since_s: float | None = None  # counter unknown since; None: it is known
    is_jump_logged: bool = False  # of this session


def most_wh(seconds: float) -> float:
    """Return the most energy that a counter can count in this time."""
    return MOST_W * max(0.0, seconds) / 3600.0 + MARGIN_WH


def away_s(utc_ns: int, seen_utc_ns: int) -> float:
    """Return the time for which energy may be uncounted.

    A checkpoint's period at least, because UTC may have been set back meanwhile.
    """
    return max(CHECKPOINT_S, (utc_ns - seen_utc_ns) / 1e9)


def count(
    energy: SessionEnergy,
    session: SessionRecord | None,
    counter_wh: float | None,
    now_s: float,
    since_s: float,
) -> tuple[SessionEnergy, SessionRecord | None, Leap | None]:
    """Count the energy of the session that runs; return also what is to be logged.

    It never falls. A jump by more than can flow is not counted; after it the energy grows with the
    counter again.

    :param since_s: since the look before.
    """
    if counter_wh is None:
        if energy.uncounted_since_s is None:
            energy = replace(energy, uncounted_since_s=now_s - since_s)
        return energy, session, None
    before_s = energy.uncounted_since_s
    if before_s is not None:
        energy = replace(energy, uncounted_since_s=None)
    if session is None:
        return energy, None, None
    grown_wh = counter_wh - session.start_energy_wh - session.energy_wh
    # An unchanged counter causes no step. So the counter before this one is that of the previous
    # look.
    can_wh = most_wh(since_s if before_s is None else now_s - before_s)
    if 0.0 <= grown_wh <= can_wh:
        session = replace(session, energy_wh=counter_wh - session.start_energy_wh)
    elif grown_wh > can_wh or grown_wh < -RECOUNT_WH:
        # Count from this counter on.
        session = replace(session, start_energy_wh=counter_wh - session.energy_wh)
    if grown_wh <= can_wh or energy.is_jump_logged:
        return energy, session, None
    leap = Leap(session_id=session.session_id, grown_wh=grown_wh, can_wh=can_wh, is_lost=False)
    return replace(energy, is_jump_logged=True), session, leap
