"""The sums of what safety has counted: over its processes, restarts of the keeper, and days."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msgs.evidence import (
    EARTH_RISE_OHM,
    EARTH_TESTS,
    MOST_OPERATIONS,
    MOST_TESTS,
    WORN_OPERATIONS,
    ContactorOperation,
    RecordPart,
    RecordWarning,
    SafetyCounts,
    SafetyDay,
    SafetyEvidence,
    SafetyRecordArguments,
    SafetyRecordStatus,
    SelfTestOutcome,
    SelfTestReport,
    median_ohm,
)
from msgs.stored import Stored
from nodes.system import safety_record
from nodes.system.safety_record import (
    KeptRecord,
    RecordSums,
    answer_of,
    hear,
    renewed,
    status_of,
)

DAY_NS = 86_400 * 10**9
UTC_NS = 1_796_083_200 * 10**9  # 2026-12-01
MOST_A = 16.0


@dataclass
class FakeSafety:
    """Counts as safety does, and says it."""

    process: str = "a"
    counts: SafetyCounts = field(default_factory=SafetyCounts)
    tests: list[SelfTestReport] = field(default_factory=list)
    operations: list[ContactorOperation] = field(default_factory=list)

    def test(self, earth_ohm: float | None = 1.0, *, fails: bool = False) -> "FakeSafety":
        self._count(tests=1, failed_tests=int(fails))
        outcome = SelfTestOutcome.LATE if fails else SelfTestOutcome.PASSED
        self.tests.append(
            SelfTestReport(
                number=self.counts.tests, utc_ns=UTC_NS, outcome=outcome, active_ms=200.0,
                idle_ms=600.0, earth_ohm=earth_ohm,
            )
        )  # fmt: skip
        return self

    def close(self) -> "FakeSafety":
        self._count(closings=1)
        return self._add(is_closing=True, took_ms=30.0)

    def open(self, current_a: float = 0.0) -> "FakeSafety":
        is_loaded = current_a >= 1.0
        self._count(openings=1, openings_under_load=int(is_loaded))
        most_a = max(self.counts.most_a, current_a)
        self.counts = _with(self.counts, most_a=most_a)
        return self._add(
            is_closing=False, took_ms=20.0, current_a=current_a, is_under_load=is_loaded
        )

    def _add(self, **words: object) -> "FakeSafety":
        number = self.counts.closings + self.counts.openings
        self.operations.append(ContactorOperation(number=number, utc_ns=UTC_NS, **words))  # type: ignore[arg-type]
        return self

    def _count(self, **more: int) -> None:
        self.counts = _with(
            self.counts, **{name: getattr(self.counts, name) + one for name, one in more.items()}
        )

    @property
    def said(self) -> SafetyEvidence:
        return SafetyEvidence(
            process=self.process,
            counts=self.counts,
            tests=tuple(self.tests[-MOST_TESTS:]),
            operations=tuple(self.operations[-MOST_OPERATIONS:]),
        )


def _with(counts: SafetyCounts, **changes: float) -> SafetyCounts:
    values = {name: getattr(counts, name) for name in counts.__struct_fields__} | changes
    return SafetyCounts(**values)


def add(record: KeptRecord, *evidence: SafetyEvidence, utc_ns: int = UTC_NS) -> KeptRecord:
    for each in evidence:
        record = hear(record, each, utc_ns, is_utc_set=True)
    return record


def charge(safety: FakeSafety, current_a: float = 0.0) -> FakeSafety:
    return safety.test().close().open(current_a)


def test_what_is_heard_twice_is_counted_once() -> None:
    said = charge(FakeSafety(), MOST_A).said
    record = add(KeptRecord(), said)
    assert add(record, said) is record
    assert record.sums.counts == SafetyCounts(
        closings=1, openings=1, openings_under_load=1, tests=1, most_a=MOST_A
    )
    assert len(record.tests) == len(record.openings) == 1


def test_a_process_of_safety_is_added_to_those_before() -> None:
    record = add(KeptRecord(), charge(charge(FakeSafety())).said)
    record = add(record, FakeSafety(process="b").said, charge(FakeSafety(process="b"), MOST_A).said)
    assert record.sums.counts.closings == record.sums.counts.openings == 3
    assert [each.number for each in record.tests] == [1, 2, 3]  # of the box
    assert record.sums.unseen_openings == 0


def test_a_closing_whose_process_ends_without_its_opening_is_an_opening_that_was_not_seen() -> None:
    record = add(KeptRecord(), FakeSafety().close().said)
    record = add(record, FakeSafety(process="b").said)
    assert (record.sums.counts.openings, record.sums.unseen_openings) == (1, 1)
    again = add(record, FakeSafety(process="b").said, FakeSafety(process="c").said)
    assert again.sums.unseen_openings == 1


def test_a_process_of_the_same_name_that_has_counted_less_is_another_one() -> None:
    record = add(KeptRecord(), charge(charge(FakeSafety())).said)
    assert add(record, charge(FakeSafety()).said).sums.counts.closings == 3


def test_counts_are_complete_though_their_reports_were_missed() -> None:
    safety = FakeSafety()
    for _ in range(50):
        charge(safety, MOST_A)
    record = add(KeptRecord(), safety.said)
    assert (record.sums.counts.tests, record.sums.counts.openings_under_load) == (50, 50)
    assert [each.number for each in record.tests] == list(range(43, 51))
    charge(safety)
    assert [each.number for each in add(record, safety.said).tests] == list(range(43, 52))


ACTS = st.lists(
    st.sampled_from(["test", "close_open", "new process", "hear", "restart"]), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_whenever_the_keeper_hears_or_restarts_all_is_counted_once(acts: list[str]) -> None:
    """A process is heard before it ends: what it counts after that is known to nobody."""
    record, safety, tests, closings, processes = KeptRecord(), FakeSafety(), 0, 0, 0
    for act in acts:
        match act:
            case "test":
                safety.test()
                tests += 1
            case "close_open":
                safety.close().open()
                closings += 1
            case "new process":
                record = add(record, safety.said)
                processes += 1
                safety = FakeSafety(process=str(processes))
            case "restart":  # what is stored is all that is left
                record = KeptRecord(sums=record.sums, tests=record.tests, days=record.days)
                record = add(record, safety.said)
            case _:
                record = add(record, safety.said)
    record = add(record, safety.said)
    counts = record.sums.counts
    assert (counts.tests, counts.closings, counts.openings) == (tests, closings, closings)
    assert sum(each.counts.tests for each in record.days) == tests
    numbers = [each.number for each in record.tests]
    assert numbers == sorted(set(numbers))


def test_a_day_has_its_counts_and_its_worst_values() -> None:
    safety = charge(FakeSafety(), 3.0)
    record = add(KeptRecord(), safety.said)
    record = add(record, charge(safety, 9.0).said, utc_ns=UTC_NS + DAY_NS)
    first, second = record.days
    assert (first.day, second.day) == ("2026-12-01", "2026-12-02")
    assert (first.counts.closings, second.counts.closings) == (1, 1)
    assert (first.counts.most_a, second.counts.most_a) == (3.0, 9.0)
    assert (second.active_ms, second.closing_ms, second.opening_ms) == (200.0, 30.0, 20.0)


def test_a_clock_that_is_set_back_adds_to_the_day_that_it_shows() -> None:
    safety = charge(FakeSafety())
    record = add(KeptRecord(), safety.said, utc_ns=UTC_NS + DAY_NS)
    record = add(record, charge(safety).said)
    record = add(record, charge(safety).said, utc_ns=UTC_NS + DAY_NS)
    assert [(each.day, each.counts.closings) for each in record.days] == [
        ("2026-12-01", 1),
        ("2026-12-02", 2),
    ]


def test_while_the_clock_is_not_set_the_newest_day_counts_and_no_time_is_kept() -> None:
    safety = charge(FakeSafety(), MOST_A)
    record = hear(KeptRecord(), safety.said, 7, is_utc_set=False)
    assert [each.day for each in record.days] == [""]
    assert (record.tests[0].utc_ns, record.openings[0].utc_ns, record.sums.since_utc_ns) == (0,) * 3
    record = add(record, charge(safety).said)
    record = hear(record, charge(safety).said, 7, is_utc_set=False)
    assert [(each.day, each.counts.tests) for each in record.days] == [("", 1), ("2026-12-01", 2)]


def test_each_list_stays_in_its_limit_and_the_sums_go_on() -> None:
    record, safety = KeptRecord(), FakeSafety()
    for number in range(safety_record.MOST_DAYS + 20):
        record = add(record, charge(safety, MOST_A).said, utc_ns=UTC_NS + number * DAY_NS)
    assert len(record.tests) == safety_record.MOST_TESTS
    assert len(record.openings) == safety_record.MOST_OPENINGS
    assert len(record.days) == safety_record.MOST_DAYS
    assert record.sums.counts.tests == record.tests[-1].number == safety_record.MOST_DAYS + 20


# --- what is shown -------------------------------------------------------------------------------


def shown(record: KeptRecord) -> SafetyRecordStatus:
    return status_of(record, Stored.CURRENT, "")


@pytest.mark.parametrize(
    ("closings", "warnings"),
    [(WORN_OPERATIONS - 1, ()), (WORN_OPERATIONS, (RecordWarning.WORN,))],
)
def test_at_80_percent_of_its_operations_the_contactor_is_worn(
    closings: int, warnings: tuple[RecordWarning, ...]
) -> None:
    sums = RecordSums(counts=SafetyCounts(closings=closings))
    assert shown(KeptRecord(sums=sums)).warnings == warnings


@pytest.mark.parametrize(("rise_ohm", "warns"), [(EARTH_RISE_OHM - 0.2, False), (50.0, True)])
def test_an_earth_that_has_risen_is_warned_of(rise_ohm: float, warns: bool) -> None:
    safety, record = FakeSafety(), KeptRecord()
    for number in range(3 * EARTH_TESTS):
        is_new = number >= 2 * EARTH_TESTS
        stray_ohm = 400.0 if number % 5 == 0 else 0.0
        safety.test(20.0 + is_new * rise_ohm + stray_ohm)
        record = add(record, safety.test(None).said)
        assert is_new or not shown(record).warnings
    assert shown(record).first_earth_ohm == 20.0
    assert shown(record).newest_earth_ohm == 20.0 + rise_ohm
    assert shown(record).warnings == ((RecordWarning.EARTH_RISEN,) if warns else ())


def test_the_first_earth_is_known_after_ten_tests_however_long_ago() -> None:
    safety, record = FakeSafety(), KeptRecord()
    for number in range(safety_record.MOST_TESTS + 50):
        safety.test(5.0 if number < EARTH_TESTS else 6.0)
        record = add(record, safety.said)
        first_ohm = shown(record).first_earth_ohm
        assert first_ohm == (5.0 if number >= EARTH_TESTS - 1 else None)
    assert shown(record).newest_earth_ohm == 6.0


def test_a_new_contactor_is_counted_from_0_and_the_sums_stay() -> None:
    sums = RecordSums(counts=SafetyCounts(closings=WORN_OPERATIONS, openings=WORN_OPERATIONS))
    record = renewed(KeptRecord(sums=sums), RecordPart.CONTACTOR, UTC_NS, is_utc_set=True)
    record = add(record, charge(FakeSafety()).said)
    status = shown(record)
    assert (status.operations, status.counts.closings) == (1, WORN_OPERATIONS + 1)
    assert (status.warnings, status.contactor_utc_ns) == ((), UTC_NS)
    later = renewed(record, RecordPart.CONTACTOR, 7, is_utc_set=False)
    assert (shown(later).operations, shown(later).contactor_utc_ns) == (0, 0)


def test_beside_another_earth_the_next_self_tests_are_the_first_ones() -> None:
    safety, record = FakeSafety(), KeptRecord()
    for number in range(2 * EARTH_TESTS):
        record = add(record, safety.test(20.0 if number < EARTH_TESTS else 90.0).said)
    assert shown(record).warnings == (RecordWarning.EARTH_RISEN,)
    record = renewed(record, RecordPart.EARTH, UTC_NS, is_utc_set=True)
    status = shown(record)
    assert (status.first_earth_ohm, status.newest_earth_ohm, status.warnings) == (None, None, ())
    for _ in range(EARTH_TESTS):
        record = add(record, safety.test(91.0).said)
    assert (shown(record).first_earth_ohm, shown(record).warnings) == (91.0, ())
    assert len(record.tests) == 3 * EARTH_TESTS


def test_the_lists_are_answered_in_parts_the_newest_first() -> None:
    safety, record = FakeSafety(), KeptRecord()
    for number in range(7):
        record = add(record, charge(safety, MOST_A).said, utc_ns=UTC_NS + number * DAY_NS)
    status = shown(record)

    def part(**words: object) -> tuple[list[int], list[str]]:
        asked = SafetyRecordArguments(limit=3, **words)  # type: ignore[arg-type]
        answer = answer_of(record, status, asked)
        assert len(answer.openings) == 3
        return [each.number for each in answer.tests], [each.day[-2:] for each in answer.days]

    assert part() == ([7, 6, 5], ["07", "06", "05"])
    assert part(before_test=5, before_day="2026-12-05") == ([4, 3, 2], ["04", "03", "02"])
    assert part(before_test=2, before_day="2026-12-02") == ([1], ["01"])
    assert answer_of(KeptRecord(), status, SafetyRecordArguments()).days == ()


def test_a_day_that_is_new_is_put_in_its_place() -> None:
    days = (SafetyDay(day="2026-12-01"), SafetyDay(day="2026-12-03"))
    found = safety_record.with_day(days, SafetyDay(day="2026-12-02"))
    assert [each.day[-1] for each in found] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("values", "middle"),
    [((), None), ((3.0,), 3.0), ((9.0, 1.0, 2.04), 2.0), ((1.0, 4.0, 2.0, 400.0), 3.0)],
)
def test_the_median_of_earth_loops(values: tuple[float, ...], middle: float | None) -> None:
    assert median_ohm(values) == middle
