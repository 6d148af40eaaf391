"""The safety record: what safety has counted since the box was new. Pure.

safety's counts begin at 0 with each of its processes. What is added here is the growth since the
message before of the same process; its id and the counts that were added are stored together with
the sums, so that a restart, or a loss of power, adds nothing twice and leaves nothing out that was
heard.

A process that has closed the contactor once more than it has opened it, and is followed by another
one, has ended with the contactor closed: with a loss of power, or killed. That opening is counted
as not seen.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace

from msgs.evidence import (
    EARTH_RISE_OHM,
    EARTH_TESTS,
    WORN_OPERATIONS,
    ContactorOperation,
    RecordPart,
    RecordWarning,
    SafetyCounts,
    SafetyDay,
    SafetyEvidence,
    SafetyRecord,
    SafetyRecordArguments,
    SafetyRecordStatus,
    SelfTestOutcome,
    SelfTestReport,
    median_ohm,
)
from msgs.stored import Stored
from msgs.units import Count, Milliseconds, Name, Nanoseconds, Ohms

R = TypeVar("R", SelfTestReport, ContactorOperation)

MOST_TESTS = 500  # assumed: half a year of three a day
MOST_OPENINGS = 100  # assumed: newest openings under load
MOST_DAYS = 731  # two years of days on which something has happened


class RecordSums(Struct, frozen=True, kw_only=True):
    """The sums, and what of safety's counts is in them."""

    number: Count = 0  # of the change: the larger one is newer
    process: Name = ""  # of safety, the newest that was heard
    seen: SafetyCounts = SafetyCounts()  # of that process
    operations: Count = 0  # number of the newest operation of that process
    counts: SafetyCounts = SafetyCounts()
    since_utc_ns: Nanoseconds = 0  # of the first that was counted; 0: not known
    closings_before: Count = 0  # of contactors that were replaced
    contactor_utc_ns: Nanoseconds = 0  # when the last one was replaced
    tests_before: Count = 0  # self-tests beside another earth
    unseen_openings: Count = 0
    # Of the first self-tests that have measured it, oldest first.
    first_earth_ohm: Annotated[tuple[Ohms, ...], Meta(max_length=EARTH_TESTS)] = ()


class KeptRecord(Struct, frozen=True, kw_only=True):
    """All that is kept; the lists have the oldest first."""

    sums: RecordSums = RecordSums()
    tests: Annotated[tuple[SelfTestReport, ...], Meta(max_length=MOST_TESTS)] = ()
    openings: Annotated[tuple[ContactorOperation, ...], Meta(max_length=MOST_OPENINGS)] = ()
    days: Annotated[tuple[SafetyDay, ...], Meta(max_length=MOST_DAYS)] = ()


def hear(
    record: KeptRecord, evidence: SafetyEvidence, utc_ns: int, *, is_utc_set: bool
) -> KeptRecord:
    """Add what safety has counted since the message before.

    :param utc_ns: now: all that is new counts for this day. While UTC is not set it counts for the
        newest day that is known.
    """
    sums = record.sums
    is_same = evidence.process == sums.process and not _is_before(evidence.counts, sums.seen)
    seen = sums.seen if is_same else SafetyCounts()
    operations = sums.operations if is_same else 0
    is_unseen = not is_same and sums.seen.closings > sums.seen.openings
    added = _less(evidence.counts, seen)
    if is_same and evidence.counts == seen:
        return record
    if is_unseen:
        added = replace(added, openings=added.openings + 1)
    offset = sums.counts.tests - seen.tests  # from the numbers of this process to those of the box
    tests = tuple(
        replace(_timed(each, is_utc_set), number=each.number + offset)
        for each in evidence.tests
        if each.number > seen.tests
    )
    moves = tuple(
        _timed(each, is_utc_set) for each in evidence.operations if each.number > operations
    )
    earth_ohm = tuple(each.earth_ohm for each in tests if each.earth_ohm is not None)
    first_earth_ohm = (*sums.first_earth_ohm, *earth_ohm)[:EARTH_TESTS]
    sums = replace(
        sums,
        number=sums.number + 1,
        process=evidence.process,
        seen=evidence.counts,
        operations=evidence.counts.closings + evidence.counts.openings,
        counts=_more(sums.counts, added),
        since_utc_ns=sums.since_utc_ns or (utc_ns if is_utc_set else 0),
        unseen_openings=sums.unseen_openings + is_unseen,
        first_earth_ohm=first_earth_ohm,
    )
    days = record.days
    if added != SafetyCounts():
        day = _day_of(days, utc_ns, is_utc_set=is_utc_set)
        days = with_day(days, _on_day(_find(days, day), added, tests, moves))
    openings = tuple(each for each in moves if each.is_under_load)
    return extended(record, sums, tests, openings, days)


def renewed(record: KeptRecord, part: RecordPart, utc_ns: int, *, is_utc_set: bool) -> KeptRecord:
    """Return a record that counts from now on for a new part; what was counted stays."""
    sums = replace(record.sums, number=record.sums.number + 1)
    match part:
        case RecordPart.CONTACTOR:
            sums = replace(
                sums,
                closings_before=sums.counts.closings,
                contactor_utc_ns=utc_ns if is_utc_set else 0,
            )
        case RecordPart.EARTH:
            sums = replace(sums, tests_before=sums.counts.tests, first_earth_ohm=())
    return replace(record, sums=sums)


def extended(
    record: KeptRecord,
    sums: RecordSums,
    tests: tuple[SelfTestReport, ...],
    openings: tuple[ContactorOperation, ...],
    days: tuple[SafetyDay, ...],
) -> KeptRecord:
    """Return a record with other sums and days and with more reports, each list in its limit."""
    return KeptRecord(
        sums=sums,
        tests=(*record.tests, *tests)[-MOST_TESTS:],
        openings=(*record.openings, *openings)[-MOST_OPENINGS:],
        days=days[-MOST_DAYS:],
    )


def with_day(days: tuple[SafetyDay, ...], day: SafetyDay) -> tuple[SafetyDay, ...]:
    """Return the days with one of them replaced or added, the oldest beyond the limit dropped."""
    if not days or days[-1].day < day.day:
        return (*days, day)[-MOST_DAYS:]
    by_day = {each.day: each for each in days} | {day.day: day}
    return tuple(by_day[each] for each in sorted(by_day))[-MOST_DAYS:]


# --- what is shown -------------------------------------------------------------------------------


def status_of(record: KeptRecord, stored: Stored, unstored: str) -> SafetyRecordStatus:
    """Return what is published.

    :param stored: which generation was read at the start.
    :param unstored: why the disk does not take the record; "": it does.
    """
    sums = record.sums
    first_ohm, newest_ohm = earth_trend(record)
    warnings = []
    operations = sums.counts.closings - sums.closings_before
    if operations >= WORN_OPERATIONS:
        warnings.append(RecordWarning.WORN)
    if _has_risen(first_ohm, newest_ohm):
        warnings.append(RecordWarning.EARTH_RISEN)
    return SafetyRecordStatus(
        counts=sums.counts,
        operations=operations,
        since_utc_ns=sums.since_utc_ns,
        contactor_utc_ns=sums.contactor_utc_ns,
        unseen_openings=sums.unseen_openings,
        first_earth_ohm=first_ohm,
        newest_earth_ohm=newest_ohm,
        warnings=tuple(warnings),
        stored=stored,
        unstored=unstored,
    )


def earth_trend(record: KeptRecord) -> tuple[float | None, float | None]:
    """Return the medians of the earth loop in the first and in the newest self-tests [ohm]."""
    first = record.sums.first_earth_ohm
    newest = [
        each.earth_ohm
        for each in record.tests
        if each.earth_ohm is not None and each.number > record.sums.tests_before
    ]
    first_ohm = median_ohm(first) if len(first) >= EARTH_TESTS else None
    return first_ohm, median_ohm(newest[-EARTH_TESTS:])


def answer_of(
    record: KeptRecord, status: SafetyRecordStatus, asked: SafetyRecordArguments
) -> SafetyRecord:
    """Return the parts of the lists that are asked for, the newest first."""
    tests = record.tests
    if asked.before_test is not None:
        tests = tuple(each for each in tests if each.number < asked.before_test)
    days = record.days
    if asked.before_day is not None:
        days = tuple(each for each in days if each.day < asked.before_day)
    return SafetyRecord(
        status=status,
        tests=tests[: -asked.limit - 1 : -1],
        openings=record.openings[: -asked.limit - 1 : -1],
        days=days[: -asked.limit - 1 : -1],
    )


# --- inside --------------------------------------------------------------------------------------


def _has_risen(first_ohm: float | None, newest_ohm: float | None) -> bool:
    if first_ohm is None or newest_ohm is None:
        return False
    return newest_ohm - first_ohm >= EARTH_RISE_OHM


def _is_before(counts: SafetyCounts, seen: SafetyCounts) -> bool:
    """Return whether a count is lower than one that was seen: it is of another process."""
    return any(each < one for each, one in zip(astuple(counts), astuple(seen), strict=True))


def _less(counts: SafetyCounts, seen: SafetyCounts) -> SafetyCounts:
    """Return how much each count has grown; the largest current stays as it is."""
    return SafetyCounts(
        closings=counts.closings - seen.closings,
        openings=counts.openings - seen.openings,
        openings_under_load=counts.openings_under_load - seen.openings_under_load,
        failed_closings=counts.failed_closings - seen.failed_closings,
        tests=counts.tests - seen.tests,
        failed_tests=counts.failed_tests - seen.failed_tests,
        most_a=counts.most_a if counts.most_a > seen.most_a else 0.0,
    )


def _more(counts: SafetyCounts, added: SafetyCounts) -> SafetyCounts:
    """Return counts with what is added; of two currents the larger one."""
    return SafetyCounts(
        closings=counts.closings + added.closings,
        openings=counts.openings + added.openings,
        openings_under_load=counts.openings_under_load + added.openings_under_load,
        failed_closings=counts.failed_closings + added.failed_closings,
        tests=counts.tests + added.tests,
        failed_tests=counts.failed_tests + added.failed_tests,
        most_a=max(counts.most_a, added.most_a),
    )


def _timed(report: R, is_utc_set: bool) -> R:
    return report if is_utc_set else replace(report, utc_ns=0)


def _day_of(days: tuple[SafetyDay, ...], utc_ns: int, *, is_utc_set: bool) -> str:
    if is_utc_set:
        return datetime.fromtimestamp(utc_ns // 10**9, UTC).strftime("%Y-%m-%d")
    return days[-1].day if days else ""


def _find(days: tuple[SafetyDay, ...], day: str) -> SafetyDay:
    return next((each for each in reversed(days) if each.day == day), SafetyDay(day=day))


def _on_day(
    day: SafetyDay,
    added: SafetyCounts,
    tests: tuple[SelfTestReport, ...],
    moves: tuple[ContactorOperation, ...],
) -> SafetyDay:
    """Return a day with what was added, and with the worst of its values."""
    passed = [each for each in tests if each.outcome is SelfTestOutcome.PASSED]
    known_a = [each.current_a for each in moves if each.current_a is not None]
    most_a = max((added.most_a, *known_a))
    return SafetyDay(
        day=day.day,
        counts=_more(day.counts, replace(added, most_a=most_a)),
        active_ms=_worst(day.active_ms, (each.active_ms for each in passed)),
        idle_ms=_worst(day.idle_ms, (each.idle_ms for each in passed)),
        closing_ms=_worst(day.closing_ms, (each.took_ms for each in moves if each.is_closing)),
        opening_ms=_worst(day.opening_ms, (each.took_ms for each in moves if not each.is_closing)),
        earth_ohm=_worst(day.earth_ohm, (each.earth_ohm for each in tests)),
    )


def _worst(before: Milliseconds | None, values: Iterable[float | None]) -> float | None:
    """Return the largest value that is known."""
    return max((each for each in (before, *values) if each is not None), default=None)
