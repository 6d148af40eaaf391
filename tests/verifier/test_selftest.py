"""A self-test counts for an onlooker when both outputs have answered it and let go."""

import pytest
from msgspec.structs import replace

from msgs.plant import SimSignals
from msgs.safety import SimContactorDrive
from tests.verifier.conftest import COPPER
from verifier.selftest import NOT_TESTED, OUT_S, SelfTest, after_drive, after_signals

AWAY = replace(COPPER, high_v=12.0)
AC = replace(COPPER, residual_ac=True)
DC = replace(COPPER, residual_dc=True)
BOTH = replace(COPPER, residual_ac=True, residual_dc=True)
ON = SimContactorDrive(enable=False, feeds_watchdog=True, residual_test=True)
OFF = SimContactorDrive(enable=False, feeds_watchdog=True, residual_test=False)


def after(*words: SimSignals | SimContactorDrive) -> SelfTest:
    """Return the test after what was seen, 20 ms apart."""
    test, now_s = NOT_TESTED, 0.0
    for word in words:
        now_s += 0.02
        if isinstance(word, SimSignals):
            test = after_signals(test, word, now_s)
        else:
            test = after_drive(test, word)
    return test


PASSED = (COPPER, ON, BOTH, OFF, BOTH, COPPER)


@pytest.mark.parametrize(
    ("words", "has_passed"),
    [
        (PASSED, True),
        ((COPPER, ON, AC, DC, OFF, COPPER), True),
        ((COPPER, ON, AC, OFF, COPPER), False),  # one output is deaf
        ((COPPER, ON, BOTH, OFF, BOTH), False),  # they have not let go
        ((COPPER, BOTH, COPPER), False),  # nobody has tested
        ((*PASSED, ON), False),  # another test begins
        ((*PASSED, DC, COPPER), False),  # it has tripped since
        ((*PASSED, AWAY, COPPER), True),  # a bounce
        ((*PASSED, AWAY, AWAY, AWAY, AWAY, COPPER), False),  # another vehicle
    ],
)
def test_a_test_has_passed(
    words: tuple[SimSignals | SimContactorDrive, ...], has_passed: bool
) -> None:
    assert after(*words).has_passed is has_passed


def test_a_bounce_is_shorter_than_a_plug_that_is_out() -> None:
    assert 0.02 < OUT_S < 4 * 0.02
