"""Rows: a label, and beside it a text that goes on below where it is too long. Pure."""

from collections.abc import Iterable
from enum import IntEnum

from terminal.lines import Line, Look, Span, wrap

LABEL = 14  # columns before the text
MOST_TEXT = 120  # a longer line is hard to read


class Rank(IntEnum):
    """What is left out where there is no room, the highest first. Everything else has 0."""

    METER = 1
    SESSION = 2
    READY = 3
    CHAIN = 4
    SUM = 5
    BLANK = 6


def row(
    label: str, spans: Iterable[Span], width: int, rank: int = 0, column: int = LABEL
) -> list[Line]:
    """Return a label and, from a column on, its text."""
    lines = []
    for index, wrapped in enumerate(wrap(spans, min(width, MOST_TEXT) - column)):
        head = "" if index else label
        front = Span(f"  {head} ".ljust(column), Look.FAINT)
        lines.append(Line((front, *wrapped), rank))
    return lines


def heading(text: str, width: int) -> Line:
    """Return a line across the terminal with a name in it."""
    return Line((Span(f"── {text} ".ljust(width, "─"), Look.FAINT),))
