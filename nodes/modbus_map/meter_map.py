"""A meter's register map: the structure of a map file, and how it is loaded and checked."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from nodes.modbus_map.kinds import WIDTHS, Kind, WordOrder

MAPS = Path(__file__).parent / "maps"

Register = Annotated[int, Meta(ge=0, le=0xFFFF)]
Phases = Literal[1, 2, 3]


class MapError(Exception):
    """Raised when a map is unknown or wrong: names the file, the key, and what was expected."""


class Multiplier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A register whose number says how others are scaled."""

    at: Register
    kind: Kind
    simulated: int  # what the simulated meter has in it


class RegisterTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number of a meter; a value is the sum of its terms.

    A negative scale subtracts: a meter with separate import and export has two terms.
    """

    at: Register
    kind: Kind
    scale: float = 1.0
    exponent: Multiplier | None = None  # the number counts ten to the power of this register
    factor: Multiplier | None = None  # it counts so often
    not_available: tuple[int, ...] = ()  # bit patterns besides those of its kind


class PhaseTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number of each phase: its addresses, L1 first. For the rest see `RegisterTerm`."""

    at: Annotated[tuple[Register, ...], Meta(min_length=1, max_length=3)]
    kind: Kind
    scale: float = 1.0
    exponent: Multiplier | None = None
    factor: Multiplier | None = None
    not_available: tuple[int, ...] = ()

    def of(self, line: int) -> RegisterTerm:
        """Return the term of one phase, 0 for L1."""
        return RegisterTerm(
            at=self.at[line],
            kind=self.kind,
            scale=self.scale,
            exponent=self.exponent,
            factor=self.factor,
            not_available=self.not_available,
        )


RequiredTerms = Annotated[tuple[PhaseTerm, ...], Meta(min_length=1)]


class TotalTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of the whole meter. A value without terms is the sum over the phases."""

    power_w: tuple[RegisterTerm, ...] = ()
    imported_wh: tuple[RegisterTerm, ...] = ()
    exported_wh: tuple[RegisterTerm, ...] = ()


class PhaseTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of each phase. The first three are required, all others optional.

    A power factor without terms is computed of power, voltage and current; an energy without terms
    is 0 Wh.
    """

    power_w: RequiredTerms
    current_a: RequiredTerms
    voltage_v: RequiredTerms
    power_factor: tuple[PhaseTerm, ...] = ()
    imported_wh: tuple[PhaseTerm, ...] = ()
    exported_wh: tuple[PhaseTerm, ...] = ()


REQUIRED = frozenset({"lines.power_w", "lines.current_a", "lines.voltage_v"})
"""The keys of the values without which a poll has failed."""


class Layout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of a model; their addresses count from its first register."""

    total: TotalTerms = TotalTerms()
    lines: PhaseTerms


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of a chain that can be read: which layout it has, for how many phases."""

    id: Annotated[int, Meta(ge=2, le=0xFFFE)]
    layout: str
    phases: Phases


class ChainTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models in a chain, of which only the beginning has a fixed address (SunSpec)."""

    # Where a chain may begin, in the order of the search. The simulated meter has the first.
    starts: Annotated[tuple[Register, ...], Meta(min_length=1)]
    models: Annotated[tuple[Model, ...], Meta(min_length=1)]  # the simulated meter has the first
    length: Annotated[dict[str, int], Meta(min_length=1)]  # by layout: registers after ID and L
    # Makers, as in the common model, whose meters are not read.
    refused_makers: tuple[str, ...] = ()


class Constant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A register whose content is known. With another content, the meter is another one."""

    at: Register
    word: Register


class ServerTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the meter's own server answers besides the values that are read of it.

    Other clients read more than we do. The simulated meters answer all of it.
    """

    functions: Annotated[tuple[Literal[3, 4], ...], Meta(min_length=1)]
    # Of the registers that can be read: the first and the last of each. A request must lie within
    # one of them; registers without a value are 0.
    ranges: Annotated[tuple[tuple[Register, Register], ...], Meta(min_length=1)]
    frequency_hz: tuple[RegisterTerm, ...] = ()


_NO_LINES = PhaseTerms(power_w=(), current_a=(), voltage_v=())


class MeterMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registers of one family of meters, and how to read them.

    A map has `lines`, or `chain` and `layouts`: then `nodes.modbus_map.chain` makes a map with
    addresses of it, once the model is found in the meter.
    """

    title: str  # for a person: maker and type
    source: str  # of the addresses, types and scales
    function: Literal[3, 4]  # read holding registers, read input registers
    word_order: WordOrder  # of numbers wider than one register
    max_registers: Annotated[int, Meta(ge=1, le=125)]  # that one request may ask for
    max_gap: Annotated[int, Meta(ge=0, le=124)] = (
        0  # registers between two values that a request may cross
    )
    # from_power: the registers have no sign; the current is negative while the phase's power is.
    current_sign: Literal["signed", "from_power"] = "signed"
    # The bit patterns that mean "no value", by kind; NaN and infinity always mean it.
    not_available: dict[Kind, int | tuple[int, ...]] = {}
    also: tuple[str, ...] = ()  # other products with this map
    phases: Phases = 3  # that the meter measures; a phase that it does not measure has 0 V
    total: TotalTerms = TotalTerms()
    lines: PhaseTerms = _NO_LINES
    server: ServerTerms | None = None  # None: `function`, and the registers that we read
    chain: ChainTerms | None = None
    layouts: dict[str, Layout] = {}
    constants: tuple[Constant, ...] = ()  # of a found model

    def patterns(self, term: RegisterTerm) -> frozenset[int]:
        """Return the bit patterns of a term that mean "no value"."""
        of_kind = self.not_available.get(term.kind, ())
        return frozenset((of_kind,) if isinstance(of_kind, int) else of_kind).union(
            term.not_available
        )


# msgspec keeps with a type what it finds out about it: it does so here, before meter is forked.
msgspec.json.Decoder(MeterMap)


def map_names(folder: Path = MAPS) -> list[str]:
    """Return the names of all maps."""
    # Not by `glob`: compiling its pattern costs a process 0.3 MB.
    return sorted(path.stem for path in folder.iterdir() if path.suffix == ".toml")


def map_titles(folder: Path = MAPS) -> dict[str, str]:
    """Return the title of each map by its name."""
    files = {name: folder / f"{name}.toml" for name in map_names(folder)}
    return {
        name: str(tomllib.loads(file.read_text(encoding="utf-8"))["title"])
        for name, file in files.items()
    }


def load_map(name: str, folder: Path = MAPS) -> MeterMap:
    """Return the map of a name.

    :raises MapError: there is none of that name, or its file is wrong.
    """
    if name not in map_names(folder):
        raise MapError(
            f"unknown meter map {name!r}; expected one of: {', '.join(map_names(folder))}"
        )
    file = folder / f"{name}.toml"
    return parse_map(file.name, file.read_text(encoding="utf-8"))


def parse_map(file: str, text: str) -> MeterMap:
    """Return the map that a file's text describes.

    :raises MapError: the text is no TOML, or a key is missing, unknown or out of its range.
    """
    try:
        found: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MapError(f"{file}: not TOML: {error}") from error
    try:
        meter_map = msgspec.convert(found, MeterMap)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        key = where.strip("`").removeprefix("$.").removeprefix("$")
        raise MapError(f"{file}: {key or 'top level'}: {what}") from error
    _check(file, meter_map)
    return meter_map


def terms_of(meter_map: MeterMap) -> Iterator[tuple[str, RegisterTerm]]:
    """Yield every term that is read of a meter, with its key in the map."""
    return _terms(meter_map.total, meter_map.lines, meter_map.phases)


def span_of(term: RegisterTerm) -> tuple[int, int]:
    """Return the first register of a term, and the one after its last.

    Exponent and factor are among them: read in two requests, a number and its exponent may be of
    two instants between which the meter has changed its range.
    """
    parts = [part for part in (term, term.exponent, term.factor) if part is not None]
    return min(part.at for part in parts), max(part.at + WIDTHS[part.kind] for part in parts)


def _terms(total: TotalTerms, lines: PhaseTerms, phases: int) -> Iterator[tuple[str, RegisterTerm]]:
    for name in total.__struct_fields__:
        for term in getattr(total, name):
            yield f"total.{name}", term
    for name in lines.__struct_fields__:
        for phase_term in getattr(lines, name):
            for line in range(min(phases, len(phase_term.at))):
                yield f"lines.{name}", phase_term.of(line)


def _check(file: str, meter_map: MeterMap) -> None:
    """Refuse what the types do not check.

    :raises MapError: see the texts.
    """
    for kind, patterns in meter_map.not_available.items():
        for bits in (patterns,) if isinstance(patterns, int) else patterns:
            _check_pattern(f"{file}: not_available.{kind}", kind, bits)
    if (meter_map.lines is _NO_LINES) != bool(meter_map.chain):
        raise MapError(f"{file}: expected either lines, or chain and layouts")
    if meter_map.chain is None:
        _check_terms(f"{file}: ", meter_map, meter_map.total, meter_map.lines, meter_map.phases)
        if meter_map.server is not None:
            _check_server(file, meter_map, meter_map.server)
    else:
        _check_chain(file, meter_map, meter_map.chain)


def _check_chain(file: str, meter_map: MeterMap, chain: ChainTerms) -> None:
    """Refuse a chain without its layouts.

    :raises MapError: see the texts.
    """
    if meter_map.server is not None:
        raise MapError(f"{file}: server: expected none beside chain")
    if chain.length.keys() != meter_map.layouts.keys():
        raise MapError(f"{file}: chain.length: expected one for each of layouts")
    for model in chain.models:
        layout = meter_map.layouts.get(model.layout)
        if layout is None:
            raise MapError(f"{file}: chain.models: layout: unknown layout {model.layout!r}")
        place = f"{file}: layouts.{model.layout}."
        _check_terms(place, meter_map, layout.total, layout.lines, model.phases)
        end = 2 + chain.length[model.layout]
        for key, term in _terms(layout.total, layout.lines, model.phases):
            begin, after = span_of(term)
            if begin < 2 or after > end:
                raise MapError(f"{place}{key}: at = {term.at}: expected 2 to {end - 1}")


def _check_terms(
    place: str, meter_map: MeterMap, total: TotalTerms, lines: PhaseTerms, phases: int
) -> None:
    """Refuse terms that cannot be read.

    :raises MapError: see the texts.
    """
    for name in lines.__struct_fields__:
        for phase_term in getattr(lines, name):
            if len(phase_term.at) < phases:
                raise MapError(f"{place}lines.{name}: at: expected {phases} addresses")
    for key, term in _terms(total, lines, phases):
        _check_term(f"{place}{key}", meter_map, term)


def _check_term(place: str, meter_map: MeterMap, term: RegisterTerm) -> None:
    if term.scale == 0.0:
        raise MapError(f"{place}: scale: expected a number other than 0")
    for bits in term.not_available:
        _check_pattern(f"{place}: not_available", term.kind, bits)
    begin, end = span_of(term)
    if end - begin > meter_map.max_registers:
        raise MapError(
            f"{place}: kind {term.kind!r} at {term.at} fills {end - begin} registers;"
            f" expected at most max_registers = {meter_map.max_registers}"
        )
    if end > 0x10000:
        raise MapError(f"{place}: at = {term.at}: expected {end - begin} registers up to 65535")


def _check_server(file: str, meter_map: MeterMap, server: ServerTerms) -> None:
    """Refuse a server that does not answer what the map reads.

    :raises MapError: see the texts.
    """
    function = meter_map.function
    if function not in server.functions:
        raise MapError(f"{file}: server.functions: expected function = {function} among them")
    after = -1
    for first, last in server.ranges:
        if not after <= first <= last:
            raise MapError(
                f"{file}: server.ranges: [{first}, {last}]: expected first and last register of"
                " each, by rising address and with others between them"
            )
        after = last + 2
    others = [("server.frequency_hz", term) for term in server.frequency_hz]
    for key, term in others:
        _check_term(f"{file}: {key}", meter_map, term)
        if term.exponent is not None or term.factor is not None:
            raise MapError(f"{file}: {key}: expected neither exponent nor factor")
    for key, term in (*terms_of(meter_map), *others):
        begin, end = span_of(term)
        if not any(first <= begin and end <= last + 1 for first, last in server.ranges):
            raise MapError(
                f"{file}: server.ranges: expected registers {begin} to {end - 1} of {key} within"
                " one"
            )


def _check_pattern(place: str, kind: Kind, bits: int) -> None:
    if not 0 <= bits < 1 << (16 * WIDTHS[kind]):
        raise MapError(f"{place}: expected a bit pattern of {16 * WIDTHS[kind]} bits, got {bits}")
