"""The changes since the last look, one line each: the front without a screen. Pure."""

from typing import NamedTuple

from msgspec import Struct

from msgs.load_manager import HouseMeter
from msgs.pilot import STATE_F_PERCENT
from terminal.lines import plain
from terminal.snapshot import FrontSnapshot
from view.charge import contactor_words, cp_words, duty_words
from view.faults import faults
from view.limits import limit_reason, limit_words
from view.silence import not_ready, process_words
from view.snapshot import Received
from view.state import is_reason_below


class Item(NamedTuple):
    """One subject, printed when it changes."""

    what: object  # compared with the last one; not a text
    words: str  # printed
    source: str  # the node that publishes it: its silence does not end the item
    end: str | None = None  # printed when it ends; None: nothing is printed


class Changes:
    """Keeps the items that were printed, and compares."""

    def __init__(self) -> None:
        self._known: dict[str, Item] = {}

    def lines(self, snapshot: FrontSnapshot) -> list[str]:
        """Return one line for each subject that is new, has changed or has ended."""
        now = _items(snapshot)
        heard = {source.node for source in _sources(snapshot) if source.fresh is not None}
        lines = []
        for subject, before in self._known.items():
            if subject in now:
                continue
            if before.source not in heard:
                now[subject] = before
            elif before.end is not None:
                lines.append(_line(subject, before.end))
        for subject, item in now.items():
            before_ = self._known.get(subject)
            if before_ is None or before_.what != item.what:
                lines.append(_line(subject, item.words))
        self._known = now
        return lines


def _line(subject: str, words: str) -> str:
    return f"{subject:10} {plain(words)}"


def _sources(snapshot: FrontSnapshot) -> tuple[Received[Struct], ...]:
    return (snapshot.graph, *snapshot.sources)


def _items(snapshot: FrontSnapshot) -> dict[str, Item]:
    """Return all items of a snapshot. Drifting amounts do not count as changes."""
    lines: dict[str, Item] = {}
    session, pilot, offer = snapshot.session.fresh, snapshot.pilot.fresh, snapshot.offer.fresh
    if session is not None:
        reason = "" if is_reason_below(snapshot) else f": {session.reason}"
        lines["state"] = Item(session.state, session.state + reason, snapshot.session.node)
    _add_safety(lines, snapshot)
    if pilot is not None:
        source = snapshot.pilot.node
        lines["vehicle"] = Item(pilot.cp_state, cp_words(pilot.cp_state), source)
        what = (pilot.offered_a > 0.0, pilot.duty_percent == STATE_F_PERCENT)
        lines["pilot"] = Item(what, duty_words(pilot), source)
    if offer is not None:
        source = snapshot.offer.node
        words = f"{limit_words(snapshot)}. {limit_reason(snapshot)}"
        lines["limit"] = Item(offer.reason, words, source)
        if offer.house_meter is HouseMeter.LOST:
            lines["house"] = Item("lost", "the meter is lost", source, "the meter is back")
    _add_nodes(lines, snapshot)
    return lines


def _add_safety(lines: dict[str, Item], snapshot: FrontSnapshot) -> None:
    safety, source = snapshot.safety.fresh, snapshot.safety.node
    if safety is None:
        return
    for fault in faults(snapshot):
        words = ". ".join(filter(None, (fault.detail, fault.remedy)))
        lines[f"fault {fault.code}"] = Item(fault.count, words, source, "is over")
    lines["contactor"] = Item(safety.contactor, contactor_words(snapshot), source)


def _add_nodes(lines: dict[str, Item], snapshot: FrontSnapshot) -> None:
    """Add the nodes that do not run, and those that run and have become silent."""
    graph = snapshot.graph.fresh
    if graph is not None and graph.stopping:
        lines["graph"] = Item("stopping", "stops in order", snapshot.graph.node)
    for process in not_ready(snapshot):
        lines[f"node {process.node}"] = Item(
            process.state, process_words(process), snapshot.graph.node, "is ready again"
        )
    for source in _sources(snapshot):
        subject = f"node {source.node}"
        if source.message is not None and source.fresh is None and subject not in lines:
            lines[subject] = Item("silent", "is silent", source.node, "sends again")
