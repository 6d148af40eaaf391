"""What a finger does to one key: pressed, held for a time, released. Pure.

A key counts as pressed or released when it was so for 20 ms. Each press that is seen begins the
time anew, after a bounce too: what a key has to be held for is never reached earlier.

A key that is found pressed counts only after it was released: a stuck one does nothing at each
start. So does one that nobody looked at for more than a second while it was held (a node that was
frozen, or busy), or that could not be read: what happened meanwhile is not known.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

DEBOUNCE_S = 0.02  # hardware.md 3.5
MOST_UNSEEN_S = 1.0  # ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Which keys are pressed now, as the front reads them."""

    service: bool
    touch: bool


class Phase(StrEnum):
    """What is known of a key."""

    VOID = "void"  # counts for nothing until it was released
    UP = "up"
    DOWN = "down"


class Kind(StrEnum):
    """What a finger has done."""

    PRESSED = "pressed"
    HELD = "held"  # up to one more mark
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """What a finger has done just now."""

    kind: Kind
    marks: int  # passed in this press
    held_s: float  # since the finger went down


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """One key as it is known."""

    phase: Phase = Phase.VOID
    level: bool | None = None  # as last seen, True: pressed; None: it could not be read
    since_s: float = 0.0  # that level
    began_s: float = 0.0  # the press
    marks: int = 0  # passed in it


UNREAD = KeyState()


def step(
    state: KeyState,
    level: bool | None,
    now_s: float,
    marks_s: tuple[float, ...] = (),
    *,
    counts: bool = True,
) -> tuple[KeyState, KeyEvent | None]:
    """Return the key after a look at it, and what the finger has done.

    `marks_s` are the times that it is held for; with `counts` False a press comes to nothing.
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
    """Return the key after so long a time [s] without a look: a press that is timed may be void."""
    if since_s > MOST_UNSEEN_S and _is_timed(state, marks_s):
        return replace(state, phase=Phase.VOID)
    return state


def look_s(state: KeyState, marks_s: tuple[float, ...] = ()) -> float:
    """Return when the key has to be looked at again; infinity: not before its level changes."""
    if state.level is None:
        return math.inf
    settled_s = state.since_s + DEBOUNCE_S
    if state.level == (state.phase is Phase.UP):
        return settled_s  # not yet what it is going to be
    if state.level and _is_timed(state, marks_s):
        return settled_s + marks_s[state.marks]
    return math.inf


def _is_timed(state: KeyState, marks_s: tuple[float, ...]) -> bool:
    """Return whether something will come of this press by time alone."""
    if state.phase is Phase.DOWN:
        return state.marks < len(marks_s)
    return state.phase is Phase.UP and state.level is True
