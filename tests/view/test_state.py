"""The state with its reason."""

from dataclasses import replace

import pytest

from msgs.safety import FaultCode
from msgs.session import WallboxState
from tests.view.charge import OFFER, but, silent
from tests.view.snapshot import said
from view.state import is_reason_below, state_name, state_reason


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
