"""The bytes of a frame, and what a chain of LEDs shows after them."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msgs.led import Color
from nodes.board.models.sk9822 import LedLight, ModelSk9822
from nodes.board.sk9822 import COLORS, Rgb, frame_of, rgb_of

RED, BLUE, GRAY = (255, 0, 0), (0, 0, 255), (1, 2, 3)

byte = st.integers(0, 255)
colors = st.tuples(byte, byte, byte)


def shown(lights: list[Rgb], brightness: int) -> tuple[LedLight, ...]:
    return tuple((*rgb, brightness) for rgb in lights)


def without_bit(data: bytes, place: int) -> bytes:
    """Return bytes as they arrive when one clock is missed; a zero follows at the end."""
    bits = "".join(f"{each:08b}" for each in data)
    bits = bits[:place] + bits[place + 1 :] + "0"
    return int(bits, 2).to_bytes(len(data), "big")


@pytest.mark.req("PAN-1")
@pytest.mark.parametrize(
    ("color", "led"),
    [
        (Color.OFF, "e8 00 00 00"),
        (Color.BLUE, "e8 ff 00 00"),
        (Color.WHITE, "e8 96 c8 ff"),
        (Color.ORANGE, "e8 00 46 ff"),
        (Color.RED, "e8 00 00 ff"),
        (Color.GREEN, "e8 00 ff 00"),
    ],
)
def test_each_color_is_sent_as_brightness_blue_green_red(color: Color, led: str) -> None:
    frame = frame_of([COLORS[color]], brightness=8)
    assert frame.hex(" ") == f"00 00 00 00 {led} 00 00 00 00 00"


def test_no_two_colors_look_alike() -> None:
    for one in Color:
        others = [COLORS[other] for other in Color if other is not one]
        assert min(math.dist(COLORS[one], other) for other in others) > 60


def test_a_share_dims_all_three_parts() -> None:
    assert rgb_of(Color.WHITE, 0.5) == (128, 100, 75)
    assert rgb_of(Color.WHITE, 1.0) == COLORS[Color.WHITE]
    assert rgb_of(Color.WHITE, 0.0) == (0, 0, 0)


def test_a_frame_of_the_front_is_57_bytes() -> None:
    frame = frame_of([RED, *[BLUE] * 11], brightness=31)
    assert frame[:12].hex(" ") == "00 00 00 00 ff 00 00 ff ff ff 00 00"
    assert (len(frame), frame[-5:]) == (57, bytes(5))


@pytest.mark.parametrize("brightness", [-1, 32])
def test_a_brightness_of_more_than_five_bits_is_refused(brightness: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to 31"):
        frame_of([RED], brightness)


@settings(max_examples=40)
@given(st.lists(st.lists(colors, min_size=40, max_size=40), min_size=1, max_size=3), st.data())
def test_a_chain_shows_each_frame_at_once(frames: list[list[Rgb]], data: st.DataObject) -> None:
    leds = data.draw(st.integers(1, 40))
    brightness = data.draw(st.integers(0, 31))
    chain = ModelSk9822(leds)
    for lights in frames:
        chain.transfer(frame_of(lights[:leds], brightness))
        assert chain.lights() == shown(lights[:leds], brightness)


def test_only_a_change_is_reported() -> None:
    changes: list[tuple[LedLight, ...]] = []
    chain = ModelSk9822(2, changes.append)
    for lights in ([RED, BLUE], [RED, BLUE], [RED, RED]):
        assert chain.transfer(frame_of(lights, 5)) == bytes(17)
    assert changes == [shown([RED, BLUE], 5), shown([RED, RED], 5)]


@pytest.mark.parametrize(
    ("leds", "cut"),
    [
        (3, 5),  # no zeros after the LEDs
        (3, 1),  # 32 zeros, but no clock after them: the first LED has the data and waits
        (40, 2),  # 8 clocks after the zeros: the last LEDs are up to 19 clocks behind
    ],
)
def test_a_frame_that_ends_early_is_shown_with_the_next_one(leds: int, cut: int) -> None:
    chain = ModelSk9822(leds)
    chain.transfer(frame_of([BLUE] * leds, 9)[:-cut])
    assert chain.lights() != shown([BLUE] * leds, 9)
    chain.transfer(bytes(8))  # the start of the next frame, and some clocks
    assert chain.lights() == shown([BLUE] * leds, 9)


def test_leds_without_data_keep_their_color_and_data_without_leds_is_lost() -> None:
    chain = ModelSk9822(3)
    chain.transfer(frame_of([RED, RED, RED], 9))
    chain.transfer(frame_of([BLUE, BLUE], 9))
    assert chain.lights() == shown([BLUE, BLUE, RED], 9)
    chain.transfer(frame_of([GRAY] * 7, 4))
    assert chain.lights() == shown([GRAY] * 3, 4)


@given(st.integers(0, 31))
@settings(max_examples=8)
def test_a_bit_that_is_lost_before_the_data_changes_nothing(place: int) -> None:
    chain = ModelSk9822(12)
    chain.transfer(frame_of([RED] * 12, 9))
    chain.transfer(without_bit(frame_of([GRAY] * 12, 9), place))
    assert chain.lights() == shown([GRAY] * 12, 9)


def test_a_bit_that_is_lost_in_the_data_garbles_what_follows_until_the_next_frame() -> None:
    chain = ModelSk9822(12)
    garbled = without_bit(frame_of([BLUE] * 12, 9), 32 + 5 * 32 + 20)  # in the sixth LED
    chain.transfer(garbled)
    assert chain.lights()[:5] == shown([BLUE] * 5, 9)
    assert chain.lights()[5:] != shown([BLUE] * 7, 9)
    chain.transfer(frame_of([BLUE] * 12, 9))
    assert chain.lights() == shown([BLUE] * 12, 9)


def test_a_frame_may_come_in_two_transfers() -> None:
    for cut in range(1, 57):
        chain = ModelSk9822(12)
        frame = frame_of([GRAY] * 12, 9)
        chain.transfer(frame[:cut])
        chain.transfer(frame[cut:])
        assert chain.lights() == shown([GRAY] * 12, 9)


def test_data_needs_32_zeros_before_it() -> None:
    chain = ModelSk9822(1)
    chain.transfer(frame_of([RED], 9)[1:])  # 24 zeros
    assert chain.lights() == ((0, 0, 0, 0),)
