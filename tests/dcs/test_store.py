"""What is written of the store, and when."""

import math

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from nodes.dcs.events import MeterSample
from nodes.dcs.kept import Durable, Queued
from nodes.dcs.store import SAMPLES_S, begin_store, from_rows, hand_out_rows, is_busy, note

pytestmark = pytest.mark.req("DCS-7")

SAMPLE = MeterSample(utc_ns=1, context="Sample.Periodic", values=())


def with_sample(durable: Durable) -> Durable:
    """Return what is kept with one more sample in the queue."""
    number = durable.marks.next_number
    queued = Queued(number=number, session_id="a", asked=SAMPLE)
    marks = replace(durable.marks, next_number=number + 1)
    return replace(durable, queue=(*durable.queue, queued), marks=marks)


def test_a_sample_that_is_acknowledged_in_time_costs_no_write() -> None:
    empty = Durable()
    queued = with_sample(empty)
    store = note(begin_store(empty), empty, queued, now_s=0.0)
    assert not is_busy(store)
    store, write = hand_out_rows(store, Moment(SAMPLES_S - 1.0))
    assert write is None
    store = note(store, queued, replace(queued, queue=()), now_s=SAMPLES_S - 1.0)
    assert hand_out_rows(store, Moment(math.inf)) == (store, None)


def test_a_sample_that_waits_is_written_and_no_later_one_has_its_number() -> None:
    empty = Durable()
    queued = with_sample(with_sample(empty))
    store = note(begin_store(empty), empty, queued, now_s=0.0)
    _, write = hand_out_rows(store, Moment(SAMPLES_S))
    assert write is not None
    stored = {key: row for key, row in write.items() if row is not None}
    assert from_rows(stored, warn=pytest.fail) == queued
