"""For every test: what it has opened is closed at its end; and how long each folder has taken."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath

import pytest

from tests.closing import close_all


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    close_all()


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
