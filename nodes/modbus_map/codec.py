"""From registers to values and back, by a meter's map alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgs.meter import Line
from nodes.modbus_map.kinds import WIDTHS, bits_of, number_of, words_of
from nodes.modbus_map.meter_map import MeterMap, PhaseTerm, PhaseTerms, RegisterTerm

Registers = Mapping[int, int]
"""Register contents by address."""


class NotAvailableError(Exception):
    """Raised when a meter marks a required value as not available."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The values of a meter at one instant. Signs as in `msgs.meter`: import is positive."""

    lines: tuple[Line, Line, Line]
    power_w: float
    imported_wh: float
    exported_wh: float


class Codec:
    """Decodes the registers of a meter, and encodes values as registers.

    Most numbers of a meter are the same in the next poll: only changed ones are converted.
    """

    def __init__(self, meter_map: MeterMap) -> None:
        total, lines = meter_map.total, meter_map.lines
        self._is_signed = meter_map.current_sign == "signed"
        self._power_w = _Number(meter_map, total.power_w)
        self._imported_wh = _Number(meter_map, total.imported_wh)
        self._exported_wh = _Number(meter_map, total.exported_wh)
        self._lines = tuple(_Numbers(meter_map, lines, line) for line in range(3))
        self._registers: dict[int, int] = {}

    def decode(self, registers: Registers) -> Values:
        """Return the values of a meter's registers.

        :raises NotAvailableError: power, current or voltage of a phase is marked as not available.
        """
        one, two, three = (self._line(registers, numbers) for numbers in self._lines)
        power_w = self._power_w.read(registers)
        imported_wh = self._imported_wh.read(registers)
        exported_wh = self._exported_wh.read(registers)
        if power_w is None:
            power_w = one.power_w + two.power_w + three.power_w
        if imported_wh is None:
            imported_wh = one.imported_wh + two.imported_wh + three.imported_wh
        if exported_wh is None:
            exported_wh = one.exported_wh + two.exported_wh + three.exported_wh
        return Values(
            lines=(one, two, three),
            power_w=power_w,
            imported_wh=imported_wh,
            exported_wh=exported_wh,
        )

    def encode(self, values: Values) -> Registers:
        """Return the registers of these values; they are valid until the next call."""
        registers = self._registers
        self._power_w.write(registers, values.power_w)
        self._imported_wh.write(registers, values.imported_wh)
        self._exported_wh.write(registers, values.exported_wh)
        for numbers, line in zip(self._lines, values.lines, strict=True):
            current_a = line.current_a
            numbers.power_w.write(registers, line.power_w)
            numbers.current_a.write(registers, current_a if self._is_signed else abs(current_a))
            numbers.voltage_v.write(registers, line.voltage_v)
            numbers.power_factor.write(registers, line.power_factor)
            numbers.imported_wh.write(registers, line.imported_wh)
            numbers.exported_wh.write(registers, line.exported_wh)
        return registers

    def _line(self, registers: Registers, numbers: "_Numbers") -> Line:
        power_w = numbers.needed("power", numbers.power_w, registers)
        current_a = numbers.needed("current", numbers.current_a, registers)
        voltage_v = numbers.needed("voltage", numbers.voltage_v, registers)
        if not self._is_signed:
            current_a = -abs(current_a) if power_w < 0 else abs(current_a)
        power_factor = numbers.power_factor.read(registers)
        if power_factor is None:
            apparent_va = abs(voltage_v * current_a)
            power_factor = min(1.0, abs(power_w) / apparent_va) if apparent_va else 1.0
        return Line(
            current_a=current_a,
            voltage_v=voltage_v,
            power_w=power_w,
            power_factor=power_factor,
            imported_wh=numbers.imported_wh.read(registers) or 0.0,
            exported_wh=numbers.exported_wh.read(registers) or 0.0,
        )


class _Number:
    """One value: the sum of its terms, with its last registers and its last value."""

    def __init__(self, meter_map: MeterMap, terms: Sequence[RegisterTerm]) -> None:
        self.terms = terms
        self._order = meter_map.word_order
        self._not_available = meter_map.not_available
        self._places = tuple(
            place for term in terms for place in range(term.at, term.at + WIDTHS[term.kind])
        )
        self._words: list[int] = []
        self._read: float | None = None
        self._written = math.nan

    def read(self, registers: Registers) -> float | None:
        """Return the value; None if it has no terms or one of them is not available."""
        words = [registers[place] for place in self._places]
        if words != self._words:
            self._words, self._read = words, self._sum(words)
        return self._read

    def write(self, registers: dict[int, int], value: float) -> None:
        """Write a value to the first term of its sign; the others are 0."""
        if value == self._written:
            return
        self._written = value
        chosen = next((term for term in self.terms if term.scale * value >= 0), None)
        for term in self.terms:
            raw = value / term.scale if term is chosen or len(self.terms) == 1 else 0.0
            for place, word in enumerate(words_of(raw, term.kind, self._order), term.at):
                registers[place] = word

    def _sum(self, words: Sequence[int]) -> float | None:
        value, begin = 0.0, 0
        for term in self.terms:
            end = begin + WIDTHS[term.kind]
            bits = bits_of(words[begin:end], self._order)
            number = number_of(bits, term.kind)
            if bits == self._not_available.get(term.kind) or not math.isfinite(number):
                return None
            value += number * term.scale
            begin = end
        return value


class _Numbers:
    """The values of one phase, 0 for L1."""

    def __init__(self, meter_map: MeterMap, lines: PhaseTerms, line: int) -> None:
        def number(phase_terms: tuple[PhaseTerm, ...]) -> _Number:
            return _Number(meter_map, [term.of(line) for term in phase_terms])

        self._line = line
        self.power_w = number(lines.power_w)
        self.current_a = number(lines.current_a)
        self.voltage_v = number(lines.voltage_v)
        self.power_factor = number(lines.power_factor)
        self.imported_wh = number(lines.imported_wh)
        self.exported_wh = number(lines.exported_wh)

    def needed(self, name: str, number: _Number, registers: Registers) -> float:
        """Return a required value of the phase.

        :raises NotAvailableError: it is marked as not available.
        """
        value = number.read(registers)
        if value is None:
            raise NotAvailableError(
                f"the meter marks {name} of L{self._line + 1} (register {number.terms[0].at})"
                " as not available"
            )
        return value
