"""The front and the charge as lines of text: from facts to what a terminal shows. Pure.

What stands in the lines is decided in `view`; here they are laid out.
"""

from dataclasses import dataclass

from msgs.launch import Process, ProcessState
from msgs.methods import FULL, PLUG, PULL, READY, UNPLUG
from terminal.charge import charge_rows
from terminal.current import limit_rows, meter_rows
from terminal.facts import Facts
from terminal.lights import light_lines
from terminal.lines import Line, Look, Span, fit, plain
from terminal.rows import Rank, heading, row
from view.front import TONES, caption
from view.silence import not_ready, silence, troubles

PLAIN_WIDTH = 80  # where there is no terminal
WORLD_KEYS = {"p": PLUG, "u": UNPLUG, "r": READY, "f": FULL, "x": PULL}
"""What a key asks of the simulated world."""
CARD_KEY = "c"  # holds a card of the list to the reader

_KEYS = 8  # columns before the keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What stands around the facts."""

    page: str = ""  # where the page is, and how it opens at the first visit
    keys: str = ""  # what the keys of the front itself do; "" where there are none
    note: str = ""  # what became of the last key
    hints: tuple[str, ...] = ()  # commands to try in another terminal


NO_FOOTER = Footer()


def front_lines(
    facts: Facts, width: int, height: int | None = None, footer: Footer = NO_FOOTER
) -> list[Line]:
    """Return the lines; with much room it is spent, with little the least important are left out.

    :param height: of the terminal [lines]; None for a page that stands still and has no end.
    """
    roomy = _all_lines(facts, width, footer, roomy=True, is_still=height is None)
    if height is None or len(roomy) <= height:
        return roomy
    return fit(_all_lines(facts, width, footer, roomy=False), height)


def _all_lines(
    facts: Facts, width: int, footer: Footer, roomy: bool, is_still: bool = False
) -> list[Line]:
    lights_at_s = 0.0 if is_still else facts.now_s  # what blinks is lit then
    sections = [
        ("charge", charge_rows(facts, width)),
        ("meters", meter_rows(facts, width)),
        ("limit", limit_rows(facts, width, roomy)),
        ("graph", _nodes(facts, width)),
    ]
    lines = [
        heading(_title(facts, footer.page), width),
        *light_lines(facts.front.fresh, lights_at_s, width),
        *_caption(facts, width),
    ]
    for name, section in sections:
        lines.append(Line((), Rank.BLANK))
        if roomy:
            lines.append(heading(name, width))
        lines += section
    below = _footer(facts, width, footer, roomy)
    return [*lines, Line((), Rank.BLANK), *below] if below else lines


def _title(facts: Facts, page: str) -> str:
    graph = facts.graph.fresh
    if graph is None:
        return "wallbox"
    title = f"wallbox: {plain(graph.plan)}{', stopping' if graph.stopping else ''}"
    return f"{title}, {page}" if page else title


def _caption(facts: Facts, width: int) -> list[Line]:
    frame = facts.front.fresh
    spans = [Span(caption(facts), Look.WARNING if frame is None else Look.STRONG)]
    if frame is not None and TONES[frame.tone]:
        spans.append(Span(f"({TONES[frame.tone]})"))
    return row("front", spans, width)


def _nodes(facts: Facts, width: int) -> list[Line]:
    graph = facts.graph.fresh
    if graph is None:
        return row("nodes", [Span(silence(facts, facts.graph), Look.WARNING)], width)
    ready = [_ready_words(each) for each in graph.processes if each.state is ProcessState.READY]
    lines = row("ready", [Span(", ".join(ready) or "none")], width, rank=Rank.READY)
    shown = {each.node for each in not_ready(facts)} | {facts.rfid.node, facts.dcs.node}
    for trouble in troubles(facts):
        if trouble.node in shown:  # the silence of the others stands where their words would
            lines += row(trouble.node, [Span(trouble.words, Look.WARNING)], width)
    return lines


def _ready_words(process: Process) -> str:
    """Return a node that runs, and how often it has been restarted."""
    match process.restarts:
        case 0:
            return process.node
        case 1:
            return f"{process.node} (restarted once)"
        case _:
            return f"{process.node} (restarted {process.restarts} times)"


def _footer(facts: Facts, width: int, footer: Footer, roomy: bool) -> list[Line]:
    lines: list[Line] = []
    if roomy:
        for index, hint in enumerate(footer.hints):
            lines += row("" if index else "try", [Span(hint)], width)
    if footer.note:
        lines += row("now", [Span(footer.note, Look.STRONG)], width)
    if footer.keys:
        keys = [footer.keys]
        if facts.has_plant:
            acts = [f"{key} {act.name}" for key, act in WORLD_KEYS.items()]
            keys = [f"{CARD_KEY} card", *acts, *keys]
        lines += row("keys", [Span(" · ".join(keys))], width, column=_KEYS)
    return lines
