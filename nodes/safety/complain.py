"""The faults that one round shows, by the codes of the ERR table. Pure."""

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.evaluation import Evaluation, Stale
from nodes.safety.finding import Finding
from nodes.safety.heat import HOTTEST_C
from nodes.safety.selftest import SelfTestResult
from nodes.safety.supply import MainsFault

MOST_FAILED_TESTS = 5  # ERR-8005: the self-test failing a fifth time is all red


class Activity(Enum):
    """What is running while the plug must not be pulled."""

    SELF_TEST = "self_test"
    CHARGE = "charge"


class Course(Struct, frozen=True, kw_only=True):
    """What the fault rules need beyond this reading."""

    phase: SafetyPhase
    is_energised: bool  # closed by command
    activity: Activity | None  # None: the plug may be pulled
    has_shown_diode: bool  # the vehicle, since the plug went in
    result: SelfTestResult | None  # of the self-test that runs, None when none does
    failed_tests: int  # in a row, this result included
    is_unproven: bool  # open by command, and not proven open within its time
    is_unclosed: bool  # closed by command, and not proven closed within its time
    may_answer: bool  # a late self-test answer of the monitor is possible
    set_percent: float | None  # the duty of pilot, when the generator has not followed it in time


def complain(course: Course, evaluation: Evaluation) -> Iterator[Finding]:
    """Yield the faults that this round shows, most serious first."""
    if course.is_unproven:
        yield not_open(evaluation.has_voltage)
    if evaluation.has_stray:
        yield Finding(
            code=FaultCode.SAFETY_CIRCUIT, cause=Cause.STRAY_CURRENT, current_a=evaluation.most_a
        )
    if course.set_percent is not None:
        yield Finding(
            code=FaultCode.SAFETY_CIRCUIT,
            cause=Cause.GENERATOR,
            set_percent=course.set_percent,
            duty_percent=evaluation.duty_percent,
        )
    yield from _bad_earth(course, evaluation)
    if course.result is not None:
        yield from _failed_test(course.result, course.failed_tests)
    elif (evaluation.residual_ac or evaluation.residual_dc) and not course.may_answer:
        yield _tripped(evaluation)
    if evaluation.has_excess:
        yield Finding(
            code=FaultCode.OVERCURRENT,
            cause=Cause.OVERCURRENT,
            current_a=evaluation.most_a,
            offered_a=evaluation.offered_a,
        )
    if evaluation.mains is not None:
        yield _bad_mains(evaluation.mains, evaluation)
    yield from _of_plug(course, evaluation)
    if course.is_unclosed:
        yield Finding(code=FaultCode.NOT_CLOSING, cause=_not_closed(course.phase, evaluation))
    if evaluation.is_hot:
        yield Finding(
            code=FaultCode.TOO_HOT,
            cause=_too_hot(evaluation),
            temperature_c=evaluation.temperature_c,
        )


def not_open(has_voltage: bool) -> Finding:
    """Return the fault of an open contactor that is not proven open in time."""
    if has_voltage:
        return Finding(code=FaultCode.RED, cause=Cause.STILL_LIVE)
    return Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.NOT_PROVEN_OPEN)


def cycle_late(gap_s: float) -> Finding:
    """Return the fault of a look that came too late [s], or late too often.

    It is 8001, a fault of the box: vehicle and plug are not the cause.
    """
    return Finding(code=FaultCode.NOT_CLOSING, cause=Cause.CYCLE_LATE, gap_s=gap_s)


def stale_for_too_long(reason: Stale, gap_s: float) -> Finding:
    """Return the fault of inputs that are stale for too long.

    :param gap_s: since the look before.
    """
    match reason:
        case Stale.LATE:
            return cycle_late(gap_s)
        case Stale.SILENT:
            cause = Cause.SENSORS_SILENT
        case Stale.NONSENSE:
            cause = Cause.SENSORS_NONSENSE
        case Stale.UNCLEAR | Stale.NO_MAINS:  # no mains is no fault
            cause = Cause.MAINS_UNCLEAR
    return Finding(code=FaultCode.PLUG_STATE, cause=cause)


def _bad_earth(course: Course, evaluation: Evaluation) -> Iterator[Finding]:
    """Yield the fault of an earth that is missing, or is bad while the contactor is closed.

    The latter has no code of its own; 8001 is a fault of the box, and it is tried again.
    """
    if evaluation.is_earth_missing:
        yield Finding(code=FaultCode.RED, cause=Cause.EARTH)
    elif course.is_energised and not evaluation.has_earth:
        yield Finding(code=FaultCode.NOT_CLOSING, cause=Cause.EARTH_DISTURBED)


def _of_plug(course: Course, evaluation: Evaluation) -> Iterator[Finding]:
    if evaluation.cp is CpState.A and course.activity is not None:
        is_test = course.activity is Activity.SELF_TEST
        cause = Cause.PULLED_IN_TEST if is_test else Cause.PULLED_IN_CHARGE
        yield Finding(code=FaultCode.UNPLUGGED, cause=cause)
    elif evaluation.cp is CpState.E:
        yield _of_pilot(Cause.PILOT_SHORT, evaluation)
    elif evaluation.is_minus:
        yield _of_pilot(Cause.PILOT_MINUS, evaluation)
    elif evaluation.is_undefined:
        yield _of_pilot(Cause.PILOT_UNDEFINED, evaluation)
    elif evaluation.has_diode is False:
        mirrored = Cause.DIODE_LOST if course.has_shown_diode else Cause.NO_DIODE
        yield _of_pilot(mirrored if evaluation.is_mirrored else Cause.NEGATIVE_HALF, evaluation)


def _of_pilot(cause: Cause, evaluation: Evaluation) -> Finding:
    is_no_vehicle = cause in (Cause.NO_DIODE, Cause.DIODE_LOST)
    code = FaultCode.NO_VEHICLE if is_no_vehicle else FaultCode.PLUG_STATE
    return Finding(code=code, cause=cause, high_v=evaluation.high_v, low_v=evaluation.low_v)


def _failed_test(result: SelfTestResult, failed_tests: int) -> Iterator[Finding]:
    match result:
        case SelfTestResult.RUNNING | SelfTestResult.PASSED:
            return
        case SelfTestResult.STUCK:
            yield Finding(code=FaultCode.RED, cause=Cause.TEST_STUCK)
            return
        case SelfTestResult.NOT_IDLE:
            cause = Cause.TEST_NOT_IDLE
        case SelfTestResult.NO_ANSWER:
            cause = Cause.TEST_NO_ANSWER
        case SelfTestResult.LATE:
            cause = Cause.TEST_LATE
    is_fifth = failed_tests >= MOST_FAILED_TESTS
    code = FaultCode.RED if is_fifth else FaultCode.RESIDUAL_CURRENT
    yield Finding(code=code, cause=cause, failed_tests=failed_tests)


def _tripped(evaluation: Evaluation) -> Finding:
    if evaluation.residual_ac and evaluation.residual_dc:
        cause = Cause.RESIDUAL_BOTH
    else:
        cause = Cause.RESIDUAL_AC if evaluation.residual_ac else Cause.RESIDUAL_DC
    return Finding(code=FaultCode.RESIDUAL_CURRENT, cause=cause)


def _bad_mains(fault: MainsFault, evaluation: Evaluation) -> Finding:
    match fault:
        case MainsFault.RANGE:
            return Finding(
                code=FaultCode.MAINS_VOLTAGE,
                cause=Cause.MAINS_RANGE,
                voltages_v=evaluation.voltages_v,
            )
        case MainsFault.SILENT:
            return Finding(code=FaultCode.MAINS_VOLTAGE, cause=Cause.CHIP_SILENT)


def _not_closed(phase: SafetyPhase, evaluation: Evaluation) -> Cause:
    if phase is not SafetyPhase.CLOSING:
        return Cause.DROPPED
    if evaluation.is_proven_open:
        return Cause.DOES_NOT_CLOSE
    return Cause.MIRROR_OPEN if evaluation.has_voltage else Cause.NO_LOAD_VOLTAGE


def _too_hot(evaluation: Evaluation) -> Cause:
    if evaluation.is_switched_off:
        return Cause.SWITCH_OPEN
    return Cause.SENSOR_FAILED if evaluation.temperature_c >= HOTTEST_C else Cause.TOO_HOT
