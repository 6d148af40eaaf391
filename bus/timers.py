"""Deadlines in the order of their times. Pure: time is an argument [ns]."""

import heapq
from collections.abc import Callable
from typing import Protocol


class Deadline:
    """One action at one time; `period_ns` 0 means once."""

    __slots__ = ("action", "due_ns", "period_ns", "rank")

    def __init__(
        self, due_ns: int, period_ns: int, action: Callable[[], None], rank: int = 0
    ) -> None:
        self.due_ns = due_ns
        self.period_ns = period_ns
        self.rank = rank  # among the deadlines of one node at one time
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Cancel the action; no effect if it has run."""
        self.action = None

    def take(self, now_ns: int) -> Callable[[], None] | None:
        """Return the due action, and set the next time after now, if there is a period.

        Missed times are left out. Without a period the action runs once.
        """
        action = self.action
        if self.period_ns:
            self.due_ns += ((now_ns - self.due_ns) // self.period_ns + 1) * self.period_ns
        else:
            self.action = None
        return action


class Schedule(Protocol):
    """Holds the deadlines of a node."""

    def add(self, due_ns: int, action: Callable[[], None], period_ns: int = 0) -> Deadline:
        """Add an action at a time, and every period after it unless that is 0."""


class Timers:
    """See `Schedule`. A heap; equal times run in the order in which they were added."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Deadline]] = []
        self._count = 0

    def add(self, due_ns: int, action: Callable[[], None], period_ns: int = 0) -> Deadline:
        """See `Schedule.add`."""
        deadline = Deadline(due_ns, period_ns, action)
        self._push(deadline)
        return deadline

    def next_ns(self) -> int | None:
        """Return the time of the next action [ns]; None without one."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def run_due(self, now_ns: int) -> bool:
        """Run the earliest action that is due; return whether there was one."""
        heap = self._heap
        if not heap or heap[0][0] > now_ns:
            return False
        deadline = heapq.heappop(heap)[2]
        action = deadline.take(now_ns)
        if action is not None:
            if deadline.period_ns:
                self._push(deadline)
            action()
        return True

    def _push(self, deadline: Deadline) -> None:
        self._count += 1
        heapq.heappush(self._heap, (deadline.due_ns, self._count, deadline))
