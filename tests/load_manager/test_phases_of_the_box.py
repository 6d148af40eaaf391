"""A whole box, wired in any way: the phase assignment is measured, confirmed, and then proven."""

from pathlib import Path
from typing import Any

import pytest

from msgs.settings import METER_LINES, PhaseAssignment
from tests.box import Box

ONE_PHASE = "plant.vehicle_phases=1"


def box(folder: Path, wiring: PhaseAssignment, *settings: str) -> Box:
    wired = "plant.phases=3" if len(METER_LINES[wiring]) == 3 else "plant.phases=1"
    return Box(folder, f"plant.wiring={wiring}", wired, *settings)


def charge(site: Box) -> None:
    site.act("plug")
    site.act("ready")
    site.advance(40.0)


def limit_a(site: Box) -> float:
    return float(site.said("load/offer")["limit_a"])


def result(site: Box) -> Any:
    """Return what the last measurement has shown; load/offer has the same."""
    shown = site.ask("load_manager", "find_phases", {"action": "show"})
    assert site.said("load/offer")["phase_search"] == shown
    return shown


@pytest.mark.req("MET-4")
@pytest.mark.parametrize(
    "wiring",
    [
        pytest.param(PhaseAssignment.L1_L2_L3, marks=pytest.mark.proof),
        PhaseAssignment.L3_L1_L2,
        PhaseAssignment.L2,
    ],
)
def test_an_assignment_that_was_measured_and_confirmed_lets_the_vehicle_charge(
    tmp_path: Path, wiring: PhaseAssignment
) -> None:
    site = box(tmp_path, wiring, ONE_PHASE)
    charge(site)
    shown = site.ask("load_manager", "find_phases")
    assert (shown["running"], shown["proposal"]) == (True, None)
    site.advance(60.0)
    before = site.ask("system", "get")["phase_assignment"]
    site.advance(65.0)
    shown = result(site)
    assert (shown["running"], shown["proposal"]) == (False, wiring)
    assert before == "L1-L2-L3"  # nothing was changed
    if wiring is not PhaseAssignment.L1_L2_L3:
        assert limit_a(site) <= 10.0  # the clamps do not show the vehicle where they should
        site.ask("system", "set", {"changes": {"phase_assignment": wiring}})
    site.advance(120.0)
    assert limit_a(site) > 10.0


@pytest.mark.req("MET-4")
def test_loads_of_two_phases_show_the_order_of_a_vehicle_that_draws_alike(tmp_path: Path) -> None:
    site = box(tmp_path, PhaseAssignment.L2_L3_L1)
    charge(site)
    site.ask("load_manager", "find_phases")
    for one_a, two_a in ((2, 2), (12, 2), (12, 9), (2, 9)) * 3:
        site.act("house", {"current_a": [one_a, two_a, 2]})
        site.advance(10.0)
    shown = result(site)
    assert shown["proposal"] == "L2-L3-L1", shown


def test_a_measurement_needs_a_vehicle_that_charges(tmp_path: Path) -> None:
    site = box(tmp_path, PhaseAssignment.L1_L2_L3)
    why = site.refused("load_manager", "find_phases", {})
    assert why.startswith("No vehicle is charging")
    assert site.refused("load_manager", "find_phases", {"action": "show"}).startswith("No phase")


def test_a_restart_of_the_node_ends_the_measurement(tmp_path: Path) -> None:
    site = box(tmp_path, PhaseAssignment.L1_L2_L3, ONE_PHASE)
    charge(site)
    site.ask("load_manager", "find_phases")
    site.advance(20.0)
    site.restart("load_manager")
    site.advance(5.0)
    assert site.refused("load_manager", "find_phases", {"action": "show"}).startswith("No phase")
    assert site.currents_a[0] > 4.0
