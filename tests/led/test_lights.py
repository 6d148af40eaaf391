"""When an LED of the front changes, and to what."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msgs.led import DARK, Color, Effect, LedFrame, Light
from nodes.led.lights import HALF_NS, OUT, STEP_NS, Glow, leds_of, next_change_ns
from tests.builders import led_frame

times = st.integers(0, 10**16)


def frame(light: Light, other: Light = DARK) -> LedFrame:
    return led_frame(
        segments=(light, light, light, light),
        network=other,
        rfid=other,
        frame=other,
        mode=other,
        touch=other,
    )


def of(effect: Effect) -> Light:
    return Light(color=Color.ORANGE, effect=effect)


@pytest.mark.parametrize("effect", Effect)
@settings(max_examples=20)
@given(now_ns=times)
def test_nothing_changes_before_the_next_change(effect: Effect, now_ns: int) -> None:
    shown = frame(of(effect))
    due_ns = next_change_ns(shown, now_ns)
    if due_ns is None:
        assert effect in (Effect.STEADY, Effect.OFF)
        due_ns = now_ns + 10**10
    assert now_ns < due_ns
    assert leds_of(shown, due_ns - 1) == leds_of(shown, now_ns)


@pytest.mark.parametrize(
    ("light", "other", "period_ns"),
    [
        (of(Effect.STEADY), DARK, None),
        (of(Effect.BLINK), of(Effect.STEADY), HALF_NS),
        (of(Effect.BLINK), of(Effect.PULSE), STEP_NS),
        (DARK, of(Effect.PULSE), STEP_NS),
    ],
)
def test_the_fastest_effect_gives_the_next_change(
    light: Light, other: Light, period_ns: int | None
) -> None:
    assert next_change_ns(frame(light, other), 3 * 10**9) == (
        None if period_ns is None else 3 * 10**9 + period_ns
    )


@pytest.mark.req("LED-10")
@settings(max_examples=20)
@given(now_ns=times)
def test_a_blinking_light_is_lit_in_the_first_half_of_each_second(now_ns: int) -> None:
    is_lit = now_ns % 10**9 < 5 * 10**8
    glow = Glow(Color.ORANGE, 1.0) if is_lit else OUT
    assert leds_of(frame(of(Effect.BLINK), DARK), now_ns) == (glow,) * 4 + (OUT,) * 8


@settings(max_examples=20)
@given(now_ns=times)
def test_a_pulsing_light_is_never_off_and_brighter_in_the_first_half(now_ns: int) -> None:
    share = leds_of(frame(of(Effect.PULSE)), now_ns)[0].share
    assert 0.09 < share <= 1.0
    assert (share >= 0.549) is (now_ns % 10**9 < 5 * 10**8 + STEP_NS)
