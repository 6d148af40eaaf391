"""The page before real nodes of system and rfid; the others' messages are those of a test."""

from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec import Struct

from bus import Call
from bus.generations import write_generations
from bus.memory import MemoryGraph
from msgs.label import LABEL_FILE
from msgs.led import Color, Effect, Light
from msgs.method import Method
from msgs.methods import GET_SETTINGS, RESTART_GRAPH, SET_SETTINGS
from msgs.requests import Answer, NoArguments, ReasonArguments, Status
from msgs.session import WallboxState
from msgs.setting_keys import table_of
from msgs.settings import SetArguments, Settings
from msgs.topics import LED_FRAME, SAFETY_STATUS, SESSION_STATUS
from nodes.rfid.node import Drivers
from nodes.rfid.node import Parameters as RfidParameters
from nodes.rfid.node import build as build_rfid
from nodes.rfid.reader_sim import SimCardReader
from nodes.system.box_clock_sim import SimBoxClock
from nodes.system.node import Drivers as SystemDrivers
from nodes.system.node import Parameters, build
from tests.builders import led_frame, safety_status, session_status
from tests.closing import closed_at_end
from tests.web.conftest import LABEL, PASSWORD, Browser, Desk, HandBox
from web.app import create_app
from web.box import ServerConfig

BLUE = Light(color=Color.BLUE, effect=Effect.STEADY)

A = TypeVar("A", bound=Struct)
R = TypeVar("R")


class NodesBox(HandBox):
    """A box of which system and rfid are real; it can be replaced by a new one."""

    def renew(self, state_dir: Path, given: dict[str, Any] | None = None) -> None:
        """Begin with a new box; `given`: settings of its launch file."""
        self.given = given or {}
        self.state_dir = state_dir
        self.unanswered: list[str] = []  # methods whose next answer comes too late
        self.asked.clear()
        self.restarts: list[str] = []
        self.plugged = False
        self.wired_phases = (True, True, True)
        write_generations(state_dir / LABEL_FILE, LABEL, lowers=True)
        self.graph = closed_at_end(MemoryGraph(seed=1, state_dir=state_dir))
        names = ("safety", "session", "led", "web", "launch")
        self.peers = {name: self.graph.bus(name) for name in names}
        self.peers["launch"].serve(RESTART_GRAPH, self._on_restart)
        self.peers["session"].every(1.0, self.say)
        self.start_system()
        rfid = self.graph.bus("rfid")
        build_rfid(rfid, RfidParameters(), Drivers(reader=SimCardReader(rfid)))
        self.say()
        self.graph.advance(0.1)

    def start_system(self) -> None:
        """Start system with what is stored."""
        bus = self.graph.bus("system")
        drivers = SystemDrivers(box_clock=SimBoxClock(bus))
        build(bus, Parameters(settings=self.given), drivers)

    def lose_settings(self) -> None:
        """Start system again, with no stored settings that can be read."""
        self.graph.kill("system")
        for name in ("settings.json", "settings.json.previous"):
            (self.state_dir / name).write_bytes(b"{")
        self.start_system()
        self.say()
        self.graph.advance(0.1)

    def _on_restart(self, call: Call[ReasonArguments, None]) -> None:
        self.restarts.append(call.arguments.reason)
        call.ok(None)

    def say(self) -> None:
        """Say the messages of the others."""
        state = WallboxState.READY_FOR_CHARGING if self.plugged else WallboxState.IDLE
        wired = safety_status(wired_phases=self.wired_phases)
        self.peers["safety"].publish(SAFETY_STATUS, wired)
        status = session_status(state=state, plugged=self.plugged)
        self.peers["session"].publish(SESSION_STATUS, status)
        self.peers["led"].publish(LED_FRAME, led_frame(mode=BLUE))

    def plug(self) -> None:
        """Plug a vehicle in."""
        self.plugged = True
        self.say()
        self.graph.advance(0.1)

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        self.asked.append((method.name, arguments))
        answers: list[Answer[R]] = []
        self.peers["web"].request(method, arguments, answers.append)
        self.graph.run_until(self.graph.clock.now_s() + 30.0, lambda: bool(answers))
        (answer,) = answers
        if method.name in self.unanswered:
            self.unanswered.remove(method.name)
            return Answer(status=Status.TIMEOUT, reason="too late")
        return answer

    # --- what a test does beside the page ------------------------------------------------------

    def put(self, changes: dict[str, Any]) -> None:
        """Change settings as another browser does."""
        answer = self.ask(SET_SETTINGS, SetArguments(changes=changes))
        assert answer.status is Status.OK, answer
        self.asked.clear()

    def table(self) -> dict[str, Any]:
        """Return the settings that apply, by key."""
        return table_of(self.settings())

    def settings(self) -> Settings:
        """Return the settings that apply."""
        settings = self.ask(GET_SETTINGS, NoArguments()).result
        assert settings is not None
        return settings

    def sent(self) -> SetArguments:
        """Return the last change that the page has asked for."""
        sent = [each for method, each in self.asked if method == SET_SETTINGS.name]
        assert isinstance(sent[-1], SetArguments)
        return sent[-1]


class SettingsDesk(Desk):
    """See `Desk`; the nodes behind it are real, and can be replaced by new ones."""

    def __init__(self, state_dir: Path) -> None:
        self.nodes = NodesBox()
        super().__init__(state_dir, box=self.nodes)
        self.signed_in: Browser = self.owner()


def owner_of(desk: SettingsDesk, box: HandBox) -> Browser:
    """Return the owner's browser at another box, with the account of a desk."""
    maps = {"tq": "TQ-Systems EM300, EM420"}
    site = ServerConfig(label=LABEL, is_simulation=False, port=8080, meter_maps=lambda: maps)
    app = create_app(box, site, desk.login_check, desk.logins, desk.streams, desk.tokens)
    browser = Browser(app.test_client())
    browser.login(password=PASSWORD)
    return browser


_desks: list[SettingsDesk] = []


@pytest.fixture
def settings_desk(tmp_path_factory: pytest.TempPathFactory) -> SettingsDesk:
    """Give a page with a signed-in owner; the tests of a worker share it, each with its own box."""
    if not _desks:
        _desks.append(SettingsDesk(tmp_path_factory.mktemp("desk")))
    return _desks[0]


@pytest.fixture
def box(settings_desk: SettingsDesk, tmp_path: Path) -> NodesBox:
    settings_desk.nodes.renew(tmp_path)
    return settings_desk.nodes


@pytest.fixture
def owner(settings_desk: SettingsDesk, box: NodesBox) -> Browser:
    return settings_desk.signed_in
