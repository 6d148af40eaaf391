"""The lights of the front as characters, readable without colours as well. Pure."""

from collections.abc import Callable

from msgs.led import Color, Effect, LedFrame, Light
from terminal.lines import Span, Style, TextLine
from view.front import EFFECTS, LIGHTS, is_dark, lights_of

BLINKS_A_SECOND = 1.0  # assumed: the manual gives no rate
WIDEST_CELL = 13
GAP = 3  # between the status LED and the indicators

_NAMES = tuple(name.short for name in LIGHTS.values())
_SEGMENTS = 4
_STYLES = {
    Color.OFF: Style.FAINT,
    Color.BLUE: Style.BLUE,
    Color.WHITE: Style.WHITE,
    Color.ORANGE: Style.ORANGE,
    Color.RED: Style.RED,
    Color.GREEN: Style.GREEN,
}
_LIT, _HALF, _DARK, _UNKNOWN = "█", "▒", "·", "?"


def light_lines(frame: LedFrame | None, now_s: float, width: int) -> list[TextLine]:
    """Return names, lights, colours and effects; without a frame the lights are unknown."""
    lights = lights_of(frame).values()
    cell = max(8, min(WIDEST_CELL, (width - 2 - GAP) // len(_NAMES)))
    faces = [_face(light, now_s) for light in lights]
    words = [_words(light) for light in lights]
    styles = [Style.FAINT if light is None else _STYLES[light.color] for light in lights]

    def line(text: Callable[[int], str], style: Callable[[int], Style], rank: int) -> TextLine:
        spans = [Span("  ")]
        for index in range(len(_NAMES)):
            gap = GAP if index == _SEGMENTS - 1 else 0
            spans.append(Span(text(index).ljust(cell + gap), style(index)))
        return TextLine(tuple(spans), rank)

    return [
        line(lambda index: _NAMES[index], lambda index: Style.PLAIN, 0),
        line(lambda index: faces[index][0] * (cell - 1), lambda index: faces[index][1], 0),
        line(lambda index: words[index][0], lambda index: styles[index], 0),
        line(lambda index: words[index][1], lambda index: styles[index], 0),
    ]


def is_lit(effect: Effect, now_s: float) -> bool:
    """Return whether a light is in the bright half of its effect; all lights are in phase."""
    match effect:
        case Effect.STEADY:
            return True
        case Effect.BLINK | Effect.PULSE:
            return int(now_s * 2.0 * BLINKS_A_SECOND) % 2 == 0
        case Effect.OFF:
            return False


def _face(light: Light | None, now_s: float) -> tuple[str, Style]:
    if light is None:
        return _UNKNOWN, Style.FAINT
    style = _STYLES[light.color]
    if is_dark(light):
        return _DARK, Style.FAINT
    if is_lit(light.effect, now_s):
        return _LIT, style
    return (_HALF, style) if light.effect is Effect.PULSE else (_DARK, Style.FAINT)


def _words(light: Light | None) -> tuple[str, str]:
    if light is None:
        return "?", ""
    if is_dark(light):
        return "off", ""
    return light.color.value, EFFECTS[light.effect]
