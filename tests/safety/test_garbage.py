"""safety and pilot run without the cyclic garbage collector: they make nothing that it must find.

Reference counts free the rest at once. So after thousands of charges nothing is unreachable.
"""

import gc
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.memory import MemoryGraph
from msgs.method import Method
from msgs.methods import LIST_METHODS, SCHEMA
from msgs.requests import NoArguments, Status, TopicName
from msgs.topics import PILOT_STATUS, SAFETY_STATUS
from tests.safety.test_node import Surroundings


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def live(around: Surroundings, dice: random.Random, hours: float) -> int:
    """Let vehicles come and go, faults happen and nodes fall silent; return the charges."""
    charges = 0
    end_s = around.now_s + hours * 3600.0
    while around.now_s < end_s:
        match dice.choice(("A", "A", "B", "C", "C", "C", "E", "leak", "silent", "withdrawn")):
            case "leak":
                around.residual_dc = True
                around.publish_signals()
                around.graph.advance(0.2)
                around.residual_dc = False
            case "silent":
                around.silent = {dice.choice(("plant", "chip", "meter", "session"))}
                around.graph.advance(dice.uniform(0.1, 8.0))
                around.silent = set()
            case "withdrawn":
                around.permitted = not around.permitted
                around.say_session()
            case vehicle:
                around.move_plug(vehicle)
        around.graph.advance(dice.choice((0.5, 3.0, 12.0)))
        charges += around.contacts
    return charges


def garbage() -> Counter[str]:
    """Return what only the collector would free, by type."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    found = Counter(type(one).__qualname__ for one in gc.garbage)
    gc.set_debug(0)
    gc.garbage.clear()
    gc.collect()  # and free it
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "hours", [0.1, pytest.param(5.0, marks=pytest.mark.proof)], ids=["short", "long"]
)
def test_safety_and_pilot_leave_nothing_to_the_collector(
    tmp_path: Path, no_collector: None, hours: float
) -> None:
    around = Surroundings(MemoryGraph(seed=1, state_dir=tmp_path))
    around.graph.advance(0.05)
    around.start()
    garbage()  # of the start
    assert live(around, random.Random(1), hours) > 20 * hours
    assert garbage() == Counter()


def test_questions_that_every_node_answers_leave_nothing_to_the_collector(
    tmp_path: Path, no_collector: None
) -> None:
    around = Surroundings(MemoryGraph(seed=1, state_dir=tmp_path))
    around.graph.advance(0.05)
    around.start()
    tool = around.graph.bus("tool-0")
    answers: Counter[Status] = Counter()

    def ask() -> None:
        unknown = TopicName(topic="nobody/says")
        for node, topic in (("safety", SAFETY_STATUS), ("pilot", PILOT_STATUS)):
            for row, arguments in (
                (LIST_METHODS, NoArguments()),
                (SCHEMA, TopicName(topic=topic.name)),
                (SCHEMA, unknown),
                (SCHEMA, NoArguments()),  # bad arguments
            ):
                method: Method[Any, Any] = row.at(node)
                tool.request(method, arguments, lambda answer: answers.update([answer.status]))
        around.graph.advance(1.0)

    ask()
    garbage()  # what is made once
    for _ in range(20):
        ask()
    assert garbage() == Counter()
    assert answers == {Status.OK: 84, Status.REFUSED: 42, Status.BAD_ARGUMENTS: 42}
