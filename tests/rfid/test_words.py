"""The texts for a person: one for every outcome and every refusal."""

import pytest

from bus import Answer, Status
from nodes.rfid import words
from nodes.rfid.outcome import CardOutcome, CardResult, Refused


@pytest.mark.parametrize("result", [each for each in CardResult if each is not CardResult.NONE])
def test_every_outcome_has_a_text(result: CardResult) -> None:
    outcome = CardOutcome(result=result, name="Anna", uid="11223344", said="The disk is full.")
    assert len(words.detail(outcome)) > 10
    assert "11223344" not in words.detail(outcome)  # the page shows it to everybody


def test_nothing_that_happened_has_none() -> None:
    assert words.detail(CardOutcome(result=CardResult.NONE)) == ""


def test_an_outcome_names_the_card_and_what_others_said() -> None:
    stored = CardOutcome(result=CardResult.USER_STORED, name="Card 5")
    assert words.detail(stored) == "Stored: Card 5."
    renamed = CardOutcome(result=CardResult.RENAMED, uid="11223344", name="Anna")
    assert words.detail(renamed) == "Card ...3344 is called Anna."
    failed = CardOutcome(result=CardResult.NOT_STORED, said="the disk is full")
    assert words.detail(failed) == "Nothing was stored: the disk is full"
    assert len(words.detail(CardOutcome(result=CardResult.NOT_STORED, said="x" * 1000))) == 400


def test_session_says_by_itself_why_it_does_not_authorise_or_its_status_does() -> None:
    assert words.not_authorised(Answer(status=Status.REFUSED, reason="No.")) == "No."
    assert words.not_authorised(Answer(status=Status.TIMEOUT)) == "Not authorised: timeout."


@pytest.mark.parametrize("refused", list(Refused))
def test_every_refused_request_says_why(refused: Refused) -> None:
    assert len(words.refusal(refused, "11223344")) > 10


def test_a_card_that_is_not_there_is_named() -> None:
    assert "'11223344'" in words.refusal(Refused.UNKNOWN, "11223344")
