"""A node's looks under virtual time: those at which nothing can have changed are left out.

A look is needed when the machine's deadline has come, when something that the node reads has
changed or gone stale, and when a message falls due that has to be sent. All others would find what
the one before has found: what they would do is to repeat messages that say the same, and that is
counted when somebody looks (`catch_up`). So nothing that is sent, and no stamp that is read, shows
whether a look was left out.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from bus.looks import NotedLooks
from bus.publisher import NEVER_NS
from bus.subscription import TopicSubscription
from bus.timers import Deadline

EARLY_NS = 1000  # a deadline in seconds may round to a nanosecond later: looked at before, too


class LooksHost(Protocol):
    """What a node's looks need of the graph and of its peer."""

    def now_ns(self) -> int:
        """Return virtual time [ns]."""

    def has_passed(self, instant_ns: int, rank: int) -> bool:
        """Return whether a deadline of the node with a rank would have run by now."""

    def add_ranked(self, due_ns: int, rank: int, action: Callable[[], None]) -> Deadline:
        """Ask for an action at a time, in the order of its rank."""

    def subscriptions(self) -> Iterable[TopicSubscription[Any]]:
        """Return what the node reads."""

    def first_repeat_ns(self, after_ns: int, step_ns: int) -> int:
        """Return the first instant of a grid at which a message has to be sent again [ns]."""

    def pass_instants(self, after_ns: int, last_ns: int, step_ns: int) -> None:
        """Count the repeats of the instants of a grid that were left out."""

    def send_again(self) -> None:
        """Have what reads the node's messages know that they are not repeated any more."""


class VirtualLooks(NotedLooks):
    """See `bus.interface.Looks`."""

    def __init__(
        self,
        host: LooksHost,
        rank: int,
        step_ns: int,
        look: Callable[[], None],
        on_gap: Callable[[int], None],
        is_each_judged: bool,
    ) -> None:
        super().__init__(step_ns, on_gap)
        self._host = host
        self._rank = rank
        self._look = look
        self.is_each_judged = is_each_judged
        # The newest that has been looked at or left out; the first look is now.
        self.instant_ns = host.now_ns() - step_ns
        self._due_ns = 0
        self._stale_ns = 0  # nothing goes stale before; to be found out anew then
        self._is_changed = True
        self._has_begun = self._is_held = self._is_cancelled = self._is_looking = False
        self._deadline = host.add_ranked(host.now_ns(), rank, self._on_instant)

    # --- bus.interface.Looks -------------------------------------------------------------------

    def change_period(self, step_ns: int) -> None:
        """See `Looks.change_period`."""
        if step_ns != self.step_ns:
            self.catch_up()
            self.step_ns = step_ns
            # The new grid's instants up to now were none: nobody has looked, or should have. The
            # next one is looked at, since it may come later than a period after the look before.
            self.instant_ns += (self._host.now_ns() - self.instant_ns) // step_ns * step_ns
            self._is_changed = True
            self._schedule()

    def plan(self, due_s: float) -> None:
        """See `Looks.plan`."""
        self._due_ns = int(max(due_s, 0.0) * 1e9) - EARLY_NS if due_s < math.inf else NEVER_NS
        self._schedule()

    def note_said(self) -> None:
        """See `Looks.note_said`."""
        self._schedule()

    def catch_up(self) -> None:
        """See `Looks.catch_up`."""
        steps = (self._host.now_ns() - self.instant_ns) // self.step_ns
        if steps > 0 and self._has_begun and not self._is_held and not self._is_cancelled:
            last_ns = self.instant_ns + steps * self.step_ns
            if not self._host.has_passed(last_ns, self._rank):
                last_ns -= self.step_ns
            if self._deadline.action is not None:
                # A look that was asked for and has not taken place, since the node was held, is
                # missed and not left out.
                last_ns = min(last_ns, self._deadline.due_ns - self.step_ns)
            self._leave_out(last_ns)

    def cancel(self) -> None:
        """See `Looks.cancel`."""
        self.catch_up()
        self._is_cancelled = True
        self._deadline.cancel()
        self._host.send_again()

    # --- for the graph -------------------------------------------------------------------------

    def note_change(self) -> None:
        """Look at the next instant: something that the node reads has changed."""
        self._stale_ns = 0
        if not self._is_changed:
            self._is_changed = True
            self._schedule()

    def note_stamps(self) -> None:
        """Find out anew when what the node reads goes stale."""
        self._stale_ns = 0
        self._schedule()

    def hold(self) -> None:
        """Leave out nothing from now on: the node is held, and misses its next instant."""
        self._is_changed = True
        self._schedule()
        self._is_held = True

    def release(self) -> None:
        """Go on; what was missed is looked at as soon as its deadline runs."""
        self._is_held = False

    # --- inside --------------------------------------------------------------------------------

    def _leave_out(self, last_ns: int) -> None:
        """Count the instants up to one of them as looked at, with nothing new."""
        if last_ns > self.instant_ns:
            self._host.pass_instants(self.instant_ns, last_ns, self.step_ns)
            self.instant_ns = self.looked_ns = last_ns

    def _on_instant(self) -> None:
        due_ns, step_ns = self._deadline.due_ns, self.step_ns
        if self._has_begun:
            self._leave_out(due_ns - step_ns)
        self._has_begun = True
        # One that is late, since the node was held, has missed those up to now.
        self.instant_ns = due_ns + (self._host.now_ns() - due_ns) // step_ns * step_ns
        self._is_changed = False
        self._is_looking = True
        self._look()
        self._is_looking = False
        self._schedule()

    def _schedule(self) -> None:
        """Ask for the next look that is needed."""
        if self._is_looking or self._is_cancelled or self._is_held or not self._has_begun:
            return
        self.catch_up()
        first_ns = self.instant_ns + self.step_ns
        due_ns = first_ns
        if not self._is_changed and not self.is_each_judged:
            wanted_ns = self._wanted_ns()
            if wanted_ns > first_ns:
                steps = -((first_ns - wanted_ns) // self.step_ns)
                due_ns = first_ns + steps * self.step_ns
        if self._deadline.action is not None:
            if self._deadline.due_ns == due_ns:
                return
            self._deadline.cancel()
        self._deadline = self._host.add_ranked(due_ns, self._rank, self._on_instant)

    def _wanted_ns(self) -> int:
        """Return from when on a look is needed [ns]."""
        wanted_ns = self._host.first_repeat_ns(self.instant_ns, self.step_ns)
        wanted_ns = min(wanted_ns, self._due_ns)
        if self._stale_ns < wanted_ns:
            if self._stale_ns <= self.instant_ns:
                self._stale_ns = self._find_stale_ns()
            wanted_ns = min(wanted_ns, self._stale_ns)
        return wanted_ns

    def _find_stale_ns(self) -> int:
        """Return the earliest time since the newest look at which what is read goes stale [ns]."""
        stale_ns = NEVER_NS
        for subscription in self._host.subscriptions():
            if self.instant_ns < subscription.stale_ns < stale_ns:
                stale_ns = subscription.stale_ns
        return stale_ns
