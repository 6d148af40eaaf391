"""Mains and current: the values of the box's meter chip, over time and against the offer. Pure.

A bad value counts after a time. Bad readings add their time, good ones subtract it, unknown ones do
neither: so a value that comes and goes counts as well, and unknown values clear nothing. Silence
counts the same way: without the chip no overcurrent is seen.

The voltage of a phase that does not count is ignored, its current never: the voltage tap of a phase
may be defective. A known value counts even if others are unknown.
"""

import math
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import MIN_OFFER_A
from nodes.safety.chip import Phases

LEAST_V, MOST_V = 160.0, 280.0  # ERR-8002
FAR_V = 300.0  # above it the time is shorter (hardware.md 2.3)
OUTSIDE_S, FAR_S = 1.0, 0.1  # hardware.md 2.3
BACK_LEAST_V, BACK_MOST_V = 165.0, 275.0  # in range again: 5 V of hysteresis (hardware.md 2.3)
STABLE_S = 30.0  # in range before a retry (hardware.md 2.3)
ABSENT_V = 50.0  # touch voltage limit, IEC 60364-4-41: below it there is no mains
SILENT_S = 5.0  # the hold of meter/box: 8002 and 4003 are not seen without it
# 4003: EVerest's rule by the offer on the line, and a fast one for a vehicle that ignores it.
SLOW_MARGIN_A, SLOW_RATIO, SLOW_S = 0.5, 1.10, 7.0
FAST_RATIO, FAST_S = 1.25, 1.0
GRACE_S = 5.0  # the vehicle's time to follow a lowered offer: IEC 61851-1, Table A.6, seq. 5/6
SAME_S = 0.25  # assumed: offers lowered within this time are kept as one
STRAY_A, STRAY_S = 1.0, 1.0  # current through an open contactor (hardware.md 2.4)
MOST_S = 0.1  # assumed: one reading stands for at most this time


Voltages = tuple[float | None, float | None, float | None]  # L1, L2, L3; None: does not count


class Supply(Struct, frozen=True, kw_only=True):
    """What is remembered from one reading to the next; `..._s` is the time counted by `spend`."""

    silent_s: float = 0.0
    outside_s: float = 0.0
    far_s: float = 0.0
    slow_s: float = 0.0
    fast_s: float = 0.0
    stray_s: float = 0.0
    inside_since_s: float | None = None
    offered_a: float = 0.0
    lowered: tuple[tuple[float, float], ...] = ()  # when it was lowered [s], and from what [A]


QUIET = Supply()


class MainsFault(Enum):
    """What is wrong with the mains (8002)."""

    RANGE = "range"  # outside 160 to 280 V
    SILENT = "silent"  # the meter chip is silent or frozen: its values are unknown


class SupplyEvaluation(Struct, frozen=True, kw_only=True):
    """What is wrong, and what was measured."""

    mains: MainsFault | None  # 8002
    has_excess: bool  # 4003
    has_stray: bool  # 8007: current through a contactor that is open by command
    most_a: float | None  # the largest current that is known; None: none is
    voltages_v: Voltages | None  # of the phases that count; None: none is known
    is_stable: bool  # the mains have been in range for 30 s
    is_unloaded: bool  # known to be below 1 A on every phase


def has_mains(voltages_v: Phases | None, load_voltage: bool) -> bool | None:
    """Return whether mains are seen, by the chip or behind the contactor; None: unknown."""
    if load_voltage is not False:
        return True
    if voltages_v is None or any(math.isnan(volt) for volt in voltages_v):
        return None
    return max(voltages_v) >= ABSENT_V


def spend(spent_s: float, is_bad: bool | None, since_s: float, most_s: float) -> float:
    """Return the counted time of something bad after one more reading.

    :param is_bad: None: unknown.
    :param most_s: more than this is a fault; only little more is kept, so that it can clear.
    """
    if is_bad is None:
        return spent_s
    since_s = min(since_s, MOST_S)
    if not is_bad:
        return max(0.0, round(spent_s - since_s, 6))
    return min(round(spent_s + since_s, 6), most_s + MOST_S)


def watch(
    supply: Supply,
    moment: Moment,
    since_s: float,
    *,
    voltages_v: Phases | None,
    currents_a: Phases | None,
    counts: tuple[bool, bool, bool],
    offered_a: float,
    is_open: bool,
    is_frozen: bool,
) -> tuple[Supply, SupplyEvaluation]:
    """Update the supply with one reading.

    :param since_s: since the reading before.
    :param counts: the phases that count; one at least.
    :param offered_a: what the duty on the line offers; 0 in X1 and F, where the vehicle has 6 s to
        stop.
    :param is_open: the contactor is commanded open.
    :param is_frozen: the chip has repeated its values for the time of a silence: that is one.
    """
    voltages, are_volts_known = _voltages(voltages_v, counts)
    volts = tuple(volt for volt in voltages if volt is not None)
    most_a, are_amps_known = _most_a(currents_a, counts)
    lowered, largest_a = _offers(supply, moment, offered_a)
    is_offered = not is_open and offered_a >= MIN_OFFER_A
    are_known = are_volts_known and are_amps_known
    is_inside = are_known and all(BACK_LEAST_V <= volt <= BACK_MOST_V for volt in volts)
    inside_since_s = supply.inside_since_s
    if not is_inside:
        inside_since_s = None
    elif inside_since_s is None:
        inside_since_s = moment.now_s
    is_outside = not all(LEAST_V <= volt <= MOST_V for volt in volts)
    is_far = any(volt > FAR_V for volt in volts)
    seen_a = 0.0 if most_a is None else most_a
    slow_s = fast_s = stray_s = 0.0
    if is_offered:
        is_slow = seen_a > (largest_a + SLOW_MARGIN_A) * SLOW_RATIO
        is_fast = seen_a > largest_a * FAST_RATIO
        slow_s = spend(supply.slow_s, is_slow or _good(are_amps_known), since_s, SLOW_S)
        fast_s = spend(supply.fast_s, is_fast or _good(are_amps_known), since_s, FAST_S)
    if is_open:
        is_stray = seen_a > STRAY_A
        stray_s = spend(supply.stray_s, is_stray or _good(are_amps_known), since_s, STRAY_S)
    silent_s = max(supply.silent_s, SILENT_S) if is_frozen else supply.silent_s
    after = Supply(
        silent_s=spend(silent_s, not are_known, since_s, SILENT_S),
        outside_s=spend(supply.outside_s, is_outside or _good(are_volts_known), since_s, OUTSIDE_S),
        far_s=spend(supply.far_s, is_far or _good(are_volts_known), since_s, FAR_S),
        slow_s=slow_s,
        fast_s=fast_s,
        stray_s=stray_s,
        inside_since_s=inside_since_s,
        offered_a=offered_a,
        lowered=lowered,
    )
    if after == supply:
        after = supply
    return after, SupplyEvaluation(
        mains=_mains_fault(after),
        has_excess=after.slow_s > SLOW_S or after.fast_s > FAST_S,
        has_stray=after.stray_s > STRAY_S,
        most_a=most_a,
        voltages_v=voltages if volts else None,
        is_stable=inside_since_s is not None and moment.reached(inside_since_s + STABLE_S),
        is_unloaded=are_amps_known and seen_a < STRAY_A,
    )


def carry_over(supply: Supply) -> Supply:
    """Return the supply after a failed reading: the counted times stay."""
    return supply if supply.inside_since_s is None else replace(supply, inside_since_s=None)


def _offers(
    supply: Supply, moment: Moment, offered_a: float
) -> tuple[tuple[tuple[float, float], ...], float]:
    """Return the offers lowered in the last 5 s, and the largest that may still be drawn."""
    lowered = tuple(one for one in supply.lowered if not moment.reached(one[0] + GRACE_S))
    if offered_a < supply.offered_a:
        left_a = supply.offered_a
        if lowered and not moment.reached(lowered[-1][0] + SAME_S):
            left_a = max(left_a, lowered[-1][1])
            lowered = lowered[:-1]
        lowered = (*lowered, (moment.now_s, left_a))
    return lowered, max([offered_a, *(left_a for _, left_a in lowered)])


def _voltages(voltages_v: Phases | None, counts: tuple[bool, bool, bool]) -> tuple[Voltages, bool]:
    """Return the voltages that count and are numbers, and whether all that count are."""
    if voltages_v is None:
        return (None, None, None), False
    first, second, third = (
        volt if does and not math.isnan(volt) else None
        for volt, does in zip(voltages_v, counts, strict=True)
    )
    voltages = first, second, third
    return voltages, voltages.count(None) == counts.count(False)


def _most_a(
    currents_a: Phases | None, counts: tuple[bool, bool, bool]
) -> tuple[float | None, bool]:
    """Return the largest current of all phases, and whether those of all that count are known."""
    if currents_a is None:
        return None, False
    if any(map(math.isnan, currents_a)):
        known = (abs(amp) for amp in currents_a if not math.isnan(amp))
        nans = map(math.isnan, currents_a)
        is_missing = any(does and is_nan for does, is_nan in zip(counts, nans, strict=True))
        return max(known, default=None), not is_missing
    return max(map(abs, currents_a)), True


def _good(is_known: bool) -> bool | None:
    """Return `is_bad` of `spend` for a value that is not bad; None if it is not known."""
    return False if is_known else None


def _mains_fault(supply: Supply) -> MainsFault | None:
    if supply.outside_s > OUTSIDE_S or supply.far_s > FAR_S:
        return MainsFault.RANGE
    return MainsFault.SILENT if supply.silent_s > SILENT_S else None
