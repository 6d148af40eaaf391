"""Which values a sample of the meter has: the measurands of OCPP 1.6, section 7.31. Pure.

A list of measurands is a comma-separated text, as "Current.Import,Voltage.L1": a measurand alone
means all its phases, one with a phase only that one (section 9.1.20).
"""

import math

from msgspec import Struct

from msgs.meter import PHASES, MeterReading
from nodes.dcs.composition import NOMINAL_V
from nodes.dcs.events import MeasuredValue, MeterSample

ENERGY = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"
POWER_FACTOR = "Power.Factor"
POWER_OFFERED = "Power.Offered"
CURRENT = "Current.Import"
CURRENT_OFFERED = "Current.Offered"
VOLTAGE = "Voltage"

WHOLE = (ENERGY, POWER, POWER_FACTOR, POWER_OFFERED, CURRENT_OFFERED)
"""The measurands that have a value of all phases together."""

BY_PHASE = (POWER, POWER_FACTOR, CURRENT, VOLTAGE)
"""The measurands that have a value of each phase."""

MEASURANDS = tuple(sorted({*WHOLE, *BY_PHASE}))

_TO_NEUTRAL = "-N"  # a voltage is measured from a phase to neutral: L1-N
_UNITS = {
    ENERGY: "Wh",
    POWER: "W",
    POWER_OFFERED: "W",
    CURRENT: "A",
    CURRENT_OFFERED: "A",
    VOLTAGE: "V",
    POWER_FACTOR: "",
}


class Measurement(Struct, frozen=True, kw_only=True):
    """What a sample is made of."""

    reading: MeterReading | None  # None: the box's meter is silent
    offered_a: float | None  # of each phase, as the pilot signals it; None: pilot is silent
    phases: int  # on which the vehicle charges, for the power that is offered
    energy_wh: float | None = None  # the register that was read last, also of an earlier start
    least_wh: float = 0.0  # of the register, by the begin of the transaction that runs


def list_refusal(text: str) -> str:
    """Return what is wrong with a list of measurands, "" if nothing is."""
    for item in items(text):
        if not _is_known(item):
            return f"{item[:40]!r} is not measured; expected some of {', '.join(MEASURANDS)}"
    return ""


def items(text: str) -> list[str]:
    """Return the entries of a list."""
    return [each.strip() for each in text.split(",") if each.strip()]


def sample(measured: Measurement, wanted: str, context: str, utc_ns: int) -> MeterSample | None:
    """Return a sample with the measurands of a list, None if there is no value.

    :param context: "Sample.Periodic", "Sample.Clock", "Transaction.Begin", "Transaction.End",
        "Trigger", ... (section 7.33)
    """
    values = {
        (each.measurand, each.phase): each
        for item in items(wanted)
        for each in _values(measured, item)
    }
    if not values:
        return None
    return MeterSample(utc_ns=utc_ns, context=context, values=tuple(values.values()))


def _is_known(item: str) -> bool:
    measurand, phase = _split(item)
    return measurand in MEASURANDS and (phase is None or measurand in BY_PHASE)


def register_of(taken: MeterSample) -> int | None:
    """Return the register [Wh] of a sample; None: it has none."""
    return next((int(each.value) for each in taken.values if each.measurand == ENERGY), None)


def _split(item: str) -> tuple[str, str | None]:
    """Return measurand and phase ("L1") of an entry."""
    for phase in PHASES:
        for ending in (f".{phase}", f".{phase}{_TO_NEUTRAL}"):
            if item.endswith(ending):
                return item.removesuffix(ending), phase
    return item, None


def _values(measured: Measurement, item: str) -> list[MeasuredValue]:
    """Return the values of one entry of a list."""
    measurand, wanted = _split(item)
    found: list[MeasuredValue] = []
    if wanted is None and measurand in WHOLE:
        found.append(_value(measurand, _whole(measured, measurand)))
    if measurand in BY_PHASE and (reading := _online(measured)) is not None:
        for phase, line in zip(PHASES, reading.lines, strict=True):
            if wanted in (None, phase):
                number = {
                    POWER: line.power_w,
                    POWER_FACTOR: line.power_factor,
                    CURRENT: line.current_a,
                    VOLTAGE: line.voltage_v,
                }[measurand]
                ending = _TO_NEUTRAL if measurand == VOLTAGE else ""
                found.append(_value(measurand, number, f"{phase}{ending}"))
    return [each for each in found if each.value]


def _whole(measured: Measurement, measurand: str) -> float:
    """Return a value of all phases together; NaN: there is none."""
    reading = _online(measured)
    energy_wh = measured.energy_wh if reading is None else reading.lifetime_wh
    offered_a = math.nan if measured.offered_a is None else measured.offered_a
    values = {
        ENERGY: _at_least(energy_wh, measured.least_wh),
        POWER: None if reading is None else reading.power_w,
        POWER_FACTOR: None if reading is None else _power_factor(reading),
        POWER_OFFERED: offered_a * NOMINAL_V * measured.phases,
        CURRENT_OFFERED: offered_a,
    }
    value = values[measurand]
    return math.nan if value is None else value


def _at_least(energy_wh: float | None, least_wh: float) -> float | None:
    """Return the register, but not below a value; what is no number is left as it is."""
    if energy_wh is None or not math.isfinite(energy_wh):
        return energy_wh
    return max(energy_wh, least_wh)


def _power_factor(reading: MeterReading) -> float:
    """Return active by apparent power of all phases; 1 where nothing flows."""
    apparent = sum(abs(line.voltage_v * line.current_a) for line in reading.lines)
    return 1.0 if apparent <= 0.0 else min(max(reading.power_w / apparent, -1.0), 1.0)


def _online(measured: Measurement) -> MeterReading | None:
    """Return the reading if the meter answers."""
    reading = measured.reading
    return reading if reading is not None and reading.online else None


def _value(measurand: str, number: float, phase: str = "") -> MeasuredValue:
    """Return a value as text; "" if the number is none."""
    text = ""
    if math.isfinite(number):
        digits = {"Wh": 0, "W": 0, "A": 1, "V": 1, "": 2}[_UNITS[measurand]]
        text = f"{round(number, digits) + 0.0:.{digits}f}"  # + 0.0: no "-0"
    return MeasuredValue(measurand=measurand, value=text, unit=_UNITS[measurand], phase=phase)
