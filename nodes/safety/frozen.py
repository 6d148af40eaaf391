"""Whether the meter chip still measures. Pure.

A chip that hangs repeats its last values, and nobody would see an overcurrent or mains out of
range. While a current flows a sound chip does not repeat itself: the last digit of some current,
voltage or power, or of the frequency, changes. Without a current it may: the values may be zeros,
or a constant offset.

A chip that hangs just before the contactor opens shows its current for ever. So a current is no
proof of one through the open contactor while no bit differs from what was shown when it was closed
last, also if the chip has shown no current for a moment since (zeros of a disturbed bus).
"""

import math
from enum import Enum

from msgspec import Struct

from bus.moment import Moment
from nodes.safety.chip import Phases

LOADED_A = 1.0  # more on any phase is a current that a sound chip does not repeat
# A driver's values are no older than `chip.HOLD_S`, so there are 10 samples in it at least.
FROZEN_S = 5.0

Shown = tuple[float | None, ...]  # all values of the chip; None: no number


class ChipTrust(Enum):
    """What the values of the chip are worth."""

    MEASURES = "measures"
    OF_CLOSED = "of_closed"  # the contactor is open, and the currents may be those before
    FROZEN = "frozen"


class Repetition(Struct, frozen=True, kw_only=True):
    """The values that the chip shows under load, and since when."""

    is_heard: bool = False  # it has shown values since the start
    shown: Shown | None = None  # None: there is no load
    since_s: float = 0.0  # no bit has changed since
    # The newest values under load with a closed contactor, or the first of this process; None: the
    # chip has shown another load since.
    of_closed: Shown | None = None


UNHEARD = Repetition()


def watch(
    repetition: Repetition,
    moment: Moment,
    *,
    currents_a: Phases | None,
    voltages_v: Phases | None,
    powers_w: Phases | None,
    frequency_hz: float | None,
    is_open: bool,
) -> tuple[Repetition, ChipTrust]:
    """Return what is remembered after one more reading, and what its values are worth.

    :param is_open: the contactor is commanded open.
    """
    if currents_a is None:  # silence counts elsewhere, and shows no change
        return repetition, ChipTrust.MEASURES
    if not any(abs(current_a) > LOADED_A for current_a in currents_a):
        is_unknown = any(map(math.isnan, currents_a))
        return repetition if is_unknown else _unloaded(repetition), ChipTrust.MEASURES
    shown = _shown(currents_a, voltages_v, powers_w, frequency_hz)
    if shown != repetition.shown:
        is_first = not is_open or not repetition.is_heard
        is_of_closed = is_first or shown == repetition.of_closed
        repetition = Repetition(
            is_heard=True,
            shown=shown,
            since_s=moment.now_s,
            of_closed=shown if is_of_closed else None,
        )
    if moment.reached(repetition.since_s + FROZEN_S):
        return repetition, ChipTrust.FROZEN
    if is_open and shown == repetition.of_closed:
        return repetition, ChipTrust.OF_CLOSED
    return repetition, ChipTrust.MEASURES


def _unloaded(repetition: Repetition) -> Repetition:
    """Return what is remembered while no current is shown."""
    if repetition.is_heard and repetition.shown is None:
        return repetition
    return Repetition(is_heard=True, of_closed=repetition.of_closed)


def _shown(
    currents_a: Phases,
    voltages_v: Phases | None,
    powers_w: Phases | None,
    frequency_hz: float | None,
) -> Shown:
    numbers = (*currents_a, *(voltages_v or ()), *(powers_w or ()), frequency_hz)
    return tuple(None if number is None or math.isnan(number) else number for number in numbers)
