"""Every light that the box can show has a meaning."""

import random

import pytest

from msgs.dcs import ChargeMode, Link
from msgs.led import Color, Effect, Light, Tone
from msgs.load_manager import HouseMeter
from msgs.rfid import Indication, RfidMode
from msgs.safety import FaultCode, SafetyPhase
from msgs.session import WallboxState
from nodes.led.machine import frame_of
from nodes.led.messages import Messages
from tests.builders import dcs_status, load_offer, rfid_status, safety_status, session_status
from view.fault_names import FAULT_NAMES
from view.front import LIGHTS, lights_of
from view.lights import (
    MEANINGS,
    PATTERNS,
    TONE_MEANINGS,
    light_words,
    meaning_of,
    pattern_of,
    segments_words,
)

ROUNDS = 3000


def some_messages(chance: random.Random) -> Messages:
    """Return messages of a box in any state, possible or not."""

    def flag() -> bool:
        return chance.random() < 0.5

    session = session_status(
        state=chance.choice(list(WallboxState)),
        plugged=flag(),
        authorized=flag(),
        authorization_required=flag(),
        session_id=chance.choice(["", "s1"]),
        released=flag(),
    )
    safety = safety_status(
        phase=chance.choice(list(SafetyPhase)),
        faults=tuple(chance.sample(list(FaultCode), chance.choice([0, 0, 1, 2]))),
        commissioning=chance.random() < 0.2,
        has_mains=chance.random() < 0.9,
    )
    rfid = rfid_status(
        mode=chance.choice(list(RfidMode)),
        indication=chance.choice(list(Indication)),
        works=chance.random() < 0.8,
    )
    dcs = dcs_status(
        link=chance.choice(list(Link)),
        mode=chance.choice(list(ChargeMode)),
        synchronised=flag(),
        signing_in=flag(),
        waits_for_plan=flag(),
        can_confirm=flag(),
        can_switch=flag(),
    )
    return Messages(
        session=chance.choice([session, session, None]),
        safety=chance.choice([safety, safety, None]),
        offer=load_offer(house_meter=chance.choice(list(HouseMeter))),
        rfid=chance.choice([rfid, rfid, None]),
        dcs=chance.choice([dcs, None]),
        has_module=flag(),
        is_module_late=flag(),
        is_code_over=flag(),
    )


def test_every_light_of_every_frame_has_a_meaning() -> None:
    chance = random.Random(17)
    seen: set[object] = set()
    for _ in range(ROUNDS):
        frame = frame_of(some_messages(chance))
        pattern = pattern_of(frame.segments)
        assert pattern is not None, frame
        assert pattern.meaning
        seen.add(("status", pattern.segments))
        for name, light in lights_of(frame).items():
            if name not in ("S1", "S2", "S3", "S4"):
                assert light is not None
                assert meaning_of(name, light), (name, light)
                seen.add((name, light))
    rows: set[object] = {("status", each.segments) for each in PATTERNS}
    rows |= {(name, each.light) for name, meanings in MEANINGS.items() for each in meanings}
    assert seen == rows  # no row explains what is never shown


def test_each_row_is_there_once() -> None:
    assert len({each.segments for each in PATTERNS}) == len(PATTERNS)
    assert set(MEANINGS) == set(LIGHTS) - {"S1", "S2", "S3", "S4"}
    for meanings in MEANINGS.values():
        assert len({each.light for each in meanings}) == len(meanings)


def test_every_fault_and_every_tone_has_a_name() -> None:
    assert set(FAULT_NAMES) == set(FaultCode)
    assert {tone for tone, _, _ in TONE_MEANINGS} == set(Tone) - {Tone.NONE}


@pytest.mark.req("LED-4", "LED-8", "LED-10")
@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        ("The vehicle is charged.", "blue blinks"),
        ("Fault 8002: the mains voltage is too low or too high.", "blue, blue, red, blue; blinks"),
        ("All red: the cable may be live, or the protective earth is missing.", "red"),
        (
            "The house meter is not heard. At most 10 A are given until it is back.",
            "orange, orange, off, off; blinks",
        ),
    ],
)
def test_a_pattern_is_described_by_its_colours_from_left_to_right(meaning: str, words: str) -> None:
    pattern = next(each for each in PATTERNS if each.meaning == meaning)
    assert pattern.name == words == segments_words(pattern.segments)


def test_a_light_is_described_by_colour_and_effect() -> None:
    words = {light_words(each.light) for rows in MEANINGS.values() for each in rows}
    assert {"off", "white pulses", "green", "green blinks"} <= words


def test_what_is_never_shown_has_no_meaning() -> None:
    red, *_ = next(each.segments for each in PATTERNS if each.name == "red")
    assert meaning_of("touch", red) == ""
    assert pattern_of((red, red, red, Light(color=Color.GREEN, effect=Effect.STEADY))) is None
