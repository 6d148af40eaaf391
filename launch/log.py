"""The log as the supervisor writes it: one line for each event, on stderr, without blocking.

    2026-11-23 00:12:44.031 info    pilot         ready

UTC, level, origin, text (LOG-1). Each node writes to its own pipe; a line begins with its level as
in sd-daemon(3), `<3>` to `<7>`. A line without a level comes from a library: a warning.
"""

import contextlib
import datetime
import os
import re
import socket
import stat
from collections import deque

MOST_WAITING_BYTES = 1024 * 1024
LONGEST_LINE_BYTES = 4096
READ_BYTES = 64 * 1024

LEVELS = ("debug", "info", "warning", "error")

_MARKS = {3: "error", 4: "warning", 6: "info", 7: "debug"}
_MARK = re.compile(rb"<([3467])>")


def line_of(utc_ns: int, level: str, origin: str, text: str) -> str:
    """Return one line of the log, without its end."""
    at = datetime.datetime.fromtimestamp(utc_ns // 1_000_000_000, datetime.UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{utc_ns // 1_000_000 % 1000:03} {level:7} {origin:12} {text}"


class LineSplitter:
    """Cuts the bytes of a node's log into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[str, str]]:
        """Take bytes; return the lines that are complete, each with its level."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            whole.append(self._rest)
            self._rest = b""
        return [self._read(line) for line in whole if line]

    def end(self) -> list[tuple[str, str]]:
        """Return the rest at the end of the data."""
        return self.feed(b"\n")

    @staticmethod
    def _read(line: bytes) -> tuple[str, str]:
        mark = _MARK.match(line)
        level = _MARKS[int(mark[1])] if mark else "warning"
        text = line[mark.end() if mark else 0 :][:LONGEST_LINE_BYTES]
        return level, text.decode(errors="backslashreplace").rstrip()


QUIET_LEVELS = ("debug", "info")


class LogWriter:
    """Writes lines from a level up to a descriptor that may be slow.

    Beyond MOST_WAITING_BYTES lines are dropped and counted.
    """

    def __init__(self, fd: int, least: str = "debug") -> None:
        self._fd = _without_waiting(fd)
        # A socket (systemd's journal) cannot be opened again; each send has MSG_DONTWAIT instead.
        self._socket = socket.socket(fileno=self._fd) if _is_socket(self._fd) else None
        self._shown = frozenset(LEVELS[LEVELS.index(least) :])
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._held_back: list[bytes] | None = None
        self._utc_ns = 0

    @property
    def has_more(self) -> bool:
        """Return whether lines wait to be written."""
        return bool(self._waiting)

    def write(self, utc_ns: int, level: str, origin: str, text: str) -> None:
        """Write one line, now or at a later `flush`."""
        if level not in self._shown:
            return
        self._utc_ns = utc_ns
        data = line_of(utc_ns, level, origin, text).encode() + b"\n"
        if self._held_back is not None and level in QUIET_LEVELS:
            self._held_back.append(data)
            return
        self._put_off(data)

    def hold_back(self) -> None:
        """Hold lines below a warning until `let_out`: a failed start then logs only its reason."""
        self._held_back = []

    def let_out(self) -> None:
        """Write the lines that were held back, and from now on each line at once."""
        held_back, self._held_back = self._held_back or [], None
        for data in held_back:
            self._put_off(data)

    def _put_off(self, data: bytes) -> None:
        if self._waiting_bytes + len(data) > MOST_WAITING_BYTES:
            self._dropped += 1
            return
        if self._dropped:
            lost = f"{self._dropped} lines are lost here: the log was read too slowly"
            self._dropped = 0
            data = line_of(self._utc_ns, "warning", "launch", lost).encode() + b"\n" + data
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self.flush()

    def flush(self) -> None:
        """Write as much as possible without blocking."""
        while self._waiting:
            data = self._waiting[0]
            try:
                count = self._put(data)
            except BlockingIOError:
                return
            except OSError:  # a closed pipe or terminal
                count = len(data)
            self._waiting_bytes -= count
            if count < len(data):
                self._waiting[0] = data[count:]
            else:
                self._waiting.popleft()

    def _put(self, data: bytes) -> int:
        if self._socket is not None:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        return os.write(self._fd, data)

    def close(self) -> None:
        """Close it; waiting lines are lost."""
        self.flush()
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._fd)


def _is_socket(fd: int) -> bool:
    return stat.S_ISSOCK(os.fstat(fd).st_mode)


def _without_waiting(fd: int) -> int:
    """Return a new descriptor for the same file that does not block.

    The file is opened again, because O_NONBLOCK on the given descriptor would affect all processes
    that share it. Regular files do not block, and sockets cannot be opened: those are duplicated.
    """
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            return os.open(f"/proc/self/fd/{fd}", flags)
    return os.dup(fd)
