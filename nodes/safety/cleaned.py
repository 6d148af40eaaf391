"""Give each value of a reading its type, whatever a driver returns. Pure."""

import math

from msgspec.structs import replace

from nodes.safety.chain import ChainReading
from nodes.safety.chip import Phases


def cleaned(reading: ChainReading) -> ChainReading:
    """Return a reading whose fields have their types; a value that is no number is NaN."""
    numbers = (
        reading.high_v,
        reading.low_v,
        reading.duty_percent,
        reading.earth_ohm,
        reading.terminal_c,
        reading.board_c,
    )
    if (
        all(type(number) is float for number in numbers)
        and type(reading.dip1) is int
        and type(reading.dip2) is int
        and _are_phases(reading.currents_a)
        and _are_phases(reading.voltages_v)
        and _are_phases(reading.powers_w)
        and (reading.frequency_hz is None or type(reading.frequency_hz) is float)
    ):
        return reading
    high_v, low_v, duty_percent, earth_ohm, terminal_c, board_c = map(_number, numbers)
    return replace(
        reading,
        high_v=high_v,
        low_v=low_v,
        duty_percent=duty_percent,
        earth_ohm=earth_ohm,
        terminal_c=terminal_c,
        board_c=board_c,
        dip1=reading.dip1 if type(reading.dip1) is int else 0,
        dip2=reading.dip2 if type(reading.dip2) is int else 0,
        currents_a=_phases(reading.currents_a),
        voltages_v=_phases(reading.voltages_v),
        powers_w=_phases(reading.powers_w),
        frequency_hz=_number(reading.frequency_hz),
    )


def _are_phases(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple) and len(value) == 3 and all(type(one) is float for one in value)
    )


def _phases(value: object) -> Phases | None:
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    return _number(value[0]), _number(value[1]), _number(value[2])


def _number(value: object) -> float:
    if not isinstance(value, float | int):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
