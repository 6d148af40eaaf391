"""Looks that come late: what safety does about its own cycle, whatever the drivers say."""

import random
from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import FaultCode
from nodes.safety.reasons import Reason
from nodes.safety.words import REASONS
from tests.safety.machine.rig import P, Rig, closed, idle, pilot, ready


def late(rig: Rig, gap_s: float) -> Rig:
    """One look after a gap, and none before."""
    rig.now_s = round(rig.now_s + gap_s - 0.01, 6)
    rig.inputs["since_s"] = gap_s
    rig.tick()
    del rig.inputs["since_s"]
    return rig


def charging(shown: dict[str, Any]) -> Rig:
    """In a charge of which the next reading shows something; pilot has not seen it yet."""
    rig = closed()
    rig.inputs = {"pilot": pilot(CpState.C, 16.0)}
    for name, value in shown.items():
        setattr(rig, name, value)
    return rig


def in_self_test() -> Rig:
    """In a self-test whose pulse has begun."""
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    return rig.run(0.1)


def closing() -> Rig:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSING)
    return rig


def stopping() -> Rig:
    rig = closed()
    rig.inputs = {"session": None}
    rig.until_phase(P.STOPPING)
    rig.offered_a = 0.0
    return rig.run(0.1)


@pytest.mark.parametrize("gap_s", [0.021, 0.05, 0.1])
@pytest.mark.parametrize(
    ("shown", "stays"),
    [
        ({}, True),
        ({"vehicle": "D"}, True),
        ({"vehicle": "A"}, False),
        ({"vehicle": "B"}, False),
        ({"vehicle": "E"}, False),
        ({"vehicle": "between"}, False),
        ({"reading": {"low_v": -6.0}}, False),
    ],
)
def test_after_a_late_look_the_next_reading_decides_alone(
    gap_s: float, shown: dict[str, Any], stays: bool
) -> None:
    rig = charging(shown)
    assert rig.tick().outputs.enable  # in time, one reading that strays opens nothing
    rig = charging(shown)
    late(rig, gap_s)
    assert rig.outputs.enable is stays
    assert rig.faults() == ()
    if not stays:
        assert rig.status.detail == REASONS[Reason.UNCONFIRMED]


def test_a_late_look_that_a_stray_reading_follows_is_no_fault_of_the_vehicle() -> None:
    rig = charging({"vehicle": "between"})
    late(rig, 0.03)
    rig.vehicle = "C"
    assert rig.until_phase(P.CLOSED) > 0.1
    assert rig.faults() == ()
    assert rig.status.retries == 0


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("gap_s", [0.11, 0.14, 0.45, 0.51, 2.0])
@pytest.mark.parametrize("begin", [closing, closed, stopping])
def test_a_gap_of_more_than_100_ms_opens_and_is_retried_without_blaming_the_vehicle(
    gap_s: float, begin: Any
) -> None:
    rig = begin()
    late(rig, gap_s)
    assert not rig.outputs.enable
    assert rig.faults() == (FaultCode.NOT_CLOSING,)
    assert rig.causes() == (Cause.CYCLE_LATE,)
    assert f"own cycle late: {gap_s:.2f} s" in rig.logged[-1]
    rig.inputs, rig.offered_a = {}, 0.0
    rig.run(0.1)
    assert rig.status.detail in rig.logged[-1]
    assert rig.status.retry_in_s == 10.0
    rig.until_phase(P.READY, 15.0)
    assert (rig.faults(), rig.status.retries) == ((), 1)
    rig.offered_a = 16.0
    rig.until_phase(P.CLOSED)


@pytest.mark.parametrize("gap_s", [0.03, 0.11, 0.45])
def test_a_plug_that_is_pulled_in_a_gap_opens_with_the_first_look_after_it(gap_s: float) -> None:
    rig = closed()
    rig.vehicle = "A"
    late(rig, gap_s)
    assert not rig.outputs.enable
    assert FaultCode.UNPLUGGED in rig.run(0.05).faults()


@pytest.mark.parametrize(("apart_s", "opens"), [(1.0, True), (3.3, True), (3.4, False)])
def test_a_fourth_late_look_within_10_s_opens(apart_s: float, opens: bool) -> None:
    rig = closed()
    for _ in range(3):
        late(rig, 0.03)
        assert rig.outputs.enable
        rig.run(apart_s - 0.03)
    late(rig, 0.03)
    assert rig.outputs.enable is not opens
    assert rig.causes() == ((Cause.CYCLE_LATE,) if opens else ())


@pytest.mark.req("ERR-R")
def test_a_cycle_that_is_late_for_good_is_held_after_five_retries() -> None:
    rig = closed()
    for delay_s in (10.0, 30.0, 60.0, 120.0, 300.0):
        late(rig, 0.2)
        rig.offered_a = 0.0
        rig.lull(delay_s - 1.0)
        rig.until_phase(P.READY, 15.0)
        rig.offered_a = 16.0
        rig.until_phase(P.CLOSED)
    late(rig, 0.2)
    rig.offered_a = 0.0
    rig.lull(600.0)
    assert rig.phase() is P.FAULT
    assert (rig.status.retries, rig.status.retry_in_s) == (5, None)


@pytest.mark.parametrize("begin", [idle, ready])
def test_a_gap_with_an_open_contactor_costs_nothing(begin: Any) -> None:
    rig = begin()
    before = rig.phase(), rig.status
    late(rig, 0.4)
    assert (rig.phase(), rig.status) == before
    assert not rig.logged


@pytest.mark.parametrize("gap_s", [0.11, 0.3])
def test_a_gap_in_a_self_test_begins_it_again(gap_s: float) -> None:
    rig = in_self_test()
    late(rig, gap_s)
    assert rig.logged
    assert not rig.outputs.residual_test
    assert rig.until_phase(P.READY) > 4.0 - gap_s  # the rest of the first, and the whole second
    assert rig.faults() == ()


def test_a_gap_of_less_than_100_ms_harms_no_self_test() -> None:
    rig = in_self_test()
    late(rig, 0.1)
    assert rig.until_phase(P.READY) < 2.2


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("gap_s", [0.11, 0.3, 0.6])
def test_a_self_test_that_gaps_break_off_three_times_is_a_fault_with_a_name(gap_s: float) -> None:
    rig = in_self_test()
    begins = 0
    was_on = False
    for _ in range(2000):
        late(rig, gap_s) if rig.outputs.residual_test else rig.tick()
        begins += rig.outputs.residual_test and not was_on
        was_on = rig.outputs.residual_test
    assert begins <= 12  # three for each retry in these 20 s and more
    assert Cause.CYCLE_LATE in rig.causes() or rig.status.retries > 0
    assert any(status.detail.startswith("own cycle late") for status in rig.said)


def test_a_process_that_stalls_again_and_again_publishes_a_fault() -> None:
    rig = idle()
    for _ in range(4):
        late(rig, 0.6)
    assert rig.causes() == (Cause.CYCLE_LATE,)
    assert rig.run(0.5).faults() == ()  # nothing is plugged, so nothing is interrupted


def test_random_gaps_never_leave_a_contactor_closed_that_must_open() -> None:
    assert sum(map(openings_of_random_gaps, range(20))) > 20


def openings_of_random_gaps(seed: int) -> int:
    """Hold each look of a random charge with random gaps against the rule; return the openings."""
    dice = random.Random(seed)
    rig = closed()
    late_at_s: list[float] = []
    opened = 0
    for _ in range(1500):
        was_enabled = rig.outputs.enable
        gap_s = dice.choice((0.021, 0.06, 0.1, 0.13, 0.45, 0.8)) if dice.random() < 0.01 else 0.01
        if dice.random() < 0.004:
            rig.vehicle = dice.choice("AB" if rig.vehicle == "C" else "CCC")
        rig.offered_a = 16.0 if rig.status.permitted else 0.0
        late(rig, gap_s)
        if not was_enabled:
            continue
        if gap_s > 0.02:
            late_at_s = [at_s for at_s in late_at_s if rig.now_s - at_s < 10.0] + [rig.now_s]
        is_bad = gap_s > 0.1 or (gap_s > 0.02 and (rig.vehicle != "C" or len(late_at_s) > 3))
        assert not (is_bad and rig.outputs.enable), (seed, rig.now_s)
        opened += is_bad
    return opened
