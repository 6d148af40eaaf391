"""The actions of the keys of the front: restart, erase, confirm. Pure.

The service key: the first tone after 2 s, the second after 6 s. Released before the first tone it
does nothing, between the two it restarts the box; at the second, never earlier, every card is
erased (PAN-3), and the box restarts only after rfid has answered that they are. A failure causes
falling tones and a line in the log. While a request is pending, or without mains, the key is
ignored.

The touch key: a press while it is lit is published at once (PAN-4).
"""

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from msgspec import Struct

from bus import Answer, Status
from bus.moment import Moment
from msgs.led import Key, KeyPress, Tone
from msgs.method import Method
from msgs.methods import ERASE_CARDS, RESTART_BOX
from msgs.requests import NoArguments, ReasonArguments
from msgs.units import Text
from nodes.led import keys
from nodes.led.keys import UNREAD, KeyEvent, Keys, KeyState, Kind

MARKS_S = (2.0, 6.0)  # PAN-3
NO_MARKS_S = ()  # the touch key acts when it is pressed

A = TypeVar("A", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest(Generic[A]):
    """One request to another node that is not answered yet."""

    method: Method[A, None]
    arguments: A
    what: str  # for the log


RESTART = PendingRequest(
    method=RESTART_BOX, arguments=ReasonArguments(reason="service key"), what="restart"
)
ERASE = PendingRequest(method=ERASE_CARDS, arguments=NoArguments(), what="erase all cards")
RESTART_ERASED = PendingRequest(
    method=RESTART_BOX,
    arguments=ReasonArguments(reason="service key: all cards erased"),
    what="restart after all cards were erased",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Both keys, and the pending request."""

    service: KeyState = UNREAD
    touch: KeyState = UNREAD
    asked: PendingRequest[Any] | None = None


AT_REST = State()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request and its answer."""

    ask: PendingRequest[Any]
    answer: Answer[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A request that was not carried out."""

    ask: PendingRequest[Any]
    reason: Text  # of the other node


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What the keys cause now."""

    tone: Tone = Tone.NONE
    press: tuple[KeyPress, ...] = ()
    ask: PendingRequest[Any] | None = None
    failure: Failure | None = None  # to log


NOTHING = Acts()


def step(
    state: State,
    pressed: Keys | None,
    moment: Moment,
    answered: Answered | None,
    *,
    since_s: float,
    is_powered: bool,
    is_touch_lit: bool,
) -> tuple[State, Acts]:
    """Return the actions after an answer, else after a reading of the keys.

    :param pressed: None: the keys cannot be read.
    :param since_s: time since the last look [s].
    """
    state = replace(
        state,
        service=keys.after_gap(state.service, since_s, MARKS_S),
        touch=keys.after_gap(state.touch, since_s, NO_MARKS_S),
    )
    if answered is not None:
        state, acts = _after(state, answered)
    else:
        state, acts = _look(
            state, pressed, moment.now_s, is_powered=is_powered, is_touch_lit=is_touch_lit
        )
    moment.wake_at(keys.look_s(state.service, MARKS_S))
    moment.wake_at(keys.look_s(state.touch, NO_MARKS_S))
    return state, acts


def _look(
    state: State, pressed: Keys | None, now_s: float, *, is_powered: bool, is_touch_lit: bool
) -> tuple[State, Acts]:
    service, done = keys.step(
        state.service,
        None if pressed is None else pressed.service,
        now_s,
        MARKS_S,
        counts=is_powered and state.asked is None,
    )
    touch, touched = keys.step(
        state.touch,
        None if pressed is None else pressed.touch,
        now_s,
        NO_MARKS_S,
    )
    acts = _served(done)
    if touched is not None and touched.kind is Kind.PRESSED and is_touch_lit:
        press = KeyPress(key=Key.TOUCH, held_s=touched.held_s)
        acts = replace(acts, press=(*acts.press, press))
    asked = state.asked if acts.ask is None else acts.ask
    return State(service=service, touch=touch, asked=asked), acts


def _after(state: State, answered: Answered) -> tuple[State, Acts]:
    """Return the actions after an answer."""
    ask, answer = answered.ask, answered.answer
    if answer.status is not Status.OK:
        failure = Failure(ask=ask, reason=answer.reason or answer.status)
        return replace(state, asked=None), Acts(tone=Tone.FALLING, failure=failure)
    then = RESTART_ERASED if ask is ERASE else None
    return replace(state, asked=then), Acts(ask=then)


def _served(event: KeyEvent | None) -> Acts:
    """Return the actions of the service key."""
    if event is None:
        return Acts()
    press = (KeyPress(key=Key.SERVICE, held_s=event.held_s),)
    match event.kind, event.marks:
        case Kind.HELD, 1:
            return Acts(tone=Tone.SERVICE)
        case Kind.HELD, 2:
            return Acts(tone=Tone.SERVICE, press=press, ask=ERASE)
        case Kind.RELEASED, 1:
            return Acts(press=press, ask=RESTART)
        case _:
            return Acts()
