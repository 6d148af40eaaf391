"""The patterns of the four segments, S1 first, leftmost and most significant (LED-8)."""

from msgs.led import DARK, Color, Effect, Light
from msgs.safety import FaultCode

Segments = tuple[Light, Light, Light, Light]


def all_of(color: Color, effect: Effect) -> Segments:
    """Return four equal segments."""
    light = Light(color=color, effect=effect)
    return (light, light, light, light)


def of_code(low_digit: int, one: Color, zero: Color) -> Segments:
    """Return the blinking pattern of a fault: its low digit, binary, in two colours (ERR).

    All four blink together (LED-10).
    """
    s1, s2, s3, s4 = (
        Light(color=one if low_digit >> bit & 1 else zero, effect=Effect.BLINK)
        for bit in (3, 2, 1, 0)
    )
    return s1, s2, s3, s4


_BLINK = Light(color=Color.ORANGE, effect=Effect.BLINK)
_STEADY = Light(color=Color.ORANGE, effect=Effect.STEADY)

DARKNESS = (DARK, DARK, DARK, DARK)
READY = all_of(Color.BLUE, Effect.STEADY)  # LED-1
SELF_TEST = all_of(Color.ORANGE, Effect.STEADY)  # LED-2
CHARGING = all_of(Color.BLUE, Effect.BLINK)  # LED-3
METER_LOST = (_BLINK, _BLINK, DARK, DARK)  # LED-4
TOO_HOT = (DARK, DARK, _BLINK, _BLINK)  # LED-5
STARTING = all_of(Color.ORANGE, Effect.BLINK)  # LED-6
COMMISSIONING = (DARK, _STEADY, _STEADY, DARK)  # LED-7
ALL_RED = all_of(Color.RED, Effect.STEADY)  # ERR-RED only (LED-10)

# Of several faults the first one here is shown, ordered by danger to the user.
FAULTS: dict[FaultCode, Segments] = {
    FaultCode.SAFETY_CIRCUIT: of_code(0b0111, Color.RED, Color.BLUE),
    FaultCode.RESIDUAL_CURRENT: of_code(0b0101, Color.RED, Color.BLUE),
    FaultCode.OVERCURRENT: of_code(0b0011, Color.RED, Color.BLUE),
    FaultCode.NOT_CLOSING: of_code(0b0001, Color.RED, Color.BLUE),
    FaultCode.MAINS_VOLTAGE: of_code(0b0010, Color.RED, Color.BLUE),
    FaultCode.PLUG_STATE: of_code(0b1000, Color.RED, Color.WHITE),
    FaultCode.NO_VEHICLE: of_code(0b0101, Color.RED, Color.WHITE),
    FaultCode.UNPLUGGED: of_code(0b0001, Color.RED, Color.WHITE),
    FaultCode.TOO_HOT: of_code(0b0011, Color.ORANGE, Color.WHITE),
}
