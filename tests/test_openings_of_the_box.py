"""Each opening of the contactor has one line in the log, which names the one cause.

The whole simulated box in a charge. One node is stopped or killed, or the messages of one topic are
lost on their way to one reader, for a time. What is silent is named, and nothing else is.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from nodes.safety.opening import DROPPED, OPENED
from tests.box import Box

LEAST_S, MOST_S = 0.01, 9.0
SEEN_S = 0.2  # from an opening to the look that sees it
OVER_S = 8.0  # after this time nothing that was silent has an effect any more

# What the log may call the cause, by the node that is silent.
NAMED = {
    "plant": ("the box's own sensors are silent", "the CP line could not be read"),
    "safety": ("own cycle late", "safety has been silent"),
    "pilot": ("the pilot node is silent",),
    "session": ("the session node is silent", "session has been silent"),
    "load_manager": ("load_manager has been silent",),
    "meter": ("the box meter is silent",),
    "drive": (DROPPED,),
    "chip": ("the box's meter chip is silent",),
}
ENOUGH_S = {"plant": 0.2, "safety": 1.5, "pilot": 1.5, "drive": 1.5, "chip": 6.0, "meter": 7.0}
ENOUGH_S |= {"session": 4.0, "load_manager": 4.0}  # to open, or to have the vehicle asked to stop
BYSTANDERS = ("led", "rfid", "system", "dcs")


class Trouble(NamedTuple):
    """What is wrong for a time."""

    how: str  # stop, kill, or the topic that is lost
    who: str  # the node; of a lost topic: writer and reader
    named: str  # a key of `NAMED`; "": it opens nothing


STOPS = tuple(
    Trouble(how, node, node)
    for how in ("stop", "kill")
    for node in ("plant", "safety", "pilot", "session", "load_manager", "meter")
    if (how, node) != ("kill", "plant")  # the next world has no vehicle
)
LINKS = (
    Trouble("sim/signals", "plant safety", "plant"),
    Trouble("sim/signals", "plant pilot", "plant"),
    Trouble("sim/power", "plant safety", "chip"),
    Trouble("sim/contactor_drive", "safety plant", "drive"),
    Trouble("safety/status", "safety pilot", "safety"),
    Trouble("pilot/status", "pilot safety", "pilot"),
    Trouble("session/status", "session safety", "session"),
    Trouble("session/status", "session pilot", "session"),
    Trouble("load/offer", "load_manager pilot", "load_manager"),
    Trouble("meter/box", "meter safety", "meter"),
)
HARMLESS = tuple(Trouble(how, node, "") for how in ("stop", "kill") for node in BYSTANDERS)


class Charge:
    """A box that charges, and what it says about each opening."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.box = Box(folder, seed=seed)
        self.opened = 0  # in the last trouble

    def begin(self, *, runs: bool) -> None:
        """Have a vehicle ask for energy; a new one if the one before has used its retries."""
        box = self.box
        if box.faults or box.retries:
            box.act("unplug")
            box.wait(lambda: box.is_out and not box.faults)
            box.advance(2.0)
        if box.is_out:
            box.act("plug")
            box.act("ready")
        if runs:
            box.wait(lambda: box.is_drawing and box.phase == "closed")
            box.advance(1.0)

    def suffer(self, trouble: Trouble, seconds: float, over_s: float = OVER_S) -> None:
        """Let one thing be wrong for a time, and check what was said about it."""
        box = self.box
        began_s = box.now_s
        end = self._begin(trouble)
        box.advance(seconds)
        end()
        box.advance(over_s)
        openings = sum(name == "coil_off" and at_s >= began_s for name, at_s, _ in box.events)
        self.opened = openings
        said = box.lines_of("safety", "pilot", since_s=began_s)
        lines = [line for line in said if line.startswith(OPENED)]
        about = f"{trouble}, {seconds:.2f} s: {openings} openings, {said}"
        if (trouble.how, trouble.who) != ("kill", "safety"):  # of which the supervisor says so
            unseen = trouble.how == "stop" and trouble.who == "plant"  # a coil that is never on
            assert openings <= len(lines) <= openings + unseen, about
            assert not lines or self._causes(said) == {trouble.named}, about
        assert trouble.named or not lines, about

    def _begin(self, trouble: Trouble) -> Callable[[], None]:
        box = self.box
        match trouble.how:
            case "stop":
                box.suspend(trouble.who)
                return lambda: box.resume(trouble.who)
            case "kill":
                box.kill(trouble.who)
                return lambda: box.start(trouble.who)
            case topic:
                writer, reader = trouble.who.split()
                return box.lose(writer, topic, reader)

    def _causes(self, said: list[str]) -> set[str]:
        return {
            cause
            for cause, names in NAMED.items()
            if any(name in line for name in names for line in said)
        }


@pytest.mark.parametrize("troubles", [STOPS[:6], LINKS[:5], LINKS[5:]], ids=["stop", "a", "b"])
def test_an_opening_names_what_was_silent(troubles: tuple[Trouble, ...], tmp_path: Path) -> None:
    charge = Charge(tmp_path, seed=1)
    for trouble in troubles:
        charge.begin(runs=True)
        charge.suffer(trouble, ENOUGH_S[trouble.named], over_s=2.0)
        assert charge.opened, trouble
        if "safety" not in trouble.who.split()[:1]:  # it saw the opening when it happened
            off_s = max(at_s for name, at_s, _ in charge.box.events if name == "coil_off")
            status = charge.box.said("safety/status")
            assert status["opened"], trouble
            assert abs(status["opened_ns"] / 1e9 - off_s) < SEEN_S, trouble


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_silent_for_however_long_each_opening_has_one_cause(
    seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    charge = Charge(tmp_path, seed + 1)
    for _ in range(15):
        charge.begin(runs=dice.random() < 0.7)
        charge.box.advance(dice.uniform(0.0, 10.0))
        trouble = dice.choice((*STOPS, *LINKS, *HARMLESS))
        charge.suffer(trouble, LEAST_S * (MOST_S / LEAST_S) ** dice.random())
