"""The scenes of the simulated world, played on a whole box: each shows what it promises."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bus.generations import read_valid_or_raise
from msgs.label import LABEL_FILE, Label
from msgs.led import LedFrame
from msgs.methods import ACTS
from msgs.plant import VehicleState, WorldStatus
from msgs.session import SessionStatus
from tests.card_box import CardBox
from tests.web.conftest import LABEL
from web.panel import PanelNow, panel_now
from web.scenes import Scene, SceneStep, scenes_of

SHOWN_WITHIN_S = 6.0  # as js/scenes.js waits
LOOK_S = 0.5
KEYS = [scene.key for scene in scenes_of(LABEL)]


class Stage:
    """A box, and what plays scenes on it as the page does."""

    def __init__(self, folder: Path) -> None:
        self.box = CardBox(folder)
        label = read_valid_or_raise(folder / LABEL_FILE, Label)
        assert label is not None
        self._label = label
        self.scenes = {scene.key: scene for scene in scenes_of(label)}

    @property
    def world(self) -> WorldStatus:
        return msgspec.convert(self.box.ask("plant", "status"), WorldStatus)

    @property
    def now(self) -> PanelNow:
        session = msgspec.convert(self.box.said("session/status"), SessionStatus)
        front = msgspec.convert(self.box.said("led/frame"), LedFrame)
        now = panel_now(self.world, session, front, self._label)
        assert now is not None
        return now

    def offers(self, key: str) -> bool:
        return f"scene_{key}" not in self.now.reasons

    def play(self, key: str) -> None:
        assert self.offers(key), self.now.reasons[f"scene_{key}"]
        done = self.now.done
        for step in self.scenes[key].steps:
            if step.wait_s > 0.0 or step.key not in done:
                self._take(step)

    def _take(self, step: SceneStep) -> None:
        self.box.advance(step.wait_s)
        self.box.act(step.act.name, msgspec.to_builtins(step.arguments))
        if not step.key:
            self.box.advance(LOOK_S)
            return
        for _ in range(round(SHOWN_WITHIN_S / LOOK_S)):
            self.box.advance(LOOK_S)
            if step.key in self.now.done:
                return
        pytest.fail(f"{step.text}: {step.key} is not done")

    def sees(self, holds: Callable[[], bool], within_s: float = 30.0) -> None:
        assert self.box.is_soon(holds, within_s), (self.box.state, self.box.front, self.box.faults)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def charging(stage: Stage) -> Stage:
    stage.play("charge_now")
    stage.sees(lambda: stage.box.is_drawing)
    return stage


def offered_a(stage: Stage) -> float:
    return float(stage.box.said("load/offer")["limit_a"])


def test_charge_now_charges_also_without_mains_at_first(stage: Stage) -> None:
    stage.box.act("power", {"on": False})
    stage.box.advance(2.0)
    stage.play("charge_now")
    stage.sees(lambda: stage.box.is_drawing, 180.0)  # the mains are back: a random wait
    assert not stage.offers("charge_now")
    assert "ready" in stage.now.done


def test_kettle_takes_current_from_the_vehicle_and_gives_it_back(charging: Stage) -> None:
    charging.sees(lambda: offered_a(charging) > 20.0, 60.0)
    seen: list[float] = []
    charging.box.join("watcher").every(1.0, lambda: seen.append(offered_a(charging)))
    charging.play("kettle")
    assert min(seen) < 10.0
    assert "house_quiet" in charging.now.done
    charging.sees(lambda: offered_a(charging) > 20.0, 60.0)


def test_clouds_end_with_the_sun(stage: Stage) -> None:
    stage.play("clouds")
    assert stage.world.sun_w == 9000.0


@pytest.mark.req("ERR-1")
def test_a_pulled_plug_in_a_charge_is_fault_1(charging: Stage) -> None:
    charging.play("pull")
    charging.sees(lambda: charging.box.faults == ["1"], 5.0)
    assert not charging.offers("pull")
    assert not charging.offers("drive_away")


def test_drive_away_leaves_no_fault(charging: Stage) -> None:
    charging.play("drive_away")
    assert charging.world.vehicle is VehicleState.AWAY
    assert charging.box.faults == []


def test_a_charge_goes_on_after_a_power_cut(charging: Stage) -> None:
    charging.play("power_cut")
    charging.sees(lambda: charging.box.is_drawing, 180.0)


@pytest.mark.req("LED-4", "MET-3")
def test_lost_meter_is_seen_and_comes_back(charging: Stage) -> None:
    charging.play("meter_lost")
    assert "orange orange off off, blink" in charging.box.fronts
    charging.sees(lambda: charging.box.front == "blue blue blue blue, blink", 60.0)


@pytest.mark.req("RFID-3")
def test_an_unknown_card_is_refused(stage: Stage) -> None:
    stage.play("unknown_card")
    stage.sees(lambda: stage.box.light("rfid") == "red steady", 3.0)


@pytest.mark.req("ERR-8005")
def test_water_in_the_plug_is_fault_8005_and_passes(charging: Stage) -> None:
    charging.play("water")
    assert charging.box.faults == ["8005"]
    charging.sees(lambda: charging.box.is_drawing, 60.0)


@pytest.mark.req("ERR-5")
def test_what_is_no_vehicle_is_fault_5_and_all_is_well_again(stage: Stage) -> None:
    stage.play("no_vehicle")
    stage.sees(lambda: stage.box.faults == ["5"], 30.0)
    stage.play("well")
    assert stage.world.faults == ()
    assert not stage.offers("well")


@pytest.mark.req("RFID-8")
def test_a_taught_card_is_stored(stage: Stage) -> None:
    before = stage.box.stored()
    stage.play("teach")
    stage.box.advance(2.0)
    assert len(stage.box.stored()) == len(before) + 1


def test_cards_are_not_taught_beside_a_vehicle(charging: Stage) -> None:
    assert charging.now.reasons["scene_teach"].startswith("Cards are taught while no vehicle")


def test_all_is_well_repairs_every_fault_and_the_mains(stage: Stage) -> None:
    for name in ("sag", "hot", "reader_dead"):
        stage.box.act("fault", {"name": name})
    stage.box.act("power", {"on": False})
    stage.box.act("input", {"position": "open"})
    stage.box.act("house", {"current_a": [20.0, 0.0, 0.0]})
    stage.box.advance(1.0)
    stage.play("well")
    world = stage.world
    assert (world.faults, world.mains, world.external_closed) == ((), True, True)
    assert world.house_a == (2.0, 2.0, 2.0)


# --- the rows ----------------------------------------------------------------------------------


def steps() -> list[tuple[Scene, SceneStep]]:
    return [(scene, step) for scene in scenes_of(LABEL) for step in scene.steps]


def test_each_step_is_an_act_with_arguments_that_its_row_takes() -> None:
    for scene, step in steps():
        assert ACTS[step.act.name] is step.act
        sent = msgspec.json.encode(step.arguments)
        assert msgspec.json.decode(sent, type=step.act.arguments) == step.arguments, scene.key


def test_each_key_is_one_that_the_world_can_have(stage: Stage) -> None:
    stage.box.act("power", {"on": False})
    stage.box.act("input", {"position": "open"})
    stage.box.act("plug")
    stage.box.act("fault", {"name": "weld"})
    stage.box.advance(1.0)
    plugged = {*stage.now.done, *stage.now.reasons}
    known = {key.split("_")[0] for key in plugged} | {"unplug", "pull", "ready", "house", "card"}
    assert {step.key.split("_")[0] for _, step in steps() if step.key} <= known
    assert {key.split("_")[0] for scene, _ in steps() for key in scene.needs} <= known


def test_each_scene_has_its_key_and_words_of_its_own() -> None:
    assert len(set(KEYS)) == len(KEYS)
    scenes = scenes_of(LABEL)
    assert len({scene.title for scene in scenes}) == len({scene.text for scene in scenes})
    assert all(scene.steps and scene.text.endswith(".") for scene in scenes)
