"""The vehicle's answer to the pilot, its charger and its battery."""

from collections.abc import Callable
from typing import Any

import pytest

from msgs.pilot import X1_PERCENT, duty_of_offer
from msgs.plant import SimFault, VehicleState
from nodes.plant import acts
from nodes.plant.readings import status_of
from nodes.plant.vehicle import Charger

NewBox = Callable[..., Any]


def state(box: Any) -> VehicleState:
    return status_of(box.world, None, {}).vehicle


def test_plug_to_current_in_the_order_of_the_standard(box: Any) -> None:
    box.act(acts.plug)
    assert state(box) is VehicleState.PLUGGED
    assert box.signals.high_v == pytest.approx(8.98, abs=0.01)
    box.act(acts.ready)
    box.run(1.0)
    assert state(box) is VehicleState.READY  # no PWM yet: state B
    box.drive(duty_percent=duty_of_offer(16.0))
    box.run(0.99)
    assert box.signals.high_v == pytest.approx(8.98, abs=0.01)
    box.run(0.02)
    assert box.when("s2_closed") == pytest.approx(2.0)
    assert box.signals.high_v == pytest.approx(6.0, abs=0.01)
    box.run(5.0)
    assert box.current_a == 0.0  # no voltage yet
    box.drive(enable=True)
    box.run(0.025 + 0.99)
    assert box.current_a == 0.0  # precharge
    box.run(1.01)
    assert 4.9 <= box.current_a <= 5.1  # one second at 5 A/s
    assert state(box) is VehicleState.CHARGING
    box.run(5.0)
    assert box.current_a == pytest.approx(15.7)


@pytest.mark.parametrize(
    ("duty_percent", "charges"),
    [
        (X1_PERCENT, False),
        (0.0, False),  # state F
        (5.0, False),  # digital communication only
        (7.9, False),
        (8.0, True),
        (10.0, True),
        (53.3, True),
        (97.0, False),
    ],
)
def test_only_a_duty_that_offers_current_makes_it_ready(
    box: Any, duty_percent: float, charges: bool
) -> None:
    box.act(acts.plug)
    box.act(acts.ready)
    box.drive(duty_percent=duty_percent)
    box.run(10.0)
    assert box.world.vehicle.s2 is charges


@pytest.mark.parametrize("offer_a", [6.0, 10.0, 13.0, 16.0, 20.0, 25.0, 32.0])
def test_it_draws_at_least_300_ma_below_the_offer(box: Any, offer_a: float) -> None:
    box.charge(offer_a)
    assert offer_a - 0.41 < box.current_a <= offer_a - 0.3 + 1e-9


@pytest.mark.parametrize(
    ("phases", "currents_a"), [(1, (15.7, 0, 0)), (2, (15.7, 15.7, 0)), (3, (15.7, 15.7, 15.7))]
)
def test_it_draws_on_its_phases(
    new_box: NewBox, phases: int, currents_a: tuple[float, ...]
) -> None:
    box = new_box(Charger(phases=phases))
    box.charge(16.0)
    assert box.world.flow.box_a == pytest.approx(currents_a)


def test_a_small_charger_draws_what_it_can(new_box: NewBox) -> None:
    box = new_box(Charger(max_a=16.0))
    box.charge(32.0)
    assert box.current_a == pytest.approx(16.0)


def test_a_changed_offer_is_followed_late_and_slowly(box: Any) -> None:
    box.charge(16.0)
    box.drive(duty_percent=duty_of_offer(32.0))
    box.run(0.99)
    assert box.current_a == pytest.approx(15.7)
    box.run(1.01)
    assert box.current_a == pytest.approx(15.7 + 5.0, abs=0.1)
    box.run(5.0)
    assert box.current_a == pytest.approx(31.7)
    box.drive(duty_percent=duty_of_offer(6.0))
    box.run(0.99)
    assert box.current_a == pytest.approx(31.7)
    box.run(0.51)
    assert box.current_a == pytest.approx(31.7 - 0.5 * 20.0, abs=0.3)
    box.run(1.0)
    assert box.current_a == pytest.approx(5.7)


def test_the_newest_of_several_offers_counts(box: Any) -> None:
    box.charge(16.0)
    box.drive(duty_percent=duty_of_offer(10.0))
    box.run(0.5)
    box.drive(duty_percent=duty_of_offer(20.0))
    box.run(0.45)
    assert box.current_a == pytest.approx(15.7)
    box.run(0.1)
    assert box.current_a > 15.7  # a second after the first of them, it follows the last
    box.run(5.0)
    assert box.current_a == pytest.approx(19.7)


def test_an_offer_that_changes_all_the_time_is_followed_all_the_same(box: Any) -> None:
    box.charge(32.0, 30.0)
    for tenths in range(320, 60, -4):
        box.drive(duty_percent=duty_of_offer(tenths / 10.0))
        box.run(0.1)
    assert box.current_a < 15.0


@pytest.mark.parametrize("dead_time_s", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("duty_percent", [X1_PERCENT, 0.0])
def test_without_an_offer_it_has_stopped_within_3_s(
    new_box: NewBox, dead_time_s: float, duty_percent: float
) -> None:
    box = new_box(Charger(dead_time_s=dead_time_s))
    box.charge(32.0, 30.0)
    stopped_s = box.world.now_s
    box.drive(duty_percent=duty_percent)
    box.run(3.0)
    assert box.current_a == 0.0
    opened = next(one for one in box.world.events if one.what == "s2_opened")
    assert opened.at_s <= stopped_s + 3.0
    assert box.world.contactor.poles == (True, True, True)  # it dropped its load by itself


def test_s2_stays_closed_until_the_load_is_dropped(box: Any) -> None:
    box.charge(32.0, 30.0)
    box.act(acts.full)
    box.run(1.0)
    assert box.world.vehicle.s2
    assert 0.0 < box.current_a < 31.7
    assert state(box) is VehicleState.STOPPING
    box.run(1.0)
    assert not box.world.vehicle.s2
    assert state(box) is VehicleState.FULL


def test_it_charges_again_when_the_offer_is_back(box: Any) -> None:
    box.charge(16.0)
    box.drive(duty_percent=X1_PERCENT)
    box.run(10.0)
    assert state(box) is VehicleState.READY
    box.drive(duty_percent=duty_of_offer(10.0))
    box.run(10.0)
    assert box.current_a == pytest.approx(9.7)


def test_after_a_cut_under_load_it_begins_again_with_a_precharge(box: Any) -> None:
    box.charge(16.0)
    box.drive(enable=False)
    box.run(0.018)
    assert box.current_a == 0.0
    box.run(1.0)
    box.drive(enable=True)
    box.run(0.9)
    assert box.current_a == 0.0
    box.run(6.0)
    assert box.current_a == pytest.approx(15.7)


def test_full_ends_the_demand_and_ready_begins_it(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.full)
    box.run(5.0)
    assert state(box) is VehicleState.FULL
    box.act(acts.ready)
    box.run(10.0)
    assert state(box) is VehicleState.CHARGING


def test_a_vehicle_with_a_time_to_ready_is_ready_by_itself(new_box: NewBox) -> None:
    box = new_box(Charger(ready_after_s=60.0))
    box.act(acts.plug)
    box.drive(duty_percent=duty_of_offer(16.0))
    box.run(59.0)
    assert state(box) is VehicleState.PLUGGED
    box.run(2.5)
    assert box.when("s2_closed") == pytest.approx(61.0)


def test_the_battery_takes_less_above_80_percent_and_ends_by_itself(new_box: NewBox) -> None:
    box = new_box(Charger(battery_wh=10_000.0, arrives_charged_ratio=0.75))
    box.charge(32.0, 40.0)
    assert box.current_a == pytest.approx(31.7)
    while box.world.vehicle.charged_ratio < 0.9:
        box.run(1.0)
    assert box.current_a == pytest.approx(32.0 * (1 - 0.1 / 0.25), abs=0.3)
    box.run(1200.0)
    assert box.world.vehicle.charged_ratio == 1.0
    assert state(box) is VehicleState.FULL
    assert not box.world.vehicle.s2
    with pytest.raises(acts.ImpossibleError, match="battery is full"):
        acts.ready(box.world)


def test_what_is_stored_is_nine_tenths_of_what_is_counted(box: Any) -> None:
    box.charge(32.0, 600.0)
    stored_wh = (box.world.vehicle.charged_ratio - 0.4) * 60_000.0
    assert stored_wh == pytest.approx(0.9 * sum(box.world.energy.box_wh), rel=1e-6)


@pytest.mark.req("ERR-4003")
@pytest.mark.parametrize("offer_a", [6.0, 16.0, 32.0])
def test_the_fault_overcurrent_exceeds_any_tolerance_of_the_offer(box: Any, offer_a: float) -> None:
    box.charge(offer_a)
    box.act(acts.fault, SimFault.OVERCURRENT)
    box.run(10.0)
    assert box.current_a > 1.1 * (offer_a + 0.5)
    box.act(acts.clear, SimFault.OVERCURRENT)
    box.run(10.0)
    assert box.current_a <= offer_a


@pytest.mark.parametrize("fault", [SimFault.CP_OPEN, SimFault.CP_SHORT])
def test_a_vehicle_that_cannot_read_the_pilot_stops(box: Any, fault: SimFault) -> None:
    box.charge(16.0)
    box.act(acts.fault, fault)
    box.run(3.0)
    assert box.current_a == 0.0
    box.act(acts.clear, fault)
    box.run(20.0)
    assert box.current_a == pytest.approx(15.7)


def test_a_vehicle_that_ignores_x1_draws_on_until_the_contactor_opens(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.fault, SimFault.IGNORES_X1)
    box.drive(duty_percent=X1_PERCENT)
    box.run(60.0)
    assert box.current_a == pytest.approx(15.7)
    assert box.signals.high_v == pytest.approx(6.0, abs=0.01)
    box.drive(enable=False)
    box.run(0.018)
    assert box.current_a == 0.0
    box.run(2.0)
    assert not box.world.vehicle.s2


def test_a_vehicle_that_ignores_x1_follows_everything_else(box: Any) -> None:
    box.act(acts.fault, SimFault.IGNORES_X1)
    box.charge(16.0)
    box.drive(duty_percent=duty_of_offer(10.0))
    box.run(5.0)
    assert box.current_a == pytest.approx(9.7)
    box.drive(duty_percent=0.0)  # state F is not x1
    box.run(3.0)
    assert (box.current_a, box.world.vehicle.s2) == (0.0, False)
    box.drive(duty_percent=duty_of_offer(10.0))
    box.run(5.0)
    box.drive(duty_percent=X1_PERCENT)
    box.run(5.0)
    assert box.current_a == pytest.approx(9.7)
    box.act(acts.pull)
    assert box.current_a == 0.0


def test_a_vehicle_that_no_longer_ignores_x1_stops(box: Any) -> None:
    box.act(acts.fault, SimFault.IGNORES_X1)
    box.charge(32.0)
    box.drive(duty_percent=X1_PERCENT)
    box.run(5.0)
    box.act(acts.clear, SimFault.IGNORES_X1)
    box.run(3.0)
    assert (box.current_a, box.world.vehicle.s2) == (0.0, False)


def sleep(box: Any) -> None:
    """Plug in a vehicle that is asleep, and offer it current for a minute."""
    box.act(acts.fault, SimFault.ASLEEP)
    box.charge(16.0, 60.0)
    assert not box.world.vehicle.s2
    assert state(box) is VehicleState.READY


WAKERS: dict[str, tuple[Callable[[Any], None], Callable[[Any], None]]] = {
    "F": (
        lambda box: box.drive(duty_percent=0.0),
        lambda box: box.drive(duty_percent=duty_of_offer(16.0)),
    ),
    "mains": (lambda box: box.act(acts.power, False), lambda box: box.act(acts.power, True)),
    **{
        fault: (
            lambda box, fault=fault: box.act(acts.fault, fault),  # type: ignore[misc]
            lambda box, fault=fault: box.act(acts.clear, fault),  # type: ignore[misc]
        )
        for fault in (SimFault.CP_OPEN, SimFault.CP_SHORT, SimFault.CP_MINUS)
    },
}


@pytest.mark.parametrize("way", WAKERS)
@pytest.mark.parametrize(("dead_s", "wakes"), [(2.9, False), (3.01, True), (10.0, True)])
def test_a_sleeper_wakes_when_its_line_was_dead_for_3_s(
    box: Any, way: str, dead_s: float, wakes: bool
) -> None:
    sleep(box)
    begin, end = WAKERS[way]
    begin(box)
    box.run(dead_s)
    assert not box.world.vehicle.s2
    end(box)
    box.run(1.01)
    assert box.world.vehicle.s2 is wakes
    assert ("woken" in [what for what, _ in box.events]) is wakes
    box.run(10.0)
    assert box.current_a == pytest.approx(15.7 if wakes else 0.0)


def test_x1_and_two_short_silences_wake_no_sleeper(box: Any) -> None:
    sleep(box)
    for duty_percent in (X1_PERCENT, 0.0, duty_of_offer(16.0), 0.0, duty_of_offer(16.0)):
        box.drive(duty_percent=duty_percent)
        box.run(2.0)
    box.run(60.0)
    assert not box.world.vehicle.s2


def test_woken_it_is_an_ordinary_vehicle_and_the_next_one_sleeps(box: Any) -> None:
    sleep(box)
    box.drive(duty_percent=0.0)
    box.run(4.0)
    for offer_a in (16.0, 10.0):
        box.drive(duty_percent=duty_of_offer(offer_a))
        box.run(20.0)
        assert box.current_a == pytest.approx(offer_a - 0.3)
        box.drive(duty_percent=X1_PERCENT)
        box.run(10.0)
        assert not box.world.vehicle.s2
    box.act(acts.pull)
    sleep(box)


def test_a_sleeper_stays_asleep_after_the_fault_until_it_is_plugged_in_again(
    box: Any,
) -> None:
    sleep(box)
    box.act(acts.clear, SimFault.ASLEEP)
    box.run(60.0)
    assert not box.world.vehicle.s2
    box.act(acts.pull)
    box.charge(16.0)
    assert box.current_a == pytest.approx(15.7)


def test_a_vehicle_that_waits_falls_asleep_and_one_that_charges_does_not(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.fault, SimFault.ASLEEP)
    box.run(5.0)
    assert box.current_a == pytest.approx(15.7)
    box.act(acts.clear, SimFault.ASLEEP)
    box.act(acts.pull)
    box.drive(duty_percent=X1_PERCENT)
    box.act(acts.plug)
    box.act(acts.ready)
    box.act(acts.fault, SimFault.ASLEEP)
    box.drive(duty_percent=duty_of_offer(16.0))
    box.run(60.0)
    assert not box.world.vehicle.s2


def test_a_sleeper_is_unplugged_as_any_other(box: Any) -> None:
    sleep(box)
    box.act(acts.unplug)
    box.run(2.0)
    assert state(box) is VehicleState.AWAY
    assert "woken" not in [what for what, _ in box.events]
