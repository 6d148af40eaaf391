"""What a whole box says while its disk refuses: no path and no error of the system."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.disk import Refusal
from bus.wire import unpack
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.card import CardColor
from msgs.label import LABEL_FILE, Label
from msgs.methods import ACTS, METHODS
from msgs.topics import HEARTBEATS
from tests.closing import closed_at_end

INSIDE = {os.strerror(number) for number in errno.errorcode} | {
    "Errno", "sqlite", "readonly database", "disk I/O", ".json",
}  # fmt: skip
HEARTBEAT_NAMES = {topic.name for topic in HEARTBEATS.values()}
NOT_ASKED = {"plant", "launch", "*"}
"""Servers that are no part of the box, or have no store."""

GIVEN: dict[str, dict[str, Any]] = {
    "check_card": {"is_taught": False},
    "end": {"reason": "app"},
    "energy_limit": {"energy_wh": 5000.0},
    "find_phases": {"action": "begin"},
    "present": {"tag": "04A1B2C3D4E5F600"},
    "renew": {"part": "contactor"},
    "set": {"changes": {"hotspot.channel": 6}},
    "set_clock": {"utc": "2027-01-15T08:00:00Z"},
    "test_connection": {"manufacturer": "tq", "host": "192.0.2.1"},
    "wish": {"limit_a": 10.0},
}
"""The arguments of methods that need some; those with a card get its number."""


class Listened:
    """A box with all texts that its nodes publish, or answer."""

    def __init__(self, state_dir: Path, *settings: str) -> None:
        self.texts: set[str] = set()
        plan = load_plan(VIRTUAL_PLAN, ["plant.wander_percent=0", *settings])
        self.graph = closed_at_end(VirtualGraph(plan, 1, state_dir))
        self.graph.memory.tap(self._hear, repeats=False)
        self.graph.start_all()
        self.graph.advance(3.0)
        label = msgspec.json.decode((state_dir / LABEL_FILE).read_bytes(), type=Label)
        self.card = next(each.uid for each in label.rfid if each.color is CardColor.RED)

    def _hear(self, frame: bytes) -> None:
        topic, _, body = unpack(frame)
        if topic in HEARTBEAT_NAMES:  # each has the last line of the log, and no page shows it
            return
        self.texts.update(_texts(msgspec.msgpack.decode(body)))

    def ask_all(self) -> None:
        """Send every request of the box once, the restart at last."""
        last = ("system", "restart")
        for key in (*(each for each in METHODS if each != last), last):
            row = METHODS[key]
            if row.is_act or row.server in NOT_ASKED or row.server not in self.graph.memory.running:
                continue
            given = dict(GIVEN.get(row.name, {}))
            of_card = {"uid": self.card, "token": self.card, "name": "Anna"}
            fields = row.arguments.__struct_fields__
            given |= {name: value for name, value in of_card.items() if name in fields}
            answer = self.graph.ask(row, msgspec.convert(given, row.arguments))
            self.texts |= {answer.reason, *answer.problems.values()}
            self.graph.advance(2.0)

    def act(self, name: str, **arguments: Any) -> None:
        act = ACTS[name]
        self.graph.act(act, msgspec.convert(arguments, act.arguments))
        self.graph.advance(3.0)


def _texts(value: Any) -> Iterator[str]:
    """Return all texts in a message."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("required", ["true", "false"])
def test_no_text_for_a_person_has_a_path_or_an_error_of_the_system(
    tmp_path: Path, refusal: Refusal, required: str
) -> None:
    box = Listened(tmp_path, f"factory.authorization.required={required}")
    box.graph.refuse_writes(refusal)
    box.act("plug")
    box.act("ready")
    box.act("tap", uid=box.card)
    box.ask_all()
    box.act("tap", uid=box.card)
    for node in ("session", "safety", "rfid", "system", "meter"):
        box.graph.restart(node)
        box.graph.advance(3.0)
    box.act("pull")
    box.graph.refuse_writes(None)
    is_full = refusal is Refusal.NEW_BLOCKS
    why = f"the disk of the box is {'full' if is_full else 'read-only'}"
    assert any(text.startswith(f"Nothing was changed: {why}. Try again;") for text in box.texts)
    assert why in box.texts  # session/status.unrecorded
    wrong = {
        text for text in box.texts if str(tmp_path) in text or any(each in text for each in INSIDE)
    }
    assert wrong == set()
