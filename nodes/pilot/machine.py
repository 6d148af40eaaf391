"""The machine of pilot: reading, permissions and limits in, CP state and duty out.

IEC 61851-1:2017, Annex A. Not responsible for the contactor (safety) nor for how much current
there is to share (load_manager).
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import LoadOffer
from msgs.pilot import (
    MAX_OFFER_A,
    MIN_OFFER_A,
    PLUGGED,
    STATE_F_PERCENT,
    UNDEFINED_AT,
    UNSETTLED,
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
from nodes.pilot import waking, withdrawal
from nodes.pilot.cp_line import CpLineReading
from nodes.pilot.waking import Waking
from nodes.pilot.withdrawal import NoOffer


class Config(Struct, frozen=True, kw_only=True):
    """Times of the machine [s]."""

    raise_after_s: float = 5.0  # between changes of the duty: IEC 61851-1, Table A.6, seq. 5/6
    # After a start an input that has not arrived yet counts as silent when its hold is over.
    safety_hold_s: float = SAFETY_STATUS.hold_s
    session_hold_s: float = SESSION_STATUS.hold_s
    offer_hold_s: float = LOAD_OFFER.hold_s
    # Time for the first reading: half of the hold of pilot/status, so that it is published before
    # safety opens.
    line_grace_s: float = 0.5
    period_s: float = 0.02  # between two looks, and between two messages without a change
    # Without a vehicle the contactor is open already, and plugging in takes seconds.
    idle_period_s: float = 0.05
    idle_say_s: float = 0.1
    again_s: float = 0.005  # to the next look after a reading that does not confirm the state
    wake_up: bool = True  # a vehicle that does not answer its offer may be asleep: `waking.py`


class SafetyPermission(Struct, frozen=True, kw_only=True):
    """What pilot uses of safety/status."""

    may_offer: bool  # `permitted` of the message: nothing in safety withholds the current
    limit_a: float  # by temperature
    installation_limit_a: float


class SessionPermission(Struct, frozen=True, kw_only=True):
    """What pilot uses of session/status."""

    permitted: bool
    session_id: str
    has_energy: bool  # counted in this session
    is_card_required: bool


class Inputs(Struct, frozen=True, kw_only=True):
    """The inputs of one look. None: the writer is silent, or the line could not be read."""

    now_s: float
    reading: CpLineReading | None
    safety: SafetyPermission | None
    session: SessionPermission | None
    offer_a: float | None  # of load_manager
    since_s: float = 0.0  # since the look before, stepped or not


class State(Struct, frozen=True, kw_only=True):
    """What the machine remembers."""

    cp: SettledCp = UNSETTLED
    offered_a: float | None = None  # None: the generator has not been read yet
    started_s: float | None = None
    changed_s: float = -math.inf  # when the offer last changed
    safety_heard: bool = False
    session_heard: bool = False
    offer_heard: bool = False
    waking: Waking = Waking()


class Outputs(Struct, frozen=True, kw_only=True):
    """The outputs of one step."""

    duty_percent: float | None  # None: leave the generator as it is
    status: PilotStatus | None  # None: the CP state is not known yet
    say_s: float  # between two messages without a change
    period_s: float  # between two looks from now on
    due_s: float  # until then the same inputs need no step
    line: tuple[str, str] | None = None  # for the log: level, text


def look(
    now_s: float,
    reading: CpLineReading | None,
    safety: SafetyStatus | None,
    session: SessionStatus | None,
    offer: LoadOffer | None,
    since_s: float = 0.0,
) -> Inputs:
    """Return the inputs of a look: only the used fields of each message.

    So a change of another field causes no step.
    """
    return Inputs(
        now_s=now_s,
        reading=reading,
        safety=None
        if safety is None
        else SafetyPermission(
            may_offer=safety.permitted,
            limit_a=safety.limit_a,
            installation_limit_a=safety.installation_limit_a,
        ),
        session=None
        if session is None
        else SessionPermission(
            permitted=session.permitted,
            session_id=session.session_id,
            has_energy=session.energy_wh > 0.0,
            is_card_required=session.authorization_required,
        ),
        offer_a=None if offer is None else offer.limit_a,
        since_s=since_s,
    )


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Step with the inputs of one look. The same inputs need no step before `Outputs.due_s`."""
    before, moment = state, Moment(inputs.now_s)
    reading = inputs.reading
    if reading is not None and not is_measured(reading.high_v, reading.low_v, reading.duty_percent):
        reading = None
    state = _note(state, inputs)
    if state.offered_a is None:
        if reading is not None:
            adopted_a = offer_of_duty(reading.duty_percent)
            state = replace(
                state,
                offered_a=adopted_a,
                changed_s=inputs.now_s if adopted_a else -math.inf,
                waking=waking.found(is_offered=bool(adopted_a)),
            )
        elif (
            not _has_run(state, config.line_grace_s, moment)
            and _reason_for_none(config, state, inputs, None, None, moment) is None
        ):
            return state, Outputs(
                duty_percent=None,
                status=None,
                say_s=config.period_s,
                period_s=config.period_s,
                due_s=moment.due_s if state == before else moment.now_s,
            )
    cp = settle(state.cp, classify_high_v(reading.high_v)) if reading is not None else UNSETTLED
    if cp is not state.cp:
        state = replace(state, cp=cp)
    is_settling = reading is not None and cp.state is None and not cp.is_undefined
    # E if the reading has failed or the line has been undefined for too long; None while the first
    # readings settle.
    cp_state = cp.state or (None if is_settling else CpState.E)

    reason = _reason_for_none(config, state, inputs, cp_state, reading, moment)
    offered_a = _next_offer(config, state, inputs, cp_state, reason, moment)
    line = None
    if reason is not None and state.offered_a:
        line = withdrawal.line_of(
            reason,
            state.offered_a,
            limit_a=min(_limits_a(inputs)),
            cp_state=cp_state,
            reading=reading,
            since_s=inputs.since_s,
        )
    if offered_a != state.offered_a:
        state = replace(state, offered_a=offered_a, changed_s=inputs.now_s)
    if cp_state is CpState.A and state.changed_s != -math.inf:
        state = replace(state, changed_s=-math.inf)  # no vehicle has to follow the last change
    state = _wake(config, state, inputs, cp_state, moment)
    return state, replace(_outputs(config, before, state, cp_state, reading, moment), line=line)


def _note(state: State, inputs: Inputs) -> State:
    """Remember the start and which inputs have arrived since."""
    if state.safety_heard and state.session_heard and state.offer_heard:
        return state
    return replace(
        state,
        started_s=inputs.now_s if state.started_s is None else state.started_s,
        safety_heard=state.safety_heard or inputs.safety is not None,
        session_heard=state.session_heard or inputs.session is not None,
        offer_heard=state.offer_heard or inputs.offer_a is not None,
    )


def _has_run(state: State, seconds: float, moment: Moment) -> bool:
    """Return whether this process has run for a time [s]."""
    return state.started_s is not None and moment.reached(state.started_s + seconds)


def _limits_a(inputs: Inputs) -> list[float]:
    """Return all known limits [A]."""
    limits_a = [MAX_OFFER_A]
    if inputs.safety is not None:
        limits_a += (inputs.safety.limit_a, inputs.safety.installation_limit_a)
    if inputs.offer_a is not None:
        limits_a.append(inputs.offer_a)
    return limits_a


def _reason_for_none(
    config: Config,
    state: State,
    inputs: Inputs,
    cp_state: CpState | None,
    reading: CpLineReading | None,
    moment: Moment,
) -> NoOffer | None:
    """Return why no current is offered from now on; None: nothing speaks against it."""
    if cp_state is not None and cp_state not in PLUGGED:
        return withdrawal.of_line(cp_state, reading)
    if inputs.session is not None:
        if not inputs.session.permitted:
            return NoOffer.NOT_PERMITTED
    elif state.session_heard or _has_run(state, config.session_hold_s, moment):
        return NoOffer.SESSION_SILENT
    if inputs.safety is not None:
        if not inputs.safety.may_offer:
            return NoOffer.SAFETY_WITHHOLDS
    elif state.safety_heard or _has_run(state, config.safety_hold_s, moment):
        return NoOffer.SAFETY_SILENT
    if inputs.offer_a is None and (
        state.offer_heard or _has_run(state, config.offer_hold_s, moment)
    ):
        return NoOffer.LOAD_SILENT
    # A limit of NaN counts as below 6 A.
    is_enough = all(limit_a >= MIN_OFFER_A for limit_a in _limits_a(inputs))
    return None if is_enough else NoOffer.TOO_LITTLE


def _next_offer(
    config: Config,
    state: State,
    inputs: Inputs,
    cp_state: CpState | None,
    reason: NoOffer | None,
    moment: Moment,
) -> float:
    """Return the current [A] to offer from now on; 0 is X1.

    The offer falls at once to the lowest known limit. It rises only when all limits are known, and
    not within 5 s after its last change.
    """
    if reason is not None:
        return 0.0
    # A generator that has not been read yet may offer any current.
    offered_a = MAX_OFFER_A if state.offered_a is None else state.offered_a
    limit_a = min(_limits_a(inputs))
    if limit_a <= offered_a:
        return limit_a
    is_complete = None not in (cp_state, inputs.session, inputs.safety, inputs.offer_a)
    may_rise = is_complete and moment.reached(state.changed_s + config.raise_after_s)
    return limit_a if may_rise else offered_a


def _wake(
    config: Config, state: State, inputs: Inputs, cp_state: CpState | None, moment: Moment
) -> State:
    """Begin to wake a vehicle that has not answered its offer; the offer falls to 0.

    The 5 s between two changes of the duty keep it in X1 for at least a second after state F.
    """
    session, offer_a = inputs.session, inputs.offer_a
    is_permitted = session is not None and session.permitted
    seen = waking.Seen(
        cp_state=cp_state,
        is_offered=bool(state.offered_a),
        has_limit=is_permitted and offer_a is not None and offer_a >= MIN_OFFER_A,
        session_id="" if session is None else session.session_id,
        has_energy=session is not None and session.has_energy,
        is_card_required=session is None or session.is_card_required,
    )
    followed = waking.follow(state.waking, seen, moment)
    way = waking.way_to_wake(followed, seen, moment) if config.wake_up else None
    if way is not None:
        followed = waking.begin(followed, way, inputs.now_s)
        return replace(state, offered_a=0.0, changed_s=inputs.now_s, waking=followed)
    return state if followed is state.waking else replace(state, waking=followed)


def _outputs(
    config: Config,
    before: State,
    state: State,
    cp_state: CpState | None,
    reading: CpLineReading | None,
    moment: Moment,
) -> Outputs:
    """Return the duty, what is published, and when to look and to step again."""
    offered_a = state.offered_a or 0.0
    is_in_f = waking.is_in_f(state.waking, moment)
    duty_percent = STATE_F_PERCENT if is_in_f else duty_of_offer(offered_a)
    status: PilotStatus | None = None
    if cp_state is not None:
        status = PilotStatus(
            cp_state=cp_state,
            duty_percent=duty_percent,
            offered_a=offered_a,
            high_v=reading.high_v if reading is not None else 0.0,
            low_v=reading.low_v if reading is not None else 0.0,
            waking=waking.is_waking(state.waking, moment),
        )
    is_at_rest = state == before
    is_idle = cp_state is CpState.A
    if 0 < state.cp.astray < UNDEFINED_AT:
        period_s = config.again_s
    else:
        period_s = config.idle_period_s if is_idle and is_at_rest else config.period_s
    return Outputs(
        duty_percent=duty_percent,
        status=status,
        say_s=config.idle_say_s if is_idle else config.period_s,
        period_s=period_s,
        due_s=moment.due_s if is_at_rest else moment.now_s,
    )
