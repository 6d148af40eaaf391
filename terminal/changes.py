"""What has become new since the last look, one line each: the front without a screen. Pure."""

from typing import NamedTuple

from msgspec import Struct

from msgs.load_manager import HouseMeter
from msgs.pilot import STATE_F_PERCENT
from terminal.facts import Facts
from terminal.lines import plain
from view.charge import contactor_words, cp_words, duty_words
from view.facts import Heard
from view.limits import limit_reason, limit_words
from view.silence import not_ready, process_words
from view.state import faults, is_reason_below


class Headline(NamedTuple):
    """One thing that is told when it becomes another."""

    what: object  # decides whether it is another; no text
    words: str  # are told
    source: str  # the node that it is known from: its silence ends nothing
    end: str | None = None  # logged when it ends; None: nothing is


class Story:
    """Remembers what has been told."""

    def __init__(self) -> None:
        self._told: dict[str, Headline] = {}

    def news(self, facts: Facts) -> list[str]:
        """Return one line for each subject that is new, has changed or is over."""
        now = _headlines(facts)
        heard = {
            source.node for source in (*facts.sources, facts.graph) if source.fresh is not None
        }
        lines = []
        for subject, before in self._told.items():
            if subject in now:
                continue
            if before.source not in heard:
                now[subject] = before
            elif before.end is not None:
                lines.append(_line(subject, before.end))
        for subject, headline in now.items():
            before_ = self._told.get(subject)
            if before_ is None or before_.what != headline.what:
                lines.append(_line(subject, headline.words))
        self._told = now
        return lines


def _line(subject: str, words: str) -> str:
    return f"{subject:10} {plain(words)}"


def _sources(facts: Facts) -> tuple[Heard[Struct], ...]:
    return (facts.graph, *facts.sources)


def _headlines(facts: Facts) -> dict[str, Headline]:
    """Return what can be told of these facts. Amounts that drift decide nothing."""
    lines: dict[str, Headline] = {}
    session, pilot, offer = facts.session.fresh, facts.pilot.fresh, facts.offer.fresh
    if session is not None:
        reason = "" if is_reason_below(facts) else f": {session.reason}"
        lines["state"] = Headline(session.state, session.state + reason, facts.session.node)
    _add_safety(lines, facts)
    if pilot is not None:
        source = facts.pilot.node
        lines["vehicle"] = Headline(pilot.cp_state, cp_words(pilot.cp_state), source)
        what = (pilot.offered_a > 0.0, pilot.duty_percent == STATE_F_PERCENT)
        lines["pilot"] = Headline(what, duty_words(pilot), source)
    if offer is not None:
        source = facts.offer.node
        words = f"{limit_words(facts)}. {limit_reason(facts)}"
        lines["limit"] = Headline(offer.reason, words, source)
        if offer.house_meter is HouseMeter.LOST:
            lines["house"] = Headline("lost", "the meter is lost", source, "the meter is back")
    _add_nodes(lines, facts)
    return lines


def _add_safety(lines: dict[str, Headline], facts: Facts) -> None:
    safety, source = facts.safety.fresh, facts.safety.node
    if safety is None:
        return
    for fault in faults(facts):
        words = ". ".join(filter(None, (fault.detail, fault.remedy)))
        lines[f"fault {fault.code}"] = Headline(fault.count, words, source, "is over")
    lines["contactor"] = Headline(safety.contactor, contactor_words(facts), source)


def _add_nodes(lines: dict[str, Headline], facts: Facts) -> None:
    """Name the nodes that do not run, and those that run and say nothing any more."""
    graph = facts.graph.fresh
    if graph is not None and graph.stopping:
        lines["graph"] = Headline("stopping", "stops in order", facts.graph.node)
    for process in not_ready(facts):
        lines[f"node {process.node}"] = Headline(
            process.state, process_words(process), facts.graph.node, "is ready again"
        )
    for source in _sources(facts):
        subject = f"node {source.node}"
        if source.message is not None and source.fresh is None and subject not in lines:
            lines[subject] = Headline("silent", "is silent", source.node, "is heard again")
