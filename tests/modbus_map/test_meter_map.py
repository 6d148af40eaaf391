"""Map files: what a map of another meter may contain, and how a wrong one is refused."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msgs.meter import NO_LINE, Line
from nodes.modbus_map.bank import Bank, answer
from nodes.modbus_map.blocks import Block, plan_blocks
from nodes.modbus_map.codec import Codec, NotAvailableError, Values
from nodes.modbus_map.exceptions import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION
from nodes.modbus_map.judge import MOST_A, MOST_V
from nodes.modbus_map.kinds import words_of
from nodes.modbus_map.meter_map import MapError, load_map, map_names, parse_map
from tests.builders import line_values
from tests.modbus_map.every_map import MAPS

# A meter of another kind: signed values, low word first, few registers a request, markers.
OTHER = """
title = "Another meter"
source = "test"
function = 4
word_order = "low_first"
max_registers = 11
max_gap = 2
[not_available]
i32 = 0x7FFFFFFF
u16 = 0xFFFF
[lines]
power_w = [{ at = [12, 14, 16], kind = "i32", scale = 0.1 }]
current_a = [{ at = [6, 8, 10], kind = "i32", scale = 0.001 }]
voltage_v = [{ at = [0, 2, 4], kind = "f32" }]
power_factor = [{ at = [20, 21, 22], kind = "u16", scale = 0.001 }]
imported_wh = [{ at = [40, 44, 48], kind = "f64", scale = 1000 }]
"""


SERVER = """
[server]
functions = [3, 4]
ranges = [[0, 24], [40, 51]]
frequency_hz = [{ at = 23, kind = "u16", scale = 0.01 }]
"""


def other_registers() -> dict[int, int]:
    registers: dict[int, int] = {}
    for at, kind, number in [
        *((0 + 2 * line, "f32", 230.5) for line in range(3)),
        *((6 + 2 * line, "i32", -1500) for line in range(3)),
        *((12 + 2 * line, "i32", -3457) for line in range(3)),
        *((40 + 4 * line, "f64", 12.75) for line in range(3)),
    ]:
        words = words_of(number, kind, "low_first")  # type: ignore[arg-type]
        registers.update(zip(range(at, at + len(words)), words, strict=True))
    registers.update({20: 990, 21: 990, 22: 0xFFFF})
    return registers


def test_another_meter_needs_only_another_file() -> None:
    values = Codec(parse_map("other.toml", OTHER)).decode(other_registers())
    line = values.lines[0]
    assert line.power_w == pytest.approx(-345.7)
    assert line.current_a == pytest.approx(-1.5)
    assert line.voltage_v == pytest.approx(230.5)
    assert line.power_factor == pytest.approx(0.99)
    assert line.imported_wh == pytest.approx(12_750.0)
    assert line.exported_wh == 0.0  # the map has none


def test_totals_that_a_map_lacks_are_sums() -> None:
    values = Codec(parse_map("other.toml", OTHER)).decode(other_registers())
    assert values.power_w == pytest.approx(3 * -345.7)
    assert values.imported_wh == pytest.approx(3 * 12_750.0)


def test_a_power_factor_that_is_not_available_is_computed() -> None:
    line = Codec(parse_map("other.toml", OTHER)).decode(other_registers()).lines[2]
    assert line.power_factor == pytest.approx(345.7 / (230.5 * 1.5))


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({8: 0xFFFF, 9: 0x7FFF}, r"current of L2 \(register 8\)"),
        ({12: 0xFFFF, 13: 0x7FFF}, r"power of L1 \(register 12\)"),
        ({4: 0x0000, 5: 0x7FC0}, r"voltage of L3 \(register 4\)"),  # NaN
        ({4: 0x0000, 5: 0x7F80}, r"voltage of L3 \(register 4\)"),  # infinity
    ],
)
def test_a_needed_value_that_is_not_available_is_no_reading(
    words: dict[int, int], what: str
) -> None:
    with pytest.raises(NotAvailableError, match=what):
        Codec(parse_map("other.toml", OTHER)).decode({**other_registers(), **words})


def test_a_request_holds_no_more_registers_than_the_meter_allows() -> None:
    assert plan_blocks(parse_map("other.toml", OTHER)) == (
        Block(0, 10),
        Block(10, 8),
        Block(20, 3, optional=True),
        Block(40, 8, optional=True),
        Block(48, 4, optional=True),
    )


def test_values_beyond_a_register_end_at_its_range() -> None:
    line = line_values(1.0, power_w=5e9)
    values = Values(lines=(line, line, line), power_w=0.0, imported_wh=0.0, exported_wh=0.0)
    meter_map = parse_map("other.toml", OTHER.replace("i32 = 0x7FFFFFFF", ""))
    assert Codec(meter_map).decode(Codec(meter_map).encode(values)).lines[
        0
    ].power_w == pytest.approx((2**31 - 1) / 10)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("function = 4", "function = 5"), r"^x\.toml: function: Invalid enum value 5"),
        (('word_order = "low_first"', ""), r"missing required field `word_order`"),
        (("low_first", "upside_down"), r"^x\.toml: word_order: Invalid enum value 'upside_down'"),
        (('kind = "f32"', 'kind = "u8"'), r"lines\.voltage_v\[0\]\.kind: Invalid enum value 'u8'"),
        (("[12, 14, 16]", "[12, 14]"), r"lines\.power_w: at: expected 3 addresses"),
        (("[12, 14, 16]", "[12, 14, 70000]"), r"lines\.power_w\[0\]\.at\[2\]: Expected `int` <="),
        (("scale = 1000 }", "scal = 1000 }"), r"imported_wh\[0\]: .*unknown field `scal`"),
        (("scale = 1000 }", "scale = 0 }"), r"lines\.imported_wh: scale: expected a number other"),
        (("[40, 44, 48]", "[40, 44, 65534]"), r"expected 4 registers up to 65535"),
        (("max_registers = 11", "max_registers = 3"), r"fills 4 registers; expected at most"),
        (("u16 = 0xFFFF", "u16 = 0x10000"), r"not_available\.u16: expected a bit pattern of 16"),
        (("u16 = 0xFFFF", "u16 = [1, -1]"), r"not_available\.u16: expected a bit pattern of 16"),
        (
            ('kind = "f32"', 'kind = "f32", not_available = [0x100000000]'),
            r"lines\.voltage_v: not_available: expected a bit pattern of 32 bits, got 4294967296",
        ),
        (
            ('kind = "f32"', 'kind = "f32", exponent = { at = 30, kind = "i8", simulated = 0 }'),
            r"lines\.voltage_v: kind 'f32' at 0 fills 31 registers; expected at most",
        ),
        (("[lines]", "[chain]\nstarts = [0]\nmodels = []\nlength = {}\n[lines]"), r"chain\."),
        (("function = 4", "function = "), r"^x\.toml: not TOML: "),
    ],
)
def test_a_wrong_map_names_file_key_and_what_was_expected(
    change: tuple[str, str], complaint: str
) -> None:
    assert change[0] in OTHER
    with pytest.raises(MapError, match=complaint):
        parse_map("x.toml", OTHER.replace(*change))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("[3, 4]", "[3]"), r"^x\.toml: server\.functions: expected function = 4 among them"),
        (("[3, 4]", "[]"), r"^x\.toml: server\.functions: Expected `array` of length >= 1"),
        (("[3, 4]", "[6]"), r"^x\.toml: server\.functions\[0\]: Invalid enum value 6"),
        (("[40, 51]", "[40, 50]"), r"server\.ranges: expected registers 48 to 51 of lines\.imp"),
        (("[0, 24]", "[0, 22]"), r"server\.ranges: expected registers 23 to 23 of server\.freq"),
        (("[0, 24]", "[24, 0]"), r"server\.ranges: \[24, 0\]: expected first and last register"),
        (("[0, 24]", "[0, 39]"), r"server\.ranges: \[40, 51\]: expected .* others between them"),
        (("scale = 0.01", "scale = 0"), r"server\.frequency_hz: scale: expected a number other"),
        (("at = 23", "at = 65536"), r"server\.frequency_hz\[0\]\.at: Expected `int` <= 65535"),
    ],
)
def test_a_server_that_does_not_answer_what_the_map_reads_is_refused(
    change: tuple[str, str], complaint: str
) -> None:
    assert change[0] in SERVER
    parse_map("x.toml", OTHER + SERVER)
    with pytest.raises(MapError, match=complaint):
        parse_map("x.toml", OTHER + SERVER.replace(*change))


@pytest.mark.parametrize(
    ("server", "function", "block", "answered"),
    [
        # without a table of its own: what is read of the meter, and nothing else
        ("", 4, (20, 1), [1000]),
        ("", 4, (20, 4), ILLEGAL_ADDRESS),
        ("", 4, (23, 1), ILLEGAL_ADDRESS),
        ("", 3, (20, 1), ILLEGAL_FUNCTION),
        # with one
        (SERVER, 4, (20, 1), [1000]),
        (SERVER, 3, (20, 5), [1000, 1000, 1000, 4998, 0]),
        (SERVER, 3, (24, 2), ILLEGAL_ADDRESS),
        (SERVER, 3, (39, 2), ILLEGAL_ADDRESS),
        (SERVER, 6, (20, 1), ILLEGAL_FUNCTION),
    ],
)
def test_a_simulated_meter_answers_the_ranges_and_functions_of_its_map(
    server: str, function: int, block: tuple[int, int], answered: list[int] | int
) -> None:
    line = line_values(6.0)
    values = Values(lines=(line, line, line), power_w=0.0, imported_wh=0.0, exported_wh=0.0)
    meter_map = parse_map("x.toml", OTHER + server)
    bank = Bank(meter_map=meter_map, values=lambda: values, frequency_hz=lambda: 49.98)
    assert answer({1: bank}, 1, function, [block]) == answered


def test_an_unknown_map_names_the_known_ones() -> None:
    with pytest.raises(MapError, match=r"unknown meter map 'tqq'; expected one of: .*tq"):
        load_map("tqq")


def test_a_map_added_as_a_file_is_known(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(OTHER)
    assert map_names(tmp_path) == ["other"]
    assert load_map("other", tmp_path).title == "Another meter"


CHAIN = """
[chain]
starts = [40000]
models = [{ id = 203, layout = "one", phases = 3 }]
length = { one = 20 }
[layouts.one.lines]
power_w = [{ at = [2, 3, 4], kind = "i16" }]
current_a = [{ at = [5, 6, 7], kind = "i16" }]
voltage_v = [{ at = [8, 9, 10], kind = "i16" }]
"""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("", ""), ""),
        (("one = 20", "two = 20"), r"chain\.length: expected one for each of layouts"),
        (('layout = "one"', 'layout = "two"'), r"chain\.models: layout: unknown layout 'two'"),
        (("one = 20", "one = 8"), r"layouts\.one\.lines\.voltage_v: at = 10: expected 2 to 9"),
        (("[2, 3, 4]", "[1, 3, 4]"), r"layouts\.one\.lines\.power_w: at = 1: expected 2 to 21"),
        (("[2, 3, 4]", "[2, 3]"), r"layouts\.one\.lines\.power_w: at: expected 3 addresses"),
        (("id = 203", "id = 1"), r"chain\.models\[0\]\.id: Expected `int` >= 2"),
    ],
)
def test_a_wrong_chain_names_what_was_expected(change: tuple[str, str], complaint: str) -> None:
    head = OTHER.partition("[lines]")[0]
    text = head + CHAIN.replace(*change)
    if not complaint:
        assert parse_map("x.toml", text).chain is not None
        return
    with pytest.raises(MapError, match=complaint):
        parse_map("x.toml", text)


@pytest.mark.parametrize("extra", ["", CHAIN])
def test_a_map_has_lines_or_a_chain(extra: str) -> None:
    text = OTHER + extra if extra else OTHER.partition("[lines]")[0]
    with pytest.raises(MapError, match="expected either lines, or chain and layouts"):
        parse_map("x.toml", text)


def test_a_map_may_be_of_one_phase() -> None:
    text = OTHER.replace("function = 4", "function = 4\nphases = 1")
    for three, one in (("[12, 14, 16]", "[12]"), ("[6, 8, 10]", "[6]"), ("[0, 2, 4]", "[0]")):
        text = text.replace(three, one)
    meter_map = parse_map("x.toml", text)
    values = Codec(meter_map).decode(other_registers())
    assert values.lines[1:] == (NO_LINE, NO_LINE)
    assert values.power_w == pytest.approx(-345.7)
    assert plan_blocks(meter_map)[:3] == (Block(0, 2), Block(6, 2), Block(12, 2))


def test_the_readme_lists_every_map() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## Meters")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == map_names()


@pytest.mark.parametrize("name", map_names())
def test_every_map_can_be_loaded(name: str) -> None:
    assert load_map(name).title


@pytest.mark.parametrize("name", MAPS)
def test_every_map_can_be_read(name: str) -> None:
    assert all(1 <= block.count <= MAPS[name].max_registers for block in plan_blocks(MAPS[name]))


numbers = st.floats(-1e6, 1e6, allow_nan=False)
some_lines = st.builds(
    Line,
    current_a=st.floats(-MOST_A, MOST_A),
    voltage_v=st.floats(-MOST_V, MOST_V),
    power_w=numbers,
    power_factor=st.floats(-1.0, 1.0),
    imported_wh=st.sampled_from([0.0, 1234.5]),
    exported_wh=st.sampled_from([0.0, 1234.5]),
)
some_values = st.builds(
    Values,
    lines=st.tuples(some_lines, some_lines, some_lines),
    power_w=numbers,
    imported_wh=st.sampled_from([0.0, 99.0]),
    exported_wh=st.sampled_from([0.0, 99.0]),
)


@settings(max_examples=100)
@given(name=st.sampled_from(sorted(MAPS)), series=st.lists(some_values, max_size=4))
def test_values_do_not_depend_on_earlier_ones(name: str, series: list[Values]) -> None:
    meter_map = MAPS[name]
    writer, reader = Codec(meter_map), Codec(meter_map)
    for values in series:
        registers = writer.encode(values)
        assert registers == Codec(meter_map).encode(values)
        assert reader.decode(registers) == Codec(meter_map).decode(registers)
