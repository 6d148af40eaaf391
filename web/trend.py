"""Small curves and bars of the page, drawn by the server, so that they need no script. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 140  # of the drawing; the text is as large as that of the page
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 20
MOST_STEPS = 4  # of the axis
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # times a power of 10
LEAST_TOP = 1.0  # of an axis whose values are all 0

Values = Sequence[float | None]  # oldest first; None: not measured


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendTick:
    """One line of the grid."""

    y: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLine:
    """One curve: its parts, since values may be missing in between."""

    name: str
    parts: tuple[str, ...]  # points of each part
    dots: tuple[tuple[float, float], ...]  # parts of one point


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendBar:
    """One bar from the axis up."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A drawing. Without values it has neither lines nor bars."""

    key: str  # the beginning of its ids
    title: str
    words: str  # what it shows, for whom cannot see it
    first: str  # of the axis below
    last: str
    ticks: tuple[TrendTick, ...] = ()
    lines: tuple[TrendLine, ...] = ()
    bars: tuple[tuple[str, tuple[TrendBar, ...]], ...] = ()  # by name; later ones in front

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to draw."""
        return not self.lines and not self.bars


def curves(
    key: str, title: str, unit: str, ends: tuple[str, str], values: dict[str, Values]
) -> Trend:
    """Return curves of values by name; all have the same number of values."""
    known = {name: [one for one in each if one is not None] for name, each in values.items()}
    most = max((max(each) for each in known.values() if each), default=None)
    if most is None:
        return _nothing(key, title)
    ticks, top = _axis(most, unit)
    lines = tuple(_line(name, each, top) for name, each in values.items() if known[name])
    words = "; ".join(
        f"{name}: from {min(each):g} to {max(each):g} {unit}, newest {each[-1]:g} {unit}"
        for name, each in known.items()
        if each
    )
    return Trend(
        key=key, title=title, words=f"{words}.", first=ends[0], last=ends[1],
        ticks=ticks, lines=lines,
    )  # fmt: skip


def bars(key: str, title: str, ends: tuple[str, str], values: dict[str, Sequence[int]]) -> Trend:
    """Return bars of counts by name, one beside the other by day; later names are in front."""
    count = max((len(each) for each in values.values()), default=0)
    if not count:
        return _nothing(key, title)
    ticks, top = _axis(max(max(each) for each in values.values()), "", is_whole=True)
    step = (WIDTH - LEFT - RIGHT) / count
    width = round(max(1.0, min(12.0, 0.8 * step)), 1)
    drawn = tuple(
        (
            name,
            tuple(
                _bar(LEFT + (at + 0.5) * step - width / 2, one / top, width)
                for at, one in enumerate(each)
                if one
            ),
        )
        for name, each in values.items()
    )
    words = "; ".join(
        f"{name}: {sum(each)}, {max(each)} at most a day" for name, each in values.items()
    )
    return Trend(
        key=key, title=title, words=f"{words}.", first=ends[0], last=ends[1],
        ticks=ticks, bars=drawn,
    )  # fmt: skip


def _nothing(key: str, title: str) -> Trend:
    return Trend(key=key, title=title, words="Nothing yet.", first="", last="")


def _axis(most: float, unit: str, *, is_whole: bool = False) -> tuple[tuple[TrendTick, ...], float]:
    """Return the grid from 0 on in round steps, and its top.

    :param is_whole: of counts.
    """
    most = max(most, LEAST_TOP)
    power = 10.0 ** math.floor(math.log10(most / MOST_STEPS))
    steps = (each * power for each in STEPS)
    step = next(
        each for each in steps if most / each <= MOST_STEPS and (not is_whole or each.is_integer())
    )
    count = math.ceil(most / step - 1e-9)
    top = count * step
    words = [f"{at * step:g}" for at in range(count + 1)]
    if unit:
        words[-1] += f" {unit}"
    ticks = tuple(TrendTick(y=_y(at / count), words=each) for at, each in enumerate(words))
    return ticks, top


def _line(name: str, values: Values, top: float) -> TrendLine:
    parts: list[list[tuple[float, float]]] = [[]]
    last = max(len(values) - 1, 1)
    for at, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            x = round(LEFT + at / last * (WIDTH - LEFT - RIGHT), 1)
            parts[-1].append((x, _y(value / top)))
    return TrendLine(
        name=name,
        parts=tuple(" ".join(f"{x:g},{y:g}" for x, y in each) for each in parts if len(each) > 1),
        dots=tuple(each[0] for each in parts if len(each) == 1),
    )


def _bar(x: float, share: float, width: float) -> TrendBar:
    y = _y(share)
    return TrendBar(x=round(x, 1), y=y, width=width, height=round(_y(0.0) - y, 1))


def _y(share: float) -> float:
    """Return the place of a share of the axis, 0 at the bottom."""
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
