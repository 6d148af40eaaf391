"""The TQ map against registers computed by hand from the published addresses and scales."""

import pytest

from nodes.modbus_map.blocks import Block, plan_blocks
from nodes.modbus_map.codec import Codec, Values
from nodes.modbus_map.meter_map import load_map
from tests.builders import line_values

TQ = load_map("tq")

# L1 imports 1380.0 W at 6.012 A and 230.125 V, L2 exports 4567.8 W at 20.1 A and 231.9 V,
# L3 imports 70 kW (more than 16 bits hold) at 304.348 A and 230.0 V.
WORDS = {
    0: (0x000A, 0x31DA, 0, 0),  # total: 66812.2 W, in 0.1 W
    40: (0, 13_800, 0, 0),
    60: (0, 6_012, 3, 0x82ED, 0, 998),
    80: (0, 0, 0, 45_678),
    100: (0, 20_100, 3, 0x89DC, 0xFFFF, 0xFC2E),
    120: (0x000A, 0xAE60, 0, 0),
    140: (0x0004, 0xA4DC, 3, 0x8270, 0, 1000),
    512: (0, 0, 0x0098, 0x9680, 0, 0, 0, 12_345),
    592: (0, 0, 0, 11, 0, 0, 0, 12),
    672: (0, 0, 0, 21, 0, 0, 0, 22),
    752: (0, 1, 0, 0, 0, 0, 0, 32),
}
REGISTERS = {at + offset: word for at, words in WORDS.items() for offset, word in enumerate(words)}

VALUES = Values(
    lines=(
        line_values(
            6.012, 230.125, power_w=1380.0, power_factor=0.998, imported_wh=1.1, exported_wh=1.2
        ),
        line_values(
            -20.1, 231.9, power_w=-4567.8, power_factor=-0.978, imported_wh=2.1, exported_wh=2.2
        ),
        line_values(
            304.348,
            power_w=70_000.0,
            imported_wh=429_496_729.6,  # 2**32 tenths: beyond 32 bits
            exported_wh=3.2,
        ),
    ),
    power_w=66_812.2,
    imported_wh=1_000_000.0,
    exported_wh=1234.5,
)


@pytest.mark.req("MET-5")
def test_registers_of_the_table_mean_these_values() -> None:
    values = Codec(TQ).decode(REGISTERS)
    assert values.power_w == pytest.approx(VALUES.power_w)
    assert values.imported_wh == pytest.approx(VALUES.imported_wh)
    assert values.exported_wh == pytest.approx(VALUES.exported_wh)
    for line, expected in zip(values.lines, VALUES.lines, strict=True):
        for field in line.__struct_fields__:
            assert getattr(line, field) == pytest.approx(getattr(expected, field)), field


def test_the_current_takes_its_sign_from_the_power() -> None:
    one, two, three = Codec(TQ).decode(REGISTERS).lines
    assert (one.current_a > 0, two.current_a > 0, three.current_a > 0) == (True, False, True)


def test_the_simulated_meter_has_its_values_in_the_same_registers() -> None:
    assert Codec(TQ).encode(VALUES) == REGISTERS


@pytest.mark.parametrize(
    ("words", "current_a"),
    [
        ({60: 0, 61: 7_000}, 7.0),
        ({60: 1, 61: 0}, 65.536),  # the high word comes first
        ({60: 0x0000, 61: 0xFFFF}, 65.535),  # unsigned
    ],
)
def test_the_current_of_l1_is_milliamperes_at_60(words: dict[int, int], current_a: float) -> None:
    assert Codec(TQ).decode({**REGISTERS, **words}).lines[0].current_a == pytest.approx(current_a)


def test_it_is_read_in_blocks_of_at_most_125_registers_that_cut_no_value() -> None:
    assert plan_blocks(TQ) == (
        Block(0, 4, optional=True),
        Block(40, 104),
        Block(144, 2, optional=True),
        Block(512, 8, optional=True),
        Block(592, 8, optional=True),
        Block(672, 8, optional=True),
        Block(752, 8, optional=True),
    )
