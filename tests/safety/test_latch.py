"""The latch of 8007 on its way to the disk and back."""

import pytest

from msgs.safety import Fault, FaultCode
from nodes.safety.latch import Kept, Latch, Memory, Write, hear, latch_of, want

LATCH = Latch(since_utc_ns=7, detail="seen")
RECALLED = hear(Memory(), Kept(), 0.0)


def fault(code: FaultCode) -> Fault:
    return Fault(code=code, since_utc_ns=7, count=1, detail="seen", remedy="")


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("code", list(FaultCode))
def test_8007_alone_is_kept(code: FaultCode) -> None:
    expected = LATCH if code is FaultCode.SAFETY_CIRCUIT else None
    assert latch_of((fault(FaultCode.TOO_HOT), fault(code))) == expected
    assert latch_of(()) is None


def test_nothing_is_written_before_it_is_known_what_was_kept() -> None:
    assert want(Memory(), LATCH, 100.0) == (Memory(), None)


def test_what_the_disk_has_is_not_written_again() -> None:
    assert want(RECALLED, None, 0.0) == (RECALLED, None)
    found = hear(Memory(), Kept(latch=LATCH), 0.0)
    assert (found.is_recalled, found.latch) == (True, LATCH)
    assert want(found, LATCH, 0.0) == (found, None)


@pytest.mark.parametrize(("before", "after"), [(None, LATCH), (LATCH, None)])
def test_news_is_written_once_and_then_known(before: Latch | None, after: Latch | None) -> None:
    memory, write = want(hear(Memory(), Kept(latch=before), 0.0), after, 0.0)
    assert write == Write(latch=after)
    assert want(memory, before, 100.0)[1] is None  # one at a time
    memory = hear(memory, Kept(), 1.0)
    assert (memory.latch, memory.writing) == (after, None)
    assert want(memory, after, 1.0)[1] is None
    assert want(memory, before, 1.0)[1] == Write(latch=before)


def test_a_write_that_failed_is_tried_again_after_five_seconds() -> None:
    memory, _ = want(RECALLED, LATCH, 0.0)
    memory = hear(memory, Kept(problem="disk full"), 1.0)
    assert (memory.latch, memory.writing) == (None, None)
    assert want(memory, LATCH, 5.99)[1] is None
    assert want(memory, LATCH, 6.0)[1] == Write(latch=LATCH)


def test_what_could_not_be_read_is_written_anew() -> None:
    memory = hear(Memory(), Kept(latch=LATCH, problem="damaged"), 0.0)
    assert memory.is_recalled
    assert want(memory, LATCH, 0.0)[1] == Write(latch=LATCH)
