"""From the level of one key to its events: pressed, held for a time, released. Pure.

A key counts as pressed or released after 20 ms at that level. A bounce begins these 20 ms again, so
that a mark (the time that a key has to be held) is never reached too early.

A key that is pressed when it is first read counts only after it was released: a stuck key does
nothing at a start. The same applies to a key that was not read for more than a second while it was
held (a frozen or busy node), or that could not be read: its level meanwhile is unknown.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

DEBOUNCE_S = 0.02  # hardware.md 3.5
MOST_UNSEEN_S = 1.0  # assumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Which keys are pressed now, as the front reads them."""

    service: bool
    touch: bool


class Phase(StrEnum):
    """The phase of a key."""

    VOID = "void"  # ignored until it is released
    UP = "up"
    DOWN = "down"


class Kind(StrEnum):
    """What has happened to a key."""

    PRESSED = "pressed"
    HELD = "held"  # one more mark was reached
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """One event of a key."""

    kind: Kind
    marks: int  # reached in this press
    held_s: float  # since the press


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """The state of one key."""

    phase: Phase = Phase.VOID
    level: bool | None = None  # as last read, True: pressed; None: it could not be read
    since_s: float = 0.0  # since when it has that level
    began_s: float = 0.0  # when the press began
    marks: int = 0  # reached in the press


UNREAD = KeyState()


def step(
    state: KeyState,
    level: bool | None,
    now_s: float,
    marks_s: tuple[float, ...] = (),
    *,
    counts: bool = True,
) -> tuple[KeyState, KeyEvent | None]:
    """Return the key after one reading, and the event.

    `marks_s`: the times that it may be held for. `counts` False: a press is ignored.
    """
    if level is None:
        return UNREAD, None
    if not counts:
        state = replace(state, phase=Phase.VOID)
    if level is not state.level:
        state = replace(state, level=level, since_s=now_s)
    settled_s = state.since_s + DEBOUNCE_S
    if now_s < settled_s:
        return state, None
    if not level:
        released = KeyEvent(
            kind=Kind.RELEASED, marks=state.marks, held_s=state.since_s - state.began_s
        )
        was_down = state.phase is Phase.DOWN
        return replace(state, phase=Phase.UP), released if was_down else None
    if state.phase is Phase.UP:
        pressed = KeyEvent(kind=Kind.PRESSED, marks=0, held_s=now_s - state.since_s)
        return replace(state, phase=Phase.DOWN, marks=0, began_s=state.since_s), pressed
    if _is_timed(state, marks_s) and now_s >= settled_s + marks_s[state.marks]:
        state = replace(state, marks=state.marks + 1)
        return state, KeyEvent(kind=Kind.HELD, marks=state.marks, held_s=now_s - state.began_s)
    return state, None


def after_gap(state: KeyState, since_s: float, marks_s: tuple[float, ...] = ()) -> KeyState:
    """Return the key after `since_s` without a reading; a timed press becomes void after 1 s."""
    if since_s > MOST_UNSEEN_S and _is_timed(state, marks_s):
        return replace(state, phase=Phase.VOID)
    return state


def look_s(state: KeyState, marks_s: tuple[float, ...] = ()) -> float:
    """Return when the key must be read again; infinity: not before its level changes."""
    if state.level is None:
        return math.inf
    settled_s = state.since_s + DEBOUNCE_S
    if state.level == (state.phase is Phase.UP):
        return settled_s  # the level is not stable yet
    if state.level and _is_timed(state, marks_s):
        return settled_s + marks_s[state.marks]
    return math.inf


def _is_timed(state: KeyState, marks_s: tuple[float, ...]) -> bool:
    """Return whether the press will cause an event by time alone."""
    if state.phase is Phase.DOWN:
        return state.marks < len(marks_s)
    return state.phase is Phase.UP and state.level is True
