"""The acts on the world, and which of them are refused."""

from typing import Any

import pytest

from msgs.pilot import X1_PERCENT, duty_of_offer
from msgs.plant import SimFault, VehicleState
from nodes.plant import acts
from nodes.plant.readings import status_of


@pytest.mark.parametrize("act", [acts.unplug, acts.pull, acts.ready, acts.full])
def test_an_act_on_a_vehicle_that_is_away_is_refused(box: Any, act: Any) -> None:
    with pytest.raises(acts.ImpossibleError, match="no vehicle is plugged"):
        act(box.world)


def test_a_second_vehicle_cannot_be_plugged_in(box: Any) -> None:
    box.act(acts.plug)
    with pytest.raises(acts.ImpossibleError, match="a vehicle is plugged already"):
        acts.plug(box.world)


def test_unplug_stops_the_charge_opens_s2_and_removes_the_plug_1_s_later(box: Any) -> None:
    box.charge(16.0)
    began_s = box.when("s2_closed")
    asked_s = box.world.now_s - 1000.0
    box.act(acts.unplug)
    with pytest.raises(acts.ImpossibleError, match="is being unplugged"):
        acts.ready(box.world)
    with pytest.raises(acts.ImpossibleError, match="before it is still being unplugged"):
        acts.plug(box.world)
    box.run(5.0)
    assert began_s < asked_s < box.when("s2_opened") < asked_s + 1.5
    assert box.when("unplugged") == pytest.approx(box.when("s2_opened") + 1.0)
    assert status_of(box.world, None, {}).vehicle is VehicleState.AWAY
    assert box.signals.high_v == 12.0


def test_an_idle_vehicle_is_unplugged_within_a_second(box: Any) -> None:
    box.act(acts.plug)
    box.act(acts.unplug)
    box.run(1.0)
    assert box.when("unplugged") == pytest.approx(1.0)


@pytest.mark.req("ERR-1")
def test_pulling_under_load_cuts_the_current_at_once(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.pull)
    assert box.last().what == "pulled"
    assert box.current_a == 0.0
    assert box.signals.high_v == 12.0
    assert box.signals.load_voltage  # the contactor has not opened yet


def test_each_vehicle_arrives_with_the_same_state_of_charge(box: Any) -> None:
    box.charge(32.0, 600.0)
    assert box.world.vehicle.charged_ratio > 0.4
    box.act(acts.pull)
    box.act(acts.plug)
    assert box.world.vehicle.charged_ratio == 0.4


def test_power_off_means_no_pilot_voltage_and_an_open_contactor(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.power, False)
    box.run(0.1)
    signals = box.signals
    assert (signals.high_v, signals.low_v, signals.earth_ohm) == (0.0, 0.0, 0.0)
    assert (signals.mirror_closed, signals.load_voltage) == (True, False)
    assert box.world.flow.box_v == (0.0, 0.0, 0.0)
    assert box.current_a == 0.0
    assert min(box.world.flow.house_v) > 200.0  # only the box's supply is off
    box.act(acts.power, True)
    box.run(20.0)
    assert box.current_a == pytest.approx(15.7)


def test_a_high_earth_loop_and_an_open_sensor_show_their_values(box: Any) -> None:
    terminal_c = box.signals.terminal_c
    box.act(acts.fault, SimFault.PE_HIGH)
    box.act(acts.fault, SimFault.NTC_OPEN)
    assert (box.signals.earth_ohm, box.signals.terminal_c) == (2000.0, -60.0)
    assert box.signals.board_c > 20.0
    box.act(acts.fault, SimFault.PE_OPEN)
    assert box.signals.earth_ohm > 2000.0
    for name in (SimFault.PE_OPEN, SimFault.PE_HIGH, SimFault.NTC_OPEN):
        box.act(acts.clear, name)
    assert (box.signals.earth_ohm, box.signals.terminal_c) == (0.8, terminal_c)


def test_a_stuck_generator_keeps_its_duty_and_then_follows_the_newest_drive(box: Any) -> None:
    box.charge(16.0)
    stuck_percent = box.signals.duty_percent
    box.act(acts.fault, SimFault.GENERATOR_STUCK)
    for duty_percent in (duty_of_offer(6.0), X1_PERCENT):
        box.drive(duty_percent=duty_percent)
        box.run(10.0)
        assert box.signals.duty_percent == stuck_percent
        assert (box.signals.high_v, box.signals.low_v) == pytest.approx((6.0, -12.0), abs=0.01)
        assert box.current_a == pytest.approx(15.7)
    assert [what for what, _ in box.events].count("duty") == 1
    box.act(acts.clear, SimFault.GENERATOR_STUCK)
    assert box.signals.duty_percent == X1_PERCENT
    assert box.events[-2:] == [("clear", 40_000.0), ("duty", 40_000.0)]
    box.run(3.0)
    assert box.current_a == 0.0


@pytest.mark.parametrize("duty_percent", [X1_PERCENT, 26.7, 0.0])
def test_an_output_stuck_at_minus_12_v_hides_what_the_generator_says(
    box: Any, duty_percent: float
) -> None:
    box.act(acts.fault, SimFault.CP_MINUS)
    box.charge(16.0, 5.0)
    box.drive(duty_percent=duty_percent)
    box.run(5.0)
    signals = box.signals
    assert (signals.high_v, signals.low_v, signals.duty_percent) == (-12.0, -12.0, duty_percent)
    assert not box.world.vehicle.s2
    box.act(acts.power, False)
    assert (box.signals.high_v, box.signals.low_v) == (0.0, 0.0)


def test_a_fault_made_or_cleared_twice_is_made_or_cleared_once(box: Any) -> None:
    for _ in range(2):
        box.act(acts.fault, SimFault.PE_OPEN)
        assert box.signals.earth_ohm > 2000.0
    for _ in range(2):
        box.act(acts.clear, SimFault.PE_OPEN)
        assert box.signals.earth_ohm < 100.0


@pytest.mark.parametrize(
    ("fault", "high_v", "low_v"),
    [
        (SimFault.NO_DIODE, 5.62, -5.62),
        (SimFault.CP_SHORT, 0.0, 0.0),
        (SimFault.CP_MID, 7.5, -12.0),
        (SimFault.CP_OPEN, 12.0, -12.0),
        (SimFault.CP_MINUS, -12.0, -12.0),
        (SimFault.SPI_STUCK, -14.05, -14.05),
    ],
)
def test_faults_of_the_line_show_on_the_line(
    box: Any, fault: SimFault, high_v: float, low_v: float
) -> None:
    box.charge(16.0)
    box.act(acts.fault, fault)
    assert (box.signals.high_v, box.signals.low_v) == pytest.approx((high_v, low_v), abs=0.01)


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize(("fault", "voltage_v"), [(SimFault.SAG, 150.0), (SimFault.SWELL, 290.0)])
def test_sag_and_swell_leave_the_range_of_the_box(
    box: Any, fault: SimFault, voltage_v: float
) -> None:
    assert 160.0 < box.world.flow.box_v[0] < 280.0
    box.act(acts.fault, fault)
    assert box.world.flow.box_v == pytest.approx((voltage_v,) * 3)


@pytest.mark.req("ERR-3")
def test_the_fault_hot_overheats_within_a_minute_and_cools_as_fast(box: Any) -> None:
    assert box.signals.terminal_c < 40.0
    box.act(acts.fault, SimFault.HOT)
    hottest_k_per_s = 0.0
    for _ in range(60):
        before_c = box.signals.terminal_c
        box.run(1.0)
        hottest_k_per_s = max(hottest_k_per_s, box.signals.terminal_c - before_c)
    assert box.signals.terminal_c > 80.0
    assert hottest_k_per_s < 10.0  # faster would be a broken sensor
    box.act(acts.clear, SimFault.HOT)
    box.run(60.0)
    assert box.signals.terminal_c < 65.0


def test_the_grid_drifts_slowly_around_its_nominal_voltage(box: Any) -> None:
    box.act(acts.wander, 0.01, 1.0)
    moved_v = box.world.flow.house_v[0] - 230.0
    assert 0.1 < moved_v < 1.0
    for _ in range(600):
        box.act(acts.wander, 0.0, 1.0)
    assert box.world.flow.house_v[0] == pytest.approx(230.0, abs=0.01)


def test_the_mains_flag_is_set_when_they_come_on_and_not_before(box: Any) -> None:
    assert not box.signals.power_on_reset  # a new world
    box.act(acts.power, True)  # they were on
    assert not box.signals.power_on_reset
    box.act(acts.power, False)
    box.run(5.0)
    assert not box.signals.power_on_reset
    box.act(acts.power, True)
    box.run(5.0)
    assert box.signals.power_on_reset


def test_the_mains_flag_stays_until_it_is_cleared_and_is_set_again(box: Any) -> None:
    for _ in range(2):
        box.act(acts.power, False)
        box.act(acts.power, True)
        box.charge(16.0, 5.0)
        assert box.signals.power_on_reset
        box.drive(clear_reset=True)
        assert not box.signals.power_on_reset
        box.drive(clear_reset=False)
        box.act(acts.pull)
