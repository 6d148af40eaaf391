"""The files of the safety record: power cuts, damage, size; and how often they are written."""

import random
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bus.generations import previous_of
from bus.moment import Moment
from bus.slots import MOST_BYTES
from bus.write_behind import WriteResult
from msgs.evidence import SafetyRecordArguments
from msgs.stored import Stored
from msgs.units import MOST_TEXT
from nodes.system.record_pace import RecordPace, RecordWrite, begin, keep, last
from nodes.system.record_store import (
    COUNTS_FILE,
    MOST_PENDING,
    RECORD_FILE,
    RecordStore,
    encode,
    head_of,
)
from nodes.system.safety_record import KeptRecord, answer_of, status_of
from tests.damages import DAMAGES, damage
from tests.system_node.record_samples import largest, sample

DAY_S = 86_400.0
SLOT_WRITE_BYTES = 4096
LISTS_BYTES = 430_000  # at most


def write(folder: Path, *writes: tuple[KeptRecord, bool]) -> None:
    with closing(RecordStore(folder)) as store:
        for record, is_whole in writes:
            store.write(record, is_whole=is_whole)


def read(folder: Path) -> tuple[KeptRecord, Stored]:
    warned: list[str] = []
    with closing(RecordStore(folder)) as store:
        found = store.read(warned.append)
    assert bool(warned) or found[1] is Stored.CURRENT
    return found


def test_a_new_box_has_an_empty_record(tmp_path: Path) -> None:
    assert read(tmp_path) == (KeptRecord(), Stored.CURRENT)


def test_the_slots_have_what_has_come_since_the_lists_were_written(tmp_path: Path) -> None:
    write(tmp_path, (sample(3), True), *((sample(each), False) for each in range(4, 12)))
    record, stored = read(tmp_path)
    assert stored is Stored.CURRENT
    assert record == sample(11)


def test_reports_beyond_a_slot_are_lost_and_no_count_is(tmp_path: Path) -> None:
    write(tmp_path, (sample(3), True), (sample(30), False))
    record, _ = read(tmp_path)
    assert record.sums == sample(30).sums
    assert [each.number for each in record.tests] == [1, 2, 3, *range(31 - MOST_PENDING, 31)]


def test_a_head_fits_into_a_slot_with_all_its_reports() -> None:
    content = encode(head_of(largest()))
    assert len(content) <= MOST_BYTES
    assert content.count(b'"outcome"') == MOST_PENDING


def test_the_largest_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(tmp_path, (largest(), True))
    assert read(tmp_path) == (largest(), Stored.CURRENT)
    assert (tmp_path / RECORD_FILE).stat().st_size < LISTS_BYTES
    more = replace(largest(), sums=replace(largest().sums, number=largest().sums.number + 1))
    days = (*more.days[1:], replace(more.days[-1], day="2026-12-31"))
    write(tmp_path, (replace(more, days=days), False))
    assert read(tmp_path)[0].days == days


@pytest.mark.parametrize("kept_bytes", [0, 1, 20, 300])
def test_a_power_cut_in_a_write_of_the_sums_leaves_those_before(
    tmp_path: Path, kept_bytes: int
) -> None:
    write(tmp_path, (sample(3), True), (sample(4), False))
    before = (tmp_path / COUNTS_FILE).read_bytes()
    write(tmp_path, (sample(5), False))
    after = (tmp_path / COUNTS_FILE).read_bytes()
    first = next(each for each in range(len(after)) if after[each] != before[each])
    cut = first // SLOT_WRITE_BYTES * SLOT_WRITE_BYTES + kept_bytes
    (tmp_path / COUNTS_FILE).write_bytes(after[:cut] + before[cut:])
    assert read(tmp_path) == (sample(4), Stored.CURRENT)


def test_a_power_cut_between_the_two_files_leaves_the_newer_sums(tmp_path: Path) -> None:
    write(tmp_path, (sample(3), True))
    before = (tmp_path / COUNTS_FILE).read_bytes()
    write(tmp_path, (sample(20), True))
    (tmp_path / COUNTS_FILE).write_bytes(before)
    assert read(tmp_path) == (sample(20), Stored.CURRENT)


@pytest.mark.parametrize("name", [COUNTS_FILE, RECORD_FILE])
@pytest.mark.parametrize("kind", DAMAGES, ids=lambda kind: kind.__name__)
def test_damage_to_one_file_costs_no_more_than_the_last_counts(
    tmp_path: Path, name: str, kind: object
) -> None:
    write(tmp_path, (sample(3), True), (sample(8), True), (sample(9), False))
    damage(tmp_path / name, kind, random.Random(7))  # type: ignore[arg-type]
    record, _ = read(tmp_path)
    assert record.sums.counts.closings in (8, 9)
    write(tmp_path, (sample(10), True))
    assert read(tmp_path) == (sample(10), Stored.CURRENT)


def test_if_both_files_are_damaged_it_begins_again_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, (sample(3), True))
    for path in (
        tmp_path / COUNTS_FILE,
        tmp_path / RECORD_FILE,
        previous_of(tmp_path / RECORD_FILE),
    ):
        path.write_bytes(b"\xa5" * path.stat().st_size) if path.exists() else None
    assert read(tmp_path) == (KeptRecord(), Stored.LOST)


# --- how often -----------------------------------------------------------------------------------


class Paced:
    """A disk that takes each write at once, with the time of each."""

    def __init__(self) -> None:
        self.pace: RecordPace = begin(KeptRecord())
        self.writes: list[RecordWrite] = []

    def hear(self, record: KeptRecord, now_s: float) -> float:
        """Take a record; return when it is to be looked at again."""
        self.pace = replace(self.pace, record=record)
        return self.go_on(now_s)

    def go_on(self, now_s: float) -> float:
        moment = Moment(now_s)
        self.pace, written = keep(self.pace, None, moment)
        if written is None:
            return moment.due_s
        self.writes.append(written)
        moment = Moment(now_s)
        self.pace, again = keep(self.pace, WriteResult(), moment)
        assert again is None
        return moment.due_s


def test_a_change_is_written_at_once_and_the_next_one_two_seconds_later() -> None:
    paced = Paced()
    paced.hear(sample(1), 100.0)
    assert [each.is_whole for each in paced.writes] == [True]
    due_s = paced.hear(sample(2), 100.5)
    assert (len(paced.writes), due_s) == (1, 102.0)
    paced.go_on(due_s)
    assert paced.writes[-1] == RecordWrite(record=sample(2), is_whole=False)
    assert last(paced.pace) is None
    paced.hear(sample(3), 102.5)
    assert last(paced.pace) == RecordWrite(record=sample(3), is_whole=True)


def test_the_lists_are_written_before_a_slot_lacks_a_report() -> None:
    paced = Paced()
    for number in range(1, 60):
        paced.hear(sample(number), 1000.0 * number)
    whole = [each.record.sums.number for each in paced.writes if each.is_whole]
    assert whole == list(range(1, 60, MOST_PENDING))
    paced.hear(sample(60, day=2), 61_000.0)  # another day
    assert paced.writes[-1].is_whole


def test_a_vehicle_that_toggles_all_day_writes_less_than_10_mb() -> None:
    paced, number = Paced(), 0
    due_s = now_s = 1000.0
    while now_s < 1000.0 + DAY_S:
        number += 1
        due_s = paced.hear(
            replace(KeptRecord(), sums=sample(1).sums.__class__(number=number)), now_s
        )
        if due_s < now_s + 2.5:
            paced.go_on(due_s)
        now_s += 2.5
    most_bytes = len(paced.writes) * SLOT_WRITE_BYTES
    most_bytes += sum(each.is_whole for each in paced.writes) * LISTS_BYTES
    assert 100 < len(paced.writes) < 400
    assert most_bytes < 10_000_000


def test_openings_under_load_all_day_write_the_lists_at_most_each_two_hours() -> None:
    paced = Paced()
    for number in range(1, 20_000):
        paced.hear(sample(number, tests=0), 1000.0 + 4.0 * number)
    whole = sum(each.is_whole for each in paced.writes)
    assert 2 < whole <= 4 + 20_000 * 4.0 / 7200.0 + 1


def test_a_disk_that_refuses_is_tried_again_with_the_newest_record() -> None:
    pace = replace(begin(KeptRecord()), record=sample(1))
    pace, written = keep(pace, None, Moment(10.0))
    assert written is not None
    pace = replace(pace, record=sample(2))
    moment = Moment(10.1)
    pace, written = keep(pace, WriteResult(problem="full"), moment)
    assert (written, pace.store.problem) == (None, "full")
    assert moment.due_s < 20.0
    pace, written = keep(pace, None, Moment(20.0))
    assert written is not None
    assert written.record == sample(2)
    pace, _ = keep(pace, WriteResult(), Moment(20.1))
    assert (pace.store.problem, last(pace)) == (None, None)


def test_the_largest_answer_fits_into_a_frame() -> None:
    status = status_of(largest(), Stored.CURRENT, "x" * MOST_TEXT)
    answer = answer_of(largest(), status, SafetyRecordArguments(limit=100))
    assert len(answer.tests) == len(answer.openings) == len(answer.days) == 100
    assert len(msgspec.msgpack.encode(answer)) < 64 * 1024 - 1024
