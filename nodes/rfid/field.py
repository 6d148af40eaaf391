"""Make events of polls: a presented card is one event, however long it stays. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from bus.moment import Moment
from msgs.card import Uid, is_uid

POLL_S = 0.15  # hardware.md 3.4
ABSENT_S = 1.0  # hardware.md 3.4: after it a card counts again
# A card leaves up to one poll before the first poll without it. So the polls see an absence of
# ABSENT_S as one poll shorter.
_AWAY_S = ABSENT_S - POLL_S


class Unclear(Enum):
    """What is in the field instead of one card."""

    UNREADABLE = "unreadable"  # all unreadable cards count as one
    SEVERAL = "several"  # more than one card


InField = Uid | Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEvent:
    """A card was presented, or something that is refused."""

    uid: Uid = ""
    problem: Unclear | None = None  # why it is no single card; None: it is one


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderField:
    """The cards of the last second, each with the time since when it is absent [s].

    That is the time of the first poll without the card; infinity: it is in the field now. A card in
    this table causes no event. `works` False: the reader did not answer, or was not asked yet.
    """

    works: bool = False
    absent_since_s: Mapping[InField, float] = field(default_factory=dict)
    newest_s: float = -math.inf  # the newest event


def look(
    field: ReaderField, texts: tuple[str, ...] | None, moment: Moment
) -> tuple[ReaderField, CardEvent | None]:
    """Return the field after a poll, and the new event, if any.

    The same poll again changes nothing.

    A card in the field when the reader begins to answer is no event (assumed): a card presented
    during a restart of the node would end the session that it began.
    After a collision, ignore cards until the field is empty. Cards presented together may be read
    one after another: one that joins a card that was just an event is ignored, so that no refusal
    replaces that card's result (assumed).
    """
    after, event = _look(field, texts, moment)
    if after != field:
        moment.again()
    return after, event


def _look(
    field: ReaderField, texts: tuple[str, ...] | None, moment: Moment
) -> tuple[ReaderField, CardEvent | None]:
    if texts is None:
        return replace(field, works=False), None
    now_s = moment.now_s
    absent_s = {
        key: away_s if field.works else now_s  # without polls: not absent
        for key, away_s in field.absent_since_s.items()
    }
    absent_s = {
        key: away_s for key, away_s in absent_s.items() if not moment.reached(away_s + _AWAY_S)
    }
    here = _in_field({text.upper() for text in texts}, Unclear.SEVERAL in absent_s)
    new = None if Unclear.SEVERAL in absent_s else next(iter(here - absent_s.keys()), None)
    if new is Unclear.SEVERAL and math.inf in absent_s.values():
        is_joining = not moment.reached(field.newest_s + ABSENT_S)
        new = None if is_joining else new
    event = _event(new) if field.works and new is not None else None
    absent_s = {key: min(away_s, now_s) for key, away_s in absent_s.items()}
    after = ReaderField(
        works=True,
        absent_since_s=absent_s | dict.fromkeys(here, math.inf),
        newest_s=now_s if event else field.newest_s,
    )
    return after, event


def _in_field(texts: set[str], were_several: bool) -> set[InField]:
    if len(texts) > 1 or (texts and were_several):
        return {Unclear.SEVERAL}
    return {text if is_uid(text) else Unclear.UNREADABLE for text in texts}


def _event(seen: InField) -> CardEvent:
    return CardEvent(problem=seen) if isinstance(seen, Unclear) else CardEvent(uid=seen)
