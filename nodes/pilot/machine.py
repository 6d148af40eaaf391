"""What the pilot shows and what it says: reading and permission in, duty out.

IEC 61851-1:2017, Annex A. Not responsible for the contactor (safety) nor for how much current
there is to share (load_manager).
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from msgs.load_manager import LoadOffer
from msgs.pilot import (
    MAX_OFFER_A,
    MIN_OFFER_A,
    PLUGGED,
    STATE_F_PERCENT,
    UNDEFINED_AT,
    UNSETTLED,
    X1_PERCENT,
    CpState,
    PilotStatus,
    SettledCp,
    classify_high_v,
    duty_of_offer,
    is_measured,
    offer_of_duty,
    settle,
)
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus
from msgs.topics import LOAD_OFFER, SAFETY_STATUS, SESSION_STATUS
from nodes.pilot.line import LineReading

_ASKS = (CpState.C, CpState.D)


class Config(Struct, frozen=True, kw_only=True):
    """Times of the machine [s]."""

    raise_after_s: float = 5.0  # between changes of the duty: IEC 61851-1, Table A.6, seq. 5/6
    # After a start an input that has not come yet is no silence before its own hold is over.
    safety_hold_s: float = SAFETY_STATUS.hold_s
    session_hold_s: float = SESSION_STATUS.hold_s
    offer_hold_s: float = LOAD_OFFER.hold_s
    line_grace_s: float = 0.5  # half of pilot/status's hold: valid again before safety opens
    period_s: float = 0.02  # a quiet line is read, and pilot/status said, so often
    # Without a vehicle nothing could be opened sooner, and a plug is in the hand for seconds.
    idle_look_s: float = 0.05
    idle_say_s: float = 0.1
    again_s: float = 0.005  # a reading that does not confirm the state is looked at again
    slack_s: float = 0.005  # what falls due by then is due now
    # A vehicle that does not answer its offer may sleep: state F for a while, then x1, wakes it.
    # Once for each session. EVerest: 30 s, T_step_EF 4.0 s, then 0.75 s in x1.
    wake_up: bool = True
    wake_after_s: float = 30.0
    wake_f_s: float = 4.0
    wake_x1_s: float = 0.75


class Inputs(Struct, frozen=True, kw_only=True):
    """One round's facts; a message that is older than its hold is None."""

    now_s: float
    reading: LineReading | None
    safety: SafetyStatus | None
    session: SessionStatus | None
    offer: LoadOffer | None


class State(Struct, frozen=True, kw_only=True):
    """What the machine remembers."""

    cp: SettledCp = UNSETTLED
    offered_a: float | None = None  # None: the generator has not been read yet
    started_s: float | None = None
    changed_s: float = -math.inf  # when the offer last changed
    safety_heard: bool = False
    session_heard: bool = False
    offer_heard: bool = False
    has_asked: bool = False  # the vehicle has answered this offer with C or D
    unanswered_s: float | None = None  # since when it has not
    woken: str = ""  # the session in which it has been woken
    wake_from_s: float = -math.inf  # when state F began
    said: PilotStatus | None = None
    publish_at_s: float = 0.0
    calm: Inputs | None = None  # of a round without a vehicle: the same need no judging


class Outputs(Struct, frozen=True, kw_only=True):
    """What is to be done after one round."""

    next_s: float  # when the next round is due
    duty_percent: float | None = None  # None: leave the generator as it is
    status: PilotStatus | None = None  # None: nothing is to be said


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Judge one reading, decide what the pilot says and when to look again."""
    now_s = inputs.now_s
    if state.calm is not None and _is_same(state.calm, inputs):
        return _repeat(config, state, now_s)
    before = state
    reading = inputs.reading
    if reading is not None and not is_measured(reading.high_v, reading.low_v, reading.duty_percent):
        reading = None
    started_s = now_s if state.started_s is None else state.started_s
    state = _note(state, inputs, started_s)
    if state.offered_a is None:
        if reading is not None:
            adopted_a = offer_of_duty(reading.duty_percent)
            state = replace(
                state,
                offered_a=adopted_a,
                changed_s=now_s if adopted_a else -math.inf,
                has_asked=True,  # perhaps: a vehicle that is full is not woken
            )
        elif now_s - started_s <= config.line_grace_s and _next_offer(
            config, state, inputs, None, now_s - started_s
        ):
            return state, Outputs(next_s=now_s + config.period_s)
    cp = settle(state.cp, classify_high_v(reading.high_v)) if reading is not None else UNSETTLED
    if cp is not state.cp:
        state = replace(state, cp=cp)
    is_settling = reading is not None and cp.state is None and not cp.is_undefined
    # No measurement and no window are as bad as a short; only the first readings are none of it.
    cp_state = cp.state or (None if is_settling else CpState.E)

    offered_a = _next_offer(config, state, inputs, cp_state, now_s - started_s)
    if offered_a != state.offered_a:
        state = replace(state, offered_a=offered_a, changed_s=now_s)
    if cp_state is CpState.A:
        state = replace(state, changed_s=-math.inf)  # nobody is left who has to follow a change
    state = _wake(config, state, inputs, cp_state)
    is_astray = 0 < cp.astray < UNDEFINED_AT
    calm = inputs if reading is not None and _is_calm(before, state, reading) else None
    look_s = config.idle_look_s if calm else config.period_s
    next_s = now_s + (config.again_s if is_astray else look_s)
    if calm is not state.calm:
        state = replace(state, calm=calm)
    return _say(config, state, now_s, cp_state, reading, next_s)


def _is_calm(before: State, state: State, reading: LineReading) -> bool:
    """Return whether the same inputs, given again, could only repeat this round.

    Without a vehicle nothing is offered whatever is heard, and no time runs.
    """
    return (
        state.cp.state is CpState.A
        and state.cp is before.cp
        and state.said is not None
        and state.said.cp_state is CpState.A
        and not state.said.waking
        and (state.said.high_v, state.said.low_v) == (reading.high_v, reading.low_v)
        and state.offered_a == 0.0
        and state.offer_heard
        and state.session_heard
        and state.safety_heard
    )


def _is_same(calm: Inputs, inputs: Inputs) -> bool:
    """Return whether nothing new has been read or heard."""
    return (
        inputs.reading == calm.reading
        and inputs.safety is calm.safety
        and inputs.session is calm.session
        and inputs.offer is calm.offer
    )


def _repeat(config: Config, state: State, now_s: float) -> tuple[State, Outputs]:
    """Say again what was said, when it is time."""
    next_s = now_s + config.idle_look_s
    if now_s + config.slack_s < state.publish_at_s:
        return state, Outputs(next_s=next_s, duty_percent=X1_PERCENT)
    state = replace(state, publish_at_s=now_s + config.idle_say_s)
    return state, Outputs(next_s=next_s, duty_percent=X1_PERCENT, status=state.said)


def _note(state: State, inputs: Inputs, started_s: float) -> State:
    """Remember the start and which inputs have come since."""
    if state.safety_heard and state.session_heard and state.offer_heard:
        return state
    return replace(
        state,
        started_s=started_s,
        safety_heard=state.safety_heard or inputs.safety is not None,
        session_heard=state.session_heard or inputs.session is not None,
        offer_heard=state.offer_heard or inputs.offer is not None,
    )


def _next_offer(
    config: Config, state: State, inputs: Inputs, cp_state: CpState | None, running_s: float
) -> float:
    """Return the current [A] to offer from now on; 0 is x1.

    What is offered may fall at once, to what is known at least; it rises only when everything is
    known, and not within 5 s of the change before.
    """
    if cp_state is not None and cp_state not in PLUGGED:
        return 0.0
    # A generator that has not been read may say anything.
    offered_a = MAX_OFFER_A if state.offered_a is None else state.offered_a
    limits_a = [MAX_OFFER_A]
    if inputs.session is not None:
        if not inputs.session.authorized:
            return 0.0
    elif state.session_heard or running_s > config.session_hold_s:
        return 0.0
    if inputs.safety is not None:
        if not inputs.safety.permitted:
            return 0.0
        limits_a += (inputs.safety.limit_a, inputs.safety.installation_limit_a)
    elif state.safety_heard or running_s > config.safety_hold_s:
        return 0.0
    if inputs.offer is not None:
        limits_a.append(inputs.offer.limit_a)
    elif state.offer_heard or running_s > config.offer_hold_s:
        return 0.0

    # A limit that is no number is not above 6 A either.
    limit_a = min(limits_a) if all(limit_a >= MIN_OFFER_A for limit_a in limits_a) else 0.0
    is_complete = None not in (cp_state, inputs.session, inputs.safety, inputs.offer)
    may_rise = is_complete and inputs.now_s - state.changed_s >= config.raise_after_s
    return limit_a if may_rise else min(limit_a, offered_a)


def _wake(config: Config, state: State, inputs: Inputs, cp_state: CpState | None) -> State:
    """Begin to wake a vehicle that has not answered its offer; the offer falls to nothing.

    The 5 s between two changes of the duty keep it in x1 for a second at least afterwards.
    """
    now_s, session, is_offered = inputs.now_s, inputs.session, bool(state.offered_a)
    has_asked = is_offered and (state.has_asked or cp_state in _ASKS)
    is_waiting = is_offered and cp_state is CpState.B and not has_asked
    unanswered_s = state.unanswered_s if is_waiting else None
    if is_waiting and unanswered_s is None:
        unanswered_s = now_s
    if (
        config.wake_up
        and session is not None
        and session.session_id not in ("", state.woken)
        and unanswered_s is not None
        and now_s - unanswered_s >= config.wake_after_s
    ):
        return replace(
            state,
            offered_a=0.0,
            changed_s=now_s,
            woken=session.session_id,
            wake_from_s=now_s,
        )
    if (has_asked, unanswered_s) == (state.has_asked, state.unanswered_s):
        return state
    return replace(state, has_asked=has_asked, unanswered_s=unanswered_s)


def _say(
    config: Config,
    state: State,
    now_s: float,
    cp_state: CpState | None,
    reading: LineReading | None,
    next_s: float,
) -> tuple[State, Outputs]:
    """Set the duty, and publish when it is time or something has changed."""
    offered_a = state.offered_a or 0.0
    duty_percent = duty_of_offer(offered_a)
    wake_s = now_s + config.slack_s - state.wake_from_s
    if wake_s < config.wake_f_s:
        duty_percent = STATE_F_PERCENT
    is_waking = wake_s < config.wake_f_s + config.wake_x1_s
    said = state.said
    if cp_state is None:
        return state, Outputs(next_s=next_s, duty_percent=duty_percent)
    if (
        said is not None
        and now_s + config.slack_s < state.publish_at_s
        and said.cp_state is cp_state
        and said.duty_percent == duty_percent
        and said.waking is is_waking
    ):
        return state, Outputs(next_s=next_s, duty_percent=duty_percent)
    status = PilotStatus(
        cp_state=cp_state,
        duty_percent=duty_percent,
        offered_a=offered_a,
        high_v=reading.high_v if reading is not None else 0.0,
        low_v=reading.low_v if reading is not None else 0.0,
        waking=is_waking,
    )
    again_s = config.idle_say_s if cp_state is CpState.A else config.period_s
    state = replace(state, said=status, publish_at_s=now_s + again_s)
    return state, Outputs(next_s=next_s, duty_percent=duty_percent, status=status)
