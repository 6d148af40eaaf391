"""Rows: a label and a text, which continues on the next lines where it is too long. Pure."""

from collections.abc import Iterable
from enum import IntEnum

from terminal.lines import Span, Style, TextLine, wrap

LABEL = 14  # columns before the text
MOST_TEXT = 120  # a longer line is hard to read


class Rank(IntEnum):
    """Order in which lines are left out where there is no room, highest first; 0: the others."""

    METER = 1
    SESSION = 2
    READY = 3
    CHAIN = 4
    SUM = 5
    BLANK = 6


def row(
    label: str, spans: Iterable[Span], width: int, rank: int = 0, column: int = LABEL
) -> list[TextLine]:
    """Return a label, and its text from a column on."""
    lines = []
    for index, wrapped in enumerate(wrap(spans, min(width, MOST_TEXT) - column)):
        head = "" if index else label
        front = Span(f"  {head} ".ljust(column), Style.FAINT)
        lines.append(TextLine((front, *wrapped), rank))
    return lines


def heading(text: str, width: int) -> TextLine:
    """Return a line across the terminal with a name in it."""
    return TextLine((Span(f"── {text} ".ljust(width, "─"), Style.FAINT),))
