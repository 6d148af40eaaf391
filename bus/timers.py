"""Deadlines in the order in which they fall due. Pure: time comes in as an argument [ns]."""

import heapq
from collections.abc import Callable


class Deadline:
    """One action at one time; `period_ns` 0 means once."""

    __slots__ = ("action", "due_ns", "period_ns")

    def __init__(self, due_ns: int, period_ns: int, action: Callable[[], None]) -> None:
        self.due_ns = due_ns
        self.period_ns = period_ns
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Forget the action; harmless when it has run."""
        self.action = None


class Timers:
    """A heap of deadlines; equal times run in the order in which they were asked for."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Deadline]] = []
        self._count = 0

    def add(self, due_ns: int, action: Callable[[], None], period_ns: int = 0) -> Deadline:
        """Ask for an action at a time, and every period after it unless that is 0."""
        deadline = Deadline(due_ns, period_ns, action)
        self._push(deadline)
        return deadline

    def next_ns(self) -> int | None:
        """Return when the next action falls due [ns]; None if nothing is asked for."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def run_due(self, now_ns: int) -> bool:
        """Run the earliest action that is due; return whether there was one.

        A periodic one is set to its next round after now: what was missed is left out.
        """
        due = self.next_ns()
        if due is None or due > now_ns:
            return False
        deadline = heapq.heappop(self._heap)[2]
        action = deadline.action
        if deadline.period_ns:
            missed = (now_ns - deadline.due_ns) // deadline.period_ns
            deadline.due_ns += (missed + 1) * deadline.period_ns
            self._push(deadline)
        else:
            deadline.action = None
        if action is not None:
            action()
        return True

    def _push(self, deadline: Deadline) -> None:
        self._count += 1
        heapq.heappush(self._heap, (deadline.due_ns, self._count, deadline))
