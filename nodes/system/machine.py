"""Merge the settings, and check changes of them. Pure: the file is read and written elsewhere.

In rising precedence: default, factory, stored, given. If the stored settings cannot be read,
`msgs.settings.UNKNOWN` replaces them. A change is checked as a whole against the present settings:
each value by itself, then what is locked, then contradictions, then whether the box may be
configured now.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from msgs.led import Color, Effect, LedFrame
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus
from msgs.setting_keys import (
    LEAVES,
    Flat,
    SettingError,
    check,
    flatten,
    shown,
    table_of,
    unflatten,
)
from msgs.setting_problems import problems
from msgs.settings import UNKNOWN, PhaseAssignment, Settings, fits
from msgs.stored import Stored
from nodes.system import words
from nodes.system.words import AuthorizationRefusal

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # of a clock that a person sets: this software's age
LATEST = datetime(2046, 1, 1, tzinfo=UTC)  # assumed: 20 years after it
LOST = "lost"  # of the file: the keys of `State.lost`; no setting has this name


class Config(Struct, frozen=True, kw_only=True):
    """What does not change while the node runs."""

    ssid: str  # of the hotspot, from the label
    manufacturers: frozenset[str]  # of the known meter maps
    factory: Flat = {}  # the settings of a new box
    given: Flat = {}  # by [settings] of the launch file or --set: locked


class State(Struct, frozen=True, kw_only=True):
    """What is set."""

    stored: Flat = {}
    foreign: Flat = {}  # unknown content of the file: kept there, not used
    known: Stored = Stored.CURRENT  # which generation of the file was read
    lost: frozenset[str] = frozenset()  # keys that nobody has set since all was lost


class Messages(Struct, frozen=True, kw_only=True):
    """The newest messages of other nodes; None: silent."""

    safety: SafetyStatus | None
    session: SessionStatus | None
    led: LedFrame | None


class RefusedError(Exception):
    """Raised when a change is refused; `problems` has by key what was expected."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(words.lines_of(problems)))
        self.problems = dict(problems)


def wrong_in_plan(
    factory: Mapping[str, Any], given: Mapping[str, Any], manufacturers: Iterable[str]
) -> str | None:
    """Return the first error in the launch file's settings, its key first; None if there is none.

    The factory settings must not contradict each other. Given settings may contradict stored or
    factory settings: that is only logged, so that the box starts.
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
    """Return the state from a file's content, and by key what is unknown in it.

    A later version may have written keys that this one does not know; they are kept.
    """
    if known is Stored.LOST:
        return State(stored=dict(UNKNOWN), known=known, lost=frozenset(LEAVES)), {}
    stored: dict[str, Any] = {}
    foreign: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    named = content.get(LOST)
    lost = frozenset(key for key in LEAVES if isinstance(named, list) and key in named)
    for key, value in flatten({key: each for key, each in content.items() if key != LOST}).items():
        try:
            _check(key, value, config.manufacturers)
        except SettingError as error:
            foreign[key] = value
            wrong[key] = error.problem
        else:
            stored[key] = value
    known = Stored.LOST if lost else known
    return State(stored=stored, foreign=foreign, known=known, lost=lost), wrong


def settings_of(config: Config, state: State) -> Settings:
    """Return the settings that apply."""
    tree = unflatten({**config.factory, **state.stored, **config.given})
    locked = tuple(key for key in LEAVES if key in config.given)
    lost = tuple(key for key in LEAVES if key in state.lost and key not in config.given)
    is_lost = state.known is Stored.LOST
    known = state.known if lost or not is_lost else Stored.CURRENT
    settings = msgspec.convert({**tree, "locked": locked, "stored": known, LOST: lost}, Settings)
    if settings.hotspot.ssid:
        return settings
    return replace(settings, hotspot=replace(settings.hotspot, ssid=config.ssid))


def content_of(state: State) -> dict[str, Any]:
    """Return the file's content: what was set, unknown content, and the keys that are lost."""
    lost = {LOST: sorted(state.lost)} if state.lost else {}
    return unflatten({**state.foreign, **state.stored}) | lost


def change(
    config: Config,
    state: State,
    changes: Mapping[str, Any],
    messages: Messages,
    seen: Mapping[str, Any] | None = None,
) -> State:
    """Return the state after a change.

    :param seen: values that the person saw before; None: not known
    :raises RefusedError: no part of it is made.
    """
    wanted = flatten(changes)
    wrong = _changed_meanwhile(settings_of(config, state), wanted, seen or {})
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
    lost = state.lost - wanted.keys()
    known = Stored.LOST if lost else Stored.CURRENT
    after = replace(state, stored={**state.stored, **wanted}, known=known, lost=lost)
    old, new = settings_of(config, state), settings_of(config, after)
    # A contradiction of the launch file stays; this change is not its cause. One among the values
    # that apply while settings are lost does not: nobody has chosen them.
    chosen = state.lost & wanted.keys()
    before = {key: each for key, each in problems(old).items() if key not in chosen}
    clashes = {key: each for key, each in problems(new).items() if before.get(key) != each}
    refused = words.expected(clashes)
    if new.authorization != old.authorization:
        refusal = _refusal_to_authorize(messages)
        if refusal is not None:
            refused["authorization.required"] = words.REFUSALS[refusal]
    if new.phase_assignment is not old.phase_assignment:
        fitting = _fitting(messages.safety)
        if new.phase_assignment not in fitting:
            refused["phase_assignment"] = words.phases(fitting, messages.safety)
    if refused:
        raise RefusedError(refused)
    return after


def utc_of(text: str) -> int:
    """Return the UTC of a text [ns since 1970].

    :raises RefusedError: there is no such time, or the box cannot be of that time.
    """
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        raise RefusedError({"utc": words.NO_SUCH_TIME}) from None
    if not EARLIEST <= moment < LATEST:
        raise RefusedError({"utc": words.time_between(EARLIEST, LATEST)})
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _changed_meanwhile(settings: Settings, wanted: Flat, seen: Mapping[str, Any]) -> dict[str, str]:
    """Return by key what has another value now than a person saw, and than is wanted."""
    present = table_of(settings)
    return {
        key: words.changed_meanwhile(present[key]) if key in present else words.UNKNOWN_SETTING
        for key, value in flatten(seen).items()
        if key not in present or present[key] not in (value, wanted.get(key, value))
    }


def lowers(config: Config, before: State, after: State) -> bool:
    """Return whether a change revokes or lowers something.

    A change that is not known to allow more counts as lowering: another meter, other phases,
    another network.
    """
    if before.known is not Stored.CURRENT:
        return True
    old = table_of(settings_of(config, before))
    return not all(
        _allows_more(key, old[key], value)
        for key, value in after.stored.items()
        if key not in before.stored or before.stored[key] != value
    )


def _allows_more(key: str, old: Any, new: Any) -> bool:
    match key:
        case "authorization.required" | "monitoring.enabled":
            return not new
        case "main_fuse_a":  # not set: 6 A if the house is measured, else no limit
            return old is not None and new is not None and new >= old
        case "fuse_budget_percent" | "external_input.limit_a":
            return bool(new >= old)
        case _:
            return False


def _check(key: str, value: Any, manufacturers: Iterable[str]) -> None:
    """Check one value by itself.

    :raises SettingError: the key or the meter map is unknown, or the value is invalid.
    """
    check(key, value)
    if key.endswith(".manufacturer") and value and value not in manufacturers:
        maps = ", ".join(sorted(manufacturers))
        raise SettingError(key, f"expected one of {maps}; got {shown(value)}")


def _fitting(safety: SafetyStatus | None) -> tuple[PhaseAssignment, ...]:
    """Return the assignments that agree with the wired phases; all while safety is silent."""
    wired = (False, False, False) if safety is None else safety.wired_phases
    return tuple(each for each in PhaseAssignment if fits(each, wired))


def _refusal_to_authorize(messages: Messages) -> AuthorizationRefusal | None:
    """Return why the authorisation must not be configured now (RFID-7); None if it may."""
    if messages.session is None:
        return AuthorizationRefusal.SESSION_SILENT
    if messages.session.plugged:
        return AuthorizationRefusal.PLUGGED
    if messages.led is None:
        return AuthorizationRefusal.LED_SILENT
    if messages.led.mode.color is not Color.BLUE or messages.led.mode.effect is Effect.OFF:
        return AuthorizationRefusal.NOT_BLUE
    return None
