"""Threads of the page's server: as many as requests wait, up to a limit."""

import threading
from collections.abc import Iterator

import pytest

from nodes.web.threads import MOST_THREADS, RequestThreads
from tests.web.conftest import PATIENCE_S, RunningNode, until
from web.streams import MOST_STREAMS


class Task:
    """A request that is answered until it may end."""

    def __init__(self) -> None:
        self.is_served = threading.Event()
        self.may_end = threading.Event()

    def service(self) -> None:
        self.is_served.set()
        assert self.may_end.wait(PATIENCE_S)

    def cancel(self) -> None:
        """Called for a request that nobody serves any more."""


@pytest.fixture
def threads() -> Iterator[RequestThreads]:
    threads = RequestThreads()
    yield threads
    threads.shutdown(timeout=PATIENCE_S)
    assert not threads.threads


def add(threads: RequestThreads, count: int) -> list[Task]:
    tasks = [Task() for _ in range(count)]
    for task in tasks:
        threads.add_task(task)
    threads.start_missing()
    return tasks


def serve(threads: RequestThreads, count: int) -> list[Task]:
    tasks = add(threads, count)
    for task in tasks:
        assert task.is_served.wait(PATIENCE_S)
    return tasks


def end(threads: RequestThreads, tasks: list[Task]) -> None:
    for task in tasks:
        task.may_end.set()
    until(lambda: threads.active_count == 0)


def test_a_thread_is_started_only_for_a_request_that_has_none(threads: RequestThreads) -> None:
    threads.start_missing()
    assert len(threads.threads) == 0
    for _ in range(3):  # one after the other
        end(threads, serve(threads, 1))
    assert len(threads.threads) == 1
    first = serve(threads, 3)
    assert len(threads.threads) == 3
    second = serve(threads, 2)
    assert len(threads.threads) == 5
    end(threads, first + second)
    end(threads, serve(threads, 5))
    assert len(threads.threads) == 5


def test_requests_beyond_the_last_thread_wait_for_one(threads: RequestThreads) -> None:
    busy = serve(threads, MOST_THREADS)
    waiting = add(threads, 2)
    assert len(threads.threads) == MOST_THREADS
    busy[0].may_end.set()
    assert waiting[0].is_served.wait(PATIENCE_S)
    assert not waiting[1].is_served.is_set()
    end(threads, busy + waiting)


def test_where_no_thread_can_be_started_the_others_serve_on(
    threads: RequestThreads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    busy = serve(threads, 1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        waiting = add(threads, 2)
    assert "can't start new thread" in caplog.text
    assert (len(threads.threads), threads.active_count) == (1, 1)
    end(threads, busy + waiting)
    assert all(task.is_served.is_set() for task in waiting)
    end(threads, serve(threads, 2))
    assert len(threads.threads) == 2


def test_pages_have_threads_beside_all_streams() -> None:
    assert MOST_THREADS - MOST_STREAMS >= 12


def test_the_page_has_few_threads_until_it_is_asked_much(node: RunningNode) -> None:
    serving = node.node.server._server.task_dispatcher.threads
    assert len(serving) == 0
    for _ in range(20):
        assert node.ask("/health").status == 200
    assert len(serving) < MOST_THREADS / 2  # one may come before the thread of the last waits again
