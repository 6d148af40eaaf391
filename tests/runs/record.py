"""Record the runs of `tests.runs.scripts`: every message of a whole virtual box, decoded.

    python tests/runs/record.py FOLDER [NAME...]

writes one NAME.jsonl.gz for each run: [time in s, topic, body] a line. Schema hash, sequence and
the figures of a heartbeat are not recorded: they do not depend on behaviour. Answers to requests
are recorded under "answer/METHOD", acts that the simulated world refuses under "refused/METHOD".
"""

import gzip
import json
import sys
import tempfile
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import msgspec

from bus.generations import read_valid_or_raise
from bus.memory import START_NS
from bus.wire import unpack
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, ActError, VirtualGraph
from msgs.label import LABEL_FILE, Label
from msgs.methods import ACTS, METHODS
from tests.runs.scripts import HOUSE, Script, scripts

HEARTBEAT_FIELDS = ("state", "incarnation", "error")

Message = tuple[float, str, Any]
"""When it was sent [s since the start of the graph], its topic, its body."""


class Stage:
    """A virtual box, with a method for each verb of a Step."""

    def __init__(
        self, script: Script, folder: Path, messages: list[Message], *, leaves_out: bool = True
    ) -> None:
        """Load the box.

        :param messages: answers and refused acts are added to it.
        :param leaves_out: see `bus.memory.MemoryGraph`.
        """
        settings = list(script.settings)
        if script.house is not None:
            trace = folder / "house.csv"
            with HOUSE.open(encoding="utf-8-sig") as recording:
                head = next(recording)
                trace.write_text(head + "".join(islice(recording, *script.house)))
            settings.append(f"plant.house_trace={trace}")
        self._messages = messages
        self._folder = folder
        self._absent = script.absent
        self._uids: dict[str, str] = {}
        plan = load_plan(VIRTUAL_PLAN, settings)
        self._graph = VirtualGraph(plan, 1, folder, leaves_out=leaves_out)
        self.memory = self._graph.memory

    def begin(self) -> None:
        self._graph.start_all(self._absent)
        label = read_valid_or_raise(self._folder / LABEL_FILE, Label)
        assert label is not None, "system makes the label before it is READY"
        self._uids = {card.color.value: card.uid for card in label.rfid}

    @property
    def now_s(self) -> float:
        return self._graph.now_s - START_NS / 1e9

    def node(self, name: str) -> object:
        return self._graph.node(name)

    def advance_to(self, at_s: float) -> None:
        self._graph.advance(max(at_s - self.now_s, 0.0))

    def act(self, method: str, arguments: dict[str, Any]) -> None:
        act = ACTS[method]
        try:
            self._graph.act(act, msgspec.convert(arguments, act.arguments))
        except ActError:
            self._messages.append((self.now_s, f"refused/{method}", {}))

    def card(self, color: str) -> None:
        self.act("tap", {"uid": self._uids[color]})

    def ask(self, node: str, method: str, arguments: dict[str, Any]) -> None:
        row = METHODS[node, method]
        answer = self._graph.ask(row, msgspec.convert(arguments, row.arguments))
        self._messages.append((self.now_s, f"answer/{method}", msgspec.to_builtins(answer)))

    def restart(self, node: str) -> None:
        self._graph.restart(node)

    def restart_all_if_wanted(self) -> None:
        if self._graph.restart_wanted is not None:
            self._graph.restart_all()

    # A node may be absent at first, and may be started after it was killed.

    def kill(self, node: str) -> None:
        if node in self.memory.running:
            self._graph.kill(node)

    def start(self, node: str) -> None:
        if node not in self.memory.running:
            self._graph.start(node)

    def suspend(self, node: str) -> None:
        if node in self.memory.running:
            self.memory.suspend(node)

    def resume(self, node: str) -> None:
        if node in self.memory.running:
            self.memory.resume(node)

    def set_clock(self, by_s: float) -> None:
        self.memory.set_utc(self.memory.clock.utc_ns() + int(by_s * 1e9))

    def stop(self) -> None:
        self._graph.stop()

    def close(self) -> None:
        self._graph.close()


def perform(script: Script, stage: Stage) -> None:
    """Run a script, with start and ordered stop."""
    stage.begin()
    for step in script.steps:
        stage.advance_to(step.at_s)
        getattr(stage, step.verb)(**step.words)
    stage.advance_to(script.length_s)
    stage.stop()


def record(script: Script) -> list[Message]:
    """Run a script; return all messages."""
    messages: list[Message] = []
    with (
        tempfile.TemporaryDirectory(prefix="wallbox-run-") as folder,
        closing(Stage(script, Path(folder), messages)) as stage,
    ):
        stage.memory.tap(partial(_keep, messages))
        perform(script, stage)
    return messages


def _keep(messages: list[Message], frame: bytes) -> None:
    topic, header, body = unpack(frame)
    message = msgspec.msgpack.decode(body)
    if topic.endswith("/heartbeat"):
        message = {name: message[name] for name in HEARTBEAT_FIELDS}
    messages.append(((header.stamp_ns - START_NS) / 1e9, topic, message))


def write_run(path: Path, messages: list[Message]) -> None:
    """Write the messages of a run, one a line."""
    with gzip.open(path, "wt", compresslevel=1) as file:
        for at_s, topic, body in messages:
            file.write(json.dumps([round(at_s, 6), topic, body]) + "\n")


def read_run(path: Path) -> list[Message]:
    """Return the messages of a run."""
    with gzip.open(path, "rt") as file:
        return [(at_s, topic, body) for at_s, topic, body in map(json.loads, file)]


def main(folder: Path, names: list[str]) -> None:
    """Record the named runs, or all."""
    folder.mkdir(parents=True, exist_ok=True)
    for script in scripts():
        if not names or script.name in names:
            write_run(folder / f"{script.name}.jsonl.gz", record(script))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
