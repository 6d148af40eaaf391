"""From what the reader sees to what was held: one card held is one event, however long. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from bus.moment import Moment
from msgs.card import Uid, is_uid

POLL_S = 0.15  # hardware.md 3.4
ABSENT_S = 1.0  # hardware.md 3.4: a card that was away so long is a new one
# What is away for ABSENT_S is missed by polls that lie up to one poll less apart.
_AWAY_S = ABSENT_S - POLL_S


class Unclear(Enum):
    """What is in the field in the place of one card."""

    UNREADABLE = "unreadable"  # all that cannot be read is one and the same
    SEVERAL = "several"  # more than one card


Seen = Uid | Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something was held to the reader: a card, or what is refused whoever it is."""

    uid: Uid = ""
    problem: Unclear | None = None  # why it cannot be judged; None for a card


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was in the field, and since when it is away [s]; infinity: it is there.

    What is known is no event. `works` False: the reader did not answer, or was never asked.
    """

    works: bool = False
    known: Mapping[Seen, float] = field(default_factory=dict)
    told_s: float = -math.inf  # the newest event


def look(sight: Sight, texts: tuple[str, ...] | None, moment: Moment) -> tuple[Sight, Event | None]:
    """Return what is known after a poll, and what was held newly; the same poll shows the same.

    What lies in the field when the reader begins to answer is no event (ours): nobody saw it come,
    and a card that is held while its node starts anew would end the session that it began.
    After more than one card nothing is an event until the field was empty. Cards of one hand are
    seen one after another: what joins a card just told of is no event either, for a refusal would
    be shown over what that card has done (ours).
    """
    after, event = _look(sight, texts, moment)
    if after != sight:
        moment.again()
    return after, event


def _look(
    sight: Sight, texts: tuple[str, ...] | None, moment: Moment
) -> tuple[Sight, Event | None]:
    if texts is None:
        return replace(sight, works=False), None
    now_s = moment.now_s
    known = {
        key: away_s if sight.works else now_s  # what nobody saw was not away
        for key, away_s in sight.known.items()
    }
    known = {key: away_s for key, away_s in known.items() if not moment.reached(away_s + _AWAY_S)}
    here = _in_field({text.upper() for text in texts}, Unclear.SEVERAL in known)
    new = None if Unclear.SEVERAL in known else next(iter(here - known.keys()), None)
    if new is Unclear.SEVERAL and math.inf in known.values():
        is_joining = not moment.reached(sight.told_s + ABSENT_S)
        new = None if is_joining else new
    event = _event(new) if sight.works and new is not None else None
    known = {key: min(away_s, now_s) for key, away_s in known.items()}
    after = Sight(
        works=True,
        known=known | dict.fromkeys(here, math.inf),
        told_s=now_s if event else sight.told_s,
    )
    return after, event


def _in_field(texts: set[str], were_several: bool) -> set[Seen]:
    if len(texts) > 1 or (texts and were_several):
        return {Unclear.SEVERAL}
    return {text if is_uid(text) else Unclear.UNREADABLE for text in texts}


def _event(seen: Seen) -> Event:
    return Event(problem=seen) if isinstance(seen, Unclear) else Event(uid=seen)
