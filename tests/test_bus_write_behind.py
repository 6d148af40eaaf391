"""Waiting values are bounded, in order, and tried again where no request repeats them."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.moment import Moment
from bus.store import StoreError
from bus.write_behind import (
    RETRY_S,
    WriteBehind,
    WriteResult,
    hand_out,
    queue,
    replaces_all,
    retry,
    settle,
    write_result,
)

FULL = WriteResult(problem="full")


class Row(NamedTuple):
    key: str
    number: int = 0


def is_form(one: Row, other: Row) -> bool:
    return one.key == other.key


EMPTY: WriteBehind[Row] = WriteBehind()
A, B = Row("a"), Row("b")


def test_one_value_is_written_at_a_time_in_order() -> None:
    store, first = hand_out(queue(queue(EMPTY, A), B), Moment(0.0))
    assert first == A
    assert hand_out(store, Moment(0.0))[1] is None
    assert (store.stored, store.newest, store.is_idle) == (None, B, False)
    store, second = hand_out(settle(store, WriteResult()), Moment(0.0))
    assert (store.stored, second) == (A, B)
    store = settle(store, WriteResult())
    assert (store.stored, store.newest, store.is_idle, store.problem) == (B, B, True, None)


def test_values_that_do_not_replace_each_other_all_wait() -> None:
    assert queue(queue(EMPTY, A), A).waiting == (A, A)


def test_a_newer_form_takes_the_older_ones_place() -> None:
    store = queue(EMPTY, B)
    for number in range(1000):
        store = queue(store, Row("a", number), is_form)
    assert store.waiting == (B, Row("a", 999))


def test_what_is_being_written_is_not_replaced_by_a_newer_form() -> None:
    store, _ = hand_out(queue(EMPTY, A, is_form), Moment(0.0))
    store = queue(store, Row("a", 1), is_form)
    assert (store.writing, store.waiting) == (A, (Row("a", 1),))


def test_what_failed_is_tried_again_before_what_follows() -> None:
    store, _ = hand_out(queue(queue(EMPTY, A), B), Moment(0.0))
    store = retry(store, FULL, 1.0, is_form)
    assert (store.problem, store.stored) == ("full", None)
    assert hand_out(store, Moment(1.0 + RETRY_S - 0.1))[1] is None
    store, again = hand_out(store, Moment(1.0 + RETRY_S))
    assert again == A
    assert retry(store, WriteResult(), 7.0, is_form).problem is None


def test_what_failed_is_dropped_for_a_newer_form_of_it() -> None:
    store, _ = hand_out(queue(EMPTY, A, is_form), Moment(0.0))
    store = retry(queue(store, Row("a", 2), is_form), FULL, 0.0, is_form)
    assert store.waiting == (Row("a", 2),)


def test_what_was_asked_for_is_not_tried_again_and_holds_nothing_up() -> None:
    store, _ = hand_out(queue(queue(EMPTY, A), B), Moment(0.0))
    store = settle(store, FULL)
    assert (store.problem, store.stored) == ("full", None)
    assert hand_out(store, Moment(0.0))[1] == B


@pytest.mark.parametrize("end", [settle, lambda store, result: retry(store, result, 0.0)])
def test_a_result_without_a_pending_write_changes_nothing(end: object) -> None:
    assert callable(end)
    assert end(EMPTY, FULL) == EMPTY
    assert end(EMPTY, WriteResult()) == EMPTY


def test_an_error_of_the_disk_is_an_input_and_a_bug_is_not() -> None:
    assert write_result(None) == WriteResult()
    error = StoreError("file: it is read-only")
    result = write_result(error)
    assert (result.problem, result.detail) == (error.plain, "file: it is read-only")
    with pytest.raises(KeyError):
        write_result(KeyError("x"))


STEPS = st.lists(st.sampled_from(["queue", "write", "fail", "wait"]), max_size=60)


@given(STEPS)
def test_one_value_reaches_the_disk_whatever_fails_and_never_goes_back(steps: list[str]) -> None:
    store, now_s, number = EMPTY, 0.0, 0
    written_numbers = [0]
    for step in [*steps, "wait", "write", "wait", "write"]:
        match step:
            case "queue":
                number += 1
                store = queue(store, Row("", number), replaces_all)
            case "wait":
                now_s += RETRY_S
            case "write" if store.writing is not None:
                written_numbers.append(store.writing.number)
                store = retry(store, WriteResult(), now_s, replaces_all)
            case "fail":
                store = retry(store, FULL, now_s, replaces_all)
            case _:
                pass
        store, _ = hand_out(store, Moment(now_s))
        assert len(store.waiting) <= 1
    assert written_numbers == sorted(written_numbers)
    assert written_numbers[-1] == number
