"""A charge that is interrupted by the box itself is logged; what others do, or stop, is not."""

import pytest

from msgs.pilot import CpState
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import WallboxState
from msgs.state_reason import StateReason
from nodes.session.interruption import CHARGING, STARTED, interruption
from tests.builders import charging_safety, safety_status

READY = WallboxState.READY_FOR_CHARGING
WHY = "the contactor has opened: the pilot node is silent (for more than 1000 ms)"
TESTING = safety_status(phase=SafetyPhase.SELF_TEST, cp_state=CpState.B, opened=WHY)
NO_OFFER = charging_safety(
    phase=SafetyPhase.STOPPING, offered_a=0.0, detail="waits: the pilot offers no current"
)


@pytest.mark.parametrize("before", CHARGING)
@pytest.mark.parametrize(
    ("because", "safety", "words"),
    [
        (StateReason.SELF_TEST, TESTING, WHY),
        (StateReason.VEHICLE, NO_OFFER, "the pilot offers no current"),
        (StateReason.SELF_TEST, safety_status(detail="being tested"), STARTED),
        (StateReason.VEHICLE, charging_safety(offered_a=0.0), "no reason"),
    ],
)
def test_an_interruption_by_the_box_is_named(
    before: WallboxState, because: StateReason, safety: SafetyStatus, words: str
) -> None:
    line = interruption(before, READY, because, safety)
    assert line is not None
    assert line.startswith("the charge is interrupted: ")
    assert words in line


@pytest.mark.parametrize("contactor", [Contactor.OPEN, Contactor.CLOSED])
def test_a_vehicle_that_stops_by_itself_is_no_interruption(contactor: Contactor) -> None:
    stopped = charging_safety(cp_state=CpState.B, contactor=contactor)
    assert interruption(WallboxState.CHARGING, READY, StateReason.VEHICLE, stopped) is None


@pytest.mark.parametrize(
    ("before", "now", "because"),
    [
        (None, READY, StateReason.SELF_TEST),
        (WallboxState.IDLE, READY, StateReason.SELF_TEST),
        (READY, READY, StateReason.VEHICLE),
        (WallboxState.CHARGING, READY, StateReason.LOGGED_OFF),
        (WallboxState.CHARGING, READY, StateReason.WAITING),
        (WallboxState.CHARGING, WallboxState.RECOVER_FROM_ERROR, StateReason.FAULTS),
        (WallboxState.CHARGING, WallboxState.SUSPENDED, StateReason.OFFER_HELD),
        (WallboxState.CHARGING, WallboxState.CHARGING, StateReason.CHARGING),
    ],
)
def test_what_has_a_state_or_an_author_of_its_own_is_no_interruption(
    before: WallboxState | None, now: WallboxState, because: StateReason
) -> None:
    assert interruption(before, now, because, TESTING) is None
