"""The lights and tones of the front as text. Pure."""

from typing import NamedTuple

from msgs.led import Color, Effect, LedFrame, Light, Tone
from view.silence import silence
from view.snapshot import Snapshot


class LightName(NamedTuple):
    """Names of one light."""

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
    """Return the lights by name; None for each without a frame."""
    if frame is None:
        return dict.fromkeys(LIGHTS)
    indicators = (frame.network, frame.rfid, frame.frame, frame.mode, frame.touch)
    return dict(zip(LIGHTS, (*frame.segments, *indicators), strict=True))


def is_dark(light: Light) -> bool:
    """Return whether a light is off."""
    return light.color is Color.OFF or light.effect is Effect.OFF


def caption(snapshot: Snapshot) -> str:
    """Return what the status LED shows."""
    frame = snapshot.front.fresh
    return silence(snapshot, snapshot.front) if frame is None else frame.caption or "dark"
