"""A limit that falls at once, and rises after the headroom has lasted. Pure.

It is 0, or 6 A and more. It rises only by fresh readings: headroom lasts only if the meter measures
it again. A short peak of the house must not open the contactor: with less than 6 A left the limit
falls to 6 A. It falls to 0 when a fresh reading taken 5 s or more later still leaves less than 6 A,
when no reading has come for 10 s, and at once above twice the fuse or while no charge is running.
While the thermal budget of the fuse carries 6 A, a peak pauses nothing.

Other loads that come and go must not make it oscillate. After the third peak within ten minutes it
rises only when none has come for two minutes; after the third pause within half an hour it stays at
0 until the headroom has lasted ten minutes.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import MIN_OFFER_A

RAISE_AFTER_S = 10.0  # assumed: twice the 5 s that a vehicle may take to follow (Table A.6)
RAISE_READINGS = 3  # fresh readings in a row that allow more (assumed: one may be a coincidence)
RAISE_BY_A = 0.5  # assumed: smaller steps are the meter's noise
RESUME_AFTER_S = 30.0  # assumed: spares the contactor; doubled with each pause
RESUME_AFTER_AT_MOST_S = 600.0  # assumed: a contactor endures six closings an hour
FORGET_AFTER_S = 3600.0  # assumed: after an hour without a pause the next one counts as the first
RESUME_AT_A = 6.5  # assumed: as far above the pause as the least raise
# Assumed: a fuse carries less than twice its current for minutes (IEC 60269-1, gG).
PAUSE_AFTER_S = 5.0  # a lack of headroom
PAUSE_UNREAD_S = 10.0  # a lack of headroom that no further reading has confirmed or ended
PAUSE_STALE_S = 12.0  # likewise by no fresh reading: a P1 port sends each 10 s, and two polls
PAUSE_AT_FUSES = (
    2  # the lack pauses at once when a phase carries more than this many times the fuse
)
# Assumed: a hob or an oven switches within a minute, a washing machine or an oven that is hot
# within ten.
PEAKS, PEAKS_S, RAISE_AFTER_PEAKS_S = 3, 600.0, 120.0
PULSES, PULSES_S, RESUME_AFTER_PULSES_S = 3, 1800.0, 600.0  # pauses within that time


class Ramp(Struct, frozen=True, kw_only=True):
    """The claim of the fuse, and what it rises by."""

    value_a: float  # 0: paused
    since_s: float | None = None  # readings allow more since this time
    low_a: float = 0.0  # the least that readings have allowed since `since_s`
    readings: int = 0  # fresh ones since `since_s`
    # Readings taken since then have left less than the 6 A that are offered; it is forgotten when
    # none has done so for `RAISE_AFTER_S`, so that a load that comes and goes pauses as well.
    lacks_since_s: float | None = None
    lacked_s: float = 0.0  # when the newest that left less than 6 A was taken
    is_lacking: bool = False  # it is the newest of all
    is_carried: bool = False  # the newest leaves less, and the fuse's budget carries 6 A
    peaks_s: tuple[float, ...] = ()  # when the newest peaks began, oldest first
    has_peaks: bool = False  # the last ones came close to each other
    pauses: int = 0  # since the plug-in, with less than an hour between them
    # When the other loads have last paused a charge, or broken off the wait for its end.
    pulses_s: tuple[float, ...] = ()
    is_pulsing: bool = False  # these came close to each other: the other loads come and go
    resumed_s: float | None = None  # when the last pause ended

    @property
    def raise_after_s(self) -> float:
        """Return how long the headroom must last before a raise, or the end of a pause [s]."""
        if self.value_a == 0.0:
            return self.resume_after_s
        return RAISE_AFTER_PEAKS_S if self.has_peaks else RAISE_AFTER_S

    def rises_s(self, period_s: float) -> float | None:
        """Return when it rises if the headroom lasts [monotonic s]; None: not enough is left.

        :param period_s: between two fresh readings
        """
        if self.since_s is None:
            return None
        missing = max(RAISE_READINGS - self.readings, 0)
        latest_s = self.since_s + (self.readings - 1 + missing) * period_s
        return max(self.since_s + self.raise_after_s, latest_s if missing else -math.inf)

    @property
    def resume_after_s(self) -> float:
        """Return how long the headroom must last before this pause ends [s].

        If no charge has been paused in this plug-in, no longer than before a raise.
        """
        if self.pauses == 0:
            return RAISE_AFTER_S
        if self.is_pulsing:
            return RESUME_AFTER_PULSES_S
        doublings = min(self.pauses - 1, 10)
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
    return replace(
        ramp,
        pauses=0,
        pulses_s=(),
        is_pulsing=False,
        peaks_s=(),
        has_peaks=False,
        resumed_s=None,
    )


def follow(
    ramp: Ramp,
    left_a: float,
    most_left_a: float,
    is_certain: bool,
    now_s: float,
    read_s: float,
    is_at_once: bool = False,
    is_charging: bool = True,
    is_fresh: bool = True,
    carried_a: float = 0.0,
) -> Ramp:
    """Return the ramp after a reading that leaves `left_a`.

    `most_left_a` is what it leaves if the meter lags behind the vehicle: the ramp falls only below
    that. A reading that is not certain yet neither raises nor pauses, nor does one that is not
    fresh.

    :param now_s: when the reading arrived [monotonic s]
    :param read_s: when it was taken [monotonic s]
    :param is_at_once: a lack pauses at once: a phase carries more than `PAUSE_AT_FUSES` times the
        fuse
    :param is_charging: if not, a lack pauses at once, and opens no contactor
    :param is_fresh: its values are new, see `meter_pace.py`
    :param carried_a: what it leaves of the thermal budget of the fuse
    """
    if most_left_a < ramp.value_a:
        value_a = floor_offer(most_left_a)
        if value_a > 0.0:
            value_a = min(value_a, ramp.value_a)
            return _stop_rise(replace(_suffices(ramp, read_s), value_a=value_a))
        ramp = _note_peak(ramp, read_s)
        is_carried = carried_a >= MIN_OFFER_A and ramp.value_a > 0.0
        if not is_carried or is_at_once or not is_charging:
            return _lack(ramp, is_certain, now_s, read_s, is_at_once, is_charging, is_fresh)
        ramp = replace(_suffices(ramp, read_s), is_carried=True, lacked_s=read_s)
        return _stop_rise(replace(ramp, value_a=MIN_OFFER_A))
    if not is_certain:
        return ramp
    ramp = _suffices(ramp, read_s)
    if left_a < (RESUME_AT_A if ramp.value_a == 0.0 else ramp.value_a + RAISE_BY_A):
        is_broken_off = ramp.pauses > 0 and ramp.value_a == 0.0 and ramp.since_s is not None
        if is_broken_off and left_a < MIN_OFFER_A:
            ramp = _note_pulse(ramp, now_s)
        return _stop_rise(ramp)
    if ramp.since_s is None:
        return replace(ramp, since_s=now_s, low_a=left_a, readings=1) if is_fresh else ramp
    ramp = replace(ramp, low_a=min(ramp.low_a, left_a), readings=ramp.readings + is_fresh)
    has_lasted = ramp.since_s is not None and now_s - ramp.since_s >= ramp.raise_after_s - 1e-6
    if not (has_lasted and ramp.readings >= RAISE_READINGS):
        return ramp
    raised = replace(ramp, value_a=floor_offer(ramp.low_a), has_peaks=False)
    if ramp.value_a == 0.0:
        raised = replace(raised, resumed_s=now_s, is_pulsing=False)
    return _stop_rise(raised)


def _stop_rise(ramp: Ramp) -> Ramp:
    return replace(ramp, since_s=None, low_a=0.0, readings=0)


def _note_pulse(ramp: Ramp, now_s: float) -> Ramp:
    pulses_s = (*ramp.pulses_s, now_s)[-PULSES:]
    has_pulses = len(pulses_s) == PULSES and now_s - pulses_s[0] <= PULSES_S
    return replace(ramp, pulses_s=pulses_s, is_pulsing=ramp.is_pulsing or has_pulses)


def _note_peak(ramp: Ramp, read_s: float) -> Ramp:
    """Return the ramp with a peak noted, if a charge goes on and this is its first reading."""
    if ramp.is_lacking or ramp.is_carried or ramp.value_a == 0.0:
        return ramp
    peaks_s = (*ramp.peaks_s, read_s)[-PEAKS:]
    has_peaks = len(peaks_s) == PEAKS and read_s - peaks_s[0] <= PEAKS_S
    return replace(ramp, peaks_s=peaks_s, has_peaks=has_peaks)


def _lack(
    ramp: Ramp,
    is_certain: bool,
    now_s: float,
    read_s: float,
    is_at_once: bool,
    is_charging: bool,
    is_fresh: bool,
) -> Ramp:
    """Return the ramp after a reading that leaves less than 6 A."""
    since_s = ramp.lacks_since_s
    confirms_s = PAUSE_AFTER_S if is_fresh else PAUSE_STALE_S
    is_confirmed = since_s is not None and read_s - since_s >= confirms_s - 1e-6
    if ramp.value_a == 0.0 or (is_certain and (is_confirmed or is_at_once or not is_charging)):
        return pause(ramp, now_s, is_charging=is_charging)
    return _stop_rise(
        replace(
            ramp,
            value_a=MIN_OFFER_A,
            lacks_since_s=read_s if since_s is None else since_s,
            lacked_s=read_s,
            is_lacking=True,
            is_carried=False,
        )
    )


def _suffices(ramp: Ramp, read_s: float) -> Ramp:
    """Return the ramp after a reading that leaves 6 A or more."""
    is_over = read_s - ramp.lacked_s >= RAISE_AFTER_S
    lacks_since_s = None if is_over else ramp.lacks_since_s
    return replace(ramp, is_lacking=False, is_carried=False, lacks_since_s=lacks_since_s)


def is_unread(ramp: Ramp, moment: Moment) -> bool:
    """Return whether the readings stopped while they left too little: the ramp has to pause."""
    is_short = ramp.is_lacking or ramp.is_carried
    return is_short and moment.reached(ramp.lacked_s + PAUSE_UNREAD_S)


def pause(ramp: Ramp, now_s: float, *, is_charging: bool = True) -> Ramp:
    """Return the ramp at 0 A, with the pause counted if it is a new one.

    :param is_charging: if not, it opens no contactor and does not count
    """
    if ramp.value_a == 0.0:
        if ramp.since_s is not None and ramp.pauses > 0:
            ramp = _note_pulse(ramp, now_s)
        return _stop_rise(ramp)
    paused = Ramp(value_a=0.0, pauses=ramp.pauses, pulses_s=ramp.pulses_s, resumed_s=ramp.resumed_s)
    if not is_charging:
        return paused
    is_first = ramp.resumed_s is not None and now_s - ramp.resumed_s >= FORGET_AFTER_S
    return _note_pulse(replace(paused, pauses=1 if is_first else ramp.pauses + 1), now_s)


def cap(ramp: Ramp, most_a: float) -> Ramp:
    """Return the ramp, lowered to a limit if it is above."""
    if ramp.value_a <= most_a:
        return ramp
    return _stop_rise(replace(ramp, value_a=floor_offer(most_a)))


def floor_offer(limit_a: float) -> float:
    """Return a limit as it can be offered: down to 0.1 A, and 0 below 6 A.

    A rounding error of binary fractions is ignored, so that 16.0 stays 16.0.
    """
    tenths = math.floor(limit_a * 10.0 + 1e-6)  # as amount_words
    return tenths / 10.0 if tenths >= 10.0 * MIN_OFFER_A else 0.0
