"""The texts of the front that come with the page: names of lights and tones, and their meanings."""

from typing import Any

from msgs.led import Light
from view.front import EFFECTS, LIGHTS, TONES
from view.lights import MEANINGS, PATTERNS


def _key(light: Light) -> str:
    return f"{light.color.value} {light.effect.value}"


FRONT_WORDS: dict[str, Any] = {
    "LIGHTS": {name: light._asdict() for name, light in LIGHTS.items()},
    "EFFECTS": EFFECTS,
    "TONES": TONES,
    "PATTERNS": {
        ", ".join(_key(light) for light in pattern.segments): [pattern.name, pattern.meaning]
        for pattern in PATTERNS
    },
    "MEANINGS": {
        name: {_key(each.light): each.meaning for each in meanings}
        for name, meanings in MEANINGS.items()
    },
}
"""As `js/front.js` reads them. A light's key is its colour and effect: "blue steady"."""
