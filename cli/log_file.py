"""A log file of limited size: a full one is renamed, and a new one begins."""

import os
from pathlib import Path

MOST_BYTES = 1024 * 1024  # of each of the two


class LogFile:
    """Appends bytes. On a disk error they are lost, without an exception."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        """Begin an empty log; that of the previous run is kept beside it.

        :raises OSError: the file cannot be created.
        """
        self.path = path
        self._most_bytes = most_bytes
        self._size_bytes = 0
        self._fd = -1
        self._begin()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        try:
            if self._size_bytes + len(data) > self._most_bytes and self._size_bytes:
                self._begin()
            self._size_bytes += os.write(self._fd, data)
        except OSError:
            return

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _begin(self) -> None:
        if self.path.exists():
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        fd = os.open(self.path, flags, 0o600)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._size_bytes = 0
