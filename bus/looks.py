"""A node's looks between processes: one at each instant, since devices change at any time.

Under virtual time `bus.virtual_looks` leaves out those at which nothing can have changed.
"""

from collections.abc import Callable

from bus.interface import MISSED_PERIODS, Clock
from bus.timers import Deadline, Schedule


class NotedLooks:
    """The time of a node's last look, on its grid or off it; late looks are reported."""

    def __init__(self, step_ns: int, on_gap: Callable[[int], None]) -> None:
        """Begin without a look; `on_gap` gets the gap before each late look [ns]."""
        self.step_ns = step_ns
        self.looked_ns: int | None = None
        self._on_gap = on_gap

    def note_look(self, now_ns: int) -> int:
        """See `bus.interface.Looks.note_look`."""
        gap_ns = 0 if self.looked_ns is None else now_ns - self.looked_ns
        self.looked_ns = now_ns
        if gap_ns > MISSED_PERIODS * self.step_ns:
            self._on_gap(gap_ns)
        return gap_ns


class TimerLooks(NotedLooks):
    """See `bus.interface.Looks`: one deadline after the other."""

    steps_each_look = False

    def __init__(
        self,
        timers: Schedule,
        clock: Clock,
        step_ns: int,
        look: Callable[[], None],
        on_gap: Callable[[int], None],
    ) -> None:
        super().__init__(step_ns, on_gap)
        self._timers = timers
        self._clock = clock
        self._look = look
        self._is_cancelled = False
        self.instant_ns = clock.now_ns()
        self._deadline: Deadline = timers.add(self.instant_ns, self._on_instant)

    def change_period(self, step_ns: int) -> None:
        """See `Looks.change_period`."""
        if step_ns != self.step_ns:
            self.step_ns = step_ns
            self.instant_ns += (self._clock.now_ns() - self.instant_ns) // step_ns * step_ns
            self._arm()

    def plan(self, due_s: float) -> None:
        """See `Looks.plan`. Each instant is looked at."""

    def note_said(self) -> None:
        """See `Looks.note_said`. Each instant is looked at."""

    def catch_up(self) -> None:
        """See `Looks.catch_up`. Nothing was left out."""

    def cancel(self) -> None:
        """See `Looks.cancel`."""
        self._is_cancelled = True
        self._deadline.cancel()

    def _on_instant(self) -> None:
        now_ns = self._clock.now_ns()
        missed = (now_ns - self._deadline.due_ns) // self.step_ns
        self.instant_ns = self._deadline.due_ns + missed * self.step_ns
        self._arm()
        self._look()

    def _arm(self) -> None:
        self._deadline.cancel()
        if not self._is_cancelled:
            self._deadline = self._timers.add(self.instant_ns + self.step_ns, self._on_instant)
