"""What each light of the front means, by its colour and effect, as text. Pure.

The patterns are those that led shows. A light that is in no row has no meaning for a person.
"""

from typing import NamedTuple

from msgs import status_led
from msgs.led import Color, Effect, Light, Tone
from msgs.safety import FaultCode
from msgs.status_led import Segments
from view.fault_names import FAULT_NAMES, code_title
from view.front import EFFECTS


class Pattern(NamedTuple):
    """One pattern of the status LED, S1 first."""

    segments: Segments
    name: str  # of the pattern: its colours and effect
    meaning: str


class LightMeaning(NamedTuple):
    """One colour and effect of one light beside the status LED."""

    light: Light
    name: str
    meaning: str


def light_words(light: Light) -> str:
    """Return colour and effect of a light: "blue blinks", "off"."""
    if light.color is Color.OFF or light.effect is Effect.OFF:
        return "off"
    return f"{light.color.value} {EFFECTS[light.effect]}".rstrip()


def segments_words(segments: Segments) -> str:
    """Return the colours of the four segments, S1 first; one colour if all are equal."""
    if len(set(segments)) == 1:
        return light_words(segments[0])
    colors = ", ".join("off" if light_words(each) == "off" else each.color for each in segments)
    effects = {EFFECTS[each.effect] for each in segments if light_words(each) != "off"}
    return "; ".join(filter(None, (colors, *sorted(effects))))


STATES: tuple[tuple[Segments, str], ...] = (
    (status_led.READY, "Ready, or a charge that waits: no card is needed, or one has been given."),
    (status_led.SELF_TEST, "The box tests itself after the plug went in. It lasts some seconds."),
    (status_led.CHARGING, "The vehicle is charged."),
    (
        status_led.DARKNESS,
        "A card is needed before a charge; or the box has no mains.",
    ),
    (
        status_led.METER_LOST,
        "The house meter is not heard. At most 10 A are given until it is back.",
    ),
    (
        status_led.TOO_HOT,
        "The box is too hot. The charge pauses, and goes on by itself when the box has cooled.",
    ),
    (status_led.STARTING, "The box starts, or is being updated. It does not charge meanwhile."),
    (
        status_led.COMMISSIONING,
        "Commissioning mode, for the installer. Vehicles are not charged.",
    ),
)
"""The patterns that are no fault, with their meaning (LED-1 to LED-7, PAN-2)."""


def _patterns() -> tuple[Pattern, ...]:
    shown = [Pattern(segments, segments_words(segments), text) for segments, text in STATES]
    codes = {**status_led.FAULTS, FaultCode.RED: status_led.ALL_RED}
    for code, segments in codes.items():
        meaning = f"{code_title(code)}: {FAULT_NAMES[code]}."
        shown.append(Pattern(segments, segments_words(segments), meaning))
    return tuple(shown)


PATTERNS = _patterns()
"""All patterns of the status LED, the states first."""


def _light(color: Color, effect: Effect = Effect.STEADY) -> Light:
    return Light(color=color, effect=effect)


def _rows(*rows: tuple[Light, str]) -> tuple[LightMeaning, ...]:
    return tuple(LightMeaning(light, light_words(light), meaning) for light, meaning in rows)


_OFF = _light(Color.OFF, Effect.OFF)
_PULSE = _light(Color.WHITE, Effect.PULSE)

MEANINGS: dict[str, tuple[LightMeaning, ...]] = {
    "network": _rows(
        (_OFF, "The charging service is not used."),
        (_light(Color.WHITE), "The charging service can be reached; the box is not signed in."),
        (_light(Color.GREEN, Effect.BLINK), "The box signs in at the charging service."),
        (_light(Color.GREEN), "The box is signed in at the charging service."),
        (
            _light(Color.ORANGE),
            "The charging service cannot be reached: its server is down, or there is no internet.",
        ),
    ),
    "rfid": _rows(
        (_OFF, "No card is awaited."),
        (_PULSE, "Present a card to the reading area."),
        (_light(Color.GREEN), "The card was accepted."),
        (_light(Color.RED), "The card was refused."),
        (_light(Color.ORANGE), "Teaching: a new card was read. Present the master card again."),
        (_light(Color.WHITE), "Teaching: the new card is stored."),
        (
            _light(Color.ORANGE, Effect.BLINK),
            "A card is needed, and the card reader does not answer.",
        ),
    ),
    "frame": _rows(
        (_OFF, "No card is awaited."),
        (_PULSE, "Present a card here."),
        (_light(Color.WHITE), "Teaching: the reading area waits for a card."),
    ),
    "mode": _rows(
        (_OFF, "The box's communication is still starting."),
        (_light(Color.BLUE), "The box's communication works; no plan of the service is used."),
        (_light(Color.GREEN), "Fast charging."),
        (_light(Color.WHITE), "Intelligent charging, by a plan of the charging service."),
        (_light(Color.WHITE, Effect.BLINK), "The charging service is making a plan."),
        (_light(Color.ORANGE), "The box's communication does not answer."),
    ),
    "touch": _rows(
        (_OFF, "A press does nothing now."),
        (
            _light(Color.WHITE),
            "A press switches between fast and intelligent charging, or confirms the charging "
            "service.",
        ),
    ),
}
"""The meanings of the other lights, by their names in `view.front.LIGHTS` (DCS-1, DCS-3, RFID)."""

TONE_MEANINGS: tuple[tuple[Tone, str, str], ...] = (
    (Tone.RISING, "Rising tones", "The card was accepted."),
    (Tone.FALLING, "Falling tones", "The card was refused."),
    (Tone.SINGLE, "One tone", "A card was read while cards are taught."),
    (
        Tone.SERVICE,
        "Service tone",
        "The service key was pressed for 2 s: released now, the box restarts. A second one after "
        "6 s: all cards are erased.",
    ),
)
"""The tones of the buzzer with name and meaning (RFID-3, RFID-8, PAN-3)."""


def pattern_of(segments: Segments) -> Pattern | None:
    """Return the pattern that four segments show; None if they show none."""
    return next((each for each in PATTERNS if each.segments == segments), None)


def meaning_of(name: str, light: Light) -> str:
    """Return the meaning of a light beside the status LED; "" if it has none.

    :raises KeyError: there is no such light.
    """
    return next((each.meaning for each in MEANINGS[name] if each.light == light), "")
