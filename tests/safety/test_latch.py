"""The latches of 8007 and all red on their way to the disk and back."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from msgspec import ValidationError
from msgspec.structs import replace

from bus.generations import StoredValue, encode, previous_of, read_newest_valid
from bus.moment import Moment
from bus.write_behind import WriteResult
from msgs.fault_cause import Cause
from msgs.safety import LATCHED, FaultCode
from msgs.stored import Stored
from nodes.safety import latch as latch_module
from nodes.safety.finding import Finding, Record
from nodes.safety.latch import (
    Latch,
    Latches,
    LatchWrite,
    Memory,
    Recalled,
    check,
    decode,
    hear,
    latches_of,
    may_judge_again,
    recalled,
    unread,
)
from nodes.safety.wiring import NONE, Wired

SEEN = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.STRAY_CURRENT, current_a=2.0)
LATCH = Latch(since_utc_ns=7, finding=SEEN)
SINGLE, THREE = (True, False, False), (True, True, True)


def held(latch: Latch | None) -> Latches:
    return () if latch is None else (latch,)


def written(latch: Latch | None, wired: Wired = NONE) -> LatchWrite:
    return LatchWrite(latches=held(latch), wired=wired)


def want(
    memory: Memory, latch: Latch | None, wired: Wired, now_s: float
) -> tuple[Memory, LatchWrite | None]:
    return latch_module.want(memory, held(latch), wired, (), Moment(now_s))


def is_kept(memory: Memory, latch: Latch | None, wired: Wired) -> bool:
    return latch_module.is_kept(memory, held(latch), wired)


def proven(found: Latch | None = None) -> Memory:
    """A disk that has been read, and has taken something since."""
    memory, write = want(hear(Memory(), Recalled(latches=held(found)), 0.0), found, NONE, 0.0)
    assert write == written(found)
    return hear(memory, WriteResult(), 0.0)


RECALLED = proven()


def fault(code: FaultCode) -> Record:
    return Record(finding=replace(SEEN, code=code), since_utc_ns=7, count=1)


@pytest.mark.req("ERR-8007", "ERR-RED")
@pytest.mark.parametrize("code", list(FaultCode))
def test_8007_and_all_red_alone_are_kept(code: FaultCode) -> None:
    records = (fault(FaultCode.TOO_HOT), fault(code))
    latch = replace(LATCH, finding=replace(SEEN, code=code))
    assert latches_of(records) == ((latch,) if code in LATCHED else ())
    assert latches_of((), is_flag_up=True) == ()


def test_a_latch_has_whether_the_flag_was_up_when_it_was_made() -> None:
    (made,) = latches_of((fault(FaultCode.SAFETY_CIRCUIT),), is_flag_up=True)
    assert made == Latch(since_utc_ns=7, finding=SEEN, is_flag_up=True)
    assert want(proven(LATCH), made, NONE, 0.0)[1] is None  # the same fault: nothing new


RED = Latch(since_utc_ns=8, finding=Finding(code=FaultCode.RED, cause=Cause.STILL_LIVE))


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize(
    ("latch", "then", "now", "may"),
    [
        (RED, "", "1", True),
        (RED, "1", "2", True),
        (RED, "1", "1", False),
        (RED, "", "", False),
        (RED, None, "1", False),
        (RED, "1", None, False),
        (RED, None, None, False),
        (LATCH, "1", "2", False),
    ],
)
def test_a_restart_that_a_person_has_asked_for_since_judges_all_red_again(
    latch: Latch, then: str | None, now: str | None, may: bool
) -> None:
    assert may_judge_again(replace(latch, asked=then), now) is may


@pytest.mark.req("ERR-RED")
def test_a_latch_names_the_newest_restart_once_it_is_judged() -> None:
    def wanted(on_trial: tuple[FaultCode, ...], asked: str | None = "2") -> Latches:
        kept = Recalled(latches=(replace(RED, asked="1"),), asked=asked)
        write = latch_module.want(hear(Memory(), kept, 0.0), (RED,), NONE, on_trial, Moment(0.0))[1]
        assert write is not None
        return write.latches

    assert wanted((FaultCode.RED,)) == (replace(RED, asked="1"),)
    assert wanted(()) == (replace(RED, asked="2"),)
    assert wanted((), asked=None) == (replace(RED, asked="1"),)
    heard = hear(Memory(), Recalled(asked="2"), 0.0)
    write = latch_module.want(heard, (RED, LATCH), NONE, (), Moment(0.0))[1]
    assert write == LatchWrite(latches=(replace(RED, asked="2"), replace(LATCH, asked="2")))


def test_a_write_has_to_succeed_before_the_disk_counts_as_proven() -> None:
    heard = hear(Memory(), Recalled(), 0.0)
    assert (heard.is_recalled, heard.is_proven) == (True, False)
    memory, write = want(heard, None, NONE, 0.0)
    assert write == written(None)
    failed = hear(memory, WriteResult(problem="read-only"), 1.0)
    assert (failed.is_proven, failed.problem) == (False, "read-only")
    memory, write = want(failed, None, NONE, 6.0)
    assert write == written(None)
    assert hear(memory, WriteResult(), 6.1).is_proven
    assert hear(memory, WriteResult(), 6.1).problem is None


def test_what_is_on_its_way_is_not_kept_yet() -> None:
    assert is_kept(RECALLED, None, NONE)
    assert not is_kept(RECALLED, LATCH, NONE)
    memory, _ = want(RECALLED, LATCH, NONE, 0.0)
    assert not is_kept(memory, LATCH, NONE)
    assert is_kept(hear(memory, WriteResult(), 1.0), LATCH, NONE)
    assert not is_kept(hear(memory, WriteResult(problem="full"), 1.0), LATCH, NONE)


def test_nothing_is_written_before_it_is_known_what_was_kept() -> None:
    assert want(Memory(), LATCH, NONE, 100.0) == (Memory(), None)


def test_what_the_disk_has_is_not_written_again() -> None:
    for found in (None, LATCH):
        memory = proven(found)
        assert (memory.is_recalled, memory.latches) == (True, held(found))
        after, write = want(memory, found, NONE, 0.0)
        assert (after is memory, write) == (True, None)  # nothing has changed


@pytest.mark.parametrize(("before", "after"), [(None, LATCH), (LATCH, None)])
def test_news_is_written_once_and_then_known(before: Latch | None, after: Latch | None) -> None:
    memory, write = want(proven(before), after, NONE, 0.0)
    assert write == written(after)
    assert want(memory, before, NONE, 100.0)[1] is None  # one at a time
    memory = hear(memory, WriteResult(), 1.0)
    assert (memory.latches, memory.store.writing) == (held(after), None)
    assert want(memory, after, NONE, 1.0)[1] is None
    assert want(memory, before, NONE, 1.0)[1] == written(before)


@pytest.mark.parametrize(
    ("other", "is_written"),
    [
        (replace(LATCH, finding=replace(SEEN, current_a=3.0)), False),  # the same fault, seen again
        (replace(LATCH, finding=replace(SEEN, cause=Cause.GENERATOR)), True),
        (replace(LATCH, since_utc_ns=8), True),
    ],
)
def test_another_time_or_cause_is_another_fault(other: Latch, is_written: bool) -> None:
    assert (want(proven(LATCH), other, NONE, 0.0)[1] is not None) is is_written


def test_a_failure_without_a_text_is_one() -> None:
    heard = hear(Memory(), Recalled(latches=held(LATCH), problem=""), 0.0)
    assert (heard.is_recalled, heard.is_proven) == (True, False)
    memory, _ = want(heard, LATCH, NONE, 0.0)
    failed = hear(memory, WriteResult(problem=""), 1.0)
    assert (failed.is_proven, failed.problem) == (False, "")


def test_a_write_that_failed_is_tried_again_after_five_seconds() -> None:
    memory, _ = want(RECALLED, LATCH, NONE, 0.0)
    memory = hear(memory, WriteResult(problem="disk full"), 1.0)
    assert (memory.latches, memory.store.writing) == ((), None)
    assert want(memory, LATCH, NONE, 5.99)[1] is None
    assert want(memory, LATCH, NONE, 6.0)[1] == written(LATCH)


def test_what_could_not_be_read_is_written_again() -> None:
    found = replace(LATCH, is_flag_up=True)
    memory = hear(Memory(), Recalled(latches=held(found), problem="damaged"), 0.0)
    assert memory.is_recalled
    assert want(memory, LATCH, NONE, 0.0)[1] == written(found)  # and the flag as it was then


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("code", list(FaultCode))
def test_a_latch_of_another_code_is_a_damaged_one(code: FaultCode) -> None:
    latch = replace(LATCH, finding=replace(SEEN, code=code))
    if code in LATCHED:
        check(written(latch))
        check(written(None))
        with pytest.raises(ValidationError, match="expected 8007 and red at most"):
            check(LatchWrite(latches=(latch, latch)))
        return
    with pytest.raises(ValidationError, match="expected 8007 and red at most"):
        check(written(latch))


# --- what is found on the disk ------------------------------------------------------------------

UNREADABLE = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.LATCH_UNREADABLE)


NAME = "latch.json"


def read(content: bytes, previous: bytes = b"") -> Recalled:
    """Return what is found in the two generations of a file at the UTC time 9."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(content)
        previous_of(path).write_bytes(previous)
        return recalled(read_newest_valid(path, decode), 9)


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("content", [b"", b"{", encode(written(None), NAME)[:-9] + b'0"\n}\n'])
@pytest.mark.parametrize("latch", [None, LATCH])
def test_of_a_damaged_file_the_generation_before_it_counts(
    content: bytes, latch: Latch | None
) -> None:
    kept = read(content, encode(written(latch, (True, False, True)), NAME))
    assert kept == Recalled(latches=held(latch), wired=(True, False, True))


def test_nothing_was_kept_where_there_is_no_file(tmp_path: Path) -> None:
    assert recalled(read_newest_valid(tmp_path / "latch.json", decode), 9) == Recalled()


def test_what_was_written_is_read_again() -> None:
    for write in (written(None), written(LATCH, (True, False, True))):
        kept = read(encode(write, NAME))
        assert kept == Recalled(latches=write.latches, wired=write.wired)


def test_a_field_that_is_not_known_is_no_damage() -> None:
    tree = msgspec.to_builtins(written(LATCH, (True, False, True)))
    for part in (tree, tree["latches"][0], tree["latches"][0]["finding"]):
        part["of a later version"] = 1
    kept = read(encode(tree, NAME))
    assert kept == Recalled(latches=held(LATCH), wired=(True, False, True))


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("is_flag_up", [False, True])
@pytest.mark.parametrize(
    "seen",
    [
        {"detail": "2.0 A flow"},  # as kept by a version before findings
        {"finding": {"code": "8007", "cause": "of a later version"}},
        {"finding": {"code": "1", "cause": "stray_current"}},
    ],
)
def test_a_latch_whose_finding_is_not_known_keeps_its_time_flag_and_phases(
    seen: dict[str, object], is_flag_up: bool
) -> None:
    latch = {"since_utc_ns": 5, "is_flag_up": is_flag_up} | seen
    kept = read(encode({"latches": [latch], "wired": [True, False, True]}, NAME))
    assert kept.problem is not None
    assert kept.latches == (Latch(since_utc_ns=5, finding=UNREADABLE, is_flag_up=is_flag_up),)
    assert kept.wired == (True, False, True)


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(
    ("content", "wired"),
    [
        (b"", NONE),
        (b"{}", NONE),
        (b"null", NONE),
        (b"\xff\x00", NONE),
        (b'{"\xff": 1}', NONE),
        (b'{"latches": [], "wired": [true, true]}', NONE),
        (b'{"latches": 7, "wired": [true, false, true]}', (True, False, True)),
        (b'{"latch": null, "wired": [true, false, true]}', (True, False, True)),
    ],
)
def test_what_cannot_be_read_holds_from_now_on(content: bytes, wired: Wired) -> None:
    kept = read(content)
    assert kept.problem is not None
    assert (kept.latches, kept.wired) == ((Latch(since_utc_ns=9, finding=UNREADABLE),), wired)


def test_a_flag_is_read_though_the_phases_are_damaged() -> None:
    latch = {"since_utc_ns": 5, "detail": "", "is_flag_up": True}
    sound = {"since_utc_ns": 6, "is_flag_up": False}
    kept = read(encode({"latches": [sound, latch], "wired": "x"}, NAME))
    assert kept.latches == (Latch(since_utc_ns=5, finding=UNREADABLE, is_flag_up=True),)


def test_an_answer_to_no_write_changes_nothing() -> None:
    assert hear(RECALLED, WriteResult(), 1.0) == RECALLED
    assert hear(RECALLED, WriteResult(problem="full"), 1.0) == RECALLED


def test_what_is_over_before_its_write_could_be_repeated_is_written_over() -> None:
    memory = hear(want(RECALLED, LATCH, NONE, 0.0)[0], WriteResult(problem="full"), 1.0)
    memory, write = want(memory, None, NONE, 2.0)  # nobody knows how much of it was written
    assert (write, memory.store.is_idle) == (None, False)
    assert want(memory, None, NONE, 6.0)[1] == written(None)


def test_of_a_write_that_failed_and_a_newer_one_that_waits_only_the_newer_is_written() -> None:
    memory, _ = want(RECALLED, LATCH, NONE, 0.0)
    memory, write = want(memory, None, THREE, 0.5)
    assert (write, memory.store.waiting) == (None, (written(None, THREE),))
    memory = hear(memory, WriteResult(problem="full"), 1.0)
    assert want(memory, None, THREE, 5.99)[1] is None
    memory, write = want(memory, None, THREE, 6.0)
    assert (write, memory.store.waiting) == (written(None, THREE), ())


@pytest.mark.req("ERR-8007")
def test_a_fault_of_this_process_keeps_the_flag_and_the_restart_of_its_first_moment() -> None:
    heard = hear(Memory(), Recalled(asked="2"), 0.0)
    up, down = (replace(LATCH, is_flag_up=is_up) for is_up in (True, False))
    memory, write = want(heard, up, NONE, 0.0)
    assert write == written(replace(up, asked="2"))
    assert want(memory, down, NONE, 0.1) == (memory, None)  # while it is written
    memory = hear(memory, WriteResult(), 0.2)
    assert want(memory, down, NONE, 0.3) == (memory, None)
    assert want(memory, down, SINGLE, 0.3)[1] == written(replace(up, asked="2"), SINGLE)


# --- the phases --------------------------------------------------------------------------------


def test_the_wired_phases_are_written_beside_the_latch_and_known_then() -> None:
    memory, write = want(RECALLED, None, SINGLE, 0.0)
    assert write == written(None, SINGLE)
    assert not is_kept(memory, None, SINGLE)
    memory = hear(memory, WriteResult(), 1.0)
    assert memory.wired == SINGLE
    assert is_kept(memory, None, SINGLE)
    assert want(memory, None, SINGLE, 1.0)[1] is None
    assert want(memory, LATCH, SINGLE, 1.0)[1] == written(LATCH, SINGLE)
    assert want(memory, None, THREE, 1.0)[1] == written(None, THREE)


def test_phases_that_the_disk_does_not_have_yet_are_something_to_do() -> None:
    assert is_kept(hear(want(RECALLED, None, SINGLE, 0.0)[0], WriteResult(), 1.0), None, SINGLE)
    assert not is_kept(RECALLED, None, SINGLE)


def test_phases_whose_write_failed_are_not_on_the_disk() -> None:
    memory = hear(want(RECALLED, None, SINGLE, 0.0)[0], WriteResult(problem="full"), 1.0)
    assert memory.wired == NONE
    assert want(memory, None, SINGLE, 5.99)[1] is None
    assert want(memory, None, SINGLE, 6.0)[1] == written(None, SINGLE)


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(("damage", "problem"), [("cut short", "cut short"), (None, "")])
def test_files_that_cannot_be_read_are_8007_with_the_flag_down_and_the_reason(
    damage: str | None, problem: str
) -> None:
    lost: StoredValue[LatchWrite] = StoredValue(stored=Stored.LOST, damage=damage)
    finding = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.LATCH_UNREADABLE)
    latch = Latch(since_utc_ns=9, finding=finding, is_flag_up=False)
    assert recalled(lost, 9) == Recalled(latches=(latch,), problem=problem)
    assert unread(9, problem) == Recalled(latches=(latch,), problem=problem)
