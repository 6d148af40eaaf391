"""Contactor, vehicle, authorisation and session in words."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState, PilotStatus
from msgs.safety import Contactor, Fault, FaultCode, SafetyPhase
from tests.view.charge import PILOT, SESSION, but, charging, silent
from view.charge import (
    CONTACTORS,
    CP_STATES,
    authorisation_words,
    contactor_why,
    contactor_words,
    cp_words,
    duty_words,
    energy_of,
    lasted_s,
    offered_words,
)


def test_each_state_of_contactor_and_pilot_has_its_words() -> None:
    assert set(CONTACTORS) == set(Contactor)
    assert set(CP_STATES) == set(CpState)
    assert cp_words(CpState.B) == "B, vehicle connected"


@pytest.mark.parametrize(
    ("fields", "words", "why"),
    [
        ({}, "closed, as proven", ""),
        (
            {"contactor": Contactor.OPEN, "phase": SafetyPhase.SELF_TEST, "detail": "a test runs"},
            "open, as proven",
            "self-test: a test runs",
        ),
        # a fault says it itself
        (
            {
                "contactor": Contactor.WELDED,
                "phase": SafetyPhase.FAULT,
                "detail": "it is welded",
                "records": (
                    Fault(code=FaultCode.RED, since_utc_ns=0, count=1, detail="", remedy=""),
                ),
            },
            "welded, it does not open",
            "fault",
        ),
    ],
)
def test_the_contactor_is_told_as_proven_with_what_keeps_it_so(
    fields: dict[str, Any], words: str, why: str
) -> None:
    facts = but("safety", **fields)
    assert (contactor_words(facts), contactor_why(facts)) == (words, why)


def test_a_contactor_that_nobody_proves_is_not_told() -> None:
    facts = silent("safety")
    assert contactor_words(facts) == "no word from safety for 12 s"
    assert contactor_why(facts) == ""


@pytest.mark.parametrize(
    ("pilot", "words"),
    [
        (PILOT, "duty 26.7 % offers 16.0 A"),
        (replace(PILOT, duty_percent=100.0, offered_a=0.0), "no PWM, offers nothing"),
        (replace(PILOT, duty_percent=0.0, offered_a=0.0), "steady -12 V, offers nothing"),
    ],
)
def test_the_offer_is_told_by_its_duty(pilot: PilotStatus, words: str) -> None:
    assert duty_words(pilot) == words
    assert words.endswith(offered_words(pilot.offered_a))


@pytest.mark.parametrize(
    ("fields", "by", "words"),
    [
        ({"token": "04A1"}, "Red card", "given by Red card"),
        ({"token": "04A1"}, "", "given"),
        ({}, "", "not needed"),
        ({"authorization_required": True}, "", "given"),
        (
            {"authorization_required": True, "authorized": False},
            "",
            "hold a card to the reading area",
        ),
    ],
)
def test_the_authorisation_is_told_with_who_gave_it(
    fields: dict[str, Any], by: str, words: str
) -> None:
    assert authorisation_words(replace(SESSION, **fields), by) == words


def test_a_session_lasts_while_it_runs() -> None:
    assert lasted_s(charging()) == 754.0
    assert lasted_s(but("session", session_id="")) is None
    assert lasted_s(but("session", started_utc_ns=0)) is None
    assert lasted_s(but("session", started_utc_ns=2**62)) == 0.0  # the clock was set back
    assert lasted_s(silent("session")) is None


def test_energy_without_a_session_is_that_of_the_last_one() -> None:
    assert energy_of(SESSION) == "this session"
    assert energy_of(replace(SESSION, session_id="")) == "last session"
    assert energy_of(replace(SESSION, session_id="", energy_wh=0.0)) == "this session"
    assert energy_of(None) == "this session"
