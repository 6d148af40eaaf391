"""From the frame of the front to what each of its LEDs shows at one time. Pure.

The effects follow the box's clock, as on the page and in the terminal: a blinking light is lit in
the first half of each second, so all of them blink together (LED-10), also after a restart of led.
"""

import math
from typing import Final, NamedTuple

from msgs.led import Color, Effect, LedFrame, Light

PERIOD_NS: Final = 1_000_000_000  # of blinking and pulsing; assumed: the manual gives no rate
HALF_NS: Final = PERIOD_NS // 2
STEP_NS: Final = PERIOD_NS // 20  # of pulsing; assumed: smooth enough
PULSE_MEAN, PULSE_SWING = 0.55, 0.45  # assumed: 10 to 100 %, so that it is never off


class Glow(NamedTuple):
    """What one LED shows at one time."""

    color: Color
    share: float  # of its full brightness, 0 to 1


OUT: Final = Glow(Color.OFF, 0.0)


def leds_of(frame: LedFrame, now_ns: int) -> tuple[Glow, ...]:
    """Return what the 12 LEDs show; hardware.md 3.6 has their order.

    :param now_ns: monotonic time [ns].
    """
    return tuple(_glow(light, now_ns) for light in _lights_of(frame))


def next_change_ns(frame: LedFrame, now_ns: int) -> int | None:
    """Return when an LED changes next [ns]; None: not before the next frame."""
    effects = {light.effect for light in _lights_of(frame)}
    if Effect.PULSE in effects:
        return (now_ns // STEP_NS + 1) * STEP_NS
    if Effect.BLINK in effects:
        return (now_ns // HALF_NS + 1) * HALF_NS
    return None


def _lights_of(frame: LedFrame) -> tuple[Light, ...]:
    ring = (frame.frame,) * 4
    return (*frame.segments, frame.network, frame.rfid, *ring, frame.mode, frame.touch)


def _glow(light: Light, now_ns: int) -> Glow:
    match light.effect:
        case Effect.STEADY:
            return Glow(light.color, 1.0)
        case Effect.BLINK:
            return Glow(light.color, 1.0) if now_ns // HALF_NS % 2 == 0 else OUT
        case Effect.PULSE:
            return Glow(light.color, _pulse(now_ns))
        case Effect.OFF:
            return OUT


def _pulse(now_ns: int) -> float:
    """Return the share of a pulsing light: brightest a quarter of a second after each second."""
    angle = math.tau * (now_ns // STEP_NS * STEP_NS % PERIOD_NS) / PERIOD_NS
    return PULSE_MEAN + PULSE_SWING * math.sin(angle)
