"""The model as a whole: long steps, what is due, and energy that is conserved."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import duty_of_offer
from msgs.plant import SimFault
from nodes.plant import acts
from nodes.plant.model import next_event_s, step
from nodes.plant.thermal import at_rest, warm
from nodes.plant.vehicle import Charger
from nodes.plant.world import World

NewBox = Callable[..., Any]


HASTY = Charger(start_delay_s=0.3, precharge_s=0.2)


def begin_charge(box: Any) -> World:
    """A charge that begins within half a second, with no watchdog edge after this moment."""
    box.act(acts.plug)
    box.act(acts.ready)
    commands = replace(
        box.commands, duty_percent=duty_of_offer(16.0), enable=True, edge_at_s=box.world.now_s
    )
    world: World = step(box.world, commands, 0.0)
    return world


def events(world: World) -> list[Any]:
    return [(one.what, pytest.approx(one.at_s, abs=1e-9)) for one in world.events]


@pytest.mark.parametrize("dt_s", [0.001, 0.02, 0.1, 0.37])
def test_one_long_step_is_as_many_short_ones(new_box: NewBox, dt_s: float) -> None:
    begun = begin_charge(new_box(HASTY))
    long = step(begun, begun.commands, 40.0)
    short = begun
    while short.now_s < long.now_s - 1e-9:
        short = step(short, short.commands, min(dt_s, long.now_s - short.now_s))
    assert events(long) == [(one.what, one.at_s) for one in short.events]
    assert [one.what for one in long.events] == [
        *("plugged", "duty", "coil_on", "contacts_closed", "s2_closed", "coil_off"),
        "contacts_open",
    ]
    assert long.energy.box_wh == pytest.approx(short.energy.box_wh, rel=1e-4)
    assert long.energy.total_in_wh == pytest.approx(short.energy.total_in_wh, rel=1e-4)
    assert long.heat.terminal_c == pytest.approx(short.heat.terminal_c)
    assert long.vehicle.charged_ratio == pytest.approx(short.vehicle.charged_ratio)


def test_a_dead_controller_opens_the_contactor_a_second_after_its_last_edge(box: Any) -> None:
    begun = begin_charge(box)
    world = step(begun, begun.commands, 3600.0)
    coil_off = next(one for one in world.events if one.what == "coil_off")
    assert coil_off.at_s == pytest.approx(1001.0)
    assert world.contactor.mirror_closed


def test_a_world_in_which_nothing_moves_has_nothing_due_and_steps_a_year_at_once(
    new_box: NewBox,
) -> None:
    box = new_box(Charger(), house_a=2.0)
    assert next_event_s(box.world) == float("inf")
    year = step(box.world, box.commands, 365 * 86_400.0)
    hours = 365 * 24
    assert year.events == ()
    assert year.energy.total_in_wh == pytest.approx(3 * 2.0 * 229.6 * hours)


def test_the_next_event_is_never_missed_and_never_early(new_box: NewBox) -> None:
    world = begin_charge(new_box(HASTY))
    for _ in range(20):
        due_s = next_event_s(world)
        if due_s == float("inf"):
            break
        before = len(world.events)
        early = step(world, world.commands, max(0.0, due_s - world.now_s - 1e-6))
        assert len(early.events) == before
        world = step(world, world.commands, due_s - world.now_s)
    assert [one.what for one in world.events][-2:] == ["coil_off", "contacts_open"]


def test_commands_hold_from_the_beginning_of_the_step(box: Any) -> None:
    world = step(box.world, replace(box.commands, duty_percent=50.0), 10.0)
    assert world.events[0] == ("duty", 1000.0, "50")


@pytest.mark.parametrize("sun_w", [0.0, 3000.0, 9000.0])
def test_the_house_meter_counts_the_other_loads_and_the_box_less_the_sun(
    new_box: NewBox, sun_w: float
) -> None:
    box = new_box(Charger(), house_a=2.0, sun_w=sun_w)
    box.charge(16.0, 600.0)
    flow, energy = box.world.flow, box.world.energy
    branch_w = 0.15 * 15.7**2  # lost on the way to the box
    for line in range(3):
        house_w = flow.house_v[line] * 2.0 + flow.box_w[line] + branch_w - sun_w / 3
        assert flow.house_w[line] == pytest.approx(house_w, rel=0.01)
        assert flow.house_a[line] == pytest.approx(2.0 + 15.7 - flow.sun_a)
    net_wh = energy.total_in_wh - energy.total_out_wh
    by_line_wh = sum(energy.house_in_wh) - sum(energy.house_out_wh)
    assert net_wh == pytest.approx(by_line_wh)
    seconds = box.world.now_s - 1000.0
    house_wh = 3 * (2.0 * flow.house_v[0] + branch_w) * seconds / 3600
    assert net_wh == pytest.approx(house_wh + sum(energy.box_wh) - energy.sun_wh, rel=0.01)


def test_the_box_counts_the_area_under_its_power(box: Any) -> None:
    area_ws = 0.0
    box.charge(32.0, 0.0)
    for _ in range(3000):
        before_w = sum(box.world.flow.box_w)
        box.run(0.02)
        area_ws += (before_w + sum(box.world.flow.box_w)) / 2 * 0.02
    assert sum(box.world.energy.box_wh) == pytest.approx(area_ws / 3600, rel=1e-4)


def test_a_load_lowers_the_voltage_and_the_sun_raises_it(new_box: NewBox) -> None:
    assert new_box(Charger(), house_a=30.0).world.flow.house_v[0] == pytest.approx(224.0)
    assert new_box(Charger(), sun_w=9000.0).world.flow.house_v[0] > 232.0


def test_a_thin_branch_drops_the_voltage_at_the_box(box: Any) -> None:
    box.charge(32.0)
    flow = box.world.flow
    assert flow.house_v[0] - flow.box_v[0] == pytest.approx(0.15 * 31.7)


def test_heat_follows_its_exponential_for_any_step(box: Any) -> None:
    pole_a = (32.0, 32.0, 32.0)
    rest = at_rest(20.0)
    once = warm(rest, 20.0, pole_a, False, 3600.0)
    often = rest
    for _ in range(3600):
        often = warm(often, 20.0, pole_a, False, 1.0)
    assert once.board_c == pytest.approx(often.board_c)
    assert warm(rest, 20.0, pole_a, False, 1e6).board_c == pytest.approx(28.8 + 2.2 * 12.288)
    half = warm(rest, 20.0, pole_a, False, 2640.0)  # one time constant
    assert half.board_c == pytest.approx(28.8 + 2.2 * 12.288 * (1 - 0.36788), abs=0.01)


@pytest.mark.parametrize("fault", list(SimFault))
def test_every_fault_can_be_made_and_cleared_while_charging(box: Any, fault: SimFault) -> None:
    box.charge(16.0)
    box.act(acts.fault, fault)
    box.run(3.0)
    box.act(acts.clear, fault)
    box.run(60.0)
    assert box.current_a == pytest.approx(15.7)
