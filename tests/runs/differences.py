"""The differences between two recordings of one run, and which of them are wanted. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.runs.record import Message

APART_S = 0.0200001  # messages and times in them may lie so far apart
MISSING = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field of one message, or with an empty path a message that only one side has."""

    run: str
    topic: str
    at_s: float
    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Differences that are wanted, by patterns of fnmatch, and the reason."""

    topic: str
    path: str
    why: str
    run: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Return whether a difference is one of these."""
        return (
            fnmatchcase(difference.topic, self.topic)
            and fnmatchcase(difference.path, self.path)
            and fnmatchcase(difference.run, self.run)
        )


def differences(
    run: str, before: Iterable[Message], after: Iterable[Message]
) -> Iterator[Difference]:
    """Yield what differs, topic by topic. Messages belong together by their time."""
    old, new = _by_topic(before), _by_topic(after)
    for topic in sorted({*old, *new}):
        yield from _of_topic(run, topic, old.get(topic, []), new.get(topic, []))


def _by_topic(messages: Iterable[Message]) -> Mapping[str, list[tuple[float, Any]]]:
    topics: defaultdict[str, list[tuple[float, Any]]] = defaultdict(list)
    for at_s, topic, body in messages:
        topics[topic].append((at_s, body))
    return topics


def _of_topic(
    run: str, topic: str, old: list[tuple[float, Any]], new: list[tuple[float, Any]]
) -> Iterator[Difference]:
    i = j = 0
    while i < len(old) or j < len(new):
        if j == len(new) or (i < len(old) and old[i][0] < new[j][0] - APART_S):
            yield Difference(
                run=run, topic=topic, at_s=old[i][0], path="", before=old[i][1], after=MISSING
            )
            i += 1
        elif i == len(old) or new[j][0] < old[i][0] - APART_S:
            yield Difference(
                run=run, topic=topic, at_s=new[j][0], path="", before=MISSING, after=new[j][1]
            )
            j += 1
        else:
            at_s = new[j][0]
            for path, was, now in _fields("", old[i][1], new[j][1]):
                yield Difference(run=run, topic=topic, at_s=at_s, path=path, before=was, after=now)
            i, j = i + 1, j + 1


def _fields(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each field that differs, with both values."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            below = f"{path}.{name}" if path else name
            yield from _fields(below, before.get(name, MISSING), after.get(name, MISSING))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _fields(f"{path}.{index}" if path else str(index), *pair)
    elif not (_is_same_number(before, after) or _is_same_time(path, before, after)):
        yield path or "*", before, after


def _is_same_number(before: Any, after: Any) -> bool:
    """Return whether both are the same number but for rounding."""
    return (
        isinstance(before, float)
        and isinstance(after, float)
        and math.isclose(before, after, rel_tol=1e-6, abs_tol=1e-6)
    )


def _is_same_time(path: str, before: Any, after: Any) -> bool:
    """Return whether both are the same time within the tolerance of messages."""
    return (
        path.endswith("_ns")
        and isinstance(before, int)
        and isinstance(after, int)
        and abs(before - after) <= APART_S * 1e9
    )
