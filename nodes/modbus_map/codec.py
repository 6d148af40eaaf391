"""From registers to values and back, by a meter's map alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgs.meter import PHASES, Contradiction, Line
from msgs.settings import Grid
from nodes.modbus_map.judge import MOST_A, MOST_V, MOST_WH, SPARE_W, is_possible_total, judge
from nodes.modbus_map.kinds import WIDTHS, bits_of, number_of, words_of
from nodes.modbus_map.meter_map import MeterMap, PhaseTerm, PhaseTerms, RegisterTerm

Registers = Mapping[int, int]
"""Register contents by address."""


class NotAvailableError(Exception):
    """Raised when a meter marks a required value as not available, or it cannot be true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The values of a meter at one instant. Signs as in `msgs.meter`: import is positive."""

    lines: tuple[Line, Line, Line]
    power_w: float
    imported_wh: float
    exported_wh: float
    contradictions: tuple[Contradiction, ...] = ()  # of the phases, L1 first


class Codec:
    """Decodes the registers of a meter, and encodes values as registers.

    Most numbers of a meter are the same in the next poll: only changed ones are converted.

    In an IT grid the voltages are not those to a neutral: the power of a phase says nothing about
    its current, and currents have no sign.
    """

    def __init__(self, meter_map: MeterMap, grid: Grid = Grid.TN_TT) -> None:
        total, lines = meter_map.total, meter_map.lines
        self._is_it = grid is Grid.IT
        self._is_signed = meter_map.current_sign == "signed"
        self._power_w = _Number(meter_map, total.power_w)
        self._imported_wh = _Number(meter_map, total.imported_wh)
        self._exported_wh = _Number(meter_map, total.exported_wh)
        self._lines = tuple(_Numbers(meter_map, lines, line) for line in range(3))
        self._registers: dict[int, int] = {}

    def decode(self, registers: Registers) -> Values:
        """Return the values of a meter's registers.

        An energy or a power of all phases that is not available, or cannot be true, is the sum of
        the phases; an energy of a phase is then 0 Wh.

        :raises NotAvailableError: power, current or voltage of a phase is marked as not available,
            or current or voltage cannot be true.
        """
        one, two, three = (self._line(registers, numbers) for numbers in self._lines)
        power_w = self._total_w(registers, (one, two, three))
        imported_wh = _energy_wh(self._imported_wh, registers)
        exported_wh = _energy_wh(self._exported_wh, registers)
        if imported_wh is None:
            imported_wh = one.imported_wh + two.imported_wh + three.imported_wh
        if exported_wh is None:
            exported_wh = one.exported_wh + two.exported_wh + three.exported_wh
        return Values(
            lines=(one, two, three),
            power_w=power_w,
            imported_wh=imported_wh,
            exported_wh=exported_wh,
            contradictions=self._contradictions((one, two, three)),
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
        current_a = numbers.needed("current", numbers.current_a, registers, MOST_A)
        voltage_v = numbers.needed("voltage", numbers.voltage_v, registers, MOST_V)
        if self._is_it:
            current_a = abs(current_a)
        elif not self._is_signed:
            is_export = power_w < 0.0 and numbers.power_w.parts[0] <= SPARE_W
            current_a = -abs(current_a) if is_export else abs(current_a)
        power_factor = numbers.power_factor.read(registers)
        if power_factor is None or abs(power_factor) > 1.0:
            apparent_va = abs(voltage_v * current_a)
            power_factor = min(1.0, abs(power_w) / apparent_va) if apparent_va else 1.0
        return Line(
            current_a=current_a,
            voltage_v=voltage_v,
            power_w=power_w,
            power_factor=power_factor,
            imported_wh=_energy_wh(numbers.imported_wh, registers) or 0.0,
            exported_wh=_energy_wh(numbers.exported_wh, registers) or 0.0,
        )

    def _total_w(self, registers: Registers, lines: tuple[Line, Line, Line]) -> float:
        """Return the power of all phases."""
        power_w = self._power_w.read(registers)
        apparent_va = sum(abs(line.voltage_v * line.current_a) for line in lines)
        if power_w is None or not (self._is_it or is_possible_total(power_w, apparent_va)):
            return sum(line.power_w for line in lines)
        return power_w

    def _contradictions(self, lines: tuple[Line, Line, Line]) -> tuple[Contradiction, ...]:
        """Return the contradictions of the phases that were read last."""
        if self._is_it:
            return ()
        found = (
            judge(
                phase,
                line.current_a,
                line.voltage_v,
                *numbers.power_w.parts,
                registers=numbers.places,
            )
            for phase, line, numbers in zip(PHASES, lines, self._lines, strict=True)
        )
        return tuple(each for each in found if each is not None)


def _energy_wh(number: "_Number", registers: Registers) -> float | None:
    """Return an energy; None if it is not available or cannot be true."""
    energy_wh = number.read(registers)
    return None if energy_wh is None or abs(energy_wh) > MOST_WH else energy_wh


class _Number:
    """One value: the sum of its terms, with its last registers and its last value."""

    def __init__(self, meter_map: MeterMap, terms: Sequence[RegisterTerm]) -> None:
        self.terms = terms
        self.parts = (0.0, 0.0)  # of the last value: what adds to it, and what is subtracted
        self.at = (
            terms[0].at if terms else 0
        )  # for a person; of a value that is not available: where
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
        added, subtracted, begin = 0.0, 0.0, 0
        for term in self.terms:
            end = begin + WIDTHS[term.kind]
            bits = bits_of(words[begin:end], self._order)
            number = number_of(bits, term.kind)
            value = number * term.scale
            if bits == self._not_available.get(term.kind) or not math.isfinite(value):
                self.at = term.at
                return None
            added, subtracted = added + max(value, 0.0), subtracted - min(value, 0.0)
            begin = end
        self.parts = (added, subtracted)
        return added - subtracted


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
        used = (*self.power_w.terms, *self.current_a.terms, *self.voltage_v.terms)
        self.places = f"registers {', '.join(str(term.at) for term in used)}"

    def needed(
        self, name: str, number: _Number, registers: Registers, most: float = math.inf
    ) -> float:
        """Return a required value of the phase.

        :raises NotAvailableError: it is marked as not available, or is more than `most`.
        """
        value = number.read(registers)
        where = f"{name} of L{self._line + 1} (register {number.at})"
        if value is None:
            raise NotAvailableError(f"the meter marks {where} as not available")
        if abs(value) > most:
            raise NotAvailableError(f"{where} reads {value:.6g}; expected at most {most:g}")
        return value
