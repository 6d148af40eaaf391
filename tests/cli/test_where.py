"""The conditions of `sniff --where`: what they mean, and how a wrong one is shown."""

from typing import Any

import pytest

from cli.where import WhereError, look_up, matches, parse_path, parse_where

MESSAGE: dict[str, Any] = {
    "cp_state": "C",
    "offered_a": 16.0,
    "online": True,
    "until": None,
    "lines": [{"current_a": 7.5}, {"current_a": 0}],
    "source": "tq at 10.0.0.6:502/1",
}


@pytest.mark.parametrize(
    ("where", "does"),
    [
        ("cp_state == C", True),
        ('cp_state == "C"', True),
        ("cp_state == 'C'", True),
        ("cp_state != C", False),
        ("cp_state != B", True),
        ("cp_state >= B", True),
        ("offered_a == 16", True),
        ("offered_a > 16", False),
        ("offered_a >= 16.0", True),
        ("offered_a < 1.7e1", True),
        ("offered_a > -1", True),
        ("offered_a<17", True),
        ("lines.0.current_a > 6 and online == true", True),
        ("lines.0.current_a > 6 and lines.1.current_a > 6", False),
        ("online == false", False),
        ("until == null", True),
        ("until != null", False),
        ('source == "tq at 10.0.0.6:502/1"', True),
        # a missing field does not match
        ("voltage_v == 1", False),
        ("voltage_v != 1", False),
        ("lines.2.current_a >= 0", False),
        ("lines.first == 1", False),
        ("cp_state.x == 1", False),
        # values of different types are never equal and have no order
        ("online == 1", False),
        ("lines.1.current_a == false", False),
        ("online != 1", True),
        ("cp_state > 1", False),
        ("until < 1", False),
        ("online >= true", False),
        ("lines == 1", False),
    ],
)
def test_a_condition_means_what_it_says(where: str, does: bool) -> None:
    assert matches(parse_where(where), MESSAGE) is does


@pytest.mark.parametrize(
    ("where", "at", "expected"),
    [
        ("", 0, "a field"),
        ("> 6", 0, "a field"),
        ("cp_state", 8, "one of == != < <= > >="),
        ("cp_state = C", 9, "one of == != < <= > >="),
        ("cp_state ==", 11, "a number, true, false, null, a word or a text"),
        ('cp_state == "C', 12, "a number, true, false, null, a word or a text"),
        ("cp_state == C or online == true", 14, '"and" or the end'),
        ("cp_state == C and", 17, "a field"),
        ("cp_state == C D", 14, '"and" or the end'),
        ("lines..current_a > 6", 5, "one of == != < <= > >="),
        ("offered_a > 6A", 12, "a number"),
    ],
)
def test_a_wrong_condition_is_shown_where_it_is_wrong(where: str, at: int, expected: str) -> None:
    with pytest.raises(WhereError) as caught:
        parse_where(where)
    line, pointer = str(caught.value).split("\n")
    assert line == where
    assert pointer.startswith(" " * at + "^ expected ")
    assert expected in pointer


def test_a_path_leads_through_maps_and_lists() -> None:
    assert look_up(MESSAGE, parse_path("lines.0.current_a")) == (True, 7.5)
    assert look_up(MESSAGE, parse_path("until")) == (True, None)
    assert look_up(MESSAGE, parse_path("lines.7")) == (False, None)
    with pytest.raises(WhereError, match="the end of the path"):
        parse_path("a b")
