"""Boxes of real processes for tests: one of a test's own, or a running one."""

from collections.abc import Iterator

import pytest

from tests.system.box import Box, new_box
from tests.system.shared import Note, SharedBox


@pytest.fixture
def own_box() -> Iterator[Box]:
    """Give a box for one test alone, not launched yet."""
    with new_box() as box:
        yield box


@pytest.fixture
def box(shared: SharedBox, record_property: Note) -> Box:
    """Give a running box that nothing is plugged into; its vehicle is soon at its full current."""
    return shared.idle(record_property)


@pytest.fixture
def charging(shared: SharedBox, record_property: Note) -> Box:
    """Give the running box in a charge at full current; it may have begun in a test before."""
    return shared.charging_fully(record_property)


@pytest.fixture
def charging_somehow(shared: SharedBox, record_property: Note) -> Box:
    """Give the running box in a charge whose current may still rise, which takes 6 s."""
    return shared.charging(record_property)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have measured, whether they passed or not."""
    reports = [each for word in ("passed", "failed") for each in terminalreporter.getreports(word)]
    measured = [pair for report in reports for pair in report.user_properties]
    if measured:
        terminalreporter.section("measured")
        for name, value in measured:
            terminalreporter.write_line(f"{name}: {value}")
