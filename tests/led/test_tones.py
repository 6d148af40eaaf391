"""One tone after another, each once, with a pause between."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bus.moment import Moment
from msgs.led import Tone
from nodes.led.tones import MOST_WAITING, PAUSE_S, SILENCE, TONE_S, Tones, add, hear, pass_time
from tests.led.conftest import RFID


def passed(tones: Tones, now_s: float) -> tuple[Tones, float]:
    """Return the tones at a time, and when they change next."""
    moment = Moment(now_s)
    return pass_time(tones, moment), moment.due_s


def played(tones: Tones, now_s: float = 10.0) -> list[tuple[float, Tone]]:
    """Return what is played from now on, looked at when it is due."""
    changes: list[tuple[float, Tone]] = []
    for _ in range(20):
        tones, due_s = passed(tones, now_s)
        changes.append((round(now_s - 10.0, 6), tones.now))
        if due_s == math.inf:
            return changes
        now_s = due_s
    raise AssertionError("tones without end")


@pytest.mark.req("RFID-3")
@pytest.mark.parametrize("tone", [Tone.RISING, Tone.FALLING, Tone.SINGLE])
def test_a_tone_of_rfid_is_played_once(tone: Tone) -> None:
    tones = hear(SILENCE, replace(RFID, tone_count=4))
    tones = hear(tones, replace(RFID, tone_count=5, tone=tone))
    for _ in range(3):  # published again each second
        tones = hear(tones, replace(RFID, tone_count=5, tone=tone))
    assert played(tones) == [(0.0, tone), (TONE_S, Tone.NONE)]


def test_what_rfid_had_played_before_is_not_played_again() -> None:
    tones = hear(SILENCE, replace(RFID, tone_count=5, tone=Tone.RISING))
    assert passed(tones, 10.0) == (tones, math.inf)
    restarted = hear(tones, RFID)  # it counts from 0 again, and plays nothing
    assert passed(restarted, 10.0) == (restarted, math.inf)
    first = hear(restarted, replace(RFID, tone_count=1, tone=Tone.FALLING))
    assert played(first)[0] == (0.0, Tone.FALLING)


def test_tones_that_come_together_are_played_in_order_each_a_change() -> None:
    tones = SILENCE
    for tone in (Tone.SINGLE, Tone.SINGLE, Tone.RISING):
        tones = add(tones, tone)
    step_s = TONE_S + PAUSE_S
    assert played(tones) == [
        (0.0, Tone.SINGLE),
        (TONE_S, Tone.NONE),
        (step_s, Tone.SINGLE),
        (step_s + TONE_S, Tone.NONE),
        (2 * step_s, Tone.RISING),
        (2 * step_s + TONE_S, Tone.NONE),
    ]


def test_of_too_many_the_newest_are_played() -> None:
    tones, _ = passed(add(SILENCE, Tone.SINGLE), 10.0)
    for tone in (Tone.FALLING, Tone.RISING, Tone.SINGLE, Tone.FALLING):
        tones = add(tones, tone)
    assert len(tones.waiting) == MOST_WAITING
    assert [tone for _, tone in played(tones) if tone is not Tone.NONE] == [
        Tone.SINGLE,
        Tone.RISING,
        Tone.SINGLE,
        Tone.FALLING,
    ]


@pytest.mark.req("PAN-3")
def test_a_service_tone_goes_before_all_others() -> None:
    tones, _ = passed(add(add(SILENCE, Tone.SINGLE), Tone.RISING), 10.0)
    tones = add(tones, Tone.SERVICE)
    assert played(tones) == [
        (0.0, Tone.NONE),
        (PAUSE_S, Tone.SERVICE),
        (round(PAUSE_S + TONE_S, 6), Tone.NONE),
    ]


@given(
    st.lists(st.tuples(st.sampled_from(Tone), st.floats(min_value=0.0, max_value=2.0)), max_size=30)
)
def test_between_two_tones_there_is_always_none(acts: list[tuple[Tone, float]]) -> None:
    tones, now_s, before = SILENCE, 10.0, Tone.NONE
    changed_s = -math.inf
    for tone, seconds in acts:
        tones, _ = passed(add(tones, tone), now_s)
        assert Tone.NONE in (before, tones.now) or tones.now is before
        if tones.now is not before:
            assert before is Tone.NONE or tone is Tone.SERVICE or now_s >= changed_s + TONE_S
            changed_s = now_s
        before = tones.now
        now_s += seconds
