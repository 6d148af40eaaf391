"""The meter chip of the whole simulated box: frozen in a charge, and sound for hours."""

from pathlib import Path

import pytest

from msgs.plant import SimFault
from tests.box import Box


def charge(box: Box, limit_a: float | None = None) -> None:
    box.act("plug")
    box.act("ready")
    if limit_a is not None:
        box.ask("session", "wish", {"limit_a": limit_a})
    box.wait(lambda: box.is_drawing)
    box.advance(10.0)


@pytest.mark.req("ERR-8002", "ERR-4003")
@pytest.mark.parametrize("unseen", [SimFault.OVERCURRENT, SimFault.SAG, SimFault.SWELL, None])
def test_what_a_frozen_chip_would_hide_flows_for_5_s_at_most(
    unseen: SimFault | None, tmp_path: Path
) -> None:
    box = Box(tmp_path)
    charge(box, 16.0)
    session_id = box.session_id
    box.act("fault", {"name": SimFault.CHIP_FROZEN})
    began_s = box.now_s
    if unseen is not None:
        box.act("fault", {"name": unseen})
    box.advance(5.5)
    assert (box.faults, box.contactor) == (["8002"], "open")
    assert box.happened("contacts_open") - began_s == pytest.approx(5.0, abs=0.2)
    box.advance(120.0)
    assert (box.faults, box.contactor) == (["8002"], "open")
    if unseen is not None:
        box.act("clear", {"name": unseen})
    box.act("clear", {"name": SimFault.CHIP_FROZEN})
    box.advance(31.0)  # the mains have to be known and stable for 30 s
    box.wait(lambda: box.is_drawing)
    assert (box.faults, box.session_id, box.retries) == ([], session_id, 1)


@pytest.mark.req("ERR-8002")
def test_a_frozen_chip_is_8002_for_the_next_vehicle_as_well(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.act("fault", {"name": SimFault.CHIP_FROZEN})
    box.advance(6.0)
    box.act("unplug")
    box.advance(10.0)
    assert box.faults == ["8002"]
    box.act("plug")
    box.act("ready")
    box.advance(30.0)
    assert (box.faults, box.contactor) == (["8002"], "open")


@pytest.mark.req("ERR-8002", "ERR-8007")
@pytest.mark.parametrize("before_s", [0.0, 0.05, 1.0, 4.0])
def test_a_chip_that_freezes_before_the_vehicle_stops_is_8002_and_not_8007(
    before_s: float, tmp_path: Path
) -> None:
    box = Box(tmp_path)
    charge(box)
    box.act("fault", {"name": SimFault.CHIP_FROZEN})
    box.advance(before_s)
    box.act("full")
    box.wait(lambda: box.contactor == "open")
    box.advance(30.0)
    assert box.faults == ["8002"]


@pytest.mark.timeout(600)  # takes up to 60 s of processor time
@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("limit_a", [6.0, 16.0, 32.0])
@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("seconds", [30.0, pytest.param(3600.0, marks=pytest.mark.proof)])
def test_an_hour_of_charging_has_no_frozen_chip(
    seconds: float, phases: int, limit_a: float, tmp_path: Path
) -> None:
    box = Box(tmp_path, f"plant.vehicle_phases={phases}")
    charge(box, limit_a)
    box.advance(seconds)
    assert max(box.currents_a) == pytest.approx(limit_a - 0.3, abs=0.2)
    assert (box.faults, box.retries) == ([], 0)
    assert [what for what, *_ in box.events].count("contacts_open") == 0
