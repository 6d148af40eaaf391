"""The newest message of a peer on one topic, and its repeats. Pure."""

import math
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bus.interface import BusError
from bus.schema import schema_hash
from bus.wire import topic_key
from msgs.topics import Topic

NEVER_NS = 1 << 63


class Publisher:
    """One topic of a peer: the constants of its frames, and the newest message."""

    __slots__ = (
        "are_repeats_counted",
        "body",
        "catch_up",
        "is_repeated",
        "key",
        "latched",
        "message",
        "schema_hash",
        "sequence",
        "stamp_ns",
    )

    def __init__(self, topic: Topic[Any], catch_up: Callable[[], None]) -> None:
        message: type[Struct] = topic.message
        self.key = topic_key(topic.name)
        self.schema_hash = schema_hash(message)
        self.latched = topic.latched
        self.sequence = 0
        self.stamp_ns = 0  # of the newest frame
        self.message: Struct | None = None  # the newest
        self.body = b""
        # Only under virtual time: the repeats of the newest message are counted by `catch_up`, not
        # sent.
        self.are_repeats_counted = False
        self.is_repeated = False
        self.catch_up = catch_up


class RepeatedMessage:
    """A message that is repeated each period until the next one."""

    __slots__ = ("_drifts", "hold_ns", "newest", "next_ns", "period_ns", "said", "topic")

    def __init__(self, topic: Topic[Any]) -> None:
        self.topic = topic
        self.period_ns: int | None = None  # None: published on change alone
        self.said: Struct | None = None  # the message published last
        self.newest: Struct | None = None  # differs from `said` in drifting fields at most
        self.next_ns = NEVER_NS
        self.hold_ns = math.inf  # of `said`
        self._drifts = topic.drifts

    def take(self, message: Struct) -> bool:
        """Take the newest message; return whether it is to be published at once."""
        said = self.said
        if message is said or message == said:
            self.newest = said
            return False
        self.newest = message
        if said is None or not self._drifts:
            return True
        drifted = {name: getattr(said, name) for name in self._drifts}
        return replace(message, **drifted) != said

    def repeat_each(self, period_s: float | None) -> None:
        """Set the period of the repeats [s]; None: no repeats."""
        period_ns = None if period_s is None else round(period_s * 1e9)
        if period_ns != self.period_ns:
            if period_ns is None or self.period_ns is None:
                self.next_ns = NEVER_NS
            else:
                self.next_ns += period_ns - self.period_ns
            self.period_ns = period_ns

    def published(self, now_ns: int) -> None:
        """Note that the newest message was published at a time or an instant of the grid."""
        if self.said is not self.newest:
            self.said = self.newest
            self.hold_ns = self.topic.hold_of(self.said) * 1e9
        self.next_ns = NEVER_NS if self.period_ns is None else now_ns + self.period_ns

    def hush(self) -> None:
        """End the repeats until the next message."""
        self.said = self.newest = None
        self.next_ns = NEVER_NS

    @property
    def is_pending(self) -> bool:
        """Return whether the next repeat differs from the message published last."""
        return self.newest is not self.said

    def is_due(self, instant_ns: int, step_ns: int) -> bool:
        """Return whether it is repeated at an instant of a grid: the one nearest to its time."""
        return 2 * instant_ns + step_ns >= 2 * self.next_ns

    def check_grid(self, step_ns: int) -> None:
        """Check that repeats on a grid may be counted and not sent: each is within the hold.

        :raises BusError: less than two instants or repeats fall within the hold.
        """
        every_ns = max(step_ns, self.period_ns or 0)
        if 2 * every_ns > self.hold_ns:
            topic = self.topic
            raise BusError(
                f"{topic.writer} looks each {step_ns / 1e9:g} s and repeats each "
                f"{(self.period_ns or 0) / 1e9:g} s {topic.name}, which holds "
                f"{self.hold_ns / 1e9:g} s: expected both at most half as long"
            )

    def first_ns(self, after_ns: int, step_ns: int) -> int:
        """Return the first instant of a grid, after a given one, at which it is repeated [ns]."""
        if self.next_ns == NEVER_NS:
            return NEVER_NS
        steps = -((2 * after_ns + step_ns - 2 * self.next_ns) // (2 * step_ns))
        return after_ns + max(1, steps) * step_ns

    def pass_instants(self, after_ns: int, last_ns: int, step_ns: int) -> tuple[int, int]:
        """Count the repeats at the instants of a grid after `after_ns` up to `last_ns`.

        Return their number and the instant of the last one, and move the time of the next.
        """
        first_ns = self.first_ns(after_ns, step_ns)
        if self.period_ns is None or first_ns > last_ns:
            return 0, 0
        every_ns = step_ns * max(1, -((step_ns - 2 * self.period_ns) // (2 * step_ns)))
        count = (last_ns - first_ns) // every_ns + 1
        repeated_ns = first_ns + (count - 1) * every_ns
        self.next_ns = repeated_ns + self.period_ns
        return count, repeated_ns
