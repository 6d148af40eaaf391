"""Has troubles come true on a graph, and mends them."""

import random
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from launch.virtual import SUPERVISOR, TOOL, VirtualGraph
from msgs.methods import CLEAR, FAULT, POWER, Method
from msgs.plant import FaultName, Power
from verifier.troubles import (
    EVERYBODY,
    REQUEST,
    Death,
    Fault,
    Loss,
    Outage,
    Restart,
    Sleep,
    Trouble,
    is_harmless,
)
from verifier.witness import Witness

A = TypeVar("A", bound=Struct)

AFTERMATH_S = 4.0  # longer than any hold of those that keep a charge going but the meter's


class Mischief:
    """What is wrong with one graph now; the witness is told of all of it."""

    def __init__(
        self,
        graph: VirtualGraph,
        witness: Witness,
        seed: int,
        on_crash: Callable[[str, Exception], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._graph = graph
        self._witness = witness
        self._seed = seed
        self._on_crash = on_crash
        self._held: set[str] = set()
        self._active = 0

    def begin(self, trouble: Trouble, alone_s: float) -> Callable[[], None]:
        """Let a trouble begin; return what ends it.

        For `alone_s` nothing else is going to happen.
        """
        self._witness.note(f"trouble: {trouble.cause}")
        is_alone = is_harmless(trouble) and trouble.lasts_s + AFTERMATH_S < alone_s
        if self._witness.trouble(True, harmless_s=alone_s if is_alone else 0.0):
            self.counts["borne"] += 1
        self._active += 1
        mend = self._carry_out(trouble)

        def end() -> None:
            self._witness.note(f"over: {trouble.cause}")
            mend()
            self._active -= 1
            if not self._active:
                self._witness.trouble(False)

        return end

    def start(self, node: str) -> None:
        """Start a node, unless it runs."""
        if node not in self._graph.memory.running:
            self._attempt(node, self._graph.start)

    def world(self, act: Method[A, None], arguments: A) -> None:
        """Act on the simulated world; it may refuse what cannot be done there."""
        self._graph.ask(act, arguments)

    def _carry_out(self, trouble: Trouble) -> Callable[[], None]:
        match trouble.cause:
            case Fault(name=name):
                self.counts["faults"] += 1
                self.world(FAULT, FaultName(name=name))
                return lambda: self.world(CLEAR, FaultName(name=name))
            case Loss() as loss:
                self.counts["silences" if loss.ratio == 1.0 else "losses"] += 1
                return self._graph.memory.lose(self._loser(loss))
            case Death(node=node):
                return self._kill(node)
            case Sleep(node=node):
                return self._hold(node)
            case Restart(node=node):
                if node not in self._held:
                    self.counts["restarts"] += 1
                    self._attempt(node, self._graph.restart)
                return lambda: None
            case Outage():
                self.counts["outages"] += 1
                self.world(POWER, Power(on=False))
                return lambda: self.world(POWER, Power(on=True))

    def _loser(self, loss: Loss) -> Callable[[str, str, str], bool]:
        chance = random.Random(f"{self._seed}/{self._graph.now_s}/{loss}")

        def lost(writer: str, topic: str, reader: str) -> bool:
            if topic != loss.topic or loss.reader not in (EVERYBODY, reader):
                return False
            if topic == REQUEST and writer in (SUPERVISOR, TOOL):
                return False  # orders of the supervisor, and what people do
            return chance.random() < loss.ratio

        return lost

    def _kill(self, node: str) -> Callable[[], None]:
        if node not in self._graph.memory.running or node in self._held:
            return lambda: None
        self.counts["kills"] += 1
        self._graph.kill(node)
        self._witness.asleep(node)
        return lambda: self.start(node)

    def _hold(self, node: str) -> Callable[[], None]:
        if node not in self._graph.memory.running or node in self._held:
            return lambda: None
        self.counts["holds"] += 1
        self._held.add(node)
        self._graph.memory.hold(node)
        self._witness.asleep(node)

        def release() -> None:
            self._held.discard(node)
            self._graph.memory.release(node)
            self._witness.awake(node)

        return release

    def _attempt(self, node: str, start: Callable[[str], None]) -> None:
        try:
            start(node)
        except Exception as error:  # whatever a node fails with is a finding
            self._on_crash(node, error)
