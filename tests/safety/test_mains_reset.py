"""The flag of the power-on reset: each return of the mains is seen once, and what it clears."""

import pytest
from msgspec.structs import replace

from nodes.safety.evaluation import Evaluation
from nodes.safety.mains_reset import MainsReset, watch
from tests.safety.evaluations import PLUGGED

DOWN = PLUGGED
UP = replace(PLUGGED, is_reset=True, is_no_reset=False)
UNCLEAR = replace(PLUGGED, is_reset=False, is_no_reset=False)
START = MainsReset()
WAIT_S = 1030.0


def watched(reset: MainsReset, *evaluations: Evaluation, is_recalled: bool = True) -> MainsReset:
    for evaluation in evaluations:
        reset = watch(reset, evaluation, is_recalled=is_recalled, waits_until_s=WAIT_S)
    return reset


def test_a_flag_that_is_down_is_known_and_begins_no_wait() -> None:
    reset = watched(START, DOWN)
    assert reset == MainsReset(was_down=True)
    assert watched(reset, DOWN) is reset


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize("before", [START, MainsReset(was_down=True)])
def test_a_flag_that_is_up_is_seen_once_and_begins_a_wait(before: MainsReset) -> None:
    reset = watched(before, UP)
    assert reset == replace(before, is_seen=True, waits_until_s=WAIT_S)
    assert watch(reset, UP, is_recalled=True, waits_until_s=9999.0) is reset
    assert watched(reset, DOWN) == MainsReset(was_down=True, waits_until_s=WAIT_S)
    assert watched(reset, DOWN, UP) == replace(reset, was_down=True)  # the next return of mains


def test_an_unclear_flag_changes_nothing() -> None:
    for reset in (START, watched(START, UP), watched(START, DOWN)):
        assert watched(reset, UNCLEAR) is reset


def test_a_flag_waits_until_the_disk_has_been_read() -> None:
    assert watched(START, UP, is_recalled=False) is START
    assert watched(START, DOWN, is_recalled=False).was_down


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize("is_seen", [False, True])
@pytest.mark.parametrize("was_down", [False, True])
@pytest.mark.parametrize("is_latch_recalled", [False, True])
def test_a_flag_clears_faults_of_this_process_if_it_was_down_since_its_start(
    is_seen: bool, was_down: bool, is_latch_recalled: bool
) -> None:
    reset = MainsReset(is_seen=is_seen, was_down=was_down, is_latch_recalled=is_latch_recalled)
    assert reset.clears is (is_seen and (was_down or is_latch_recalled))
