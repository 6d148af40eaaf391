"""The safety record of a whole box: what happens to the contactor and its monitor is in it."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from bus.disk import Refusal
from nodes.system.record_store import COUNTS_FILE, RECORD_FILE
from tests.box import Box

SETTLED_S = 5.0  # after this all is on the disk


def record(box: Box) -> dict[str, Any]:
    found: dict[str, Any] = box.ask("system", "safety_record")
    return found


def counts(box: Box) -> dict[str, Any]:
    found: dict[str, Any] = record(box)["status"]["counts"]
    return found


def charge(box: Box) -> None:
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(SETTLED_S)


def test_a_charge_is_one_self_test_one_closing_and_one_opening(tmp_path: Path) -> None:
    box = Box(tmp_path)
    assert counts(box)["tests"] == counts(box)["closings"] == 0
    charge(box)
    assert (counts(box)["tests"], counts(box)["closings"], counts(box)["openings"]) == (1, 1, 0)
    box.act("unplug")
    box.advance(SETTLED_S)
    found = record(box)
    assert (counts(box)["openings"], counts(box)["openings_under_load"]) == (1, 0)
    (test,) = found["tests"]
    assert test["outcome"] == "passed"
    assert 20.0 < test["active_ms"] < 740.0
    assert 0.0 < test["idle_ms"] < 2160.0
    assert 0.5 < test["earth_ohm"] < 1.5  # of plant
    (day,) = found["days"]
    assert 20.0 <= day["closing_ms"] <= 50.0
    assert 10.0 <= day["opening_ms"] <= 40.0
    assert found["openings"] == []


def test_a_plug_that_is_pulled_is_an_opening_under_load_with_its_current(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    drawn_a = max(box.currents_a)
    box.act("pull")
    box.advance(1.0)
    (opening,) = record(box)["openings"]
    assert opening["current_a"] == pytest.approx(drawn_a, rel=0.05)
    assert counts(box)["openings_under_load"] == 1
    assert counts(box)["most_a"] == opening["current_a"]


def test_a_vehicle_that_ignores_the_stop_is_cut_off_under_load(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.act("fault", {"name": "ignores_x1"})
    box.send("session", "end", {"reason": "test"})
    box.advance(10.0)
    (opening,) = record(box)["openings"]
    assert opening["current_a"] > 5.0
    assert opening["took_ms"] is not None


def test_a_weld_is_an_opening_that_is_not_proven(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.act("fault", {"name": "weld"})
    box.act("pull")
    box.advance(3.0)
    assert box.contactor == "welded"
    assert (counts(box)["closings"], counts(box)["openings"]) == (1, 1)
    assert record(box)["openings"][0]["took_ms"] is None


def test_a_contactor_that_does_not_close_is_seen(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.act("fault", {"name": "no_close"})
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.faults == ["8001"])
    assert counts(box)["failed_closings"] == 1


def test_a_self_test_that_fails_is_in_the_record(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.act("fault", {"name": "rcm_test"})
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.faults == ["8005"])
    (test,) = record(box)["tests"]
    assert test["outcome"] == "no_answer"
    assert (counts(box)["tests"], counts(box)["failed_tests"]) == (1, 1)


def test_a_killed_keeper_misses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.kill("system")
    box.act("unplug")
    box.advance(5.0)
    charge(box)
    box.start("system")
    box.advance(1.0)
    assert (counts(box)["tests"], counts(box)["closings"], counts(box)["openings"]) == (2, 2, 1)
    box.crash("system", 1.0)
    box.advance(1.0)
    assert (counts(box)["tests"], counts(box)["closings"], counts(box)["openings"]) == (2, 2, 1)
    assert [each["number"] for each in record(box)["tests"]] == [2, 1]


def test_a_killed_safety_has_opened_unseen(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.crash("safety", 0.5)
    box.advance(15.0)
    assert (counts(box)["closings"], counts(box)["openings"]) == (2, 1)
    assert record(box)["status"]["unseen_openings"] == 1


def test_a_loss_of_power_keeps_the_counts_and_the_opening_was_not_seen(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    before = record(box)
    box.lose_power(60.0)
    box.advance(2.0)
    after = record(box)
    assert after["status"]["counts"]["closings"] == before["status"]["counts"]["closings"]
    assert after["status"]["counts"]["openings"] == 1
    assert after["status"]["unseen_openings"] == 1
    assert after["tests"][-1] == before["tests"][-1]
    assert after["status"]["stored"] == "current"


def test_an_ordered_restart_loses_no_operation(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.restart_all()
    box.advance(2.0)
    status = record(box)["status"]
    assert (status["counts"]["closings"], status["counts"]["openings"]) == (1, 1)


def test_a_new_contactor_is_counted_from_0_after_a_loss_of_power_as_well(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.act("unplug")
    box.advance(SETTLED_S)
    box.ask("system", "renew", {"part": "contactor"})
    box.lose_power(10.0)  # at once: it is on the disk when it is answered
    status = record(box)["status"]
    assert (status["operations"], status["counts"]["closings"]) == (0, 1)
    assert status["contactor_utc_ns"] > 0
    charge(box)
    assert record(box)["status"]["operations"] == 1


def test_a_new_contactor_that_the_disk_refuses_is_none(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.refuse_writes(Refusal.ALL)
    assert box.refused("system", "renew", {"part": "contactor"}).startswith("Nothing was changed:")
    box.refuse_writes(None)
    assert record(box)["status"]["operations"] == 1


def test_a_read_only_disk_is_shown_and_what_was_counted_is_stored_later(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.advance(SETTLED_S)
    box.refuse_writes(Refusal.ALL)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(SETTLED_S)
    assert "read-only" in record(box)["status"]["unstored"]
    box.refuse_writes(None)
    box.advance(10.0)
    assert record(box)["status"]["unstored"] == ""
    box.crash("system")
    box.advance(1.0)
    assert (counts(box)["tests"], counts(box)["closings"]) == (1, 1)


def test_a_full_disk_takes_the_counts(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.refuse_writes(Refusal.NEW_BLOCKS)
    box.act("pull")
    box.advance(SETTLED_S)
    for node in ("safety", "system"):
        box.kill(node)
    for node in ("safety", "system"):
        box.start(node)
    box.advance(1.0)
    assert (counts(box)["openings"], counts(box)["openings_under_load"]) == (1, 1)


def test_a_box_that_rests_writes_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.act("unplug")
    box.advance(SETTLED_S)
    files = [tmp_path / name for name in (COUNTS_FILE, RECORD_FILE)]
    before = [(each.read_bytes(), each.stat().st_mtime_ns) for each in files]
    box.advance(600.0)
    assert [(each.read_bytes(), each.stat().st_mtime_ns) for each in files] == before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_record_agrees_with_the_contacts_whatever_is_killed(tmp_path: Path, seed: int) -> None:
    box, chance = Box(tmp_path, seed=seed), Random(seed)
    for _ in range(12):
        charge(box)
        match chance.randrange(6):
            case 0:
                box.act("pull")
            case 1:
                box.crash("safety", chance.uniform(0.0, 2.0))
                box.advance(20.0)
            case 2:
                box.kill("system")
                box.act("pull")
                box.advance(chance.uniform(0.0, 5.0))
                box.start("system")
            case 3:
                box.crash("pilot", 3.0)
                box.advance(20.0)
            case 4:
                box.act("fault", {"name": "rcm_ac"})
                box.advance(1.0)
                box.act("clear", {"name": "rcm_ac"})
            case _:
                box.restart("system")
        if not box.is_out:
            box.act("unplug")
        box.advance(15.0)
    moves = [what for what, *_ in box.events]
    assert counts(box)["closings"] == moves.count("contacts_closed") >= 12
    assert counts(box)["openings"] == moves.count("contacts_open")
