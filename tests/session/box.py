"""The session node on the bus in memory, among the facts that a test sets."""

from pathlib import Path
from typing import Any

from bus import Answer, Subscription
from bus.memory import MemoryGraph
from bus.peer import Peer
from msgs.meter import MeterReading
from msgs.methods import METHODS
from msgs.pilot import CpState, PilotStatus
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import SessionRecord, SessionStatus
from msgs.settings import AuthorizationSection, Settings
from msgs.topics import (
    LAUNCH_GRAPH,
    LOAD_OFFER,
    METER_BOX,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SESSION_WISH,
    SETTINGS,
)
from msgs.wish import Wishes
from nodes.session.node import Parameters, build
from tests.builders import graph_status, load_offer, meter_reading, pilot_status, safety_status
from tests.closing import closed_at_end

REPEATED_LOOKS = 4  # of 0.1 s
OFFER = load_offer()


class Box:
    """A graph with a session node and, in the others' place, the facts that a test sets."""

    def __init__(self, state_dir: Path, graph_run: int = 1, required: bool | None = False) -> None:
        boot = f"boot {graph_run}"
        self.graph = closed_at_end(MemoryGraph(seed=1, state_dir=state_dir, boot=boot))
        self.cp_state: CpState | None = CpState.A
        self.contactor = Contactor.OPEN
        self.phase = SafetyPhase.READY
        self.lifetime_wh = 5000.0
        self._writers = {
            node: self.graph.bus(node) for node in ("pilot", "safety", "meter", "load_manager")
        }
        self._said: tuple[object, ...] = ()
        self._looks = 0
        self._messages = self._make()
        self._writers["safety"].every(0.1, self._say)
        self.system = self.graph.bus("system")
        self.require(required)
        self.launch = self.graph.bus("launch")
        self.tool = self.graph.bus("tool-1")
        self._readers: dict[str, Peer] = {"launch": self.launch, "system": self.system}
        graph = graph_status(plan="test", started_utc_ns=graph_run, series="the first")
        self.launch.publish(LAUNCH_GRAPH, graph)
        self.status: Subscription[SessionStatus] = self.launch.subscribe(SESSION_STATUS, self._hear)
        self.wish: Subscription[Wishes] = self.launch.subscribe(SESSION_WISH)
        self.heard: list[SessionStatus] = []
        self.start()

    def start(self) -> None:
        self.session = self.graph.bus("session")
        self.node = build(self.session, Parameters())

    def require(self, required: bool | None) -> None:
        """Have system say whether a card is required; None: it says nothing."""
        if required is not None:
            self.configure(Settings(authorization=AuthorizationSection(required=required)))

    def configure(self, settings: Settings) -> None:
        """Have system publish settings."""
        self.system.publish(SETTINGS, settings)

    def _hear(self, status: SessionStatus) -> None:
        self.heard.append(status)

    def _say(self) -> None:
        """Publish the facts on change, and again soon enough for each hold."""
        facts = (self.cp_state, self.contactor, self.phase, self.lifetime_wh)
        self._looks += 1
        if facts == self._said and self._looks % REPEATED_LOOKS:
            return
        if facts != self._said:
            self._said = facts
            self._messages = self._make()
        pilot, safety, meter = self._messages
        if pilot is not None:
            self._writers["pilot"].publish(PILOT_STATUS, pilot)
        self._writers["safety"].publish(SAFETY_STATUS, safety)
        self._writers["meter"].publish(METER_BOX, meter)
        self._writers["load_manager"].publish(LOAD_OFFER, OFFER)

    def _make(self) -> tuple[PilotStatus | None, SafetyStatus, MeterReading]:
        safety = safety_status(
            contactor=self.contactor, phase=self.phase, cp_state=self.cp_state, offered_a=16.0
        )
        pilot = None if self.cp_state is None else pilot_status(self.cp_state, 16.0)
        return pilot, safety, meter_reading(lifetime_wh=self.lifetime_wh)

    def charge(self) -> SessionStatus:
        self.graph.advance(2.0)
        self.cp_state, self.contactor = CpState.C, Contactor.CLOSED
        self.graph.advance(2.0)
        return self.now()

    def now(self) -> SessionStatus:
        status = self.status.fresh()
        assert status is not None
        return status

    def ask(
        self, method: str, arguments: dict[str, Any] | None = None, seconds: float = 1.1
    ) -> Answer[Any]:
        return self._ask(self.tool, method, arguments, seconds)

    def hold(self, token: str, by: str = "rfid", seconds: float = 0.1) -> Answer[Any]:
        """Present a card, as rfid or another node requests it."""
        if by not in self._readers:
            self._readers[by] = self.graph.bus(by)
        return self._ask(self._readers[by], "authorize", {"token": token}, seconds)

    def _ask(
        self, bus: Peer, method: str, arguments: dict[str, Any] | None, seconds: float
    ) -> Answer[Any]:
        answers: list[Answer[Any]] = []
        bus.request(METHODS["session", method], arguments or {}, answers.append)
        self.graph.advance(seconds)
        (answer,) = answers
        return answer

    def records(self) -> list[SessionRecord]:
        answer = self.ask("sessions")
        assert answer.result is not None
        return list(answer.result)
