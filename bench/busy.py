"""An overloaded machine: every core computes, and a process writes to the disk all the time.

`bench/reaction.py` counts the openings of a charge on it.
"""

import contextlib
import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20
FILE_BYTES = 64 << 20  # then it starts again
MORE_THAN_CORES = 1  # processes that compute


def burn() -> None:
    """Compute until killed."""
    number = 1
    while True:
        number = number * 1_103_515_245 % 2_147_483_647 + 12_345


def write(directory: str) -> None:
    """Write and sync until killed."""
    chunk = os.urandom(CHUNK_BYTES)
    path = Path(directory) / "busy"
    while True:
        with path.open("wb") as file:
            for _ in range(FILE_BYTES // CHUNK_BYTES):
                file.write(chunk)
                file.flush()
                os.fsync(file.fileno())


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Keep cores and disk busy inside the block."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="wallbox-busy-") as directory:
        burners = (os.cpu_count() or 1) + MORE_THAN_CORES
        processes = [spawn.Process(target=burn) for _ in range(burners)]
        processes.append(spawn.Process(target=write, args=(directory,)))
        for process in processes:
            process.start()
        try:
            yield
        finally:
            for process in processes:
                process.kill()
                process.join()
