"""For every test: what it has opened is closed at its end; and how long each folder has taken."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.closing import close_all

if TYPE_CHECKING:
    from tests.system.shared import SharedBox


# No test depends on the time that an example takes: the machine may be busy.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


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
    """Print the time of each folder, fixtures included, summed over all workers."""
    tests: dict[PurePath, set[str]] = defaultdict(set)
    seconds: dict[PurePath, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = PurePath(report.location[0]).parent
                tests[folder].add(report.nodeid)
                seconds[folder] += report.duration
    if not tests:
        return
    terminalreporter.section("time of each folder")
    for folder in sorted(tests, key=lambda folder: -seconds[folder]):
        terminalreporter.write_line(f"{seconds[folder]:7.1f} s {len(tests[folder]):5}  {folder}")
