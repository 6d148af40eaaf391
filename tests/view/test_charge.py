"""Contactor, vehicle, authorisation and session as text."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState, PilotStatus
from msgs.safety import Contactor, FaultCode, SafetyPhase
from tests.builders import fault_record
from tests.view.charge import NOW_S, PILOT, SESSION, but, charging, silent
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
    opened_words,
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
        # the fault has its own line
        (
            {
                "contactor": Contactor.WELDED,
                "phase": SafetyPhase.FAULT,
                "detail": "it is welded",
                "records": (fault_record(FaultCode.RED),),
            },
            "welded, it does not open",
            "fault",
        ),
    ],
)
def test_the_contactor_is_shown_as_proven_with_its_reason(
    fields: dict[str, Any], words: str, why: str
) -> None:
    snapshot = but("safety", **fields)
    assert (contactor_words(snapshot), contactor_why(snapshot)) == (words, why)


@pytest.mark.parametrize(
    ("opened", "ago_s", "words"),
    [
        ("", None, ""),
        ("the contactor has opened: CP state B", 34.0, "CP state B (34 s ago)"),
        ("the contactor has opened: CP state B", 3600.0, "CP state B (60 min ago)"),
        ("the contactor has opened: CP state B", None, "CP state B"),  # an older safety
        (
            "the contactor has opened without safety's order: its coil is broken",
            5.0,
            "the contactor has opened without safety's order: its coil is broken (5 s ago)",
        ),
    ],
)
def test_the_last_opening_is_shown_with_its_reason_and_age(
    opened: str, ago_s: float | None, words: str
) -> None:
    at_ns = None if ago_s is None else round((NOW_S - ago_s) * 1e9)
    assert opened_words(but("safety", opened=opened, opened_ns=at_ns)) == words
    assert opened_words(silent("safety")) == "no message from safety for 12 s"


def test_without_safety_no_state_of_the_contactor_is_shown() -> None:
    snapshot = silent("safety")
    assert contactor_words(snapshot) == "no message from safety for 12 s"
    assert contactor_why(snapshot) == ""


@pytest.mark.parametrize(
    ("pilot", "words"),
    [
        (PILOT, "duty 26.7 % offers 16.0 A"),
        (replace(PILOT, duty_percent=100.0, offered_a=0.0), "no PWM, offers nothing"),
        (replace(PILOT, duty_percent=0.0, offered_a=0.0), "steady -12 V, offers nothing"),
    ],
)
def test_the_offer_is_shown_with_its_duty(pilot: PilotStatus, words: str) -> None:
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
            "present a card to the reading area",
        ),
    ],
)
def test_the_authorisation_is_shown_with_its_card(
    fields: dict[str, Any], by: str, words: str
) -> None:
    assert authorisation_words(replace(SESSION, **fields), by) == words


def test_a_session_lasts_while_it_runs() -> None:
    assert lasted_s(charging()) == 754.0
    assert lasted_s(but("session", session_id="")) is None
    assert lasted_s(but("session", started_ns=None)) is None
    assert lasted_s(but("session", started_ns=-(10**9))) == NOW_S + 1.0  # before this boot
    assert lasted_s(but("session", started_utc_ns=2**62)) == 754.0  # UTC does not count
    assert lasted_s(silent("session")) is None


def test_energy_without_a_session_is_that_of_the_last_one() -> None:
    assert energy_of(SESSION) == "this session"
    assert energy_of(replace(SESSION, session_id="")) == "last session"
    assert energy_of(replace(SESSION, session_id="", energy_wh=0.0)) == "this session"
    assert energy_of(None) == "this session"
