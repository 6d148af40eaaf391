"""A self-test has passed when both outputs have become active and have released."""

import pytest
from msgspec.structs import replace

from msgs.plant import SimSignals
from msgs.safety import SimContactorDrive
from tests.verifier.conftest import SIGNALS
from verifier.selftest import NOT_TESTED, OUT_S, SelfTestLog, after_drive, after_signals

AWAY = replace(SIGNALS, high_v=12.0)
AC = replace(SIGNALS, residual_ac=True)
DC = replace(SIGNALS, residual_dc=True)
BOTH = replace(SIGNALS, residual_ac=True, residual_dc=True)
ON = SimContactorDrive(enable=False, feeds_watchdog=True, residual_test=True)
OFF = SimContactorDrive(enable=False, feeds_watchdog=True, residual_test=False)


def after(*words: SimSignals | SimContactorDrive) -> SelfTestLog:
    """Return the log of the test after messages that are 20 ms apart."""
    test, now_s = NOT_TESTED, 0.0
    for word in words:
        now_s += 0.02
        if isinstance(word, SimSignals):
            test = after_signals(test, word, now_s)
        else:
            test = after_drive(test, word)
    return test


PASSED = (SIGNALS, ON, BOTH, OFF, BOTH, SIGNALS)


@pytest.mark.parametrize(
    ("words", "has_passed"),
    [
        (PASSED, True),
        ((SIGNALS, ON, AC, DC, OFF, SIGNALS), True),
        ((SIGNALS, ON, AC, OFF, SIGNALS), False),  # one output does not answer
        ((SIGNALS, ON, BOTH, OFF, BOTH), False),  # they have not released
        ((SIGNALS, BOTH, SIGNALS), False),  # there was no test
        ((*PASSED, ON), False),  # another test begins
        ((*PASSED, DC, SIGNALS), False),  # it has tripped since
        ((*PASSED, AWAY, SIGNALS), True),  # a bounce
        ((*PASSED, AWAY, AWAY, AWAY, AWAY, SIGNALS), False),  # another vehicle
    ],
)
def test_a_test_has_passed(
    words: tuple[SimSignals | SimContactorDrive, ...], has_passed: bool
) -> None:
    assert after(*words).has_passed is has_passed


def test_a_bounce_is_shorter_than_a_plug_that_is_out() -> None:
    assert 0.02 < OUT_S < 4 * 0.02
