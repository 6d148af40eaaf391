"""What is wrong right now: what one round raises, by the codes of the ERR table. Pure."""

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from msgs.pilot import CpState
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.finding import Cause, Finding
from nodes.safety.heat import HOTTEST_C
from nodes.safety.judge import Blind, Facts
from nodes.safety.selftest import Verdict
from nodes.safety.supply import MainsFault

MOST_FAILED_TESTS = 5  # ERR-8005: the self-test failing a fifth time is all red


class Activity(Enum):
    """During what the plug must not be pulled."""

    SELF_TEST = "self_test"
    CHARGE = "charge"


class Course(Struct, frozen=True, kw_only=True):
    """What the fault rules need beyond this reading."""

    phase: SafetyPhase
    activity: Activity | None  # None: the plug may be pulled
    verdict: Verdict | None  # of the self-test that runs, None when none does
    failed_tests: int  # in a row, this verdict included
    is_unproven: bool  # open by command, and not proven open within its time
    is_unclosed: bool  # closed by command, and not proven closed within its time
    may_answer: bool  # the monitor, to a self-test that was broken off
    told_percent: float | None  # the pilot's duty, when its generator has long not followed it


def complain(course: Course, facts: Facts) -> Iterator[Finding]:
    """Yield what this round shows, most serious first."""
    if course.is_unproven:
        yield not_open(facts.has_voltage)
    if facts.has_stray:
        yield Finding(
            code=FaultCode.SAFETY_CIRCUIT, cause=Cause.STRAY_CURRENT, current_a=facts.most_a
        )
    if course.told_percent is not None:
        yield Finding(
            code=FaultCode.SAFETY_CIRCUIT,
            cause=Cause.GENERATOR,
            told_percent=course.told_percent,
            duty_percent=facts.duty_percent,
        )
    if not facts.has_earth:
        yield Finding(code=FaultCode.RED, cause=Cause.EARTH)
    if course.verdict is not None:
        yield from _failed_test(course.verdict, course.failed_tests)
    elif (facts.residual_ac or facts.residual_dc) and not course.may_answer:
        yield _tripped(facts)
    if facts.has_excess:
        yield Finding(
            code=FaultCode.OVERCURRENT,
            cause=Cause.OVERCURRENT,
            current_a=facts.most_a,
            offered_a=facts.offered_a,
        )
    if facts.mains is not None:
        yield _bad_mains(facts.mains, facts)
    yield from _of_plug(facts, course.activity)
    if course.is_unclosed:
        yield Finding(code=FaultCode.NOT_CLOSING, cause=_not_closed(course.phase, facts))
    if facts.is_hot:
        yield Finding(
            code=FaultCode.TOO_HOT, cause=_too_hot(facts), temperature_c=facts.temperature_c
        )


def not_open(has_voltage: bool) -> Finding:
    """Return what it is called when an open contactor is not proven open in time."""
    if has_voltage:
        return Finding(code=FaultCode.RED, cause=Cause.STILL_LIVE)
    return Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.NOT_PROVEN_OPEN)


def cycle_late(gap_s: float) -> Finding:
    """Return what it is called when safety itself has not looked for too long [s], or too often.

    8001, which blames neither vehicle nor plug: the box cannot switch the charging voltage on.
    """
    return Finding(code=FaultCode.NOT_CLOSING, cause=Cause.CYCLE_LATE, gap_s=gap_s)


def not_seen(blind: Blind, gap_s: float) -> Finding:
    """Return what it is called when readings tell nothing for too long.

    :param gap_s: since the look before.
    """
    match blind:
        case Blind.LATE:
            return cycle_late(gap_s)
        case Blind.SILENT:
            cause = Cause.SENSORS_SILENT
        case Blind.NONSENSE:
            cause = Cause.SENSORS_NONSENSE
        case Blind.UNCLEAR | Blind.DARK:  # without mains there is no fault: nobody asks
            cause = Cause.MAINS_UNCLEAR
    return Finding(code=FaultCode.PLUG_STATE, cause=cause)


def _of_plug(facts: Facts, activity: Activity | None) -> Iterator[Finding]:
    if facts.cp is CpState.A and activity is not None:
        cause = Cause.PULLED_IN_TEST if activity is Activity.SELF_TEST else Cause.PULLED_IN_CHARGE
        yield Finding(code=FaultCode.UNPLUGGED, cause=cause)
    elif facts.cp is CpState.E:
        yield _of_pilot(Cause.PILOT_SHORT, facts)
    elif facts.is_minus:
        yield _of_pilot(Cause.PILOT_MINUS, facts)
    elif facts.is_undefined:
        yield _of_pilot(Cause.PILOT_UNDEFINED, facts)
    elif facts.has_diode is False:
        cause = Cause.NO_DIODE if facts.is_mirrored else Cause.NEGATIVE_HALF
        yield _of_pilot(cause, facts)


def _of_pilot(cause: Cause, facts: Facts) -> Finding:
    code = FaultCode.NO_VEHICLE if cause is Cause.NO_DIODE else FaultCode.PLUG_STATE
    return Finding(code=code, cause=cause, high_v=facts.high_v, low_v=facts.low_v)


def _failed_test(verdict: Verdict, failed_tests: int) -> Iterator[Finding]:
    match verdict:
        case Verdict.RUNNING | Verdict.PASSED:
            return
        case Verdict.STUCK:
            yield Finding(code=FaultCode.RED, cause=Cause.TEST_STUCK)
        case Verdict.NOT_IDLE | Verdict.NO_ANSWER:
            is_idle = verdict is not Verdict.NOT_IDLE
            is_fifth = failed_tests >= MOST_FAILED_TESTS
            yield Finding(
                code=FaultCode.RED if is_fifth else FaultCode.RESIDUAL_CURRENT,
                cause=Cause.TEST_NO_ANSWER if is_idle else Cause.TEST_NOT_IDLE,
                failed_tests=failed_tests,
            )


def _tripped(facts: Facts) -> Finding:
    if facts.residual_ac and facts.residual_dc:
        cause = Cause.RESIDUAL_BOTH
    else:
        cause = Cause.RESIDUAL_AC if facts.residual_ac else Cause.RESIDUAL_DC
    return Finding(code=FaultCode.RESIDUAL_CURRENT, cause=cause)


def _bad_mains(fault: MainsFault, facts: Facts) -> Finding:
    match fault:
        case MainsFault.RANGE:
            return Finding(
                code=FaultCode.MAINS_VOLTAGE,
                cause=Cause.MAINS_RANGE,
                voltages_v=facts.voltages_v,
            )
        case MainsFault.SILENT:
            return Finding(code=FaultCode.MAINS_VOLTAGE, cause=Cause.CHIP_SILENT)


def _not_closed(phase: SafetyPhase, facts: Facts) -> Cause:
    if phase is not SafetyPhase.CLOSING:
        return Cause.DROPPED
    if facts.is_proven_open:
        return Cause.DOES_NOT_CLOSE
    return Cause.MIRROR_OPEN if facts.has_voltage else Cause.NO_LOAD_VOLTAGE


def _too_hot(facts: Facts) -> Cause:
    if facts.is_switched_off:
        return Cause.SWITCH_OPEN
    return Cause.SENSOR_FAILED if facts.temperature_c >= HOTTEST_C else Cause.TOO_HOT
