"""The lights and tones of the front as text."""

from msgs.led import Color, Effect, Light, Tone
from tests.view.charge import FRONT, but, charging, silent
from view.front import EFFECTS, LIGHTS, TONES, caption, is_dark, lights_of


def test_each_light_effect_and_tone_has_its_words() -> None:
    assert set(EFFECTS) == set(Effect)
    assert set(TONES) == set(Tone)
    assert list(lights_of(FRONT)) == list(LIGHTS) == list(lights_of(None))
    assert set(lights_of(None).values()) == {None}


def test_a_light_is_off_without_a_colour_or_an_effect() -> None:
    assert is_dark(Light(color=Color.OFF, effect=Effect.BLINK))
    assert is_dark(Light(color=Color.RED, effect=Effect.OFF))
    assert not is_dark(Light(color=Color.RED, effect=Effect.PULSE))


def test_the_status_led_shows_its_caption_or_why_it_is_unknown() -> None:
    assert caption(charging()) == "charging"
    assert caption(but("front", caption="")) == "dark"
    assert caption(silent("front")) == "no message from led for 12 s"
