"""For every test: where it writes, what is closed at its end, and how long it has all taken."""

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.closing import close_all

if TYPE_CHECKING:
    from tests.system.shared import SharedBox


LONGEST_FILES = 8

# No test depends on the time that an example takes: the machine may be busy.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2**30  # a run of the fast tests takes less than a quarter


def pytest_configure(config: pytest.Config) -> None:
    """Let the tests within one process write to memory: most of their time was fsync.

    That the product syncs is tested by its calls. Tests that start the box write to the disk.
    """
    if "not system" in config.option.markexpr and "TMPDIR" not in os.environ and _is_usable():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # looks it up again


def _is_usable() -> bool:
    """Return whether files in memory have room, and can be run as on the disk."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK | os.X_OK):
        return False
    is_runnable = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    return is_runnable and shutil.disk_usage(MEMORY).free > MEMORY_BYTES


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture(scope="session")
def shared() -> "Iterator[SharedBox]":
    """Give the real box of this worker, which is launched with the first test that needs it."""
    from tests.system.shared import SharedBox

    shared = SharedBox()
    yield shared
    shared.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the time of each folder and the longest files, fixtures included.

    It is summed over all workers. A file is the work of one worker, where processes are started:
    the longest ones are to begin first.
    """
    tests: dict[PurePath, set[str]] = defaultdict(set)
    seconds: dict[PurePath, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = PurePath(report.location[0])
                for place in (file, file.parent):
                    tests[place].add(report.nodeid)
                    seconds[place] += report.duration
    if not tests:
        return
    slowest_first = sorted(tests, key=lambda place: -seconds[place])
    files = [place for place in slowest_first if place.suffix == ".py"][:LONGEST_FILES]
    terminalreporter.section("time of each folder, and of the longest files")
    for place in [place for place in slowest_first if place.suffix != ".py"] + files:
        terminalreporter.write_line(f"{seconds[place]:7.1f} s {len(tests[place]):5}  {place}")
