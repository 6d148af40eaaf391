"""Counts that a driver has taken out of registers which are cleared by reading.

They are in a file of the run directory, so that a restart of the node does not lose them. That
directory is in memory: a write costs one system call and no disk. A write is whole for a process
that is killed, and the file does not outlast the machine's run; a file that is not whole is none.
"""

import os
import struct
import zlib
from pathlib import Path

_SUM = struct.Struct("<I")  # CRC-32 of the counts before it


class KeptCounts:
    """A fixed number of counts, 0 or more."""

    def __init__(self, path: Path, number: int) -> None:
        """Open the file, or make it.

        :raises OSError: it cannot be opened.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._counts = struct.Struct(f"<{number}Q")

    def load(self) -> tuple[int, ...] | None:
        """Return what was saved; None: nothing, or a damaged file."""
        content = os.pread(self._file, self._counts.size + _SUM.size + 1, 0)
        counts, summed = content[: self._counts.size], content[self._counts.size :]
        if len(summed) != _SUM.size or _SUM.unpack(summed) != (zlib.crc32(counts),):
            return None
        return self._counts.unpack(counts)

    def save(self, counts: tuple[int, ...]) -> None:
        """Replace what was saved.

        :raises OSError: it could not be written.
        """
        content = self._counts.pack(*counts)
        os.pwrite(self._file, content + _SUM.pack(zlib.crc32(content)), 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
