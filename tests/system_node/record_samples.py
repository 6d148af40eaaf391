"""Safety records for the tests of the store: small ones, and the largest that is kept."""

from datetime import date, timedelta

from msgspec.structs import replace

from msgs.evidence import (
    EARTH_TESTS,
    ContactorOperation,
    SafetyCounts,
    SafetyDay,
    SelfTestOutcome,
    SelfTestReport,
)
from nodes.system.safety_record import (
    MOST_DAYS,
    MOST_OPENINGS,
    MOST_TESTS,
    KeptRecord,
    RecordSums,
)

LATE_NS = 4_000_000_000_000_000_000
LARGE = 1_000_000


def sample(number: int, tests: int | None = None, day: int = 1) -> KeptRecord:
    """Return the record after a number of charges, each with a test and a loaded opening."""
    last = number if tests is None else tests
    return KeptRecord(
        sums=RecordSums(
            number=number,
            process="a",
            counts=SafetyCounts(
                closings=number, openings=number, openings_under_load=number, tests=last
            ),
        ),
        tests=tuple(_test(each) for each in range(max(1, last - MOST_TESTS + 1), last + 1)),
        openings=tuple(_opening(each) for each in range(max(1, last - 99), last + 1)),
        days=(SafetyDay(day=f"2026-12-{day:02d}", counts=SafetyCounts(closings=number)),),
    )


def largest() -> KeptRecord:
    """Return a record with full lists of the longest values."""
    counts = SafetyCounts(
        closings=LARGE, openings=LARGE, openings_under_load=LARGE, failed_closings=LARGE,
        tests=LARGE, failed_tests=LARGE, most_a=123.4,
    )  # fmt: skip
    day = SafetyDay(
        day="2026-12-01", counts=counts, active_ms=1234.5, idle_ms=1234.5, closing_ms=1234.5,
        opening_ms=1234.5, earth_ohm=1234.5,
    )  # fmt: skip
    days = [str(date(2024, 11, 30) + timedelta(days=each)) for each in range(MOST_DAYS)]
    sums = RecordSums(
        number=LARGE, process="f" * 16, seen=counts, operations=2 * LARGE, counts=counts,
        since_utc_ns=LATE_NS, unseen_openings=LARGE, first_earth_ohm=(1234.5,) * EARTH_TESTS,
    )  # fmt: skip
    return KeptRecord(
        sums=sums,
        tests=tuple(_test(LARGE + each) for each in range(MOST_TESTS)),
        openings=tuple(_opening(LARGE + each) for each in range(MOST_OPENINGS)),
        days=tuple(replace(day, day=each) for each in days),
    )


def _test(number: int) -> SelfTestReport:
    return SelfTestReport(
        number=number, utc_ns=LATE_NS, outcome=SelfTestOutcome.BROKEN_OFF, active_ms=1234.5,
        idle_ms=1234.5, earth_ohm=1234.5,
    )  # fmt: skip


def _opening(number: int) -> ContactorOperation:
    return ContactorOperation(
        number=number, utc_ns=LATE_NS, is_closing=False, took_ms=123.4, current_a=123.4,
        is_under_load=True, is_ordered=False,
    )  # fmt: skip
