"""Boxes of real processes for tests: one of a test's own, or a running one."""

from collections.abc import Iterator

import pytest

from tests.system.box import QUICK_VEHICLE, Box, new_box


@pytest.fixture
def own_box() -> Iterator[Box]:
    """Give a box for one test alone, not launched yet."""
    with new_box() as box:
        yield box


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """Give a running box to all tests of a file; its vehicle is soon at its full current."""
    with new_box() as box:
        box.launch(*QUICK_VEHICLE)
        yield box


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have measured, whether they passed or not."""
    reports = [each for word in ("passed", "failed") for each in terminalreporter.getreports(word)]
    measured = [pair for report in reports for pair in report.user_properties]
    if measured:
        terminalreporter.section("measured")
        for name, value in measured:
            terminalreporter.write_line(f"{name}: {value}")
