"""Lines of a terminal: pieces of text with a look, wrapped and fitted. Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

_ASCII = str.maketrans({"─": "-", "█": "#", "▒": "+", "·": "."})


class Look(Enum):
    """How a piece of text stands out; a terminal without colours shows what it can."""

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
    look: Look = Look.PLAIN


class Line(NamedTuple):
    """One line. The higher its rank, the earlier it is left out where there is no room."""

    spans: tuple[Span, ...]
    rank: int = 0

    @property
    def text(self) -> str:
        """Return the line without its looks."""
        return "".join(span.text for span in self.spans).rstrip()


def plain(text: str) -> str:
    """Return a text that steers no terminal, whoever wrote it."""
    return "".join(each if each.isprintable() else "?" for each in text)


def encodable(text: str, encoding: str) -> str:
    """Return a text in characters that an encoding has; drawings become plain signs."""
    if encoding.lower().startswith("utf"):
        return text
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def wrap(spans: Iterable[Span], width: int) -> list[tuple[Span, ...]]:
    """Break spans between words into lines; spans are parted by a space."""
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
                _add(lines[-1], piece, span.look)
                used += len(piece) + (1 if used else 0)
    return [tuple(line) for line in lines]


def fit(lines: Sequence[Line], height: int) -> list[Line]:
    """Leave out the least important lines, the last of them first, until the rest has room."""
    kept = list(lines)
    while len(kept) > max(height, 0):
        rank = max(line.rank for line in kept)
        place = max(index for index, line in enumerate(kept) if line.rank == rank)
        del kept[place]
    return kept


def _add(line: list[Span], word: str, look: Look) -> None:
    """Put a word behind a line's last one, in the same piece if it looks the same."""
    if line and line[-1].look is look:
        line[-1] = Span(f"{line[-1].text} {word}", look)
    elif line:
        line.append(Span(" "))
        line.append(Span(word, look))
    else:
        line.append(Span(word, look))
