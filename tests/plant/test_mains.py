"""The box's three phases, one alone, and one that is gone."""

from typing import Any, Literal

import pytest
from msgspec.structs import replace

from msgs.plant import SimFault
from msgs.settings import METER_LINES, PhaseAssignment
from nodes.plant import acts
from nodes.plant.model import settle
from nodes.plant.parameters import Parameters, mains_of
from nodes.plant.readings import house_of, power_of, solar_of
from nodes.plant.vehicle import Charger


def test_without_l2_the_vehicle_charges_on_the_other_phases(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.fault, SimFault.PHASE_LOST)
    box.run(5.0)
    power = power_of(box.world)
    assert power is not None
    assert [line.current_a for line in power.lines] == pytest.approx([15.7, 0.0, 15.7])
    one_v, two_v, three_v = (line.voltage_v for line in power.lines)
    assert (one_v > 200.0, two_v, three_v > 200.0) == (True, 0.0, True)
    assert box.signals.load_voltage
    counted_wh = box.world.energy.box_wh
    box.run(60.0)
    gained = [
        after > before for before, after in zip(counted_wh, box.world.energy.box_wh, strict=True)
    ]
    assert gained == [True, False, True]
    box.act(acts.clear, SimFault.PHASE_LOST)
    box.run(1.0)
    assert box.world.flow.box_a == pytest.approx((15.7, 15.7, 15.7))


def test_l2_is_gone_at_the_house_and_with_it_its_loads_and_the_sun(new_box: Any) -> None:
    box = new_box(Charger(), house_a=5.0, sun_w=3000.0)
    box.act(acts.fault, SimFault.PHASE_LOST)
    one, two, three = house_of(box.world).lines
    assert (two.voltage_v, two.current_a, two.power_w) == (0.0, 0.0, 0.0)
    assert one.current_a == three.current_a == 5.0  # an inverter that misses a phase disconnects
    assert solar_of(box.world).power_w == 0.0
    box.act(acts.clear, SimFault.PHASE_LOST)
    assert solar_of(box.world).power_w == -3000.0


def test_an_installation_of_one_phase_has_voltage_on_l1_alone(box: Any) -> None:
    mains = replace(box.world.mains, phases=1)
    box.world = settle(replace(box.world, mains=mains))
    one_v, two_v, three_v = box.world.flow.box_v
    assert (one_v > 220.0, two_v, three_v) == (True, 0.0, 0.0)
    assert min(box.world.flow.house_v) > 220.0  # the house has three
    box.charge(16.0)
    assert box.world.flow.box_a == pytest.approx((15.7, 0.0, 0.0))
    assert box.signals.load_voltage
    assert box.world.energy.box_wh[1:] == (0.0, 0.0)


@pytest.mark.parametrize("phases", [1, 3])
def test_no_voltage_is_behind_a_pole_that_has_none_in_front(box: Any, phases: int) -> None:
    """Only L2 and L3 are closed, as if L1 had burnt."""
    box.world = settle(replace(box.world, mains=replace(box.world.mains, phases=phases)))
    contactor = replace(box.world.contactor, poles=(False, True, True))
    box.world = replace(box.world, contactor=contactor)
    assert box.signals.load_voltage is (phases == 3)


@pytest.mark.parametrize("wiring", PhaseAssignment)
def test_the_box_is_fed_by_the_phases_of_the_house_that_the_wiring_names(
    new_box: Any, wiring: PhaseAssignment
) -> None:
    box = new_box(Charger(phases=1))
    phases: Literal[1, 3] = 1 if len(METER_LINES[wiring]) == 1 else 3
    mains = mains_of(Parameters(phases=phases, wiring=wiring, house_a=(1.0, 2.0, 4.0)))
    box.world = settle(replace(box.world, mains=mains))
    box.charge(16.0)
    fed = METER_LINES[wiring][0]
    power = power_of(box.world)
    assert power is not None
    drawn_a = power.lines[0].current_a
    assert drawn_a > 10.0
    house = house_of(box.world).lines
    for line, (measured, other_a) in enumerate(zip(house, (1.0, 2.0, 4.0), strict=True)):
        vehicle_a = drawn_a if line == fed else 0.0
        assert measured.current_a == pytest.approx(other_a + vehicle_a, abs=0.05)
    # The box has the voltage of its phase, less the drop of the branch.
    expected_v = house[fed].voltage_v - 0.15 * drawn_a
    assert power.lines[0].voltage_v == pytest.approx(expected_v, abs=0.2)


def test_a_lost_phase_is_lost_at_the_house_too_however_the_box_is_wired(new_box: Any) -> None:
    box = new_box(Charger())
    mains = mains_of(Parameters(wiring=PhaseAssignment.L2_L3_L1, house_a=(5.0, 5.0, 5.0)))
    box.world = settle(replace(box.world, mains=mains))
    box.act(acts.fault, SimFault.PHASE_LOST)
    assert [line.voltage_v > 200.0 for line in house_of(box.world).lines] == [True, True, False]
