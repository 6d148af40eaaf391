"""What safety has counted since its start: self-tests and operations of the contactor. Pure.

It only looks on: no decision uses it. It changes only when something has happened, so that it costs
nothing while the contactor rests. Nothing of it is stored here: it is published, and system keeps
it (`msgs.evidence`).

Times are those of looks, 10 ms apart. An operation is counted with its command, and reported when
it is proven or given up. An opening counts as under load from 1 A on, and if the current is not
known. A plug that is pulled breaks the current itself, just before the contactor opens: so at an
opening that nobody has asked the vehicle for, and that it has not asked for by state B, the current
of the last 0.1 s counts.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.evidence import (
    FAILED,
    LOADED_A,
    MOST_OPERATIONS,
    MOST_TESTS,
    ContactorOperation,
    SafetyEvidence,
    SelfTestOutcome,
    SelfTestReport,
    median_ohm,
)
from msgs.pilot import CpState
from msgs.safety import Contactor, SafetyPhase
from nodes.safety.contactor import ENERGISED
from nodes.safety.frozen import Repetition
from nodes.safety.selftest import SelfTesting, SelfTestResult

RECENT_S = 0.1  # assumed: safety opens at most 40 ms after a plug is pulled; the rest is reserve
EARTH_EACH_S = 0.1  # between two samples of the earth during a self-test: 22 in one that passes

_OUTCOMES = {
    SelfTestResult.PASSED: SelfTestOutcome.PASSED,
    SelfTestResult.NOT_IDLE: SelfTestOutcome.NOT_IDLE,
    SelfTestResult.NO_ANSWER: SelfTestOutcome.NO_ANSWER,
    SelfTestResult.LATE: SelfTestOutcome.LATE,
    SelfTestResult.STUCK: SelfTestOutcome.STUCK,
}


class WatchedTest(Struct, frozen=True, kw_only=True):
    """The self-test that runs, from its pulse on."""

    begun_s: float
    utc_ns: int
    active_s: float | None = None  # test line on until both outputs were active
    off_at_s: float | None = None  # when the test line went off
    idle_s: float | None = None  # from then on until both outputs were idle
    sample_at_s: float = 0.0  # the next sample of the earth
    earth_ohm: tuple[float, ...] = ()


class WatchedMove(Struct, frozen=True, kw_only=True):
    """A closing or opening that is not proven yet."""

    is_closing: bool
    at_s: float  # of the command
    utc_ns: int
    current_a: float | None = None  # of an opening


class Evidence(Struct, frozen=True, kw_only=True):
    """What has been counted, and what runs."""

    message: SafetyEvidence = SafetyEvidence(process="")
    test: WatchedTest | None = None
    move: WatchedMove | None = None
    has_dropped: bool = False  # the coil has dropped by itself, and is still commanded on
    load_a: float = 0.0  # the largest current of a phase before the last load has ended
    load_until_s: float = -math.inf  # when it has ended


NOTHING = Evidence()


# --- self-tests ----------------------------------------------------------------------------------


def follow_test(
    evidence: Evidence,
    testing: SelfTesting,
    moment: Moment,
    utc_ns: int,
    *,
    is_active: bool,
    earth_ohm: float | None,
) -> Evidence:
    """Follow the self-test with one reading, after `selftest.follow`.

    :param is_active: an output of the monitor is active.
    :param earth_ohm: the earth loop; None: it cannot be measured.
    """
    watched, test = evidence.test, testing.test
    if watched is not None and (test is None or test.begun_s != watched.begun_s):
        evidence, watched = _add_test(evidence, watched, SelfTestOutcome.BROKEN_OFF), None
    if test is None or not (test.is_pulsed or test.result in _OUTCOMES):
        return evidence
    if watched is None:
        watched = WatchedTest(begun_s=test.begun_s, utc_ns=utc_ns, sample_at_s=moment.now_s)
    after = watched
    if after.active_s is None and test.seen_ac and test.seen_dc:
        after = replace(after, active_s=moment.now_s - test.begun_s)
    if test.is_pulsed and not test.is_on:
        after = _watch_idle(after, moment.now_s, is_active=is_active)
    if test.is_pulsed and moment.reached(after.sample_at_s):
        after = _sample(after, moment.now_s, earth_ohm)
    if test.result in _OUTCOMES:
        return _add_test(evidence, after, _OUTCOMES[test.result])
    return evidence if after is evidence.test else replace(evidence, test=after)


def _watch_idle(watched: WatchedTest, now_s: float, *, is_active: bool) -> WatchedTest:
    """Note when the outputs become idle after the test line is off, for the last time."""
    if watched.off_at_s is None:
        watched = replace(watched, off_at_s=now_s)
    if is_active:
        return watched if watched.idle_s is None else replace(watched, idle_s=None)
    if watched.idle_s is not None or watched.off_at_s is None:
        return watched
    return replace(watched, idle_s=now_s - watched.off_at_s)


def _sample(watched: WatchedTest, now_s: float, earth_ohm: float | None) -> WatchedTest:
    is_measured = earth_ohm is not None and math.isfinite(earth_ohm) and earth_ohm >= 0.0
    samples = (*watched.earth_ohm, earth_ohm) if earth_ohm is not None and is_measured else None
    return replace(
        watched,
        sample_at_s=now_s + EARTH_EACH_S,
        earth_ohm=watched.earth_ohm if samples is None else samples,
    )


def _add_test(evidence: Evidence, watched: WatchedTest, outcome: SelfTestOutcome) -> Evidence:
    """Count a self-test that has ended, and report it."""
    message = evidence.message
    counts = replace(
        message.counts,
        tests=message.counts.tests + 1,
        failed_tests=message.counts.failed_tests + (outcome in FAILED),
    )
    report = SelfTestReport(
        number=counts.tests,
        utc_ns=watched.utc_ns,
        outcome=outcome,
        active_ms=_ms(watched.active_s),
        idle_ms=None if watched.active_s is None else _ms(watched.idle_s),
        earth_ohm=median_ohm(watched.earth_ohm),
    )
    tests = (*message.tests, report)[-MOST_TESTS:]
    return replace(evidence, test=None, message=replace(message, counts=counts, tests=tests))


# --- the contactor -------------------------------------------------------------------------------


def current_at_opening(
    evidence: Evidence,
    now_s: float,
    most_a: float | None,
    repetition: Repetition,
    *,
    is_sudden: bool,
) -> float | None:
    """Return the largest current of a phase when the contactor was to open [A]; None: not known.

    :param most_a: of the reading that has opened; None: there is none.
    :param repetition: what the meter chip has shown before: counts without a reading.
    :param is_sudden: neither box nor vehicle has asked for it.
    """
    is_recent = is_sudden and now_s <= evidence.load_until_s + RECENT_S
    recent_a = evidence.load_a if is_recent else 0.0
    if most_a is not None:
        return round(max(most_a, recent_a), 1)
    if repetition.shown is None:
        return round(recent_a, 1) if repetition.is_heard else None
    return _largest_a(repetition)


def _largest_a(repetition: Repetition) -> float | None:
    """Return the largest current that the meter chip shows under load [A]."""
    known = [abs(each) for each in (repetition.shown or ())[:3] if each is not None]  # L1 to L3
    return round(max(known), 1) if known else None


def follow_contactor(
    evidence: Evidence,
    now_s: float,
    utc_ns: int,
    *,
    phases: tuple[SafetyPhase, SafetyPhase],
    shown: tuple[Contactor, Contactor],
    cp: CpState | None,
    most_a: float | None,
    repetitions: tuple[Repetition, Repetition],
) -> Evidence:
    """Follow the contactor with one step.

    :param phases: before the step, and after it.
    :param shown: the contactor as proven, before the step and after it.
    :param cp: as settled; None: not known.
    :param most_a: see `current_at_opening`.
    :param repetitions: what the meter chip has shown, before the step and after it.
    """
    was_on, is_on = phases[0] in ENERGISED, phases[1] in ENERGISED
    if was_on and repetitions[0].shown is not None and repetitions[1].shown is None:
        load_a = _largest_a(repetitions[0]) or 0.0
        evidence = replace(evidence, load_a=load_a, load_until_s=now_s)
    if was_on and is_on and shown[0] is shown[1] and evidence.move is None:
        return evidence
    if not was_on and not is_on and evidence.move is None:
        return evidence
    if is_on and not was_on:
        evidence = _close(evidence, now_s, utc_ns)
    is_sudden = phases[0] is SafetyPhase.CLOSED and cp is not CpState.B
    current_a = current_at_opening(evidence, now_s, most_a, repetitions[0], is_sudden=is_sudden)
    move = evidence.move
    if move is not None and move.is_closing and phases[1] is not SafetyPhase.CLOSING:
        is_proven = phases[1] is SafetyPhase.CLOSED
        evidence = _add_operation(evidence, now_s if is_proven else None)
    is_held = phases[0] in (SafetyPhase.CLOSED, SafetyPhase.STOPPING)
    if is_on and is_held:  # the coil may drop by itself, and pick up again
        if shown[1] is Contactor.OPEN and not evidence.has_dropped:
            evidence = _open(evidence, now_s, utc_ns, current_a)
            evidence = _add_operation(evidence, None, is_ordered=False)
            return replace(evidence, has_dropped=True)
        if shown[1] is Contactor.CLOSED and evidence.has_dropped:
            evidence = replace(_close(evidence, now_s, utc_ns), has_dropped=False)
            return _add_operation(evidence, now_s, is_ordered=False)
        return evidence
    if was_on and not is_on:
        if evidence.has_dropped:  # counted when it dropped
            return replace(evidence, has_dropped=False)
        evidence = _open(evidence, now_s, utc_ns, current_a)
    move = evidence.move
    if move is not None and not move.is_closing and shown[1] is not Contactor.CLOSED:
        return _add_operation(evidence, now_s if shown[1] is Contactor.OPEN else None)
    return evidence


def _close(evidence: Evidence, now_s: float, utc_ns: int) -> Evidence:
    """Begin a closing; it is published with its report."""
    if evidence.move is not None:
        evidence = _add_operation(evidence, None)
    return replace(evidence, move=WatchedMove(is_closing=True, at_s=now_s, utc_ns=utc_ns))


def _open(evidence: Evidence, now_s: float, utc_ns: int, current_a: float | None) -> Evidence:
    """Begin an opening; it is published with its report."""
    if evidence.move is not None:
        evidence = _add_operation(evidence, None)
    move = WatchedMove(is_closing=False, at_s=now_s, utc_ns=utc_ns, current_a=current_a)
    return replace(evidence, move=move)


def _add_operation(
    evidence: Evidence, proven_s: float | None, *, is_ordered: bool = True
) -> Evidence:
    """Count the move that has ended, and report it.

    :param proven_s: when it was proven; None: it was not.
    """
    move, message = evidence.move, evidence.message
    assert move is not None, "an operation has begun"
    counts = message.counts
    is_under_load = not move.is_closing and (move.current_a is None or move.current_a >= LOADED_A)
    if move.is_closing:
        counts = replace(
            counts,
            closings=counts.closings + 1,
            failed_closings=counts.failed_closings + (proven_s is None),
        )
    else:
        counts = replace(
            counts,
            openings=counts.openings + 1,
            openings_under_load=counts.openings_under_load + is_under_load,
            most_a=max(counts.most_a, move.current_a or 0.0),
        )
    report = ContactorOperation(
        number=counts.closings + counts.openings,
        utc_ns=move.utc_ns,
        is_closing=move.is_closing,
        took_ms=None if proven_s is None or not is_ordered else _ms(proven_s - move.at_s),
        current_a=move.current_a,
        is_under_load=is_under_load,
        is_ordered=is_ordered,
    )
    operations = (*message.operations, report)[-MOST_OPERATIONS:]
    message = replace(message, counts=counts, operations=operations)
    return replace(evidence, move=None, message=message)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000.0, 1)
