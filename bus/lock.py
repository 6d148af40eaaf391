"""One process for each node name: a lock that the kernel releases when its owner ends.

With ZeroMQ a second bind of an ipc endpoint takes it over without an error, so the lock is taken
before any bind and kept until the process ends. Its file also counts the incarnations.
"""

import fcntl
import os
import time
from pathlib import Path

PROBE_TRIES = 5  # `is_held` takes a free lock for some microseconds
PROBE_S = 0.002


class BusyError(Exception):
    """Raised when another process holds the name; says which."""


class Lock:
    """The held lock of one node name."""

    def __init__(self, path: Path, node: str) -> None:
        """Take the lock.

        :raises BusyError: another process holds it.
        """
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for is_last in (False,) * PROBE_TRIES + (True,):
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if is_last:
                    owner = read_owner(path)
                    os.close(self._fd)
                    who = f"process {owner}" if owner else "another process"
                    busy = f"{node} runs already on {path.parent}: {who} holds it"
                    raise BusyError(busy) from error
                time.sleep(PROBE_S)
        self.incarnation = _count(os.pread(self._fd, 64, 0)) + 1
        text = f"{os.getpid()} {self.incarnation}\n".encode()
        os.pwrite(self._fd, text, 0)
        os.ftruncate(self._fd, len(text))

    def release(self) -> None:
        """Release the lock; the file stays.

        It keeps the count. Besides, a process that waits for the lock has the file open: if it were
        removed, that process would lock the removed file and the next one a new file.
        """
        os.close(self._fd)


def read_owner(path: Path) -> int | None:
    """Return the pid in a lock file, whether or not the lock is held; None without a file."""
    try:
        words = path.read_bytes().split()
    except OSError:
        return None
    return int(words[0]) if words and words[0].isdigit() else None


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _count(content: bytes) -> int:
    """Return the previous incarnation; an unreadable one becomes the time, which is larger."""
    words = content.split()
    if not content:
        return 0
    if len(words) == 2 and words[1].isdigit():
        return int(words[1])
    return int(time.time()) & 0x7FFFFFFF
