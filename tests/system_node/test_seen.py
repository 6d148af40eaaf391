"""A change that names what a person saw before: nobody overwrites another unseen."""

from typing import Any

import pytest

from bus import Answer, Status
from tests.system_node.conftest import Box


def ask(box: Box, changes: dict[str, Any], seen: dict[str, Any]) -> Answer[Any]:
    before = box.now()
    answer = box.ask("set", {"changes": changes, "seen": seen})
    assert (answer.status is Status.OK) or box.now() == before
    return answer


def test_a_change_is_made_while_what_was_seen_is_as_it_was(box: Box) -> None:
    answer = ask(box, {"main_fuse_a": 25}, {"main_fuse_a": None, "fuse_budget_percent": 0})
    assert answer.status is Status.OK, answer.reason
    assert box.now().main_fuse_a == 25.0


@pytest.mark.parametrize(
    ("seen", "key", "present"),
    [
        ({"main_fuse_a": None}, "main_fuse_a", "25.0"),
        ({"main_fuse_a": 16}, "main_fuse_a", "25.0"),
        ({"hotspot": {"channel": 3}}, "hotspot.channel", "11"),
        ({"hotspot.channel": 3}, "hotspot.channel", "11"),
        ({"operating_mode": "fleet"}, "operating_mode", '"charging"'),
    ],
)
def test_a_change_is_refused_by_key_if_what_was_seen_is_another_now(
    box: Box, seen: dict[str, Any], key: str, present: str
) -> None:
    box.set({"main_fuse_a": 25})
    answer = ask(box, {"main_fuse_a": 32, "hotspot.channel": 6}, seen)
    assert answer.status is Status.REFUSED
    assert answer.problems == {key: f"changed meanwhile: it is {present} now"}


def test_a_change_that_was_made_already_is_no_clash(box: Box) -> None:
    for _ in range(2):  # as a button that was pressed twice
        answer = ask(box, {"main_fuse_a": 25}, {"main_fuse_a": None})
        assert answer.status is Status.OK, answer.reason


def test_an_empty_list_and_what_is_not_in_the_file_are_seen_as_well(box: Box) -> None:
    assert ask(box, {}, {"schedule.hours": [], "usb": {"allow_init": False}}).status is Status.OK
    box.set({"schedule.hours": ["mon 08:00-12:00"]})
    assert "schedule.hours" in ask(box, {}, {"schedule.hours": []}).problems
    assert ask(box, {}, {"schedule.hours": ["mon 08:00-12:00"]}).status is Status.OK


def test_a_setting_that_there_is_not_cannot_have_been_seen(box: Box) -> None:
    answer = ask(box, {"hotspot.channel": 6}, {"hotspot.chanel": 11})
    assert answer.problems == {
        "hotspot.chanel": "there is no such setting any more; open the page again"
    }


def test_a_wrong_value_is_said_of_a_key_that_has_changed_as_well(box: Box) -> None:
    box.set({"main_fuse_a": 25})
    answer = ask(box, {"main_fuse_a": 3}, {"main_fuse_a": None})
    assert answer.problems == {"main_fuse_a": "expected a current from 6 to 125 A or null; got 3"}
