"""What the tests of led share: messages, pictures, and a graph with led and the other nodes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from bus import Bus, Call
from bus.memory import MemoryGraph
from msgs import status_led
from msgs.led import Color, Effect, KeyPress, LedFrame, Light, Tone
from msgs.load_manager import HouseMeter
from msgs.method import Method
from msgs.methods import ERASE_CARDS, RESTART_BOX
from msgs.plant import SimKeys
from msgs.session import SessionStatus, WallboxState
from msgs.topics import (
    DCS_STATUS,
    LED_FRAME,
    LED_KEY,
    LOAD_OFFER,
    RFID_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_KEYS,
    SIM_LIGHTS,
    Topic,
)
from nodes.led.front_sim import SimFront
from nodes.led.node import Drivers, Parameters, build
from tests.builders import dcs_status, load_offer, rfid_status, safety_status, session_status

SESSION = session_status()
SAFETY = safety_status()
OFFER = load_offer()
LOST = replace(OFFER, house_meter=HouseMeter.LOST)
RFID = rfid_status()
DCS = dcs_status()

LETTERS = {
    "b": Color.BLUE,
    "w": Color.WHITE,
    "o": Color.ORANGE,
    "r": Color.RED,
    "g": Color.GREEN,
    ".": Color.OFF,
}


def session(state: WallboxState, **changes: Any) -> SessionStatus:
    plugged = changes.pop("plugged", state is not WallboxState.IDLE)
    return replace(SESSION, state=state, plugged=plugged, **changes)


CHARGING = session(WallboxState.CHARGING, authorized=True, session_id="1")
LOCKED = session(WallboxState.IDLE, authorization_required=True)


def segments(picture: str, effect: Effect) -> status_led.Segments:
    """Return "rbb." as red, blue, blue, off; S1 first."""
    s1, s2, s3, s4 = (
        Light(color=LETTERS[letter], effect=Effect.OFF if letter == "." else effect)
        for letter in picture
    )
    return s1, s2, s3, s4


def text_of(light: Light) -> str:
    """Return a light in two words, or one: "green blink", "off"."""
    if light.color is Color.OFF or light.effect is Effect.OFF:
        assert (light.color, light.effect) == (Color.OFF, Effect.OFF)
        return "off"
    return f"{light.color} {light.effect}"


def all_lights(frame: LedFrame) -> set[str]:
    indicators = (frame.network, frame.rfid, frame.frame, frame.mode, frame.touch)
    return {text_of(light) for light in (*frame.segments, *indicators)}


class Drawn(NamedTuple):
    """A frame that the front was given, and when."""

    at_s: float
    frame: LedFrame


class Asked(NamedTuple):
    """A request of led to another node, and when."""

    at_s: float
    node: str
    arguments: dict[str, str]


class Box:
    """A graph with the led node and, in the others' place, the messages that a test sets."""

    def __init__(self, state_dir: Path) -> None:
        self.graph = MemoryGraph(seed=1, state_dir=state_dir)
        self._says: dict[str, tuple[Bus, Any, Any]] = {}
        self.asked: list[Asked] = []
        self.answer: dict[str, Callable[[Call[Any, None]], None]] = {}
        self.presses: list[KeyPress] = []
        self.drawn: list[Drawn] = []
        rows: tuple[tuple[str, Topic[Any], Any, float], ...] = (
            ("session", SESSION_STATUS, SESSION, 1.0),
            ("safety", SAFETY_STATUS, SAFETY, 0.1),
            ("load_manager", LOAD_OFFER, OFFER, 0.5),
            ("rfid", RFID_STATUS, RFID, 1.0),
            ("dcs", DCS_STATUS, DCS, 1.0),
            ("plant", SIM_KEYS, SimKeys(service=False, touch=False), 1.0),
        )
        for writer, topic, message, period_s in rows:
            bus = self.graph.bus(writer)
            self._says[writer] = (bus, topic, message)
            bus.every(period_s, partial(self._say, writer))
        self._serve(ERASE_CARDS)
        system = self.graph.bus("system")
        self._says["system"] = (system, None, None)
        self._serve(RESTART_BOX)
        plant = self._says["plant"][0]
        plant.subscribe(SIM_LIGHTS, self._on_lights)
        self.frame = plant.subscribe(LED_FRAME)
        self._says["dcs"][0].subscribe(LED_KEY, self.presses.append)
        self.start()

    def start(self) -> None:
        self.led = self.graph.bus("led")
        build(self.led, Parameters(), Drivers(front=SimFront(self.led)))

    # --- what is done --------------------------------------------------------------------------

    @property
    def now_s(self) -> float:
        return self.graph.clock.now_s()

    def advance(self, seconds: float) -> None:
        self.graph.advance(seconds)

    def set(self, writer: str, **changes: Any) -> None:
        """Change a node's message, from the next one on."""
        bus, topic, message = self._says[writer]
        self._says[writer] = (bus, topic, replace(message, **changes))

    def say(self, writer: str, **changes: Any) -> None:
        """Change a node's message, and publish it at once."""
        self.set(writer, **changes)
        self._say(writer)
        self.advance(0.0)

    def press(self, seconds: float, key: str = "service") -> None:
        self.say("plant", **{key: True})
        self.advance(seconds)
        self.say("plant", **{key: False})
        self.advance(0.1)

    # --- what is seen --------------------------------------------------------------------------

    @property
    def shown(self) -> LedFrame:
        return self.drawn[-1].frame

    @property
    def tones(self) -> list[tuple[float, Tone]]:
        """Return each tone when it appeared in a frame."""
        before = Tone.NONE
        tones: list[tuple[float, Tone]] = []
        for at_s, frame in self.drawn:
            if frame.tone not in (before, Tone.NONE):
                tones.append((at_s, frame.tone))
            before = frame.tone
        return tones

    def warnings(self) -> list[str]:
        return [line.text for line in self.graph.lines if line.level == "warning"]

    # --- inside --------------------------------------------------------------------------------

    def _say(self, writer: str) -> None:
        bus, topic, message = self._says[writer]
        bus.publish(topic, message)

    def _on_lights(self, frame: LedFrame) -> None:
        self.drawn.append(Drawn(self.now_s, frame))

    def _serve(self, method: Method[Any, None]) -> None:
        node = method.server

        def serve(call: Call[Any, None]) -> None:
            arguments = {"reason": call.arguments.reason} if node == "system" else {}
            self.asked.append(Asked(self.now_s, node, arguments))
            self.answer.get(node, _well)(call)

        self._says[node][0].serve(method, serve)


def _well(call: Call[Any, None]) -> None:
    call.ok(None)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path)
    box.advance(3.1)
    return box
