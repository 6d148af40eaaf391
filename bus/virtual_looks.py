"""A node's looks under virtual time: those at which nothing can have changed are left out.

A look is needed when the machine's deadline has come, when a subscription has changed or become
stale, and when a message has to be sent. All other looks would have the same inputs as the previous
one and only repeat unchanged messages; their repeats are counted later (`catch_up`). So neither the
sent messages nor the stamps depend on whether looks are left out.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from bus.looks import NotedLooks
from bus.publisher import NEVER_NS
from bus.subscription import TopicSubscription
from bus.timers import Deadline

EARLY_NS = 1000  # a deadline in seconds may be rounded up: the look before it is taken as well


class LooksHost(Protocol):
    """The parts of graph and peer that a node's looks use."""

    def now_ns(self) -> int:
        """Return virtual time [ns]."""

    def has_passed(self, instant_ns: int, rank: int) -> bool:
        """Return whether a deadline of the node at a time and rank would have run by now."""

    def add_ranked(self, due_ns: int, rank: int, action: Callable[[], None]) -> Deadline:
        """Add an action at a time, in the order of its rank."""

    def subscriptions(self) -> Iterable[TopicSubscription[Any]]:
        """Return the subscriptions of the node."""

    def first_repeat_ns(self, after_ns: int, step_ns: int) -> int:
        """Return the first instant of a grid at which a message has to be sent again [ns]."""

    def pass_instants(self, after_ns: int, last_ns: int, step_ns: int) -> None:
        """Count the repeats at the left-out instants of a grid."""

    def send_again(self) -> None:
        """Inform the subscriptions to the node's messages that counted repeats end."""


class VirtualLooks(NotedLooks):
    """See `bus.interface.Looks`."""

    def __init__(
        self,
        host: LooksHost,
        rank: int,
        step_ns: int,
        look: Callable[[], None],
        on_gap: Callable[[int], None],
        steps_each_look: bool,
    ) -> None:
        super().__init__(step_ns, on_gap)
        self._host = host
        self._rank = rank
        self._look = look
        self.steps_each_look = steps_each_look
        # The newest instant, looked at or left out; the first look is now.
        self.instant_ns = host.now_ns() - step_ns
        self._due_ns = 0
        self._stale_ns = 0  # no subscription becomes stale before; then it is computed again
        self._is_changed = True
        self._has_begun = self._is_suspended = self._is_cancelled = self._is_looking = False
        self._deadline = host.add_ranked(host.now_ns(), rank, self._on_instant)

    # --- bus.interface.Looks -------------------------------------------------------------------

    def change_period(self, step_ns: int) -> None:
        """See `Looks.change_period`."""
        if step_ns != self.step_ns:
            self.catch_up()
            self.step_ns = step_ns
            # Instants of the new grid before now do not count as missed. The next one is looked at,
            # since it may be later than one period after the previous look.
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
        if steps > 0 and self._has_begun and not self._is_suspended and not self._is_cancelled:
            last_ns = self.instant_ns + steps * self.step_ns
            if not self._host.has_passed(last_ns, self._rank):
                last_ns -= self.step_ns
            if self._deadline.action is not None:
                # A scheduled look that has not taken place, since the node was suspended, is missed
                # and not left out.
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
        """Look at the next instant, since a subscription has changed."""
        self._stale_ns = 0
        if not self._is_changed:
            self._is_changed = True
            self._schedule()

    def note_stamps(self) -> None:
        """Compute again when a subscription becomes stale."""
        self._stale_ns = 0
        self._schedule()

    def suspend(self) -> None:
        """Leave out no look from now on: the node is suspended, and misses its next instant."""
        self._is_changed = True
        self._schedule()
        self._is_suspended = True

    def resume(self) -> None:
        """Continue; a missed look takes place as soon as its deadline runs."""
        self._is_suspended = False

    # --- inside --------------------------------------------------------------------------------

    def _leave_out(self, last_ns: int) -> None:
        """Count the instants up to a given one as looked at, without changes."""
        if last_ns > self.instant_ns:
            self._host.pass_instants(self.instant_ns, last_ns, self.step_ns)
            self.instant_ns = self.looked_ns = last_ns

    def _on_instant(self) -> None:
        due_ns, step_ns = self._deadline.due_ns, self.step_ns
        if self._has_begun:
            self._leave_out(due_ns - step_ns)
        self._has_begun = True
        # A late look, since the node was suspended, has missed the instants up to now.
        self.instant_ns = due_ns + (self._host.now_ns() - due_ns) // step_ns * step_ns
        self._is_changed = False
        self._is_looking = True
        self._look()
        self._is_looking = False
        self._schedule()

    def _schedule(self) -> None:
        """Schedule the next needed look."""
        if self._is_looking or self._is_cancelled or self._is_suspended or not self._has_begun:
            return
        self.catch_up()
        first_ns = self.instant_ns + self.step_ns
        due_ns = first_ns
        if not self._is_changed and not self.steps_each_look:
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
        """Return when the next look is needed [ns]."""
        wanted_ns = self._host.first_repeat_ns(self.instant_ns, self.step_ns)
        wanted_ns = min(wanted_ns, self._due_ns)
        if self._stale_ns < wanted_ns:
            if self._stale_ns <= self.instant_ns:
                self._stale_ns = self._find_stale_ns()
            wanted_ns = min(wanted_ns, self._stale_ns)
        return wanted_ns

    def _find_stale_ns(self) -> int:
        """Return the earliest time after the newest look at which a subscription is stale [ns]."""
        stale_ns = NEVER_NS
        for subscription in self._host.subscriptions():
            if self.instant_ns < subscription.stale_ns < stale_ns:
                stale_ns = subscription.stale_ns
        return stale_ns
