"""How the current follows the temperature: when it is reduced, and when it is raised. Pure.

The box is a closed housing with a time constant of 44 minutes: it needs no quick answer below the
cut-off, and a vehicle and its user need an offer that rests. The current follows `Pace.celsius`,
not the reading itself:

- A reading that is a step hotter for 5 s reduces the current: a vehicle has 5 s to follow a change.
- Readings that are all 3 K cooler for 30 s raise it, to what the hottest of them and 2.5 K allow. A
  step of 0.5 K is 1.3 A of 32 A, which changes the temperature at rest by 2.5 K at most
  (`nodes/plant/thermal.py`): so neither noise nor the heat of the raised current causes a cycle.

The cut-off of LED-5 waits for neither (`heat.py`).
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment

DERATE_FROM_C, DERATE_TO_C = 70.0, 80.0  # CHG-5: from full current down to 6 A
STEP_K = 0.5  # assumed: 1.3 A of 32 A
LOWER_AFTER_S = 5.0  # IEC 61851-1, Table A.6, seq. 5/6
RETURN_S = 1.0  # assumed: a shorter return below the step is noise
HYSTERESIS_K, MARGIN_K = 3.0, 2.5  # assumed: see above
RAISE_AFTER_S = 30.0  # assumed


class Pace(Struct, frozen=True, kw_only=True):
    """What the current follows, and since when the readings differ from it."""

    celsius: float = DERATE_FROM_C  # at or below it is full current
    is_known: bool = False  # a temperature has been read since the start
    hotter_since_s: float | None = None  # a step hotter since, with returns of less than a second
    returned_s: float | None = None  # not a step hotter any more since
    cooler_since_s: float | None = None
    most_c: float = -math.inf  # the hottest reading since then


NO_PACE = Pace()


def follow(pace: Pace, celsius: float, moment: Moment) -> Pace:
    """Return the pace after one more reading [degC]; the first one counts at once."""
    hot_c = min(max(celsius, DERATE_FROM_C), DERATE_TO_C)
    if not pace.is_known:
        return Pace(celsius=hot_c, is_known=True)
    hotter_since_s, returned_s = pace.hotter_since_s, pace.returned_s
    if hot_c >= pace.celsius + STEP_K:
        hotter_since_s = moment.now_s if hotter_since_s is None else hotter_since_s
        returned_s = None
        if moment.reached(hotter_since_s + LOWER_AFTER_S):
            return Pace(celsius=hot_c, is_known=True)
    elif hotter_since_s is not None:
        returned_s = moment.now_s if returned_s is None else returned_s
        if moment.reached(returned_s + RETURN_S):
            hotter_since_s = returned_s = None
    cooler_since_s: float | None = None
    most_c = -math.inf
    if pace.celsius > DERATE_FROM_C and celsius <= pace.celsius - HYSTERESIS_K:
        cooler_since_s = moment.now_s if pace.cooler_since_s is None else pace.cooler_since_s
        most_c = max(pace.most_c, celsius)
        if moment.reached(cooler_since_s + RAISE_AFTER_S):
            return Pace(celsius=max(most_c + MARGIN_K, DERATE_FROM_C), is_known=True)
    after = Pace(
        celsius=pace.celsius,
        is_known=True,
        hotter_since_s=hotter_since_s,
        returned_s=returned_s,
        cooler_since_s=cooler_since_s,
        most_c=most_c,
    )
    return pace if after == pace else after


def hold_raise(pace: Pace) -> Pace:
    """Return a pace whose next raise has its whole time to come."""
    if pace.cooler_since_s is None:
        return pace
    return replace(pace, cooler_since_s=None, most_c=-math.inf)
