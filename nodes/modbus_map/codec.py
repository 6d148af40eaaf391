"""From registers to values, and back: pure, driven by a meter's map alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgs.meter import Line
from nodes.modbus_map.kinds import WIDTHS, bits_of, number_of, words_of
from nodes.modbus_map.meter_map import LineTerm, MeterMap, Term

Registers = Mapping[int, int]
"""Register contents by address."""


class NotAvailableError(Exception):
    """Raised when a meter says that it does not know a value that is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What a meter measures at one instant. Signs as in `msgs.meter`: import is positive."""

    lines: tuple[Line, Line, Line]
    power_w: float
    imported_wh: float
    exported_wh: float


def decode(meter_map: MeterMap, registers: Registers) -> Values:
    """Return what a meter's registers say.

    :raises NotAvailableError: power, current or voltage of a phase is marked as not available.
    """
    one, two, three = (_line(meter_map, registers, line) for line in range(3))
    lines = (one, two, three)
    total = meter_map.total
    power_w = _sum(meter_map, registers, total.power_w)
    imported_wh = _sum(meter_map, registers, total.imported_wh)
    exported_wh = _sum(meter_map, registers, total.exported_wh)
    return Values(
        lines=lines,
        power_w=sum(line.power_w for line in lines) if power_w is None else power_w,
        imported_wh=(
            sum(line.imported_wh for line in lines) if imported_wh is None else imported_wh
        ),
        exported_wh=(
            sum(line.exported_wh for line in lines) if exported_wh is None else exported_wh
        ),
    )


def encode(meter_map: MeterMap, values: Values) -> dict[int, int]:
    """Return the registers with which a meter says these values."""
    registers: dict[int, int] = {}

    def put(terms: Sequence[Term], value: float) -> None:
        """Store a value in the first term of its sign; the others are 0."""
        keeper = next((term for term in terms if term.scale * value >= 0), None)
        for term in terms:
            raw = value / term.scale if term is keeper or len(terms) == 1 else 0.0
            words = words_of(raw, term.kind, meter_map.word_order)
            registers.update(zip(range(term.at, term.at + len(words)), words, strict=True))

    total, lines = meter_map.total, meter_map.lines
    put(total.power_w, values.power_w)
    put(total.imported_wh, values.imported_wh)
    put(total.exported_wh, values.exported_wh)
    for index, line in enumerate(values.lines):
        signed = meter_map.current_sign == "signed"
        put(_of(lines.power_w, index), line.power_w)
        put(_of(lines.current_a, index), line.current_a if signed else abs(line.current_a))
        put(_of(lines.voltage_v, index), line.voltage_v)
        put(_of(lines.power_factor, index), line.power_factor)
        put(_of(lines.imported_wh, index), line.imported_wh)
        put(_of(lines.exported_wh, index), line.exported_wh)
    return registers


def _line(meter_map: MeterMap, registers: Registers, line: int) -> Line:
    lines = meter_map.lines

    def needed(name: str, line_terms: tuple[LineTerm, ...]) -> float:
        value = _sum(meter_map, registers, _of(line_terms, line))
        if value is None:
            raise NotAvailableError(
                f"the meter marks {name} of L{line + 1} (register {line_terms[0].at[line]})"
                " as not available"
            )
        return value

    power_w = needed("power", lines.power_w)
    current_a = needed("current", lines.current_a)
    voltage_v = needed("voltage", lines.voltage_v)
    if meter_map.current_sign == "from_power":
        current_a = -abs(current_a) if power_w < 0 else abs(current_a)
    power_factor = _sum(meter_map, registers, _of(lines.power_factor, line))
    if power_factor is None:
        apparent_va = abs(voltage_v * current_a)
        power_factor = min(1.0, abs(power_w) / apparent_va) if apparent_va else 1.0
    return Line(
        current_a=current_a,
        voltage_v=voltage_v,
        power_w=power_w,
        power_factor=power_factor,
        imported_wh=_sum(meter_map, registers, _of(lines.imported_wh, line)) or 0.0,
        exported_wh=_sum(meter_map, registers, _of(lines.exported_wh, line)) or 0.0,
    )


def _of(line_terms: tuple[LineTerm, ...], line: int) -> list[Term]:
    return [term.of(line) for term in line_terms]


def _sum(meter_map: MeterMap, registers: Registers, terms: Sequence[Term]) -> float | None:
    """Return the sum of the terms; None if there are none or one of them is not available."""
    if not terms:
        return None
    value = 0.0
    for term in terms:
        words = [registers[term.at + offset] for offset in range(WIDTHS[term.kind])]
        bits = bits_of(words, meter_map.word_order)
        number = number_of(bits, term.kind)
        if bits == meter_map.not_available.get(term.kind) or not math.isfinite(number):
            return None
        value += number * term.scale
    return value
