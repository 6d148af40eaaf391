"""Whatever happens to its stored files, a box permits no more, and a sound one charges again."""

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bus.generations import read_valid_or_raise
from bus.store import StoreError
from launch.loading import ConfigurationError
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.card import CardColor
from msgs.label import LABEL_FILE, Label
from msgs.methods import PLUG, POWER, PULL, READY, SET_SETTINGS, SET_WISH, TAP
from msgs.pilot import offer_of_duty
from msgs.plant import Power, Tap
from msgs.requests import NoArguments, WishArguments
from msgs.rfid import RfidStatus
from msgs.safety import FaultCode
from msgs.settings import SetArguments
from msgs.stored import Stored
from msgs.topics import RFID_STATUS
from nodes.meter.node import REGISTER_FILE
from nodes.system.record_store import COUNTS_FILE, RECORD_FILE
from tests.closing import closed_at_end
from tests.damages import DAMAGES, copy, damage, files_of
from verifier.invariants import Broken
from verifier.observer import Observer

FACTORY = (
    "plant.wander_percent=0",
    "factory.authorization.required=false",
    "factory.main_fuse_a=35",
)
"""A new box of this plan charges without a card, at up to 32 A."""

FUSE_A = 16.0
WISH_A = 8.0
HOUSE_A = 2.0  # of other loads
STORES = (
    "settings.json", "cards.json", "session-wish.json", "safety-latch.json", LABEL_FILE,
    "sessions.sqlite", REGISTER_FILE, COUNTS_FILE, RECORD_FILE,
)  # fmt: skip
FILES = tuple(file for store in STORES for file in files_of(store))
PATIENCE_S = 60.0
DRAWS_A = 0.5

Kind = Callable[[Path, random.Random], None]
Case = tuple[tuple[str, Kind], ...]  # each file with its damage


class Box:
    """A graph on a state directory, observed by the verifier."""

    def __init__(self, state_dir: Path, settings: tuple[str, ...] = FACTORY) -> None:
        self.graph = closed_at_end(VirtualGraph(load_plan(VIRTUAL_PLAN, settings), 1, state_dir))
        self.broken: list[Broken] = []
        self.observer = Observer(
            self.graph.memory,
            self.broken.append,
            lambda: None,
            dip_a=32.0,
            fuse_a=FUSE_A,
            needs_card=True,
        )
        self.graph.memory.on_crash(lambda node, error: pytest.fail(f"{node}: {error!r}"))
        self.most_a = 0.0  # that was offered
        self.graph.memory.tap(self._on_frame)
        self.rfid = self.graph.memory.bus("tool-9").subscribe(RFID_STATUS)
        self.graph.start_all()

    def _on_frame(self, _: bytes) -> None:
        self.most_a = max(self.most_a, offer_of_duty(self.observer.seen.duty_percent))

    @property
    def faults(self) -> tuple[FaultCode, ...]:
        status = self.observer.seen.safety.status
        return () if status is None else status.faults

    @property
    def is_drawing(self) -> bool:
        return max(self.observer.seen.drawn_a) > DRAWS_A

    def draws_within(self, seconds: float) -> bool:
        until_s = self.graph.now_s + seconds
        return self.graph.memory.run_until(until_s, lambda: self.is_drawing)

    def tap(self, uid: str) -> None:
        self.graph.act(TAP, Tap(uid=uid))

    @property
    def cards(self) -> RfidStatus:
        status = self.rfid.message
        assert status is not None
        return status


class Template(NamedTuple):
    """The stored files of a box that its owner has set up, and one of its cards."""

    directory: Path
    uid: str


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Give the files of a box that requires a card, has limits, and was charged at once."""
    directory = tmp_path_factory.mktemp("box") / "state"
    directory.mkdir()
    graph = VirtualGraph(load_plan(VIRTUAL_PLAN, FACTORY), 1, directory)
    graph.start_all()
    graph.advance(3.0)
    changes = {"authorization.required": True, "main_fuse_a": FUSE_A}
    assert graph.ask(SET_SETTINGS, SetArguments(changes=changes)).result is not None
    wish = WishArguments(limit_a=WISH_A, until_replaced=True)
    assert graph.ask(SET_WISH, wish).reason == ""
    label = read_valid_or_raise(directory / LABEL_FILE, Label)
    assert label is not None
    uid = next(card.uid for card in label.rfid if card.color is CardColor.RED)
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())
    graph.advance(2.0)
    graph.act(TAP, Tap(uid=uid))
    graph.advance(30.0)
    graph.act(PULL, NoArguments())
    graph.advance(3.0)
    assert (directory / "sessions.sqlite-wal").exists()
    kept = copy(directory, directory.with_name("kept"))  # as after a loss of power
    graph.close()
    (kept / "virtual-runs").unlink()
    return Template(kept, uid)


def check(template: Template, state_dir: Path, case: Case) -> None:
    """Start a box on damaged files: it permits no more, and charges again when it was helped."""
    copy(template.directory, state_dir)
    chance = random.Random(f"{[(name, kind.__name__) for name, kind in case]}")
    for name, kind in case:
        damage(state_dir / name, kind, chance)
    try:
        read_valid_or_raise(state_dir / LABEL_FILE, Label)
    except StoreError:
        with pytest.raises((ConfigurationError, Exception), match=r"label\.json"):
            Box(state_dir)
        return
    box = Box(state_dir)
    box.graph.act(PLUG, NoArguments())
    box.graph.act(READY, NoArguments())
    assert not box.draws_within(12.0), "without a card"
    _do_what_the_page_asks_for(box, template.uid)
    assert box.is_drawing or box.draws_within(PATIENCE_S), box.observer.timeline
    box.graph.advance(10.0)
    assert box.is_drawing
    assert 6.0 <= box.most_a <= WISH_A + 0.01
    assert [each for each in box.broken if not _is_lost_latch(each, case)] == []


def _is_lost_latch(broken: Broken, case: Case) -> bool:
    """Return whether a fault without a cause in the world is that of a latch that is lost."""
    lost = {name for name, _ in case} & {"safety-latch.json", "safety-latch.json.previous"}
    return len(lost) == 2 and broken.name == "no_false_fault" and "cannot be read" in broken.detail


def _do_what_the_page_asks_for(box: Box, uid: str) -> None:
    if FaultCode.SAFETY_CIRCUIT in box.faults:  # "Switch the mains of the box off and on."
        box.graph.act(POWER, Power(on=False))
        box.graph.advance(5.0)
        box.graph.act(POWER, Power(on=True))
        box.graph.advance(5.0)
    if box.cards.stored is Stored.LOST:  # "restart the box and present the new master card"
        box.graph.act(PULL, NoArguments())
        box.graph.advance(3.0)
        box.graph.restart_all()
        box.graph.advance(3.0)
        box.tap(uid)
        box.graph.advance(3.0)
        assert box.cards.has_master
        box.graph.act(PLUG, NoArguments())
        box.graph.act(READY, NoArguments())
        box.graph.advance(3.0)
    box.tap(uid)


SINGLE: list[Case] = [((name, kind),) for name in FILES for kind in DAMAGES]
PAIRS: list[Case] = [
    ((one, kind), (two, other))
    for one, two in itertools.combinations(FILES, 2)
    for kind, other in itertools.product(DAMAGES, repeat=2)
]


def name_of(case: Case) -> str:
    return ", ".join(f"{kind.__name__} {name}" for name, kind in case)


QUICK: list[Case] = [
    *random.Random(1).sample(SINGLE, 3),
    *random.Random(2).sample(PAIRS, 3),
]


@pytest.mark.parametrize("case", QUICK, ids=name_of)
def test_damaged_files_permit_no_more_and_keep_no_sound_box_from_charging(
    template: Template, tmp_path: Path, case: Case
) -> None:
    check(template, tmp_path / "state", case)


@pytest.mark.proof
@pytest.mark.parametrize("case", SINGLE, ids=name_of)
def test_any_single_damage_permits_no_more_and_keeps_no_sound_box_from_charging(
    template: Template, tmp_path: Path, case: Case
) -> None:
    check(template, tmp_path / "state", case)


@pytest.mark.proof
@pytest.mark.parametrize("case", random.Random(3).sample(PAIRS, 100), ids=name_of)
def test_any_two_damages_permit_no_more_and_keep_no_sound_box_from_charging(
    template: Template, tmp_path: Path, case: Case
) -> None:
    check(template, tmp_path / "state", case)
