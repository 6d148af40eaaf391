"""From registers to values and back, by a meter's map alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgs.meter import NO_LINE, PHASES, Contradiction, Line
from msgs.settings import Grid
from nodes.modbus_map.judge import (
    MOST_A,
    MOST_V,
    MOST_WH,
    SPARE_W,
    is_possible_total,
    judge,
    judge_exports,
)
from nodes.modbus_map.kinds import WIDTHS, bits_of, number_of, words_of
from nodes.modbus_map.meter_map import MeterMap, Multiplier, PhaseTerm, RegisterTerm

Registers = Mapping[int, int]
"""Register contents by address."""

MOST_EXPONENT = 10  # of either sign: SunSpec's scale factors; more is no measurement


class NotAvailableError(Exception):
    """Raised when a meter marks a required value as not available, or it cannot be true."""


class OtherMeterError(NotAvailableError):
    """Raised when a register shows that this is not the meter of the map."""


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
        total = meter_map.total
        self._is_it = grid is Grid.IT
        self._is_signed = meter_map.current_sign == "signed"
        self._power_w = _Number(meter_map, total.power_w)
        self._imported_wh = _Number(meter_map, total.imported_wh)
        self._exported_wh = _Number(meter_map, total.exported_wh)
        self._lines = tuple(_Numbers(meter_map, line) for line in range(meter_map.phases))
        self._constants = {constant.at: constant.word for constant in meter_map.constants}
        self._registers: dict[int, int] = dict(self._constants)

    def decode(self, registers: Registers) -> Values:
        """Return the values of a meter's registers.

        An energy or a power of all phases that is not available, or cannot be true, is the sum of
        the phases; an energy of a phase is then 0 Wh. A phase that the meter does not measure has
        0 V and no current.

        :raises OtherMeterError: a constant has another content.
        :raises NotAvailableError: power, current or voltage of a phase is marked as not available,
            or current or voltage cannot be true.
        """
        for place, word in self._constants.items():
            if registers.get(place) != word:
                raise OtherMeterError(
                    f"register {place} reads {registers.get(place)}; expected {word}"
                )
        measured = [self._line(registers, numbers) for numbers in self._lines]
        one, two, three = *measured, *(NO_LINE for _ in range(3 - len(measured)))
        total_w = self._total_w(registers, measured)
        imported_wh = _energy_wh(self._imported_wh, registers)
        exported_wh = _energy_wh(self._exported_wh, registers)
        if imported_wh is None:
            imported_wh = one.imported_wh + two.imported_wh + three.imported_wh
        if exported_wh is None:
            exported_wh = one.exported_wh + two.exported_wh + three.exported_wh
        return Values(
            lines=(one, two, three),
            power_w=sum(line.power_w for line in measured) if total_w is None else total_w,
            imported_wh=imported_wh,
            exported_wh=exported_wh,
            contradictions=self._contradictions(measured, total_w),
        )

    def encode(self, values: Values) -> Registers:
        """Return the registers of these values; they are valid until the next call."""
        registers = self._registers
        self._power_w.write(registers, values.power_w)
        self._imported_wh.write(registers, values.imported_wh)
        self._exported_wh.write(registers, values.exported_wh)
        for numbers, line in zip(self._lines, values.lines, strict=False):
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

    def _total_w(self, registers: Registers, lines: Sequence[Line]) -> float | None:
        """Return the power of all phases; None if it is not available or cannot be true."""
        power_w = self._power_w.read(registers)
        apparent_va = sum(abs(line.voltage_v * line.current_a) for line in lines)
        if power_w is None or not (self._is_it or is_possible_total(power_w, apparent_va)):
            return None
        return power_w

    def _contradictions(
        self, lines: Sequence[Line], total_w: float | None
    ) -> tuple[Contradiction, ...]:
        """Return the contradictions of the phases that were read last; at most one of each."""
        if self._is_it:
            return ()
        exports = [] if total_w is None else judge_exports(lines, total_w)
        found = {each.phase: each for each in exports}
        for phase, line, numbers in zip(PHASES, lines, self._lines, strict=False):
            contradiction = judge(
                phase,
                line.current_a,
                line.voltage_v,
                *numbers.power_w.parts,
                registers=numbers.places,
            )
            if contradiction is not None:
                found[phase] = contradiction
        return tuple(found[phase] for phase in PHASES if phase in found)


def _energy_wh(number: "_Number", registers: Registers) -> float | None:
    """Return an energy; None if it is not available or cannot be true."""
    energy_wh = number.read(registers)
    return None if energy_wh is None or abs(energy_wh) > MOST_WH else energy_wh


class _Term:
    """One term with its registers, relative to all registers of its number."""

    def __init__(self, meter_map: MeterMap, term: RegisterTerm, begin: int) -> None:
        self.term = term
        self._order = meter_map.word_order
        self._not_available = meter_map.patterns(term)
        self._multipliers = [
            (part, meter_map.patterns(RegisterTerm(at=part.at, kind=part.kind)))
            for part in (term.exponent, term.factor)
            if part is not None
        ]
        self.places: list[int] = []
        self._slices: list[slice] = []
        parts: list[RegisterTerm | Multiplier] = [term, *(part for part, _ in self._multipliers)]
        for part in parts:
            width = WIDTHS[part.kind]
            self._slices.append(slice(begin, begin + width))
            self.places += range(part.at, part.at + width)
            begin += width

    def value(self, words: Sequence[int]) -> float | None:
        """Return what the registers of the number say of this term; None: nothing."""
        bits = bits_of(words[self._slices[0]], self._order)
        number = number_of(bits, self.term.kind)
        if bits in self._not_available or not math.isfinite(number):
            return None
        value = number * self.term.scale
        for (part, patterns), where in zip(self._multipliers, self._slices[1:], strict=True):
            bits = bits_of(words[where], self._order)
            multiplied = self._times(part, number_of(bits, part.kind))
            if bits in patterns or multiplied is None:
                return None
            value *= multiplied
        return value if math.isfinite(value) else None

    def write(self, registers: dict[int, int], value: float) -> None:
        raw = value / self.term.scale
        for part, _ in self._multipliers:
            raw /= self._times(part, part.simulated) or 1.0
            words = words_of(part.simulated, part.kind, self._order)
            registers.update(enumerate(words, part.at))
        kind = self.term.kind
        words = words_of(raw, kind, self._order)
        bits = bits_of(words, self._order)
        if raw and bits in self._not_available:  # a value of its own, as the limit of a range
            number = number_of(bits, kind)
            words = words_of(number - math.copysign(1.0, number), kind, self._order)
        registers.update(enumerate(words, self.term.at))

    def _times(self, part: Multiplier, number: float) -> float | None:
        """Return what a multiplier multiplies with; None if it cannot be true."""
        if part is self.term.exponent:
            return 10.0**number if abs(number) <= MOST_EXPONENT else None
        return number or None


class _Number:
    """One value: the sum of its terms, with its last registers and its last value."""

    def __init__(self, meter_map: MeterMap, terms: Sequence[RegisterTerm]) -> None:
        self.parts = (0.0, 0.0)  # of the last value: what adds to it, and what is subtracted
        self._terms: list[_Term] = []
        self._places: list[int] = []
        for term in terms:
            placed = _Term(meter_map, term, len(self._places))
            self._terms.append(placed)
            self._places += placed.places
        self.at = [term.at for term in terms]  # for a person
        self.failed_at = self.at[0] if terms else 0  # likewise: what is not available
        self._words: list[int | None] = []
        self._read: float | None = None
        self._written = math.nan

    def read(self, registers: Registers) -> float | None:
        """Return the value; None if it has no terms, or one is not available or was not read."""
        words = [registers.get(place) for place in self._places]
        if words != self._words:
            self._words = words
            self._read = self._sum([word for word in words if word is not None])
        return self._read

    def write(self, registers: dict[int, int], value: float) -> None:
        """Write a value to the first term of its sign; the others are 0."""
        if value == self._written:
            return
        self._written = value
        chosen = next((each for each in self._terms if each.term.scale * value >= 0), None)
        for each in self._terms:
            is_written = each is chosen or len(self._terms) == 1
            each.write(registers, value if is_written else 0.0)

    def _sum(self, words: Sequence[int]) -> float | None:
        if not self._terms or len(words) < len(self._places):
            return None
        added, subtracted = 0.0, 0.0
        for each in self._terms:
            value = each.value(words)
            if value is None:
                self.failed_at = each.term.at
                return None
            added, subtracted = added + max(value, 0.0), subtracted - min(value, 0.0)
        self.parts = (added, subtracted)
        return added - subtracted


class _Numbers:
    """The values of one phase, 0 for L1."""

    def __init__(self, meter_map: MeterMap, line: int) -> None:
        def number(phase_terms: tuple[PhaseTerm, ...]) -> _Number:
            return _Number(meter_map, [term.of(line) for term in phase_terms])

        lines = meter_map.lines
        self._line = line
        self.power_w = number(lines.power_w)
        self.current_a = number(lines.current_a)
        self.voltage_v = number(lines.voltage_v)
        self.power_factor = number(lines.power_factor)
        self.imported_wh = number(lines.imported_wh)
        self.exported_wh = number(lines.exported_wh)
        used = (*self.power_w.at, *self.current_a.at, *self.voltage_v.at)
        self.places = f"registers {', '.join(str(place) for place in used)}"

    def needed(
        self, name: str, number: _Number, registers: Registers, most: float = math.inf
    ) -> float:
        """Return a required value of the phase.

        :raises NotAvailableError: it is marked as not available, or is more than `most`.
        """
        value = number.read(registers)
        where = f"{name} of L{self._line + 1} (register {number.failed_at})"
        if value is None:
            raise NotAvailableError(f"the meter marks {where} as not available")
        if abs(value) > most:
            raise NotAvailableError(f"{where} reads {value:.6g}; expected at most {most:g}")
        return value
