"""Every map: registers computed by hand from its source, limits, nonsense. For tq: test_tq.py."""

import contextlib
import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from msgs.meter import NO_LINE, Line
from msgs.settings import Grid
from nodes.modbus_map.blocks import Block, plan_blocks
from nodes.modbus_map.codec import Codec, NotAvailableError, OtherMeterError, Values
from nodes.modbus_map.meter_map import MeterMap, PhaseTerm, RegisterTerm
from tests.builders import line_values
from tests.modbus_map.every_map import MAPS, a_line, values_of

# The same for all meters: L1 imports 1380 W at 6 A and 230.5 V; L2 exports 4600 W at 20 A and
# 231 V; L3 imports 110 W at 0.5 A and 229.5 V. In all: -3110 W, 1 MWh imported, 123.4 kWh exported.
LINES = (
    line_values(
        current_a=6.0,
        voltage_v=230.5,
        power_w=1380.0,
        power_factor=1.0,
        imported_wh=400_000.0,
        exported_wh=100.0,
    ),
    line_values(
        current_a=-20.0,
        voltage_v=231.0,
        power_w=-4600.0,
        power_factor=-0.5,
        imported_wh=350_000.0,
        exported_wh=200.0,
    ),
    line_values(
        current_a=0.5,
        voltage_v=229.5,
        power_w=110.0,
        power_factor=0.75,
        imported_wh=250_000.0,
        exported_wh=300.0,
    ),
)
VALUES = Values(lines=LINES, power_w=-3110.0, imported_wh=1_000_000.0, exported_wh=123_400.0)

# By map: the first register of each group, and its words.
WORDS = {
    "abb_b23": {
        0x5B00: (0, 0x0901, 0, 0x0906, 0, 0x08F7),  # U [0.1 V]
        0x5B0C: (0, 0x0258, 0, 0x07D0, 0, 0x0032),  # I [0.01 A]
        0x5B14: (0xFFFB, 0x4128),  # P [0.01 W]: total, L1 to L3
        0x5B16: (0x0002, 0x1B10, 0xFFF8, 0xFB20, 0, 0x2AF8),
        0x5B3B: (0x03E8, 0xFE0C, 0x02EE),  # power factor [0.001]
        0x5000: (0, 0, 0x0001, 0x86A0, 0, 0, 0, 0x3034),  # import, export [0.01 kWh]
        0x5460: (0, 0, 0, 0x9C40, 0, 0, 0, 0x88B8, 0, 0, 0, 0x61A8),
        0x546C: (0, 0, 0, 10, 0, 0, 0, 20, 0, 0, 0, 30),
    },
    "em24": {  # the low word first
        0x00: (0x0901, 0, 0x0906, 0, 0x08F7, 0),  # U [0.1 V]
        0x0C: (0x1770, 0, 0x4E20, 0, 0x01F4, 0),  # I [mA]
        0x12: (0x35E8, 0, 0x4C50, 0xFFFF, 0x044C, 0),  # P [0.1 W]
        0x28: (0x8684, 0xFFFF),  # total
        0x32: (0x03E8, 0xFE0C, 0x02EE),  # power factor [0.001]
        0x3E: (0x2710, 0),  # import [0.1 kWh]
        0x46: (0x0FA0, 0, 0x0DAC, 0, 0x09C4, 0),
        0x5C: (0x04D2, 0),  # export [0.1 kWh]
    },
    "em24_e1": {
        0x00: (0x0901, 0, 0x0906, 0, 0x08F7, 0),
        0x0C: (0x1770, 0, 0x4E20, 0, 0x01F4, 0),
        0x12: (0x35E8, 0, 0x4C50, 0xFFFF, 0x044C, 0),
        0x28: (0x8684, 0xFFFF),
        0x2E: (0x03E8, 0xFE0C, 0x02EE),
        0x34: (0x2710, 0),
        0x40: (0x0FA0, 0, 0x0DAC, 0, 0x09C4, 0),
        0x4E: (0x04D2, 0),
    },
    "gossen_em228x": {
        4: (0x0901, 0x0906, 0x08F7),  # U: mantissas of 10 ** -1
        12: (0x00FF,),
        100: (0x0258, 0x07D0, 0x0032),  # I: of 10 ** -2
        108: (0x00FE,),
        200: (0x008A, 0xFE34, 0x000B, 0xFEC9),  # P: of 10 ** 1; L1 to L3, total
        212: (0x0001,),
        208: (0x03E8, 0xFE0C, 0x02EE),  # power factor [0.001]
        300: (0x000F, 0x4240, 0x0001, 0xE208),  # import, export [Wh]
        308: (0, 1),  # their factor
    },
    "janitza_b23": {
        0x4A38: (0x4366, 0x8000, 0x4367, 0, 0x4365, 0x8000),  # U [V]
        0x4A44: (0x40C0, 0, 0x41A0, 0, 0x3F00, 0),  # I [A]
        0x4A4C: (0x44AC, 0x8000, 0xC58F, 0xC000, 0x42DC, 0),  # P [W]
        0x4A52: (0xC542, 0x6000),  # total
        0x4A64: (0x3F80, 0, 0xBF00, 0, 0x3F40, 0),  # power factor
        0x4A76: (0x48C3, 0x5000, 0x48AA, 0xE600, 0x4874, 0x2400),  # import [Wh], then total
        0x4A7C: (0x4974, 0x2400),
        0x4A7E: (0x42C8, 0, 0x4348, 0, 0x4396, 0),  # export
        0x4A84: (0x47F1, 0x0400),
    },
    "pac2200": {
        1: (0x4366, 0x8000, 0x4367, 0, 0x4365, 0x8000),
        13: (0x40C0, 0, 0x41A0, 0, 0x3F00, 0),
        25: (0x44AC, 0x8000, 0xC58F, 0xC000, 0x42DC, 0),
        37: (0x3F80, 0, 0xBF00, 0, 0x3F40, 0),
        65: (0xC542, 0x6000),
        801: (0x412E, 0x8480, 0, 0),  # import [Wh]
        809: (0x40FE, 0x2080, 0, 0),  # export
    },
    "sdm630": {
        0: (0x4366, 0x8000, 0x4367, 0, 0x4365, 0x8000),
        6: (0x40C0, 0, 0x41A0, 0, 0x3F00, 0),
        12: (0x44AC, 0x8000, 0xC58F, 0xC000, 0x42DC, 0),
        30: (0x3F80, 0, 0xBF00, 0, 0x3F40, 0),
        52: (0xC542, 0x6000),
        72: (0x447A, 0, 0x42F6, 0xCCCD),  # import, export [kWh]
        346: (0x43C8, 0, 0x43AF, 0, 0x437A, 0),
        352: (0x3DCC, 0xCCCD, 0x3E4C, 0xCCCD, 0x3E99, 0x999A),
    },
    "sunspec 203": {
        40070: (203, 105),
        40073: (0x0258, 0x07D0, 0x0032, 0xFFFE),  # I, and its scale factor -2
        40078: (0x0901, 0x0906, 0x08F7),  # U
        40085: (0xFFFF,),
        40088: (0xFEC9, 0x008A, 0xFE34, 0x000B, 1),  # P: total, L1 to L3, scale factor
        40108: (0x0001, 0xE208, 0, 100, 0, 200, 0, 300),  # export: total, L1 to L3 [Wh]
        40116: (0x000F, 0x4240, 0x0006, 0x1A80, 0x0005, 0x5730, 0x0003, 0xD090),  # import
        40124: (0,),
    },
    "sunspec 213": {
        40070: (213, 124),
        40074: (0x40C0, 0, 0x41A0, 0, 0x3F00, 0),
        40082: (0x4366, 0x8000, 0x4367, 0, 0x4365, 0x8000),
        40098: (0xC542, 0x6000, 0x44AC, 0x8000, 0xC58F, 0xC000, 0x42DC, 0),
        40130: (0x47F1, 0x0400, 0x42C8, 0, 0x4348, 0, 0x4396, 0),
        40138: (0x4974, 0x2400, 0x48C3, 0x5000, 0x48AA, 0xE600, 0x4874, 0x2400),
    },
}

# Each request of each meter: address, count, and whether it may be refused.
BLOCKS = {
    "abb_b23": [
        (0x5000, 8, True),
        (0x5460, 24, True),
        (0x5B00, 28, False),
        (0x5B3B, 3, True),
    ],
    "em24": [
        (0x00, 6, False),
        (0x0C, 10, False),
        (0x16, 2, False),
        (0x28, 2, True),
        (0x32, 3, True),
        (0x3E, 2, True),
        (0x46, 6, True),
        (0x5C, 2, True),
    ],
    "em24_e1": [
        (0x00, 6, False),
        (0x0C, 10, False),
        (0x16, 2, False),
        (0x28, 2, True),
        (0x2E, 3, True),
        (0x34, 2, True),
        (0x40, 6, True),
        (0x4E, 2, True),
    ],
    "gossen_em228x": [(4, 9, False), (100, 9, False), (200, 13, False), (300, 10, True)],
    "janitza_b23": [
        (19000, 26, False),
        (19026, 2, True),
        (19044, 6, True),
        (19062, 16, True),
    ],
    "pac2200": [
        (1, 6, False),
        (13, 6, False),
        (25, 6, False),
        (37, 6, True),
        (65, 2, True),
        (801, 4, True),
        (809, 4, True),
    ],
    "sdm630": [
        (0, 18, False),
        (30, 6, True),
        (52, 2, True),
        (72, 4, True),
        (346, 12, True),
    ],
    "sunspec 203": [(40070, 23, False), (40108, 17, True)],
    "sunspec 213": [(40070, 36, False), (40130, 16, True)],
}


def registers_of(name: str) -> dict[int, int]:
    return {
        at + offset: word for at, words in WORDS[name].items() for offset, word in enumerate(words)
    }


def shown(meter_map: MeterMap, values: Values) -> Values:
    """Return the values without those that the map does not have."""
    terms = meter_map.lines

    def line(line: Line) -> Line:
        computed = min(1.0, abs(line.power_w) / abs(line.voltage_v * line.current_a))
        return line_values(
            current_a=line.current_a,
            voltage_v=line.voltage_v,
            power_w=line.power_w,
            power_factor=line.power_factor if terms.power_factor else computed,
            imported_wh=line.imported_wh if terms.imported_wh else 0.0,
            exported_wh=line.exported_wh if terms.exported_wh else 0.0,
        )

    one, two, three = values.lines
    return replace(values, lines=(line(one), line(two), line(three)))


def assert_equal(found: Values, expected: Values) -> None:
    assert found.power_w == pytest.approx(expected.power_w)
    assert found.imported_wh == pytest.approx(expected.imported_wh)
    assert found.exported_wh == pytest.approx(expected.exported_wh)
    for line, wanted in zip(found.lines, expected.lines, strict=True):
        for field in line.__struct_fields__:
            assert getattr(line, field) == pytest.approx(getattr(wanted, field)), field


@pytest.mark.req("MET-1", "MET-5")
@pytest.mark.parametrize("name", WORDS)
def test_registers_of_the_table_mean_these_values(name: str) -> None:
    values = Codec(MAPS[name]).decode(registers_of(name))
    assert_equal(values, shown(MAPS[name], VALUES))
    assert values.contradictions == ()


@pytest.mark.parametrize("name", WORDS)
def test_the_simulated_meter_has_its_values_in_the_same_registers(name: str) -> None:
    assert Codec(MAPS[name]).encode(VALUES) == registers_of(name)


@pytest.mark.parametrize("name", BLOCKS)
def test_these_are_the_requests(name: str) -> None:
    assert plan_blocks(MAPS[name]) == tuple(Block(*block) for block in BLOCKS[name])


def test_every_map_has_its_registers_in_a_test() -> None:
    assert {name.split()[0] for name in MAPS} == {"tq", *(name.split()[0] for name in WORDS)}


@pytest.mark.parametrize("name", MAPS)
def test_the_limits_of_each_meter_are_kept(name: str) -> None:
    meter_map = MAPS[name]
    most = {"em24": 11, "sdm630": 80}.get(name, 125)
    for block in plan_blocks(meter_map):
        assert block.count <= min(most, meter_map.max_registers)
        if name == "sdm630":  # whole floats, each at an even address
            assert (block.address % 2, block.count % 2) == (0, 0)


@pytest.mark.parametrize("name", MAPS)
def test_what_is_refused_of_the_others_costs_no_power_current_or_voltage(name: str) -> None:
    meter_map = MAPS[name]
    registers = Codec(meter_map).encode(values_of(LINES, meter_map.phases))
    blocks = [block for block in plan_blocks(meter_map) if not block.optional]
    kept = {
        at: word
        for at, word in registers.items()
        if any(block.address <= at < block.address + block.count for block in blocks)
    }
    assert len(kept) < len(registers)
    whole, partly = Codec(meter_map).decode(registers), Codec(meter_map).decode(kept)
    for line, expected in zip(partly.lines, whole.lines, strict=True):
        assert line.power_w == expected.power_w
        assert line.current_a == expected.current_a
        assert line.voltage_v == expected.voltage_v
    assert partly.power_w == pytest.approx(whole.power_w, abs=20.0)  # of the total, or the sum


# --- not available ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words", "what"),
    [
        ("abb_b23", {0x5B0C: 0xFFFF, 0x5B0D: 0xFFFF}, r"current of L1 \(register 23308\)"),
        ("abb_b23", {0x5B18: 0x7FFF, 0x5B19: 0xFFFF}, r"power of L2 \(register 23320\)"),
        ("abb_b23", {0x5B18: 0xFFFF, 0x5B19: 0xFFFF}, r"power of L2 \(register 23320\)"),  # unused
        ("em24", {0x16: 0xFFFF, 0x17: 0x7FFF}, r"power of L3 \(register 22\)"),
        ("gossen_em228x", {101: 0x8000}, r"current of L2 \(register 101\)"),
        ("gossen_em228x", {12: 0x000B}, r"voltage of L1 \(register 4\)"),  # 10 ** 11
        ("gossen_em228x", {212: 0x0080}, r"power of L1 \(register 200\)"),  # 10 ** -128
        ("janitza_b23", {0x4A38: 0x7FC0}, r"voltage of L1 \(register 19000\)"),  # NaN
        ("pac2200", {27: 0x7F80, 28: 0}, r"power of L2 \(register 27\)"),  # infinity
        ("sdm630", {10: 0xFFC0}, r"current of L3 \(register 10\)"),
        ("sunspec 203", {40089: 0x8000}, r"power of L1 \(register 40089\)"),
        ("sunspec 203", {40076: 0x8000}, r"current of L1 \(register 40073\)"),  # scale factor
        ("sunspec 213", {40084: 0x7FC0}, r"voltage of L2 \(register 40084\)"),
    ],
)
def test_a_needed_value_that_is_not_available_is_no_reading(
    name: str, words: dict[int, int], what: str
) -> None:
    with pytest.raises(NotAvailableError, match=what):
        Codec(MAPS[name]).decode({**registers_of(name), **words})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("abb_b23", dict.fromkeys(range(0x5000, 0x5004), 0xFFFF)),
        ("em24", {0x3E: 0xFFFF, 0x3F: 0x7FFF}),
        ("janitza_b23", {0x4A7C: 0x7FC0}),
        ("sdm630", {72: 0x7FC0}),
        ("sunspec 203", {40116: 0, 40117: 0}),  # 0: not counted
        ("sunspec 203", {40116: 0xFFFF, 40117: 0xFFFF}),
        ("sunspec 213", {40138: 0, 40139: 0}),
    ],
)
def test_a_total_that_is_not_available_is_the_sum_of_the_phases(
    name: str, words: dict[int, int]
) -> None:
    # L1 shows more, so that the sum differs from the total.
    more = {"abb_b23": {0x5463: 0x9C41}, "em24": {0x46: 0x0FA1}, "janitza_b23": {0x4A76: 0x48C4}}
    more |= {
        "sdm630": {346: 0x43C9},
        "sunspec 203": {40119: 0x1A81},
        "sunspec 213": {40140: 0x48C4},
    }
    expected_wh = {"abb_b23": 10.0, "em24": 100.0, "sdm630": 2000.0, "sunspec 203": 1.0}
    values = Codec(MAPS[name]).decode({**registers_of(name), **more[name], **words})
    added_wh = expected_wh.get(name, 2048.0)  # 48C4 and 48C3 differ by that
    assert values.imported_wh == pytest.approx(1_000_000.0 + added_wh)


# --- exponents and factors ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "power_w"),
    [
        (0x0000, 138.0),
        (0x0002, 13_800.0),
        (0x00FF, 13.8),  # -1
        (0x5AFF, 13.8),  # the high byte is something else
    ],
)
def test_the_exponent_of_gossen_is_the_low_byte(word: int, power_w: float) -> None:
    values = Codec(MAPS["gossen_em228x"]).decode({**registers_of("gossen_em228x"), 212: word})
    assert values.lines[0].power_w == pytest.approx(power_w)


def test_energies_of_gossen_count_in_units_of_their_factor() -> None:
    registers = {**registers_of("gossen_em228x"), 308: 0, 309: 100}
    values = Codec(MAPS["gossen_em228x"]).decode(registers)
    assert values.imported_wh == pytest.approx(100_000_000.0)
    assert Codec(MAPS["gossen_em228x"]).decode({**registers, 309: 0}).imported_wh == 0.0


def test_a_scale_factor_that_changes_counts_for_the_same_reading() -> None:
    codec, registers = Codec(MAPS["sunspec 203"]), registers_of("sunspec 203")
    assert codec.decode(registers).lines[0].current_a == pytest.approx(6.0)
    # The meter has changed its range: the same current, with another mantissa and exponent.
    registers |= {40073: 60, 40074: 200, 40075: 5, 40076: 0xFFFF}
    assert codec.decode(registers).lines[0].current_a == pytest.approx(6.0)


# --- signs, phases, other meters ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["sdm630", "sunspec 213"])
@pytest.mark.parametrize("high", [0x41A0, 0xC1A0])
def test_a_current_with_or_without_a_sign_takes_that_of_the_power(name: str, high: int) -> None:
    at = {"sdm630": 8, "sunspec 213": 40076}[name]
    line = Codec(MAPS[name]).decode({**registers_of(name), at: high}).lines[1]
    assert line.current_a == pytest.approx(-20.0)


@pytest.mark.parametrize("name", [name for name in MAPS if MAPS[name].phases == 3])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_too_much_power_for_its_current_is_found_in_both_directions(name: str, sign: float) -> None:
    lines = (a_line(sign * 2300.0), a_line(sign * 2300.0), a_line(sign * 2300.0))
    wrong = line_values(
        current_a=sign * 2.0,
        voltage_v=230.0,
        power_w=sign * 2300.0,
        power_factor=1.0,
        imported_wh=0.0,
        exported_wh=0.0,
    )
    registers = Codec(MAPS[name]).encode(values_of((lines[0], wrong, lines[2])))
    (contradiction,) = Codec(MAPS[name]).decode(registers).contradictions
    assert contradiction.phase == "L2"
    assert contradiction.at_most_a == pytest.approx(10.0)
    assert Codec(MAPS[name], Grid.IT).decode(registers).contradictions == ()


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("name", [name for name in MAPS if MAPS[name].phases == 3])
def test_an_export_that_the_total_does_not_show_is_doubted(name: str) -> None:
    one = a_line(2300.0)
    honest = values_of((one, one, a_line(-1150.0)))
    assert Codec(MAPS[name]).decode(Codec(MAPS[name]).encode(honest)).contradictions == ()
    # L3 shows the export of 1150 W, though it imports as much.
    wrong = replace(honest, power_w=2 * 2300.0 + 1150.0)
    (contradiction,) = Codec(MAPS[name]).decode(Codec(MAPS[name]).encode(wrong)).contradictions
    assert contradiction.phase == "L3"
    assert contradiction.at_most_a == pytest.approx(5.0, abs=0.01)
    # More export than the phases show takes no headroom from anybody.
    less = replace(honest, power_w=1000.0)
    assert Codec(MAPS[name]).decode(Codec(MAPS[name]).encode(less)).contradictions == ()


@pytest.mark.parametrize(
    ("model", "phases"), [(201, 1), (211, 1), (202, 2), (212, 2), (203, 3), (214, 3)]
)
def test_a_phase_that_the_meter_does_not_measure_has_no_voltage(model: int, phases: int) -> None:
    meter_map = MAPS[f"sunspec {model}"]
    registers = dict(Codec(meter_map).encode(values_of(LINES, phases)))
    values = Codec(meter_map).decode(registers)
    assert values.lines[phases:] == (NO_LINE,) * (3 - phases)
    assert values.lines[0].current_a == pytest.approx(6.0)
    # 0 V: load_manager counts no reading of a phase with less than its least voltage.
    assert all(line.voltage_v == 0.0 for line in values.lines[phases:])


@pytest.mark.parametrize("model", [201, 211])
def test_the_power_of_a_single_phase_is_the_total(model: int) -> None:
    meter_map = MAPS[f"sunspec {model}"]
    values = Codec(meter_map).decode(Codec(meter_map).encode(values_of(LINES, 1)))
    assert values.lines[0].power_w == values.power_w == pytest.approx(1380.0)


@pytest.mark.parametrize("words", [{40070: 103}, {40070: 204}, {40071: 106}])
def test_another_model_at_the_same_address_is_another_meter(words: dict[int, int]) -> None:
    with pytest.raises(OtherMeterError, match="expected"):
        Codec(MAPS["sunspec 203"]).decode({**registers_of("sunspec 203"), **words})


# --- properties ---------------------------------------------------------------------------------

NONSENSE = (0, 1, 0x7F80, 0x7FC0, 0x7FFF, 0x8000, 0xFF80, 0xFFFF)
MOST_TOTAL_W = 32_000.0  # beyond it a total in 16 bits ends at its range


def some_lines(chance: random.Random) -> tuple[Line, Line, Line]:
    one, two, three = (
        a_line(
            100.0 * chance.randint(-300, 300),
            voltage_v=chance.randint(2000, 2600) / 10.0,
            power_factor=chance.randint(-100, 100) / 100.0,
            imported_wh=100.0 * chance.randint(1, 10_000),
            exported_wh=100.0 * chance.randint(1, 10_000),
        )
        for _ in range(3)
    )
    return one, two, three


def half_a_step(terms: tuple[PhaseTerm, ...] | tuple[RegisterTerm, ...]) -> float:
    """Return how far a value may be from what the simulated meter shows of it."""
    term = terms[0]
    exponent = 0 if term.exponent is None else term.exponent.simulated
    return float(0.501 * abs(term.scale) * 10.0**exponent)


def check_round_trip(name: str, chance: random.Random) -> None:
    meter_map, lines = MAPS[name], some_lines(chance)
    values = values_of(lines, meter_map.phases)
    decoded = Codec(meter_map).decode(Codec(meter_map).encode(values))
    for line, expected in zip(decoded.lines[: meter_map.phases], lines, strict=False):
        for field in line.__struct_fields__:
            terms = getattr(meter_map.lines, field)
            if terms:
                wanted = pytest.approx(getattr(expected, field), rel=1e-6, abs=half_a_step(terms))
                assert getattr(line, field) == wanted, field
    for field in meter_map.total.__struct_fields__:
        terms = getattr(meter_map.total, field)
        if terms and abs(values.power_w) < MOST_TOTAL_W:
            wanted = pytest.approx(getattr(values, field), rel=1e-6, abs=half_a_step(terms))
            assert getattr(decoded, field) == wanted, field


def check_nonsense(name: str, chance: random.Random) -> None:
    meter_map = MAPS[name]
    lines = some_lines(chance)
    registers = dict(Codec(meter_map).encode(values_of(lines, meter_map.phases)))
    for place in chance.sample(sorted(registers), chance.choice((1, 1, 2, len(registers)))):
        registers[place] = chance.choice((*NONSENSE, chance.randint(0, 0xFFFF)))
    try:
        values = Codec(meter_map).decode(registers)
    except NotAvailableError:
        return
    numbers = [values.power_w, values.imported_wh, values.exported_wh]
    numbers += [getattr(line, field) for line in values.lines for field in line.__struct_fields__]
    assert all(math.isfinite(number) for number in numbers)


@pytest.mark.parametrize("name", MAPS)
def test_what_is_encoded_is_decoded_within_the_steps_of_the_meter(name: str) -> None:
    chance = random.Random(name)
    for _ in range(10):
        check_round_trip(name, chance)


@pytest.mark.parametrize("name", MAPS)
def test_nonsense_in_registers_is_a_reading_or_not_available(name: str) -> None:
    chance = random.Random(name)
    for _ in range(60):
        check_nonsense(name, chance)


@pytest.mark.proof
@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("check", [check_round_trip, check_nonsense])
def test_many_values_and_much_nonsense(
    name: str, check: Callable[[str, random.Random], None]
) -> None:
    chance = random.Random(f"{name} again")
    for _ in range(5000):
        check(name, chance)


def test_a_value_beyond_its_registers_is_not_shown_as_none() -> None:
    lines = (a_line(-400_000.0), a_line(400_000.0), a_line(-0.01))
    for name in ("gossen_em228x", "sunspec 203", "abb_b23"):
        values = Codec(MAPS[name]).decode(Codec(MAPS[name]).encode(values_of(lines)))
        assert values.lines[0].power_w <= -327_670.0
        assert values.lines[1].power_w >= 327_670.0
        assert values.lines[2].power_w == 0.0


@pytest.mark.parametrize("name", MAPS)
def test_any_single_register_of_nonsense_is_a_reading_or_not_available(name: str) -> None:
    registers = Codec(MAPS[name]).encode(values_of(LINES, MAPS[name].phases))
    codec = Codec(MAPS[name])
    for place in registers:
        for word in NONSENSE:
            with contextlib.suppress(NotAvailableError):
                codec.decode({**registers, place: word})
