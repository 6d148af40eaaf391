"""Derating: from two sensors and a switch, what is too hot and how much current is left. Pure.

How the current follows the temperature below the cut-off is in `pace.py`.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import MIN_OFFER_A
from nodes.safety.pace import DERATE_FROM_C, DERATE_TO_C, NO_PACE, Pace, follow, hold_raise

RESUME_BELOW_C = 65.0  # LED-5: cooled
COLDEST_C, HOTTEST_C = -50.0, 150.0  # what an NTC can show; outside it is open or shorted
LEAP_K = 10.0  # a terminal changes by less in a second (hardware.md 2.5): else a loose sensor
LEAP_S = 1.0
SURE_READS = 10  # 0.1 s; a bad reading counts as much as two good ones
COOLING_S = 60.0  # assumed: no box cools faster; toggling would wear the contactor out


class Derating(Struct, frozen=True, kw_only=True):
    """What is remembered from one reading to the next."""

    celsius: float | None = None  # of the hotter sensor, at most 1 s old
    since_s: float = 0.0  # when `celsius` was taken, or when a leap left it
    is_leaping: bool = False
    reads: int = 0  # evidence for too hot
    is_hot: bool = False
    cooling_since_s: float = math.inf  # below the limit since; infinity while too hot
    pace: Pace = NO_PACE


COLD = Derating()


def update(
    derating: Derating, moment: Moment, terminal_c: float, board_c: float, *, is_switched_off: bool
) -> tuple[Derating, float]:
    """Return the derating after one more reading, and the temperature that counts [degC].

    Too hot after 0.1 s above 80 degC, or when the switch opens; over when a minute has passed and
    it is below 65 degC. A sensor that is open or shorted, or whose value is no number, counts as
    the hottest value; a sensor whose value has leapt counts so for one second.
    """
    now_s = moment.now_s
    celsius = max(_celsius(terminal_c), _celsius(board_c))
    before_c, since_s, is_leaping = derating.celsius, derating.since_s, False
    if before_c is None:
        before_c, since_s = celsius, now_s
    elif celsius != before_c:
        is_leaping = abs(celsius - before_c) > LEAP_K
        if is_leaping and not derating.is_leaping:
            since_s = now_s
        elif moment.reached(since_s + LEAP_S):
            before_c, since_s, is_leaping = celsius, now_s, False
    if is_leaping:
        celsius = HOTTEST_C
    is_hot_now = celsius > DERATE_TO_C or is_switched_off
    reads = min(derating.reads + 2, 2 * SURE_READS) if is_hot_now else max(derating.reads - 1, 0)
    is_hot, cooling_since_s = derating.is_hot, derating.cooling_since_s
    if is_hot_now and (is_hot or is_switched_off or reads >= 2 * SURE_READS):
        is_hot, cooling_since_s = True, math.inf
    elif is_hot:
        cooling_since_s = min(cooling_since_s, now_s)
        is_cooled = moment.reached(cooling_since_s + COOLING_S)
        is_hot = celsius >= RESUME_BELOW_C or not is_cooled
    pace = follow(derating.pace, celsius, moment)
    if derating.is_hot and not is_hot:
        pace = hold_raise(pace)  # the end of the pause is a raise
    after = Derating(
        celsius=before_c,
        since_s=since_s,
        is_leaping=is_leaping,
        reads=reads,
        is_hot=is_hot,
        cooling_since_s=cooling_since_s,
        pace=pace,
    )
    return (derating if after == derating else after), celsius


def carry_over(derating: Derating) -> Derating:
    """Return the derating after a failed reading."""
    return replace(
        COLD,
        reads=derating.reads,
        is_hot=derating.is_hot,
        cooling_since_s=derating.cooling_since_s,
        pace=hold_raise(derating.pace),
    )


def limit_of_temperature(full_a: float, temperature_c: float, is_hot: bool) -> float:
    """Return the current [A] that a temperature [degC] allows, in steps of 0.1 A (CHG-5).

    :param temperature_c: `Pace.celsius`, not the reading itself.
    """
    if is_hot:
        return 0.0
    if temperature_c <= DERATE_FROM_C:
        return full_a
    left = max(0.0, (DERATE_TO_C - temperature_c) / (DERATE_TO_C - DERATE_FROM_C))
    return math.floor((MIN_OFFER_A + (full_a - MIN_OFFER_A) * left) * 10.0 + 1e-6) / 10.0


def _celsius(value_c: float) -> float:
    return value_c if COLDEST_C <= value_c <= HOTTEST_C else HOTTEST_C
