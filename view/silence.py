"""Who is not heard, and which nodes do not run, in words. Pure.

What is silent is said to be silent; a value that no longer holds is never shown as if it did.
"""

import math

from msgspec import Struct

from msgs.launch import Process, ProcessState
from view.facts import Facts, Heard

ALWAYS = frozenset({"session", "safety", "meter", "load_manager", "led"})
"""The nodes that every graph has: missed as well while nobody knows the graph."""


class Trouble(Struct, frozen=True, kw_only=True):
    """A node that does not do its part."""

    node: str
    words: str


def silence(facts: Facts, source: Heard[Struct]) -> str:
    """Return why nothing is known of a source; "" if something is."""
    if source.fresh is not None:
        return ""
    process = next((each for each in facts.processes if each.node == source.node), None)
    if process is None and facts.processes:
        return f"{source.node} is not part of this graph"
    words = f"no word from {source.node}{f' about {source.about}' if source.about else ''}"
    words += " yet" if math.isinf(source.age_s) else f" for {age(source.age_s)}"
    if process is not None and process.state is not ProcessState.READY:
        words += f": it is {process.state}"
        words += f", {process.detail}" if process.detail else ""
    return words


def missed(facts: Facts) -> tuple[Heard[Struct], ...]:
    """Return the sources whose word the graph lets us expect, and does not hold."""
    planned = {each.node for each in facts.processes} or ALWAYS
    listened_s = facts.now_s - facts.began_s
    expected = [source for source in facts.sources if source.node in planned]
    return tuple(
        source
        for source in (*expected, facts.graph)
        if source.fresh is None and listened_s > source.hold_s
    )


def not_ready(facts: Facts) -> tuple[Process, ...]:
    """Return the nodes that the supervisor does not see run."""
    return tuple(each for each in facts.processes if each.state is not ProcessState.READY)


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """Return the nodes that do not run, then those that run and are missed; each once."""
    down = not_ready(facts)
    words = {each.node: process_words(each) for each in down}
    for source in missed(facts):
        words.setdefault(source.node, silence(facts, source))
    return tuple(Trouble(node=node, words=each) for node, each in words.items())


def process_words(process: Process) -> str:
    """Return the state of a node's process, with its reason."""
    return f"{process.state}: {process.detail}" if process.detail else process.state.value


def age(seconds: float) -> str:
    """Return an age as a person says it."""
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.0f} h"
