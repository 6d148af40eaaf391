"""What is remembered of stale inputs."""

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from nodes.safety.config import Config
from nodes.safety.evaluation import Stale
from nodes.safety.stale import StaleInputs, interrupt, record_fresh, record_stale

CONFIG = Config(stale_s=1.0, interruptions=3, interruptions_s=60.0)
WRONG = [reason for reason in Stale if reason is not Stale.NO_MAINS]


@pytest.mark.parametrize("reason", WRONG)
def test_stale_inputs_have_the_newest_reason_and_the_first_time(reason: Stale) -> None:
    stale, is_fault = record_stale(
        StaleInputs(), CONFIG, Stale.SILENT, Moment(5.0), interrupts=False
    )
    assert (stale, is_fault) == (StaleInputs(reason=Stale.SILENT, since_s=5.0), False)
    stale, is_fault = record_stale(stale, CONFIG, reason, Moment(5.5), interrupts=True)
    after = StaleInputs(reason=reason, since_s=5.0, interrupted_at_s=(5.5,))
    assert (stale, is_fault) == (after, False)


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize("interrupts", [False, True])
def test_stale_inputs_are_a_fault_from_the_end_of_their_time_and_ask_for_a_step_then(
    interrupts: bool,
) -> None:
    before = StaleInputs(reason=Stale.SILENT, since_s=5.0, interrupted_at_s=(1.0,))
    moment = Moment(5.99)
    assert not record_stale(before, CONFIG, Stale.LATE, moment, interrupts=interrupts)[1]
    assert moment.due_s == 6.0
    for now_s in (6.0, 7.0):
        after = record_stale(before, CONFIG, Stale.LATE, Moment(now_s), interrupts=interrupts)
        assert after == (StaleInputs(reason=Stale.LATE, since_s=5.0), True)


def test_no_mains_is_no_fault_and_what_was_counted_is_dropped() -> None:
    before = StaleInputs(reason=Stale.SILENT, since_s=1.0, interrupted_at_s=(1.0, 2.0))
    after = record_stale(before, CONFIG, Stale.NO_MAINS, Moment(5.0), interrupts=True)
    assert after == (StaleInputs(reason=Stale.NO_MAINS), False)


@pytest.mark.parametrize(
    ("earlier_s", "kept_s", "is_too_often"),
    [
        ((), (100.0,), False),
        ((99.0,), (99.0, 100.0), False),
        ((98.0, 99.0), (), True),
        ((40.5, 99.0), (), True),
        ((40.0, 99.0), (99.0, 100.0), False),  # a minute ago
        ((30.0, 35.0), (100.0,), False),
    ],
)
def test_charges_that_are_broken_off_count_for_a_minute_and_three_are_too_often(
    earlier_s: tuple[float, ...], kept_s: tuple[float, ...], is_too_often: bool
) -> None:
    before = StaleInputs(reason=Stale.SILENT, since_s=99.5, interrupted_at_s=earlier_s)
    expected = (replace(before, interrupted_at_s=kept_s), is_too_often)
    assert interrupt(before, CONFIG, Moment(100.0)) == expected
    assert record_stale(before, CONFIG, Stale.SILENT, Moment(100.0), interrupts=True) == expected
    unbroken = record_stale(before, CONFIG, Stale.SILENT, Moment(100.0), interrupts=False)
    assert unbroken == (before, False)


def test_fresh_inputs_have_no_reason_and_end_the_time_once_the_contactor_is_proven() -> None:
    before = StaleInputs(reason=Stale.SILENT, since_s=1.0, interrupted_at_s=(1.0,))
    unproven = record_fresh(before, is_proven=False)
    assert unproven == StaleInputs(since_s=1.0, interrupted_at_s=(1.0,))
    assert record_fresh(unproven, is_proven=False) is unproven
    proven = record_fresh(unproven, is_proven=True)
    assert proven == StaleInputs(interrupted_at_s=(1.0,))
    assert record_fresh(proven, is_proven=True) is proven
    assert record_fresh(before, is_proven=True) == proven
    no_mains = StaleInputs(reason=Stale.NO_MAINS)
    assert record_fresh(no_mains, is_proven=False) == StaleInputs()
