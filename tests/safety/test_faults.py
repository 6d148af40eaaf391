"""The rules of the ERR table: what clears a fault, and when the box tries again."""

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import LATCHED, RETRIED, FaultCode
from nodes.safety import faults as rules
from nodes.safety.evaluation import Evaluation
from nodes.safety.faults import (
    CLEAN,
    OF_PLUG,
    FaultState,
    clear,
    clear_proven,
    is_blocked,
    latched,
    raise_fault,
)
from nodes.safety.finding import Finding
from tests.safety.evaluations import PLUGGED

BOUNCED = replace(PLUGGED, cp=CpState.A, is_plugged=False, asks=False)
OUT = replace(BOUNCED, is_out=True)
SHORTED = replace(PLUGGED, cp=CpState.E, is_plugged=False, asks=False)
UNDEFINED = replace(PLUGGED, cp=None, is_undefined=True, is_plugged=False, asks=False)
HOT = replace(PLUGGED, is_hot=True)
TRIPPED = replace(PLUGGED, residual_dc=True)
TRIPPED_OUT = replace(OUT, residual_dc=True)
TRIPPED_AC_OUT = replace(OUT, residual_ac=True)

UNSTABLE = replace(PLUGGED, mains_are_stable=False)
UNEARTHED = replace(PLUGGED, has_earth=False)
UNSTABLE_OUT = replace(OUT, mains_are_stable=False)


def review(
    faults: FaultState,
    evaluation: Evaluation,
    now_s: float,
    is_charging: bool = False,
    was_out: bool = False,
    shown: tuple[FaultCode, ...] = (),
) -> FaultState:
    return rules.review(
        faults, evaluation, Moment(now_s), shown=shown, is_charging=is_charging, was_out=was_out
    )


def seen(code: FaultCode, cause: Cause = Cause.OVERCURRENT) -> Finding:
    return Finding(code=code, cause=cause)


def raised(
    code: FaultCode,
    faults: FaultState = CLEAN,
    at_s: float = 0.0,
    cause: Cause = Cause.OVERCURRENT,
) -> FaultState:
    return review(raise_fault(faults, seen(code, cause), 7), PLUGGED, at_s)


@pytest.mark.parametrize(
    ("code", "evaluation", "is_over"),
    [
        (FaultCode.UNPLUGGED, OUT, False),
        (FaultCode.UNPLUGGED, SHORTED, False),
        (FaultCode.UNPLUGGED, PLUGGED, False),  # a bounce: it was not out
        (FaultCode.TOO_HOT, HOT, False),
        (FaultCode.TOO_HOT, PLUGGED, True),
        (FaultCode.NO_VEHICLE, PLUGGED, False),
        (FaultCode.NO_VEHICLE, SHORTED, False),
        (FaultCode.NO_VEHICLE, OUT, True),
        (FaultCode.PLUG_STATE, SHORTED, False),
        (FaultCode.PLUG_STATE, UNDEFINED, False),
        (FaultCode.PLUG_STATE, PLUGGED, False),  # valid again: after the retry's delay
        (FaultCode.PLUG_STATE, OUT, True),
        (FaultCode.NOT_CLOSING, PLUGGED, False),
        (FaultCode.NOT_CLOSING, OUT, True),
        (FaultCode.RESIDUAL_CURRENT, PLUGGED, False),
        (FaultCode.RESIDUAL_CURRENT, TRIPPED_OUT, False),
        (FaultCode.RESIDUAL_CURRENT, TRIPPED_AC_OUT, False),
        (FaultCode.RESIDUAL_CURRENT, OUT, True),
        (FaultCode.MAINS_VOLTAGE, PLUGGED, False),
        (FaultCode.MAINS_VOLTAGE, UNSTABLE_OUT, False),
        (FaultCode.MAINS_VOLTAGE, OUT, True),
        (FaultCode.OVERCURRENT, PLUGGED, False),
        (FaultCode.OVERCURRENT, OUT, True),
        (FaultCode.SAFETY_CIRCUIT, OUT, False),
        (FaultCode.RED, OUT, False),
    ],
)
def test_what_lets_a_fault_go(code: FaultCode, evaluation: Evaluation, is_over: bool) -> None:
    faults = raise_fault(CLEAN, seen(code), 7)
    assert (review(faults, evaluation, 0.0).records == ()) is is_over


@pytest.mark.req("ERR-1")
def test_fault_1_goes_when_the_plug_was_out_and_is_seated_again() -> None:
    faults = raise_fault(CLEAN, seen(FaultCode.UNPLUGGED), 7)
    assert review(faults, OUT, 0.0, was_out=True).records
    assert review(faults, PLUGGED, 0.0, was_out=True).records == ()


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("code", sorted(set(FaultCode) - {FaultCode.TOO_HOT}))
def test_a_bounce_of_the_plug_clears_nothing(code: FaultCode) -> None:
    faults = review(raised(FaultCode.NOT_CLOSING), PLUGGED, 10.0)
    assert faults.retries == 1
    assert review(faults, BOUNCED, 11.0) == faults
    faults = raised(code, faults, 12.0)
    assert review(faults, BOUNCED, 13.0) == faults


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("code", sorted(RETRIED))
def test_five_retries_with_growing_delays_and_then_the_fault_holds(code: FaultCode) -> None:
    faults, now_s = CLEAN, 0.0
    for retry, delay_s in enumerate((10.0, 30.0, 60.0, 120.0, 300.0)):
        faults = raised(code, faults, now_s)
        assert faults.retries == retry
        assert faults.retry_at_s == now_s + delay_s
        assert review(faults, PLUGGED, now_s + delay_s - 0.01).records
        now_s += delay_s
        faults = review(faults, PLUGGED, now_s)
        assert faults.records == ()
        assert faults.retries == retry + 1
    faults = raised(code, faults, now_s)
    assert faults.retry_at_s is None
    assert review(faults, PLUGGED, now_s + 1e6).holds(code)
    out = review(faults, OUT, now_s + 1e6)
    assert (out.retries, out.retry_at_s) == (0, None)
    assert out == CLEAN or code is FaultCode.UNPLUGGED  # that one until the plug is seated again


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("code", sorted(LATCHED))
def test_latched_faults_are_never_retried_and_stop_other_retries(code: FaultCode) -> None:
    faults = raised(code)
    assert faults.retry_at_s is None
    faults = raised(FaultCode.NOT_CLOSING, faults)
    assert faults.retry_at_s is None
    faults = raised(code, raised(FaultCode.NOT_CLOSING))
    assert review(faults, PLUGGED, 1e6).holds(FaultCode.NOT_CLOSING)


def test_heat_goes_with_its_cause_and_uses_up_no_retry() -> None:
    faults = raise_fault(CLEAN, seen(FaultCode.TOO_HOT), 7)
    assert faults.retries == 0
    assert review(faults, HOT, 0.0).retry_at_s is None


@pytest.mark.req("ERR-5")
def test_a_load_that_has_never_shown_a_diode_is_not_retried_and_stops_other_retries() -> None:
    faults = raised(FaultCode.NO_VEHICLE, cause=Cause.NO_DIODE)
    assert faults.retry_at_s is None
    assert review(faults, PLUGGED, 1e6).holds(FaultCode.NO_VEHICLE)
    assert raised(FaultCode.NOT_CLOSING, faults).retry_at_s is None
    faults = raised(FaultCode.NOT_CLOSING)
    assert faults.retry_at_s == 10.0
    faults = raise_fault(faults, seen(FaultCode.NO_VEHICLE, Cause.NO_DIODE), 7)
    faults = review(faults, PLUGGED, 20.0)
    assert (faults.retry_at_s, faults.retries) == (None, 0)
    assert review(faults, OUT, 21.0) == CLEAN


@pytest.mark.req("ERR-1", "ERR-5", "ERR-R")
@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (FaultCode.UNPLUGGED, Cause.PULLED_IN_CHARGE),
        (FaultCode.UNPLUGGED, Cause.PULLED_IN_TEST),
        (FaultCode.NO_VEHICLE, Cause.DIODE_LOST),
    ],
)
def test_a_bounce_and_a_diode_that_is_lost_for_a_moment_are_retried(
    code: FaultCode, cause: Cause
) -> None:
    faults = raised(code, cause=cause)
    assert faults.retry_at_s == 10.0
    assert review(faults, BOUNCED, 10.0) == faults  # a retry needs a vehicle
    after = review(faults, PLUGGED, 10.0)
    assert (after.records, after.retries) == ((), 1)


@pytest.mark.req("ERR-1")
def test_a_plug_that_is_out_for_longer_than_a_bounce_is_not_retried() -> None:
    faults = raised(FaultCode.UNPLUGGED)
    faults = review(faults, OUT, 1.0)
    assert (faults.retry_at_s, faults.holds(FaultCode.UNPLUGGED)) == (None, True)
    assert review(faults, OUT, 1e6).holds(FaultCode.UNPLUGGED)
    assert review(faults, PLUGGED, 2.0, was_out=True) == FaultState(raised=(FaultCode.UNPLUGGED,))


@pytest.mark.req("ERR-R", "ERR-RED")
def test_a_retry_waits_until_the_earth_is_good() -> None:
    faults = raised(FaultCode.NOT_CLOSING, cause=Cause.EARTH_DISTURBED)
    assert review(faults, UNEARTHED, 10.0) == faults
    assert is_blocked(faults, UNEARTHED)
    assert not is_blocked(raised(FaultCode.NOT_CLOSING), UNEARTHED)
    after = review(faults, PLUGGED, 10.0)
    assert (after.records, after.retries) == ((), 1)


@pytest.mark.req("ERR-RED")
def test_a_missing_earth_replaces_the_disturbance_and_nothing_else() -> None:
    faults = raised(FaultCode.NOT_CLOSING, cause=Cause.EARTH_DISTURBED)
    faults = raise_fault(faults, seen(FaultCode.RED, Cause.EARTH), 9)
    assert [record.code for record in faults.records] == [FaultCode.RED]
    faults = raise_fault(raised(FaultCode.NOT_CLOSING), seen(FaultCode.RED, Cause.EARTH), 9)
    assert [record.code for record in faults.records] == [FaultCode.NOT_CLOSING, FaultCode.RED]
    disturbed = raised(FaultCode.NOT_CLOSING, cause=Cause.EARTH_DISTURBED)
    faults = raise_fault(disturbed, seen(FaultCode.RED, Cause.STILL_LIVE), 9)
    assert [record.code for record in faults.records] == [FaultCode.NOT_CLOSING, FaultCode.RED]


@pytest.mark.parametrize("code", sorted(set(FaultCode) - LATCHED - {FaultCode.TOO_HOT}))
def test_a_fault_that_is_still_shown_is_not_dropped_because_the_plug_is_out(
    code: FaultCode,
) -> None:
    faults = raise_fault(CLEAN, seen(code), 7)
    evaluation, was_out = (PLUGGED, True) if code is FaultCode.UNPLUGGED else (OUT, False)
    assert review(faults, evaluation, 0.0, shown=(code,), was_out=was_out).holds(code)
    assert not review(faults, evaluation, 0.0, was_out=was_out).holds(code)


@pytest.mark.req("ERR-8005")
def test_a_retry_clears_what_is_still_shown_so_that_the_self_test_judges_it() -> None:
    faults = raised(FaultCode.RESIDUAL_CURRENT)
    shown = (FaultCode.RESIDUAL_CURRENT,)
    assert review(faults, TRIPPED, 9.9, shown=shown).records
    assert review(faults, TRIPPED, 10.0, shown=shown).records == ()


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize("code", sorted(OF_PLUG))
def test_a_retry_waits_until_the_plug_is_in_a_possible_state(code: FaultCode) -> None:
    faults = raised(code)
    assert review(faults, SHORTED, 100.0) == faults
    assert review(faults, UNDEFINED, 100.0) == faults
    after = review(faults, PLUGGED, 100.0)
    assert (after.records, after.retries) == ((), 1)


def test_one_retry_counts_once_for_all_faults_that_wait_for_it() -> None:
    faults = raised(FaultCode.NOT_CLOSING, raised(FaultCode.RESIDUAL_CURRENT))
    after = review(faults, PLUGGED, 10.0)
    assert (after.records, after.retries) == ((), 1)


@pytest.mark.req("ERR-R")
def test_unplugging_clears_the_counters() -> None:
    faults = review(raised(FaultCode.NOT_CLOSING), PLUGGED, 10.0)
    assert faults.retries == 1
    assert review(faults, OUT, 11.0) == CLEAN
    assert raised(FaultCode.NOT_CLOSING, CLEAN).records[0].count == 1


def test_a_record_has_time_count_and_finding() -> None:
    faults = raised(FaultCode.NOT_CLOSING)
    faults = review(faults, PLUGGED, 10.0)
    again = Finding(code=FaultCode.NOT_CLOSING, cause=Cause.DOES_NOT_CLOSE)
    faults = review(raise_fault(faults, again, 9), PLUGGED, 11.0)
    record = faults.records[0]
    assert (record.count, record.since_utc_ns, record.finding) == (2, 9, again)


def test_a_fault_that_holds_stays_as_it_was_seen_first() -> None:
    faults = raised(FaultCode.RED)
    later = Finding(code=FaultCode.RED, cause=Cause.STILL_LIVE)
    assert raise_fault(faults, later, 9) is faults


def test_a_trip_with_nothing_plugged_goes_with_its_cause_and_is_not_retried() -> None:
    faults = review(raise_fault(CLEAN, seen(FaultCode.RESIDUAL_CURRENT), 7), TRIPPED_OUT, 0.0)
    assert faults.retry_at_s is None
    assert review(faults, TRIPPED_OUT, 1e6).records
    assert review(faults, OUT, 1e6) == CLEAN


def test_a_quiet_ledger_costs_no_new_objects() -> None:
    assert review(CLEAN, PLUGGED, 0.0) is CLEAN
    assert review(CLEAN, OUT, 0.0) is CLEAN
    assert review(CLEAN, PLUGGED, 0.0, is_charging=True) is CLEAN
    assert review(CLEAN, PLUGGED, 0.0, shown=(FaultCode.TOO_HOT,)) is CLEAN
    faults = raised(FaultCode.NOT_CLOSING)
    assert review(faults, PLUGGED, 1.0) is faults
    waiting = review(faults, PLUGGED, 10.0)
    assert review(waiting, PLUGGED, 11.0) is waiting


def test_a_plug_in_remembers_a_hundred_raisings_and_counts_no_more() -> None:
    faults = replace(CLEAN, raised=(FaultCode.NOT_CLOSING,) * 99)
    faults = raise_fault(faults, seen(FaultCode.NOT_CLOSING), 7)
    assert faults.records[0].count == 100
    faults = raise_fault(replace(faults, records=()), seen(FaultCode.NOT_CLOSING), 7)
    assert faults.records[0].count == 100
    faults = raise_fault(faults, seen(FaultCode.TOO_HOT), 7)
    assert faults.records[1].count == 1  # it has been seen, so at least this once
    assert len(faults.raised) == 100


@pytest.mark.req("ERR-8002", "ERR-R")
def test_a_retry_waits_until_the_mains_are_stable() -> None:
    faults = raised(FaultCode.MAINS_VOLTAGE)
    assert review(faults, UNSTABLE, 100.0) == faults
    assert is_blocked(faults, UNSTABLE)
    assert not is_blocked(faults, PLUGGED)
    after = review(faults, PLUGGED, 100.0)
    assert (after.records, after.retries) == ((), 1)


@pytest.mark.parametrize(
    ("code", "evaluation"),
    [
        (FaultCode.PLUG_STATE, UNSTABLE),
        (FaultCode.MAINS_VOLTAGE, SHORTED),
        (FaultCode.NOT_CLOSING, replace(SHORTED, mains_are_stable=False)),
    ],
)
def test_a_retry_waits_for_its_own_cause_only(code: FaultCode, evaluation: Evaluation) -> None:
    assert not is_blocked(raised(code), evaluation)


def test_with_stale_inputs_nothing_is_retried() -> None:
    assert is_blocked(CLEAN, None)


@pytest.mark.req("ERR-R")
def test_ten_minutes_of_clean_charging_give_retries_back() -> None:
    faults = review(raised(FaultCode.OVERCURRENT), PLUGGED, 10.0)
    assert faults.retries == 1
    faults = review(faults, PLUGGED, 20.0, is_charging=True)
    assert review(faults, PLUGGED, 619.9, is_charging=True) == faults
    assert review(faults, PLUGGED, 620.0, is_charging=True).retries == 0
    paused = review(faults, PLUGGED, 300.0)  # open in between: not ten minutes of it
    assert paused.retries == 1
    begun = review(paused, PLUGGED, 310.0, is_charging=True)
    assert review(begun, PLUGGED, 909.9, is_charging=True).retries == 1
    after = review(begun, PLUGGED, 910.0, is_charging=True)
    assert (after.retries, after.clean_since_s) == (0, None)
    assert review(after, PLUGGED, 911.0, is_charging=True) is after


LASTING = [
    (FaultCode.UNPLUGGED, Cause.PULLED_IN_CHARGE),
    (FaultCode.NO_VEHICLE, Cause.DIODE_LOST),
    (FaultCode.PLUG_STATE, Cause.PILOT_SHORT),
    (FaultCode.NOT_CLOSING, Cause.EARTH_DISTURBED),
    (FaultCode.RESIDUAL_CURRENT, Cause.RESIDUAL_AC),
    (FaultCode.RESIDUAL_CURRENT, Cause.RESIDUAL_DC),
    (FaultCode.RESIDUAL_CURRENT, Cause.RESIDUAL_BOTH),
]
PASSING = [
    (FaultCode.NOT_CLOSING, Cause.DROPPED),
    (FaultCode.NOT_CLOSING, Cause.CYCLE_LATE),
    (FaultCode.MAINS_VOLTAGE, Cause.MAINS_RANGE),
    (FaultCode.OVERCURRENT, Cause.OVERCURRENT),
    (FaultCode.RESIDUAL_CURRENT, Cause.TEST_NO_ANSWER),
]


def charged_for_ten_minutes(faults: FaultState, begun_s: float) -> FaultState:
    faults = review(faults, PLUGGED, begun_s, is_charging=True)
    return review(faults, PLUGGED, begun_s + 600.0, is_charging=True)


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize(
    ("code", "cause", "left"),
    [(*one, 1) for one in LASTING] + [(*one, 0) for one in PASSING],
)
def test_retries_for_plug_earth_and_a_tripped_monitor_are_not_given_back(
    code: FaultCode, cause: Cause, left: int
) -> None:
    faults = review(raised(code, cause=cause), PLUGGED, 10.0)
    assert faults.retries == 1
    faults = charged_for_ten_minutes(faults, 20.0)
    assert (faults.retries, faults.lasting) == (left, left)
    # With another fault that waits for the same retry it is one of both.
    both = raised(FaultCode.OVERCURRENT, raised(code, cause=cause))
    faults = charged_for_ten_minutes(review(both, PLUGGED, 10.0), 20.0)
    assert faults.retries == left
    assert review(faults, OUT, 1e6) == CLEAN


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize(("code", "cause"), LASTING)
def test_five_interruptions_by_plug_earth_or_monitor_are_all_in_one_plug_in(
    code: FaultCode, cause: Cause
) -> None:
    faults, now_s = CLEAN, 0.0
    for retries in range(1, 6):
        faults = raised(code, faults, now_s, cause)
        assert faults.retry_at_s is not None
        now_s = faults.retry_at_s
        faults = review(faults, PLUGGED, now_s)
        assert (faults.records, faults.retries) == ((), retries)
        faults = charged_for_ten_minutes(faults, now_s)
        now_s += 3600.0
    faults = raised(code, faults, now_s, cause)
    assert faults.retry_at_s is None
    assert review(faults, PLUGGED, now_s + 1e6).holds(code)


@pytest.mark.req("ERR-P", "ERR-RED")
def test_mains_off_and_on_leave_latched_faults_until_they_are_judged_again() -> None:
    faults = CLEAN
    for code in FaultCode:
        faults = raised(code, faults)
    faults = clear(replace(faults, retries=2, lasting=1))
    assert latched(faults) == (FaultCode.SAFETY_CIRCUIT, FaultCode.RED)
    assert len(faults.records) == 2
    assert (faults.retries, faults.lasting, faults.retry_at_s) == (0, 0, None)
    assert latched(clear_proven(faults, (FaultCode.RED,))) == (FaultCode.SAFETY_CIRCUIT,)
    assert clear_proven(faults, (FaultCode.SAFETY_CIRCUIT, FaultCode.RED)) == CLEAN
