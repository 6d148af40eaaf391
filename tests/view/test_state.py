"""The state with its reason, and the faults with their remedies."""

from dataclasses import replace

import pytest

from msgs.safety import FaultCode
from msgs.session import WallboxState
from tests.builders import fault_record
from tests.view.charge import OFFER, SAFETY, but, charging, silent
from tests.view.snapshot import said
from view.state import faults, is_reason_below, state_name, state_reason


@pytest.mark.parametrize("state", list(WallboxState))
def test_the_state_has_the_manuals_name_and_its_reason(state: WallboxState) -> None:
    snapshot = but("session", state=state)
    assert state_name(snapshot) == state.value
    assert state_reason(snapshot) == "The vehicle draws current."
    assert not is_reason_below(snapshot)


def test_a_silent_session_has_no_state_and_its_silence_is_the_reason() -> None:
    snapshot = silent("session")
    assert state_name(snapshot) == "Not known"
    assert state_reason(snapshot) == "no message from session for 12 s"
    assert not is_reason_below(snapshot)


def test_a_reason_that_a_fault_or_the_limit_gives_is_shown_there() -> None:
    assert is_reason_below(but("safety", faults=(FaultCode.RED,)))
    assert is_reason_below(but("session", reason=OFFER.detail))
    unheard = replace(but("session", reason=OFFER.detail), offer=said("offer"))
    assert not is_reason_below(unheard)


@pytest.mark.req("ERR-T")
def test_faults_come_with_their_remedy_and_the_time_to_the_next_try() -> None:
    snapshot = but(
        "safety",
        faults=(FaultCode.RESIDUAL_CURRENT, FaultCode.TOO_HOT, FaultCode.RED),
        records=(
            fault_record(FaultCode.RESIDUAL_CURRENT, count=2),
            fault_record(FaultCode.TOO_HOT),
        ),
        retries=1,
        retry_in_s=12.0,
    )
    again = "tried again by itself in 12 s (1 of 5 used)"
    assert [(each.code, each.name, each.detail, each.remedy) for each in faults(snapshot)] == [
        ("8005", "8005", "seen, seen 2 times", "do this"),
        ("3", "3", "seen", "do this"),
        ("red", "all red", "fault all red", ""),
    ]
    assert [(each.retry_in_s, each.retry) for each in faults(snapshot)] == [
        (12.0, again), (None, ""), (None, ""),
    ]  # fmt: skip


def test_no_fault_is_shown_while_safety_is_silent() -> None:
    assert faults(charging()) == ()
    faulty = replace(charging(), safety=said("safety", SAFETY, age_s=12.0))
    assert faults(faulty) == ()
