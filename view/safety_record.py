"""The safety record for a person, and as tables for other programs. Pure."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO

from msgspec import Struct

from msgs.evidence import (
    ENDURANCE,
    LOADED_A,
    ContactorOperation,
    RecordWarning,
    SafetyDay,
    SafetyRecordStatus,
    SelfTestOutcome,
    SelfTestReport,
)
from msgs.stored import Stored

OUTCOMES = {
    SelfTestOutcome.PASSED: "passed",
    SelfTestOutcome.NOT_IDLE: "failed: an output was active without a test",
    SelfTestOutcome.NO_ANSWER: "failed: an output did not answer",
    SelfTestOutcome.LATE: "failed: an output became idle too late",
    SelfTestOutcome.STUCK: "failed: an output stayed active",
    SelfTestOutcome.BROKEN_OFF: "broken off",
}
LOST = "The record before could not be read, so the counts have begun again."
PREVIOUS = "The newest part of the record could not be read: what was counted last may be missing."
NOT_KNOWN = "not known"
CLOCK_NOT_SET = "clock not set"
NOT_SEEN = "\u2013"

TEST_COLUMNS = ("number", "began_utc", "outcome", "active_ms", "idle_ms", "earth_ohm")
DAY_COLUMNS = (
    "day_utc", "closings", "openings", "openings_under_load", "failed_closings", "largest_a",
    "self_tests", "failed_self_tests", "longest_closing_ms", "longest_opening_ms",
    "longest_active_ms", "longest_idle_ms", "highest_earth_ohm",
)  # fmt: skip


class RecordFigure(Struct, frozen=True, kw_only=True):
    """One value with its label."""

    title: str
    words: str


class ShownTest(Struct, frozen=True, kw_only=True):
    """One self-test."""

    number: int
    began: str
    outcome: str
    is_failed: bool
    active: str
    idle: str
    earth: str


class ShownOpening(Struct, frozen=True, kw_only=True):
    """One opening under load."""

    began: str
    current: str
    took: str


def record_warnings(status: SafetyRecordStatus) -> tuple[str, ...]:
    """Return what the record shows that somebody should see to."""
    words = {
        RecordWarning.WORN: f"the contactor has made {status.operations:,} of about "
        f"{ENDURANCE:,} operations; have it replaced by an electrician before it is worn out",
        RecordWarning.EARTH_RISEN: f"the earth loop has risen from {_ohm(status.first_earth_ohm)} "
        f"in the first self-tests to {_ohm(status.newest_earth_ohm)}; have the protective earth "
        "checked by an electrician: above 500 ohm nothing is charged",
    }
    warnings = tuple(words[each] for each in status.warnings)
    if status.unstored:
        unstored = f"the safety record is not stored: {status.unstored}; it is tried again"
        return (*warnings, unstored)
    return warnings


def stored_words(status: SafetyRecordStatus) -> str:
    """Return what was lost of the record; "": nothing."""
    return {Stored.LOST: LOST, Stored.PREVIOUS: PREVIOUS}.get(status.stored, "")


def figures(status: SafetyRecordStatus) -> tuple[RecordFigure, ...]:
    """Return the counts for a person."""
    counts = status.counts
    share = 100.0 * status.operations / ENDURANCE
    since = day_words(status.since_utc_ns) if status.since_utc_ns else NOT_KNOWN
    rows = [
        ("Counted since", since),
        (
            "Operations of this contactor",
            f"{status.operations:,} of about {ENDURANCE:,} ({share:.1f} %)",
        ),
        ("Closings", f"{counts.closings:,}"),
        ("Openings", f"{counts.openings:,}"),
        (f"Openings under load, at {LOADED_A:g} A or more", f"{counts.openings_under_load:,}"),
        ("Largest current at an opening", f"{counts.most_a:.1f} A"),
        ("Openings not seen, by a loss of power or a restart", f"{status.unseen_openings:,}"),
        ("Closings that were not proven", f"{counts.failed_closings:,}"),
        ("Self-tests", f"{counts.tests:,}, of which {counts.failed_tests:,} failed"),
        ("Earth loop, first self-tests", _ohm(status.first_earth_ohm)),
        ("Earth loop, newest self-tests", _ohm(status.newest_earth_ohm)),
    ]
    if status.contactor_utc_ns:
        rows.append(("Contactor replaced", day_words(status.contactor_utc_ns)))
    return tuple(RecordFigure(title=title, words=words) for title, words in rows)


def shown_tests(tests: Iterable[SelfTestReport]) -> tuple[ShownTest, ...]:
    """Return self-tests as rows."""
    fine = (SelfTestOutcome.PASSED, SelfTestOutcome.BROKEN_OFF)
    return tuple(
        ShownTest(
            number=each.number,
            began=utc_words(each.utc_ns),
            outcome=OUTCOMES[each.outcome],
            is_failed=each.outcome not in fine,
            active=_ms(each.active_ms),
            idle=_ms(each.idle_ms),
            earth=_ohm(each.earth_ohm),
        )
        for each in tests
    )


def shown_openings(openings: Iterable[ContactorOperation]) -> tuple[ShownOpening, ...]:
    """Return openings under load as rows."""
    return tuple(
        ShownOpening(
            began=utc_words(each.utc_ns),
            current=NOT_KNOWN if each.current_a is None else f"{each.current_a:.1f} A",
            took=_ms(each.took_ms) if each.is_ordered else "the coil dropped by itself",
        )
        for each in openings
    )


def table_of_tests(tests: Iterable[SelfTestReport]) -> str:
    """Return self-tests as comma-separated values, with a line of titles."""
    rows = (
        (
            each.number,
            _iso(each.utc_ns),
            each.outcome.value,
            _cell(each.active_ms),
            _cell(each.idle_ms),
            _cell(each.earth_ohm),
        )
        for each in tests
    )
    return _table(TEST_COLUMNS, rows)


def table_of_days(days: Iterable[SafetyDay]) -> str:
    """Return days as comma-separated values, with a line of titles."""
    rows = (
        (
            each.day,
            each.counts.closings,
            each.counts.openings,
            each.counts.openings_under_load,
            each.counts.failed_closings,
            f"{each.counts.most_a:.1f}",
            each.counts.tests,
            each.counts.failed_tests,
            _cell(each.closing_ms),
            _cell(each.opening_ms),
            _cell(each.active_ms),
            _cell(each.idle_ms),
            _cell(each.earth_ohm),
        )
        for each in days
    )
    return _table(DAY_COLUMNS, rows)


def utc_words(utc_ns: int) -> str:
    """Return a time of UTC for a person; that the clock was not set, for 0."""
    if not utc_ns:
        return CLOCK_NOT_SET
    return datetime.fromtimestamp(utc_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def day_words(utc_ns: int) -> str:
    """Return a day of UTC for a person; that the clock was not set, for 0."""
    if not utc_ns:
        return CLOCK_NOT_SET
    return datetime.fromtimestamp(utc_ns // 10**9, UTC).strftime("%Y-%m-%d")


def _iso(utc_ns: int) -> str:
    if not utc_ns:
        return ""
    return datetime.fromtimestamp(utc_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _table(titles: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    table = StringIO()
    lines = csv.writer(table)
    lines.writerow(titles)
    lines.writerows(rows)
    return table.getvalue()


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _ms(value: float | None) -> str:
    return NOT_SEEN if value is None else f"{value:.0f} ms"


def _ohm(value: float | None) -> str:
    return NOT_SEEN if value is None else f"{value:.1f} ohm"
