"""What only the in-memory graph can do: suspend, crash, show and lose, in one order of time."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from bus.memory import MemoryGraph
from bus.wire import unpack
from msgs.topics import PILOT_STATUS, SESSION_WISH
from msgs.wish import Wishes
from tests.builders import pilot_status

STATUS = pilot_status()


@pytest.fixture
def graph(tmp_path: Path) -> MemoryGraph:
    return MemoryGraph(seed=1, state_dir=tmp_path)


def test_deadlines_of_all_nodes_run_in_one_order_of_time(graph: MemoryGraph) -> None:
    ran: list[str] = []
    for node, period_s in (("pilot", 0.3), ("safety", 0.2)):
        bus = graph.bus(node)
        bus.every(period_s, partial(ran.append, node))
        bus.at(graph.clock.now_s() + 0.05, partial(ran.append, f"{node} once"))
    graph.advance(0.65)
    assert ran == ["pilot once", "safety once", "safety", "pilot", "safety", "pilot", "safety"]


def test_a_suspended_node_does_nothing_until_it_is_resumed(graph: MemoryGraph) -> None:
    pilot, safety = graph.bus("pilot"), graph.bus("safety")
    heard: list[float] = []
    ticks: list[float] = []
    safety.subscribe(PILOT_STATUS, lambda _: heard.append(graph.clock.now_s()))
    start_s = graph.clock.now_s()
    safety.every(0.1, lambda: ticks.append(round(graph.clock.now_s() - start_s, 6)))
    graph.suspend("safety")
    pilot.publish(PILOT_STATUS, STATUS)
    graph.advance(1.05)
    assert (heard, ticks) == ([], [])
    graph.resume("safety")
    graph.advance(0.2)
    assert heard == [pytest.approx(start_s + 1.05)]
    # One round for all that were missed, then the old beat.
    assert ticks == [1.05, 1.1, 1.2]


def test_what_killed_nodes_keep_open_is_closed_once(graph: MemoryGraph) -> None:
    closed: list[str] = []
    for node in ("pilot", "safety", "led", "web"):
        graph.bus(node).on_close(partial(closed.append, node))
    graph.kill("pilot")
    assert closed == ["pilot"]
    graph.bus("pilot").on_close(partial(closed.append, "pilot again"))
    graph.suspend("led")
    graph.advance(0.1)
    graph.close()
    assert sorted(closed) == ["led", "pilot", "pilot again", "safety", "web"]
    assert graph.running == ()
    graph.close()
    assert len(closed) == 5


def test_a_node_that_crashes_has_what_it_keeps_open_closed(graph: MemoryGraph) -> None:
    closed: list[str] = []
    bus = graph.bus("session")
    bus.on_close(partial(closed.append, "database"))

    def fail() -> None:
        raise ValueError

    graph.on_crash(lambda node, error: None)
    bus.at(0.0, fail)
    graph.advance(0.1)
    assert closed == ["database"]


def test_a_node_killed_while_it_is_suspended_never_wakes(graph: MemoryGraph) -> None:
    ticks: list[str] = []
    graph.bus("safety").every(0.1, lambda: ticks.append("first"))
    graph.suspend("safety")
    graph.advance(1.0)
    graph.kill("safety")
    graph.bus("safety").every(0.1, lambda: ticks.append("second"))
    graph.advance(0.25)
    assert ticks == ["second", "second"]


def fail() -> None:
    raise ValueError("broken")


def test_an_exception_of_a_node_ends_the_run(graph: MemoryGraph) -> None:
    graph.bus("pilot").every(0.1, fail)
    with pytest.raises(ValueError, match="broken"):
        graph.advance(1.0)


def test_a_crash_ends_its_node_and_is_reported(graph: MemoryGraph) -> None:
    crashes: list[tuple[str, str]] = []
    graph.on_crash(lambda node, error: crashes.append((node, str(error))))
    graph.bus("pilot").every(0.1, fail)
    graph.bus("safety")
    graph.advance(1.0)
    assert crashes == [("pilot", "broken")]
    assert graph.running == ("safety",)


def test_a_tap_of_a_subscriber_shows_delivered_messages_and_not_lost_ones(
    graph: MemoryGraph,
) -> None:
    pilot = graph.bus("pilot")
    graph.bus("safety").subscribe(PILOT_STATUS)
    graph.bus("session").subscribe(PILOT_STATUS)
    shown: list[int] = []
    graph.tap_subscriber("safety", lambda frame: shown.append(unpack(frame).header.sequence))
    asked: list[str] = []

    def lost(writer: str, topic: str, subscriber: str) -> bool:
        asked.append(subscriber)
        return subscriber == "safety" and asked.count("safety") in (2, 3)

    graph.lose(lost)
    for _ in range(5):
        pilot.publish(PILOT_STATUS, STATUS)
    assert shown == [1, 4, 5]


def test_a_loss_can_be_ended(graph: MemoryGraph) -> None:
    pilot = graph.bus("pilot")
    subscription = graph.bus("safety").subscribe(PILOT_STATUS)
    end = graph.lose(lambda writer, topic, subscriber: topic == PILOT_STATUS.name)
    pilot.publish(PILOT_STATUS, STATUS)
    assert subscription.message is None
    end()
    pilot.publish(PILOT_STATUS, STATUS)
    assert subscription.message == STATUS


def work_times(seed: int, state_dir: Path) -> list[tuple[float, str]]:
    """Return when three pieces of work, queued together, have been done [ms]."""
    graph = MemoryGraph(seed=seed, state_dir=state_dir)
    bus = graph.bus("session")
    start_s = graph.clock.now_s()
    seen: list[tuple[float, str]] = []

    def note(what: str) -> None:
        seen.append(((graph.clock.now_s() - start_s) * 1e3, what))

    for _ in range(3):
        bus.offload("work", partial(note, "work"), lambda _: note("done"))
    assert seen == []
    graph.advance(0.1)
    return seen


def test_offloaded_work_takes_its_time_by_the_seed(tmp_path: Path) -> None:
    for seed in range(30):
        seen = work_times(seed, tmp_path)
        assert [what for _, what in seen] == ["work", "done"] * 3
        ends = [0.0, *(at_ms for at_ms, what in seen if what == "done")]
        for before_ms, end_ms in pairwise(ends):
            assert 1.0 <= end_ms - before_ms <= 20.001
    assert work_times(1, tmp_path) == work_times(1, tmp_path) != work_times(2, tmp_path)


def drawn(seed: int, state_dir: Path, others: int) -> list[float]:
    """Return three numbers for one purpose, with draws for others in between."""
    graph = MemoryGraph(seed=seed, state_dir=state_dir)
    pilot, safety = graph.bus("pilot"), graph.bus("safety")
    numbers = []
    for _ in range(3):
        for _ in range(others):
            pilot.random("noise").random()
            safety.random("wait").random()
        numbers.append(pilot.random("wait").random())
    return numbers


def test_a_random_number_follows_from_seed_node_purpose_and_count_alone(tmp_path: Path) -> None:
    numbers = drawn(1, tmp_path, 0)
    assert len(set(numbers)) == 3
    assert numbers == drawn(1, tmp_path, 1) == drawn(1, tmp_path, 7)
    assert set(numbers).isdisjoint(drawn(2, tmp_path, 0))


def test_a_restart_goes_on_with_the_next_random_number(graph: MemoryGraph) -> None:
    first = graph.bus("pilot").random("wait").random()
    graph.kill("pilot")
    assert graph.bus("pilot").random("wait").random() != first


def test_the_time_of_offloaded_work_moves_no_other_work(tmp_path: Path) -> None:
    def ends(others: int) -> list[int]:
        graph = MemoryGraph(seed=1, state_dir=tmp_path)
        bus = graph.bus("session")
        took_ns: list[int] = []
        for _ in range(3):
            for _ in range(others):
                bus.offload("other", lambda: 0, lambda _: None)
                graph.advance(1.0)
            began_ns = graph.clock.ns

            def done(_: object, began_ns: int = began_ns) -> None:
                took_ns.append(graph.clock.ns - began_ns)

            bus.offload("work", lambda: 0, done)
            graph.advance(1.0)
        return took_ns

    assert ends(0) == ends(2)


def test_a_killed_node_takes_the_work_with_it_that_was_not_done_yet(graph: MemoryGraph) -> None:
    bus = graph.bus("session")
    seen: list[str] = []
    bus.offload("work", lambda: seen.append("work"), lambda _: seen.append("done"))
    graph.kill("session")
    graph.advance(1.0)
    assert seen == []


def test_a_suspended_node_does_no_work(graph: MemoryGraph) -> None:
    bus = graph.bus("session")
    seen: list[str] = []
    bus.offload("work", lambda: seen.append("work"), lambda _: seen.append("done"))
    graph.suspend("session")
    graph.advance(1.0)
    assert seen == []
    graph.resume("session")
    graph.advance(0.1)
    assert seen == ["work", "done"]


def test_links_are_topics_with_subscribers(graph: MemoryGraph) -> None:
    graph.bus("safety").subscribe(PILOT_STATUS)
    graph.bus("session").subscribe(PILOT_STATUS)
    assert list(graph.links) == [("pilot/status", "safety"), ("pilot/status", "session")]
    graph.kill("safety")
    assert list(graph.links) == [("pilot/status", "session")]


def test_what_is_latched_and_was_lost_is_sent_again_when_the_loss_ends(graph: MemoryGraph) -> None:
    session = graph.bus("session")
    bus = graph.bus("load_manager")
    heard = bus.subscribe(SESSION_WISH)
    ends = [graph.lose(lambda writer, topic, reader: reader == "load_manager") for _ in range(2)]
    session.publish(SESSION_WISH, Wishes(wishes=()))
    for end in ends:
        graph.advance(0.1)
        assert heard.message is None
        end()
    graph.advance(0.1)
    assert heard.message == Wishes(wishes=())
    again = graph.lose(lambda writer, topic, reader: reader == "load_manager")
    session.publish(SESSION_WISH, Wishes(wishes=()))
    graph.kill("session")
    again()  # its writer has gone
    graph.advance(0.1)
    assert heard.message == Wishes(wishes=())
