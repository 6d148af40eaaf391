"""Messages of led: how the front should look. Board, page and terminal only draw it."""

from enum import StrEnum

from msgspec import Struct

from msgs.units import Seconds


class Color(StrEnum):
    """The colours that the front can show."""

    OFF = "off"
    BLUE = "blue"
    WHITE = "white"
    ORANGE = "orange"
    RED = "red"
    GREEN = "green"


class Effect(StrEnum):
    """How a light shows its colour. Blinking lights of the front blink together."""

    STEADY = "steady"
    BLINK = "blink"
    PULSE = "pulse"
    OFF = "off"


class Tone(StrEnum):
    """What the buzzer plays."""

    NONE = "none"
    RISING = "rising"  # accepted (RFID-3)
    FALLING = "falling"  # refused (RFID-3)
    SERVICE = "service"  # service key, first and second tone (PAN-3)
    SINGLE = "single"  # a card was read


class Light(Struct, frozen=True, kw_only=True):
    """One light of the front."""

    color: Color
    effect: Effect


class Key(StrEnum):
    """The keys of the front."""

    SERVICE = "service"  # inside the connector panel (PAN-3)
    TOUCH = "touch"  # capacitive, on the front (PAN-4)


class KeyPress(Struct, frozen=True, kw_only=True):
    """A key that was pressed and had an effect. Sent when it happens."""

    key: Key
    held_s: Seconds  # from the press to its effect, or to the release


DARK = Light(color=Color.OFF, effect=Effect.OFF)


class LedFrame(Struct, frozen=True, kw_only=True):
    """The whole front. Sent on change and every second, latched.

    Silence means that the front is not driven; a board's lights keep their last frame.
    """

    segments: tuple[Light, Light, Light, Light]  # S1 first, shown leftmost (LED-8)
    network: Light
    rfid: Light
    frame: Light  # around the reading area
    mode: Light
    touch: Light
    tone: Tone = Tone.NONE
    caption: str = ""  # what the status LED shows, as text: "charging", "house meter lost"
