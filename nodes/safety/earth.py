"""Whether the protective earth is there, by the measured loop. Pure.

A loop that is disturbed for a moment opens the contactor, and the charge is tried again. Only a
loop that stays bad with the contactor proven open is a missing earth (ERR-RED): nothing is offered
meanwhile, so that it may take its time.
"""

from msgspec import Struct

from bus.moment import Moment

# Devices in the field refuse from 300 to 500 ohm on (field.md); good loops are below 100 ohm.
LIMIT_OHM = 500.0
# 0.1 s until it is bad; 0.2 s if every second reading is bad, and until it is good again.
SURE_READS = 10
CONFIRMED_S = 2.0  # assumed: longer than most disturbances, and short for a person who waits


class Earth(Struct, frozen=True, kw_only=True):
    """What is remembered from one reading to the next."""

    reads: int = 0  # evidence against it: a bad reading counts as much as two good ones
    is_bad: bool = False
    bad_since_s: float | None = None  # with the contactor proven open


SOUND = Earth()


def watch(
    earth: Earth, moment: Moment, earth_ohm: float, *, has_loop: bool, is_proven_open: bool
) -> tuple[Earth, bool]:
    """Return the earth after one more reading, and whether it is confirmed as missing.

    :param has_loop: False: a grid whose earth loop cannot be measured (IT).
    """
    is_good_now = not has_loop or 0.0 <= earth_ohm <= LIMIT_OHM
    if is_good_now and earth is SOUND:
        return earth, False
    reads = max(earth.reads - 1, 0) if is_good_now else min(earth.reads + 2, 2 * SURE_READS)
    is_bad = reads > 0 if earth.is_bad else reads >= 2 * SURE_READS
    bad_since_s = earth.bad_since_s
    if not (is_bad and is_proven_open):
        bad_since_s = None
    elif bad_since_s is None:
        bad_since_s = moment.now_s
    after = Earth(reads=reads, is_bad=is_bad, bad_since_s=bad_since_s)
    is_missing = (
        not is_good_now and bad_since_s is not None and moment.reached(bad_since_s + CONFIRMED_S)
    )
    return (earth if after == earth else SOUND if after == SOUND else after), is_missing
