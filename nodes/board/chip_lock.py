"""One chip, several processes: a group of transfers that belong together.

A lock of the kernel on a file in the run directory; it is released when its owner ends. Taking and
releasing it costs two system calls, 2 us on a desktop. Nobody waits for it in the kernel: a process
that is stopped while it holds the lock must not stop safety. Who finds it taken tries a few times,
or reads at its next look.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nodes.board.spi_link import ChipError

WAIT_S = 0.0003  # a group of transfers takes 0.1 ms to 0.3 ms


class ChipLock:
    """The lock of one chip."""

    def __init__(self, path: Path, wait: Callable[[float], None], tries: int = 1) -> None:
        """Open the lock's file; its folder is created.

        :param wait: waits for some seconds.
        :param tries: how often it is tried to take the lock, `WAIT_S` apart.
        :raises OSError: the file cannot be created.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._wait = wait
        self._tries = tries

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock.

        :raises ChipError: another process holds it.
        """
        self._take()
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, which releases the lock."""
        os.close(self._fd)

    def _take(self) -> None:
        for is_last in (False,) * (self._tries - 1) + (True,):
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if is_last:
                    raise ChipError("the chip is in use by another process") from error
                self._wait(WAIT_S)
            else:
                return
