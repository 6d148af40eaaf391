"""The newest message of one topic, and its freshness. Pure except for its clock.

A body is decoded only when the message is read: after a hundred frames and one look one body has
been decoded. A body that equals the previous one keeps the message object, with a new stamp.
"""

import math
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from bus.interface import Clock
from bus.publisher import NEVER_NS, Publisher
from bus.schema import schema_hash
from bus.wire import CHECKED, HEADER_LENGTH, UNREADABLE, VERSION
from msgs.patterns import plain
from msgs.topics import Topic

M = TypeVar("M", bound=msgspec.Struct)

_unpack_checked = CHECKED.unpack_from

# All nodes use one clock: a stamp further in the future is an error, and its message would never
# become stale.
FUTURE_NS = 1_000_000_000


_UNUSED = object()  # nothing has been used yet


class Counts:
    """Counts of one subscription; see `bus.interface.Health`."""

    __slots__ = ("gaps", "late", "refused")

    def __init__(self) -> None:
        self.gaps = 0
        self.late = 0
        self.refused = 0


class TopicSubscription(Generic[M]):
    """See `bus.interface.Subscription`."""

    __slots__ = (
        "_body",
        "_clock",
        "_decode_body",
        "_hash",
        "_hold_ns",
        "_is_back",
        "_known",
        "_message",
        "_on_refused",
        "_pending_ns",
        "_stamp_ns",
        "_used",
        "_uses",
        "changes_only",
        "health",
        "incarnation",
        "on_message",
        "renewal",
        "sequence",
        "topic",
    )

    def __init__(
        self,
        topic: Topic[M],
        clock: Clock,
        on_message: Callable[[M], None] | None,
        on_refused: Callable[[Topic[M], str, int], None],
        *,
        changes_only: bool = False,
        uses: Callable[[M], object] | None = None,
    ) -> None:
        self.topic = topic
        self.on_message = on_message
        self._uses = uses
        self._used: object = _UNUSED
        self.changes_only = changes_only  # no callback for a body that equals the previous one
        # Only under virtual time: the publisher whose repeats are counted, not sent.
        self.renewal: Publisher | None = None
        self.health = Counts()
        self.incarnation = 0
        self.sequence = 0
        self._clock = clock
        self._on_refused = on_refused
        self._hash = schema_hash(topic.message)
        self._decode_body = msgspec.msgpack.Decoder(topic.message).decode
        self._hold_ns = topic.hold_of(None) * 1e9
        self._body: bytes | None = None  # newer than the message, not yet decoded
        self._known: bytes | None = None  # the body of `_message`
        self._message: M | None = None
        self._is_back = False
        self._pending_ns = 0
        self._stamp_ns = 0

    def accept(self, data: bytes, at: int, now_ns: int) -> M | None:
        """Take a frame whose header begins at `at`; return the message if there is a callback.

        Frames of an older incarnation, repeats of a latched one, other schemas and stamps from the
        future are ignored.
        """
        if len(data) < at + HEADER_LENGTH:
            self.health.refused += 1
            return None
        version, length, code, incarnation, sequence, stamp_ns = _unpack_checked(data, at)
        if code != self._hash or version != VERSION:
            self.health.refused += 1
            self._on_refused(
                self.topic, "other schema" if version == VERSION else "other version", code
            )
            return None
        age_ns = now_ns - stamp_ns
        if age_ns < -FUTURE_NS:
            self.health.refused += 1
            return None
        if incarnation == self.incarnation and sequence == self.sequence + 1:
            pass  # most often
        elif incarnation == self.incarnation and sequence > self.sequence:
            self.health.gaps += sequence - self.sequence - 1
        elif incarnation <= self.incarnation and stamp_ns <= self._pending_ns:
            return None  # sent before the known one; a later stamp means that the count was reset
        self.incarnation = incarnation
        self.sequence = sequence
        if age_ns > self._hold_ns:
            self.health.late += 1
        self._pending_ns = stamp_ns
        body = data[at + length :]
        is_known = body == self._known
        if self.on_message is not None and not (is_known and self.changes_only):
            return self._decode(body)
        if now_ns - self._stamp_ns > self._hold_ns:
            self._is_back = True
        if is_known:
            self._body = None
            self._stamp_ns = stamp_ns
        else:
            self._body = body
        return None

    @property
    def message(self) -> M | None:
        """Return the newest message, however old; None before the first."""
        if self._body is not None:
            body, self._body = self._body, None
            self._decode(body)
        return self._message

    @property
    def stamp_s(self) -> float | None:
        """Return when the newest message was sent [monotonic s]; None before the first."""
        message = self._message if self._body is None else self.message
        if self.renewal is not None:
            self.renew()
        return None if message is None else self._stamp_ns / 1e9

    @property
    def age_s(self) -> float:
        """Return the age of the newest message [s]; infinity before the first."""
        if self.message is None:
            return math.inf
        if self.renewal is not None:
            self.renew()
        return (self._clock.now_ns() - self._stamp_ns) / 1e9

    def fresh(self) -> M | None:
        """Return the newest message if it is not older than its hold, else None."""
        message = self._message if self._body is None else self.message
        if message is None:
            return None
        self._is_back = False
        if self.renewal is not None:  # repeated within its hold
            return message
        return message if self._clock.now_ns() - self._stamp_ns <= self._hold_ns else None

    def take_news(self) -> bool:
        """Return whether the next look may differ from the previous one.

        A message has come since then whose used part differs, or the message is fresh again. The
        used part is remembered: the next call compares with it.
        """
        if self._body is None or self._is_back or self._uses is None:
            return self._body is not None or self._is_back
        message = self.message
        used = None if message is None else self._uses(message)
        is_other, self._used = used != self._used, used
        return is_other

    @property
    def stale_ns(self) -> int:
        """Return when the newest message becomes stale [monotonic ns].

        Never, while its repeats are counted: they come within its hold.
        """
        if self.message is None or self.renewal is not None or self._hold_ns == math.inf:
            return NEVER_NS
        return self._stamp_ns + int(self._hold_ns) + 1

    def renew(self) -> None:
        """Take the stamp of the newest counted repeat."""
        renewal = self.renewal
        if renewal is not None:
            renewal.catch_up()
            self._stamp_ns = self._pending_ns = renewal.stamp_ns
            self.sequence = renewal.sequence

    def _decode(self, body: bytes) -> M | None:
        """Decode a body; one that cannot be decoded is only counted."""
        try:
            message = self._decode_body(body)
        except UNREADABLE as error:
            self.health.refused += 1
            self._on_refused(self.topic, plain(error), self._hash)
            return None
        self._message = message
        self._known = body
        self._stamp_ns = self._pending_ns
        if self.topic.own_hold_s is not None:
            self._hold_ns = self.topic.hold_of(message) * 1e9
        return message
