"""One process at a time owns the coil: a graph's safety, or the board check.

The lock of a node's name is in the run directory, and another run directory has another one. So the
owner locks a file of the machine as well, for as long as it runs.
"""

import fcntl
import os

from bus import Bus
from nodes.board.io import Io
from nodes.board.pins import open_lock

USE_FILE = "board.flock"  # in the run directory, where the machine has no device for it
TRIES = 100  # the process before may be about to end
WAIT_S = 0.002


class BoardInUseError(Exception):
    """Raised when another process owns the coil; later it may have ended."""


class SoleUse:
    """The held lock."""

    def __init__(self, bus: Bus, io: Io) -> None:
        """Take the lock.

        :raises BoardInUseError: another process holds it.
        """
        bus.run_dir.mkdir(parents=True, exist_ok=True)
        path = io.use_lock() or bus.run_dir / USE_FILE
        self._file: int | None = open_lock(path)
        for is_last in (False,) * TRIES + (True,):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if is_last:
                    self.release()
                    text = "another process uses the board: a running box, or a board check"
                    raise BoardInUseError(f"{path} is held: {text}") from error
                io.wait(WAIT_S)

    def release(self) -> None:
        """Release it; again has no effect."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
