"""The self-test of the residual-current monitor (CHG-1, LED-2), with the contactor open. Pure.

The monitor's test line injects a current that must trip both outputs, and both must become idle
again: outputs idle, test on, both active within 740 ms, test off, both idle 2.16 s after the
beginning. The times are those of the CCID test of Analog Devices' evaluation charger and OpenEVSE.
An output that is active then, but not for long, is a failed test; one that stays active is stuck.

After a test that is broken off the monitor may still answer, within the time of that test (a late
self-test answer); with a proven open contactor that is no residual current. The next test begins
after that time, so that it cannot take the late answer for its own.
"""

from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment

IDLE_WITHIN_S = 1.0  # the outputs must be idle before the test: OpenEVSE
PULSE_S = 0.06  # the least length of the test
ACTIVE_WITHIN_S = 0.74
IDLE_AFTER_S = 2.16
STUCK_S = 2.0  # assumed: an output is stuck after this time; a disturbance is shorter


class SelfTestResult(Enum):
    """The result of a self-test, or that it runs."""

    RUNNING = "running"
    PASSED = "passed"
    NOT_IDLE = "not_idle"  # an output is active without any test
    NO_ANSWER = "no_answer"  # an output did not answer the test
    LATE = "late"  # an output became idle only after its time
    STUCK = "stuck"  # an output stays active after the test


class SelfTest(Struct, frozen=True, kw_only=True):
    """One self-test that runs, or is to begin."""

    begun_s: float  # start of the wait for idle, then of the pulse
    is_pulsed: bool = False  # the pulse has begun
    is_on: bool = False  # the test line
    seen_ac: bool = False
    seen_dc: bool = False
    is_late: bool = False  # an output was active after its time
    result: SelfTestResult = SelfTestResult.RUNNING


class SelfTesting(Struct, frozen=True, kw_only=True):
    """The self-test that runs, and the result of earlier ones."""

    test: SelfTest | None = None  # the one that runs
    is_passed: bool = False  # one has passed since the plug went in
    passed_at_s: float = 0.0
    failed: int = 0  # tests in a row
    answers_until_s: float = 0.0  # until then a late self-test answer is possible

    @property
    def is_pulsed(self) -> bool:
        """Return whether a test runs whose pulse has begun."""
        return self.test is not None and self.test.is_pulsed

    @property
    def is_on(self) -> bool:
        """Return whether the test line is on."""
        return self.test is not None and self.test.is_on


def follow(
    testing: SelfTesting, moment: Moment, residual_ac: bool, residual_dc: bool
) -> SelfTesting:
    """Update the self-test that runs with one reading, and count failures in a row."""
    if testing.test is None:
        return testing
    test = watch(testing.test, moment, residual_ac, residual_dc)
    if test is testing.test:
        return testing
    failed = testing.failed
    if test.result is SelfTestResult.PASSED:
        failed = 0
    elif test.result is not SelfTestResult.RUNNING:
        failed += 1
    return replace(testing, test=test, failed=failed)


def begin(testing: SelfTesting, now_s: float) -> SelfTesting:
    """Begin a test, unless one runs, after the time of a late answer."""
    if testing.test is not None:
        return testing
    return replace(testing, test=SelfTest(begun_s=max(now_s, testing.answers_until_s)))


def end(testing: SelfTesting) -> SelfTesting:
    """End the test that runs; after one that is broken off a late answer is possible."""
    if testing.test is None:
        return testing
    until_s = max(testing.answers_until_s, answers_until_s(testing.test))
    return replace(testing, test=None, answers_until_s=until_s)


def forget(testing: SelfTesting) -> SelfTesting:
    """End the test that runs; the next vehicle or charge needs a new one."""
    return replace(end(testing), is_passed=False)


def watch(test: SelfTest, moment: Moment, residual_ac: bool, residual_dc: bool) -> SelfTest:
    """Update the self-test with one reading."""
    begun_s = test.begun_s
    if not moment.reached(begun_s):
        return test
    if not test.is_pulsed:
        if not residual_ac and not residual_dc:
            return replace(test, begun_s=moment.now_s, is_pulsed=True, is_on=True)
        return (
            _ended(test, SelfTestResult.NOT_IDLE)
            if moment.reached(begun_s + IDLE_WITHIN_S)
            else test
        )
    if test.is_on:
        if (residual_ac and not test.seen_ac) or (residual_dc and not test.seen_dc):
            test = replace(
                test,
                seen_ac=test.seen_ac or residual_ac,
                seen_dc=test.seen_dc or residual_dc,
            )
        if test.seen_ac and test.seen_dc:
            return replace(test, is_on=False) if moment.reached(begun_s + PULSE_S) else test
        is_over = moment.reached(begun_s + ACTIVE_WITHIN_S)
        return _ended(test, SelfTestResult.NO_ANSWER) if is_over else test
    if not moment.reached(begun_s + IDLE_AFTER_S):
        return test
    if not (residual_ac or residual_dc):
        return _ended(test, SelfTestResult.LATE if test.is_late else SelfTestResult.PASSED)
    if moment.reached(begun_s + IDLE_AFTER_S + STUCK_S):
        return _ended(test, SelfTestResult.STUCK)
    return test if test.is_late else replace(test, is_late=True)


def answers_until_s(test: SelfTest | None) -> float:
    """Return until when a late answer may come if the test is broken off now; 0: none."""
    if test is None or not test.is_pulsed or test.result is SelfTestResult.PASSED:
        return 0.0
    return test.begun_s + IDLE_AFTER_S


def _ended(test: SelfTest, result: SelfTestResult) -> SelfTest:
    return replace(test, is_on=False, result=result)
