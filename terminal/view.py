"""The front and the charge as lines of a terminal. Pure.

The texts come from `view`; this module lays them out.
"""

from dataclasses import dataclass

from msgs.launch import Process, ProcessState
from msgs.methods import FULL, PLUG, PULL, READY, UNPLUG
from terminal.charge import charge_rows
from terminal.current import limit_rows, meter_rows
from terminal.lights import light_lines
from terminal.lines import Span, Style, TextLine, fit, plain
from terminal.rows import Rank, heading, row
from terminal.snapshot import FrontSnapshot
from view.front import TONES, caption
from view.silence import not_ready, process_words, silence, troubles
from view.stores import stores

PLAIN_WIDTH = 80  # where there is no terminal
WORLD_KEYS = {"p": PLUG, "u": UNPLUG, "r": READY, "f": FULL, "x": PULL}
"""The act of each key on the simulated world."""
CARD_KEY = "c"  # presents a card of the list to the reader

_KEYS = 8  # columns before the keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """Texts beside the snapshot."""

    page: str = ""  # the page's address, with the login for the first visit
    keys: str = ""  # the keys of the front itself; "" where there are none
    note: str = ""  # result of the last key
    hints: tuple[str, ...] = ()  # commands to try in another terminal


NO_FOOTER = Footer()


def front_lines(
    snapshot: FrontSnapshot, width: int, height: int | None = None, footer: Footer = NO_FOOTER
) -> list[TextLine]:
    """Return the lines; where they do not fit, the least important are left out.

    :param height: of the terminal [lines]; None: printed once, without a limit.
    """
    roomy = _all_lines(snapshot, width, footer, roomy=True, is_still=height is None)
    if height is None or len(roomy) <= height:
        return roomy
    return fit(_all_lines(snapshot, width, footer, roomy=False), height)


def _all_lines(
    snapshot: FrontSnapshot, width: int, footer: Footer, roomy: bool, is_still: bool = False
) -> list[TextLine]:
    lights_at_s = 0.0 if is_still else snapshot.now_s  # blinking lights are lit then
    sections = [
        ("charge", charge_rows(snapshot, width)),
        ("meters", meter_rows(snapshot, width)),
        ("limit", limit_rows(snapshot, width, roomy)),
        ("graph", _nodes(snapshot, width)),
    ]
    lines = [
        heading(_title(snapshot, footer.page), width),
        *light_lines(snapshot.front.fresh, lights_at_s, width),
        *_caption(snapshot, width),
    ]
    for name, section in sections:
        lines.append(TextLine((), Rank.BLANK))
        if roomy:
            lines.append(heading(name, width))
        lines += section
    below = _footer(snapshot, width, footer, roomy)
    return [*lines, TextLine((), Rank.BLANK), *below] if below else lines


def _title(snapshot: FrontSnapshot, page: str) -> str:
    graph = snapshot.graph.fresh
    if graph is None:
        return "wallbox"
    title = f"wallbox: {plain(graph.plan)}{', stopping' if graph.stopping else ''}"
    return f"{title}, {page}" if page else title


def _caption(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    frame = snapshot.front.fresh
    spans = [Span(caption(snapshot), Style.WARNING if frame is None else Style.STRONG)]
    if frame is not None and TONES[frame.tone]:
        spans.append(Span(f"({TONES[frame.tone]})"))
    return row("front", spans, width)


def _nodes(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    graph = snapshot.graph.fresh
    if graph is None:
        return row("nodes", [Span(silence(snapshot, snapshot.graph), Style.WARNING)], width)
    ready = [_ready_words(each) for each in graph.processes if each.state is ProcessState.READY]
    lines = row("ready", [Span(", ".join(ready) or "none")], width, rank=Rank.READY)
    for process in not_ready(snapshot):
        lines += row(process.node, [Span(process_words(process), Style.WARNING)], width)
    without_row = {snapshot.rfid.node, snapshot.dcs.node} - {
        each.node for each in not_ready(snapshot)
    }
    for trouble in troubles(snapshot):
        if trouble.node in without_row:  # the others are shown as silent in their own rows
            lines += row(trouble.node, [Span(trouble.words, Style.WARNING)], width)
    for trouble in stores(snapshot):
        lines += row(trouble.node, [Span(trouble.words, Style.WARNING)], width)
    return lines


def _ready_words(process: Process) -> str:
    """Return the name of a node that runs, and its number of restarts."""
    match process.restarts:
        case 0:
            return process.node
        case 1:
            return f"{process.node} (restarted once)"
        case _:
            return f"{process.node} (restarted {process.restarts} times)"


def _footer(snapshot: FrontSnapshot, width: int, footer: Footer, roomy: bool) -> list[TextLine]:
    lines: list[TextLine] = []
    if roomy:
        for index, hint in enumerate(footer.hints):
            lines += row("" if index else "try", [Span(hint)], width)
    if footer.note:
        lines += row("now", [Span(footer.note, Style.STRONG)], width)
    if footer.keys:
        keys = [footer.keys]
        if snapshot.has_plant:
            acts = [f"{key} {act.name}" for key, act in WORLD_KEYS.items()]
            keys = [f"{CARD_KEY} card", *acts, *keys]
        lines += row("keys", [Span(" · ".join(keys))], width, column=_KEYS)
    return lines
