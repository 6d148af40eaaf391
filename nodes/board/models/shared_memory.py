"""One chip that several processes use: what it keeps is in a file."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import msgpack

from nodes.board.models.atm90e32 import MeterChipMemory, MeterChipState

MOST_STATE_BYTES = 4096


class SharedMemory(MeterChipMemory):
    """The memory of the meter chip in a file, for all processes that use the chip."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def hold(self, new: Callable[[], MeterChipState]) -> Iterator[MeterChipState]:
        """See `MeterChipMemory.hold`. A transfer is atomic, as on the bus."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            kept = os.pread(self._file, MOST_STATE_BYTES, 0)
            state = msgpack.decode(kept, type=MeterChipState) if kept else new()
            yield state
            written = os.pwrite(self._file, msgpack.encode(state), 0)
            os.ftruncate(self._file, written)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
