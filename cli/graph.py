"""A graph that runs behind the front: the supervisor as a child, its log in a file.

The child has a process group of its own, so that Ctrl-C reaches only the front, which passes it on
once. When the front dies, however it dies, the kernel tells the child to stop in order.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from cli.log_file import LogFile
from launch import process
from launch.children import log_pipe

READ_BYTES = 64 * 1024
LAST_WORDS_BYTES = 4096
LOG_NAME = "launch.log"


class Watcher(Protocol):
    """What is needed of the front's loop."""

    def watch(self, fd: int, on_readable: Callable[[], None]) -> None:
        """Have a callback run whenever a descriptor is readable or at its end."""

    def unwatch(self, fd: int) -> None:
        """Forget a descriptor."""


class Graph:
    """The supervisor's process."""

    def __init__(self, words: Sequence[str], run_dir: Path) -> None:
        """Start `wallbox` with these words; its log goes to a file in the run directory.

        To be called before this process has threads.
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
        """Leave no graph behind: ask it to stop, and wait for that."""
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
        """Return where its log is."""
        return self._log.path

    @property
    def last_words(self) -> str:
        """Return the last line that it has written: why it could not start, if it could not."""
        lines = self._last_words.decode(errors="replace").splitlines()
        return lines[-1] if lines else ""

    def watch(self, loop: Watcher) -> None:
        """Have its log taken, and its end noticed, from now on."""

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
        """Ask it to stop in order; asked again it has less patience."""
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
    """Have this process, before it becomes the supervisor, told to stop when its parent dies."""
    if not process.die_with(parent, signal.SIGTERM):
        os._exit(1)
