"""Cards presented to the reader and keys pressed, as the box reads them."""

from pathlib import Path
from typing import TypeVar

import pytest

from bus import Status
from bus.memory import MemoryGraph
from msgs.plant import SimCards, SimEvent, SimKeys
from msgs.topics import SIM_CARDS, SIM_EVENT, SIM_KEYS
from nodes.modbus_map.server_sim import SimServers
from nodes.plant.node import Drivers, Parameters, build
from tests.plant.test_node import Rig

T = TypeVar("T")


class Front:
    """The reader of cards and keys, and the events."""

    def __init__(self, tmp_path: Path) -> None:
        self.rig = Rig(tmp_path)
        graph = self.rig.graph
        self.cards: list[tuple[float, SimCards]] = []
        self.keys: list[tuple[float, SimKeys]] = []
        self.events: list[str] = []
        now_s = graph.clock.now_s
        reader = graph.bus("rfid")
        reader.subscribe(SIM_CARDS, lambda cards: self._note(self.cards, now_s(), cards))
        reader.subscribe(SIM_KEYS, lambda keys: self._note(self.keys, now_s(), keys))
        reader.subscribe(SIM_EVENT, self._on_event)
        graph.advance(0.01)

    @staticmethod
    def _note(heard: list[tuple[float, T]], at_s: float, said: T) -> None:
        if not heard or heard[-1][1] != said:
            heard.append((at_s, said))

    def _on_event(self, event: SimEvent) -> None:
        if event.what in ("card", "card_gone", "key"):
            self.events.append(f"{event.what} {event.detail}")


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return Front(tmp_path)


def test_a_card_is_in_the_field_for_as_long_as_it_is_presented(front: Front) -> None:
    assert front.cards[-1][1] == SimCards(works=True, uids=())
    front.rig.ask("tap", uid="04A1B2C3", seconds=0.5)
    front.rig.graph.advance(2.0)
    (came_s, one), (gone_s, empty) = front.cards[-2:]
    assert one.uids == ("04A1B2C3",)
    assert empty.uids == ()
    assert gone_s - came_s == pytest.approx(0.5, abs=0.001)
    assert front.events == ["card 04A1B2C3", "card_gone 04A1B2C3"]


def test_several_cards_are_presented_at_once_and_one_may_stay_longer(front: Front) -> None:
    front.rig.ask("tap", uid="01", others=["02"], seconds=1.0)
    front.rig.graph.advance(0.5)
    front.rig.ask("tap", uid="02", seconds=1.0)
    front.rig.graph.advance(0.6)
    assert front.cards[-1][1].uids == ("02",)
    front.rig.graph.advance(0.5)
    assert [cards.uids for _, cards in front.cards] == [(), ("01", "02"), ("02",), ()]


def test_eight_cards_at_most_are_presented_and_a_text_that_is_no_uid_is_refused(
    front: Front,
) -> None:
    nine = [f"{number:02X}" for number in range(9)]
    answer = front.rig.ask("tap", uid=nine[0], others=nine[1:])
    assert answer.status is Status.BAD_ARGUMENTS
    front.rig.ask("tap", uid=nine[0], others=nine[1:8], seconds=5.0)
    answer = front.rig.ask("tap", uid=nine[8])
    assert (answer.status, answer.reason) == (
        Status.REFUSED,
        "at most 8 cards can be presented at once",
    )
    for uid in ("ABC", "0x12", "xyz", "04\n", "0" * 130):
        assert front.rig.ask("tap", uid=uid).status is Status.BAD_ARGUMENTS


@pytest.mark.parametrize("how", ["dead", "no mains"])
def test_a_reader_that_is_dead_or_without_mains_reads_no_card(front: Front, how: str) -> None:
    front.rig.ask("tap", uid="04A1B2C3", seconds=5.0)
    if how == "dead":
        front.rig.ask("fault", name="reader_dead")
    else:
        front.rig.ask("power", on=False)
    front.rig.graph.advance(0.01)
    assert front.cards[-1][1] == SimCards(works=False, uids=())
    if how == "dead":
        front.rig.ask("clear", name="reader_dead")
    else:
        front.rig.ask("power", on=True)
    front.rig.graph.advance(0.01)
    assert front.cards[-1][1] == SimCards(works=True, uids=("04A1B2C3",))


def test_keys_are_pressed_for_as_long_as_requested(front: Front) -> None:
    front.rig.ask("service", seconds=2.5)
    front.rig.ask("touch")
    front.rig.graph.advance(3.0)
    assert [keys for _, keys in front.keys] == [
        SimKeys(service=False, touch=False),
        SimKeys(service=True, touch=False),
        SimKeys(service=True, touch=True),
        SimKeys(service=True, touch=False),
        SimKeys(service=False, touch=False),
    ]
    pressed_s, released_s = front.keys[1][0], front.keys[-1][0]
    assert released_s - pressed_s == pytest.approx(2.5, abs=0.001)
    assert front.events == [
        "key service pressed", "key touch pressed", "key touch released", "key service released",
    ]  # fmt: skip


def test_cards_and_keys_are_published_again_each_second(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    heard: list[object] = []
    reader = graph.bus("rfid")
    reader.subscribe(SIM_CARDS, heard.append)
    reader.subscribe(SIM_KEYS, heard.append)
    build(graph.bus("plant"), Parameters(), Drivers(meters=SimServers()))
    graph.advance(3.5)
    assert len(heard) == 8  # at the start, and after 1, 2 and 3 s
