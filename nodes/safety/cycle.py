"""Safety's own cycle: how late a look comes, and what that means. Pure.

The hardware watchdog drops the coil only after 1.0 s, and a driver may still have fresh values
after a stall. So safety itself measures the gap between two looks.
"""

from enum import Enum

from msgspec import Struct

from bus.moment import Moment

# With the contactor closed looks are 10 ms apart: a longer gap means that one look was missed.
LATE_S = 0.02
# Up to MOST_LATE late looks are allowed within WITHIN_S.
MOST_LATE, WITHIN_S = 3, 10.0
TOO_LATE_S = 0.1
# Half of the hardware watchdog's hold: the coil may have dropped, and earlier readings do not count
# any more.
STALLED_S = 0.5


# A reading that took longer counts as failed: it is the hold of safety's own inputs.
READ_S = 0.05


def is_read_in_time(began_s: float, ended_s: float) -> bool:
    """Return whether a reading of the devices is recent: a device bus may hang during it."""
    return ended_s - began_s <= READ_S


def is_driven_in_time(looked_s: float, now_s: float) -> bool:
    """Return whether a look may still drive the coil; the next look judges the gap."""
    return now_s - looked_s <= TOO_LATE_S


class Lateness(Enum):
    """What the gap before a look means."""

    IN_TIME = "in_time"
    LATE = "late"  # a closed contactor stays closed only if this reading alone shows C or D
    TOO_LATE = "too_late"  # a closed contactor opens, a self-test begins again
    STALLED = "stalled"  # as TOO_LATE, and earlier readings do not count


class Cycle(Struct, frozen=True, kw_only=True):
    """The times of the last late looks with the contactor closed."""

    late_at_s: tuple[float, ...] = ()


def watch(
    cycle: Cycle, moment: Moment, since_s: float, *, is_closed: bool
) -> tuple[Cycle, Lateness]:
    """Judge the gap before this look.

    :param since_s: since the look before.
    :param is_closed: the contactor is commanded closed: then looks are 10 ms apart.
    """
    if since_s <= LATE_S:
        return cycle, Lateness.IN_TIME
    if not is_closed:
        if since_s <= TOO_LATE_S:
            return cycle, Lateness.IN_TIME  # looks may be 25 ms apart, and it is open already
        return cycle, _long(since_s)
    recent_s = tuple(at_s for at_s in cycle.late_at_s if not moment.reached(at_s + WITHIN_S))
    cycle = Cycle(late_at_s=(*recent_s, moment.now_s)[-MOST_LATE:])
    if since_s <= TOO_LATE_S and len(recent_s) < MOST_LATE:
        return cycle, Lateness.LATE
    return cycle, _long(since_s)


def _long(since_s: float) -> Lateness:
    return Lateness.STALLED if since_s > STALLED_S else Lateness.TOO_LATE
