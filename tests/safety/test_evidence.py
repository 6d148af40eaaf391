"""What safety counts: self-tests with their times and the earth, operations of the contactor."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msgs.evidence import (
    MOST_OPERATIONS,
    MOST_TESTS,
    ContactorOperation,
    SafetyCounts,
    SafetyEvidence,
    SelfTestOutcome,
)
from msgs.pilot import CpState
from msgs.safety import Contactor
from nodes.safety.evidence import NOTHING, Evidence, follow_contactor
from nodes.safety.frozen import UNHEARD, Repetition
from tests.safety.machine.rig import P, Rig, closed, idle, ready

LOADED = Repetition(is_heard=True, shown=(15.0, 14.0, None, 230.0, 230.0, 230.0, 50.0))
NO_LOAD = Repetition(is_heard=True)
EARTH_OHM = 0.8  # of the rig


def said(rig: Rig) -> SafetyEvidence:
    return rig.state.evidence.message


# --- self-tests ----------------------------------------------------------------------------------


def test_a_self_test_that_passes_is_reported_with_its_times_and_the_earth() -> None:
    (report,) = said(ready()).tests
    assert report.outcome is SelfTestOutcome.PASSED
    assert report.active_ms == pytest.approx(200.0, abs=20.0)  # of the rig's monitor
    assert report.idle_ms == pytest.approx(300.0, abs=20.0)
    assert report.earth_ohm == EARTH_OHM
    assert (said(ready()).counts.tests, said(ready()).counts.failed_tests) == (1, 0)


def test_the_earth_is_the_median_so_that_a_stray_reading_changes_nothing() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.reading = {"earth_ohm": 40.0}
    rig.run(1.5)
    rig.reading = {"earth_ohm": math.nan}
    rig.run(0.03)
    rig.reading = {"earth_ohm": 499.0}
    rig.run(0.3)
    rig.reading = {"earth_ohm": 40.0}
    rig.until_phase(P.READY)
    assert said(rig).tests[-1].earth_ohm == 40.0


def test_without_an_earth_loop_none_is_reported() -> None:
    rig = Rig()
    rig.config = type(rig.config)(earth_loop=False)
    rig.vehicle = "B"
    rig.until_phase(P.READY)
    assert said(rig).tests[-1].earth_ohm is None


def test_a_monitor_that_does_not_answer_is_a_failed_test_without_times() -> None:
    rig = idle()
    rig.is_deaf = True
    rig.vehicle = "B"
    rig.until_phase(P.FAULT)
    (report,) = said(rig).tests
    assert report.outcome is SelfTestOutcome.NO_ANSWER
    assert (report.active_ms, report.idle_ms) == (None, None)
    assert (said(rig).counts.tests, said(rig).counts.failed_tests) == (1, 1)


def test_an_output_that_is_active_without_a_test_is_a_failed_one() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.reading = {"residual_ac": True}
    rig.run(3.0)
    outcomes = {each.outcome for each in said(rig).tests}
    assert outcomes <= {SelfTestOutcome.NOT_IDLE}
    assert said(rig).counts.failed_tests == said(rig).counts.tests


def test_a_test_that_is_broken_off_is_none_that_has_failed() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.run(0.5)
    rig.vehicle = "A"
    rig.run(1.0)
    (report,) = said(rig).tests
    assert report.outcome is SelfTestOutcome.BROKEN_OFF
    assert (said(rig).counts.tests, said(rig).counts.failed_tests) == (1, 0)


# --- the contactor -------------------------------------------------------------------------------


def test_a_closing_and_an_opening_are_reported_with_the_time_to_their_proof() -> None:
    rig = closed()
    (closing,) = said(rig).operations
    assert closing.is_closing
    assert closing.took_ms == pytest.approx(1000.0 * rig.contact_delay_s, abs=20.0)
    rig.draws_a = 0.0
    rig.run(0.5)
    rig.vehicle = "B"
    rig.until_phase(P.READY)
    opening = said(rig).operations[-1]
    assert (opening.is_closing, opening.is_under_load, opening.current_a) == (False, False, 0.0)
    assert opening.took_ms == pytest.approx(1000.0 * rig.contact_delay_s, abs=20.0)
    assert said(rig).counts == SafetyCounts(closings=1, openings=1, tests=1)


def test_an_opening_by_a_trip_is_under_load_with_its_current() -> None:
    rig = closed()
    rig.run(1.0)
    rig.reading = {"residual_ac": True}
    rig.run(0.2)
    opening = said(rig).operations[-1]
    assert opening.is_under_load
    assert opening.current_a == pytest.approx(rig.draws_a, abs=0.1)
    assert said(rig).counts.openings_under_load == 1
    assert said(rig).counts.most_a == opening.current_a


def test_an_opening_because_inputs_are_stale_has_the_current_before() -> None:
    rig = closed()
    rig.run(1.0)
    rig.inputs = {"reading": None}
    rig.run(0.05)
    rig.inputs = {}
    rig.run(0.1)
    opening = said(rig).operations[-1]
    assert (opening.is_closing, opening.is_under_load) == (False, True)
    assert opening.current_a == pytest.approx(rig.draws_a, abs=0.1)


def test_a_weld_is_an_opening_that_was_never_proven() -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle = "A"
    rig.run(1.0)
    assert rig.status.contactor is Contactor.WELDED
    opening = said(rig).operations[-1]
    assert (opening.is_closing, opening.took_ms) == (False, None)


def test_a_contactor_that_does_not_close_is_a_closing_that_was_not_proven() -> None:
    rig = ready()
    rig.is_stuck = True
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.FAULT)
    assert said(rig).counts.failed_closings == said(rig).counts.closings == 1
    assert said(rig).counts.openings == 1
    assert said(rig).operations[0].took_ms is None


def test_nothing_is_published_while_nothing_happens() -> None:
    rig = closed()
    before = rig.outputs.evidence
    rig.run(5.0)  # its current differs with each sample
    assert rig.outputs.evidence is before


# --- one step of the contactor -------------------------------------------------------------------

START = Evidence(message=SafetyEvidence(process="1"))


def step(evidence: Evidence, now_s: float, *phases: Any, **given: Any) -> Evidence:
    words: dict[str, Any] = {
        "shown": (Contactor.CLOSED, Contactor.CLOSED),
        "cp": CpState.C,
        "most_a": 15.0,
        "repetitions": (LOADED, LOADED),
    }
    before, after = phases
    return follow_contactor(evidence, now_s, 7, phases=(before, after), **(words | given))


def charging() -> Evidence:
    evidence = step(START, 1.0, P.READY, P.CLOSING)
    return step(evidence, 1.03, P.CLOSING, P.CLOSED)


def last(evidence: Evidence) -> ContactorOperation:
    return evidence.message.operations[-1]


OPENED = {"shown": (Contactor.CLOSED, Contactor.OPEN)}


@pytest.mark.parametrize(
    ("most_a", "repetition", "current_a", "is_under_load"),
    [
        (0.94, LOADED, 0.9, False),
        (1.0, LOADED, 1.0, True),
        (None, LOADED, 15.0, True),  # without a reading
        (None, NO_LOAD, 0.0, False),
        (None, UNHEARD, None, True),  # not known
    ],
)
def test_an_opening_is_under_load_from_1_a_on_and_if_nothing_is_known(
    most_a: float | None, repetition: Repetition, current_a: float | None, is_under_load: bool
) -> None:
    evidence = step(
        charging(), 9.0, P.CLOSED, P.OPENING, most_a=most_a, repetitions=(repetition, repetition)
    )
    evidence = step(evidence, 9.02, P.OPENING, P.IDLE, **OPENED)
    assert (last(evidence).current_a, last(evidence).is_under_load) == (current_a, is_under_load)
    assert last(evidence).took_ms == 20.0


@pytest.mark.parametrize(
    ("cp", "phase", "waits_s", "is_under_load"),
    [
        (CpState.C, P.CLOSED, 0.04, True),  # pulled: the line is not settled yet
        (CpState.A, P.CLOSED, 0.1, True),
        (CpState.A, P.CLOSED, 0.12, False),  # the vehicle had stopped before
        (CpState.B, P.CLOSED, 0.04, False),  # the vehicle has opened S2
        (CpState.C, P.STOPPING, 0.04, False),  # it was asked to stop, and has
    ],
)
def test_a_plug_that_is_pulled_breaks_the_current_itself(
    cp: CpState, phase: Any, waits_s: float, is_under_load: bool
) -> None:
    evidence = step(charging(), 9.0, P.CLOSED, phase, repetitions=(LOADED, NO_LOAD))
    now_s = 9.0 + waits_s
    evidence = step(
        evidence, now_s, phase, P.OPENING, cp=cp, most_a=0.0, repetitions=(NO_LOAD, NO_LOAD)
    )
    evidence = step(evidence, now_s + 0.02, P.OPENING, P.IDLE, **OPENED)
    assert last(evidence).is_under_load is is_under_load
    assert last(evidence).current_a == (15.0 if is_under_load else 0.0)


def test_a_coil_that_drops_by_itself_is_counted_once_and_again_when_it_picks_up() -> None:
    evidence = step(charging(), 5.0, P.CLOSED, P.CLOSED, **OPENED)
    assert not last(evidence).is_ordered
    assert last(evidence).took_ms is None
    assert step(evidence, 5.1, P.CLOSED, P.CLOSED, shown=(Contactor.OPEN,) * 2) is evidence
    over = step(evidence, 5.2, P.CLOSED, P.OPENING, shown=(Contactor.OPEN,) * 2)
    assert (over.message.counts.closings, over.message.counts.openings) == (1, 1)
    again = step(evidence, 5.2, P.CLOSED, P.CLOSED, shown=(Contactor.OPEN, Contactor.CLOSED))
    assert (again.message.counts.closings, again.message.counts.openings) == (2, 1)
    assert again.message.counts.failed_closings == 0


def test_a_message_has_the_newest_reports_and_all_counts() -> None:
    evidence = NOTHING
    for number in range(40):
        evidence = step(evidence, number, P.READY, P.CLOSING)
        evidence = step(evidence, number + 0.03, P.CLOSING, P.CLOSED)
        evidence = step(evidence, number + 0.5, P.CLOSED, P.OPENING)
        evidence = step(evidence, number + 0.52, P.OPENING, P.READY, **OPENED)
    message = evidence.message
    assert (message.counts.closings, message.counts.openings) == (40, 40)
    assert [each.number for each in message.operations] == list(range(65, 81))
    assert len(message.operations) == MOST_OPERATIONS
    assert len(message.tests) <= MOST_TESTS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(P)), st.sampled_from(list(Contactor))), max_size=60))
def test_a_contactor_is_never_opened_more_often_than_it_was_closed(
    steps: list[tuple[Any, Any]],
) -> None:
    evidence, phase, shown = START, P.START, Contactor.CLOSED
    for number, (after, seen) in enumerate(steps):
        evidence = step(evidence, float(number), phase, after, shown=(shown, seen))
        phase, shown = after, seen
        counts = evidence.message.counts
        assert 0 <= counts.closings - counts.openings <= 1
        assert counts.openings_under_load <= counts.openings
        assert counts.failed_closings <= counts.closings
        numbers = [each.number for each in evidence.message.operations]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
