"""The whole box on a board that is broken itself: nothing is switched on that cannot be judged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.board import reference
from tests.board import broken_io
from tests.board.board_box import board_settings
from tests.box import Box

BROKEN = board_settings(broken_io.MODULE)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    broken_io.bits.update(set=0, cleared=0)
    broken_io.plus_v[0] = 12.0


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize("plus_v", [9.4, 8.0])
def test_a_vehicle_that_does_not_ask_is_never_switched_on(tmp_path: Path, plus_v: float) -> None:
    """With +12 V at 9.4 V its state B would read as C."""
    box = Box(tmp_path, *BROKEN)
    box.act("plug")
    box.advance(5.0)
    broken_io.plus_v[0] = plus_v
    assert not box.is_soon(lambda: box.contactor == "closed", 10.0)
    assert box.faults == ["8"]


@pytest.mark.req("ERR-8")
def test_with_nothing_plugged_in_nothing_is_switched_on(tmp_path: Path) -> None:
    """With +12 V at 7 V the open line would read as C."""
    box = Box(tmp_path, *BROKEN)
    broken_io.plus_v[0] = 7.0
    assert not box.is_soon(lambda: box.contactor == "closed", 10.0)
    assert box.faults == ["8"]


@pytest.mark.req("ERR-8")
def test_a_supply_that_sags_in_a_charge_opens_at_once(tmp_path: Path) -> None:
    box = Box(tmp_path, *BROKEN)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    began_s = box.now_s
    broken_io.plus_v[0] = 10.5
    box.advance(1.5)
    assert box.happened("contacts_open") - began_s < 0.1
    broken_io.plus_v[0] = 12.0
    box.wait(lambda: box.is_drawing)
    assert box.faults == []


@pytest.mark.req("ERR-8005", "ERR-RED", "ERR-8")
@pytest.mark.parametrize(
    ("stuck", "fault"),
    [
        ({"set": reference.RESIDUAL_OK_BIT}, "8005"),  # the monitor's wire to the gates is cut
        ({"cleared": reference.SUPPLY_OK_BIT}, "8"),
        ({"cleared": reference.EARTH_OK_BIT}, "red"),
    ],
)
def test_a_protection_that_says_it_is_not_well_lets_nothing_close(
    tmp_path: Path, stuck: dict[str, int], fault: str
) -> None:
    broken_io.bits.update(stuck)
    box = Box(tmp_path, *BROKEN)
    box.act("plug")
    box.act("ready")
    assert not box.is_soon(lambda: box.contactor == "closed", 12.0)
    assert fault in box.faults


@pytest.mark.req("ERR-8007", "ERR-P")
def test_a_crash_clears_no_fault_that_the_mains_have_not_cleared(tmp_path: Path) -> None:
    """The power-on flag is cleared while the fault is latched: a crash is no return of mains."""
    box = Box(tmp_path, *BROKEN)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.act("fault", {"name": "mirror_dead"})
    box.act("unplug")
    box.wait(lambda: "8007" in box.faults)
    box.lose_power(5.0)  # it is judged afresh, and the fault is still there
    box.wait(lambda: "8007" in box.faults)
    box.advance(3.0)
    box.act("clear", {"name": "mirror_dead"})
    box.crash("safety", dead_s=0.5)
    box.advance(5.0)
    assert "8007" in box.faults
