"""The safety record as text and as tables."""

import csv
from dataclasses import replace
from io import StringIO

import pytest

from msgs.evidence import (
    ContactorOperation,
    RecordWarning,
    SafetyCounts,
    SafetyDay,
    SafetyRecordStatus,
    SelfTestOutcome,
    SelfTestReport,
)
from msgs.stored import Stored
from tests.view.charge import charging
from tests.view.snapshot import said
from view.safety_record import (
    DAY_COLUMNS,
    OUTCOMES,
    TEST_COLUMNS,
    figures,
    record_warnings,
    shown_openings,
    shown_tests,
    stored_words,
    table_of_days,
    table_of_tests,
)
from view.stores import stores

UTC_NS = 1_796_083_200 * 10**9  # 2026-12-01


def self_test(outcome: SelfTestOutcome = SelfTestOutcome.PASSED) -> SelfTestReport:
    return SelfTestReport(
        number=3, utc_ns=UTC_NS, outcome=outcome, active_ms=210.0, idle_ms=600.4, earth_ohm=0.8
    )


def status(*warnings: RecordWarning, unstored: str = "") -> SafetyRecordStatus:
    counts = SafetyCounts(closings=82_340, openings=82_340, openings_under_load=12, most_a=31.7)
    return SafetyRecordStatus(
        counts=counts, operations=82_340, since_utc_ns=UTC_NS, first_earth_ohm=20.0,
        newest_earth_ohm=81.5, warnings=warnings, unstored=unstored,
    )  # fmt: skip


def test_warnings_say_what_is_known_and_what_to_do() -> None:
    worn, risen = record_warnings(status(*RecordWarning))
    assert worn.startswith("the contactor has made 82,340 of about 100,000 operations; have it")
    assert "from 20.0 ohm in the first self-tests to 81.5 ohm; have the protective earth" in risen
    assert record_warnings(status()) == ()
    (unstored,) = record_warnings(status(unstored="the disk of the box is full"))
    assert unstored.startswith("the safety record is not stored: the disk of the box is full;")


def test_the_live_page_and_the_terminal_have_the_warnings() -> None:
    assert stores(charging()) == ()
    warned = replace(charging(), record=said("record", status(RecordWarning.WORN)))
    (trouble,) = stores(warned)
    assert (trouble.node, trouble.words) == (
        "safety",
        record_warnings(status(RecordWarning.WORN))[0],
    )


def test_the_counts_are_compared_with_the_endurance() -> None:
    words = {each.title: each.words for each in figures(status())}
    assert words["Operations of this contactor"] == "82,340 of about 100,000 (82.3 %)"
    assert words["Openings under load, at 1 A or more"] == "12"
    assert words["Counted since"] == "2026-12-01"
    assert words["Earth loop, newest self-tests"] == "81.5 ohm"
    new = figures(SafetyRecordStatus(counts=SafetyCounts()))
    assert new[0].words == "not known"


@pytest.mark.parametrize("outcome", SelfTestOutcome)
def test_each_outcome_has_its_words_and_failures_are_marked(outcome: SelfTestOutcome) -> None:
    (row,) = shown_tests([self_test(outcome)])
    assert row.outcome == OUTCOMES[outcome]
    assert row.is_failed is row.outcome.startswith("failed")
    assert (row.active, row.idle, row.earth) == ("210 ms", "600 ms", "0.8 ohm")
    assert row.began == "2026-12-01 00:00:00"


def test_an_opening_has_its_current_or_that_it_is_not_known() -> None:
    opening = ContactorOperation(number=2, utc_ns=0, is_closing=False, took_ms=20.0, current_a=9.96)
    dropped = ContactorOperation(number=4, utc_ns=0, is_closing=False, is_ordered=False)
    first, second = shown_openings([opening, dropped])
    assert (first.began, first.current, first.took) == ("clock not set", "10.0 A", "20 ms")
    assert (second.current, second.took) == ("not known", "the coil dropped by itself")


@pytest.mark.parametrize("stored", Stored)
def test_what_was_lost_is_said(stored: Stored) -> None:
    words = stored_words(SafetyRecordStatus(counts=SafetyCounts(), stored=stored))
    assert bool(words) is (stored is not Stored.CURRENT)


def test_the_tables_have_numbers_without_units_and_nothing_where_nothing_is_known() -> None:
    empty = SelfTestReport(number=4, utc_ns=0, outcome=SelfTestOutcome.NOT_IDLE)
    rows = list(csv.DictReader(StringIO(table_of_tests([empty, self_test()]))))
    assert tuple(rows[0]) == TEST_COLUMNS
    assert list(rows[0].values()) == ["4", "", "not_idle", "", "", ""]
    assert list(rows[1].values()) == [
        "3",
        "2026-12-01T00:00:00Z",
        "passed",
        "210.0",
        "600.4",
        "0.8",
    ]
    day = SafetyDay(day="2026-12-01", counts=status().counts, earth_ohm=0.8)
    (row,) = csv.DictReader(StringIO(table_of_days([day])))
    assert tuple(row) == DAY_COLUMNS
    assert (row["closings"], row["largest_a"], row["highest_earth_ohm"]) == ("82340", "31.7", "0.8")
    assert row["longest_closing_ms"] == ""
