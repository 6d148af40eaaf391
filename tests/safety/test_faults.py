"""The rules of the ERR table: what clears a fault, and when the box tries again."""

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.safety import LATCHED, RETRIED, FaultCode
from nodes.safety import faults
from nodes.safety.faults import (
    CLEAN,
    Ledger,
    clear,
    clear_proven,
    is_blocked,
    raise_fault,
)
from nodes.safety.finding import Cause, Finding
from nodes.safety.judge import Facts
from tests.safety.facts import PLUGGED

BOUNCED = replace(PLUGGED, cp=CpState.A, is_plugged=False, asks=False)
OUT = replace(BOUNCED, is_out=True)
SHORTED = replace(PLUGGED, cp=CpState.E, is_plugged=False, asks=False)
UNDEFINED = replace(PLUGGED, cp=None, is_undefined=True, is_plugged=False, asks=False)
HOT = replace(PLUGGED, is_hot=True)
TRIPPED = replace(PLUGGED, residual_dc=True)
TRIPPED_OUT = replace(OUT, residual_dc=True)
TRIPPED_AC_OUT = replace(OUT, residual_ac=True)

UNSTABLE = replace(PLUGGED, mains_are_stable=False)
UNSTABLE_OUT = replace(OUT, mains_are_stable=False)


def review(
    ledger: Ledger,
    facts: Facts,
    now_s: float,
    is_charging: bool = False,
    was_out: bool = False,
) -> Ledger:
    return faults.review(ledger, facts, Moment(now_s), is_charging=is_charging, was_out=was_out)


def seen(code: FaultCode) -> Finding:
    return Finding(code=code, cause=Cause.EARTH)


def raised(code: FaultCode, ledger: Ledger = CLEAN, at_s: float = 0.0) -> Ledger:
    return review(raise_fault(ledger, seen(code), 7), PLUGGED, at_s)


@pytest.mark.parametrize(
    ("code", "facts", "is_over"),
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
def test_what_lets_a_fault_go(code: FaultCode, facts: Facts, is_over: bool) -> None:
    ledger = raise_fault(CLEAN, seen(code), 7)
    assert (review(ledger, facts, 0.0).records == ()) is is_over


@pytest.mark.req("ERR-1")
def test_fault_1_goes_when_the_plug_was_out_and_is_seated_again() -> None:
    ledger = raise_fault(CLEAN, seen(FaultCode.UNPLUGGED), 7)
    assert review(ledger, OUT, 0.0, was_out=True).records
    assert review(ledger, PLUGGED, 0.0, was_out=True).records == ()


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("code", sorted(set(FaultCode) - {FaultCode.TOO_HOT}))
def test_a_bounce_of_the_plug_clears_nothing(code: FaultCode) -> None:
    ledger = review(raised(FaultCode.NOT_CLOSING), PLUGGED, 10.0)
    assert ledger.retries == 1
    assert review(ledger, BOUNCED, 11.0) == ledger
    ledger = raised(code, ledger, 12.0)
    assert review(ledger, BOUNCED, 13.0) == ledger


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("code", sorted(RETRIED))
def test_five_retries_with_growing_delays_and_then_the_fault_holds(code: FaultCode) -> None:
    ledger, now_s = CLEAN, 0.0
    for retry, delay_s in enumerate((10.0, 30.0, 60.0, 120.0, 300.0)):
        ledger = raised(code, ledger, now_s)
        assert ledger.retries == retry
        assert ledger.retry_at_s == now_s + delay_s
        assert review(ledger, PLUGGED, now_s + delay_s - 0.01).records
        now_s += delay_s
        ledger = review(ledger, PLUGGED, now_s)
        assert ledger.records == ()
        assert ledger.retries == retry + 1
    ledger = raised(code, ledger, now_s)
    assert ledger.retry_at_s is None
    assert review(ledger, PLUGGED, now_s + 1e6).holds(code)
    assert review(ledger, OUT, now_s + 1e6) == CLEAN


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("code", sorted(LATCHED))
def test_latched_faults_are_never_retried_and_stop_other_retries(code: FaultCode) -> None:
    ledger = raised(code)
    assert ledger.retry_at_s is None
    ledger = raised(FaultCode.NOT_CLOSING, ledger)
    assert ledger.retry_at_s is None
    ledger = raised(code, raised(FaultCode.NOT_CLOSING))
    assert review(ledger, PLUGGED, 1e6).holds(FaultCode.NOT_CLOSING)


@pytest.mark.parametrize("code", [FaultCode.UNPLUGGED, FaultCode.TOO_HOT, FaultCode.NO_VEHICLE])
def test_faults_that_go_with_their_cause_use_up_no_retry(code: FaultCode) -> None:
    assert raise_fault(CLEAN, seen(code), 7).retries == 0
    assert review(raise_fault(CLEAN, seen(code), 7), HOT, 0.0).retry_at_s is None


@pytest.mark.req("ERR-8")
def test_a_retry_waits_until_the_plug_is_in_a_possible_state() -> None:
    ledger = raised(FaultCode.PLUG_STATE)
    assert review(ledger, SHORTED, 100.0) == ledger
    assert review(ledger, UNDEFINED, 100.0) == ledger
    after = review(ledger, PLUGGED, 100.0)
    assert (after.records, after.retries) == ((), 1)


def test_one_retry_counts_once_for_all_faults_that_wait_for_it() -> None:
    ledger = raised(FaultCode.NOT_CLOSING, raised(FaultCode.RESIDUAL_CURRENT))
    after = review(ledger, PLUGGED, 10.0)
    assert (after.records, after.retries) == ((), 1)


@pytest.mark.req("ERR-R")
def test_unplugging_clears_the_counters() -> None:
    ledger = review(raised(FaultCode.NOT_CLOSING), PLUGGED, 10.0)
    assert ledger.retries == 1
    assert review(ledger, OUT, 11.0) == CLEAN
    assert raised(FaultCode.NOT_CLOSING, CLEAN).records[0].count == 1


def test_a_record_says_when_how_often_and_what() -> None:
    ledger = raised(FaultCode.NOT_CLOSING)
    ledger = review(ledger, PLUGGED, 10.0)
    again = Finding(code=FaultCode.NOT_CLOSING, cause=Cause.DOES_NOT_CLOSE)
    ledger = review(raise_fault(ledger, again, 9), PLUGGED, 11.0)
    record = ledger.records[0]
    assert (record.count, record.since_utc_ns, record.finding) == (2, 9, again)


def test_a_fault_that_holds_stays_as_it_was_seen_first() -> None:
    ledger = raised(FaultCode.RED)
    later = Finding(code=FaultCode.RED, cause=Cause.STILL_LIVE)
    assert raise_fault(ledger, later, 9) is ledger


def test_a_trip_with_nothing_plugged_goes_with_its_cause_and_is_not_retried() -> None:
    ledger = review(raise_fault(CLEAN, seen(FaultCode.RESIDUAL_CURRENT), 7), TRIPPED_OUT, 0.0)
    assert ledger.retry_at_s is None
    assert review(ledger, TRIPPED_OUT, 1e6).records
    assert review(ledger, OUT, 1e6) == CLEAN


def test_a_quiet_ledger_costs_no_new_objects() -> None:
    assert review(CLEAN, PLUGGED, 0.0) is CLEAN
    assert review(CLEAN, OUT, 0.0) is CLEAN
    assert review(CLEAN, PLUGGED, 0.0, is_charging=True) is CLEAN
    ledger = raised(FaultCode.NOT_CLOSING)
    assert review(ledger, PLUGGED, 1.0) is ledger
    waiting = review(ledger, PLUGGED, 10.0)
    assert review(waiting, PLUGGED, 11.0) is waiting


def test_a_plug_in_remembers_a_hundred_raisings_and_counts_no_more() -> None:
    ledger = replace(CLEAN, raised=(FaultCode.NOT_CLOSING,) * 99)
    ledger = raise_fault(ledger, seen(FaultCode.NOT_CLOSING), 7)
    assert ledger.records[0].count == 100
    ledger = raise_fault(replace(ledger, records=()), seen(FaultCode.NOT_CLOSING), 7)
    assert ledger.records[0].count == 100
    ledger = raise_fault(ledger, seen(FaultCode.TOO_HOT), 7)
    assert ledger.records[1].count == 1  # it has been seen, so at least this once
    assert len(ledger.raised) == 100


@pytest.mark.req("ERR-8002", "ERR-R")
def test_a_retry_waits_until_the_mains_are_stable() -> None:
    ledger = raised(FaultCode.MAINS_VOLTAGE)
    assert review(ledger, UNSTABLE, 100.0) == ledger
    assert is_blocked(ledger, UNSTABLE)
    assert not is_blocked(ledger, PLUGGED)
    after = review(ledger, PLUGGED, 100.0)
    assert (after.records, after.retries) == ((), 1)


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        (FaultCode.PLUG_STATE, UNSTABLE),
        (FaultCode.MAINS_VOLTAGE, SHORTED),
        (FaultCode.NOT_CLOSING, replace(SHORTED, mains_are_stable=False)),
    ],
)
def test_a_retry_waits_for_its_own_cause_only(code: FaultCode, facts: Facts) -> None:
    assert not is_blocked(raised(code), facts)


def test_without_sight_nothing_is_tried() -> None:
    assert is_blocked(CLEAN, None)


@pytest.mark.req("ERR-R")
def test_ten_minutes_of_clean_charging_clear_the_counters() -> None:
    ledger = review(raised(FaultCode.RESIDUAL_CURRENT), PLUGGED, 10.0)
    assert ledger.retries == 1
    ledger = review(ledger, PLUGGED, 20.0, is_charging=True)
    assert review(ledger, PLUGGED, 619.9, is_charging=True) == ledger
    assert review(ledger, PLUGGED, 620.0, is_charging=True) is CLEAN
    paused = review(ledger, PLUGGED, 300.0)  # open in between: not ten minutes of it
    assert paused.retries == 1
    begun = review(paused, PLUGGED, 310.0, is_charging=True)
    assert review(begun, PLUGGED, 909.9, is_charging=True).retries == 1
    assert review(begun, PLUGGED, 910.0, is_charging=True) is CLEAN


@pytest.mark.req("ERR-P")
def test_mains_off_and_on_leaves_8007_alone_until_the_contactor_is_proven() -> None:
    ledger = CLEAN
    for code in FaultCode:
        ledger = raised(code, ledger)
    ledger = clear(ledger)
    assert [record.code for record in ledger.records] == [FaultCode.SAFETY_CIRCUIT]
    assert (ledger.retries, ledger.retry_at_s) == (0, None)
    assert clear_proven(ledger) == CLEAN
    assert clear_proven(raised(FaultCode.RED)).holds(FaultCode.RED)
