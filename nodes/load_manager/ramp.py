"""A limit that falls at once, and rises after the headroom has lasted. Pure.

It is 0, or 6 A and more. Only readings move it: headroom lasts only if the meter measures it again.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from msgs.pilot import MIN_OFFER_A

RAISE_AFTER_S = 10.0  # assumed: twice the 5 s that a vehicle may take to follow (Table A.6)
RAISE_BY_A = 0.5  # assumed: smaller steps are the meter's noise
RESUME_AFTER_S = 30.0  # assumed: spares the contactor; doubled with each pause
RESUME_AFTER_AT_MOST_S = 600.0  # assumed: a contactor endures six closings an hour
FORGET_AFTER_S = 3600.0  # assumed: after an hour without a pause the next one counts as the first
RESUME_AT_A = 6.5  # assumed: as far above the pause as the least raise


class Ramp(Struct, frozen=True, kw_only=True):
    """The claim of the fuse, and what it rises by."""

    value_a: float  # 0: paused
    since_s: float | None = None  # readings allow more since this time
    low_a: float = 0.0  # the least that readings have allowed since `since_s`
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


def follow(ramp: Ramp, left_a: float, most_left_a: float, is_certain: bool, now_s: float) -> Ramp:
    """Return the ramp after a reading that leaves `left_a`.

    `most_left_a` is what it leaves if the meter lags behind the vehicle: the ramp falls only below
    that. A reading that is not certain yet neither raises nor pauses.
    """
    if most_left_a < ramp.value_a:
        value_a = floor_offer(most_left_a)
        if value_a == 0.0 and not is_certain:
            value_a = MIN_OFFER_A
        if value_a == 0.0:
            return _pause(ramp, now_s)
        return replace(ramp, value_a=min(value_a, ramp.value_a), since_s=None, low_a=0.0)
    if not is_certain:
        return ramp
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


def _pause(ramp: Ramp, now_s: float) -> Ramp:
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
