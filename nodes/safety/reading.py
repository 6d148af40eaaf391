"""What a look changes beside the phase: each part is taken one reading on. Pure."""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.safety import SafetyPhase
from nodes.safety import contactor, duty, plug, selftest, stale
from nodes.safety.chain import ChainReading
from nodes.safety.complain import Course, complain, cycle_late, not_seen
from nodes.safety.config import Config
from nodes.safety.contactor import ENERGISED
from nodes.safety.cycle import Lateness
from nodes.safety.cycle import watch as watch_cycle
from nodes.safety.faults import clear_proven, raise_fault, review
from nodes.safety.finding import Finding
from nodes.safety.judge import Blind, Facts, judge
from nodes.safety.selftest import SelfTesting
from nodes.safety.state import Inputs, State


def judge_cycle(
    config: Config, state: State, inputs: Inputs, moment: Moment
) -> tuple[State, Lateness]:
    """Answer a look that comes late: open, or begin the self-test again."""
    is_closed = state.phase in ENERGISED
    cycle, lateness = watch_cycle(state.cycle, moment, inputs.since_s, is_closed=is_closed)
    if cycle is not state.cycle:
        state = replace(state, cycle=cycle)
    if lateness in (Lateness.IN_TIME, Lateness.LATE):
        return state, lateness
    finding = cycle_late(inputs.since_s)
    if is_closed:
        return _raise(state, finding, inputs.utc_ns), lateness
    if lateness is Lateness.TOO_LATE and state.testing.is_pulsed:
        # The answer of the monitor may have come and gone since.
        missed, is_too_often = stale.interrupt(state.stale, config, moment)
        state = replace(state, stale=missed, testing=selftest.end(state.testing))
        if is_too_often:
            state = _raise(state, finding, inputs.utc_ns)
    return state, lateness


def judge_reading(
    config: Config, state: State, reading: ChainReading | None, inputs: Inputs, moment: Moment
) -> tuple[State, Facts | Blind]:
    """Judge what the reading of this look means; None is a failed one."""
    celsius = state.judged.heat.celsius
    judged, seen = judge(
        state.judged,
        reading,
        moment,
        inputs.since_s,
        earth_loop=config.earth_loop,
        is_open=state.phase not in ENERGISED,
    )
    if judged is not state.judged:
        state = replace(state, judged=judged)
    if isinstance(seen, Blind) and celsius is not None:
        state = replace(state, temperature_c=round(celsius, 1))
    return state, seen


def miss_reading(
    config: Config,
    state: State,
    reading: ChainReading | None,
    why: Blind,
    inputs: Inputs,
    moment: Moment,
) -> State:
    """Open; once inputs are fresh again everything is proven and tested again."""
    was_energised = state.phase in ENERGISED
    proof, finding = contactor.prove_by_contacts(
        state.proof, config, state.phase, reading, why, inputs.since_s
    )
    if finding is not None:
        state = _raise(state, finding, inputs.utc_ns)
    interrupts = was_energised or state.testing.is_passed or state.testing.is_pulsed
    missed, is_wrong = stale.miss(state.stale, config, why, moment, interrupts=interrupts)
    if is_wrong:
        state = _raise(state, not_seen(why, inputs.since_s), inputs.utc_ns)
    if was_energised:
        state = replace(state, plug=plug.open_under(state.plug, inputs.now_s + config.unseen_s))
    return replace(
        state,
        phase=SafetyPhase.START,
        proof=proof,
        stale=missed,
        duty=duty.DutyComparison(),
        testing=selftest.forget(state.testing),
    )


def take_reading(
    config: Config, state: State, facts: Facts, inputs: Inputs, moment: Moment
) -> State:
    """Take proof, self-test, duty, faults and plug one reading on."""
    proof = contactor.prove(state.proof, config, state.phase, facts, inputs.since_s)
    testing = selftest.follow(state.testing, moment, facts.residual_ac, facts.residual_dc)
    compared = duty.compare(state.duty, inputs.pilot, facts, inputs.now_s)
    state = replace(state, proof=proof, testing=testing, duty=compared)
    state = _raise_faults(config, state, facts, inputs, moment)
    return replace(
        state,
        testing=_keep_test(config, state, facts, inputs, moment),
        plug=plug.follow(state.plug, facts, inputs.utc_ns),
    )


def _raise_faults(
    config: Config, state: State, facts: Facts, inputs: Inputs, moment: Moment
) -> State:
    """Raise what is wrong, and clear what is over."""
    is_unproven = contactor.is_unproven(state.proof, config, facts)
    is_disobeyed = duty.is_disobeyed(state.duty, config, moment)
    test = state.testing.test
    course = Course(
        phase=state.phase,
        activity=plug.activity(state.plug, state.phase, test, moment),
        verdict=None if test is None else test.verdict,
        failed_tests=state.testing.failed,
        is_unproven=is_unproven,
        is_unclosed=_is_unclosed(config, state, facts, moment),
        # Without voltage behind it no contact carries a residual current.
        may_answer=not facts.has_voltage and not moment.reached(state.testing.answers_until_s),
        told_percent=inputs.pilot.duty_percent if is_disobeyed and inputs.pilot else None,
    )
    ledger = state.ledger
    proof, is_cleared = contactor.judge_weld(state.proof, facts, is_unproven=is_unproven)
    if is_cleared:
        ledger = clear_proven(ledger)
    for finding in complain(course, facts):
        ledger = raise_fault(ledger, finding, inputs.utc_ns)
    is_charging = state.phase is SafetyPhase.CLOSED
    ledger = review(ledger, facts, moment, is_charging=is_charging, was_out=state.plug.is_out)
    return replace(state, proof=proof, ledger=ledger)


def _keep_test(
    config: Config, state: State, facts: Facts, inputs: Inputs, moment: Moment
) -> SelfTesting:
    """Keep what a self-test has shown while its plug and its permission last, for a day."""
    testing = state.testing
    if not testing.is_passed:
        return testing
    tested_until_s = testing.passed_at_s + config.tested_s
    is_kept = (
        (state.phase in ENERGISED or not moment.reached(tested_until_s))
        and not state.ledger.records
        and facts.is_plugged
        and (inputs.session is None or inputs.session.permitted)
    )
    return testing if is_kept else replace(testing, is_passed=False)


def _is_unclosed(config: Config, state: State, facts: Facts, moment: Moment) -> bool:
    """Return whether a closed contactor has not been proven so in time, or not any more."""
    if state.phase is SafetyPhase.CLOSING:
        return not facts.is_proven_closed and moment.reached(state.until_s)
    return state.proof.unclosed_s > config.lost_s


def _raise(state: State, finding: Finding, utc_ns: int) -> State:
    return replace(state, ledger=raise_fault(state.ledger, finding, utc_ns))
