"""What session may publish of cards, and which sessions may go on."""

import pytest

from msgs.session import SessionStatus
from tests.builders import charging_session, session_status
from verifier.rules import CARD_S
from verifier.sessions import LONGEST_CUT_S, SIGN_S, SessionRules

NOW_S = 1000.0
RED, GREEN = "red", "green"


def charging(session_id: str = "a", token: str = RED) -> SessionStatus:
    return charging_session(session_id=session_id, token=token, authorized=True)


def wrong(
    rules: SessionRules,
    status: SessionStatus,
    before: SessionStatus | None = None,
    at_s: float = NOW_S,
) -> list[str]:
    return [name for name, _ in rules.check(before, status, at_s)]


def carded() -> SessionRules:
    """Return the rules of a box in which the red card has begun session "a"."""
    rules = SessionRules(needs_card=True)
    rules.note_presented(RED, NOW_S - 1.0)
    assert wrong(rules, charging()) == []
    return rules


def test_a_card_begins_a_session_for_70_s() -> None:
    rules = SessionRules(needs_card=True)
    rules.note_presented(RED, NOW_S)
    assert wrong(rules, charging(), at_s=NOW_S + CARD_S) == []
    rules = SessionRules(needs_card=True)
    rules.note_presented(RED, NOW_S)
    assert wrong(rules, charging(), at_s=NOW_S + CARD_S + 0.1) == ["card"]


def test_a_card_begins_one_session_alone() -> None:
    rules = carded()
    assert wrong(rules, charging("b"), at_s=NOW_S + 10.0) == ["card"]
    rules.note_presented(GREEN, NOW_S + 11.0)
    assert wrong(rules, charging("c", GREEN), at_s=NOW_S + 12.0) == []
    rules.note_presented(RED, NOW_S + 13.0)
    assert wrong(rules, charging("d"), at_s=NOW_S + 14.0) == []


@pytest.mark.parametrize(
    "status",
    [
        charging(token=GREEN),
        session_status(released=True, token=GREEN),
    ],
)
def test_a_status_without_its_card_is_wrong(status: SessionStatus) -> None:
    assert wrong(carded(), status, before=charging()) == ["card"]


def test_a_permission_without_a_card_is_wrong() -> None:
    assert set(wrong(carded(), charging(token=""))) == {"card"}


def test_without_a_required_card_none_is_asked_for() -> None:
    assert wrong(SessionRules(needs_card=False), charging(token="")) == []


def test_no_session_goes_on_after_an_ordered_restart() -> None:
    rules = carded()
    rules.note_restart()
    assert wrong(rules, charging()) == ["resumed"]
    assert wrong(rules, session_status(session_id="a", token=RED)) == []  # it is being ended
    rules.note_presented(RED, NOW_S + 1.0)
    assert wrong(rules, charging("b"), at_s=NOW_S + 2.0) == []


@pytest.mark.parametrize("seconds", [LONGEST_CUT_S, LONGEST_CUT_S + 1.0])
def test_a_session_goes_on_after_4_h_without_mains_at_most(seconds: float) -> None:
    rules = carded()
    rules.note_cut(seconds, is_utc_set=True, now_s=NOW_S)
    assert wrong(rules, charging()) == (["resumed"] if seconds > LONGEST_CUT_S else [])


def test_a_session_goes_on_only_with_utc_set() -> None:
    rules = carded()
    rules.note_cut(60.0, is_utc_set=False, now_s=NOW_S)
    assert wrong(rules, charging()) == ["resumed"]
    rules.note_utc_set(is_right=True, now_s=NOW_S)
    assert wrong(rules, charging()) == []


def test_utc_that_is_set_later_shows_how_long_mains_were_off() -> None:
    rules = carded()
    rules.note_cut(LONGEST_CUT_S + 1.0, is_utc_set=False, now_s=NOW_S)
    rules.note_utc_set(is_right=True, now_s=NOW_S)
    assert wrong(rules, charging()) == ["resumed"]


@pytest.mark.parametrize("after_s", [0.0, SIGN_S, SIGN_S + 1.0])
def test_a_wrong_utc_hides_how_long_mains_were_off(after_s: float) -> None:
    rules = carded()
    rules.note_utc_set(is_right=False, now_s=NOW_S - 100.0)
    rules.note_utc_set(is_right=True, now_s=NOW_S)
    rules.note_cut(LONGEST_CUT_S + 1.0, is_utc_set=True, now_s=NOW_S + after_s)
    assert wrong(rules, charging()) == (["resumed"] if after_s > SIGN_S else [])
    rules.note_utc_set(is_right=False, now_s=NOW_S + after_s)
    assert wrong(rules, charging()) == []
