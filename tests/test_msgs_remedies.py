"""The remedies of faults: each cause has one, and none asks for what is not safe."""

import pytest

from msgs.fault_cause import Cause
from msgs.remedies import REMEDIES, remedy_of
from msgs.safety import LATCHED, FaultCode
from msgs.units import MOST_TEXT

MAY_BE_LIVE = (
    (FaultCode.RED, Cause.STILL_LIVE),
    (FaultCode.RED, Cause.EARTH),
    (FaultCode.RED, None),
    (FaultCode.SAFETY_CIRCUIT, Cause.STRAY_CURRENT),
    (FaultCode.SAFETY_CIRCUIT, Cause.NOT_PROVEN_OPEN),
    (FaultCode.SAFETY_CIRCUIT, Cause.LATCH_UNREADABLE),
)


@pytest.mark.req("ERR-T")
def test_every_cause_has_a_remedy_that_fits_a_message() -> None:
    assert set(REMEDIES) == set(Cause)
    for code in FaultCode:
        for cause in (*Cause, None):
            remedy = remedy_of(code, cause)
            assert remedy.steps
            assert len(remedy.title) <= 52, remedy.title  # two lines on a phone
            assert len(remedy.as_text()) <= MOST_TEXT, remedy.title
            for text in filter(None, (remedy.danger, *remedy.steps)):
                assert text[0].isupper(), text
                assert text.endswith("."), text


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize(("code", "cause"), MAY_BE_LIVE)
def test_what_may_be_live_is_not_touched_before_the_mains_are_off(
    code: FaultCode, cause: Cause | None
) -> None:
    remedy = remedy_of(code, cause)
    assert remedy.danger.startswith("Do not touch plug")
    assert "Switch off the mains" in remedy.steps[0]
    pulls = [index for index, step in enumerate(remedy.steps) if step.startswith("Pull the plug")]
    assert pulls == [1]


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("cause", list(Cause))
def test_a_fault_that_is_not_retried_asks_nobody_to_wait_for_it(cause: Cause) -> None:
    for code in LATCHED & codes_of(cause):
        assert not any(step.startswith("Wait") for step in remedy_of(code, cause).steps)


def codes_of(cause: Cause) -> frozenset[FaultCode]:
    """Return the latched codes that safety raises for a cause (nodes/safety/complain.py)."""
    red = {Cause.STILL_LIVE, Cause.EARTH, Cause.TEST_STUCK}
    red |= {Cause.TEST_NOT_IDLE, Cause.TEST_NO_ANSWER, Cause.TEST_LATE}
    circuit = {Cause.STRAY_CURRENT, Cause.GENERATOR, Cause.NOT_PROVEN_OPEN, Cause.LATCH_UNREADABLE}
    found = {FaultCode.RED} if cause in red else set()
    return frozenset(found | ({FaultCode.SAFETY_CIRCUIT} if cause in circuit else set()))


@pytest.mark.req("ERR-3")
def test_a_box_that_is_hot_again_and_again_is_looked_at_by_an_electrician() -> None:
    for cause in (Cause.TOO_HOT, Cause.SWITCH_OPEN):
        assert "electrician" in REMEDIES[cause].steps[-1]


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize("cause", [Cause.RESIDUAL_AC, Cause.RESIDUAL_DC, Cause.RESIDUAL_BOTH])
def test_what_may_be_wet_is_looked_at_without_touching_it(cause: Cause) -> None:
    first, second, *_ = REMEDIES[cause].steps
    assert "without touching" in first
    assert second.index("switch off the mains") < second.index("pull the plug")


@pytest.mark.req("ERR-8002")
def test_a_broken_neutral_is_no_case_for_waiting() -> None:
    steps = REMEDIES[Cause.MAINS_RANGE].steps
    assert any("neutral" in step and "electrician" in step for step in steps)
