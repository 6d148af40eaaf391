"""The page Safety Record, and its lists as files."""

from typing import Any

from flask import Flask, Response, render_template
from werkzeug.exceptions import NotFound, ServiceUnavailable

from msgs.evidence import (
    ENDURANCE,
    WORN_OPERATIONS,
    SafetyDay,
    SafetyRecord,
    SafetyRecordArguments,
    SelfTestReport,
)
from msgs.label import Label
from msgs.methods import SHOW_SAFETY_RECORD
from msgs.requests import Status
from view.safety_record import (
    CLOCK_NOT_SET,
    day_words,
    figures,
    record_warnings,
    shown_openings,
    shown_tests,
    stored_words,
    table_of_days,
    table_of_tests,
)
from web.box import Box
from web.trend import Trend, bars, curves

PATH = "/safety-record"
PART = 100  # of each list that one request gives
MOST_PARTS = 10  # of a file: more than system keeps
SHOWN_TESTS, SHOWN_OPENINGS, SHOWN_DAYS = 20, 10, 31  # assumed: in the tables of the page
SILENT = "The wallbox does not answer at the moment."


class SafetyRecordPage:
    """The views. Who may see each is a row of `web.rights`."""

    def __init__(self, box: Box, label: Label) -> None:
        self._box = box
        self._label = label

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("safety_record")(self.page)
        app.endpoint("safety_record_file")(self.file)

    def page(self) -> Any:
        """Show counts, trends and the newest of each list."""
        record = self._ask(SafetyRecordArguments(limit=PART))
        tests = shown_tests(record.tests[:SHOWN_TESTS])
        openings = shown_openings(record.openings[:SHOWN_OPENINGS])
        return render_template(
            "safety_record.html",
            warnings=[f"{each[0].upper()}{each[1:]}." for each in record_warnings(record.status)],
            stored=stored_words(record.status),
            figures=figures(record.status),
            operations=record.status.operations,
            endurance=ENDURANCE,
            worn=WORN_OPERATIONS,
            trends=trends_of(record),
            tests=tests,
            openings=openings,
            is_untimed=CLOCK_NOT_SET
            in {
                *(each.began for each in tests),
                *(each.began for each in openings),
            },
            days=record.days[:SHOWN_DAYS],
        )

    def file(self, name: str) -> Any:
        """Return one of the lists as a file for other programs, the newest first."""
        match name:
            case "self-tests":
                content = table_of_tests(self._tests())
            case "days":
                content = table_of_days(self._days())
            case _:
                raise NotFound
        response = Response(content, mimetype="text/csv")
        response.headers["Content-Disposition"] = (
            f'attachment; filename="wallbox-{self._label.serial}-{name}.csv"'
        )
        return response

    def _tests(self) -> list[SelfTestReport]:
        found: list[SelfTestReport] = []
        for _ in range(MOST_PARTS):
            before = found[-1].number if found else None
            part = self._ask(SafetyRecordArguments(limit=PART, before_test=before)).tests
            found += part
            if len(part) < PART:
                break
        return found

    def _days(self) -> list[SafetyDay]:
        found: list[SafetyDay] = []
        for _ in range(MOST_PARTS):
            before = found[-1].day if found else None
            part = self._ask(SafetyRecordArguments(limit=PART, before_day=before)).days
            found += part
            if len(part) < PART:
                break
        return found

    def _ask(self, arguments: SafetyRecordArguments) -> SafetyRecord:
        answer = self._box.ask(SHOW_SAFETY_RECORD, arguments)
        if answer.status is not Status.OK or answer.result is None:
            raise ServiceUnavailable(answer.reason or SILENT, retry_after=1)
        return answer.result


def trends_of(record: SafetyRecord) -> tuple[Trend, ...]:
    """Return the drawings, of the newest hundred self-tests and days with operations."""
    tests, days = record.tests[::-1], record.days[::-1]
    of_tests = _ends([day_words(each.utc_ns) for each in tests])
    of_days = _ends([each.day for each in days])
    earth_ohm = [each.earth_ohm for each in tests]
    return (
        curves("earth", "Earth loop", "ohm", of_tests, {"earth loop": earth_ohm}),
        curves(
            "times",
            "Times of the self-test",
            "ms",
            of_tests,
            {
                "outputs active after": [each.active_ms for each in tests],
                "outputs idle after": [each.idle_ms for each in tests],
            },
        ),
        curves(
            "contactor",
            "Slowest operation of each day",
            "ms",
            of_days,
            {
                "closed after": [each.closing_ms for each in days],
                "opened after": [each.opening_ms for each in days],
            },
        ),
        bars(
            "operations",
            "Operations by day",
            of_days,
            {"operations": [each.counts.closings for each in days]},
        ),
        bars(
            "loaded",
            "Openings under load by day",
            of_days,
            {"openings under load": [each.counts.openings_under_load for each in days]},
        ),
    )


def _ends(days: list[str]) -> tuple[str, str]:
    """Return the first and the last day of an axis."""
    return (days[0], days[-1]) if days else ("", "")
