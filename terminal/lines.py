"""Lines of a terminal: pieces of text with a style, wrapped and fitted. Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from msgs.visible import with_visible

_ASCII = str.maketrans({"─": "-", "█": "#", "▒": "+", "·": "."})


class Style(Enum):
    """Style of a piece of text; a terminal without colours shows bold and faint only."""

    PLAIN = auto()
    FAINT = auto()
    STRONG = auto()
    GOOD = auto()
    WARNING = auto()
    ALARM = auto()
    BLUE = auto()
    WHITE = auto()
    ORANGE = auto()
    RED = auto()
    GREEN = auto()


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    style: Style = Style.PLAIN


class TextLine(NamedTuple):
    """One line. Lines of the highest rank are left out first where there is no room."""

    spans: tuple[Span, ...]
    rank: int = 0

    @property
    def text(self) -> str:
        """Return the line without its styles."""
        return "".join(span.text for span in self.spans).rstrip()


def plain(text: str) -> str:
    """Return a text without characters that cannot be seen."""
    return with_visible(text)


def encodable(text: str, encoding: str) -> str:
    """Return a text in the characters of an encoding; box characters become ASCII."""
    if encoding.lower().startswith("utf"):
        return text
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def wrap(spans: Iterable[Span], width: int) -> list[tuple[Span, ...]]:
    """Break spans between words into lines, with a space between spans."""
    lines: list[list[Span]] = [[]]
    used = 0
    for span in spans:
        for word in plain(span.text).split():
            room = max(width, 1)
            if used and used + 1 + len(word) > room:
                lines.append([])
                used = 0
            for start in range(0, len(word), room):
                piece = word[start : start + room]
                if start:
                    lines.append([])
                    used = 0
                _add(lines[-1], piece, span.style)
                used += len(piece) + (1 if used else 0)
    return [tuple(line) for line in lines]


def fit(lines: Sequence[TextLine], height: int) -> list[TextLine]:
    """Leave out the lines of highest rank, the last of them first, until the rest fits."""
    kept = list(lines)
    while len(kept) > max(height, 0):
        rank = max(line.rank for line in kept)
        place = max(index for index, line in enumerate(kept) if line.rank == rank)
        del kept[place]
    return kept


def _add(line: list[Span], word: str, style: Style) -> None:
    """Append a word to a line, to the last piece if it has the same style."""
    if line and line[-1].style is style:
        line[-1] = Span(f"{line[-1].text} {word}", style)
    elif line:
        line.append(Span(" "))
        line.append(Span(word, style))
    else:
        line.append(Span(word, style))
