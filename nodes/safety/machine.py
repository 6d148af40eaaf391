"""Whether current may flow: readings in, the enable line out. Nobody can command it closed.

The phases are those of `msgs.safety.SafetyPhase`. Each step first judges its own cycle, then the
reading; takes each part one reading on, raises what is wrong and clears what is over (reading);
and only then moves. A step without a reading opens, whatever the phase. IEC 61851-1:2017, Annex A;
architecture "who holds how long".
"""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.safety import SafetyPhase
from nodes.safety import contactor, plug, selftest, stale
from nodes.safety.config import Config
from nodes.safety.cycle import Lateness
from nodes.safety.judge import Blind, Facts
from nodes.safety.reading import judge_cycle, judge_reading, miss_reading, take_reading
from nodes.safety.recall import hear_disk, hear_reset
from nodes.safety.report import report
from nodes.safety.selftest import Verdict
from nodes.safety.state import Inputs, Outputs, State
from nodes.safety.why import Reasons, Why, why_blind, why_not

# The phases are found out and stored beside the self-test; nothing is permitted before all is done.
_LETS_TEST = (None, Why.PHASES_UNKNOWN, Why.PHASES_UNSTORED)

__all__ = ["Config", "Inputs", "Outputs", "State", "step"]


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Judge what one look shows. The same inputs need no step before `Outputs.due_s`."""
    before, moment = state, Moment(inputs.now_s)
    if inputs.kept is not None:
        state = hear_disk(state, inputs.kept, inputs.now_s)
    if inputs.stop is not None and state.stop_by_s is None:
        state = replace(state, stop_by_s=inputs.now_s + config.farewell_s)
    state, lateness = judge_cycle(config, state, inputs, moment)
    is_asleep = lateness is Lateness.ASLEEP
    reading = None if is_asleep else inputs.reading
    state, seen = judge_reading(config, state, reading, inputs, moment)
    if isinstance(seen, Blind):
        facts, why = None, Blind.LATE if is_asleep else seen
        state = miss_reading(config, state, reading, why, inputs, moment)
        reasons = why_blind(why)
    else:
        facts = seen
        state = hear_reset(config, state, facts, inputs.now_s)
        state = take_reading(config, state, facts, inputs, moment)
        is_late = lateness is Lateness.LATE
        reasons = why_not(config, state, facts, inputs, moment, is_late=is_late)
        state = _move(config, state, facts, moment, reasons)
        fresh = stale.see(state.stale, is_proven=state.phase is not SafetyPhase.START)
        state = replace(state, stale=fresh)
    return report(config, before, state, facts, inputs, moment, reasons, lateness)


def _move(config: Config, state: State, facts: Facts, moment: Moment, reasons: Reasons) -> State:
    """Go from phase to phase; opening comes before everything else."""
    match state.phase:
        case SafetyPhase.CLOSING:
            if reasons.first is not None:
                return _open(config, state, facts, moment.now_s)
            if facts.is_proven_closed:
                return replace(state, phase=SafetyPhase.CLOSED)
            return state
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            return _stay_closed(config, state, facts, moment, reasons)
        case SafetyPhase.START | SafetyPhase.OPENING:
            is_known = facts.is_settled and state.memory.is_proven
            if not contactor.is_over(state.proof, facts, is_known=is_known):
                return state
            state = replace(state, proof=contactor.rest(state.proof))
            return _rest(config, state, facts, moment, reasons)
        case SafetyPhase.IDLE | SafetyPhase.SELF_TEST | SafetyPhase.READY | SafetyPhase.FAULT:
            return _rest(config, state, facts, moment, reasons)


def _stay_closed(
    config: Config, state: State, facts: Facts, moment: Moment, reasons: Reasons
) -> State:
    """Open at once, or when the vehicle has had its time to stop (Table A.6, seq. 9 and 10.2)."""
    if reasons.to_open is not None:
        return _open(config, state, facts, moment.now_s)
    if state.testing.is_passed and reasons.first is None:
        if state.phase is SafetyPhase.CLOSED:
            return state
        return replace(state, phase=SafetyPhase.CLOSED)
    if facts.is_unloaded:
        return _open(config, state, facts, moment.now_s)
    if state.phase is SafetyPhase.CLOSED:
        until_s = moment.now_s + config.vehicle_s
        return replace(state, phase=SafetyPhase.STOPPING, until_s=until_s)
    return _open(config, state, facts, moment.now_s) if moment.reached(state.until_s) else state


def _open(config: Config, state: State, facts: Facts, now_s: float) -> State:
    until_s = now_s + config.pulled_s if facts.asks else 0.0
    return replace(state, phase=SafetyPhase.OPENING, plug=plug.open_under(state.plug, until_s))


def _rest(config: Config, state: State, facts: Facts, moment: Moment, reasons: Reasons) -> State:
    """Choose the phase of an open contactor; it closes from READY alone."""
    now_s, testing = moment.now_s, state.testing
    has_fault = bool(state.ledger.records)
    if testing.test is not None and testing.test.verdict is Verdict.PASSED and not has_fault:
        testing = replace(testing, is_passed=True, passed_at_s=now_s)
    if has_fault:
        phase, testing = SafetyPhase.FAULT, selftest.end(testing)
    elif testing.is_passed:
        phase, testing = SafetyPhase.READY, selftest.end(testing)
    elif reasons.to_withhold not in _LETS_TEST or not facts.is_proven_open:
        phase, testing = SafetyPhase.IDLE, selftest.end(testing)
    else:
        phase, testing = SafetyPhase.SELF_TEST, selftest.begin(testing, now_s)
    if (
        phase is SafetyPhase.READY
        and state.phase is SafetyPhase.READY
        and reasons.first is None
        and facts.is_steady
        and facts.has_diode is True
        and facts.is_proven_open
        and moment.reached(state.rests_until_s)
    ):
        return replace(
            state,
            phase=SafetyPhase.CLOSING,
            proof=contactor.close(state.proof),
            until_s=now_s + config.closing_s,
            rests_until_s=now_s + config.between_s,
        )
    return replace(state, phase=phase, testing=testing)
