"""The page without a server, before all nodes of a box under virtual time: no answer is made up."""

from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from bus.generations import write_generations
from msgs.label import LABEL_FILE
from msgs.method import Method
from msgs.requests import Answer
from nodes.web.live_updates import LiveUpdates
from tests.box import AS_DELIVERED, Box
from tests.web.conftest import LABEL, Desk, HandBox
from web.curve import Curve
from web.metrics.values import MetricsSnapshot

ACTED_ON = ("vehicle", "house_a", "sun_w", "mains", "faults", "external_closed")
FUSE = "factory.main_fuse_a=25"

A = TypeVar("A", bound=Struct)
R = TypeVar("R")


class GraphBox(HandBox):
    """A box of real nodes; time passes only until a request is answered, or by `pass_time`."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__()
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_generations(state_dir / LABEL_FILE, LABEL, lowers=True)
        self.graph = Box(state_dir, FUSE, authorization=AS_DELIVERED)
        self._bus = self.graph.join("web")
        self._updates = LiveUpdates(self._bus, LABEL, has_world=True, say=lambda _: None)
        self._updates.watch(True)
        self.pass_time(2.0)

    def pass_time(self, seconds: float) -> None:
        """Let time pass for the nodes and for the page [s]."""
        self.graph.advance(seconds)
        self.time_s += seconds

    def live(self) -> bytes:
        return self._updates.once()

    def listen(self) -> None:
        """Subscribe to what only the metrics need."""
        self._updates.listen_to_heartbeats()

    def metrics(self) -> MetricsSnapshot:
        return self._updates.metrics()

    def curve(self) -> Curve:
        return self._updates.curve

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        self.asked.append((method.name, arguments))
        answers: list[Answer[R]] = []
        self._bus.request(method, arguments, answers.append)
        while not answers:
            self.graph.advance(0.01)
        return answers[0]

    def settings(self) -> dict[str, Any]:
        """Return what system says that is set."""
        found: dict[str, Any] = self.graph.ask("system", "get")
        return found

    def kept(self) -> dict[str, Any]:
        """Return what a request may change: settings, cards, the world, and the wallbox's state."""
        world = self.graph.ask("plant", "status")
        return {
            "settings": self.settings(),
            "cards": self.graph.ask("rfid", "cards"),
            "world": {name: world[name] for name in ACTED_ON},
            "state": (self.graph.state, self.graph.session_id),
        }


class GraphDesk(Desk):
    """See `Desk`; the nodes behind it are real."""

    def __init__(self, folder: Path) -> None:
        self.graph_box = GraphBox(folder / "graph")
        super().__init__(folder / "web", panel=True, box=self.graph_box)
