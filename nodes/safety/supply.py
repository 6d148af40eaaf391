"""Mains and current: what the box's meter chip says, held against time and the offer. Pure.

A value that is no number, or that the chip cannot show, is not the chip's word: it counts as
silence. Silence is no passing thing here: without the chip nobody sees an overcurrent.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.pilot import MIN_OFFER_A
from nodes.safety.chain import Phases

LEAST_V, MOST_V = 160.0, 280.0  # ERR-8002
FAR_V = 300.0  # so far above there is no second to lose (hardware.md 2.3)
OUTSIDE_S, FAR_S = 1.0, 0.1  # hardware.md 2.3
BACK_LEAST_V, BACK_MOST_V = 165.0, 275.0  # in range again: 5 V of hysteresis (hardware.md 2.3)
STABLE_S = 30.0  # so long in range before it is tried again (hardware.md 2.3)
ABSENT_V = 50.0  # touch voltage limit, IEC 60364-4-41: below it there is no mains
SILENT_S = 5.0  # the hold of meter/box: blind for 8002 and 4003
# 4003: EVerest's rule by the offer on the line, and a fast one for those who ignore it altogether.
SLOW_MARGIN_A, SLOW_RATIO, SLOW_S = 0.5, 1.10, 7.0
FAST_RATIO, FAST_S = 1.25, 1.0
GRACE_S = 5.0  # the vehicle's time to follow a lowered offer: IEC 61851-1, Table A.6, seq. 5/6
STRAY_A, STRAY_S = 1.0, 1.0  # current through an open contactor (hardware.md 2.4)
MOST_SHOWN_V, MOST_SHOWN_A = 500.0, 200.0  # assumed: full scale of a meter chip for 32 A


class Supply(Struct, frozen=True, kw_only=True):
    """What is remembered from one reading to the next; times are since when [s]."""

    silent_since_s: float | None = None
    outside_since_s: float | None = None
    far_since_s: float | None = None
    inside_since_s: float | None = None
    slow_since_s: float | None = None
    fast_since_s: float | None = None
    stray_since_s: float | None = None
    offered_a: float = 0.0
    lowered_s: float = float("-inf")  # when the offer was last lowered

    @property
    def is_waiting(self) -> bool:
        """Return whether time alone would make a fault of what is seen."""
        return (
            self.silent_since_s is not None
            or self.outside_since_s is not None
            or self.stray_since_s is not None
        )


QUIET = Supply()


class SupplyFacts(Struct, frozen=True, kw_only=True):
    """What is wrong, in words; "" where nothing is."""

    mains: str  # 8002
    excess: str  # 4003
    stray: str  # 8007: current through a contactor that is open by command
    is_stable: bool  # the mains have been in range for 30 s
    is_unloaded: bool  # known to be below 1 A on every phase


def has_mains(voltages_v: Phases | None, load_voltage: bool) -> bool:
    """Return whether mains are seen at all: by the chip, or behind the contactor."""
    if load_voltage is not False:
        return True
    return voltages_v is not None and any(not voltage_v < ABSENT_V for voltage_v in voltages_v)


def watch(
    supply: Supply,
    now_s: float,
    *,
    voltages_v: Phases | None,
    currents_a: Phases | None,
    phases: int,
    offered_a: float,
    is_open: bool,
) -> tuple[Supply, SupplyFacts]:
    """Take the supply one reading on.

    :param phases: that the box is wired to, 1 or 3; those that are not are ignored.
    :param offered_a: what the duty on the line offers; 0 in x1 and F, when the vehicle has its
        6 s to stop.
    :param is_open: the contactor is commanded open.
    """
    volts = None if voltages_v is None else voltages_v[:phases]
    amps = currents_a
    if volts is not None and not all(-1.0 <= volt <= MOST_SHOWN_V for volt in volts):
        volts = None
    if amps is not None and not all(abs(amp) <= MOST_SHOWN_A for amp in amps):
        amps = None
    most_a = 0.0 if amps is None else max(abs(amp) for amp in amps)
    lowered_s = now_s if offered_a < supply.offered_a else supply.lowered_s
    is_offered = not is_open and offered_a >= MIN_OFFER_A
    outside = volts is not None and not all(LEAST_V <= volt <= MOST_V for volt in volts)
    inside = volts is not None and all(BACK_LEAST_V <= volt <= BACK_MOST_V for volt in volts)
    after = Supply(
        silent_since_s=_since(supply.silent_since_s, volts is None or amps is None, now_s),
        outside_since_s=_since(supply.outside_since_s, outside, now_s),
        far_since_s=_since(supply.far_since_s, volts is not None and max(volts) > FAR_V, now_s),
        inside_since_s=_since(supply.inside_since_s, inside, now_s),
        slow_since_s=_since(
            supply.slow_since_s,
            is_offered and most_a > (offered_a + SLOW_MARGIN_A) * SLOW_RATIO,
            now_s,
        ),
        fast_since_s=_since(
            supply.fast_since_s,
            is_offered and now_s - lowered_s >= GRACE_S and most_a > offered_a * FAST_RATIO,
            now_s,
        ),
        stray_since_s=_since(supply.stray_since_s, is_open and most_a > STRAY_A, now_s),
        offered_a=offered_a,
        lowered_s=lowered_s,
    )
    if after == supply:
        after = supply
    return after, SupplyFacts(
        mains=_mains_words(after, now_s, volts),
        excess=_excess_words(after, now_s, most_a),
        stray=(
            f"{most_a:.1f} A flow though the contactor is commanded open"
            if _lasts(after.stray_since_s, STRAY_S, now_s)
            else ""
        ),
        is_stable=_lasts(after.inside_since_s, STABLE_S, now_s),
        is_unloaded=amps is not None and most_a < STRAY_A,
    )


def blink(supply: Supply) -> Supply:
    """Return what outlives a moment without sight: nothing is timed through it."""
    kept = replace(QUIET, offered_a=supply.offered_a, lowered_s=supply.lowered_s)
    return supply if kept == supply else kept


def _mains_words(supply: Supply, now_s: float, volts: tuple[float, ...] | None) -> str:
    if _lasts(supply.outside_since_s, OUTSIDE_S, now_s) or _lasts(supply.far_since_s, FAR_S, now_s):
        shown = ", ".join(f"L{line} {volt:.0f} V" for line, volt in enumerate(volts or (), 1))
        return f"the mains are outside {LEAST_V:.0f} V to {MOST_V:.0f} V: {shown}"
    if _lasts(supply.silent_since_s, SILENT_S, now_s):
        return "the box's meter chip is silent: neither mains voltage nor current is known"
    return ""


def _excess_words(supply: Supply, now_s: float, most_a: float) -> str:
    if _lasts(supply.slow_since_s, SLOW_S, now_s) or _lasts(supply.fast_since_s, FAST_S, now_s):
        return f"the vehicle draws {most_a:.1f} A, and {supply.offered_a:.1f} A are offered"
    return ""


def _since(since_s: float | None, holds: bool, now_s: float) -> float | None:
    if not holds:
        return None
    return now_s if since_s is None else since_s


def _lasts(since_s: float | None, for_s: float, now_s: float) -> bool:
    return since_s is not None and now_s - since_s >= for_s
