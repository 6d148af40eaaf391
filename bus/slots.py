"""A small record that is written often, in two slots of one file in turn.

A slot is overwritten in place, so that a write takes no new block: it succeeds on a full disk, and
costs one block of the disk. A power cut in a write damages one slot; the other one has the record
before. Each slot is its number, its length, a checksum and the record.

Both functions that touch the disk raise StoreError, and open the file again at the next call. They
block: a node calls them in `Bus.offload`, or at its start.
"""

import errno
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

from bus.disk import check_write
from bus.store import FILE_MODE, StoreError, set_aside, sync_directory

SLOT_BYTES = 4096  # a block of the disk: a write to one slot cannot damage the other
_HEAD = struct.Struct("<QII")  # number of the write, length of the record, CRC-32 of number and it
MOST_BYTES = SLOT_BYTES - _HEAD.size
SLOTS = 2
_NO_FILE = frozenset({errno.EISDIR, errno.ELOOP, errno.EACCES})


class Slots:
    """One file of two slots. One thread at a time."""

    def __init__(self, path: Path) -> None:
        """Touch nothing yet."""
        self._path = path
        self._fd: int | None = None
        self._number: int  # of the newest write; known while the file is open

    def newest(self) -> bytes | None:
        """Return the newest record; None: there is none, or no slot of the file is valid.

        :raises StoreError: the file can neither be read nor made.
        """
        try:
            found = self._found(self._open())
        except OSError as error:
            raise self._failed("read", error) from error
        return max(found)[1] if found else None

    def write(self, record: bytes, *, revokes: bool = False) -> None:
        """Replace the older record; on return the new one is on the disk.

        :param revokes: the records before must not come back: both slots are written, so that
            damage to one of them does not leave an older record as the newest.
        :raises StoreError: it is not stored.
        """
        assert len(record) <= MOST_BYTES, "a record fits into a slot"
        try:
            fd = self._open()
            for _ in range(SLOTS if revokes else 1):
                number = self._number + 1
                self._write(fd, _slot_of(number, record), number % SLOTS * SLOT_BYTES)
                os.fdatasync(fd)
                self._number = number
        except OSError as error:
            raise self._failed("written", error) from error

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _open(self) -> int:
        """Return the descriptor of the file, which stays open.

        A new file gets all of its blocks. What cannot be a file of this box is set aside.
        """
        if self._fd is not None:
            return self._fd
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            check_write(self._path, in_place=True)
            fd = self._fd = os.open(self._path, flags, FILE_MODE)
        except OSError as error:
            if error.errno not in _NO_FILE:
                raise
            set_aside(self._path)
            fd = self._fd = os.open(self._path, flags, FILE_MODE)
        size = os.fstat(fd).st_size
        if size < SLOTS * SLOT_BYTES:
            self._write(fd, bytes(SLOTS * SLOT_BYTES - size), size)
            os.fsync(fd)
            sync_directory(self._path.parent)
        self._number = max((number for number, _ in self._found(fd)), default=0)
        return fd

    def _found(self, fd: int) -> list[tuple[int, bytes]]:
        """Return the valid slots, each with the number of its write."""
        slots = (os.pread(fd, SLOT_BYTES, slot * SLOT_BYTES) for slot in range(SLOTS))
        return [found for found in map(_record_of, slots) if found is not None]

    def _write(self, fd: int, content: bytes, offset: int) -> None:
        is_new = os.fstat(fd).st_size < offset + len(content)
        check_write(self._path, in_place=not is_new)
        if os.pwrite(fd, content, offset) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _failed(self, done: str, error: OSError) -> StoreError:
        with suppress(OSError):
            self.close()
        return StoreError(f"{self._path} cannot be {done}: {error.strerror or error}")


def _slot_of(number: int, record: bytes) -> bytes:
    return _HEAD.pack(number, len(record), _checksum(number, record)) + record


def _record_of(slot: bytes) -> tuple[int, bytes] | None:
    """Return the number and the record of a slot; None: it is empty or damaged."""
    if len(slot) < _HEAD.size:
        return None
    number, length, checksum = _HEAD.unpack_from(slot)
    record = slot[_HEAD.size : _HEAD.size + length]
    return (number, record) if checksum == _checksum(number, record) else None


def _checksum(number: int, record: bytes) -> int:
    return zlib.crc32(record, zlib.crc32(struct.pack("<Q", number)))
