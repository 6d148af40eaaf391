"""Frames of a chain of SK9822 (or APA102) LEDs as bytes. Pure.

One frame sets all LEDs: 32 zero bits, then for each LED a byte 111xxxxx with its current and one
byte each of blue, green and red, the first LED first. An SK9822 shows what it has received at the
first clock after the next 32 zero bits, so a second group of them ends the frame. Each LED delays
the data by half a clock; a half bit of zeros for each LED brings them to the last one.
Source: hardware.md 3.5; "SK9822 - a clone of the APA102" (cpldcpu.com, 2016), "Unified protocol".
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgs.led import Color

MODE: Final = 0  # data is taken at the rising edge of a clock that rests low
CLOCK_HZ: Final = 4_000_000  # hardware.md 3.5: 1 to 10 MHz
MOST_BRIGHTNESS: Final = 31  # five bits; of the LED's current, not of a PWM

Rgb = tuple[int, int, int]  # 0 to 255 each; PWM

DARK_RGB: Final[Rgb] = (0, 0, 0)

# Assumed: to be adjusted to the light guides of a front. White has less of the blue and the green,
# which look brighter at equal values; orange has to be distinct from red and from white.
COLORS: Final[Mapping[Color, Rgb]] = MappingProxyType(
    {
        Color.OFF: DARK_RGB,
        Color.BLUE: (0, 0, 255),
        Color.WHITE: (255, 200, 150),
        Color.ORANGE: (255, 70, 0),
        Color.RED: (255, 0, 0),
        Color.GREEN: (0, 255, 0),
    }
)

_HEADER: Final = 0xE0
_ZEROS: Final = bytes(4)  # start of a frame, and what makes an SK9822 show the one before it
_LEDS_A_BYTE: Final = 16  # half a clock for each LED


def rgb_of(color: Color, share: float) -> Rgb:
    """Return a colour at a share of its full brightness, 0 to 1."""
    red, green, blue = COLORS[color]
    return round(red * share), round(green * share), round(blue * share)


def frame_of(lights: Sequence[Rgb], brightness: int) -> bytes:
    """Return the frame that sets a chain to these lights, the first LED first.

    :param brightness: of all LEDs, 0 to 31.
    :raises ValueError: a number is out of its range.
    """
    if not 0 <= brightness <= MOST_BRIGHTNESS:
        raise ValueError(f"brightness {brightness}; expected 0 to {MOST_BRIGHTNESS}")
    leds = b"".join(bytes((_HEADER | brightness, blue, green, red)) for red, green, blue in lights)
    return _ZEROS + leds + _ZEROS + bytes(-(-len(lights) // _LEDS_A_BYTE))
