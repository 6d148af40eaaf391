"""The self-test of the residual-current monitor, its times and its verdicts."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from nodes.safety import selftest
from nodes.safety.selftest import SelfTest, SelfTesting, SelfTestResult, answers_until_s


def watch(test: SelfTest, now_s: float, residual_ac: bool, residual_dc: bool) -> SelfTest:
    return selftest.watch(test, Moment(now_s), residual_ac, residual_dc)


ROUND_S = 0.01
Output = Callable[[float, bool], bool]  # seconds since the beginning, test line -> active


def idle(_: float, __: bool) -> bool:
    return False


def between(begin_s: float, end_s: float) -> Output:
    return lambda at_s, _: begin_s - 1e-6 <= at_s < end_s - 1e-6


def run(ac: Output, dc: Output) -> tuple[SelfTestResult, float, list[float]]:
    """Return the result, when it fell, and when the test line was on [s]."""
    test = SelfTest(begun_s=50.0)
    on: list[float] = []
    for number in range(1000):
        at_s = number * ROUND_S
        test = watch(test, 50.0 + at_s, ac(at_s, test.is_on), dc(at_s, test.is_on))
        if test.result is not SelfTestResult.RUNNING:
            assert test.is_on is False
            return test.result, at_s, on
        if test.is_on:
            on.append(at_s)
    raise AssertionError("a self-test must end")


@pytest.mark.req("CHG-1", "LED-2")
def test_outputs_that_answer_and_let_go_pass_in_2_2_seconds() -> None:
    result, at_s, on = run(between(0.2, 0.8), between(0.3, 0.9))
    assert result is SelfTestResult.PASSED
    assert at_s == pytest.approx(2.16, abs=0.02)
    assert on[-1] - on[0] == pytest.approx(0.3, abs=0.02)


def test_the_test_line_is_on_for_60_ms_at_least() -> None:
    _, _, on = run(between(0.01, 0.3), between(0.01, 0.3))
    assert on[-1] - on[0] >= 0.05 - 1e-6


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize(
    ("ac", "dc", "result", "at_s"),
    [
        # no answer, or of one output only
        (idle, idle, SelfTestResult.NO_ANSWER, 0.74),
        (between(0.2, 0.8), idle, SelfTestResult.NO_ANSWER, 0.74),
        (idle, between(0.2, 0.8), SelfTestResult.NO_ANSWER, 0.74),
        # just in time, just too late
        (between(0.2, 1.0), between(0.73, 1.0), SelfTestResult.PASSED, 2.16),
        (between(0.2, 1.0), between(0.76, 1.0), SelfTestResult.NO_ANSWER, 0.74),
        # letting go just in time, just too late
        (between(0.2, 2.15), between(0.2, 1.0), SelfTestResult.PASSED, 2.16),
        (between(0.2, 2.18), between(0.2, 1.0), SelfTestResult.LATE, 2.18),
        (between(0.2, 1.0), between(0.2, 4.15), SelfTestResult.LATE, 4.15),
        # not letting go
        (between(0.2, 1.0), between(0.2, 9.0), SelfTestResult.STUCK, 4.16),
        (between(0.2, 9.0), between(0.2, 1.0), SelfTestResult.STUCK, 4.16),
        # active before any test
        (between(0.0, 9.0), idle, SelfTestResult.NOT_IDLE, 1.0),
        (idle, between(0.0, 9.0), SelfTestResult.NOT_IDLE, 1.0),
    ],
)
def test_verdicts(ac: Output, dc: Output, result: SelfTestResult, at_s: float) -> None:
    found, found_at_s, _ = run(ac, dc)
    assert found is result
    assert found_at_s == pytest.approx(at_s, abs=0.02)


def test_outputs_may_take_a_second_to_let_go_of_what_was_before() -> None:
    def output(at_s: float, _: bool) -> bool:
        return at_s < 0.9 or 1.1 <= at_s < 1.6

    result, at_s, _ = run(output, output)
    assert result is SelfTestResult.PASSED
    assert at_s == pytest.approx(0.9 + 2.16, abs=0.02)


def test_the_test_line_stays_off_while_an_output_is_active() -> None:
    _, _, on = run(between(0.0, 9.0), idle)
    assert not on


# --- each time to the point --------------------------------------------------------------------

PULSE = SelfTest(begun_s=0.0, is_pulsed=True, is_on=True)
OVER = SelfTest(begun_s=0.0, is_pulsed=True, seen_ac=True, seen_dc=True)


def test_nothing_is_judged_before_the_beginning() -> None:
    test = SelfTest(begun_s=10.0)
    assert watch(test, 8.0, False, False) is test
    assert watch(test, 9.99, True, True) is test
    assert watch(test, 10.0, False, False) == SelfTest(begun_s=10.0, is_pulsed=True, is_on=True)


@pytest.mark.parametrize(("ac", "dc"), [(True, False), (False, True), (True, True)])
def test_outputs_have_a_second_to_be_idle_and_the_pulse_begins_when_they_are(
    ac: bool, dc: bool
) -> None:
    test = SelfTest(begun_s=0.0)
    assert watch(test, 0.99, ac, dc) is test
    assert watch(test, 1.0, ac, dc).result is SelfTestResult.NOT_IDLE
    assert watch(test, 0.99, False, False) == SelfTest(begun_s=0.99, is_pulsed=True, is_on=True)


def test_the_pulse_is_60_ms_at_least() -> None:
    test = watch(PULSE, 0.05, True, True)
    assert (test.is_on, test.result) == (True, SelfTestResult.RUNNING)
    test = watch(PULSE, 0.06, True, True)
    assert (test.is_on, test.result) == (False, SelfTestResult.RUNNING)


def test_both_outputs_have_740_ms_to_answer() -> None:
    assert watch(PULSE, 0.73, False, False) is PULSE
    assert watch(PULSE, 0.74, False, False).result is SelfTestResult.NO_ANSWER
    assert watch(PULSE, 0.74, True, False).result is SelfTestResult.NO_ANSWER
    assert watch(PULSE, 0.74, True, True).result is SelfTestResult.RUNNING


def test_outputs_need_not_answer_at_the_same_time() -> None:
    for first, second in (((True, False), (False, True)), ((False, True), (True, False))):
        test = watch(PULSE, 0.1, *first)
        assert (test.seen_ac, test.seen_dc, test.is_on) == (*first, True)
        test = watch(test, 0.2, *second)
        assert (test.seen_ac, test.seen_dc, test.is_on) == (True, True, False)


@pytest.mark.parametrize(("ac", "dc"), [(True, False), (False, True), (True, True)])
def test_both_outputs_have_2160_ms_to_let_go_and_are_stuck_2_s_later(ac: bool, dc: bool) -> None:
    assert watch(OVER, 2.15, ac, dc) is OVER
    assert watch(OVER, 2.16, False, False).result is SelfTestResult.PASSED
    late = watch(OVER, 2.16, ac, dc)
    assert late.result is SelfTestResult.RUNNING
    assert watch(late, 2.17, False, False).result is SelfTestResult.LATE
    assert watch(late, 4.15, ac, dc) is late
    assert watch(late, 4.16, ac, dc).result is SelfTestResult.STUCK


@pytest.mark.req("ERR-8005")
def test_one_disturbed_reading_at_the_end_of_a_self_test_is_no_stuck_output() -> None:
    spike = between(2.15, 2.17)
    result, _, _ = run(lambda at_s, on: 0.2 <= at_s < 0.8 or spike(at_s, on), between(0.2, 0.8))
    assert result is SelfTestResult.LATE


@pytest.mark.parametrize(("seen_ac", "seen_dc"), [(False, False), (True, False), (False, True)])
def test_an_output_that_does_not_change_keeps_the_test(seen_ac: bool, seen_dc: bool) -> None:
    test = SelfTest(begun_s=0.0, is_pulsed=True, is_on=True, seen_ac=seen_ac, seen_dc=seen_dc)
    assert watch(test, 0.5, False, False) is test
    assert watch(test, 0.5, seen_ac, seen_dc) is test


# --- a test that is broken off -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "until_s"),
    [
        (None, 0.0),
        (SelfTest(begun_s=7.0), 0.0),  # no pulse, no answer
        (SelfTest(begun_s=7.0, result=SelfTestResult.NOT_IDLE), 0.0),
        (SelfTest(begun_s=7.0, is_pulsed=True, is_on=True), 9.16),
        (SelfTest(begun_s=7.0, is_pulsed=True, seen_ac=True, seen_dc=True), 9.16),
        (SelfTest(begun_s=7.0, is_pulsed=True, result=SelfTestResult.NO_ANSWER), 9.16),
        (SelfTest(begun_s=7.0, is_pulsed=True, result=SelfTestResult.STUCK), 9.16),
        (SelfTest(begun_s=7.0, is_pulsed=True, result=SelfTestResult.PASSED), 0.0),
    ],
)
def test_a_test_that_is_broken_off_after_its_pulse_may_still_be_answered(
    test: SelfTest | None, until_s: float
) -> None:
    assert answers_until_s(test) == pytest.approx(until_s)


# --- one test after the other ------------------------------------------------------------------


def follow(testing: SelfTesting, now_s: float, residual_ac: bool, residual_dc: bool) -> SelfTesting:
    return selftest.follow(testing, Moment(now_s), residual_ac, residual_dc)


def test_without_a_test_there_is_nothing_to_follow() -> None:
    testing = SelfTesting(failed=1)
    assert follow(testing, 0.0, True, True) is testing


def test_a_test_that_does_not_change_keeps_the_state() -> None:
    testing = SelfTesting(test=PULSE, failed=1)
    assert follow(testing, 0.5, False, False) is testing


@pytest.mark.parametrize(("ac", "dc"), [(True, False), (False, True)])
def test_each_output_is_that_of_the_reading(ac: bool, dc: bool) -> None:
    after = follow(SelfTesting(test=PULSE, failed=1), 0.5, ac, dc)
    assert after.test is not None
    assert (after.test.seen_ac, after.test.seen_dc, after.failed) == (ac, dc, 1)


def test_failures_in_a_row_are_counted_until_a_test_passes() -> None:
    testing = SelfTesting(is_passed=True, passed_at_s=7.0)
    for number in (1, 2, 3):
        testing = follow(replace(testing, test=PULSE), 0.74, False, False)
        assert testing.failed == number
        assert testing.test is not None
        assert testing.test.result is SelfTestResult.NO_ANSWER
    testing = follow(replace(testing, test=OVER), 2.16, False, False)
    assert (testing.failed, testing.is_passed, testing.passed_at_s) == (0, True, 7.0)


@pytest.mark.parametrize(("answers_until_s", "begun_s"), [(0.0, 10.0), (9.9, 10.0), (10.1, 10.1)])
def test_a_test_begins_after_the_time_of_a_late_answer(
    answers_until_s: float, begun_s: float
) -> None:
    testing = SelfTesting(failed=2, answers_until_s=answers_until_s)
    begun = selftest.begin(testing, 10.0)
    assert begun == replace(testing, test=SelfTest(begun_s=begun_s))
    assert selftest.begin(begun, 11.0) is begun


@pytest.mark.parametrize(
    ("test", "before_s", "until_s"), [(PULSE, 1.0, 2.16), (PULSE, 3.0, 3.0), (OVER, 0.0, 2.16)]
)
def test_a_test_that_is_ended_leaves_the_time_of_its_answer(
    test: SelfTest, before_s: float, until_s: float
) -> None:
    testing = SelfTesting(test=test, is_passed=True, failed=2, answers_until_s=before_s)
    ended = selftest.end(testing)
    assert ended == replace(testing, test=None, answers_until_s=until_s)
    assert selftest.end(ended) is ended
    assert selftest.forget(testing) == replace(ended, is_passed=False)
