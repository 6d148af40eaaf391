"""The events of a key: bounces, marks, gaps between readings (PAN-3, PAN-4)."""

import bisect
import itertools
import math
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nodes.led.key_actions import MARKS_S
from nodes.led.keys import (
    DEBOUNCE_S,
    MOST_UNSEEN_S,
    UNREAD,
    KeyState,
    Kind,
    after_gap,
    look_s,
    step,
)
from nodes.led.node import LOOK_S

FIRST_S, SECOND_S = MARKS_S
MS = 0.001


@dataclass
class Key:
    """A key that is moved by a trace, and looked at as led does.

    That is at edges, when it is due, and at least each `LOOK_S`.
    """

    now_s: float = 100.0
    looked_s: float = 100.0
    marks_s: tuple[float, ...] = MARKS_S
    state: KeyState = UNREAD
    level: bool | None = None
    events: list[tuple[float, str]] = field(default_factory=list)

    @property
    def due_s(self) -> float:
        """When it is read next if its level stays; infinity if no event can follow."""
        due_s = look_s(self.state, self.marks_s)
        return min(due_s, self.looked_s + LOOK_S) if due_s < math.inf else math.inf

    def look(self) -> None:
        state = after_gap(self.state, self.now_s - self.looked_s, self.marks_s)
        self.looked_s = self.now_s
        self.state, event = step(state, self.level, self.now_s, self.marks_s)
        if event is not None:
            words = f"{event.kind} {event.marks}" if event.kind is Kind.HELD else event.kind.value
            self.events.append((round(self.now_s, 6), words))

    def wait(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while (due_s := self.due_s) <= end_s:
            self.now_s = max(due_s, self.now_s)
            self.look()
        self.now_s = end_s

    def sleep(self, seconds: float) -> None:
        """Let time pass without a reading."""
        self.now_s += seconds

    def move(self, level: bool | None) -> None:
        self.level = level
        self.look()

    @property
    def words(self) -> list[str]:
        return [words for _, words in self.events]


@pytest.fixture
def key() -> Key:
    key = Key()
    key.move(False)
    key.wait(1.0)
    assert key.events == []
    assert look_s(key.state, key.marks_s) == math.inf
    return key


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.019, []),
        (0.021, ["pressed", "released"]),
        (1.9, ["pressed", "released"]),
        (2.1, ["pressed", "held 1", "released"]),
        (5.9, ["pressed", "held 1", "released"]),
        (6.1, ["pressed", "held 1", "held 2", "released"]),
        (60.0, ["pressed", "held 1", "held 2", "released"]),
    ],
)
def test_a_press_passes_its_marks(key: Key, seconds: float, words: list[str]) -> None:
    key.move(True)
    key.wait(seconds)
    key.move(False)
    key.wait(1.0)
    assert key.words == words
    assert look_s(key.state, key.marks_s) == math.inf


@pytest.mark.req("PAN-3")
def test_marks_are_passed_on_time(key: Key) -> None:
    began_s = key.now_s
    key.move(True)
    key.wait(10.0)
    assert [(round(at_s - began_s, 6), words) for at_s, words in key.events] == [
        (DEBOUNCE_S, "pressed"),
        (DEBOUNCE_S + FIRST_S, "held 1"),
        (DEBOUNCE_S + SECOND_S, "held 2"),
    ]


def test_a_bouncing_key_is_pressed_once_and_released_once(key: Key) -> None:
    for level in (True, False, True, False, True):
        key.move(level)
        key.wait(5 * MS)
    key.wait(1.0)
    for level in (False, True, False, True, False):
        key.move(level)
        key.wait(5 * MS)
    key.wait(1.0)
    assert key.words == ["pressed", "released"]


@pytest.mark.req("PAN-3")
def test_a_bounce_while_it_is_held_begins_the_time_again(key: Key) -> None:
    key.move(True)
    key.wait(3.0)
    key.move(False)
    key.wait(10 * MS)
    key.move(True)
    key.wait(DEBOUNCE_S + SECOND_S - 0.001)
    assert key.words == ["pressed", "held 1"]
    key.wait(0.002)
    assert key.words == ["pressed", "held 1", "held 2"]


@pytest.mark.req("PAN-3")
def test_a_key_that_is_stuck_at_the_start_counts_only_after_it_was_released() -> None:
    key = Key()
    key.move(True)
    key.wait(60.0)
    assert key.events == []
    key.move(False)
    key.wait(10 * MS)
    key.move(True)  # a stuck key that bounces is not released
    key.wait(60.0)
    assert key.events == []
    key.move(False)
    key.wait(1.0)
    key.move(True)
    key.wait(7.0)
    assert key.words == ["pressed", "held 1", "held 2"]


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("before_s", [0.0, 0.01, 0.5, 2.5, 4.0, 5.9])
@pytest.mark.parametrize("asleep_s", [MOST_UNSEEN_S + 0.01, 7.0])
@pytest.mark.parametrize("level", [True, False])
def test_a_press_during_a_gap_in_the_readings_does_nothing(
    key: Key, before_s: float, asleep_s: float, level: bool
) -> None:
    key.move(True)
    key.wait(before_s)
    before = list(key.events)
    key.sleep(asleep_s)
    key.move(level)
    key.wait(60.0)
    key.move(False)
    key.wait(1.0)
    assert key.events == before


def test_a_release_that_was_not_read_as_stable_does_nothing(key: Key) -> None:
    key.move(True)
    key.wait(3.0)
    key.move(False)
    key.sleep(7.0)
    key.wait(1.0)
    assert key.words == ["pressed", "held 1"]


@pytest.mark.req("PAN-3")
def test_a_node_that_is_a_little_late_goes_on(key: Key) -> None:
    key.move(True)
    key.wait(5.5)
    key.sleep(0.7)
    key.look()
    assert key.words == ["pressed", "held 1", "held 2"]
    assert key.events[-1][0] >= 101.0 + SECOND_S


@pytest.mark.req("PAN-3")
def test_a_key_that_cannot_be_read_is_not_released(key: Key) -> None:
    key.move(True)
    key.wait(3.0)
    key.move(None)
    key.wait(5.0)
    key.move(True)
    key.wait(60.0)
    key.move(False)
    key.wait(1.0)
    assert key.words == ["pressed", "held 1"]


@pytest.mark.req("PAN-4")
def test_a_key_without_marks_is_not_looked_at_while_it_is_held() -> None:
    key = Key(marks_s=())
    key.move(False)
    key.wait(1.0)
    key.move(True)
    key.wait(1.0)
    assert key.words == ["pressed"]
    assert look_s(key.state, ()) == math.inf
    key.sleep(3600.0)
    key.move(False)
    key.wait(1.0)
    key.move(True)
    key.wait(1.0)
    assert key.words == ["pressed", "released", "pressed"]


# A trace: how long the key keeps each level, beginning with released; and for how long led is
# free and then busy, in turn.
SECONDS = st.one_of(
    st.floats(min_value=0.0, max_value=0.03),
    st.floats(min_value=0.0, max_value=9.0),
    st.sampled_from([DEBOUNCE_S, 2.0, 6.0, 6.0 + DEBOUNCE_S, 6.1, 12.0]),
)
BUSY = st.lists(st.tuples(SECONDS, st.floats(min_value=0.0, max_value=8.0)), max_size=8)


def run(
    trace: list[float], busy: list[tuple[float, float]] | None = None
) -> tuple[list[float], list[float]]:
    """Return when the key moved, and when its second mark was passed.

    Edges that come while led is busy are handed to it afterwards, in order, and then what is due.
    """
    moves_s = [100.0, *itertools.accumulate(trace, initial=101.0)]
    ends_s = [100.5, *itertools.accumulate(itertools.chain(*(busy or ())), initial=100.5)]

    def free_s(at_s: float) -> float:
        index = bisect.bisect_right(ends_s, at_s)
        return at_s if index % 2 == 0 or index >= len(ends_s) else ends_s[index]

    key, edges = Key(now_s=100.0), list(enumerate(moves_s))
    while True:
        due_s = key.due_s
        look_at_s = free_s(max(due_s, key.now_s)) if due_s < math.inf else math.inf
        if edges and free_s(edges[0][1]) <= look_at_s:
            index, at_s = edges.pop(0)
            key.now_s = max(free_s(at_s), key.now_s)
            key.move(index % 2 == 1)
        elif due_s < math.inf:
            key.now_s = look_at_s
            key.look()
        else:
            return moves_s, [at_s for at_s, words in key.events if words == "held 2"]


@pytest.mark.req("PAN-3")
@settings(max_examples=500)
@given(st.lists(SECONDS, max_size=12), BUSY)
@example([7.0], [])
@example([3.0, 0.01, 3.1], [])
@example([5.9, 0.5, 9.0], [(6.3, 0.9)])
@example([0.5, 7.0, 1.0], [(0.6, 7.0)])
def test_cards_are_never_erased_before_six_seconds_of_one_press(
    trace: list[float], busy: list[tuple[float, float]]
) -> None:
    moves_s, erased_s = run(trace, busy)
    for at_s in erased_s:
        index = bisect.bisect_right(moves_s, at_s - 1e-6) - 1
        assert index % 2 == 1  # pressed now
        assert at_s - moves_s[index] >= SECOND_S - 1e-6  # and for that time


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize(
    ("trace", "busy", "times"),
    [
        ([6.1, 1.0, 6.1, 1.0, 5.9], [], 2),
        ([5.9, 0.1, 5.9], [], 0),
        ([7.0], [(5.0, 0.7)], 1),  # a little busy
        ([7.0], [(5.0, 1.3)], 0),
        ([60.0], [(1.0, 7.0)], 0),  # frozen
    ],
)
def test_a_press_of_six_seconds_does_erase_them(
    trace: list[float], busy: list[tuple[float, float]], times: int
) -> None:
    assert len(run(trace, busy)[1]) == times
