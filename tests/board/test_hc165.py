"""The shift registers: the meaning of each bit, and lines that are stuck."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from nodes.board import hc165, reference
from nodes.board.hc165 import Hc165
from nodes.board.models.hc165 import ModelHc165
from nodes.board.models.spi import ChipModel, Disturb, ModelSpiDev
from nodes.board.spi_link import ChipError, SpiLink
from tests.board.spi_io import SpiIo

TIED = reference.SPARE_BIT
byte = st.integers(0, 255)


def registers(
    inputs: tuple[int, int, int], disturb: Disturb = lambda _, answer: answer, *, mode: int = 0
) -> Hc165:
    chips: dict[tuple[int, int], ChipModel] = {(1, 1): ModelHc165(lambda: inputs)}
    io = SpiIo(lambda: ModelSpiDev(chips, disturb))
    return Hc165(SpiLink(io, (1, 1), mode=mode, clock_hz=hc165.CLOCK_HZ))


@settings(max_examples=25)
@given(byte, byte)
def test_the_switches_are_read_as_they_are_set(dip1: int, dip2: int) -> None:
    bits = registers((dip1, dip2, TIED)).read()
    assert (bits.dip1, bits.dip2) == (dip1, dip2)


@pytest.mark.parametrize(
    ("bit", "name"),
    [
        (0x80, "touch"),
        (0x40, "external_closed"),
        (0x20, "earth_ok"),
        (0x10, "overtemperature"),
        (0x08, "supply_ok"),
        (0x04, "watchdog_ok"),
        (0x02, "residual_ok"),
    ],
)
def test_each_bit_has_one_meaning(bit: int, name: str) -> None:
    bits = asdict(registers((0, 0, TIED | bit)).read())
    assert [key for key, value in bits.items() if value is True] == [name]


def all_zeros(answer: list[int]) -> list[int]:
    return [0x00] * len(answer)


def all_ones(answer: list[int]) -> list[int]:
    return [0xFF] * len(answer)


def early(answer: list[int]) -> list[int]:
    bits = int.from_bytes(answer, "big") << 1 & 0xFFFFFFFF
    return list(bits.to_bytes(4, "big"))


def late(answer: list[int]) -> list[int]:
    return list((int.from_bytes(answer, "big") >> 1).to_bytes(4, "big"))


def far_ones(answer: list[int]) -> list[int]:
    """Return what is read when the wire to the last register has broken, and floats high."""
    return [*answer[:2], 0xFF, 0xFF]


@pytest.mark.parametrize("damage", [all_zeros, all_ones, early, late, far_ones])
@pytest.mark.parametrize("inputs", [(0, 0, TIED), (0x80, 0x01, 0xAE | TIED), (0xFF, 0xFF, 0xFF)])
def test_registers_that_do_not_answer_are_no_reading(
    damage: Callable[[list[int]], list[int]], inputs: tuple[int, int, int]
) -> None:
    with pytest.raises(ChipError, match="shift registers"):
        registers(inputs, lambda _, answer: damage(answer)).read()


def test_a_wrong_mode_of_the_bus_is_no_reading() -> None:
    with pytest.raises(ChipError, match="shift registers"):
        registers((0x05, 0x00, 0x2E | TIED), mode=1).read()


def test_the_model_gives_the_serial_input_after_all_bits() -> None:
    model = ModelHc165(lambda: (1, 2, 3))
    assert model.transfer(bytes(5)) == bytes((1, 2, 3, 0, 0))
    assert model.transfer(bytes(2)) == bytes((1, 2))
