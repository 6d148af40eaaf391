"""The converter: its bytes, and what a disturbed or missing chip reads as."""

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.board.mcp3208 import CHANNELS, FULL_SCALE, Mcp3208, decode, encode
from nodes.board.models.mcp3208 import Mcp3208Model
from nodes.board.reference import REFERENCE_V
from nodes.board.spi_link import ChipError
from tests.board.spi_rig import Answer, Flips, link_to


@pytest.mark.parametrize(
    ("channel", "sent"),
    [
        (0, "06 00 00"),
        (1, "06 40 00"),
        (2, "06 80 00"),
        (3, "06 c0 00"),
        (4, "07 00 00"),
        (5, "07 40 00"),
        (6, "07 80 00"),
        (7, "07 c0 00"),
    ],
)
def test_a_conversion_sends_the_bytes_of_the_data_sheet(channel: int, sent: str) -> None:
    assert encode(channel).hex(" ") == sent


@pytest.mark.parametrize("channel", [-1, 8])
def test_another_channel_is_refused(channel: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to 7"):
        encode(channel)


@pytest.mark.parametrize("floating", [False, True])
def test_the_model_answers_after_a_null_bit_with_the_voltage_of_the_channel(floating: bool) -> None:
    steps = [0, 1, 0x555, 0xAAA, 0x800, 0x7FF, 0xFFE, 0xFFF]
    model = Mcp3208Model(lambda channel: steps[channel] * REFERENCE_V / 4096, floating=floating)
    before = "ff e" if floating else "00 0"
    for channel in range(CHANNELS):
        text = f"{steps[channel]:03x}"
        assert model.transfer(encode(channel)).hex(" ") == f"{before}{text[0]} {text[1:]}"
        assert Mcp3208(link_to(model)).counts(channel) == steps[channel]


def test_the_model_goes_on_with_the_lowest_bit_first_and_then_with_zeros() -> None:
    model = Mcp3208Model(lambda _: 0xA01 * REFERENCE_V / 4096)
    answer = int.from_bytes(model.transfer(bytes.fromhex("06 00 00 00 00 00")), "big")
    assert f"{answer:048b}"[11:] == "0" + "101000000001" + "00000000101" + "0" * 13


@pytest.mark.parametrize(("volts", "counts"), [(-0.1, 0), (0.0, 0), (3.3, 4095), (5.0, 4095)])
def test_a_voltage_beyond_the_reference_is_clipped(volts: float, counts: int) -> None:
    assert Mcp3208(link_to(Mcp3208Model(lambda _: volts))).counts(0) == counts


def test_noise_is_added_to_each_conversion() -> None:
    noise = iter([3.0, -2.0, 0.4])
    converter = Mcp3208(link_to(Mcp3208Model(lambda _: REFERENCE_V / 2, lambda: next(noise))))
    assert [converter.counts(0) for _ in range(3)] == [2051, 2046, 2048]


def test_the_model_converts_differences_of_a_pair() -> None:
    model = Mcp3208Model(lambda channel: {2: 2.0, 3: 1.175}[channel])
    assert decode(model.transfer(bytes.fromhex("04 80 00"))) == 1024
    assert decode(model.transfer(bytes.fromhex("04 c0 00"))) == 0  # negative


def test_without_a_start_bit_nothing_is_driven() -> None:
    assert Mcp3208Model(lambda _: 1.0).transfer(bytes(3)) == b"\xff\xff\xff"


def _zeros(answer: Answer) -> Answer:
    return [0] * len(answer)


def _ones(answer: Answer) -> Answer:
    return [0xFF] * len(answer)


def _short(answer: Answer) -> Answer:
    return answer[:2]


def _fails(_: Answer) -> Answer:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("disturb", [_ones, _short, _fails])
def test_a_chip_that_does_not_answer_raises(disturb: object) -> None:
    assert callable(disturb)
    with pytest.raises(ChipError):
        Mcp3208(link_to(Mcp3208Model(lambda _: 1.0), disturb)).counts(0)


def test_a_line_stuck_at_0_looks_like_0_volts() -> None:
    """Only a channel that is never at 0 V shows it: `PilotVoltages`."""
    assert Mcp3208(link_to(Mcp3208Model(lambda _: 1.0), _zeros)).counts(0) == 0


def test_a_null_bit_of_1_is_an_error() -> None:
    with pytest.raises(ChipError, match="null bit"):
        decode(bytes.fromhex("ff f1 00"))


def test_a_conversion_is_repeated_once() -> None:
    model = Mcp3208Model(lambda _: 1.0)
    assert Mcp3208(link_to(model, Flips({0: 0x001000}))).counts(0) == 1241
    with pytest.raises(ChipError, match="null bit"):
        Mcp3208(link_to(model, Flips({0: 0x001000, 1: 0x001000}))).counts(0)


def test_in_a_wrong_mode_the_null_bit_or_the_value_is_wrong() -> None:
    model = Mcp3208Model(lambda _: 1.0)
    good = Mcp3208(link_to(model)).counts(0)
    with pytest.raises(ChipError):
        Mcp3208(link_to(model, mode=1)).counts(0)
    assert good == 1241


@settings(max_examples=60)
@given(st.integers(0, (1 << 24) - 1), st.integers(0, (1 << 24) - 1))
def test_any_answer_is_a_number_of_12_bits_or_an_error(mask: int, again: int) -> None:
    converter = Mcp3208(link_to(Mcp3208Model(lambda _: 1.0), Flips({0: mask, 1: again})))
    try:
        assert 0 <= converter.counts(0) <= FULL_SCALE
    except ChipError:
        assert mask & again & 0x001000
