"""The series of runs: what ends it, and what is known of that after a restart or a power cut."""

import shutil
from pathlib import Path

import pytest

from bus.memory import MemoryGraph
from bus.slots import SLOT_BYTES, Slots
from bus.store import StoreError
from launch.series import AWAY_S, SERIES_FILE, STORE_S, Series
from tests.closing import closed_at_end

pytestmark = pytest.mark.req("PAN-5")


class Supervisor:
    """What a supervisor has: a bus, both directories, and one run after the other."""

    def __init__(self, folder: Path) -> None:
        self.state_dir = folder / "state"
        self.graph = closed_at_end(MemoryGraph(seed=1, state_dir=self.state_dir))
        self.bus = self.graph.bus("launch")
        self.run_dir = self.bus.run_dir
        self.published: list[str] = []
        self.logged: list[str] = []
        self.series = self.start()

    def start(self) -> Series:
        """Start the next run."""
        self.series = Series(self.bus, self.log, self.publish)
        return self.series

    def log(self, level: str, text: str) -> None:
        self.logged.append(text)

    def publish(self) -> None:
        self.published.append(self.series.id)

    def stop(self, patience_s: float = 1.0) -> list[float]:
        """Stop in order; return how long the stop had to wait [s], once for each call."""
        began_s = self.graph.clock.now_s()
        waited_s: list[float] = []
        self.series.end(lambda: waited_s.append(self.graph.clock.now_s() - began_s))
        self.graph.advance(patience_s)
        self.series.close()
        return waited_s


@pytest.fixture
def box(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path)


def test_a_run_without_an_ordered_stop_before_it_belongs_to_the_same_series(
    box: Supervisor,
) -> None:
    first = box.series.id
    assert first
    box.series.close()  # killed
    assert box.start().id == first
    shutil.rmtree(box.run_dir)  # a loss of power
    assert box.start().id == first
    assert box.logged == []


@pytest.mark.parametrize("is_power_lost", [False, True])
def test_an_ordered_stop_ends_the_series_before_anything_is_stopped(
    box: Supervisor, is_power_lost: bool
) -> None:
    seen = {box.series.id}
    for _ in range(3):
        before = box.series.id
        (waited_s,) = box.stop()
        assert waited_s < 0.1
        assert box.series.id == before  # no node of this run goes on under the next one
        if is_power_lost:
            shutil.rmtree(box.run_dir)
        assert box.start().id not in seen
        seen.add(box.series.id)
    assert box.published == []


@pytest.mark.parametrize("is_state_refused", [True, False])
def test_a_restart_is_known_though_one_directory_cannot_be_written(
    box: Supervisor, monkeypatch: pytest.MonkeyPatch, is_state_refused: bool
) -> None:
    refused, write = box.state_dir if is_state_refused else box.run_dir, Slots.write

    def refuse(slots: Slots, record: bytes, *, revokes: bool = False) -> None:
        if slots._path.parent == refused:
            raise StoreError("the disk is full")
        write(slots, record, revokes=revokes)

    monkeypatch.setattr(Slots, "write", refuse)
    first = box.series.id
    assert len(box.stop()) == 1
    assert box.logged == ["the series of runs: the disk is full"]
    second = box.start().id
    assert second != first
    monkeypatch.undo()
    box.stop()
    assert box.start().id not in (first, second)


def test_a_disk_that_hangs_does_not_keep_the_graph_from_being_stopped(
    box: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box.bus, "offload", lambda *work: None)
    (waited_s,) = box.stop(patience_s=STORE_S + 1.0)
    assert waited_s == pytest.approx(STORE_S)


@pytest.mark.parametrize("content", [b"", b"garbage", bytes(2 * SLOT_BYTES)])
def test_a_series_that_cannot_be_read_is_another_one(box: Supervisor, content: bytes) -> None:
    first = box.series.id
    box.series.close()
    (box.state_dir / SERIES_FILE).write_bytes(content)
    second = box.start().id
    assert second != first
    box.series.close()
    assert box.start().id == second


def test_a_node_that_ends_something_at_a_stop_may_be_away_for_a_moment(box: Supervisor) -> None:
    first = box.series.id
    for _ in range(5):
        box.series.note("session", runs=False)
        box.graph.advance(AWAY_S - 0.1)
        box.series.note("session", runs=True)
        box.graph.advance(0.2)
    assert box.series.id == first
    assert box.published == []


def test_what_such_a_node_has_stored_is_over_once_it_was_away_for_longer(box: Supervisor) -> None:
    first = box.series.id
    for _ in range(3):
        box.series.note("session", runs=False)
    box.graph.advance(100.0)
    assert box.published == [box.series.id]
    assert box.series.id != first
    box.series.note("session", runs=True)
    box.series.note("session", runs=False)
    box.graph.advance(AWAY_S + 1.0)
    assert len(set(box.published)) == 2
    box.series.close()  # killed
    assert box.start().id == box.published[-1]


def test_nothing_is_ended_by_a_node_that_is_away_because_of_the_stop(box: Supervisor) -> None:
    box.series.note("session", runs=False)
    box.stop(patience_s=2 * AWAY_S)
    assert box.published == []
