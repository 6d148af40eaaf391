"""Follow the self-test of the residual-current monitor from outside of safety. Pure."""

from dataclasses import dataclass, replace

from msgs.pilot import CpState, classify_high_v
from msgs.plant import SimSignals
from msgs.safety import SimContactorDrive


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestLog:
    """What has been observed of a self-test."""

    is_on: bool = False  # the test line
    answers: frozenset[str] = frozenset()  # outputs that have answered it
    has_passed: bool = False
    out_since_s: float | None = None  # the plug is out


NOT_TESTED = SelfTestLog()
OUT_S = 0.05  # a shorter absence of the plug may be a bounce, which safety need not detect
_BOTH = frozenset({"AC", "DC"})


def after_drive(test: SelfTestLog, drive: SimContactorDrive) -> SelfTestLog:
    """Follow the test line: each rise begins a new test."""
    if drive.residual_test == test.is_on:
        return test
    return SelfTestLog(is_on=True) if drive.residual_test else replace(test, is_on=False)


def after_signals(test: SelfTestLog, signals: SimSignals, now_s: float) -> SelfTestLog:
    """Follow the monitor's outputs and the plug.

    A test passes when both outputs have become active and both have released. The result is lost
    with the plug out, and with an output that is active without a test.
    """
    if classify_high_v(signals.high_v) is CpState.A:
        if test.out_since_s is None:
            return replace(test, out_since_s=now_s)
        if not test.has_passed or now_s - test.out_since_s < OUT_S:
            return test
        return replace(test, answers=frozenset(), has_passed=False)
    if test.out_since_s is not None:
        test = replace(test, out_since_s=None)
    active = frozenset(
        name for name, on in (("AC", signals.residual_ac), ("DC", signals.residual_dc)) if on
    )
    if test.is_on:
        return test if active <= test.answers else replace(test, answers=test.answers | active)
    if test.has_passed:
        return replace(test, answers=frozenset(), has_passed=False) if active else test
    return replace(test, has_passed=True) if test.answers == _BOTH and not active else test
