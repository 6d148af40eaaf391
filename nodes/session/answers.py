"""Requests that have changed what is stored: answered when the disk has it, or refuses it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bus import Call
from nodes.session import words
from nodes.session.state import (
    State,
    is_end_stored,
    is_kept,
    why_end_not_stored,
    why_not_kept,
)

MOST = 16  # requests that wait at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One request."""

    call: Call[Any, Any]
    ok: Callable[[], None]  # answers it
    session_id: str
    is_end: bool  # it has ended the session; else it has begun it


class PendingAnswers:
    """The requests that wait for the disk."""

    def __init__(self) -> None:
        self._pending: list[Pending] = []

    @property
    def is_full(self) -> bool:
        """Return whether no other request may wait."""
        return len(self._pending) >= MOST

    def add(self, pending: Pending) -> None:
        """Let a request wait."""
        self._pending.append(pending)

    def answer(self, state: State) -> None:
        """Answer what can be answered now."""
        waiting, self._pending = self._pending, []
        for each in waiting:
            is_stored, problem = _result(state, each)
            if is_stored:
                each.ok()
            elif problem is not None:
                each.call.refuse(problem)
            else:
                self._pending.append(each)


def _result(state: State, pending: Pending) -> tuple[bool, str | None]:
    """Return whether the disk has a request's change, and why not; (False, None): not known yet."""
    if pending.is_end:
        problem = why_end_not_stored(state)
        why = None if problem is None else words.end_not_stored(problem)
        return is_end_stored(state, pending.session_id), why
    problem = why_not_kept(state)
    why = None if problem is None else words.not_stored(problem)
    return is_kept(state, pending.session_id), why
