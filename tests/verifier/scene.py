"""A graph with an observer, for given acts, and changes of its nodes that make it wrong."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.generations import read_valid_or_raise
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.card import CardColor
from msgs.label import LABEL_FILE, Label
from msgs.methods import PLUG, READY, TAP
from msgs.plant import Tap
from msgs.requests import NoArguments
from tests.box import AS_DELIVERED, NO_CARD
from tests.closing import closed_at_end
from verifier.injector import FaultInjector
from verifier.invariants import Broken
from verifier.observer import Observer


def but(thing: Any, **changes: Any) -> Any:
    """Return a value with some fields changed."""
    if isinstance(thing, msgspec.Struct):
        return msgspec.structs.replace(thing, **changes)
    return dataclasses.replace(thing, **changes)


def step_then(
    module: Any, patch: pytest.MonkeyPatch, change: Callable[[Any, Any, Any], Any]
) -> None:
    """Change the outputs of a node's machine: `change(state, inputs, outputs)`."""
    real = module.step

    def step(*arguments: Any) -> tuple[Any, Any]:
        state, outputs = real(*arguments)
        return state, change(state, arguments[-1], outputs)

    patch.setattr(module, "step", step)


class Scene:
    """A graph with an observer and an injector, for given acts."""

    def __init__(
        self, state_dir: Path, needs_card: bool = False, authorization: str = NO_CARD
    ) -> None:
        self.broken: list[Broken] = []
        plan = load_plan(VIRTUAL_PLAN, [authorization])
        self.graph = closed_at_end(VirtualGraph(plan, seed=1, state_dir=state_dir))
        self.observer = Observer(
            self.graph.memory,
            self.broken.append,
            lambda: None,
            dip_a=32.0,
            fuse_a=35.0,
            needs_card=needs_card,
        )
        self.graph.start_all()
        self.injector = FaultInjector(self.graph, self.observer, 1, self._on_crash)
        self._state_dir = state_dir

    def _on_crash(self, node: str, error: Exception) -> None:
        raise error

    def tap(self, color: CardColor = CardColor.RED) -> None:
        """Present a card of the box."""
        label = read_valid_or_raise(self._state_dir / LABEL_FILE, Label)
        assert label is not None
        uid = next(card.uid for card in label.rfid if card.color is color)
        self.graph.act(TAP, Tap(uid=uid))

    def charge(self, *, taps: bool = False) -> None:
        """Have a vehicle charged, with a card if one is needed."""
        self.graph.act(PLUG, NoArguments())
        self.graph.act(READY, NoArguments())
        if taps:
            self.tap()
        self.graph.advance(12.0)
        assert max(self.observer.seen.drawn_a) > 6.0

    def names(self) -> set[str]:
        """Return the invariants that were broken."""
        return {broken.name for broken in self.broken}


class CardScene(Scene):
    """The same with a box that requires a card."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir, needs_card=True, authorization=AS_DELIVERED)

    def charge(self, *, taps: bool = True) -> None:
        """Have a vehicle charged with the red card."""
        super().charge(taps=taps)
