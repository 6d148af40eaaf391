"""Apply disturbances to a graph and end them."""

import random
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from launch.virtual import SUPERVISOR, TOOL, VirtualGraph
from msgs.methods import CLEAR, FAULT, POWER, Method
from msgs.plant import FaultName, Power
from verifier.disturbances import (
    EVERY_READER,
    REQUEST,
    Disturbance,
    Loss,
    NodeDeath,
    NodeFreeze,
    NodeRestart,
    Outage,
    WorldFault,
    is_harmless,
)
from verifier.observer import Observer

A = TypeVar("A", bound=Struct)

AFTERMATH_S = 4.0  # longer than each hold that a charge depends on, except the meter's


class FaultInjector:
    """The disturbances of one graph; each is reported to the observer."""

    def __init__(
        self,
        graph: VirtualGraph,
        observer: Observer,
        seed: int,
        on_crash: Callable[[str, Exception], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._graph = graph
        self._observer = observer
        self._seed = seed
        self._on_crash = on_crash
        self._frozen: set[str] = set()
        self._active = 0

    def begin(self, disturbance: Disturbance, alone_s: float) -> Callable[[], None]:
        """Begin a disturbance; return the function that ends it.

        Nothing else is planned for the next `alone_s`.
        """
        self._observer.note(f"disturbance: {disturbance.cause}")
        is_alone = is_harmless(disturbance) and disturbance.lasts_s + AFTERMATH_S < alone_s
        if self._observer.note_disturbance(True, harmless_s=alone_s if is_alone else 0.0):
            self.counts["harmless"] += 1
        self._active += 1
        finish = self._carry_out(disturbance)

        def end() -> None:
            self._observer.note(f"over: {disturbance.cause}")
            finish()
            self._active -= 1
            if not self._active:
                self._observer.note_disturbance(False)

        return end

    def start(self, node: str) -> None:
        """Start a node unless it runs."""
        if node not in self._graph.memory.running:
            self._attempt(node, self._graph.start)

    def world(self, act: Method[A, None], arguments: A) -> None:
        """Act on the simulated world; it may refuse what is impossible in its state."""
        self._graph.ask(act, arguments)

    def _carry_out(self, disturbance: Disturbance) -> Callable[[], None]:
        match disturbance.cause:
            case WorldFault(name=name):
                self.counts["faults"] += 1
                self.world(FAULT, FaultName(name=name))
                return lambda: self.world(CLEAR, FaultName(name=name))
            case Loss() as loss:
                self.counts["silences" if loss.ratio == 1.0 else "losses"] += 1
                return self._graph.memory.lose(self._loser(loss))
            case NodeDeath(node=node):
                return self._kill(node)
            case NodeFreeze(node=node):
                return self._freeze(node)
            case NodeRestart(node=node):
                if node not in self._frozen:
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
            if topic != loss.topic or loss.reader not in (EVERY_READER, reader):
                return False
            if topic == REQUEST and writer in (SUPERVISOR, TOOL):
                return False  # the supervisor's requests and what people do are never lost
            return chance.random() < loss.ratio

        return lost

    def _kill(self, node: str) -> Callable[[], None]:
        if node not in self._graph.memory.running or node in self._frozen:
            return lambda: None
        self.counts["kills"] += 1
        self._graph.kill(node)
        self._observer.note_stopped(node)
        return lambda: self.start(node)

    def _freeze(self, node: str) -> Callable[[], None]:
        if node not in self._graph.memory.running or node in self._frozen:
            return lambda: None
        self.counts["freezes"] += 1
        self._frozen.add(node)
        self._graph.memory.suspend(node)
        self._observer.note_stopped(node)

        def resume() -> None:
            self._frozen.discard(node)
            self._graph.memory.resume(node)
            self._observer.note_running(node)

        return resume

    def _attempt(self, node: str, start: Callable[[str], None]) -> None:
        try:
            start(node)
        except Exception as error:  # any exception of a node is a breach of no_crash
            self._on_crash(node, error)
