"""The whole box on the drivers of the board, over the models of its chips, under virtual time.

Each fault of the table of faults is made in a charge: it has the code, the front, and the end that
docs/faults.md says, and the contacts open as fast. Then what survives the restart of a node.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from launch.plan_file import load_plan
from tests.board.board_box import PLAN, board_settings
from tests.box import Box
from tests.faults.cases import CASES, Case
from tests.faults.inject import inject

BOARD = board_settings()
ROOT = Path(__file__).parents[2]
ON_THE_BOARD = ("pilot", "safety", "rfid", "led", "meter")

# Beyond what the simulated drivers take: a look, the pulse stretcher of the load voltage, and a set
# of values of the meter chip.
SLOWER_S = 0.15

QUICK = ("pull", "cp_mid", "spi_stuck", "chip_dead", "rcm_ac")


class Row(NamedTuple):
    """What a line of docs/faults.md says."""

    seen: str
    code: str
    front: str
    contactor: str
    opens: str
    retries: str
    cleared: str


def rows() -> dict[str, Row]:
    """Return the lines for a fault in a charge, by its name."""
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([^|]+) \| [^|]+ \| charging \| (.+) \|$", text, re.MULTILINE)
    return {name: Row(*line.split(" | ")) for name, line in found}


def _seconds(text: str) -> float | None:
    found = re.fullmatch(r"(\d+\.\d+) s", text)
    return float(found[1]) if found else None


def marks(case: Case) -> list[pytest.MarkDecorator]:
    """Return the marks of a case: all but a few are in the longer run."""
    return [pytest.mark.req(case.req), *([] if case.name in QUICK else [pytest.mark.proof])]


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=marks(case), id=case.name) for case in CASES]
)
def test_a_fault_in_a_charge_does_what_the_table_says(case: Case, tmp_path: Path) -> None:
    cell, row = inject(case, "charging", tmp_path, *BOARD), rows()[case.name]
    seen = (cell.seen, cell.code, cell.front, cell.contactor, cell.retries, cell.cleared)
    assert seen == (row.seen, row.code, row.front, row.contactor, row.retries, row.cleared)
    took_s, expected_s = _seconds(cell.opens), _seconds(row.opens)
    if expected_s is None or took_s is None:
        assert cell.opens == row.opens
    else:
        assert expected_s - SLOWER_S <= took_s <= expected_s + SLOWER_S


# --- a charge ------------------------------------------------------------------------------------


def charging(tmp_path: Path, *settings: str) -> Box:
    box = Box(tmp_path, *BOARD, *settings)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(8.0)
    return box


def counted_wh(box: Box) -> float:
    return float(sum(line["imported_wh"] for line in box.said("sim/power")["lines"]))


@pytest.mark.req("CHG-1", "CHG-2", "RFID-1", "RFID-3")
def test_a_card_begins_a_charge_whose_energy_is_that_of_the_world(tmp_path: Path) -> None:
    box = Box(tmp_path, *BOARD, authorization="factory.authorization.required=true")
    uid = next(card["uid"] for card in box.ask("rfid", "cards")["cards"])
    box.act("plug")
    box.act("ready")
    box.advance(3.0)
    assert (box.contactor, box.faults) == ("open", [])
    box.act("tap", {"uid": uid})
    box.wait(lambda: box.is_drawing)
    box.advance(20.0)
    assert (box.contactor, box.state, box.faults) == ("closed", "Charging", [])
    assert box.said("rfid/status")["last_uid"] == uid
    assert box.front == "blue blue blue blue, blink"
    box.act("unplug")
    box.wait(lambda: box.is_out)
    box.advance(3.0)
    assert box.contactor == "open"
    [record] = box.sessions()
    assert record.token == uid
    assert record.energy_wh == pytest.approx(counted_wh(box), abs=0.1)


@pytest.mark.req("CHG-3")
@pytest.mark.parametrize("limit_a", [6.0, 16.0])
def test_the_duty_that_the_world_has_is_that_of_the_offer(tmp_path: Path, limit_a: float) -> None:
    box = charging(tmp_path)
    box.ask("session", "wish", {"limit_a": limit_a})
    box.advance(12.0)
    duty_percent = float(next(d for what, _, d in reversed(box.events) if what == "duty"))
    assert duty_percent == pytest.approx(limit_a / 0.6, abs=0.05)  # 5 us are 0.5 points
    assert box.said("pilot/status")["offered_a"] == pytest.approx(limit_a, abs=0.03)


# --- the restart table ---------------------------------------------------------------------------


NODES = ("rfid", "led", "system", "meter", "load_manager", "session", "pilot", "dcs", "smart_home")
CRASHES = ("meter", "pilot", "session", "rfid")  # in the short run; the others in the longer one


@pytest.mark.parametrize(
    ("node", "ends"),
    [
        pytest.param(
            node,
            ends,
            marks=[] if ends == "crash" and node in CRASHES else [pytest.mark.proof],
        )
        for node in NODES
        for ends in ("restart", "crash")
    ],
)
def test_a_node_that_starts_again_leaves_the_charge_as_it_is(
    tmp_path: Path, node: str, ends: str
) -> None:
    box = charging(tmp_path)
    before = len(box.events)
    if ends == "restart":
        box.restart(node)
    else:
        box.crash(node, dead_s=0.2)
    box.advance(12.0)
    events = box.events[before:]
    assert not any(what.startswith("contacts") for what, *_ in events)
    # Until the meters are heard again load_manager offers 10 A; nobody withdraws the offer.
    assert all(16.0 < float(detail) < 60.0 for what, _, detail in events if what == "duty")
    assert (box.contactor, box.faults) == ("closed", [])
    box.act("unplug")
    box.wait(lambda: box.is_out)
    box.advance(3.0)
    [record] = box.sessions()
    assert record.energy_wh == pytest.approx(counted_wh(box), abs=1.0)


def test_safety_opens_tests_and_closes_again(tmp_path: Path) -> None:
    box = charging(tmp_path)
    box.restart("safety")
    assert box.is_soon(lambda: box.contactor == "open", 7.0)
    box.wait(lambda: box.is_drawing)
    assert (box.contactor, box.faults, box.retries) == ("closed", [], 0)
    tests = [what for what, *_ in box.events if what == "residual"]
    assert len(tests) >= 2  # one for each closing


def test_safety_killed_in_a_charge_opens_by_the_hardware_watchdog(tmp_path: Path) -> None:
    box = charging(tmp_path)
    killed_s = box.now_s
    box.kill("safety")
    box.advance(3.0)
    assert 0.8 <= box.happened("contacts_open") - killed_s <= 1.2
    assert not box.is_drawing


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(0.05, marks=pytest.mark.proof),
        5.0,
        pytest.param(600.0, marks=pytest.mark.proof),
    ],
)
def test_a_loss_of_power_in_a_charge_is_survived(tmp_path: Path, seconds: float) -> None:
    box = charging(tmp_path)
    before_wh = box.said("session/status")["energy_wh"]
    box.lose_power(seconds)
    box.wait(lambda: box.is_drawing)
    box.advance(5.0)
    assert (box.contactor, box.faults) == ("closed", [])
    assert box.said("session/status")["energy_wh"] > before_wh - 60.0  # the register's last minute


def test_a_stop_of_all_leaves_the_contactor_open(tmp_path: Path) -> None:
    box = charging(tmp_path)
    box.stop()
    assert box.events[-1][0] != "contacts_closed"
    assert box.happened("contacts_open") > 0.0


# --- cards, and other disturbances ----------------------------------------------------------------


@pytest.mark.req("RFID-1", "RFID-3")
@pytest.mark.parametrize(
    ("uid", "others", "outcome"),
    [
        ("04AABBCCDDEE11", (), "This card is not in the list."),
        ("E00401500A0B0C0D", (), "This card is not in the list."),
        ("04AABBCC", ("04AABBCD",), "Present one card at a time."),
        ("04AABBCC", ("04AABBCCDDEE11", "04AABBCCDDEE12"), "Present one card at a time."),
        ("0405", (), "cannot be read"),
    ],
)
def test_cards_of_each_kind_have_their_answer(
    tmp_path: Path, uid: str, others: tuple[str, ...], outcome: str
) -> None:
    box = Box(tmp_path, *BOARD, authorization="factory.authorization.required=true")
    box.act("tap", {"uid": uid, "others": others, "seconds": 1.5})
    box.advance(2.5)
    status = box.said("rfid/status")
    assert outcome in status["detail"], status
    if not others and outcome.startswith("This card"):
        assert status["last_uid"] == uid


@pytest.mark.req("RFID-1")
def test_a_reader_that_dies_is_seen_and_comes_back(tmp_path: Path) -> None:
    box = Box(tmp_path, *BOARD, authorization="factory.authorization.required=true")
    box.act("fault", {"name": "reader_dead"})
    box.advance(3.0)
    assert any("the card reader does not answer" in line for line in box.lines)
    box.act("clear", {"name": "reader_dead"})
    box.advance(3.0)
    box.act("tap", {"uid": "04AABBCC", "seconds": 1.0})
    box.advance(2.0)
    assert box.said("rfid/status")["last_uid"] == "04AABBCC"


@pytest.mark.req("ERR-1")
def test_a_plug_that_is_pulled_in_the_self_test_is_fault_1(tmp_path: Path) -> None:
    box = Box(tmp_path, *BOARD)
    box.act("plug")
    box.wait(lambda: box.phase == "self_test")
    box.advance(0.3)
    box.act("pull")
    box.advance(0.5)
    assert (box.faults, box.contactor) == (["1"], "open")


@pytest.mark.req("MET-3")
def test_a_house_meter_that_is_lost_lowers_the_duty(tmp_path: Path) -> None:
    box = charging(tmp_path)
    box.act("fault", {"name": "meter_lost"})
    box.advance(30.0)
    assert (box.said("pilot/status")["offered_a"], box.contactor) == (
        pytest.approx(10.0, abs=0.03),
        "closed",
    )


def test_noise_of_the_converter_causes_nothing(tmp_path: Path) -> None:
    box = charging(tmp_path, "plant.noise_lsb=1.5")
    before = len(box.events)
    box.advance(15.0)
    moved = {what for what, *_ in box.events[before:]}
    assert moved.isdisjoint({"contacts_open", "coil_off", "duty"})
    assert (box.contactor, box.faults) == ("closed", [])


@pytest.mark.parametrize("ahead_s", [7200.0, pytest.param(-7200.0, marks=pytest.mark.proof)])
def test_a_clock_that_is_set_changes_nothing(tmp_path: Path, ahead_s: float) -> None:
    box = charging(tmp_path)
    before = len(box.events)
    box.set_utc(ahead_s)
    box.advance(10.0)
    assert not any(what.startswith(("contacts", "duty")) for what, *_ in box.events[before:])
    assert box.contactor == "closed"


@pytest.mark.parametrize("node", ["safety", "pilot"])
def test_a_node_that_hangs_with_the_contactor_closed_ends_the_charge(
    tmp_path: Path, node: str
) -> None:
    """safety: no edges, 1 s; pilot: its silence, 1 s."""
    box = charging(tmp_path)
    hung_s = box.now_s
    box.suspend(node)
    box.advance(3.0)
    assert 0.8 <= box.happened("contacts_open") - hung_s <= 1.3
    assert not box.is_drawing


# --- what is loaded ------------------------------------------------------------------------------


@pytest.mark.parametrize("node", ON_THE_BOARD)
def test_no_simulated_driver_is_loaded(node: str) -> None:
    """A node of the board simulation is loaded as its process does it; its modules are listed."""
    script = f"""
import sys
from launch.loading import load_node
from launch.plan_file import load_plan
from pathlib import Path
load_node(load_plan(Path({str(PLAN)!r})).entry({node!r}))
print(" ".join(name for name in sys.modules if name.startswith("nodes.")))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    modules = ran.stdout.split()
    assert [name for name in modules if name.endswith("_sim")] == []
    assert [name for name in modules if name.endswith("_board")] != []


def test_the_plans_of_board_and_of_simulation_have_the_same_drivers() -> None:
    """What the models run is what a Raspberry Pi runs: the module of each device is the same."""
    board = load_plan(ROOT / "launch" / "raspberry_pi.toml")
    simulation = load_plan(PLAN)
    for node in ON_THE_BOARD:
        on_board = {key: one.module for key, one in board.node(node).drivers.items()}
        simulated = {key: one.module for key, one in simulation.node(node).drivers.items()}
        assert on_board == simulated, node
