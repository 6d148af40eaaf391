"""Evaluate one reading: refuse impossible values, ignore single stray readings. Pure.

Doubt opens the contactor: a value that is no number (`cleaned.py`) or outside its sensor's range
counts as the worst one. What is evaluated over time has its own file: `frozen.py` whether the meter
chip measures, `supply.py` mains and current, `wiring.py` the phases that count, `earth.py` the
earth, `heat.py` temperatures, `switches.py` the DIP switches and the external input.
"""

from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import (
    MIN_OFFER_A,
    PLUGGED,
    STATE_F_PERCENT,
    STATE_READS,
    UNSETTLED,
    CpState,
    SettledCp,
    classify_high_v,
    is_measured,
    offer_of_duty,
    settle,
    shows_diode,
)
from nodes.safety import earth, frozen, heat, supply, switches, wiring
from nodes.safety.chain import ChainReading
from nodes.safety.chip import HOLD_S
from nodes.safety.cleaned import cleaned
from nodes.safety.coil import CoilReading
from nodes.safety.earth import SOUND, Earth
from nodes.safety.frozen import UNHEARD, ChipTrust, Repetition
from nodes.safety.heat import COLD, Derating, limit_of_temperature
from nodes.safety.supply import QUIET, MainsFault, Supply, Voltages
from nodes.safety.switches import UNREAD, Switches
from nodes.safety.wiring import UNKNOWN, Wiring

# A low plateau of -12 V counts one for the vehicle's diode, any other counts two against it. Three
# of -12 V in a row prove the diode; four others in a row (40 ms), or every second one, show that it
# is missing.
DIODE_PROVEN, DIODE_MISSING = 3, -5
# Without a diode both plateaus have the same magnitude: their sum is 0 V +/- this (field.md).
MIRROR_V = 1.25
EXCESS_READS = 50  # 0.5 s: the pilot follows a lowered limit within 0.12 s (message and round)
# Tolerance of a duty read back: 0.5 points by the generator (+/-5 us), 0.5 by the measurement.
BESIDE_PERCENT = 1.0
DUTY_TOLERANCE_A = 0.35  # +/-5 us of pulse width is +/-0.3 A (generator), and rounding
RESET_READS = 3  # of the power-on reset's flag
OUT_READS = 30  # assumed: A for 0.3 s is no bounce, and a plug is not changed faster

_NO_VEHICLE = (CpState.A, CpState.E, CpState.F)
_ASKS = (CpState.C, CpState.D)


class Stale(Enum):
    """Why inputs are stale: this reading cannot be evaluated."""

    NO_MAINS = "no_mains"  # the box has no mains
    SILENT = "silent"  # there is no reading
    NONSENSE = "nonsense"  # no pilot line can have the measured values
    UNCLEAR = "unclear"  # 0 V on the pilot, and mains unknown, or not known yet
    LATE = "late"  # safety's own look is so late that earlier readings do not count


class EvaluationState(Struct, frozen=True, kw_only=True):
    """What is remembered from one reading to the next."""

    cp: SettledCp = UNSETTLED
    # From this time on the chip's voltages are newer than the settled 0 V of the CP line [s].
    chip_knows_s: float | None = None
    diode: int = 0  # evidence for the vehicle's diode (above 0) or against it (below 0)
    out_reads: int = 0  # of +12 V in state A
    minus_reads: int = 0  # of -12 V that the generator does not drive, in a row
    excess_reads: int = 0  # with a duty above safety's own limits
    reset_reads: int = 0  # of the power-on reset's flag, in a row
    switches: Switches = UNREAD
    earth: Earth = SOUND
    derating: Derating = COLD
    repetition: Repetition = UNHEARD
    supply: Supply = QUIET
    wiring: Wiring = UNKNOWN


NOTHING_EVALUATED = EvaluationState()


def forget(before: EvaluationState, chip_knows_s: float | None = None) -> EvaluationState:
    """Return the state after a failed reading: switches, heat, supply and wiring carry over.

    The settled CP state and the counts of this file are dropped.
    """
    kept = EvaluationState(
        chip_knows_s=chip_knows_s,
        switches=switches.carry_over(before.switches),
        derating=heat.carry_over(before.derating),
        repetition=before.repetition,
        supply=supply.carry_over(before.supply),
        wiring=before.wiring,
    )
    return before if kept == before else kept


class Evaluation(Struct, frozen=True, kw_only=True):
    """What one reading means."""

    cp: CpState | None  # settled; None: not known yet, or undefined
    is_settled: bool  # pilot and switches have been read often enough
    is_steady: bool  # this reading and those before it show the settled CP state
    is_undefined: bool  # no state on the pilot for longer than a change takes
    is_plugged: bool  # B, C or D
    is_out: bool  # in A long enough for a change of vehicles
    asks: bool  # C or D
    is_asking_now: bool  # this reading alone shows C or D, and the diode where PWM can show it
    has_diode: bool | None  # None: not proven either way; only PWM can show it
    is_mirrored: bool  # the halves of this reading mirror each other, as without a diode
    is_minus: bool  # the line is at -12 V, and the generator does not drive it there
    duty_percent: float  # read back from the generator
    offered_a: float  # by that duty
    has_pwm: bool  # that duty offers current
    exceeds_limit: bool  # it offers more than DIP switches or temperature allow
    high_v: float
    low_v: float
    is_proven_open: bool
    is_proven_closed: bool
    has_voltage: bool  # behind the contactor
    residual_ac: bool
    monitor_cuts: bool = True  # the gates see a trip; True as well if that is not measured
    residual_dc: bool
    has_earth: bool  # False: the loop is bad now, perhaps disturbed
    is_earth_missing: bool  # confirmed with the contactor proven open
    is_switched_off: bool  # the over-temperature switch has cut the coil
    is_hot: bool
    temperature_c: float
    is_commissioning: bool  # DSW2.8
    mains: MainsFault | None  # what is wrong with them
    mains_are_stable: bool  # in range for 30 s
    has_excess: bool  # the vehicle draws more than it is offered
    has_stray: bool  # current flows through a contactor that is open by command
    most_a: float | None  # the largest current that is known; None: none is
    voltages_v: Voltages | None  # of the phases that count; None: none is known
    is_unloaded: bool  # known to be below 1 A on every phase
    is_reset: bool  # mains came on since the flag was cleared
    is_no_reset: bool  # the flag is known to be down


def evaluate(
    before: EvaluationState,
    reading: ChainReading | None,
    moment: Moment,
    since_s: float,
    *,
    earth_loop: bool,
    is_open: bool,
) -> tuple[EvaluationState, Evaluation | Stale]:
    """Evaluate one reading; None is a failed one. Return Stale if it cannot be evaluated.

    :param since_s: since the reading before.
    :param earth_loop: False: a grid whose earth loop cannot be measured (IT); the earth is then
        not evaluated.
    :param is_open: the contactor is commanded open.
    """
    if reading is None:
        return forget(before), Stale.SILENT
    reading = cleaned(reading)
    if not is_measured(reading.high_v, reading.low_v, reading.duty_percent):
        return forget(before), Stale.NONSENSE
    before, reading, is_frozen = _judge_chip(before, reading, moment, is_open=is_open)
    seen = classify_high_v(reading.high_v)
    cp = settle(before.cp, seen)
    chip_knows_s = None
    if seen is CpState.E:
        chip_knows_s = _when_chip_knows_s(before, cp, reading, moment)
        has_mains = supply.has_mains(reading.voltages_v, reading.load_voltage)
        if has_mains is False:  # 0 V because there are no mains: no fault of the plug
            return replace(forget(before), supply=QUIET), Stale.NO_MAINS
        is_doubted = chip_knows_s is not None and not moment.reached(chip_knows_s)
        if has_mains is None or is_doubted:
            return forget(before, chip_knows_s), Stale.UNCLEAR
    offered_a = offer_of_duty(reading.duty_percent)
    has_pwm = offered_a >= MIN_OFFER_A
    diode = _weigh_diode(before.diode, seen, has_pwm, reading.low_v)
    is_minus = seen is CpState.F and reading.duty_percent > STATE_F_PERCENT + BESIDE_PERCENT
    earth_now, is_earth_missing = earth.watch(
        before.earth,
        moment,
        reading.earth_ohm,
        has_loop=earth_loop,
        is_proven_open=proves_open(reading),
    )
    dip = switches.read(
        before.switches,
        (reading.dip1, reading.dip2),
        is_external_closed=reading.external_closed is True,
    )
    is_switched_off = reading.overtemperature is not False
    derating, temperature_c = heat.update(
        before.derating,
        moment,
        reading.terminal_c,
        reading.board_c,
        is_switched_off=is_switched_off,
    )
    allowed_a = dip.installation_limit_a
    # While too hot no current is permitted; the old duty is no fault then, as the vehicle has 6 s
    # to stop.
    if not derating.is_hot:
        allowed_a = limit_of_temperature(allowed_a, derating.pace.celsius, False)
    has_excess = has_pwm and offered_a > allowed_a + DUTY_TOLERANCE_A
    wiring_now = wiring.learn(
        before.wiring,
        since_s,
        voltages_v=reading.voltages_v,
        currents_a=reading.currents_a,
        is_open=is_open,
    )
    supply_now, supplied = supply.watch(
        before.supply,
        moment,
        since_s,
        voltages_v=reading.voltages_v,
        currents_a=reading.currents_a,
        counts=wiring_now.counted,
        offered_a=offered_a,
        is_open=is_open,
        is_frozen=is_frozen,
    )
    after = EvaluationState(
        cp=cp,
        chip_knows_s=chip_knows_s,
        diode=diode,
        out_reads=_count_out(before.out_reads, cp.state, seen),
        minus_reads=_count(before.minus_reads, is_minus, STATE_READS),
        excess_reads=_weigh(before.excess_reads, has_excess, EXCESS_READS),
        reset_reads=_count(before.reset_reads, reading.power_on_reset is True, RESET_READS),
        switches=dip,
        earth=earth_now,
        derating=derating,
        repetition=before.repetition,
        supply=supply_now,
        wiring=wiring_now,
    )
    if after == before:
        after = before
    state = cp.state
    return after, Evaluation(
        cp=state,
        is_settled=dip.is_settled and (state is not None or cp.is_undefined),
        is_steady=cp.astray == 0,
        is_undefined=cp.is_undefined,
        is_plugged=state in PLUGGED,
        is_out=after.out_reads >= OUT_READS,
        asks=state in _ASKS,
        is_asking_now=seen in _ASKS and (not has_pwm or shows_diode(reading.low_v)),
        has_diode=True if diode == DIODE_PROVEN else False if diode == DIODE_MISSING else None,
        is_mirrored=abs(reading.high_v + reading.low_v) <= MIRROR_V,
        is_minus=after.minus_reads >= STATE_READS,
        duty_percent=reading.duty_percent,
        offered_a=offered_a,
        has_pwm=has_pwm,
        exceeds_limit=after.excess_reads >= 2 * EXCESS_READS,
        high_v=reading.high_v,
        low_v=reading.low_v,
        is_proven_open=proves_open(reading),
        is_proven_closed=reading.mirror_closed is False and reading.load_voltage is True,
        has_voltage=reading.load_voltage is not False,
        residual_ac=reading.residual_ac is not False,
        monitor_cuts=reading.monitor_cuts is not False,
        residual_dc=reading.residual_dc is not False,
        has_earth=not earth_now.is_bad,
        is_earth_missing=is_earth_missing,
        is_switched_off=is_switched_off,
        is_hot=derating.is_hot,
        temperature_c=temperature_c,
        is_commissioning=dip.is_commissioning,
        mains=supplied.mains,
        mains_are_stable=supplied.is_stable,
        has_excess=supplied.has_excess,
        has_stray=supplied.has_stray,
        most_a=supplied.most_a,
        voltages_v=supplied.voltages_v,
        is_unloaded=supplied.is_unloaded,
        is_reset=after.reset_reads >= RESET_READS,
        is_no_reset=reading.power_on_reset is False,
    )


def proves_open(reading: ChainReading | CoilReading) -> bool:
    """Return whether mirror contact and voltage together prove an open contactor."""
    return reading.mirror_closed is True and reading.load_voltage is False


def _judge_chip(
    before: EvaluationState, reading: ChainReading, moment: Moment, *, is_open: bool
) -> tuple[EvaluationState, ChainReading, bool]:
    """Return a reading without the values of the chip that show nothing; and if it is frozen."""
    repetition, trust = frozen.watch(
        before.repetition,
        moment,
        currents_a=reading.currents_a,
        voltages_v=reading.voltages_v,
        powers_w=reading.powers_w,
        frequency_hz=reading.frequency_hz,
        is_open=is_open,
    )
    if repetition is not before.repetition:
        before = replace(before, repetition=repetition)
    match trust:
        case ChipTrust.MEASURES:
            return before, reading, False
        case ChipTrust.OF_CLOSED:
            return before, replace(reading, currents_a=None), False
        case ChipTrust.FROZEN:
            return before, replace(reading, currents_a=None, voltages_v=None), True


def _when_chip_knows_s(
    before: EvaluationState, cp: SettledCp, reading: ChainReading, moment: Moment
) -> float | None:
    """Return when the chip's voltages are all younger than the 0 V on the pilot [s].

    The pilot's supply and the mains fail together, but the chip may show mains until its hold is
    over. Voltage behind the contactor is read now and needs no such time. None: the pilot has not
    settled at 0 V.
    """
    knows_s = before.chip_knows_s
    if knows_s is None:
        if cp.state is not CpState.E:
            return None
        knows_s = moment.now_s + HOLD_S
    return knows_s if reading.load_voltage is False else min(knows_s, moment.now_s)


def _count_out(reads: int, state: CpState | None, seen: CpState | None) -> int:
    """Count the readings of state A; one that does not show it any more does not count."""
    if state is not CpState.A:
        return 0
    return min(reads + (seen is CpState.A), OUT_READS)


def _weigh_diode(diode: int, seen: CpState | None, has_pwm: bool, low_v: float) -> int:
    """Count one low plateau; only PWM on a vehicle can show a diode."""
    if not has_pwm or seen in _NO_VEHICLE:
        return 0
    if shows_diode(low_v):
        return min(diode + 1, DIODE_PROVEN)
    return max(diode - 2, DIODE_MISSING)


def _weigh(reads: int, holds: bool, most: int) -> int:
    """Return the count after one more reading: 2 more if it holds, else 1 less."""
    return min(reads + 2, 2 * most) if holds else max(reads - 1, 0)


def _count(reads: int, holds: bool, most: int) -> int:
    return min(reads + 1, most) if holds else 0
