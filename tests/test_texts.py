"""No decision depends on a text: with every text empty a node does the same, and publishes less.

The whole virtual box runs at random. Beside each step of a machine another one is made
of the same state and inputs with all their texts empty; what comes out is the same but for texts.
"""

import dataclasses
import random
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

import nodes.led.key_actions
import nodes.led.node
import nodes.load_manager.node
import nodes.meter.link
import nodes.pilot.node
import nodes.rfid.node
import nodes.safety.node
import nodes.session.node
from bus import Answer
from launch.virtual import ActError
from msgs.card import CardColor
from msgs.plant import SimFault
from msgs.safety import FaultCode
from msgs.units import Text
from nodes.meter.machine import PollOutcome
from tests.box import NO_CARD, Box
from tests.builders import fault_record

STEPS: tuple[tuple[ModuleType, str], ...] = (
    (nodes.safety.node, "step"),
    (nodes.session.node, "step"),
    (nodes.session.node, "refusal_to_end"),
    (nodes.rfid.node, "step"),
    (nodes.rfid.node, "erase"),
    (nodes.rfid.node, "rename"),
    (nodes.pilot.node, "step"),
    (nodes.load_manager.node, "step"),
    (nodes.led.node, "step"),
    (nodes.led.key_actions, "step"),
    (nodes.meter.link, "step"),
)
# Texts that are not declared as such.
OTHERS = {(Answer, "reason"), (PollOutcome, "error")}
LOGS = ("log", "lines")  # outputs for the log: level and text
SURELY_BLANKED = (
    "nodes.safety.node.step",
    "nodes.session.node.step",
    "nodes.load_manager.node.step",
    "nodes.led.node.step",
)
RUN_S = 60.0


class Blanking:
    """Empties texts; the same object becomes the same one, since machines compare by identity."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, Any]] = {}
        self.count = 0  # texts that were not empty

    def __call__(self, value: Any, is_text: bool = False) -> Any:
        if isinstance(value, str):
            if not is_text:
                return value
            self.count += value != ""
            return ""
        if id(value) not in self._known:
            self._known[id(value)] = (value, self._blanked(value, is_text))
        return self._known[id(value)][1]

    def _blanked(self, value: Any, is_text: bool) -> Any:
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            found = tuple(self(one, is_text) for one in value)
            return found if any(a is not b for a, b in zip(found, value, strict=True)) else value
        if isinstance(value, Mapping):
            inner = {key: self(one, is_text) for key, one in value.items()}
            return inner if any(inner[key] is not one for key, one in value.items()) else value
        if not isinstance(value, msgspec.Struct) and not dataclasses.is_dataclass(value):
            return value
        changes = {}
        kind: Any = type(value)
        for name, is_one in _fields(kind).items():
            before = getattr(value, name)
            after = self(before, is_one)
            if after is not before:
                changes[name] = after
        return _changed(value, changes) if changes else value


def _changed(value: Any, changes: dict[str, Any]) -> Any:
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **changes)
    return dataclasses.replace(value, **changes)


@cache
def _fields(kind: Any) -> dict[str, bool]:
    """Return the fields of a class, and which of them hold texts."""
    hints = get_type_hints(kind, include_extras=True)
    if issubclass(kind, msgspec.Struct):
        names = kind.__struct_fields__
    else:
        names = tuple(field.name for field in dataclasses.fields(kind))
    return {name: _is_text(hints[name]) or (kind, name) in OTHERS for name in names}


def _is_text(hint: Any) -> bool:
    return hint == Text or (
        get_origin(hint) is not None and any(_is_text(each) for each in get_args(hint))
    )


def _done(result: Any) -> list[Any]:
    """Return what a step has done: without texts, and of the log the levels alone."""
    blank = Blanking()
    parts = []
    for part in map(blank, result if isinstance(result, tuple) else (result,)):
        changes = {
            name: tuple((level, "") for level, _ in getattr(part, name))
            for name in LOGS
            if hasattr(part, name)
        }
        parts.append(_changed(part, changes) if changes else part)
    return parts


class Checked:
    """A step that is made a second time, without texts."""

    def __init__(self, name: str, step: Callable[..., Any]) -> None:
        self.name = name
        self._step = step
        self.blanked = 0  # steps whose arguments had a text

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._step(*args, **kwargs)
        blank = Blanking()
        again = self._step(*map(blank, args), **kwargs)
        assert _done(again) == _done(result), self.name
        self.blanked += blank.count > 0
        return result


def run_at_random(box: Box, seed: int) -> None:
    """Do what comes to mind, for a while."""
    dice = random.Random(seed)
    faults = list(SimFault)
    until_s = box.now_s + RUN_S
    cards = [box.card(color) for color in CardColor if color is not CardColor.NONE]
    acts: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
        *((name, dict[str, Any]) for name in ("plug", "plug", "ready", "ready", "full")),
        *((name, dict[str, Any]) for name in ("unplug", "pull", "touch")),
        ("tap", lambda: {"uid": dice.choice([*cards, "04112233445566", "AB"])}),
        ("tap", lambda: {"uid": cards[0], "others": [cards[1]]}),
        ("house", lambda: {"current_a": [dice.choice((2.0, 20.0, 34.0))] * 3}),
        ("power", lambda: {"on": dice.random() < 0.7}),
        ("fault", lambda: {"name": dice.choice(faults)}),
        ("clear", lambda: {"name": dice.choice(faults)}),
        ("service", lambda: {"seconds": dice.choice((3.0, 7.0))}),
    )
    asks: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("session", "end", {"reason": "the test"}),
        ("session", "wish", {"pause": True}),
        ("session", "wish", {"limit_a": 10.0}),
        ("session", "wish", {}),
        ("rfid", "rename", {"uid": cards[1], "name": "Anna"}),
        ("rfid", "rename", {"uid": cards[1], "name": " "}),
    )
    while box.now_s < until_s:
        box.advance(dice.choice((0.1, 0.7, 3.0, 8.0)))
        if dice.random() < 0.15:
            for fault in faults:
                box.act("clear", {"name": fault})
            box.act("power", {"on": True})
        try:
            if dice.random() < 0.15:
                box.send(*dice.choice(asks))
            elif dice.random() < 0.05:
                box.restart(dice.choice(("safety", "session", "rfid", "pilot", "load_manager")))
            else:
                method, arguments = dice.choice(acts)
                box.act(method, arguments())
        except ActError:  # there is no vehicle to do it with
            continue


@pytest.mark.parametrize("seed", range(4))
def test_with_every_text_empty_a_node_does_the_same(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = []
    for module, name in STEPS:
        checked = Checked(f"{module.__name__}.{name}", getattr(module, name))
        monkeypatch.setattr(module, name, checked)
        checks.append(checked)
    box = Box(tmp_path, "session.authorization=true" if seed % 2 else NO_CARD, seed=seed)
    run_at_random(box, seed)
    for checked in checks:
        if checked.name in SURELY_BLANKED:
            assert checked.blanked > 0, checked.name


def test_the_check_sees_a_text_that_decides() -> None:
    fault = fault_record(FaultCode.RED, remedy="")
    Checked("by code", lambda record: record.code is FaultCode.RED)(fault)
    with pytest.raises(AssertionError):
        Checked("by text", lambda record: bool(record.detail))(fault)
