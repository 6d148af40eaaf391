"""What the whole simulated box does about mains, phases, switches and modes."""

import random
from pathlib import Path

import pytest

from launch.loading import ConfigurationError
from msgs.plant import SimFault
from tests.box import Box
from tests.disk import ChangingDirectory


def charge(box: Box) -> None:
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(2.0)


@pytest.mark.req("CHG-1", "ERR-P")
@pytest.mark.parametrize("without_mains_s", [0.05, 5.0, 600.0])
def test_the_same_plug_charges_on_in_the_same_session_when_the_mains_are_back(
    without_mains_s: float, tmp_path: Path
) -> None:
    box = Box(tmp_path)
    charge(box)
    session_id = box.session_id
    box.act("power", {"on": False})
    box.advance(without_mains_s)
    box.act("power", {"on": True})
    count = len(box.events)
    box.wait(lambda: box.is_drawing)
    assert "residual" in [what for what, *_ in box.events[count:]]  # tested again
    assert (box.session_id, box.retries, box.faults) == (session_id, 0, [])


def test_a_box_without_mains_publishes_so_and_has_no_fault(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    box.act("power", {"on": False})
    box.advance(30.0)
    assert box.faults == []
    assert box.state == "RecoverFromError"
    assert "mains" in box.reason


def test_a_plug_that_was_pulled_without_mains_ends_the_session_by_power_loss(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    charge(box)
    session_id = box.session_id
    box.act("power", {"on": False})
    box.advance(5.0)
    box.act("pull")
    box.advance(5.0)
    box.act("power", {"on": True})
    box.advance(5.0)
    record = box.sessions()[0]
    assert (record.session_id, record.end_reason) == (session_id, "power_loss")
    assert box.faults == []


@pytest.mark.req("ERR-P")
def test_the_wait_after_a_power_cut_is_random_and_no_longer_than_it_is_set(
    tmp_path: Path,
) -> None:
    waits_s = []
    for number in range(4):
        box = Box(tmp_path / str(number), "safety.jitter_s=30", seed=number)
        charge(box)
        box.act("power", {"on": False})
        box.advance(2.0)
        box.act("power", {"on": True})
        back_s = box.now_s
        assert box.is_soon(lambda box=box: box.phase == "self_test", 31.0)  # type: ignore[misc]
        waits_s.append(box.now_s - back_s)
    assert max(waits_s) - min(waits_s) > 1.0
    assert max(waits_s) <= 30.1


@pytest.mark.req("MET-4")
@pytest.mark.parametrize("line", ["L1", "L2", "L3"])
def test_an_installation_with_one_phase_charges_on_it(line: str, tmp_path: Path) -> None:
    box = Box(tmp_path, "plant.phases=1", f"settings.phase_assignment={line}")
    assert box.wired_phases == [True, False, False]
    charge(box)
    assert [current_a > 1.0 for current_a in box.currents_a] == [True, False, False]
    box.restart("safety")
    box.wait(lambda: box.is_drawing)
    box.advance(60.0)
    assert box.faults == []


@pytest.mark.req("MET-1", "MET-4")
def test_an_assignment_that_contradicts_the_wired_phases_is_published_and_loads_no_phase_more(
    tmp_path: Path,
) -> None:
    house = "plant.house_a=[2.0, 20.0, 2.0]"
    box = Box(tmp_path, "settings.phase_assignment=L1", house)
    charge(box)
    box.advance(20.0)
    offer = box.said("load/offer")
    assert offer["limit_a"] == pytest.approx(35.0 - 0.5 - 20.0, abs=0.3)
    assert "The phase assignment L1 does not fit the phases that are wired" in offer["detail"]


@pytest.mark.req("MET-4")
def test_no_parameter_says_which_phases_are_wired(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="phases"):
        Box(tmp_path, "load_manager.phases=L1")


@pytest.mark.req("ERR-8002")
def test_a_phase_that_is_lost_in_an_idle_box_is_8002_until_it_is_back(tmp_path: Path) -> None:
    box = Box(tmp_path)
    assert box.wired_phases == [True, True, True]
    box.act("fault", {"name": SimFault.PHASE_LOST})
    box.advance(2.0)
    assert box.faults == ["8002"]
    box.act("clear", {"name": SimFault.PHASE_LOST})
    box.advance(40.0)
    assert box.faults == []
    charge(box)
    assert all(current_a > 1.0 for current_a in box.currents_a)


@pytest.mark.req("ERR-8002", "ERR-R")
@pytest.mark.parametrize("after_s", [0.5, 5.0])
def test_a_phase_that_is_lost_in_a_charge_is_8002_over_a_restart_of_safety(
    after_s: float, tmp_path: Path
) -> None:
    box = Box(tmp_path)
    charge(box)
    session_id = box.session_id
    box.act("fault", {"name": SimFault.PHASE_LOST})
    box.advance(after_s)
    box.restart("safety")
    box.advance(60.0)
    assert (box.contactor, box.faults) == ("open", ["8002"])
    assert box.wired_phases == [True, True, True]
    box.act("clear", {"name": SimFault.PHASE_LOST})
    box.advance(31.0)  # the mains have to be stable for 30 s
    box.wait(lambda: box.is_drawing)
    assert (box.session_id, box.faults) == (session_id, [])


@pytest.mark.req("ERR-8002", "ERR-P")
def test_a_phase_that_is_missing_when_the_mains_come_on_is_not_wired_until_it_appears(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    box.act("power", {"on": False})
    box.act("fault", {"name": SimFault.PHASE_LOST})
    box.restart("safety")  # it has died with the mains
    box.advance(2.0)
    box.act("power", {"on": True})
    box.advance(2.0)
    assert (box.faults, box.wired_phases) == ([], [True, False, True])
    charge(box)
    assert box.faults == []
    box.act("clear", {"name": SimFault.PHASE_LOST})
    box.advance(2.0)
    assert (box.faults, box.wired_phases) == ([], [True, True, True])
    box.act("fault", {"name": SimFault.PHASE_LOST})
    box.advance(2.0)
    assert (box.contactor, box.faults) == ("open", ["8002"])


@pytest.mark.req("ERR-8002", "ERR-P")
def test_a_box_that_runs_through_a_power_cut_learns_no_phase_from_it(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.act("power", {"on": False})
    box.advance(600.0)
    assert (box.faults, box.wired_phases) == ([], [True, True, True])
    box.act("fault", {"name": SimFault.PHASE_LOST})
    box.act("power", {"on": True})
    box.advance(2.0)
    assert box.faults == ["8002"]


@pytest.mark.req("STA-4", "LED-7")
def test_commissioning_by_dsw2_8_keeps_the_contactor_open(tmp_path: Path) -> None:
    box = Box(tmp_path, "plant.dip2=1")
    box.act("plug")
    box.act("ready")
    box.advance(60.0)
    assert (box.contactor, box.state) == ("open", "ServiceMode")
    assert box.front == "off orange orange off, steady"


@pytest.mark.req("STA-2")
def test_in_showroom_mode_everything_works_but_charging(tmp_path: Path) -> None:
    box = Box(tmp_path, "safety.showroom=true")
    assert box.state == "Idle"
    box.act("plug")
    box.act("ready")
    box.advance(60.0)
    assert (box.contactor, box.state, box.session_id) == ("open", "ReadyForCharging", "")
    assert "Showroom" in box.reason
    assert box.front == "blue blue blue blue, steady"
    box.act("fault", {"name": "pe_open"})
    box.advance(3.0)
    assert box.faults == ["red"]


@pytest.mark.req("CHG-3")
@pytest.mark.parametrize("dip_a", [10, 13, 16, 20, 25, 32])
def test_the_switches_are_what_is_offered_at_most(dip_a: int, tmp_path: Path) -> None:
    box = Box(tmp_path, f"plant.dip_a={dip_a}")
    charge(box)
    box.advance(10.0)
    assert max(box.currents_a) == pytest.approx(dip_a - 0.3, abs=0.11)


@pytest.mark.req("ERR-R", "ERR-8")
def test_after_five_retries_a_fault_holds_until_the_plug_is_out(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charge(box)
    for retry in range(5):
        box.act("fault", {"name": "cp_mid"})
        box.advance(1.0)
        assert (box.faults, box.retries) == (["8"], retry)
        box.act("clear", {"name": "cp_mid"})
        assert box.is_soon(lambda: not box.faults, 301.0)
        assert box.retries == retry + 1
        box.wait(lambda: box.is_drawing)
    box.act("fault", {"name": "cp_mid"})
    box.advance(1.0)
    box.act("clear", {"name": "cp_mid"})
    box.advance(1000.0)
    assert (box.faults, box.state) == (["8"], "UnrecoverableError")
    box.act("pull")
    box.advance(2.0)
    assert (box.faults, box.state, box.retries) == ([], "Idle", 0)


def ends_all_red(box: Box) -> None:
    """A charge ends with a weld."""
    charge(box)
    box.act("fault", {"name": SimFault.WELD})
    box.act("unplug")
    box.wait(lambda: box.faults == ["red"])
    box.advance(0.5)


def asks_in_vain(box: Box, seconds: float = 20.0) -> None:
    """The next vehicle is not charged, and the front stays all red."""
    box.act("plug")
    box.act("ready")
    closings = [what for what, *_ in box.events].count("coil_on")
    box.advance(seconds)
    assert [what for what, *_ in box.events].count("coil_on") == closings
    assert box.faults == ["red"]
    assert box.front == "red red red red, steady"
    box.act("pull")
    box.advance(2.0)


@pytest.mark.req("ERR-RED")
def test_all_red_of_a_weld_that_comes_loose_holds_over_any_number_of_crashes(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    ends_all_red(box)
    box.act("clear", {"name": SimFault.WELD})
    for _ in range(6):
        box.crash("safety")
        box.advance(3.0)
        asks_in_vain(box)
    box.restart("safety")
    box.advance(3.0)
    asks_in_vain(box)


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("seed", range(4))
def test_no_crash_around_a_weld_forgets_that_it_is_all_red(seed: int, tmp_path: Path) -> None:
    crash_around_a_weld(seed, tmp_path)


@pytest.mark.proof
@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("seed", range(100, 300))
def test_no_crash_of_many_around_a_weld_forgets_that_it_is_all_red(
    seed: int, tmp_path: Path
) -> None:
    crash_around_a_weld(seed, tmp_path)


def crash_around_a_weld(seed: int, state_dir: Path) -> None:
    """Kill safety at random instants while a charge ends with a weld, which then comes loose."""
    chance = random.Random(seed)
    box = Box(state_dir, seed=seed)
    charge(box)
    box.act("fault", {"name": SimFault.WELD})
    box.act("unplug")
    box.advance(chance.uniform(0.0, 3.0))
    for _ in range(chance.randrange(0, 4)):
        box.crash("safety", chance.uniform(0.0, 1.5))
        box.advance(chance.uniform(0.0, 2.5))
    box.wait(lambda: box.faults == ["red"])
    box.advance(chance.uniform(0.05, 1.0))  # it is on its way to the disk
    box.act("clear", {"name": SimFault.WELD})
    box.advance(chance.uniform(0.0, 1.0))
    for _ in range(chance.randrange(1, 4)):
        box.crash("safety")
        box.advance(chance.uniform(0.0, 4.0))
    box.advance(2.0)
    asks_in_vain(box, 10.0)


@pytest.mark.req("ERR-RED", "PAN-5")
def test_one_restart_of_the_box_that_a_person_asked_for_ends_all_red(tmp_path: Path) -> None:
    box = Box(tmp_path)
    ends_all_red(box)
    box.act("clear", {"name": SimFault.WELD})
    box.advance(1.0)
    box.ask("system", "restart", {"reason": "the page"})
    assert box.restart_if_asked()
    box.wait(lambda: not box.faults)
    charge(box)
    box.crash("safety")
    box.advance(5.0)
    assert box.faults == []


@pytest.mark.req("ERR-RED")
def test_a_new_launch_that_nobody_asked_for_leaves_all_red(tmp_path: Path) -> None:
    box = Box(tmp_path)
    ends_all_red(box)
    box.stop()
    box = Box(tmp_path)  # a new world, in which the contactor is sound
    asks_in_vain(box)


@pytest.mark.req("ERR-RED", "LED-9")
def test_a_box_that_is_all_red_shows_it_while_safety_is_dead(tmp_path: Path) -> None:
    box = Box(tmp_path)
    ends_all_red(box)
    count = len(box.fronts)
    box.crash("safety", 60.0)
    box.advance(10.0)
    assert box.fronts[count:] == []
    assert box.front == "red red red red, steady"


@pytest.mark.req("ERR-8007")
def test_8007_outlives_the_whole_graph(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.act("fault", {"name": "mirror_dead"})
    box.wait(lambda: box.faults == ["8007"])
    box.advance(1.0)
    box.stop()
    box = Box(tmp_path)  # a new world, in which the contactor is sound
    assert box.faults == ["8007"]
    box.act("plug")
    box.act("ready")
    box.advance(60.0)
    assert (box.faults, box.contactor, box.state) == (["8007"], "open", "UnrecoverableError")
    box.act("power", {"on": False})
    box.advance(5.0)
    box.act("power", {"on": True})
    box.wait(lambda: box.is_drawing)
    assert box.faults == []
    box.stop()
    assert Box(tmp_path).faults == []


@pytest.mark.req("ERR-8007")
def test_8007_outlives_a_crash_though_the_state_directory_refuses(tmp_path: Path) -> None:
    directory = ChangingDirectory(tmp_path)
    box = Box(directory.path)
    directory.refuse()
    box.kill("safety")
    box.start("safety")
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.act("fault", {"name": "mirror_dead"})
    box.act("unplug")
    box.wait(lambda: box.faults == ["8007"])
    box.act("clear", {"name": "mirror_dead"})
    for _ in range(3):
        box.advance(2.0)
        box.kill("safety")
        box.start("safety")
        box.advance(5.0)
        assert (box.faults, box.contactor) == (["8007"], "open")
    directory.accept()
    box.advance(6.0)
    box.kill("safety")
    box.start("safety")
    box.advance(5.0)
    assert box.faults == ["8007"]


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("damaged", [".previous", ""])
def test_8007_outlives_damage_to_either_generation_of_its_file(
    tmp_path: Path, damaged: str
) -> None:
    box = Box(tmp_path)
    box.act("fault", {"name": "mirror_dead"})
    box.wait(lambda: box.faults == ["8007"])
    box.advance(1.0)
    box.stop()
    (tmp_path / f"safety-latch.json{damaged}").write_bytes(b"\0" * 100)
    assert Box(tmp_path).faults == ["8007"]


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"latch": 5}',
        b'{"\xff": 1}',
        b"\x00" * 100,
        b'{"latch": {"since_utc_ns": 5, "detail": "of an older version"}}',
        b'{"latches": [{"since_utc_ns": 5, "detail": "of an older version"}]}',
        b'{"latches": [{"since_utc_ns": 5, "finding": {"code": "1", "cause": "earth"}}]}',
    ],
)
def test_a_latch_that_cannot_be_read_holds(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "safety-latch.json").write_bytes(content)
    box = Box(tmp_path)
    assert box.faults == ["8007"]
    box.act("power", {"on": False})
    box.advance(5.0)
    box.act("power", {"on": True})
    box.wait(lambda: not box.faults)
    box.stop()
    assert Box(tmp_path).faults == []
