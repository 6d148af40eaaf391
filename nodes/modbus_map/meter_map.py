"""A meter's register map: the structure of a map file, and how it is loaded and checked."""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from nodes.modbus_map.kinds import WIDTHS, Kind, WordOrder

MAPS = Path(__file__).parent / "maps"

Register = Annotated[int, Meta(ge=0, le=0xFFFF)]


class MapError(Exception):
    """Raised when a map is unknown or wrong: names the file, the key, and what was expected."""


class RegisterTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number of a meter; a value is the sum of its terms.

    A negative scale subtracts: a meter with separate import and export has two terms.
    """

    at: Register
    kind: Kind
    scale: float = 1.0


class PhaseTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number of each phase: its three addresses, L1 first."""

    at: tuple[Register, Register, Register]
    kind: Kind
    scale: float = 1.0

    def of(self, line: int) -> RegisterTerm:
        """Return the term of one phase, 0 for L1."""
        return RegisterTerm(at=self.at[line], kind=self.kind, scale=self.scale)


RequiredTerms = Annotated[tuple[PhaseTerm, ...], Meta(min_length=1)]


class TotalTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of the whole meter. A value without terms is the sum over the phases."""

    power_w: tuple[RegisterTerm, ...] = ()
    imported_wh: tuple[RegisterTerm, ...] = ()
    exported_wh: tuple[RegisterTerm, ...] = ()


class PhaseTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of each phase.

    A power factor without terms is computed of power, voltage and current; an energy without terms
    is 0 Wh.
    """

    power_w: RequiredTerms
    current_a: RequiredTerms
    voltage_v: RequiredTerms
    power_factor: tuple[PhaseTerm, ...] = ()
    imported_wh: tuple[PhaseTerm, ...] = ()
    exported_wh: tuple[PhaseTerm, ...] = ()


class ServerTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the meter's own server answers besides the values that are read of it.

    Other clients read more than we do. The simulated meters answer all of it.
    """

    functions: Annotated[tuple[Literal[3, 4], ...], Meta(min_length=1)]
    # Of the registers that can be read: the first and the last of each. A request must lie within
    # one of them; registers without a value are 0.
    ranges: Annotated[tuple[tuple[Register, Register], ...], Meta(min_length=1)]
    frequency_hz: tuple[RegisterTerm, ...] = ()


class MeterMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registers of one family of meters, and how to read them."""

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
    # The bit pattern that means "no value", by kind; NaN and infinity always mean it.
    not_available: dict[Kind, int] = {}
    also: tuple[str, ...] = ()  # other products with this map
    total: TotalTerms = TotalTerms()
    lines: PhaseTerms
    server: ServerTerms | None = None  # None: `function`, and the registers that we read


def map_names(folder: Path = MAPS) -> list[str]:
    """Return the names of all maps."""
    # Not by `glob`: compiling its pattern costs a process 0.3 MB.
    return sorted(path.stem for path in folder.iterdir() if path.suffix == ".toml")


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
    total, lines = meter_map.total, meter_map.lines
    for name in total.__struct_fields__:
        for term in getattr(total, name):
            yield f"total.{name}", term
    for name in lines.__struct_fields__:
        for phase_term in getattr(lines, name):
            for line in range(3):
                yield f"lines.{name}", phase_term.of(line)


def _check(file: str, meter_map: MeterMap) -> None:
    """Refuse what the types do not check.

    :raises MapError: see the texts.
    """
    for kind, bits in meter_map.not_available.items():
        if not 0 <= bits < 1 << (16 * WIDTHS[kind]):
            raise MapError(
                f"{file}: not_available.{kind}: expected a bit pattern of {16 * WIDTHS[kind]} bits,"
                f" got {bits}"
            )
    server = meter_map.server
    others = () if server is None else server.frequency_hz
    terms = [*terms_of(meter_map), *(("server.frequency_hz", term) for term in others)]
    for key, term in terms:
        width = WIDTHS[term.kind]
        if term.scale == 0.0:
            raise MapError(f"{file}: {key}: scale: expected a number other than 0")
        if width > meter_map.max_registers:
            raise MapError(
                f"{file}: {key}: kind {term.kind!r} at {term.at} fills {width} registers; expected"
                f" at most max_registers = {meter_map.max_registers}"
            )
        if term.at + width > 0x10000:
            raise MapError(f"{file}: {key}: at = {term.at}: expected {width} registers up to 65535")
    if server is not None:
        _check_server(file, meter_map.function, server, terms)


def _check_server(
    file: str, function: int, server: ServerTerms, terms: Sequence[tuple[str, RegisterTerm]]
) -> None:
    """Refuse a server that does not answer what the map reads.

    :raises MapError: see the texts.
    """
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
    for key, term in terms:
        end = term.at + WIDTHS[term.kind] - 1
        if not any(first <= term.at and end <= last for first, last in server.ranges):
            raise MapError(
                f"{file}: server.ranges: expected registers {term.at} to {end} of {key} within one"
            )
