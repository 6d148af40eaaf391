"""Short disturbances: the contactor opens at once, and the charge comes back by itself (ERR-R)."""

from collections.abc import Callable
from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.safety import FaultCode
from nodes.safety.reasons import Reason
from tests.safety.machine.rig import ROUND_S, P, Rig, closed, idle, ready

RETRY_S = 10.0


def disturb(rig: Rig, seconds: float, **changes: Any) -> Rig:
    """Let a disturbance last for a time."""
    for name, value in changes.items():
        setattr(rig, name, value)
    return rig.run(seconds)


# --- the pilot is open ---------------------------------------------------------------------------


@pytest.mark.req("ERR-1", "ERR-R")
@pytest.mark.parametrize("open_s", [0.02, 0.06, 0.25, 0.29])
def test_a_pilot_that_is_open_for_less_than_0_3_s_opens_and_is_retried(open_s: float) -> None:
    rig = closed()
    plugged_since_utc_ns = rig.status.plugged_since_utc_ns
    disturb(rig, 0.02, vehicle="A")
    assert not rig.outputs.enable
    rig.run(open_s - 0.02)
    rig.vehicle = "C"
    rig.run(0.1)
    assert (rig.faults(), rig.causes()) == ((FaultCode.UNPLUGGED,), (Cause.PULLED_IN_CHARGE,))
    assert rig.status.retry_in_s == RETRY_S
    assert rig.status.plugged_since_utc_ns == plugged_since_utc_ns
    assert rig.until_phase(P.CLOSED, 20.0) > RETRY_S - open_s - 0.2
    assert (rig.faults(), rig.status.retries) == ((), 1)


@pytest.mark.req("ERR-1")
@pytest.mark.parametrize("open_s", [0.32, 1.0, 5.0])
def test_a_pilot_that_is_open_for_longer_is_a_plug_that_is_seated_again(open_s: float) -> None:
    rig = closed()
    plugged_since_utc_ns = rig.status.plugged_since_utc_ns
    disturb(rig, open_s, vehicle="A")
    assert (rig.faults(), rig.status.retry_in_s) == ((FaultCode.UNPLUGGED,), None)
    rig.vehicle = "C"
    rig.run(0.1)
    assert (rig.faults(), rig.status.retries, rig.status.retry_in_s) == ((), 0, None)
    assert rig.status.plugged_since_utc_ns > plugged_since_utc_ns
    rig.until_phase(P.CLOSED)


@pytest.mark.req("ERR-1", "ERR-R")
def test_a_bounce_of_the_plug_in_a_self_test_is_retried() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.run(0.3)
    disturb(rig, 0.1, vehicle="A")
    assert rig.causes() == (Cause.PULLED_IN_TEST,)
    rig.vehicle = "B"
    rig.until_phase(P.READY, 20.0)
    assert (rig.faults(), rig.status.retries) == ((), 1)


@pytest.mark.req("ERR-1", "ERR-R")
def test_a_bad_contact_is_tried_five_times_in_a_plug_in_however_long_it_charges() -> None:
    rig = closed()
    for retries in range(1, 6):
        disturb(rig, 0.1, vehicle="A")
        rig.vehicle = "C"
        rig.until(lambda: not rig.faults(), 301.0)
        rig.until_phase(P.CLOSED)
        assert rig.status.retries == retries
        rig.lull(610.0)
    disturb(rig, 0.1, vehicle="A")
    rig.vehicle = "C"
    rig.lull(1000.0)
    assert (rig.faults(), rig.status.retry_in_s) == ((FaultCode.UNPLUGGED,), None)
    disturb(rig, 0.5, vehicle="A")
    rig.vehicle = "C"
    rig.until_phase(P.CLOSED)
    assert (rig.faults(), rig.status.retries) == ((), 0)


# --- the negative half-wave ----------------------------------------------------------------------


@pytest.mark.req("ERR-5", "ERR-R")
@pytest.mark.parametrize("low_v", [-6.0, -9.0, 0.0, 6.0])
def test_a_diode_that_was_proven_and_is_lost_for_a_moment_is_retried(low_v: float) -> None:
    rig = closed()
    disturb(rig, 0.05, reading={"low_v": low_v})
    assert not rig.outputs.enable
    rig.reading = {}
    is_mirrored = low_v == -6.0
    cause, code = (
        (Cause.DIODE_LOST, FaultCode.NO_VEHICLE)
        if is_mirrored
        else (Cause.NEGATIVE_HALF, FaultCode.PLUG_STATE)
    )
    assert (rig.causes(), rig.faults()) == ((cause,), (code,))
    rig.until_phase(P.CLOSED, 20.0)
    assert (rig.faults(), rig.status.retries) == ((), 1)


@pytest.mark.req("ERR-5")
def test_a_diode_of_the_plug_in_before_is_none_of_this_one() -> None:
    rig = closed()
    rig.offered_a, rig.vehicle = 0.0, "A"
    rig.run(1.0)
    rig.vehicle = "B"
    rig.until_phase(P.READY)
    rig.offered_a, rig.vehicle = 16.0, "C"
    disturb(rig, 0.05, reading={"low_v": -6.0})
    assert rig.causes() == (Cause.NO_DIODE,)
    rig.reading = {}
    assert rig.lull(600.0).faults() == (FaultCode.NO_VEHICLE,)


# --- the earth -----------------------------------------------------------------------------------


@pytest.mark.req("ERR-RED", "ERR-R")
@pytest.mark.parametrize("bad_s", [0.12, 0.5, 1.9])
def test_an_earth_that_is_disturbed_opens_and_is_retried(bad_s: float) -> None:
    rig = closed()
    disturb(rig, 0.1, reading={"earth_ohm": 1e6})
    assert not rig.outputs.enable
    rig.run(bad_s - 0.1)
    rig.reading = {}
    rig.run(0.1)
    assert rig.faults() == (FaultCode.NOT_CLOSING,)
    assert rig.causes() == (Cause.EARTH_DISTURBED,)
    rig.until_phase(P.CLOSED, 20.0)
    assert (rig.faults(), rig.status.retries) == ((), 1)


@pytest.mark.req("ERR-RED")
def test_a_missing_earth_is_all_red_once_it_is_confirmed_with_the_contactor_open() -> None:
    rig = closed()
    disturb(rig, 0.1, reading={"earth_ohm": 1e6})
    rig.until(lambda: not rig.is_closed)
    assert rig.until(lambda: FaultCode.RED in rig.faults(), 3.0) == pytest.approx(2.0, abs=0.05)
    assert (rig.faults(), rig.causes()) == ((FaultCode.RED,), (Cause.EARTH,))
    rig.reading = {}
    assert rig.lull(1000.0).faults() == (FaultCode.RED,)
    assert not rig.outputs.enable


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("begin", [idle, ready])
def test_an_earth_that_is_disturbed_with_the_contactor_open_is_no_fault(
    begin: Callable[[], Rig],
) -> None:
    rig = begin()
    was_permitted = rig.status.permitted
    disturb(rig, 0.2, reading={"earth_ohm": 1e6})
    assert not rig.status.permitted
    assert rig.faults() == ()
    if was_permitted:
        assert rig.says(Reason.EARTH)
    rig.run(1.7)
    rig.reading = {}
    rig.run(0.3)
    assert (rig.faults(), rig.status.permitted) == ((), was_permitted)
    disturb(rig, 2.2, reading={"earth_ohm": 1e6})
    assert rig.faults() == (FaultCode.RED,)


@pytest.mark.req("ERR-RED")
def test_nothing_is_tested_or_closed_while_the_earth_is_bad() -> None:
    rig = ready()
    rig.reading = {"earth_ohm": 1e6}
    rig.run(0.1)
    rig.offered_a, rig.vehicle = 16.0, "C"
    for _ in range(150):
        assert not rig.tick().outputs.enable
    rig.reading = {}
    rig.until_phase(P.CLOSED)
    rig = idle()
    rig.reading = {"earth_ohm": 1e6}
    rig.run(0.1)
    rig.vehicle = "B"
    for _ in range(150):
        assert rig.tick().phase() is not P.SELF_TEST
    rig.reading = {}
    rig.until_phase(P.READY)


# --- a vehicle that toggles ----------------------------------------------------------------------


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize("seconds", [0.5, 10.0])
def test_a_vehicle_that_toggles_asks_for_nothing_and_charges_when_it_asks_steadily(
    reads: int, seconds: float
) -> None:
    rig = closed()
    for number in range(round(seconds / ROUND_S)):
        rig.vehicle = "CB"[number // reads % 2]
        rig.tick()
        assert rig.faults() == ()
        assert number * ROUND_S < 0.2 or not rig.outputs.enable
    assert rig.says(Reason.NOT_ASKED)
    rig.vehicle = "C"
    assert rig.until_phase(P.CLOSED) < 3.0
    assert rig.status.retries == 0


# --- the monitor's outputs -----------------------------------------------------------------------


@pytest.mark.req("ERR-8005", "ERR-R")
def test_an_output_that_is_disturbed_at_the_end_of_a_self_test_is_retried() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.run(2.1)
    disturb(rig, 0.2, reading={"residual_dc": True})
    assert rig.phase() is P.SELF_TEST
    rig.reading = {}
    rig.run(0.05)
    assert (rig.faults(), rig.causes()) == ((FaultCode.RESIDUAL_CURRENT,), (Cause.TEST_LATE,))
    rig.until_phase(P.READY, 20.0)
    assert rig.status.retries == 1


@pytest.mark.req("ERR-8005")
def test_an_output_that_stays_active_after_a_self_test_is_all_red() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.run(2.1)
    disturb(rig, 2.2, reading={"residual_dc": True})
    assert (rig.faults()[0], rig.causes()[0]) == (FaultCode.RED, Cause.TEST_STUCK)
