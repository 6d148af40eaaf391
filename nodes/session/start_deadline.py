"""How long a card's authorisation waits for the charge to be started (RFID-4). Pure.

A deadline runs by the monotonic clock, also over a restart in place; its UTC is for persons, and
follows the clock when that is set.
"""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from nodes.session.duration import SET_NS
from nodes.session.entry import Entry

LAPSE_S = 60.0  # RFID-4: from the authorisation on
# Assumed: what the box itself needs after a plug-in, disk, self-test (2.2 s at most) and the
# pilot's 5 s between two changes. The authorisation of a vehicle that is plugged in late must not
# lapse because of this time.
LATE_S = 10.0


class StartDeadline(Struct, frozen=True, kw_only=True):
    """Until when the charge has to be started."""

    until_s: float
    until_utc_ns: int


class Authorization(Struct, frozen=True, kw_only=True):
    """A card has authorised, and no session has begun with it yet (CHG-1)."""

    token: str
    deadline: StartDeadline


def after(seconds: float, now_s: float, utc_ns: int) -> StartDeadline:
    """Return the deadline after a time [s]."""
    return StartDeadline(until_s=now_s + seconds, until_utc_ns=utc_ns + int(seconds * 1e9))


def whole(now_s: float, utc_ns: int) -> StartDeadline:
    """Return the deadline of a new authorisation."""
    return after(LAPSE_S, now_s, utc_ns)


def at_start(deadline: StartDeadline, now_s: float, utc_ns: int) -> StartDeadline:
    """Return the deadline for the session that begins with an authorisation."""
    return deadline if deadline.until_s >= now_s + LATE_S else after(LATE_S, now_s, utc_ns)


def after_wait(
    deadline: StartDeadline, wait_s: float, moment: Moment, utc_ns: int
) -> StartDeadline:
    """Return the deadline of a charge that the box does not start before the end of its own wait.

    It moves once, because the rest of the wait is published in whole seconds.
    """
    if not moment.reached(deadline.until_s - wait_s - LATE_S / 2):
        return deadline
    return after(wait_s + LATE_S, moment.now_s, utc_ns)


def found(entry: Entry, now_s: float, utc_ns: int, *, is_same_boot: bool) -> StartDeadline | None:
    """Return the stored deadline after a restart; None if the charge was started before.

    In another boot, and if an older version has stored it, the time begins again.
    """
    if not entry.lapses_utc_ns:
        return None
    if not is_same_boot or not entry.lapses_ns:
        return whole(now_s, utc_ns)
    return StartDeadline(until_s=entry.lapses_ns / 1e9, until_utc_ns=entry.lapses_utc_ns)


def by_clock(deadline: StartDeadline, now_s: float, utc_ns: int) -> StartDeadline:
    """Return the same deadline, its UTC by the clock as it is set now."""
    until_utc_ns = utc_ns + round((deadline.until_s - now_s) * 1e9)
    is_set = abs(until_utc_ns - deadline.until_utc_ns) > SET_NS
    return replace(deadline, until_utc_ns=until_utc_ns) if is_set else deadline
