"""What is remembered of stale inputs."""

from bus.moment import Moment
from nodes.safety.config import Config
from nodes.safety.evaluation import Stale
from nodes.safety.stale import StaleInputs, record_fresh, record_stale


def test_stale_inputs_have_the_newest_reason_and_the_first_time() -> None:
    stale, is_fault = record_stale(
        StaleInputs(), Config(), Stale.SILENT, Moment(5.0), interrupts=False
    )
    assert (stale, is_fault) == (StaleInputs(reason=Stale.SILENT, since_s=5.0), False)
    stale, is_fault = record_stale(stale, Config(), Stale.NONSENSE, Moment(5.5), interrupts=True)
    after = StaleInputs(reason=Stale.NONSENSE, since_s=5.0, interrupted_at_s=(5.5,))
    assert (stale, is_fault) == (after, False)


def test_no_mains_is_no_fault_and_what_was_counted_is_dropped() -> None:
    before = StaleInputs(reason=Stale.SILENT, since_s=1.0, interrupted_at_s=(1.0, 2.0))
    after = record_stale(before, Config(), Stale.NO_MAINS, Moment(5.0), interrupts=True)
    assert after == (StaleInputs(reason=Stale.NO_MAINS), False)


def test_fresh_inputs_have_no_reason_and_end_the_time_once_the_contactor_is_proven() -> None:
    before = StaleInputs(reason=Stale.SILENT, since_s=1.0, interrupted_at_s=(1.0,))
    unproven = record_fresh(before, is_proven=False)
    assert unproven == StaleInputs(since_s=1.0, interrupted_at_s=(1.0,))
    proven = record_fresh(unproven, is_proven=True)
    assert proven == StaleInputs(interrupted_at_s=(1.0,))
    assert record_fresh(proven, is_proven=True) is proven
