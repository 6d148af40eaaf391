"""The comparison of recorded runs finds the differences, and knows which are wanted."""

import pytest

from tests.runs.differences import MISSING, Wanted, differences
from tests.runs.record import Message, record
from tests.runs.scripts import scripts

BEFORE: list[Message] = [
    (1.0, "a/status", {"x": 1, "lines": [{"u": 1.0}, {"u": 2.0}]}),
    (1.5, "a/status", {"x": 2, "lines": [{"u": 1.0}, {"u": 2.0}]}),
    (2.0, "b/wish", {"at_ns": 2_000_000_000}),
]


def found(after: list[Message]) -> list[tuple[str, float, str, object, object]]:
    return [
        (each.topic, each.at_s, each.path, each.before, each.after)
        for each in differences("run", BEFORE, after)
    ]


def test_a_recording_equals_itself() -> None:
    assert found(BEFORE) == []


def test_times_may_differ_by_20_ms_in_stamps_and_in_fields() -> None:
    after = [(at_s + 0.02, topic, body) for at_s, topic, body in BEFORE]
    after[2] = (2.02, "b/wish", {"at_ns": 2_020_000_000})
    assert found(after) == []
    after[2] = (2.02, "b/wish", {"at_ns": 2_021_000_000})
    assert found(after) == [("b/wish", 2.02, "at_ns", 2_000_000_000, 2_021_000_000)]


@pytest.mark.parametrize(("off", "is_same"), [(5e-7, True), (5e-6, False)])
def test_numbers_are_the_same_to_a_millionth(off: float, is_same: bool) -> None:
    after = [BEFORE[0], (1.5, "a/status", {"x": 2, "lines": [{"u": 1.0}, {"u": 2.0 + off}]})]
    assert (found([*after, BEFORE[2]]) == []) is is_same


def test_a_field_is_named_by_its_path() -> None:
    after = [BEFORE[0], (1.5, "a/status", {"x": 2, "lines": [{"u": 1.0}, {"u": 3.0}]}), BEFORE[2]]
    assert found(after) == [("a/status", 1.5, "lines.1.u", 2.0, 3.0)]


def test_a_field_that_is_new_or_gone_is_found() -> None:
    after = [BEFORE[0], BEFORE[1], (2.0, "b/wish", {"until": 1})]
    assert found(after) == [
        ("b/wish", 2.0, "at_ns", 2_000_000_000, MISSING),
        ("b/wish", 2.0, "until", MISSING, 1),
    ]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_message_that_is_gone_or_comes_late_is_found(index: int) -> None:
    at_s, topic, body = BEFORE[index]
    gone = [each for each in BEFORE if each is not BEFORE[index]]
    assert found(gone) == [(topic, at_s, "", body, MISSING)]
    late = sorted([*gone, (at_s + 0.1, topic, body)], key=lambda each: each[0])
    assert sorted(found(late), key=lambda each: each[1]) == [
        (topic, at_s, "", body, MISSING),
        (topic, at_s + 0.1, "", MISSING, body),
    ]


def test_a_wanted_difference_is_named_by_topic_path_and_run() -> None:
    after = [BEFORE[0], (1.5, "a/status", {"x": 2, "lines": [{"u": 1.0}, {"u": 3.0}]}), BEFORE[2]]
    (difference,) = differences("run", BEFORE, after)
    assert Wanted(topic="a/*", path="lines.*.u", why="").covers(difference)
    assert not Wanted(topic="a/*", path="lines.*.u", why="", run="other").covers(difference)
    assert not Wanted(topic="b/*", path="*", why="").covers(difference)
    assert not Wanted(topic="*", path="", why="").covers(difference)


def test_there_are_twenty_runs_with_different_names() -> None:
    names = [script.name for script in scripts()]
    assert len(names) == len(set(names)) >= 20
    assert scripts() == scripts()


def test_a_run_is_recorded_with_its_acts_and_its_answers() -> None:
    script = next(script for script in scripts() if script.name == "charge_and_unplug")
    messages = record(script)
    topics = {topic for _, topic, _ in messages}
    assert {"pilot/status", "sim/event", "answer/sessions", "safety/heartbeat"} <= topics
    contactor = [body["contactor"] for _, topic, body in messages if topic == "safety/status"]
    assert contactor[0] == contactor[-1] == "open"
    assert "closed" in contactor
    (answer,) = (body for _, topic, body in messages if topic == "answer/sessions")
    assert [record["end_reason"] for record in answer["result"]] == ["unplugged"]
