"""What is wrong right now: the codes of the ERR table that one round raises, in words. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from msgs.pilot import CpState
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.heat import DERATE_TO_C, HOTTEST_C
from nodes.safety.judge import EARTH_LIMIT_OHM, Facts
from nodes.safety.selftest import Verdict

MOST_FAILED_TESTS = 5  # ERR-8005: the self-test failing a fifth time is all red

Complaint = tuple[FaultCode, str]


class Course(Struct, frozen=True, kw_only=True):
    """How it goes, beside what this round shows."""

    phase: SafetyPhase
    activity: str  # during which the plug must not be pulled, in words; "" when it may be
    verdict: Verdict | None  # of the self-test that runs, None when none does
    failed_tests: int  # in a row, this verdict included
    is_unproven: bool  # open by command, and not proven open within its time
    is_unclosed: bool  # closed by command, and not proven closed within its time
    is_echo: bool  # the monitor may answer a self-test that was broken off
    told_percent: float | None  # the pilot's duty, when its generator has long not followed it


def complain(course: Course, facts: Facts) -> Iterator[Complaint]:
    """Yield what this round shows, most serious first."""
    if course.is_unproven:
        yield not_open(facts.has_voltage)
    if facts.stray:
        yield FaultCode.SAFETY_CIRCUIT, facts.stray
    if course.told_percent is not None:
        yield (
            FaultCode.SAFETY_CIRCUIT,
            f"the pilot's generator does not follow: it was told {course.told_percent:.1f} % "
            f"and gives {facts.duty_percent:.1f} %",
        )
    if not facts.has_earth:
        yield (
            FaultCode.RED,
            f"the protective earth is missing or has more than {EARTH_LIMIT_OHM:.0f} ohm",
        )
    if course.verdict is not None:
        yield from _failed_test(course.verdict, course.failed_tests)
    elif (facts.residual_ac or facts.residual_dc) and not course.is_echo:
        kinds = [
            kind
            for kind, is_active in (("30 mA AC", facts.residual_ac), ("6 mA DC", facts.residual_dc))
            if is_active
        ]
        yield (
            FaultCode.RESIDUAL_CURRENT,
            f"the residual-current monitor has tripped: {' and '.join(kinds)}",
        )
    if facts.excess:
        yield FaultCode.OVERCURRENT, facts.excess
    if facts.mains:
        yield FaultCode.MAINS_VOLTAGE, facts.mains
    yield from _of_plug(facts, course.activity)
    if course.is_unclosed:
        yield _not_closed(course.phase, facts)
    if facts.is_hot:
        yield FaultCode.TOO_HOT, _too_hot(facts)


def not_open(has_voltage: bool) -> Complaint:
    """Return what it is called when an open contactor is not proven open in time."""
    if has_voltage:
        return (
            FaultCode.RED,
            "the contactor is commanded open and there is still voltage on the cable",
        )
    return (
        FaultCode.SAFETY_CIRCUIT,
        "the contactor is commanded open and its mirror contact does not prove it",
    )


def _of_plug(facts: Facts, activity: str) -> Iterator[Complaint]:
    if facts.cp is CpState.A and activity:
        yield FaultCode.UNPLUGGED, f"the plug was pulled {activity}"
    elif facts.cp is CpState.E:
        yield FaultCode.PLUG_STATE, f"the pilot is shorted to earth: {facts.high_v:+.1f} V"
    elif facts.is_minus:
        yield (
            FaultCode.PLUG_STATE,
            f"the pilot is stuck at {facts.high_v:+.1f} V: its generator is not",
        )
    elif facts.is_undefined:
        yield FaultCode.PLUG_STATE, f"the pilot shows {facts.high_v:+.1f} V, which is no state"
    elif facts.has_diode is False:
        yield _no_diode(facts)


def _failed_test(verdict: Verdict, failed_tests: int) -> Iterator[Complaint]:
    words = f"self-test of the residual-current monitor: {verdict}"
    match verdict:
        case Verdict.RUNNING | Verdict.PASSED:
            return
        case Verdict.STUCK:
            yield FaultCode.RED, words
        case Verdict.NOT_IDLE | Verdict.NO_ANSWER:
            if failed_tests >= MOST_FAILED_TESTS:
                yield FaultCode.RED, f"{words}, {failed_tests} times in a row"
            else:
                yield FaultCode.RESIDUAL_CURRENT, words


def _no_diode(facts: Facts) -> Complaint:
    seen = f"{facts.high_v:+.1f} V and {facts.low_v:+.1f} V"
    if facts.is_mirrored:
        return FaultCode.NO_VEHICLE, f"the pilot shows {seen}: this load has no vehicle's diode"
    return FaultCode.PLUG_STATE, f"the pilot shows {seen}: the negative half is not -12 V"


def _not_closed(phase: SafetyPhase, facts: Facts) -> Complaint:
    if phase is not SafetyPhase.CLOSING:
        return FaultCode.NOT_CLOSING, "the contactor has dropped, or lost its mains, by itself"
    if facts.is_proven_open:
        return FaultCode.NOT_CLOSING, "the contactor does not close"
    if not facts.has_voltage:
        return FaultCode.NOT_CLOSING, "the contactor has closed and there is no voltage behind it"
    return FaultCode.NOT_CLOSING, "there is voltage behind the contactor, its mirror says open"


def _too_hot(facts: Facts) -> str:
    if facts.is_switched_off:
        return "the over-temperature switch has opened"
    if facts.temperature_c >= HOTTEST_C:
        return "a temperature sensor has failed: it is open, shorted, or its value has leapt"
    return f"the box has {facts.temperature_c:.0f} degC; {DERATE_TO_C:.0f} are allowed"
