"""What is configured, and what may be changed of it. Pure: the file is read and written elsewhere.

A change is judged as a whole, against what holds at that moment: the values by themselves, then
what is locked, then what does not go together, then whether the box may be configured now.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from msgs.led import Color, Effect, LedFrame
from msgs.session import SessionStatus
from msgs.settings import Settings, problems
from nodes.system.locks import Locks
from nodes.system.tree import Flat, SettingError, check, flatten, unflatten

NOT_BEGUN = "the launch file has not been heard yet: launch does not answer"


class Config(Struct, frozen=True, kw_only=True):
    """What does not change while the node runs."""

    ssid: str  # of the hotspot, as it stands on the label
    manufacturers: frozenset[str]  # the meter maps that there are


class State(Struct, frozen=True, kw_only=True):
    """What is set. `locks` None: not known yet, and nothing is said before."""

    stored: Flat = {}
    foreign: Flat = {}  # in the file and not understood: kept there, and no use made of it
    locks: Locks | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """What the others say; None: nothing, or nothing fresh."""

    session: SessionStatus | None
    led: LedFrame | None


class RefusedError(Exception):
    """Raised when a change will not be made; `problems` says why: a key, and what was expected."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(lines_of(problems)))
        self.problems = dict(problems)


def lines_of(problems: Mapping[str, str]) -> tuple[str, ...]:
    """Return problems as lines for a person."""
    return tuple(f"{key}: {problem}" for key, problem in problems.items())


def begin(config: Config, content: Mapping[str, Any]) -> tuple[State, dict[str, str]]:
    """Return the state that a file's content leads to, and by key what is not understood in it.

    A later version may have written more than this one knows: nothing of it is lost.
    """
    stored: dict[str, Any] = {}
    foreign: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for key, value in flatten(content).items():
        try:
            check(key, value, config.manufacturers)
        except SettingError as error:
            foreign[key] = value
            wrong[key] = error.problem
        else:
            stored[key] = value
    return State(stored=stored, foreign=foreign), wrong


def deliver(config: Config, factory: Mapping[str, Any]) -> State:
    """Return the state of a box as it is delivered, with the settings of its plan.

    :raises RefusedError: they are wrong, by themselves or together.
    """
    state, unknown = begin(config, factory)
    wrong = unknown or problems(settings_of(config, state))
    if wrong:
        raise RefusedError(wrong)
    return state


def settings_of(config: Config, state: State) -> Settings:
    """Return what holds: the defaults, what is stored over them, what is locked over both."""
    locks = state.locks or Locks()
    tree = unflatten({**state.stored, **locks.values})
    settings = msgspec.convert({**tree, "locked": locks.keys}, Settings)
    if settings.hotspot.ssid:
        return settings
    return replace(settings, hotspot=replace(settings.hotspot, ssid=config.ssid))


def content_of(state: State) -> dict[str, Any]:
    """Return what the file holds: what was set, and what is not understood."""
    return unflatten({**state.foreign, **state.stored})


def change(config: Config, state: State, changes: Mapping[str, Any], facts: Facts) -> State:
    """Return the state after a change.

    :raises RefusedError: it will not be made, not in part either.
    """
    locked = () if state.locks is None else state.locks.keys
    wanted = flatten(changes)
    wrong: dict[str, str] = {}
    for key, value in wanted.items():
        try:
            check(key, value, config.manufacturers)
        except SettingError as error:
            wrong[key] = error.problem
            continue
        if key in locked:
            wrong[key] = "locked: given by the launch file or --set"
    if wrong:
        raise RefusedError(wrong)
    after = replace(state, stored={**state.stored, **wanted})
    old, new = settings_of(config, state), settings_of(config, after)
    # A clash that the launch file has brought about stands; this change is not to blame for it.
    before = problems(old)
    clashes = {key: each for key, each in problems(new).items() if before.get(key) != each}
    if new.authorization != old.authorization and (refusal := _refusal_to_authorize(facts)):
        clashes["authorization.required"] = refusal
    if clashes:
        raise RefusedError(clashes)
    return after


def _refusal_to_authorize(facts: Facts) -> str:
    """Return why the authorisation is not to be configured now (RFID-7); "" if it is."""
    if facts.session is None:
        return "it is not known whether a vehicle is plugged: session is silent"
    if facts.session.plugged:
        return "expected no vehicle to be plugged; unplug it first"
    if facts.led is None:
        return "it is not known whether the charge-mode indicator is blue: led is silent"
    if facts.led.mode.color is not Color.BLUE or facts.led.mode.effect is Effect.OFF:
        return "expected the charge-mode indicator to be blue"
    return ""
