"""Which vehicle is woken, when, and how. Pure.

A vehicle that does not answer its offer (C or D) for 30 s may be asleep. Each offer after 0 A is a
new one; an offer that was found at a start of this process counts as new as well. An offer is waked
for once, a plug-in five times at most.

A vehicle that has drawn current in this plug-in and has left C by itself while it was offered 6 A
or more is full, and is never woken in this plug-in. After a start it counts as full if its session
has energy and it shows B beside the offer that was found.

Two ways wake: the offer is withdrawn and made again (X1), or state F for 4 s and then X1. In F
nobody can see the plug: where a card is required X1 is tried first, and F only if the vehicle has
not answered for another 30 s.
"""

import math
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import UNPLUGGED_S, CpState

WAKE_AFTER_S = 30.0  # of an offer without an answer: EVerest, SmartEVSE
MOST_WAKES = 5  # of one plug-in
F_S, F_X1_S = 4.0, 0.75  # EVerest: T_step_EF, and then X1
X1_S = 3.0  # EVerest: T_step_X1
# assumed: a vehicle that is back in C sooner has not left it; a disturbance of the line is shorter
LEFT_S = 1.0

_ASKS = (CpState.C, CpState.D)


class Way(Enum):
    """How a vehicle is woken."""

    X1 = "x1"  # the offer is withdrawn and made again
    F = "f"  # state F, then X1


class Waking(Struct, frozen=True, kw_only=True):
    """What is remembered of the vehicle that is plugged in."""

    # Of this offer.
    is_offered: bool = False
    has_answered: bool = False  # with C or D
    unanswered_s: float | None = None  # since when it has not answered
    ways: tuple[Way, ...] = ()  # in which it was tried to wake the vehicle
    is_same: bool = False  # withdrawn to wake the vehicle: it will be the same offer again
    is_found: bool = False  # it was found at the start, and the vehicle is not judged yet
    # Of this plug-in.
    wakes: int = 0
    has_drawn: bool = False
    was_asking: bool = False  # it asked while it was offered current
    left_s: float | None = None  # when it left C by itself
    is_full: bool = False
    out_since_s: float | None = None  # the plug
    ending: str = ""  # the session that ran when the plug was first seen out
    ended: str = ""  # the session of the plug-in before
    # Of the newest waking.
    began_s: float = -math.inf


class Seen(Struct, frozen=True, kw_only=True):
    """What one look shows of the vehicle, its session, and its offer."""

    cp_state: CpState | None  # None: not settled yet
    is_offered: bool  # 6 A or more are on the line
    has_limit: bool  # load_manager allows 6 A or more, and session permits
    session_id: str  # "": none, or session is silent
    has_energy: bool  # the session has counted energy
    is_card_required: bool


def found(is_offered: bool) -> Waking:
    """Return what is known after a start that has found an offer on the line, or none."""
    return Waking(is_offered=is_offered, is_found=is_offered)


def follow(waking: Waking, seen: Seen, moment: Moment) -> Waking:
    """Take the vehicle and its offer one look on."""
    waking = _follow_plug(waking, seen, moment)
    waking = _follow_offer(waking, seen)
    return _follow_vehicle(waking, seen, moment)


def way_to_wake(waking: Waking, seen: Seen, moment: Moment) -> Way | None:
    """Return how the vehicle is to be woken now; None: it is not."""
    if waking.unanswered_s is None or not seen.session_id:
        return None
    is_first = not waking.ways
    if is_first and waking.wakes >= MOST_WAKES:
        return None
    if Way.F in waking.ways or not moment.reached(waking.unanswered_s + WAKE_AFTER_S):
        return None
    return Way.X1 if is_first and seen.is_card_required else Way.F


def begin(waking: Waking, way: Way, now_s: float) -> Waking:
    """Return what is remembered when the offer is withdrawn to wake the vehicle."""
    return replace(
        waking,
        is_offered=False,
        unanswered_s=None,
        ways=(*waking.ways, way),
        is_same=True,
        wakes=waking.wakes + (not waking.ways),
        began_s=now_s,
    )


def is_in_f(waking: Waking, moment: Moment) -> bool:
    """Return whether the line has to be in state F."""
    return waking.ways[-1:] == (Way.F,) and not moment.reached(waking.began_s + F_S)


def is_waking(waking: Waking, moment: Moment) -> bool:
    """Return whether a vehicle is being woken."""
    if not waking.ways:
        return False
    takes_s = F_S + F_X1_S if waking.ways[-1] is Way.F else X1_S
    return not moment.reached(waking.began_s + takes_s)


def _follow_plug(waking: Waking, seen: Seen, moment: Moment) -> Waking:
    """Forget the vehicle when its plug is out for longer than a bounce."""
    if seen.cp_state is not CpState.A:
        return waking if waking.out_since_s is None else replace(waking, out_since_s=None)
    out_since_s, ending = waking.out_since_s, waking.ending
    if out_since_s is None:
        # A session that begins from now on is that of the next plug-in.
        out_since_s, ending = moment.now_s, seen.session_id or waking.ended
        waking = replace(waking, out_since_s=out_since_s, ending=ending)
    if not moment.reached(out_since_s + UNPLUGGED_S):
        return waking
    forgotten = Waking(out_since_s=out_since_s, ending=ending, ended=ending)
    return waking if forgotten == waking else forgotten


def _follow_offer(waking: Waking, seen: Seen) -> Waking:
    """Recognise a new offer."""
    if waking.is_offered:
        return waking if seen.is_offered else replace(waking, is_offered=False)
    is_same = waking.is_same and seen.has_limit
    if not seen.is_offered:
        return waking if is_same is waking.is_same else replace(waking, is_same=is_same)
    if is_same:
        return replace(waking, is_offered=True, is_same=False)
    return replace(
        waking, is_offered=True, is_same=False, has_answered=False, ways=(), is_found=False
    )


def _follow_vehicle(waking: Waking, seen: Seen, moment: Moment) -> Waking:
    """Judge whether the vehicle has answered, has drawn, has left by itself, is full."""
    asks, is_connected = seen.cp_state in _ASKS, seen.cp_state is CpState.B
    has_energy = seen.has_energy and seen.session_id not in ("", waking.ended)
    is_full, is_found = waking.is_full, waking.is_found
    if is_found and (asks or (is_connected and seen.session_id)):
        is_full, is_found = is_full or (is_connected and has_energy), False
    has_drawn = waking.has_drawn or (asks and has_energy)
    left_s, was_asking = waking.left_s, waking.was_asking
    if asks:
        left_s, was_asking = None, seen.is_offered
    elif seen.cp_state is not None:
        if is_connected and was_asking and seen.is_offered:
            left_s = moment.now_s
        was_asking = False
    if left_s is not None and moment.reached(left_s + LEFT_S):
        is_full, left_s = is_full or has_drawn, None
    has_answered = waking.has_answered or (asks and waking.is_offered)
    is_waited_for = waking.is_offered and is_connected and not has_answered and not is_full
    unanswered_s = waking.unanswered_s if is_waited_for else None
    if is_waited_for and unanswered_s is None:
        unanswered_s = moment.now_s
    after = replace(
        waking,
        has_answered=has_answered,
        unanswered_s=unanswered_s,
        is_found=is_found,
        has_drawn=has_drawn,
        was_asking=was_asking,
        left_s=left_s,
        is_full=is_full,
    )
    return waking if after == waking else after
