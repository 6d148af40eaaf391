"""The scripts of the recorded runs: timed acts on a whole virtual box. Data, made from fixed seeds.

A script names acts, nodes and settings only, so that it stays the same while the code changes.
Times are seconds of virtual time since the start of the graph.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parents[3] / "shared" / "data" / "house_live_power_1s.csv"
NO_CARD = "session.authorization=false"
FUSE_25 = "load_manager.main_fuse_a=25"
RANDOM_RUNS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act: `verb` is a method of `tests.runs.record.Stage`."""

    at_s: float
    verb: str
    words: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One run: arguments of `--set`, the steps, and its length."""

    name: str
    settings: tuple[str, ...]
    steps: tuple[Step, ...]
    length_s: float
    house: tuple[int, int] | None = None  # lines of the recorded house that are played
    absent: tuple[str, ...] = ()  # nodes that do not run when the box starts


class _Writer:
    """Steps one after the other: `wait` moves the time of the next one."""

    def __init__(self) -> None:
        self.now_s = 2.0
        self.steps: list[Step] = []

    def wait(self, seconds: float) -> None:
        self.now_s = round(self.now_s + seconds, 3)

    def act(self, method: str, after_s: float = 0.0, **arguments: Any) -> None:
        self.do("act", after_s, method=method, arguments=arguments)

    def ask(self, node: str, method: str, after_s: float = 0.0, **arguments: Any) -> None:
        self.do("ask", after_s, node=node, method=method, arguments=arguments)

    def do(self, verb: str, after_s: float = 0.0, **words: Any) -> None:
        self.steps.append(Step(at_s=self.now_s, verb=verb, words=words))
        self.wait(after_s)

    def charge(self, seconds: float) -> None:
        self.act("plug", 0.7)
        self.act("ready", seconds)

    def leave(self, seconds: float = 12.0) -> None:
        self.act("unplug", seconds)


def scripts() -> tuple[Script, ...]:
    """Return all scripts, always the same."""
    return tuple(_scripts())


def _scripts() -> Iterator[Script]:
    yield _script("charge_and_unplug", _charge_and_unplug, NO_CARD)
    yield _script(
        "one_phase", _charge_and_unplug, NO_CARD, "plant.vehicle_phases=1", "plant.dip_a=16"
    )
    yield _script("pulled_and_full", _pulled_and_full, NO_CARD, "plant.dip_a=20")
    for number, faults in enumerate(_FAULTS, 1):
        yield _script(f"faults_{number}", _broken_with(faults), NO_CARD)
    yield _script("cards", _cards)
    yield _script("teaching", _teaching)
    yield _script("restarts", _restarts, NO_CARD)
    yield _script("deaths", _deaths, NO_CARD, FUSE_25)
    yield _script("begins_anew", _begins_anew)
    yield _script("house", _house, NO_CARD, FUSE_25, house=(420, 620))
    yield _script("house_and_lost_meter", _lost_meter, NO_CARD, FUSE_25, house=(2850, 3050))
    for seed in range(RANDOM_RUNS):
        chance = random.Random(f"lives/{seed}")
        settings = _random_settings(chance, is_card_needed=seed % 2 == 1)
        yield _script(f"random_{seed}", _random(chance), *settings)


def random_run(seed: int, length_s: float) -> Script:
    """Return a script of random acts of every kind, one after the other."""
    chance = random.Random(f"random life/{seed}")
    steps = _Writer()
    steps.wait(chance.uniform(0.0, 3.0))
    while steps.now_s < length_s:
        _anything(steps, chance)
    absent, starts = _latecomers(seed)
    return Script(
        name=f"random_life_{seed}",
        settings=_random_settings(chance, is_card_needed=seed % 2 == 1),
        steps=tuple(sorted([*steps.steps, *starts], key=lambda step: step.at_s)),
        length_s=steps.now_s + 1.0,
        absent=absent,
    )


def _latecomers(seed: int) -> tuple[tuple[str, ...], list[Step]]:
    """Return the nodes that are absent at first in one of three scripts, and their starts."""
    chance = random.Random(f"latecomers/{seed}")
    if seed % 3 != 1:
        return (), []
    absent = tuple(chance.sample(_ANY_LATE, chance.choice((1, 2, 3, len(_ANY_LATE)))))
    return absent, [
        Step(
            at_s=chance.choice((2.0, chance.uniform(0.1, 30.0))), verb="start", words={"node": node}
        )
        for node in absent
    ]


def _random_settings(chance: random.Random, *, is_card_needed: bool) -> tuple[str, ...]:
    return (
        f"session.authorization={'true' if is_card_needed else 'false'}",
        f"load_manager.main_fuse_a={chance.choice((20, 25, 35))}",
        f"plant.vehicle_phases={chance.choice((1, 2, 3))}",
        f"plant.dead_time_s={round(chance.uniform(0.2, 4.0), 3)}",
    )


_FAULTS = (
    ("no_diode", "cp_short", "cp_mid", "cp_open"),
    ("weld",),
    ("no_close", "rcm_ac", "rcm_dc", "rcm_test"),
    ("sag", "swell", "overcurrent", "spi_stuck"),
    ("pe_open", "hot"),
)


def _script(
    name: str,
    write: Callable[[_Writer], None],
    *settings: str,
    house: tuple[int, int] | None = None,
) -> Script:
    writer = _Writer()
    write(writer)
    return Script(
        name=name,
        settings=settings,
        steps=tuple(writer.steps),
        length_s=writer.now_s + 3.0,
        house=house,
    )


def _charge_and_unplug(steps: _Writer) -> None:
    steps.charge(40.0)
    steps.act("house", 20.0, current_a=[18.0, 4.0, 4.0])
    steps.act("sun", 10.0, power_w=6000.0)
    steps.act("house", 40.0, current_a=[2.0, 2.0, 2.0])
    steps.ask("session", "wish", 8.0, limit_a=10.0)
    steps.ask("session", "wish", 8.0, pause=True)
    steps.ask("session", "wish", 15.0, limit_a=None)
    steps.leave()
    steps.ask("session", "sessions", 1.0)


def _pulled_and_full(steps: _Writer) -> None:
    steps.charge(20.0)
    steps.act("pull", 5.0)
    steps.charge(20.0)
    steps.act("full", 20.0)
    steps.act("ready", 15.0)
    steps.act("power", 3.0, on=False)
    steps.act("power", 20.0, on=True)
    steps.ask("session", "end", 10.0, reason="lives")
    steps.leave()


def _broken_with(faults: tuple[str, ...]) -> Callable[[_Writer], None]:
    def write(steps: _Writer) -> None:
        for name in faults:
            steps.charge(16.0)
            steps.act("fault", 12.0, name=name)
            steps.act("clear", 14.0, name=name)
            steps.leave(3.0)
            steps.act("pull", 4.0)
        steps.act("power", 3.0, on=False)
        steps.act("power", 5.0, on=True)
        steps.charge(15.0)

    return write


def _cards(steps: _Writer) -> None:
    steps.do("card", 3.0, color="red")
    steps.charge(20.0)
    steps.do("card", 8.0, color="blue")
    steps.do("card", 10.0, color="red")
    steps.do("card", 12.0, color="green")
    steps.leave()
    steps.act("tap", 4.0, uid="0ABCDEF1")
    steps.act("plug", 3.0)
    steps.do("card", 70.0, color="white")
    steps.act("ready", 8.0)
    steps.act("touch", 2.0)
    steps.leave()
    steps.ask("rfid", "cards", 1.0)


def _teaching(steps: _Writer) -> None:
    steps.do("card", 2.0, color="white")
    steps.act("tap", 2.0, uid="04A1B2C3D4E5F6")
    steps.do("card", 4.0, color="white")
    steps.act("tap", 3.0, uid="04A1B2C3D4E5F6")
    steps.charge(20.0)
    steps.leave()
    steps.act("fault", 4.0, name="reader_dead")
    steps.act("clear", 3.0, name="reader_dead")
    steps.act("service", 10.0, seconds=3.0)
    steps.do("restart_all_if_wanted", 5.0)
    steps.ask("rfid", "cards", 1.0)


_RESTARTED = ("pilot", "session", "load_manager", "meter", "led", "rfid", "system", "safety")


def _restarts(steps: _Writer) -> None:
    steps.charge(16.0)
    for node in _RESTARTED:
        steps.do("restart", 5.0, node=node)
    steps.wait(15.0)
    steps.leave()


def _deaths(steps: _Writer) -> None:
    steps.charge(16.0)
    for node in _RESTARTED:
        steps.do("kill", 0.7, node=node)
        steps.do("start", 6.0, node=node)
    steps.wait(20.0)
    for node in ("safety", "pilot", "session", "load_manager"):
        steps.do("suspend", 2.0, node=node)
        steps.do("resume", 10.0, node=node)
    steps.wait(15.0)
    steps.act("pull", 4.0)


def _begins_anew(steps: _Writer) -> None:
    steps.do("card", 2.0, color="green")
    steps.charge(15.0)
    steps.ask("system", "restart", 3.0, reason="lives")
    steps.do("restart_all_if_wanted", 6.0)
    steps.do("card", 25.0, color="green")
    steps.leave()
    steps.ask("system", "set", 2.0, changes={"authorization.required": False})
    steps.charge(15.0)
    steps.leave()


def _house(steps: _Writer) -> None:
    steps.charge(200.0)


def _lost_meter(steps: _Writer) -> None:
    steps.charge(60.0)
    steps.act("fault", 30.0, name="meter_lost")
    steps.do("restart", 20.0, node="load_manager")
    steps.act("clear", 30.0, name="meter_lost")
    steps.do("restart", 40.0, node="meter")


_MIDWAY = ("house", "sun", "fault", "restart", "kill", "wish", "power", "full", "card", "pull")
_PASSING = ("cp_mid", "rcm_ac", "sag", "spi_stuck", "meter_lost", "overcurrent", "no_close")


def _random(chance: random.Random) -> Callable[[_Writer], None]:
    def write(steps: _Writer) -> None:
        for _ in range(2):
            steps.do("card", chance.uniform(0.5, 6.0), color=chance.choice(("red", "green")))
            steps.charge(chance.uniform(2.0, 25.0))
            for _ in range(5):
                _midway(steps, chance)
            steps.leave()
            steps.act("pull", chance.uniform(1.0, 5.0))

    return write


def _midway(steps: _Writer, chance: random.Random) -> None:
    after_s = chance.uniform(0.5, 12.0)
    match chance.choice(_MIDWAY):
        case "house":
            loads_a = [round(chance.uniform(0.0, 24.0), 1) for _ in range(3)]
            steps.act("house", after_s, current_a=loads_a)
        case "sun":
            steps.act("sun", after_s, power_w=round(chance.uniform(0.0, 9000.0)))
        case "fault":
            name = chance.choice(_PASSING)
            steps.act("fault", after_s, name=name)
            steps.act("clear", chance.uniform(1.0, 12.0), name=name)
        case "restart":
            steps.do("restart", after_s, node=chance.choice(_RESTARTED))
        case "kill":
            node = chance.choice(_RESTARTED)
            steps.do("kill", chance.uniform(0.05, 2.0), node=node)
            steps.do("start", after_s, node=node)
        case "wish":
            steps.ask("session", "wish", after_s, limit_a=round(chance.uniform(0.0, 32.0), 1))
        case "power":
            steps.act("power", chance.uniform(0.1, 3.0), on=False)
            steps.act("power", after_s, on=True)
        case "full":
            steps.act("full", after_s)
            steps.act("ready", chance.uniform(0.5, 4.0))
        case "card":
            steps.do("card", after_s, color=chance.choice(("red", "green", "blue", "white")))
        case _:
            steps.act("pull", chance.uniform(0.2, 2.0))
            steps.charge(after_s)


_KNOWN_UID = "04A1B2C3D4E5F6"
_ANYTHING = (
    *(
        "charge",
        "charge",
        "plug",
        "leave",
        "touch",
        "service",
        "tap",
        "suspend",
        "end",
        "set",
        "clock",
    ),
    *_MIDWAY,
)
_ANY_FAULT = (*(name for faults in _FAULTS for name in faults), "meter_lost", "reader_dead")
_ANY_NODE = (*_RESTARTED, "plant")
_ANY_LATE = tuple(node for node in _ANY_NODE if node != "system")  # which makes the label
_WISHES: tuple[dict[str, Any], ...] = (
    {"limit_a": 8.5},
    {"limit_a": 0.0, "for_s": 10.0},
    {"pause": True, "for_s": 40.0},
    {"limit_a": 12.0, "until_replaced": True},
    {"pause": True, "until_utc_ns": 1_767_225_660_000_000_000},  # a minute after the graph began
    {},
)
_PATIENCE = 0.04
_KEY_S = (0.01, 0.3, 1.99, 2.5, 4.0, 6.1)


def _anything(steps: _Writer, chance: random.Random) -> None:
    after_s = chance.choice((0.05, 1.0, 5.0, chance.uniform(0.0, 2.0), chance.uniform(2.0, 15.0)))
    if chance.random() < _PATIENCE:
        after_s = 70.0  # until what waits for a minute is over
    match chance.choice(_ANYTHING):
        case "charge":
            steps.charge(after_s)
        case "plug":
            steps.act("plug", after_s)
        case "leave":
            steps.leave(after_s)
        case "touch":
            steps.act("touch", after_s)
        case "service":
            steps.act("service", chance.uniform(0.0, 2.0), seconds=chance.choice(_KEY_S))
            steps.do("restart_all_if_wanted", after_s)
        case "tap":
            steps.act("tap", after_s, uid=_KNOWN_UID)
        case "fault":
            name = chance.choice(_ANY_FAULT)
            steps.act("fault", after_s, name=name)
            steps.act("clear", chance.uniform(0.0, 6.0), name=name)
        case "suspend":
            node = chance.choice(_ANY_NODE)
            steps.do("suspend", chance.choice((0.005, 0.06, 0.5, 1.2, 4.0)), node=node)
            steps.do("resume", after_s, node=node)
        case "kill":
            node = chance.choice(_ANY_NODE)
            steps.do("kill", chance.choice((0.0, 0.3, 1.1, 4.0, 6.5)), node=node)
            steps.do("start", after_s, node=node)
        case "end":
            steps.ask("session", "end", after_s, reason="lives")
        case "clock":
            steps.do("set_clock", after_s, by_s=chance.choice((-3600.0, -2.0, 0.01, 30.0, 86400.0)))
        case "wish":
            steps.ask("session", "wish", after_s, **chance.choice(_WISHES))
        case "set":
            is_needed = chance.random() < 0.5
            steps.ask("system", "set", after_s, changes={"authorization.required": is_needed})
        case _:
            _midway(steps, chance)
