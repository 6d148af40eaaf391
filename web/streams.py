"""The open live streams: a limited number, each with only the newest value; none blocks another.

One thread serves each of them, so their number is limited well below the number of threads.
"""

import threading
from collections import Counter
from collections.abc import Callable

MOST_STREAMS = 32  # assumed: for a house, its tools and a test bench; 12 threads are left
MOST_PER_ADDRESS = 30  # assumed: one machine cannot use all
HEARTBEAT_S = 12.0  # assumed: for a stream without other events
LONGEST_S = 300.0  # assumed: then the browser connects again, and its login is checked again
RETRY_MS = 2000  # assumed: until the browser connects again

HEARTBEAT = b": still here\n\n"


def event(data: bytes) -> bytes:
    """Return a value, one line of JSON, as an event "live"."""
    return b"event: live\ndata: " + data + b"\n\n"


class Streams:
    """All streams of one server. Its methods may be called by any thread; none of them waits."""

    def __init__(self, now_s: Callable[[], float], on_watched: Callable[[bool], None]) -> None:
        """`on_watched` is called when the first stream has opened and when the last has ended."""
        self._now_s = now_s
        self._on_watched = on_watched
        self._news = threading.Condition()
        self._event = b""
        self._number = 0
        self._closed = False
        self._open: Counter[str] = Counter()

    def open(
        self,
        address: str,
        first: bytes,
        is_allowed: Callable[[], bool],
        is_gone: Callable[[], bool],
    ) -> "Stream | None":
        """Return a new stream that begins with a value; None if there are too many.

        It ends when `is_allowed` is false, or when the client `is_gone`.
        """
        with self._news:
            if (
                self._closed
                or self._open.total() >= MOST_STREAMS
                or self._open[address] >= MOST_PER_ADDRESS
            ):
                return None
            self._open[address] += 1
            if self._open.total() == 1:
                self._on_watched(True)
            return Stream(self, address, first, self._number, is_allowed, is_gone)

    def say(self, data: bytes) -> None:
        """Give a new value to all streams; a slow one skips values."""
        with self._news:
            self._event = event(data)
            self._number += 1
            self._news.notify_all()

    def close(self) -> None:
        """End all streams, and open no more."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    @property
    def count(self) -> int:
        """Return how many are open."""
        with self._news:
            return self._open.total()

    def wait(self, seen: int, seconds: float) -> tuple[int, bytes | None]:
        """Wait for a value after `seen`; return its number and event, None if none came in time.

        :raises StopIteration: the server closes.
        """
        with self._news:
            self._news.wait_for(lambda: self._closed or self._number != seen, seconds)
            if self._closed:
                raise StopIteration
            return self._number, self._event if self._number != seen else None

    def leave(self, address: str) -> None:
        """Remove a stream from the count."""
        with self._news:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
            if not self._open:
                self._on_watched(False)

    def now_s(self) -> float:
        """Return monotonic time [s]."""
        return self._now_s()


class Stream:
    """One stream: the server iterates over it and closes it, also before the first value."""

    def __init__(
        self,
        streams: Streams,
        address: str,
        first: bytes,
        seen: int,
        is_allowed: Callable[[], bool],
        is_gone: Callable[[], bool],
    ) -> None:
        self._streams = streams
        self._address = address
        self._first: bytes | None = b"retry: %d\n\n" % RETRY_MS + event(first)
        self._seen = seen
        self._is_allowed = is_allowed
        self._is_gone = is_gone
        self._ends_s = streams.now_s() + LONGEST_S
        self._closed = False

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        """Wait for the next event and return it."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        left_s = self._ends_s - self._streams.now_s()
        if self._closed or left_s <= 0 or self._is_gone() or not self._is_allowed():
            raise StopIteration
        self._seen, news = self._streams.wait(self._seen, min(HEARTBEAT_S, left_s))
        if not self._is_allowed():
            raise StopIteration
        return HEARTBEAT if news is None else news

    def close(self) -> None:
        """End the stream; a second call has no effect."""
        if not self._closed:
            self._closed = True
            self._streams.leave(self._address)
