"""A graph that runs behind the front: the supervisor as a child, its log in a file.

The child has its own process group, so that Ctrl-C reaches only the front, which passes it on once.
If the front dies, the kernel sends SIGTERM to the child, which stops in order.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.log_file import LogFile
from launch import process
from launch.children import EventLoop, log_pipe

READ_BYTES = 64 * 1024
LAST_WORDS_BYTES = 4096
LOG_NAME = "launch.log"


class Graph:
    """The supervisor's process."""

    def __init__(self, words: Sequence[str], run_dir: Path) -> None:
        """Start `wallbox` with these words; its log goes to a file in the run directory.

        Call it before this process has threads.
        """
        self.exit_code: int | None = None
        self._log = LogFile(run_dir / LOG_NAME)
        self._last_words = b""
        self._reading, writing = log_pipe()
        os.set_blocking(writing, True)
        parent = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "cli.main", *words],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            process_group=0,
            preexec_fn=lambda: _end_with(parent),
        )
        os.close(writing)
        self._pidfd = os.pidfd_open(self._process.pid)

    def __enter__(self) -> "Graph":
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the graph, and wait for its end."""
        if self.exit_code is None:
            self.stop()
            os.set_blocking(self._reading, True)
            while self._take():
                pass
            self._end()
        os.close(self._reading)
        os.close(self._pidfd)
        self._log.close()

    @property
    def pid(self) -> int:
        """Return the supervisor's process id."""
        return self._process.pid

    @property
    def log_path(self) -> Path:
        """Return the path of its log."""
        return self._log.path

    @property
    def last_words(self) -> str:
        """Return the last line of its log, which says why if it could not start."""
        lines = self._last_words.decode(errors="replace").splitlines()
        return lines[-1] if lines else ""

    def watch(self, loop: EventLoop) -> None:
        """Read its log and detect its end in a loop, from now on."""

        def take() -> None:
            with contextlib.suppress(BlockingIOError):
                if not self._take():
                    loop.unwatch(self._reading)

        def end() -> None:
            loop.unwatch(self._pidfd)
            with contextlib.suppress(BlockingIOError):
                while self._take():
                    pass
            loop.unwatch(self._reading)
            self._end()

        loop.watch(self._reading, take)
        loop.watch(self._pidfd, end)

    def stop(self) -> None:
        """Ask it to stop in order; each further request shortens its time limits."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)

    def _take(self) -> bytes:
        data = os.read(self._reading, READ_BYTES)
        self._log.write(data)
        self._last_words = (self._last_words + data)[-LAST_WORDS_BYTES:]
        return data

    def _end(self) -> None:
        self.exit_code = self._process.wait()


def _end_with(parent: int) -> None:
    """Have the kernel send SIGTERM to this process, the later supervisor, when its parent dies."""
    if not process.signal_on_parent_death(parent, signal.SIGTERM):
        os._exit(1)
