"""Apply disturbances to a graph and end them."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from msgspec import Struct

from bus.disk import Refusal
from launch.virtual import DAY_NS, SUPERVISOR, TOOL, VirtualGraph
from msgs.method import Method
from msgs.methods import CLEAR, FAULT, PLUG, POWER, PULL, READY, RESTART_BOX
from msgs.plant import FaultName, Power
from msgs.requests import NoArguments, ReasonArguments
from verifier.disturbances import (
    EVERY_READER,
    REQUEST,
    BoxRestart,
    ClockError,
    DiskRefusal,
    Disturbance,
    Loss,
    NodeDeath,
    NodeFreeze,
    NodeRestart,
    Outage,
    PowerCut,
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
        self._refusals: list[Refusal] = []
        self._utc_error_ns = 0  # the clock is ahead by this
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

    def crash(self, node: str) -> None:
        """Kill a node that runs."""
        self._graph.kill(node)
        self._observer.note_stopped(node)

    def cut_power(self, cut: PowerCut) -> None:
        """End all nodes of the box with its mains, and start them when the mains are back."""
        self.counts["power cuts"] += 1
        for node in ("safety", "pilot"):
            self._observer.note_stopped(node)
        self._observer.note_cut(cut.seconds, is_utc_set=cut.is_utc_set)
        if not cut.is_utc_set:
            self._utc_error_ns -= DAY_NS
        meanwhile = self._change_vehicle if cut.changes_vehicle else _nothing
        try:
            self._graph.lose_power(cut.seconds, meanwhile, is_utc_set=cut.is_utc_set)
        except Exception as error:  # any exception of a node is a breach of no_crash
            self._on_crash("launch", error)
        self._frozen.clear()

    def restart_box(self, *, changes_vehicle: bool = False) -> None:
        """Ask for a restart of the box, as the page does, and carry it out."""
        self._graph.ask(RESTART_BOX, ReasonArguments(reason="soak"))
        self.restart_if_asked(changes_vehicle=changes_vehicle)

    def restart_if_asked(self, *, changes_vehicle: bool = False) -> None:
        """Restart the box if a node has asked for it, as the supervisor does."""
        if self._graph.restart_wanted is None:
            return
        self.counts["box restarts"] += 1

        def meanwhile() -> None:
            self._observer.note_box_restart()
            if changes_vehicle:
                self._change_vehicle()

        try:
            self._graph.restart_all(meanwhile=meanwhile)
        except Exception as error:  # any exception of a node is a breach of no_crash
            self._on_crash("launch", error)
        self._frozen.clear()

    def _change_vehicle(self) -> None:
        """Plug another vehicle in, or one where none was."""
        self.counts["vehicles"] += 1
        for act in (PULL, PLUG, READY):
            self.world(act, NoArguments())

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
            case Outage(changes_vehicle=changes_vehicle):
                self.counts["outages"] += 1
                self.world(POWER, Power(on=False))
                return partial(self._end_outage, changes_vehicle)
            case PowerCut() as cut:
                self.cut_power(cut)
                return _nothing if cut.is_utc_set else partial(self._set_utc, 0.0)
            case BoxRestart() as restart:
                if restart.is_session_dead and "session" in self._graph.memory.running:
                    self.crash("session")
                self.restart_box(changes_vehicle=restart.changes_vehicle)
                return partial(self.start, "session")
            case DiskRefusal(refusal=refusal):
                self.counts["full disks"] += 1
                self._refusals.append(refusal)
                self._refuse()
                return partial(self._accept, refusal)
            case ClockError(ahead_s=ahead_s):
                self.counts["clocks"] += 1
                self._set_utc(ahead_s)
                return partial(self._set_utc, 0.0)

    def _end_outage(self, changes_vehicle: bool) -> None:
        if changes_vehicle:
            self._change_vehicle()
        self.world(POWER, Power(on=True))

    def _refuse(self) -> None:
        self._graph.refuse_writes(self._refusals[-1] if self._refusals else None)
        self._observer.note_disk(refuses=bool(self._refusals))

    def _accept(self, refusal: Refusal) -> None:
        self._refusals.remove(refusal)
        self._refuse()

    def _set_utc(self, ahead_s: float) -> None:
        memory, error_ns = self._graph.memory, round(ahead_s * 1e9)
        right_ns = memory.clock.utc_ns() - self._utc_error_ns
        self._utc_error_ns = error_ns
        memory.set_utc(max(right_ns + error_ns, 0))
        self._observer.note_utc_set(is_right=not error_ns)

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
        self.crash(node)
        return lambda: self.start(node)

    def _freeze(self, node: str) -> Callable[[], None]:
        if node not in self._graph.memory.running or node in self._frozen:
            return lambda: None
        self.counts["freezes"] += 1
        self._frozen.add(node)
        self._graph.memory.suspend(node)
        self._observer.note_stopped(node)

        def resume() -> None:
            if node not in self._frozen:
                return  # it was stopped with the box
            self._frozen.discard(node)
            self._graph.memory.resume(node)
            self._observer.note_running(node)

        return resume

    def _attempt(self, node: str, start: Callable[[str], None]) -> None:
        try:
            start(node)
        except Exception as error:  # any exception of a node is a breach of no_crash
            self._on_crash(node, error)


def _nothing() -> None:
    pass
