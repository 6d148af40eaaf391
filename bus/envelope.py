"""Requests and answers on the wire, and the answers that a server remembers."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from msgs.requests import Answer, Status

A = TypeVar("A", bound=Struct)
R = TypeVar("R")

KEPT_ANSWERS = 256
MOST_UNSENT_REQUESTS = 64  # of one node to another that does not run; beyond it the oldest are lost

Send = Callable[[Answer[Any]], None]

_Same = tuple[str, str, str]  # caller, method, key


class Request(Struct, frozen=True, kw_only=True):
    """One request. `expires_ns` is monotonic: the server discards expired requests."""

    id: int
    caller: str
    method: str
    expires_ns: int
    key: str | None
    arguments: Any


class Response(Struct, frozen=True, kw_only=True):
    """The answer to the request of the same id, its result as plain data."""

    id: int
    answer: Answer[Any]


class OpenCall(Generic[A, R]):
    """See `bus.interface.Call`. The first answer counts; later ones are ignored."""

    def __init__(self, arguments: A, caller: str, send: Send) -> None:
        self.arguments = arguments
        self.caller = caller
        self._send: Send | None = send

    def ok(self, result: R) -> None:
        """Answer with the result."""
        self._answer(Answer(status=Status.OK, result=msgspec.to_builtins(result)))

    def refuse(self, reason: str, problems: dict[str, str] | None = None) -> None:
        """Answer that it will not be done."""
        self._answer(Answer(status=Status.REFUSED, reason=reason, problems=problems or {}))

    def not_ready(self, reason: str) -> None:
        """Answer that it cannot be decided yet."""
        self._answer(Answer(status=Status.NOT_READY, reason=reason))

    def error(self, reason: str) -> None:
        """Answer that the handler failed."""
        self._answer(Answer(status=Status.ERROR, reason=reason))

    def _answer(self, answer: Answer[Any]) -> None:
        send, self._send = self._send, None
        if send is not None:
            send(answer)


class Once:
    """Carries out requests of one caller, method and key once and answers them all.

    It remembers the last 256 answers.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[_Same, Answer[Any] | list[Send]] = OrderedDict()

    def begin(self, request: Request, send: Send) -> Send | None:
        """Return the sender to answer through; None if the request has been carried out before.

        In that case `send` gets the answer of the first one, now or later. A request without a key
        is always carried out.
        """
        if request.key is None:
            return send
        key = (request.caller, request.method, request.key)
        known = self._answers.get(key)
        if isinstance(known, Answer):
            send(known)
            return None
        if known is not None:
            known.append(send)
            return None
        waiting: list[Send] = [send]
        self._answers[key] = waiting
        while len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)

        def finish(answer: Answer[Any]) -> None:
            if key in self._answers:
                self._answers[key] = answer
            for one in waiting:
                one(answer)

        return finish
