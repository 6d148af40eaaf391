"""What the front shows now: the first row of one table that applies (LED-9). Pure.

Not responsible for how a light blinks: whoever draws the frame does that, all lights together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from msgs.led import DARK, LedFrame
from msgs.load_manager import HouseMeter, LoadOffer
from msgs.safety import FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from nodes.led import pattern
from nodes.led.pattern import Segments

PERIOD_S = 1.0  # led/frame
SLACK_S = 0.05  # a tick that comes a little early is not let pass
HEAR_S = 1.25  # session speaks every second; a front that was restarted keeps its frame so long
HOT_CODE_S = 5.0  # ERR-3: "short display of the code", then LED-5 (ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the nodes say now. None: silent beyond its hold."""

    session: SessionStatus | None
    safety: SafetyStatus | None
    offer: LoadOffer | None
    hot_for_s: float = 0.0  # how long the box has been too hot

    @property
    def faults(self) -> tuple[FaultCode, ...]:
        """Return the faults that hold."""
        return () if self.safety is None else self.safety.faults


Shown = tuple[Segments, str]  # and what it says, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is known at this instant."""

    now_s: float
    session: SessionStatus | None
    safety: SafetyStatus | None
    offer: LoadOffer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is remembered from one instant to the next."""

    hear_by_s: float  # nothing is shown before the facts are heard, or this passes
    hot_since_s: float = math.inf
    frame: LedFrame | None = None
    say_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What is to be done now."""

    show: LedFrame | None = None  # on the front, because it has changed
    publish: LedFrame | None = None


def start(now_s: float) -> State:
    """Return the state to start with."""
    return State(hear_by_s=now_s + HEAR_S)


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state, and the frame where it is due."""
    now_s = inputs.now_s
    is_heard = None not in (inputs.session, inputs.safety)
    if state.frame is None and not is_heard and now_s < state.hear_by_s:
        return state, Outputs()
    facts = Facts(session=inputs.session, safety=inputs.safety, offer=inputs.offer)
    hot_since_s = min(state.hot_since_s, now_s) if FaultCode.TOO_HOT in facts.faults else math.inf
    frame = frame_of(replace(facts, hot_for_s=max(now_s - hot_since_s, 0.0)))
    state = replace(state, hot_since_s=hot_since_s)
    if frame != state.frame:
        state = replace(state, frame=frame, say_s=now_s + PERIOD_S - SLACK_S)
        return state, Outputs(show=frame, publish=frame)
    if now_s < state.say_s:
        return state, Outputs()
    return replace(state, say_s=now_s + PERIOD_S - SLACK_S), Outputs(publish=frame)


def frame_of(facts: Facts) -> LedFrame:
    """Return what the front shows: the first row of the table that applies."""
    segments, caption = next(shown for row in PRIORITY if (shown := row(facts)) is not None)
    return LedFrame(
        segments=segments,
        network=DARK,
        rfid=DARK,
        frame=DARK,
        mode=DARK,
        touch=DARK,
        caption=caption,
    )


def _unpowered(facts: Facts) -> Shown | None:
    """The status LED shows only while powered (PAN-2), whatever a buffer feeds meanwhile."""
    is_dark = facts.safety is not None and not facts.safety.has_mains
    return (pattern.DARKNESS, "no mains") if is_dark else None


def _all_red(facts: Facts) -> Shown | None:
    return (pattern.ALL_RED, "out of order") if FaultCode.RED in facts.faults else None


def _fault(facts: Facts) -> Shown | None:
    for code, segments in pattern.FAULTS.items():
        if code in facts.faults and (code is not FaultCode.TOO_HOT or facts.hot_for_s < HOT_CODE_S):
            return segments, f"fault {code}"
    return None


def _starting(facts: Facts) -> Shown | None:
    if facts.safety is None or facts.safety.phase is SafetyPhase.START:
        return pattern.STARTING, "starting"
    if facts.session is None:
        return pattern.STARTING, "starting"
    is_waiting = facts.session.state is WallboxState.RECOVER_FROM_ERROR and not facts.faults
    return (pattern.STARTING, "starting") if is_waiting else None


def _commissioning(facts: Facts) -> Shown | None:
    if facts.safety is not None and facts.safety.commissioning:
        return pattern.COMMISSIONING, "commissioning"
    return None


def _too_hot(facts: Facts) -> Shown | None:
    return (pattern.TOO_HOT, "too hot: cooling") if FaultCode.TOO_HOT in facts.faults else None


def _meter_lost(facts: Facts) -> Shown | None:
    if facts.offer is not None and facts.offer.house_meter is HouseMeter.LOST:
        return pattern.METER_LOST, "house meter lost"
    return None


def _state(facts: Facts) -> Shown:
    session, safety = facts.session, facts.safety
    if session is None or safety is None:
        return pattern.STARTING, "starting"
    if session.state in (WallboxState.CHARGING, WallboxState.DEGRADED):
        return pattern.CHARGING, "charging"
    if safety.phase is SafetyPhase.SELF_TEST:
        return pattern.SELF_TEST, "self-test"
    if session.authorization_required and not session.authorized:
        return pattern.DARKNESS, "authorisation required"  # PAN-2
    if session.state is WallboxState.SUSPENDED:
        return pattern.READY, "suspended"
    return pattern.READY, "plugged in" if session.plugged else "ready"


# LED-9, behind what no front without power shows; the last one always applies.
PRIORITY: tuple[Callable[[Facts], Shown | None], ...] = (
    _unpowered,
    _all_red,
    _fault,
    _starting,
    _commissioning,
    _too_hot,
    _meter_lost,
    _state,
)
