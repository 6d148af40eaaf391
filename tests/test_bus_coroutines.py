"""`bus.spawn` in a node inside asyncio: results, failures, and how all of it ends."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bus import BusError, Spawned
from bus.coroutines import END_S, MOST_COROUTINES
from bus.place import Place
from bus.run import ZmqBus, open_node
from msgs.requests import StopReason

PATIENCE_S = 5.0


class Node:
    """A node of the name "meter", and a way to run it until it ends."""

    def __init__(self, directory: Path) -> None:
        self.bus: ZmqBus = open_node("meter", Place(run_dir=directory, state_dir=directory))
        self.said: list[Any] = []

    def run(self, begin: Callable[[], object]) -> float:
        """Begin as a node is built, and run; return how long that took [s]."""
        began_s = time.monotonic()

        async def run() -> None:
            begin()
            await asyncio.wait_for(self.bus.run_async(signals=False), PATIENCE_S)

        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(run())
        finally:
            loop.close()
            self.bus.close()
        return time.monotonic() - began_s

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> Spawned:
        """Start a coroutine whose result is noted."""
        return self.bus.spawn(coroutine, self.said.append)

    def stop(self, _: object = None) -> None:
        self.bus.stop(StopReason.SHUTDOWN)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


async def give(value: object, rounds: int = 1) -> object:
    for _ in range(rounds):
        await asyncio.sleep(0)
    return value


async def sleep_on(seen: list[str]) -> None:
    try:
        await asyncio.sleep(60.0)
    except asyncio.CancelledError:
        seen.append("cancelled")
        raise


async def break_down(wait_s: float = 0.0) -> None:
    await asyncio.sleep(wait_s)
    raise LookupError("no such thing")


def test_the_result_comes_as_a_callback_of_the_node(node: Node) -> None:
    in_round: list[bool] = []

    def done(result: object) -> None:
        in_round.append(node.bus._in_round)
        node.said.append(result)
        node.stop()

    node.run(lambda: node.bus.spawn(give(7), done))
    assert (node.said, in_round) == ([7], [True])


def test_a_coroutine_that_is_done_at_once_is_done_later_than_the_call(node: Node) -> None:
    def begin() -> None:
        node.spawn(give("result", rounds=0))
        node.said.append("spawned")
        node.bus.spawn(give(None, rounds=5), node.stop)

    node.run(begin)
    assert node.said == ["spawned", "result"]


def test_a_callback_may_spawn_and_a_result_may_be_of_no_interest(node: Node) -> None:
    async def note() -> None:
        node.said.append("ran")

    def start() -> None:
        node.bus.spawn(note())
        node.bus.spawn(give(None, rounds=5), node.stop)

    node.run(lambda: node.bus.at(node.bus.clock.now_s() + 0.01, start))
    assert node.said == ["ran"]


def test_an_exception_ends_the_node_and_names_the_coroutine(
    node: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def begin() -> None:
        node.spawn(sleep_on(seen))
        node.spawn(break_down())

    with pytest.raises(LookupError, match="no such thing"):
        node.run(begin)
    assert capfd.readouterr().err == (
        "<3>coroutine break_down failed: LookupError('no such thing')\n"
    )
    assert seen == ["cancelled"]  # those beside it
    assert node.said == []
    assert not node.bus.stopped  # it has failed: nothing has stopped it in order


def test_a_coroutine_cancelled_by_its_awaited_task_ends_the_node(node: Node) -> None:
    async def wait_for(future: asyncio.Future[None]) -> None:
        await future

    def begin() -> None:
        future = asyncio.get_running_loop().create_future()
        node.spawn(wait_for(future))

        def cancel() -> None:
            future.cancel()

        node.bus.at(node.bus.clock.now_s() + 0.01, cancel)

    with pytest.raises(RuntimeError, match="cancelled, and not by the node"):
        node.run(begin)


def test_an_exception_in_done_ends_the_node_as_one_of_any_callback_does(node: Node) -> None:
    def fail(result: object) -> None:
        raise LookupError(f"cannot use {result}")

    with pytest.raises(LookupError, match="cannot use 7"):
        node.run(lambda: node.bus.spawn(give(7), fail))


def test_a_callback_that_fails_cancels_the_coroutines(node: Node) -> None:
    seen: list[str] = []

    def begin() -> None:
        node.spawn(sleep_on(seen))
        node.bus.at(node.bus.clock.now_s() + 0.01, lambda: [][0])

    with pytest.raises(IndexError):
        node.run(begin)
    assert seen == ["cancelled"]


def test_a_stop_cancels_all(node: Node) -> None:
    seen: list[str] = []

    def begin() -> None:
        for _ in range(3):
            node.spawn(sleep_on(seen))
        node.bus.at(node.bus.clock.now_s() + 0.01, node.stop)

    assert node.run(begin) < END_S
    assert seen == ["cancelled"] * 3
    assert node.said == []


def test_coroutines_run_on_while_the_node_is_stopping(node: Node) -> None:
    """So that a node can send last messages in a coroutine."""

    def on_stop(reason: StopReason, stopped: Callable[[], None]) -> None:
        def done(word: object) -> None:
            node.said.append(word)
            stopped()

        node.bus.spawn(give("farewell", rounds=5), done)

    node.bus.on_stop(on_stop)
    node.run(lambda: node.bus.at(node.bus.clock.now_s() + 0.01, node.stop))
    assert node.said == ["farewell"]


def test_one_that_is_cancelled_before_it_begins_never_begins(node: Node) -> None:
    def begin() -> None:
        node.spawn(give("never")).cancel()
        node.bus.spawn(give(None, rounds=5), node.stop)

    node.run(begin)
    assert node.said == []


def test_one_that_is_cancelled_is_not_done_and_the_others_go_on(node: Node) -> None:
    seen: list[str] = []

    async def insist() -> str:
        try:
            await asyncio.sleep(60.0)
        except asyncio.CancelledError:
            seen.append("refused")
        return "a result all the same"

    def begin() -> None:
        handles = [node.spawn(sleep_on(seen)), node.spawn(insist())]
        for each in handles:
            node.bus.at(node.bus.clock.now_s() + 0.01, each.cancel)
        node.spawn(give("other"))
        node.bus.at(node.bus.clock.now_s() + 0.05, node.stop)

    node.run(begin)
    assert seen == ["cancelled", "refused"]
    assert node.said == ["other"]


def test_a_result_that_is_on_its_way_is_not_done_after_the_cancel(node: Node) -> None:
    def begin() -> None:
        async def finish() -> str:
            node.bus.post(handle.cancel)  # before the result, which is posted when this has ended
            return "late"

        handle = node.spawn(finish())
        node.bus.spawn(give(None, rounds=5), node.stop)

    node.run(begin)
    assert node.said == []


def test_cancelling_an_ended_coroutine_has_no_effect(node: Node) -> None:
    def begin() -> None:
        handle = node.spawn(give(7))

        def end() -> None:
            handle.cancel()
            node.stop()

        node.bus.at(node.bus.clock.now_s() + 0.05, end)

    node.run(begin)
    assert node.said == [7]


def test_one_that_does_not_let_itself_be_cancelled_is_left_and_named(
    node: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    async def stay() -> None:
        while True:
            try:
                await asyncio.sleep(60.0)
            except asyncio.CancelledError:
                node.said.append("no")

    def begin() -> None:
        node.bus.spawn(stay())
        node.bus.at(node.bus.clock.now_s() + 0.01, node.stop)

    assert END_S <= node.run(begin) < END_S + 1.0
    assert node.said == ["no"]
    err = capfd.readouterr().err
    assert f"stay does not end within {END_S:g} s; left\n" in err


@pytest.mark.parametrize(("rounds", "said"), [(0, []), (1, ["result"])])
def test_one_that_ends_in_the_round_of_the_stop_is_done_before_it_or_never(
    node: Node, rounds: int, said: list[str]
) -> None:
    """Its end and the stop reach the node in one round; without a wait the stop is the first."""

    async def stop() -> None:
        await give(None, rounds)
        node.bus.post(node.stop)

    def begin() -> None:
        node.spawn(give("result", rounds=0))
        node.bus.spawn(stop())

    node.run(begin)
    assert node.said == said


def test_an_exception_on_the_way_out_is_logged_and_fails_the_node(
    node: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    async def trip() -> None:
        try:
            await asyncio.sleep(60.0)
        finally:
            raise LookupError("on the way out")

    def begin() -> None:
        node.bus.spawn(trip())
        node.bus.at(node.bus.clock.now_s() + 0.01, node.stop)

    with pytest.raises(LookupError, match="on the way out"):
        node.run(begin)
    assert "trip failed: LookupError('on the way out')\n" in capfd.readouterr().err


def test_their_number_is_bounded_and_what_is_over_makes_room(node: Node) -> None:
    def begin() -> None:
        for number in range(MOST_COROUTINES):
            node.spawn(give(number))
        with pytest.raises(BusError, match=f"give is refused: {MOST_COROUTINES} run already"):
            node.spawn(give("one too many"))
        after(MOST_COROUTINES, again)

    def again() -> None:
        for number in range(MOST_COROUTINES):
            node.spawn(give(number))
        after(2 * MOST_COROUTINES, node.stop)

    def after(count: int, action: Callable[[], None]) -> None:
        """Go on when so many results have come."""
        is_done = len(node.said) >= count
        then = action if is_done else partial(after, count, action)
        node.bus.at(node.bus.clock.now_s() + 0.01, then)

    node.run(begin)
    assert node.said == [*range(MOST_COROUTINES)] * 2


def test_no_coroutine_begins_while_they_are_being_ended(node: Node) -> None:
    refused: list[str] = []

    async def cling() -> None:
        try:
            await asyncio.sleep(60.0)
        finally:
            with pytest.raises(BusError, match="give is refused: the node has stopped") as error:
                node.spawn(give("more"))
            refused.append(str(error.value))

    def begin() -> None:
        node.bus.spawn(cling())
        node.bus.at(node.bus.clock.now_s() + 0.01, node.stop)

    node.run(begin)
    assert len(refused) == 1
