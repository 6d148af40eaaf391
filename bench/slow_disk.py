"""A disk on which every fsync takes 5 s, for a whole graph: a library that is loaded before libc.

The nodes know nothing of it: the dynamic linker puts it between them and the kernel, SQLite's
writes included.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.graph import Graph
from msgs.methods import SET_WISH
from msgs.requests import WishArguments

SOURCE = Path(__file__).with_name("slow_fsync.c")
WRITER = "session"  # the node that is kept busy
WRITES_WITHIN_S = 2.0  # it has begun to write after a request


class SlowDisk:
    """The library, and the file that switches it on and shows what it slows down."""

    def __init__(self, directory: Path) -> None:
        """Compile the library.

        :raises SystemExit: there is no C compiler, or it fails.
        """
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise SystemExit("a slow disk needs a C compiler, and there is neither gcc nor cc")
        self._library = directory / "slow_fsync.so"
        self._switch = directory / "slow"
        self.slowed = 0  # fsyncs, in the slow times that are over
        source, library = str(SOURCE), str(self._library)
        command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", library, source]
        if subprocess.run(command, check=False).returncode != 0:
            raise SystemExit(f"a slow disk needs {SOURCE.name}, which {compiler} does not compile")

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the environment of a graph on this disk."""
        return {"LD_PRELOAD": str(self._library), "SLOW_FSYNC": str(self._switch)}

    @contextmanager
    def slow(self, _: Graph) -> Iterator[None]:
        """Delay each fsync inside the block."""
        self._switch.touch()
        try:
            yield
        finally:
            self.slowed += begun(self._switch.read_text())
            self._switch.unlink()

    def keep_busy(self, graph: Graph) -> None:
        """Return while session writes: by itself at the begin of a charge, or else a wish.

        A node writes in the order of its requests. A wish beside what it writes already would only
        delay the next charge, which is not permitted before the record of its start is stored.

        :raises RuntimeError: nothing is written, or nothing is slow.
        """
        if not self._is_busy():
            graph.tool.request(SET_WISH, WishArguments(), timeout_s=60.0)
            graph.until(self._is_busy, WRITES_WITHIN_S, f"a slow write of {WRITER} is under way")

    def _is_busy(self) -> bool:
        return is_writing(self._switch.read_text(), WRITER)


def begun(lines: str) -> int:
    """Return how many writes have begun, by the lines of `slow_fsync.c`."""
    return lines.count("+")


def is_writing(lines: str, process: str) -> bool:
    """Return whether a slow write of a process is under way."""
    words = lines.splitlines()
    return words.count(f"+{process}") > words.count(f"-{process}")
