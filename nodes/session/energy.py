"""The energy of a session by the box's meter: a difference that neither falls nor leaps. Pure."""

import msgspec
from msgspec.structs import replace

from msgs.session import SessionRecord
from nodes.session.reasons import Leap
from nodes.session.state import Inputs, State

CHECKPOINT_S = 60.0  # energy of a running session: 1440 pages of 4 kB a day, 6 of 10 MB allowed
CHECKPOINT_WH = 1.0  # and only if it has grown
RECOUNT_WH = 10.0  # assumed: a counter that falls by more has begun anew; by less, it is noise
MOST_W = 3 * 32.0 * 280.0  # the largest installation, at the voltage where safety opens (8002)
MARGIN_WH = 10.0  # assumed: what a counter may lag behind and make up for in one reading


def most_wh(seconds: float) -> float:
    """Return the energy that a counter can have grown by in this time."""
    return MOST_W * max(0.0, seconds) / 3600.0 + MARGIN_WH


def away_s(utc_ns: int, seen_utc_ns: int) -> float:
    """Return how long nobody may have counted before now.

    A checkpoint's period at least: UTC may have been set back meanwhile.
    """
    return max(CHECKPOINT_S, (utc_ns - seen_utc_ns) / 1e9)


def with_energy(state: State, inputs: Inputs) -> tuple[State, Leap | None]:
    """Count the running session's energy; return what is to be logged, too.

    It never falls, and a growth beyond what can flow is not counted: from there on it grows by
    what the counter grows by.
    """
    session, now_wh = state.session, inputs.counter_wh
    if now_wh is None:
        if state.uncounted_since_s is None:
            state = replace(state, uncounted_since_s=inputs.now_s - inputs.since_s)
        return state, None
    before_s, state = state.uncounted_since_s, replace(state, uncounted_since_s=None)
    if session is None:
        return state, None
    grown_wh = now_wh - session.start_energy_wh - session.energy_wh
    # With the same counter no look is needed: it was known at the look before, if it was at all.
    can_wh = most_wh(inputs.since_s if before_s is None else inputs.now_s - before_s)
    if 0.0 <= grown_wh <= can_wh:
        session = msgspec.structs.replace(session, energy_wh=now_wh - session.start_energy_wh)
    elif grown_wh > can_wh or grown_wh < -RECOUNT_WH:
        session = _from_here(session, now_wh)
    state = replace(state, session=session)
    if grown_wh <= can_wh or state.is_jump_told:
        return state, None
    leap = Leap(session_id=session.session_id, grown_wh=grown_wh, can_wh=can_wh, is_lost=False)
    return replace(state, is_jump_told=True), leap


def _from_here(session: SessionRecord, now_wh: float) -> SessionRecord:
    """Return the session as if it had begun with this counter."""
    return msgspec.structs.replace(session, start_energy_wh=now_wh - session.energy_wh)
