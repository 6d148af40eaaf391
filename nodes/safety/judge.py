"""From one reading to facts: nonsense refused, single stray readings ignored. Pure.

Everything is judged toward an open contactor: a value that is no number or lies outside what its
sensor can show counts as the worst one.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from msgs.pilot import (
    MIN_OFFER_A,
    PLUGGED,
    UNSETTLED,
    X1_PERCENT,
    CpState,
    SettledCp,
    classify_high_v,
    offer_of_duty,
    settle,
    shows_diode,
)
from msgs.safety import DIP_LIMIT_A
from nodes.safety.chain import ChainReading

# assumed: the generator's rails are +/-12 V, 5 % more at most, and the outermost detection windows
# end at 13.25 V; what lies beyond comes from a converter that does not answer.
RAIL_V = 13.5
NO_MAINS_V = 50.0  # below it on all phases there is no mains: touch voltage limit, IEC 60364-4-41
# A low plateau of -12 V counts one for the vehicle's diode, any other counts two against it: three
# in a row prove the diode, four in a row (40 ms), or every second one, show that it is missing.
DIODE_PROVEN, DIODE_MISSING = 3, -5
MIRROR_V = 1.25  # without a diode the halves mirror each other: the sum is 0 V +/- this (field)
DIP_READS = 3  # three equal readings: shift registers on a long wire
SURE_READS = 10  # 0.1 s for what is slow by nature (heat) or may flicker (earth measurement)
EXCESS_READS = 50  # 0.5 s: the pilot follows a lowered limit within 0.12 s (message and round)
DUTY_TOLERANCE_A = 0.35  # +/-5 us of pulse width is +/-0.3 A (generator), and rounding
OUT_READS = 30  # assumed: A for 0.3 s is no bounce, and no hand changes plugs so fast
UNLOADED_A = 1.0  # below it a contact opens without load (field: OpenEVSE)
EARTH_LIMIT_OHM = 500.0  # high-ohmic from 300 to 500 ohm on (field); healthy loops are below 100
DERATE_FROM_C, DERATE_TO_C = 70.0, 80.0  # CHG-5: from full current down to 6 A
RESUME_BELOW_C = 65.0  # LED-5: cooled
COLDEST_C, HOTTEST_C = -50.0, 150.0  # what an NTC can show; outside it is open or shorted

LOWEST_DIP_A = min(DIP_LIMIT_A.values())
_NO_VEHICLE = (CpState.A, CpState.E, CpState.F)


class Judged(Struct, frozen=True, kw_only=True):
    """What is remembered from one reading to the next."""

    cp: SettledCp = UNSETTLED
    diode: int = 0  # what speaks for the vehicle's diode (above 0) or against it (below 0)
    out_reads: int = 0  # of state A, in a row
    dip_code: tuple[int, int] = (0, 0)
    dip_reads: int = 0
    installation_limit_a: float = LOWEST_DIP_A
    is_commissioning: bool = False
    hot_reads: int = 0
    is_hot: bool = False
    earth_reads: int = 0
    excess_reads: int = 0  # with a duty that offers more than our own limits
    has_metered: bool = False  # the meter chip has been heard since the start


NOTHING_JUDGED = Judged()


def forget(judged: Judged) -> Judged:
    """Return what outlives a failed reading: switches, heat, chip. The pilot is learnt anew."""
    kept = Judged(
        installation_limit_a=judged.installation_limit_a,
        is_commissioning=judged.is_commissioning,
        is_hot=judged.is_hot,
        has_metered=judged.has_metered,
    )
    return judged if kept == judged else kept


class Facts(Struct, frozen=True, kw_only=True):
    """What one reading means."""

    cp: CpState | None  # settled; None: not known yet, or undefined
    is_settled: bool  # pilot and switches have been read often enough to be believed
    is_steady: bool  # this reading confirms it, and so did those before
    is_undefined: bool  # the pilot has shown no state for longer than a change takes
    is_plugged: bool  # B, C or D
    is_out: bool  # A for so long that the next plug may be another vehicle's
    asks: bool  # C or D
    has_diode: bool | None  # None: not proven either way; only PWM can show it
    is_mirrored: bool  # the halves of this reading mirror each other, as without a diode
    offered_a: float  # by the generator's duty
    has_pwm: bool  # ... which offers current
    exceeds_limit: bool  # ... and more than DIP switches or temperature allow
    high_v: float
    low_v: float
    is_proven_open: bool
    is_proven_closed: bool
    has_voltage: bool  # behind the contactor
    residual_ac: bool
    residual_dc: bool
    is_unloaded: bool  # known to be below 1 A on every phase
    has_earth: bool
    is_switched_off: bool  # the over-temperature switch has cut the coil
    is_hot: bool
    temperature_c: float
    is_commissioning: bool  # DSW2.8


def judge(judged: Judged, reading: ChainReading | None) -> tuple[Judged, Facts | None]:
    """Judge one reading; None is a failed one, after which there are no facts."""
    if reading is None or not _is_sane(reading):
        return forget(judged), None
    seen = classify_high_v(reading.high_v)
    if reading.voltages_v is not None and not judged.has_metered:
        judged = replace(judged, has_metered=True)
    if seen is CpState.E and not _has_mains(judged, reading):
        return forget(judged), None  # 0 V because the box itself is dark: no fault of the plug
    cp = settle(judged.cp, seen)
    offered_a = offer_of_duty(reading.duty_percent)
    has_pwm = offered_a >= MIN_OFFER_A
    diode = _weigh_diode(judged.diode, seen, has_pwm, reading.low_v)
    out_reads = min(judged.out_reads + 1, OUT_READS) if cp.state is CpState.A else 0
    dip_code = (reading.dip1, reading.dip2)
    dip_reads = min(judged.dip_reads + 1, DIP_READS) if dip_code == judged.dip_code else 1
    temperature_c = max(_celsius(reading.terminal_c), _celsius(reading.board_c))
    hot_reads, is_hot = _feel(judged, temperature_c, reading.overtemperature)
    earth_reads = (
        0
        if 0.0 <= reading.earth_ohm <= EARTH_LIMIT_OHM
        else min(judged.earth_reads + 1, SURE_READS)
    )
    allowed_a = judged.installation_limit_a
    if not is_hot:  # else everything is withheld, and the vehicle has its 6 s to stop
        allowed_a = limit_of_temperature(allowed_a, temperature_c, is_hot)
    has_excess = has_pwm and offered_a > allowed_a + DUTY_TOLERANCE_A
    excess_reads = min(judged.excess_reads + 1, EXCESS_READS) if has_excess else 0
    if (
        cp,
        diode,
        out_reads,
        dip_code,
        dip_reads,
        hot_reads,
        is_hot,
        earth_reads,
        excess_reads,
    ) != (
        judged.cp,
        judged.diode,
        judged.out_reads,
        judged.dip_code,
        judged.dip_reads,
        judged.hot_reads,
        judged.is_hot,
        judged.earth_reads,
        judged.excess_reads,
    ):
        judged = replace(
            judged,
            cp=cp,
            diode=diode,
            out_reads=out_reads,
            dip_code=dip_code,
            dip_reads=dip_reads,
            hot_reads=hot_reads,
            is_hot=is_hot,
            earth_reads=earth_reads,
            excess_reads=excess_reads,
        )
        if dip_reads >= DIP_READS:
            judged = replace(
                judged,
                installation_limit_a=limit_of_dip(reading.dip1),
                is_commissioning=bool(reading.dip2 & 0x01),
            )
    state = cp.state
    return judged, Facts(
        cp=state,
        is_settled=dip_reads >= DIP_READS and (state is not None or cp.is_undefined),
        is_steady=cp.astray == 0,
        is_undefined=cp.is_undefined,
        is_plugged=state in PLUGGED,
        is_out=out_reads >= OUT_READS,
        asks=state is CpState.C or state is CpState.D,
        has_diode=True if diode == DIODE_PROVEN else False if diode == DIODE_MISSING else None,
        is_mirrored=abs(reading.high_v + reading.low_v) <= MIRROR_V,
        offered_a=offered_a,
        has_pwm=has_pwm,
        exceeds_limit=excess_reads >= EXCESS_READS,
        high_v=reading.high_v,
        low_v=reading.low_v,
        is_proven_open=proves_open(reading),
        is_proven_closed=reading.mirror_closed is False and reading.load_voltage is True,
        has_voltage=reading.load_voltage is not False,
        residual_ac=reading.residual_ac is not False,
        residual_dc=reading.residual_dc is not False,
        is_unloaded=reading.currents_a is not None
        and all(abs(current_a) < UNLOADED_A for current_a in reading.currents_a),
        has_earth=earth_reads < SURE_READS,
        is_switched_off=reading.overtemperature is not False,
        is_hot=is_hot,
        temperature_c=temperature_c,
        is_commissioning=judged.is_commissioning,
    )


def proves_open(reading: ChainReading) -> bool:
    """Return whether mirror contact and voltage together prove an open contactor."""
    return reading.mirror_closed is True and reading.load_voltage is False


def limit_of_temperature(full_a: float, temperature_c: float, is_hot: bool) -> float:
    """Return the current [A] that a temperature [degC] leaves, in steps of 0.1 A (CHG-5)."""
    if is_hot:
        return 0.0
    if temperature_c <= DERATE_FROM_C:
        return full_a
    left = max(0.0, (DERATE_TO_C - temperature_c) / (DERATE_TO_C - DERATE_FROM_C))
    return math.floor((MIN_OFFER_A + (full_a - MIN_OFFER_A) * left) * 10.0 + 1e-6) / 10.0


def limit_of_dip(dip1: int) -> float:
    """Return the installation's limit [A] of DSW1.6 to DSW1.8; an undefined code is the lowest."""
    code = (bool(dip1 & 0x04), bool(dip1 & 0x02), bool(dip1 & 0x01))
    return DIP_LIMIT_A.get(code, LOWEST_DIP_A)


def _is_sane(reading: ChainReading) -> bool:
    """Return whether the pilot could be measured at all. NaN is in no range."""
    return (
        -RAIL_V <= reading.high_v <= RAIL_V
        and -RAIL_V <= reading.low_v <= RAIL_V
        and 0.0 <= reading.duty_percent <= X1_PERCENT
    )


def _has_mains(judged: Judged, reading: ChainReading) -> bool:
    """Return whether the meter chip sees mains.

    One that has fallen silent does not deny it; one that has not been heard yet does, unless there
    is voltage behind the contactor.
    """
    if reading.voltages_v is None:
        return judged.has_metered or reading.load_voltage is True
    return any(voltage_v >= NO_MAINS_V for voltage_v in reading.voltages_v)


def _weigh_diode(diode: int, seen: CpState | None, has_pwm: bool, low_v: float) -> int:
    """Weigh one low plateau; only PWM on a vehicle can show a diode."""
    if not has_pwm or seen in _NO_VEHICLE:
        return 0
    if shows_diode(low_v):
        return min(diode + 1, DIODE_PROVEN)
    return max(diode - 2, DIODE_MISSING)


def _celsius(value_c: float) -> float:
    """Return a temperature; a sensor that is open, shorted or no number is as hot as can be."""
    return value_c if COLDEST_C <= value_c <= HOTTEST_C else HOTTEST_C


def _feel(judged: Judged, temperature_c: float, is_switched_off: bool) -> tuple[int, bool]:
    """Too hot from 0.1 s above 80 degC on, until below 65 degC."""
    is_hot_now = temperature_c > DERATE_TO_C or is_switched_off is not False
    reads = min(judged.hot_reads + 1, SURE_READS) if is_hot_now else 0
    if judged.is_hot:
        return reads, is_hot_now or temperature_c >= RESUME_BELOW_C
    return reads, reads >= SURE_READS
