"""A whole simulated box under virtual time, and what is to be seen of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bus import Bus, Status
from bus.disk import Refusal
from bus.generations import read_valid_or_raise
from bus.wire import unpack
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.card import CardColor
from msgs.label import LABEL_FILE, Label
from msgs.methods import ACTS, LIST_SESSIONS, METHODS
from msgs.session import SessionRecord, SessionsArguments
from tests.closing import closed_at_end

SEED = 1
AS_DELIVERED = "factory.authorization.required=true"  # its owner may change it
NO_CARD = "session.authorization=false"  # a vehicle is charged by its plug alone (RFID-6)
WATCHED = (
    "safety/status",
    "session/status",
    "pilot/status",
    "load/offer",
    "rfid/status",
    "led/frame",
    "led/key",
    "dcs/status",
    "dcs/wish",
    "smart_home/status",
    "smart_home/wish",
    "sim/power",
    "sim/event",
)
PATIENCE_S = 30.0
DRAWS_A = 0.5
RAISED_S = 1.5  # a fault is raised at most this long after the contacts opened for it (stale: 1 s)


class Box:
    """The graph, and the newest words of those that the table speaks of."""

    def __init__(
        self, state_dir: Path, *settings: str, seed: int = SEED, authorization: str = NO_CARD
    ) -> None:
        plan = load_plan(VIRTUAL_PLAN, ["plant.wander_percent=0", authorization, *settings])
        self._graph = closed_at_end(VirtualGraph(plan, seed, state_dir))
        self._said: dict[str, dict[str, Any]] = {}
        self.events: list[tuple[str, float, str]] = []
        self.fronts: list[str] = []  # what the four segments have shown, one after the other
        self.states: list[str] = []  # likewise the states that session has said
        self.reasons: list[str] = []  # and why it was in them
        self.keys: list[str] = []  # presses that had an effect
        self._state_dir = state_dir
        self._graph.memory.tap(self._on_frame, repeats=False)
        self._graph.start_all()
        self.advance(2.0)

    def _on_frame(self, frame: bytes) -> None:
        topic, _, body = unpack(frame)
        if topic not in WATCHED:
            return
        said = msgspec.msgpack.decode(body)
        self._said[topic] = said
        match topic:
            case "sim/event":
                self.events.append((said["what"], said["at_ns"] / 1e9, said["detail"]))
            case "led/frame":
                _add_new(self.fronts, self.front)
            case "session/status":
                _add_new(self.states, self.state)
                _add_new(self.reasons, said["because"] or "")
            case "led/key":
                self.keys.append(said["key"])
            case _:
                pass

    # --- what is done --------------------------------------------------------------------------

    def act(self, method: str, arguments: dict[str, Any] | None = None) -> None:
        act = ACTS[method]
        self._graph.act(act, msgspec.convert(arguments or {}, act.arguments))

    def ask(self, node: str, method: str, arguments: dict[str, Any] | None = None) -> Any:
        """Send a request that must succeed; return its result as plain data."""
        row = METHODS[node, method]
        answer = self._graph.ask(row, msgspec.convert(arguments or {}, row.arguments))
        assert answer.status is Status.OK, answer
        return json.loads(msgspec.json.encode(answer.result))

    def refused(self, node: str, method: str, arguments: dict[str, Any]) -> str:
        """Send a request that must be refused; return why."""
        row = METHODS[node, method]
        answer = self._graph.ask(row, msgspec.convert(arguments, row.arguments))
        assert answer.status is Status.REFUSED, answer
        return answer.reason

    def send(self, node: str, method: str, arguments: dict[str, Any]) -> None:
        """Send a request and do not wait for its answer."""
        row = METHODS[node, method]
        self._graph.send(row, msgspec.convert(arguments, row.arguments))

    def join(self, node: str) -> Bus:
        """Return the bus of a node that the plan does not have, for a stand-in."""
        return self._graph.memory.bus(node)

    def restart(self, node: str) -> None:
        self._graph.restart(node)

    def kill(self, node: str) -> None:
        self._graph.kill(node)

    def start(self, node: str) -> None:
        self._graph.start(node)

    def crash(self, node: str, dead_s: float = 0.0) -> None:
        """Kill a node, and start it again after a time."""
        self._graph.kill(node)
        self.advance(dead_s)
        self._graph.start(node)

    def restart_if_asked(self) -> bool:
        """Restart all if a node has asked for it, as the supervisor does; return whether."""
        if self._graph.restart_wanted is None:
            return False
        self._graph.restart_all()
        return True

    def restart_all(self, *absent: str) -> None:
        """Restart all nodes but the world in order; some of them are not started again."""
        self._graph.restart_all(absent)

    def lose_power(
        self, seconds: float, meanwhile: Callable[[], None] = lambda: None, **words: Any
    ) -> None:
        """Take the mains and every node away for a time; see `VirtualGraph.lose_power`."""
        self._graph.lose_power(seconds, meanwhile, **words)

    def set_utc(self, ahead_s: float) -> None:
        """Set UTC, by a time from what it is now."""
        memory = self._graph.memory
        memory.set_utc(memory.clock.utc_ns() + round(ahead_s * 1e9))

    def refuse_writes(self, refusal: Refusal | None) -> None:
        """Let the disk refuse from now on; None: it takes everything again."""
        self._graph.refuse_writes(refusal)

    def cut(self) -> None:
        """Kill every node at once."""
        self._graph.close()

    def lose(self, writer: str, topic: str, reader: str) -> Callable[[], None]:
        """Lose the messages of a topic on their way to one reader; return what ends it."""
        return self._graph.memory.lose(lambda *link: link == (writer, topic, reader))

    def lines_of(self, *nodes: str, since_s: float) -> list[str]:
        """Return what nodes have logged from a time on, without lines for debugging."""
        lines = self._graph.memory.lines
        return [
            line.text
            for line in lines
            if line.node in nodes and line.at_s >= since_s and line.level != "debug"
        ]

    @property
    def lines(self) -> list[str]:
        """Return what was logged, by any node."""
        return [line.text for line in self._graph.memory.lines]

    def suspend(self, node: str) -> None:
        """Suspend a node until `resume`."""
        self._graph.memory.suspend(node)

    def resume(self, node: str) -> None:
        self._graph.memory.resume(node)

    def stall(self, node: str, seconds: float) -> None:
        """Let a node sleep for a while; the others go on."""
        self.suspend(node)
        self.advance(seconds)
        self.resume(node)

    def stop(self) -> None:
        self._graph.stop()

    def advance(self, seconds: float) -> None:
        self._graph.advance(seconds)

    def is_soon(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Let time pass until something holds; return whether it does in time."""
        return self._graph.memory.run_until(self.now_s + within_s, holds)

    def wait(self, holds: Callable[[], bool]) -> None:
        assert self.is_soon(holds, PATIENCE_S), self._said.get("safety/status")

    def let_the_clock_go_on(self, seconds: float) -> None:
        """Let time pass within what a node does now: a device that hangs."""
        self._graph.memory.clock.ns += round(seconds * 1e9)

    # --- what is seen --------------------------------------------------------------------------

    @property
    def safety(self) -> Any:
        """Return the node itself, for tests that break its devices."""
        return self._graph.node("safety")

    @property
    def now_s(self) -> float:
        return self._graph.now_s

    @property
    def utc_ns(self) -> int:
        return self._graph.memory.clock.utc_ns()

    @property
    def phase(self) -> str:
        return str(self._said["safety/status"]["phase"])

    @property
    def contactor(self) -> str:
        return str(self._said["safety/status"]["contactor"])

    @property
    def faults(self) -> list[str]:
        return list(self._said["safety/status"]["faults"])

    @property
    def detail(self) -> str:
        """Return why the contactor is not closed."""
        return str(self._said["safety/status"]["detail"])

    @property
    def warnings(self) -> list[str]:
        """Return what safety has logged as a warning."""
        lines = self._graph.memory.lines
        return [line.text for line in lines if (line.node, line.level) == ("safety", "warning")]

    @property
    def wired_phases(self) -> list[bool]:
        """Return which phases safety knows as wired, L1 first."""
        return list(self._said["safety/status"]["wired_phases"])

    @property
    def retries(self) -> int:
        return int(self._said["safety/status"]["retries"])

    @property
    def state(self) -> str:
        return str(self._said["session/status"]["state"])

    @property
    def reason(self) -> str:
        return str(self._said["session/status"]["reason"])

    @property
    def session_id(self) -> str:
        return str(self._said["session/status"]["session_id"])

    @property
    def currents_a(self) -> list[float]:
        return [line["current_a"] for line in self._said["sim/power"]["lines"]]

    def said(self, topic: str) -> Any:
        """Return the newest message of a topic that is watched, as plain data."""
        return self._said[topic]

    def sessions(self) -> tuple[SessionRecord, ...]:
        """Return the stored sessions, the newest first."""
        answer = self._graph.ask(LIST_SESSIONS, SessionsArguments())
        assert answer.result is not None, answer
        return answer.result

    @property
    def is_out(self) -> bool:
        moves = [what for what, *_ in self.events if what in ("plugged", "pulled", "unplugged")]
        return not moves or moves[-1] != "plugged"

    @property
    def is_drawing(self) -> bool:
        return any(current_a > DRAWS_A for current_a in self.currents_a)

    @property
    def front(self) -> str:
        """Return the four segments, S1 first: white, blue, red, orange or off."""
        segments = self._said["led/frame"]["segments"]
        effects = {one["effect"] for one in segments if one["color"] != "off"}
        colors = " ".join(one["color"] for one in segments)
        return f"{colors}, {' '.join(sorted(effects)) or 'off'}"

    def light(self, name: str) -> str:
        """Return one indicator of the front: its colour and how it shows it."""
        light = self._said["led/frame"][name]
        return "off" if light["color"] == "off" else f"{light['color']} {light['effect']}"

    def card(self, color: CardColor) -> str:
        """Return the UID of one of the cards that belong to the box."""
        label = read_valid_or_raise(self._state_dir / LABEL_FILE, Label)
        assert label is not None
        return next(card.uid for card in label.rfid if card.color is color)

    def happened(self, what: str) -> float:
        """Return when something happened last [s]."""
        return next(at_s for name, at_s, _ in reversed(self.events) if name == what)

    def opening(self, began_s: float, seen_s: float) -> str:
        """Return how long the contacts took to open.

        From the break on, or from the closing that followed it; "was open" if they were open when
        the fault was raised.
        """
        moves = [event for event in self.events if event[0].startswith("contacts_")]
        before = [move for move in moves if move[1] < began_s]
        closed_s = began_s if before and before[-1][0] == "contacts_closed" else None
        for what, at_s, detail in moves[len(before) :]:
            if what == "contacts_closed":
                closed_s = at_s
            elif detail:
                return f"{detail}"
            elif at_s < seen_s - RAISED_S:
                closed_s = None  # by itself, before there was a fault
            elif closed_s is not None:
                return f"{at_s - closed_s:.2f} s"
        return "was open" if closed_s is None else "does not"


def _add_new(said: list[str], word: str) -> None:
    if not said or said[-1] != word:
        said.append(word)
