"""A limit that falls at once, and rises after the headroom has lasted. Pure.

It is 0, or 6 A and more. It rises only by readings: headroom lasts only if the meter measures it
again. A short peak of the house must not open the contactor: with less than 6 A left the limit
falls to 6 A. It falls to 0 when a reading taken 5 s or more later still leaves less than 6 A, when
no reading has come for 10 s, and at once above twice the fuse or while no charge is running.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import MIN_OFFER_A

RAISE_AFTER_S = 10.0  # assumed: twice the 5 s that a vehicle may take to follow (Table A.6)
RAISE_BY_A = 0.5  # assumed: smaller steps are the meter's noise
RESUME_AFTER_S = 30.0  # assumed: spares the contactor; doubled with each pause
RESUME_AFTER_AT_MOST_S = 600.0  # assumed: a contactor endures six closings an hour
FORGET_AFTER_S = 3600.0  # assumed: after an hour without a pause the next one counts as the first
RESUME_AT_A = 6.5  # assumed: as far above the pause as the least raise
# Assumed: a fuse carries less than twice its current for minutes (IEC 60269-1, gG).
PAUSE_AFTER_S = 5.0  # a lack of headroom
PAUSE_UNREAD_S = 10.0  # a lack of headroom that no further reading has confirmed or ended
PAUSE_AT_FUSES = (
    2  # the lack pauses at once when a phase carries more than this many times the fuse
)


class Ramp(Struct, frozen=True, kw_only=True):
    """The claim of the fuse, and what it rises by."""

    value_a: float  # 0: paused
    since_s: float | None = None  # readings allow more since this time
    low_a: float = 0.0  # the least that readings have allowed since `since_s`
    # Readings taken since then have left less than the 6 A that are offered; it is forgotten when
    # none has done so for `RAISE_AFTER_S`, so that a load that comes and goes pauses as well.
    lacks_since_s: float | None = None
    lacked_s: float = 0.0  # when the newest of these was taken
    is_lacking: bool = False  # it is the newest of all
    pauses: int = 0  # since the plug-in, with less than an hour between them
    resumed_s: float | None = None  # when the last pause ended

    @property
    def resume_after_s(self) -> float:
        """Return how long the headroom must last before this pause ends [s]."""
        doublings = min(max(self.pauses - 1, 0), 10)
        return min(RESUME_AFTER_S * 2.0**doublings, RESUME_AFTER_AT_MOST_S)


def begin(left_a: float, offered_a: float, is_paused: bool = False) -> Ramp:
    """Return the ramp for the first reading, and the present offer.

    It begins with the present offer or pause, so that a restart raises nothing.
    """
    if is_paused:
        return Ramp(value_a=0.0, pauses=1)
    value_a = min(left_a, offered_a) if offered_a >= MIN_OFFER_A else left_a
    return Ramp(value_a=floor_offer(value_a))


def reset_pauses(ramp: Ramp) -> Ramp:
    """Return the ramp for the next vehicle, without the pauses of the previous one."""
    return replace(ramp, pauses=0, resumed_s=None)


def follow(
    ramp: Ramp,
    left_a: float,
    most_left_a: float,
    is_certain: bool,
    now_s: float,
    read_s: float,
    is_at_once: bool = False,
) -> Ramp:
    """Return the ramp after a reading that leaves `left_a`.

    `most_left_a` is what it leaves if the meter lags behind the vehicle: the ramp falls only below
    that. A reading that is not certain yet neither raises nor pauses.

    :param now_s: when the reading arrived [monotonic s]
    :param read_s: when it was taken [monotonic s]
    :param is_at_once: a lack pauses at once: a phase carries more than `PAUSE_AT_FUSES` times the
        fuse, or no charge is running
    """
    if most_left_a < ramp.value_a:
        value_a = floor_offer(most_left_a)
        if value_a == 0.0:
            return _lack(ramp, is_certain, now_s, read_s, is_at_once)
        value_a = min(value_a, ramp.value_a)
        return replace(_suffices(ramp, read_s), value_a=value_a, since_s=None, low_a=0.0)
    if not is_certain:
        return ramp
    ramp = _suffices(ramp, read_s)
    is_paused = ramp.value_a == 0.0
    if left_a < (RESUME_AT_A if is_paused else ramp.value_a + RAISE_BY_A):
        return replace(ramp, since_s=None)
    if ramp.since_s is None:
        return replace(ramp, since_s=now_s, low_a=left_a)
    low_a = min(ramp.low_a, left_a)
    if now_s - ramp.since_s < (ramp.resume_after_s if is_paused else RAISE_AFTER_S):
        return replace(ramp, low_a=low_a)
    resumed_s = now_s if is_paused else ramp.resumed_s
    return replace(ramp, value_a=floor_offer(low_a), since_s=None, low_a=0.0, resumed_s=resumed_s)


def _lack(ramp: Ramp, is_certain: bool, now_s: float, read_s: float, is_at_once: bool) -> Ramp:
    """Return the ramp after a reading that leaves less than 6 A."""
    since_s = ramp.lacks_since_s
    is_confirmed = since_s is not None and read_s - since_s >= PAUSE_AFTER_S - 1e-6
    if ramp.value_a == 0.0 or (is_certain and (is_confirmed or is_at_once)):
        return pause(ramp, now_s)
    return replace(
        ramp,
        value_a=MIN_OFFER_A,
        since_s=None,
        low_a=0.0,
        lacks_since_s=read_s if since_s is None else since_s,
        lacked_s=read_s,
        is_lacking=True,
    )


def _suffices(ramp: Ramp, read_s: float) -> Ramp:
    """Return the ramp after a reading that leaves 6 A or more."""
    is_over = read_s - ramp.lacked_s >= RAISE_AFTER_S
    lacks_since_s = None if is_over else ramp.lacks_since_s
    return replace(ramp, is_lacking=False, lacks_since_s=lacks_since_s)


def is_unread(ramp: Ramp, moment: Moment) -> bool:
    """Return whether the readings stopped while they left too little: the ramp has to pause."""
    return ramp.is_lacking and moment.reached(ramp.lacked_s + PAUSE_UNREAD_S)


def pause(ramp: Ramp, now_s: float) -> Ramp:
    """Return the ramp at 0 A, with the pause counted if it is a new one."""
    if ramp.value_a == 0.0:
        return replace(ramp, since_s=None)
    is_first = ramp.resumed_s is not None and now_s - ramp.resumed_s >= FORGET_AFTER_S
    pauses = 1 if is_first else ramp.pauses + 1
    return Ramp(value_a=0.0, pauses=pauses, resumed_s=ramp.resumed_s)


def cap(ramp: Ramp, most_a: float) -> Ramp:
    """Return the ramp, lowered to a limit if it is above."""
    if ramp.value_a <= most_a:
        return ramp
    return replace(ramp, value_a=floor_offer(most_a), since_s=None, low_a=0.0)


def floor_offer(limit_a: float) -> float:
    """Return a limit as it can be offered: down to 0.1 A, and 0 below 6 A.

    A rounding error of binary fractions is ignored, so that 16.0 stays 16.0.
    """
    tenths = math.floor(limit_a * 10.0 + 1e-6)  # as amount_words
    return tenths / 10.0 if tenths >= 10.0 * MIN_OFFER_A else 0.0
