"""From what is in the field to card events."""

import random

import pytest

from bus.moment import Moment
from nodes.rfid.field import ABSENT_S, POLL_S, CardEvent, ReaderField, look
from tests.rfid.conftest import NEW, OTHER, RED, SEVERAL, UNREADABLE

Field = tuple[str, ...] | None


class Reader:
    """A reader that is polled, from a field that was empty."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.field, _ = look(ReaderField(), (), Moment(self.now_s))

    def see(self, field: Field, seconds: float = POLL_S) -> list[CardEvent]:
        """Return the events while this is in the field."""
        events = []
        for _ in range(round(seconds / POLL_S)):
            self.now_s += POLL_S
            self.field, event = look(self.field, field, Moment(self.now_s))
            events += [event] if event else []
        return events


def test_a_card_is_one_event_however_long_it_is_held() -> None:
    assert Reader().see((RED,), 600.0) == [CardEvent(uid=RED)]


@pytest.mark.req("RFID-1")
@pytest.mark.parametrize("uid", ["04A1B2C3", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6A7B8C9", OTHER])
def test_cards_of_both_standards_are_read_in_capitals(uid: str) -> None:
    assert Reader().see((uid.lower(),), 1.5) == [CardEvent(uid=uid)]


def test_a_card_counts_again_after_it_was_away_for_a_second() -> None:
    for away_s, is_again in ((0.15, False), (0.6, False), (1.05, True), (3.0, True)):
        reader = Reader()
        reader.see((RED,), 0.6)
        assert reader.see((), away_s) == []
        assert bool(reader.see((RED,), 0.6)) is is_again, away_s


def test_a_second_of_absence_counts_wherever_the_polls_lie() -> None:
    # Away for exactly 1 s: seen last just before it, and first up to one poll after it.
    reader = Reader()
    reader.see((RED,))
    reader.see((), ABSENT_S - POLL_S + 0.05)
    assert reader.see((RED,)) == [CardEvent(uid=RED)]


def test_absences_do_not_add_up() -> None:
    reader = Reader()
    reader.see((RED,))
    for _ in range(20):
        assert reader.see((), 0.45) == []
        assert reader.see((RED,)) == []


def test_a_time_without_polls_is_no_absence() -> None:
    reader = Reader()
    reader.see((RED,))
    reader.now_s += 5.0
    assert reader.see((RED,)) == []


def test_one_card_may_follow_another_at_once() -> None:
    reader = Reader()
    assert reader.see((RED,), 0.6) == [CardEvent(uid=RED)]
    assert reader.see((NEW,), 0.6) == [CardEvent(uid=NEW)]
    assert reader.see((RED,), 0.6) == []  # away for 0.6 s only
    reader.see((), 1.05)
    assert reader.see((RED,), 0.6) == [CardEvent(uid=RED)]


def test_more_than_one_card_is_one_refusal_until_the_field_was_empty_for_a_second() -> None:
    reader = Reader()
    assert reader.see((RED, NEW), 2.0) == [SEVERAL]
    assert reader.see((NEW,), 5.0) == []
    assert reader.see((OTHER,), 5.0) == []
    assert reader.see((), 0.6) == []
    assert reader.see((NEW,), 5.0) == []
    assert reader.see((), 1.05) == []
    assert reader.see((NEW,), 0.6) == [CardEvent(uid=NEW)]


def test_a_second_card_beside_the_first_is_refused() -> None:
    reader = Reader()
    assert reader.see((RED,), 1.2) == [CardEvent(uid=RED)]
    assert reader.see((RED, NEW), 0.6) == [SEVERAL]
    assert reader.see((RED,), 9.0) == []


@pytest.mark.parametrize("after_s", [0.15, 0.3, 0.9])
def test_of_cards_presented_together_the_first_that_is_read_counts_and_no_other_is_an_event(
    after_s: float,
) -> None:
    reader = Reader()
    assert reader.see((RED,), after_s) == [CardEvent(uid=RED)]
    assert reader.see((RED, NEW), 2.0) == []
    assert reader.see((NEW,), 2.0) == []
    assert reader.see((), 1.05) == []
    assert reader.see((NEW,), 0.6) == [CardEvent(uid=NEW)]


def test_several_after_a_card_that_is_away_again_are_refused() -> None:
    reader = Reader()
    assert reader.see((RED,), 0.3) == [CardEvent(uid=RED)]
    assert reader.see((), 0.15) == []
    assert reader.see((NEW, OTHER), 0.6) == [SEVERAL]


def test_the_same_card_read_twice_is_one_card() -> None:
    assert Reader().see((NEW, NEW.lower()), 0.6) == [CardEvent(uid=NEW)]


@pytest.mark.parametrize(
    "text",
    ["", "A", "ABC", "0011", "00112233445", "88112233", "A" * 16, "00" * 11, "F" * 128, "GG112233"],
)
def test_what_is_no_uid_is_unreadable(text: str) -> None:
    assert Reader().see((text,), 5.0) == [UNREADABLE]


def test_a_card_that_is_read_differently_each_time_is_one_unreadable_card() -> None:
    reader = Reader()
    assert reader.see(("AB",)) + reader.see(("ABCDEF",)) + reader.see(("",)) == [UNREADABLE]


@pytest.mark.parametrize("field", [(RED,), (RED, NEW), ("AB",)])
def test_what_lies_in_the_field_at_the_first_poll_is_no_event_until_it_was_away(
    field: tuple[str, ...],
) -> None:
    reader = Reader()
    reader.field = ReaderField()
    assert reader.see(field, 5.0) == []
    assert reader.see((), 1.05) == []
    assert len(reader.see(field, 5.0)) == 1


def test_a_reader_that_does_not_answer_is_no_event_and_does_not_work() -> None:
    reader = Reader()
    assert reader.field.works
    assert reader.see(None, 5.0) == []
    assert not reader.field.works


@pytest.mark.parametrize("before", [(), (RED,)])
def test_what_lies_in_the_field_when_the_reader_answers_again_is_no_event(
    before: tuple[str, ...],
) -> None:
    reader = Reader()
    reader.see(before, 3.0)
    reader.see(None, 5.0)
    assert reader.see((RED,), 5.0) == []
    assert reader.field.works
    reader.see((), 1.05)
    assert reader.see((RED,)) == [CardEvent(uid=RED)]


def test_a_card_that_flickers_after_a_silence_is_the_same_card() -> None:
    reader = Reader()
    reader.see((RED,))
    reader.see(None, 5.0)
    assert reader.see(()) == []
    assert reader.see((RED,)) == []


FIELDS: tuple[Field, ...] = ((), (), (), None, (RED,), (OTHER,), (RED, OTHER), ("?",))


@pytest.mark.parametrize("seed", range(40))
def test_polls_that_show_the_same_may_be_left_out_until_they_are_due(seed: int) -> None:
    dice = random.Random(seed)
    every, some = ReaderField(), ReaderField()
    now_s, due_s, looked_at = 100.0, 0.0, object()
    for _ in range(60):
        field = dice.choice(FIELDS)
        for _ in range(dice.choice((1, 2, 6, 7, 12))):
            now_s += POLL_S
            every, event = look(every, field, Moment(now_s))
            if field == looked_at and now_s < due_s:
                assert event is None
            else:
                moment = Moment(now_s)
                some, seen = look(some, field, moment)
                assert seen == event
                due_s, looked_at = moment.due_s, field
            assert some == every
