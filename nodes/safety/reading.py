"""Update each part of the state, except the phase, with one reading. Pure."""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.safety import SafetyPhase
from nodes.safety import contactor, duty, evidence, plug, selftest, stale
from nodes.safety.chain import ChainReading
from nodes.safety.coil import CoilReading
from nodes.safety.complain import Course, complain, cycle_late, stale_for_too_long
from nodes.safety.config import Config
from nodes.safety.contactor import ENERGISED
from nodes.safety.cycle import Lateness
from nodes.safety.cycle import watch as watch_cycle
from nodes.safety.evaluation import Evaluation, Stale, evaluate
from nodes.safety.faults import clear_proven, raise_fault, review
from nodes.safety.finding import Finding
from nodes.safety.selftest import SelfTesting
from nodes.safety.state import Inputs, State


def judge_cycle(
    config: Config, state: State, inputs: Inputs, moment: Moment
) -> tuple[State, Lateness]:
    """React to a late look.

    Raise a fault, which opens a closed contactor, or break off the self-test that runs.
    """
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
        # The monitor may have answered and become idle in the gap.
        missed, is_too_often = stale.interrupt(state.stale, config, moment)
        state = replace(state, stale=missed, testing=selftest.end(state.testing))
        if is_too_often:
            state = _raise(state, finding, inputs.utc_ns)
    return state, lateness


def evaluate_reading(
    config: Config, state: State, reading: ChainReading | None, inputs: Inputs, moment: Moment
) -> tuple[State, Evaluation | Stale]:
    """Evaluate the reading of this look; None is a failed one."""
    celsius = state.evaluation_state.derating.celsius
    evaluation_state, seen = evaluate(
        state.evaluation_state,
        reading,
        moment,
        inputs.since_s,
        earth_loop=config.earth_loop,
        is_open=state.phase not in ENERGISED,
    )
    if evaluation_state is not state.evaluation_state:
        state = replace(state, evaluation_state=evaluation_state)
    if isinstance(seen, Stale) and celsius is not None:
        state = replace(state, temperature_c=round(celsius, 1))
    return state, seen


def take_stale_inputs(
    config: Config,
    state: State,
    contacts: ChainReading | CoilReading | None,
    reason: Stale,
    inputs: Inputs,
    moment: Moment,
) -> State:
    """Open; when inputs are fresh again the contactor is proven and the monitor tested again."""
    was_energised = state.phase in ENERGISED
    proof, finding = contactor.prove_by_contacts(
        state.proof, config, state.phase, contacts, reason, inputs.since_s
    )
    if finding is not None:
        state = _raise(state, finding, inputs.utc_ns)
    interrupts = was_energised or state.testing.is_passed or state.testing.is_pulsed
    missed, is_wrong = stale.record_stale(
        state.stale, config, reason, moment, interrupts=interrupts
    )
    if is_wrong:
        state = _raise(state, stale_for_too_long(reason, inputs.since_s), inputs.utc_ns)
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
    config: Config, state: State, evaluation: Evaluation, inputs: Inputs, moment: Moment
) -> State:
    """Update proof, self-test, duty, faults and plug with one reading."""
    proof = contactor.prove(state.proof, config, state.phase, evaluation, inputs.since_s)
    # An output that the gates do not see cuts nothing, and is no answer to the test.
    tripped = [
        evaluation.monitor_cuts and output
        for output in (evaluation.residual_ac, evaluation.residual_dc)
    ]
    testing = selftest.follow(state.testing, moment, *tripped)
    compared = duty.compare(state.duty, inputs.pilot, evaluation, inputs.now_s)
    state = replace(state, proof=proof, testing=testing, duty=compared)
    state = _follow_test(config, state, evaluation, inputs, moment)
    state = _raise_faults(config, state, evaluation, inputs, moment)
    return replace(
        state,
        testing=_keep_test(config, state, evaluation, inputs, moment),
        plug=plug.follow(state.plug, evaluation, inputs.utc_ns),
    )


def _follow_test(
    config: Config, state: State, evaluation: Evaluation, inputs: Inputs, moment: Moment
) -> State:
    """Record the self-test that runs, or has ended; no decision uses it."""
    if state.testing.test is None and state.evidence.test is None:
        return state
    reading = inputs.reading if config.earth_loop else None
    followed = evidence.follow_test(
        state.evidence,
        state.testing,
        moment,
        inputs.utc_ns,
        is_active=evaluation.residual_ac or evaluation.residual_dc,
        earth_ohm=None if reading is None else reading.earth_ohm,
    )
    return state if followed is state.evidence else replace(state, evidence=followed)


def _raise_faults(
    config: Config, state: State, evaluation: Evaluation, inputs: Inputs, moment: Moment
) -> State:
    """Raise faults, and clear those that are over."""
    is_unproven = contactor.is_unproven(state.proof, config, evaluation)
    is_not_followed = duty.is_not_followed(state.duty, config, moment)
    test = state.testing.test
    course = Course(
        phase=state.phase,
        is_energised=state.phase in ENERGISED,
        activity=plug.activity(state.plug, state.phase, test, moment),
        has_shown_diode=state.plug.has_shown_diode,
        result=None if test is None else test.result,
        failed_tests=state.testing.failed,
        is_unproven=is_unproven,
        is_unclosed=_is_unclosed(config, state, evaluation, moment),
        # Without voltage behind the contactor there is no residual current.
        may_answer=not evaluation.has_voltage and not moment.reached(state.testing.answers_until_s),
        set_percent=inputs.pilot.duty_percent if is_not_followed and inputs.pilot else None,
    )
    faults = state.faults
    proof, cleared = contactor.judge_latched(
        state.proof, config, evaluation, inputs.since_s, is_unproven=is_unproven
    )
    if cleared:
        faults = clear_proven(faults, cleared)
    findings = tuple(complain(course, evaluation))
    for finding in findings:
        faults = raise_fault(faults, finding, inputs.utc_ns)
    faults = review(
        faults,
        evaluation,
        moment,
        shown=[finding.code for finding in findings],
        is_charging=state.phase is SafetyPhase.CLOSED,
        was_out=state.plug.is_out,
    )
    return replace(state, proof=proof, faults=faults)


def _keep_test(
    config: Config, state: State, evaluation: Evaluation, inputs: Inputs, moment: Moment
) -> SelfTesting:
    """Keep a passed self-test while its plug and its permission last, for a day at most."""
    testing = state.testing
    if not testing.is_passed:
        return testing
    tested_until_s = testing.passed_at_s + config.tested_s
    is_kept = (
        (state.phase in ENERGISED or not moment.reached(tested_until_s))
        and not state.faults.records
        and evaluation.is_plugged
        and (inputs.session is None or inputs.session.permitted)
    )
    return testing if is_kept else replace(testing, is_passed=False)


def _is_unclosed(config: Config, state: State, evaluation: Evaluation, moment: Moment) -> bool:
    """Return whether a contactor commanded closed is not proven closed in time, or not any more."""
    if state.phase is SafetyPhase.CLOSING:
        return not evaluation.is_proven_closed and moment.reached(state.until_s)
    return state.proof.unclosed_s > config.lost_s


def _raise(state: State, finding: Finding, utc_ns: int) -> State:
    return replace(state, faults=raise_fault(state.faults, finding, utc_ns))
