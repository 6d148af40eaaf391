"""What is wrong right now: the codes of the ERR table that one round raises, in words. Pure."""

from collections.abc import Iterator

from msgs.pilot import CpState
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.judge import DERATE_TO_C, EARTH_LIMIT_OHM, HOTTEST_C, Facts
from nodes.safety.selftest import Verdict

MOST_FAILED_TESTS = 5  # ERR-8005: the self-test failing a fifth time is all red

Complaint = tuple[FaultCode, str]


def complain(
    phase: SafetyPhase,
    facts: Facts,
    activity: str,
    verdict: Verdict | None,
    failed_tests: int,
    is_unproven: bool,
    is_unclosed: bool,
    is_echo: bool,
) -> Iterator[Complaint]:
    """Yield what this round shows, most serious first.

    :param activity: during which the plug must not be pulled, in words; "" when it may be.
    :param verdict: of the self-test that runs, None when none does.
    :param failed_tests: self-tests failed in a row, this verdict included.
    :param is_unproven: open by command, and not proven open within its time.
    :param is_unclosed: closed by command, and not proven closed within its time.
    :param is_echo: open by proof, and the monitor may answer a self-test that was broken off.
    """
    if is_unproven:
        yield _not_open(facts)
    if not facts.has_earth:
        yield (
            FaultCode.RED,
            f"the protective earth is missing or has more than {EARTH_LIMIT_OHM:.0f} ohm",
        )
    if verdict is not None:
        yield from _failed_test(verdict, failed_tests)
    elif (facts.residual_ac or facts.residual_dc) and not is_echo:
        kinds = [
            kind
            for kind, is_active in (("30 mA AC", facts.residual_ac), ("6 mA DC", facts.residual_dc))
            if is_active
        ]
        yield (
            FaultCode.RESIDUAL_CURRENT,
            f"the residual-current monitor has tripped: {' and '.join(kinds)}",
        )
    if facts.cp is CpState.A and activity:
        yield FaultCode.UNPLUGGED, f"the plug was pulled {activity}"
    elif facts.cp is CpState.E:
        yield FaultCode.PLUG_STATE, f"the pilot is shorted to earth: {facts.high_v:+.1f} V"
    elif facts.is_undefined:
        yield FaultCode.PLUG_STATE, f"the pilot shows {facts.high_v:+.1f} V, which is no state"
    elif facts.has_diode is False:
        yield _no_diode(facts)
    if is_unclosed:
        yield _not_closed(phase, facts)
    if facts.is_hot:
        yield FaultCode.TOO_HOT, _too_hot(facts)


def _not_open(facts: Facts) -> Complaint:
    if facts.has_voltage:
        return (
            FaultCode.RED,
            "the contactor is commanded open and there is still voltage on the cable",
        )
    return (
        FaultCode.SAFETY_CIRCUIT,
        "the contactor is commanded open and its mirror contact does not prove it",
    )


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
        return "a temperature sensor has failed"
    return f"the box has {facts.temperature_c:.0f} degC; {DERATE_TO_C:.0f} are allowed"
