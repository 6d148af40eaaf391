"""Decide whether current may flow: readings in, the enable line out.

The phases are those of `msgs.safety.SafetyPhase`. Each step first judges its own cycle, then the
reading; updates each part with it, raises and clears faults (`reading.py`); then it changes the
phase. A step without a reading opens in every phase. IEC 61851-1:2017, Annex A.
"""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.safety import SafetyPhase
from nodes.safety import contactor, plug, selftest, stale
from nodes.safety.config import Config
from nodes.safety.cycle import Lateness
from nodes.safety.evaluation import Evaluation, Stale
from nodes.safety.reading import evaluate_reading, judge_cycle, take_reading, take_stale_inputs
from nodes.safety.reasons import Reason, Reasons, find_reasons, stale_reasons
from nodes.safety.recall import hear_disk, hear_reset
from nodes.safety.report import report
from nodes.safety.selftest import SelfTestResult
from nodes.safety.state import Inputs, Outputs, State

# The wired phases are found and stored during the self-test; both precede the permission.
_LETS_TEST = (None, Reason.PHASES_UNKNOWN, Reason.PHASES_UNSTORED)

__all__ = ["Config", "Inputs", "Outputs", "State", "step"]


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Evaluate one look. The same inputs need no step before `Outputs.due_s`."""
    before, moment = state, Moment(inputs.now_s)
    if inputs.kept is not None:
        state = hear_disk(state, inputs.kept, inputs.now_s)
    if inputs.stop is not None and state.stop_by_s is None:
        state = replace(state, stop_by_s=inputs.now_s + config.sigterm_s)
    state, lateness = judge_cycle(config, state, inputs, moment)
    is_stalled = lateness is Lateness.STALLED
    reading = None if is_stalled else inputs.reading
    state, seen = evaluate_reading(config, state, reading, inputs, moment)
    if isinstance(seen, Stale):
        evaluation, reason = None, Stale.LATE if is_stalled else seen
        contacts = inputs.contacts if reading is None and not is_stalled else reading
        state = take_stale_inputs(config, state, contacts, reason, inputs, moment)
        reasons = stale_reasons(reason)
    else:
        evaluation = seen
        state = hear_reset(config, state, evaluation, inputs.now_s)
        state = take_reading(config, state, evaluation, inputs, moment)
        is_late = lateness is Lateness.LATE
        reasons = find_reasons(config, state, evaluation, inputs, moment, is_late=is_late)
        state = _move(config, state, evaluation, moment, reasons)
        fresh = stale.record_fresh(state.stale, is_proven=state.phase is not SafetyPhase.START)
        state = replace(state, stale=fresh)
    return report(config, before, state, evaluation, inputs, moment, reasons, lateness)


def _move(
    config: Config, state: State, evaluation: Evaluation, moment: Moment, reasons: Reasons
) -> State:
    """Change the phase; opening comes first."""
    match state.phase:
        case SafetyPhase.CLOSING:
            if reasons.first is not None:
                return _open(config, state, evaluation, moment.now_s)
            if evaluation.is_proven_closed:
                return replace(state, phase=SafetyPhase.CLOSED)
            return state
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            return _stay_closed(config, state, evaluation, moment, reasons)
        case SafetyPhase.START | SafetyPhase.OPENING:
            is_known = evaluation.is_settled and state.memory.is_proven
            if not contactor.is_over(state.proof, evaluation, is_known=is_known):
                return state
            state = replace(state, proof=contactor.record_opened(state.proof))
            return _choose_open_phase(config, state, evaluation, moment, reasons)
        case SafetyPhase.IDLE | SafetyPhase.SELF_TEST | SafetyPhase.READY | SafetyPhase.FAULT:
            return _choose_open_phase(config, state, evaluation, moment, reasons)


def _stay_closed(
    config: Config, state: State, evaluation: Evaluation, moment: Moment, reasons: Reasons
) -> State:
    """Open at once, or when the vehicle has had its time to stop (Table A.6, seq. 9 and 10.2)."""
    if reasons.to_open is not None:
        return _open(config, state, evaluation, moment.now_s)
    if state.testing.is_passed and reasons.first is None:
        if state.phase is SafetyPhase.CLOSED:
            return state
        return replace(state, phase=SafetyPhase.CLOSED)
    if evaluation.is_unloaded:
        return _open(config, state, evaluation, moment.now_s)
    if state.phase is SafetyPhase.CLOSED:
        until_s = moment.now_s + config.vehicle_s
        return replace(state, phase=SafetyPhase.STOPPING, until_s=until_s)
    return (
        _open(config, state, evaluation, moment.now_s) if moment.reached(state.until_s) else state
    )


def _open(config: Config, state: State, evaluation: Evaluation, now_s: float) -> State:
    until_s = now_s + config.pulled_s if evaluation.asks else 0.0
    return replace(state, phase=SafetyPhase.OPENING, plug=plug.open_under(state.plug, until_s))


def _choose_open_phase(
    config: Config, state: State, evaluation: Evaluation, moment: Moment, reasons: Reasons
) -> State:
    """Choose the phase of an open contactor; it closes from READY alone."""
    now_s, testing = moment.now_s, state.testing
    has_fault = bool(state.faults.records)
    if testing.test is not None and testing.test.result is SelfTestResult.PASSED and not has_fault:
        testing = replace(testing, is_passed=True, passed_at_s=now_s)
    if has_fault:
        phase, testing = SafetyPhase.FAULT, selftest.end(testing)
    elif testing.is_passed:
        phase, testing = SafetyPhase.READY, selftest.end(testing)
    elif reasons.to_withhold not in _LETS_TEST or not evaluation.is_proven_open:
        phase, testing = SafetyPhase.IDLE, selftest.end(testing)
    else:
        phase, testing = SafetyPhase.SELF_TEST, selftest.begin(testing, now_s)
    if (
        phase is SafetyPhase.READY
        and state.phase is SafetyPhase.READY
        and reasons.first is None
        and evaluation.is_steady
        and evaluation.has_diode is True
        and evaluation.is_proven_open
        and moment.reached(state.next_closing_s)
    ):
        return replace(
            state,
            phase=SafetyPhase.CLOSING,
            proof=contactor.record_closing(state.proof),
            until_s=now_s + config.closing_s,
            next_closing_s=now_s + config.between_s,
        )
    return replace(state, phase=phase, testing=testing)
