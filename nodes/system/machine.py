"""What is configured, and what may be changed of it. Pure: the file is read and written elsewhere.

Later beats earlier: default, factory, stored, given. While nothing of what was stored can be read,
`msgs.settings.UNKNOWN` lies in its place. A change is judged as a whole, against what
holds at that moment: the values by themselves, then what is locked, then what does not go together,
then whether the box may be configured now.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from msgs.led import Color, Effect, LedFrame
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus
from msgs.setting_keys import LEAVES, Flat, SettingError, check, flatten, shown, unflatten
from msgs.settings import METER_LINES, UNKNOWN, PhaseAssignment, Settings, problems
from msgs.stored import Stored
from nodes.system import words
from nodes.system.words import Refusal


class Config(Struct, frozen=True, kw_only=True):
    """What does not change while the node runs."""

    ssid: str  # of the hotspot, as it stands on the label
    manufacturers: frozenset[str]  # the meter maps that there are
    factory: Flat = {}  # what the box is delivered with
    given: Flat = {}  # by [settings] of the launch file or --set: locked


class State(Struct, frozen=True, kw_only=True):
    """What is set."""

    stored: Flat = {}
    foreign: Flat = {}  # in the file and not understood: kept there, and no use made of it
    known: Stored = Stored.CURRENT  # how well what is stored is known


class Facts(Struct, frozen=True, kw_only=True):
    """What the others say; None: nothing, or nothing fresh."""

    safety: SafetyStatus | None
    session: SessionStatus | None
    led: LedFrame | None


class RefusedError(Exception):
    """Raised when a change will not be made; `problems` says by key what was expected."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(words.lines_of(problems)))
        self.problems = dict(problems)


def wrong_in_plan(
    factory: Mapping[str, Any], given: Mapping[str, Any], manufacturers: Iterable[str]
) -> str | None:
    """Return the first that is wrong in what the launch file gives, its key first; None if nothing.

    What the factory brings together has to go together. What is given may clash with what is stored
    or delivered: that is logged, for it must not keep a box from starting.
    """
    for tree, flat in (("factory", flatten(factory)), ("settings", flatten(given))):
        for key, value in flat.items():
            try:
                _check(key, value, manufacturers)
            except SettingError as error:
                return f"{tree}.{error}"
    clashes = problems(msgspec.convert(unflatten(flatten(factory)), Settings))
    lines = words.lines_of(words.expected(clashes))
    return f"factory.{lines[0]}" if lines else None


def begin(
    config: Config, content: Mapping[str, Any], known: Stored = Stored.CURRENT
) -> tuple[State, dict[str, str]]:
    """Return the state that a file's content leads to, and by key what is not understood in it.

    A later version may have written more than this one knows: nothing of it is lost.
    """
    stored: dict[str, Any] = {}
    foreign: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for key, value in flatten(content).items():
        try:
            _check(key, value, config.manufacturers)
        except SettingError as error:
            foreign[key] = value
            wrong[key] = error.problem
        else:
            stored[key] = value
    if known is Stored.LOST:
        stored = dict(UNKNOWN)
    return State(stored=stored, foreign=foreign, known=known), wrong


def settings_of(config: Config, state: State) -> Settings:
    """Return what holds."""
    tree = unflatten({**config.factory, **state.stored, **config.given})
    locked = tuple(key for key in LEAVES if key in config.given)
    settings = msgspec.convert({**tree, "locked": locked, "stored": state.known}, Settings)
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
    wanted = flatten(changes)
    wrong: dict[str, str] = {}
    for key, value in wanted.items():
        try:
            _check(key, value, config.manufacturers)
        except SettingError as error:
            wrong[key] = error.problem
            continue
        if key in config.given:
            wrong[key] = "locked: given by the launch file or --set"
    if wrong:
        raise RefusedError(wrong)
    after = replace(state, stored={**state.stored, **wanted}, known=Stored.CURRENT)
    old, new = settings_of(config, state), settings_of(config, after)
    # A clash that the launch file has brought about stands; this change is not to blame for it.
    before = problems(old)
    clashes = {key: each for key, each in problems(new).items() if before.get(key) != each}
    refused = words.expected(clashes)
    if new.authorization != old.authorization:
        refusal = _refusal_to_authorize(facts)
        if refusal is not None:
            refused["authorization.required"] = words.REFUSALS[refusal]
    if new.phase_assignment is not old.phase_assignment:
        fitting = _fitting(facts.safety)
        if new.phase_assignment not in fitting:
            refused["phase_assignment"] = words.phases(fitting, facts.safety)
    if refused:
        raise RefusedError(refused)
    return after


def lowers(config: Config, before: State, after: State) -> bool:
    """Return whether a change revokes or lowers something.

    Whatever is not known to allow more counts: a meter that is another one, phases, a network.
    """
    if before.known is not Stored.CURRENT:
        return True
    old = flatten(msgspec.to_builtins(settings_of(config, before)))
    return not all(
        _allows_more(key, old[key], value)
        for key, value in after.stored.items()
        if key not in before.stored or before.stored[key] != value
    )


def _allows_more(key: str, old: Any, new: Any) -> bool:
    match key:
        case "authorization.required" | "monitoring.enabled":
            return not new
        case "main_fuse_a":  # one that is not set is 6 A where the house is measured, else no limit
            return old is not None and new is not None and new >= old
        case _:
            return False


def _check(key: str, value: Any, manufacturers: Iterable[str]) -> None:
    """Check one value by itself.

    :raises SettingError: there is no such key or meter map, or the value is not of its kind.
    """
    check(key, value)
    if key.endswith(".manufacturer") and value and value not in manufacturers:
        maps = ", ".join(sorted(manufacturers))
        raise SettingError(key, f"expected one of {maps}; got {shown(value)}")


def _fitting(safety: SafetyStatus | None) -> tuple[PhaseAssignment, ...]:
    """Return the assignments that agree with the wired phases.

    One of a single phase is about a box of which only L1 is wired. What safety has not found out
    disagrees with nothing.
    """
    wired = (False, False, False) if safety is None else safety.wired_phases
    if not any(wired):
        return tuple(PhaseAssignment)
    lines = 1 if wired == (True, False, False) else 3
    return tuple(each for each in PhaseAssignment if len(METER_LINES[each]) == lines)


def _refusal_to_authorize(facts: Facts) -> Refusal | None:
    """Return why the authorisation is not to be configured now (RFID-7); None if it is."""
    if facts.session is None:
        return Refusal.SESSION_SILENT
    if facts.session.plugged:
        return Refusal.PLUGGED
    if facts.led is None:
        return Refusal.LED_SILENT
    if facts.led.mode.color is not Color.BLUE or facts.led.mode.effect is Effect.OFF:
        return Refusal.NOT_BLUE
    return None
