"""Calls from the server's threads into the node's loop, with their answers."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from msgspec import Struct

from bus import Answer, Bus, Status
from msgs.method import Method

A = TypeVar("A", bound=Struct)
R = TypeVar("R")

SLACK_S = 1.0  # assumed: beyond a request's own time, for a busy loop


class Bridge:
    """Its methods are called by the server's threads, which wait; the loop never waits."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def call(self, work: Callable[[], R], timeout_s: float = SLACK_S) -> R:
        """Run quick work in the loop, and return its result.

        :raises TimeoutError: the loop has not run it in time.
        """
        future: Future[R] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)
                    raise

        self._bus.post(run)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        """Send a request to its server, and return the answer, TIMEOUT at the latest.

        Arguments that cannot be sent, as a number that no message has, raise the bus's error here:
        they are the asking thread's, and the loop runs on.
        """
        future: Future[Answer[R]] = Future()

        def send() -> None:
            try:
                self._bus.request(method, arguments, future.set_result)
            except Exception as error:
                future.set_exception(error)

        self._bus.post(send)
        try:
            return future.result(method.timeout_s + SLACK_S)
        except TimeoutError:
            return Answer(status=Status.TIMEOUT, reason="The wallbox did not answer in time.")
