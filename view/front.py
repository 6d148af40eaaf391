"""The lights and tones of the front in words. Pure."""

from typing import NamedTuple

from msgs.led import Color, Effect, LedFrame, Light, Tone
from view.facts import Facts
from view.silence import silence


class LightName(NamedTuple):
    """A light, by the name of its field; the segments by their own."""

    short: str
    full: str


LIGHTS = {
    "S1": LightName("S1", "S1"),
    "S2": LightName("S2", "S2"),
    "S3": LightName("S3", "S3"),
    "S4": LightName("S4", "S4"),
    "network": LightName("network", "network indicator"),
    "rfid": LightName("RFID", "RFID indicator"),
    "frame": LightName("frame", "frame of the reading area"),
    "mode": LightName("mode", "charge-mode indicator"),
    "touch": LightName("touch", "touch key"),
}
EFFECTS = {
    Effect.STEADY: "",
    Effect.BLINK: "blinks",
    Effect.PULSE: "pulses",
    Effect.OFF: "",
}
TONES = {
    Tone.NONE: "",
    Tone.RISING: "rising tones: accepted",
    Tone.FALLING: "falling tones: refused",
    Tone.SERVICE: "service tone",
    Tone.SINGLE: "one tone: a card was read",
}


def lights_of(frame: LedFrame | None) -> dict[str, Light | None]:
    """Return the lights by name; without a frame none is known."""
    if frame is None:
        return dict.fromkeys(LIGHTS)
    indicators = (frame.network, frame.rfid, frame.frame, frame.mode, frame.touch)
    return dict(zip(LIGHTS, (*frame.segments, *indicators), strict=True))


def is_dark(light: Light) -> bool:
    """Return whether a light is off."""
    return light.color is Color.OFF or light.effect is Effect.OFF


def caption(facts: Facts) -> str:
    """Return what the status LED says."""
    frame = facts.front.fresh
    return silence(facts, facts.front) if frame is None else frame.caption or "dark"
