"""Whether current may flow: facts in, the enable line out. Nobody can command it closed.

The phases are those of `msgs.safety.SafetyPhase`. Every round first looks (judge), then notes what
is wrong (complain), lets go what is over (faults.review) and only then moves. A round without a
reading opens, whatever the phase. IEC 61851-1:2017, Annex A; architecture "who holds how long".
"""

from msgspec.structs import replace

from msgs.pilot import CpState
from msgs.safety import Contactor, SafetyPhase
from nodes.safety.chain import ChainReading
from nodes.safety.complain import complain
from nodes.safety.faults import raise_fault, review
from nodes.safety.judge import Facts, judge, proves_open
from nodes.safety.report import report
from nodes.safety.selftest import SelfTest, Verdict, echo_until_s, watch
from nodes.safety.state import ENERGISED, Config, Inputs, Outputs, State
from nodes.safety.why import BLIND, Reasons, why_not

__all__ = ["Config", "Inputs", "Outputs", "State", "step"]


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Judge one round: each 10 ms, or each 25 ms while nothing moves."""
    if state.calm is not None and _is_calm_still(config, state, state.calm, inputs):
        return state, _keep_still(config)
    before = state
    reading = inputs.reading if inputs.since_s <= config.stall_s else None
    judged, facts = judge(state.judged, reading)
    if judged is not state.judged:
        state = replace(state, judged=judged)
    if inputs.stop is not None and state.stop_by_s is None:
        state = replace(state, stop_by_s=inputs.now_s + config.farewell_s)
    if facts is None:
        state = _go_blind(config, state, reading, inputs.now_s)
        reasons = BLIND
    else:
        state = _look(config, state, facts, inputs)
        reasons = why_not(
            facts,
            state.ledger,
            inputs.pilot,
            inputs.session,
            inputs.meter,
            inputs.stop,
            inputs.now_s,
        )
        state = _move(config, state, facts, inputs.now_s, reasons)
    is_calm = facts is not None and _is_calm(before, state, facts, inputs)
    if is_calm or state.calm is not None:
        state = replace(state, calm=inputs if is_calm else None)
    return report(config, state, facts, inputs, reasons)


def _is_calm(before: State, state: State, facts: Facts, inputs: Inputs) -> bool:
    """Return whether the same inputs, given again, could only repeat this round.

    The contactor is open and proven so, no vehicle, no fault, nothing that time alone would end.
    """
    return (
        facts.cp is CpState.A
        and state.phase is SafetyPhase.IDLE
        and state.contactor is Contactor.OPEN
        and state.judged is before.judged
        and state.ledger is before.ledger
        and not state.ledger.records
        and state.ledger.retry_at_s is None
        and state.test is None
        and state.unproven_by_s is None
        and state.unclosed_by_s is None
        and state.pulled_until_s <= inputs.now_s
        and state.echo_until_s <= inputs.now_s
        and inputs.stop is None
    )


def _is_calm_still(config: Config, state: State, calm: Inputs, inputs: Inputs) -> bool:
    """Return whether a round would repeat the calm one: same inputs, and nothing is due."""
    due_s = min(state.edge_at_s, state.publish_at_s or 0.0) - config.slack_s
    return (
        inputs.now_s < due_s
        and inputs.since_s <= config.stall_s
        and inputs.reading == calm.reading
        and inputs.pilot == calm.pilot
        and inputs.session == calm.session
        and inputs.meter == calm.meter
        and inputs.stop is None
    )


def _keep_still(config: Config) -> Outputs:
    """Return what a round says in which nothing moves: the contactor is open and stays so."""
    return Outputs(
        enable=False,
        residual_test=False,
        edge=False,
        status=None,
        period_s=config.calm_s,
        is_finished=False,
    )


def _go_blind(config: Config, state: State, reading: ChainReading | None, now_s: float) -> State:
    """Open; once there is sight again everything is proven and tested anew.

    A reading whose pilot is nonsense still has contacts that prove something.
    """
    contactor = state.contactor
    if reading is not None:
        contactor = _proven(state, proves_open(reading))
    elif state.phase in ENERGISED:
        contactor = _proven(state, False)  # it may have closed just now
    if (
        state.phase is SafetyPhase.START
        and state.unproven_by_s is None
        and contactor is state.contactor
    ):
        return state
    pulled_until_s = state.pulled_until_s
    if state.phase in ENERGISED:
        pulled_until_s = now_s + config.unseen_s
    return replace(
        state,
        phase=SafetyPhase.START,
        pulled_until_s=pulled_until_s,
        contactor=contactor,
        unproven_by_s=None,
        unclosed_by_s=None,
        test=None,
        echo_until_s=max(state.echo_until_s, echo_until_s(state.test)),
        is_tested=False,
    )


def _look(config: Config, state: State, facts: Facts, inputs: Inputs) -> State:
    """Take proofs, self-test and faults one reading on."""
    now_s = inputs.now_s
    state = _prove(config, state, facts, now_s)
    test, failed_tests = state.test, state.failed_tests
    if test is not None:
        test = watch(test, now_s, facts.residual_ac, facts.residual_dc)
        if test.verdict is Verdict.PASSED:
            failed_tests = 0
        elif test.verdict is not Verdict.RUNNING:
            failed_tests += 1
    is_unproven = state.unproven_by_s is not None and now_s >= state.unproven_by_s
    is_unclosed = state.unclosed_by_s is not None and now_s >= state.unclosed_by_s
    is_echo = facts.is_proven_open and now_s < state.echo_until_s
    ledger = state.ledger
    for code, detail in complain(
        state.phase,
        facts,
        _activity(state, now_s),
        None if test is None else test.verdict,
        failed_tests,
        is_unproven,
        is_unclosed,
        is_echo,
    ):
        ledger = raise_fault(ledger, code, detail, inputs.utc_ns)
    ledger = review(ledger, facts, now_s)
    is_authorized = inputs.session is None or inputs.session.authorized
    is_tested = state.is_tested and not ledger.records and facts.is_plugged and is_authorized
    is_welded = state.is_welded or is_unproven
    is_plug_out = facts.is_out or (state.is_plug_out and not facts.is_plugged)
    plugged_since_utc_ns = 0 if facts.is_out else state.plugged_since_utc_ns
    if state.is_plug_out and not is_plug_out:
        plugged_since_utc_ns = inputs.utc_ns
    # Once the vehicle has shown B it has stopped: its plug may be pulled.
    pulled_until_s = 0.0 if facts.cp is CpState.B else state.pulled_until_s
    if (
        test is not state.test
        or ledger is not state.ledger
        or is_tested is not state.is_tested
        or is_welded is not state.is_welded
        or is_plug_out is not state.is_plug_out
        or pulled_until_s != state.pulled_until_s
    ):
        state = replace(
            state,
            test=test,
            failed_tests=failed_tests,
            ledger=ledger,
            is_tested=is_tested,
            is_welded=is_welded,
            is_plug_out=is_plug_out,
            plugged_since_utc_ns=plugged_since_utc_ns,
            pulled_until_s=pulled_until_s,
        )
    return state


def _activity(state: State, now_s: float) -> str:
    """Return during what the plug must not be pulled (ERR-1); "" when it may be."""
    if state.phase is SafetyPhase.SELF_TEST:
        return "during the self-test"
    return "while charging" if state.phase in ENERGISED or now_s <= state.pulled_until_s else ""


def _prove(config: Config, state: State, facts: Facts, now_s: float) -> State:
    """Compare what is commanded with what mirror contact and voltage prove."""
    unproven_by_s, unclosed_by_s = state.unproven_by_s, state.unclosed_by_s
    match state.phase:
        case SafetyPhase.CLOSING:
            unproven_by_s = None
            unclosed_by_s = None if facts.is_proven_closed else state.until_s
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            unproven_by_s = None
            if facts.is_proven_closed:
                unclosed_by_s = None
            elif unclosed_by_s is None:
                unclosed_by_s = now_s + config.lost_s
        case _:
            unclosed_by_s = None
            if facts.is_proven_open:
                unproven_by_s = None
            elif unproven_by_s is None:
                is_start = state.phase is SafetyPhase.START
                unproven_by_s = now_s + (config.start_s if is_start else config.opening_s)
    contactor = _proven(state, facts.is_proven_open)
    if (unproven_by_s, unclosed_by_s, contactor) == (
        state.unproven_by_s,
        state.unclosed_by_s,
        state.contactor,
    ):
        return state
    return replace(
        state, unproven_by_s=unproven_by_s, unclosed_by_s=unclosed_by_s, contactor=contactor
    )


def _proven(state: State, is_open: bool) -> Contactor:
    """Return the contactor as proven; what is not proven open counts as closed."""
    if state.is_welded:
        return Contactor.WELDED
    return Contactor.OPEN if is_open else Contactor.CLOSED


def _move(config: Config, state: State, facts: Facts, now_s: float, reasons: Reasons) -> State:
    """Go from phase to phase; opening comes before everything else."""
    match state.phase:
        case SafetyPhase.CLOSING:
            if any(reasons):
                return _open(config, state, facts, now_s)
            if facts.is_proven_closed:
                return replace(state, phase=SafetyPhase.CLOSED)
            return state
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            return _stay_closed(config, state, facts, now_s, reasons)
        case SafetyPhase.START | SafetyPhase.OPENING:
            is_over = (facts.is_proven_open and facts.is_settled) or state.is_welded
            return _rest(config, state, facts, now_s, reasons) if is_over else state
        case SafetyPhase.IDLE | SafetyPhase.SELF_TEST | SafetyPhase.READY | SafetyPhase.FAULT:
            return _rest(config, state, facts, now_s, reasons)


def _stay_closed(
    config: Config, state: State, facts: Facts, now_s: float, reasons: Reasons
) -> State:
    """Open at once, or when the vehicle has had its time to stop (Table A.6, seq. 9 and 10.2)."""
    if reasons.to_open:
        return _open(config, state, facts, now_s)
    is_wanted = state.is_tested and not reasons.to_withhold and not reasons.to_wait
    if is_wanted:
        if state.phase is SafetyPhase.CLOSED:
            return state
        return replace(state, phase=SafetyPhase.CLOSED)
    if facts.is_unloaded:
        return _open(config, state, facts, now_s)
    if state.phase is SafetyPhase.CLOSED:
        return replace(state, phase=SafetyPhase.STOPPING, until_s=now_s + config.vehicle_s)
    return _open(config, state, facts, now_s) if now_s >= state.until_s else state


def _open(config: Config, state: State, facts: Facts, now_s: float) -> State:
    return replace(
        state,
        phase=SafetyPhase.OPENING,
        pulled_until_s=now_s + config.pulled_s if facts.asks else 0.0,
        unproven_by_s=now_s + config.opening_s,
        unclosed_by_s=None,
    )


def _rest(config: Config, state: State, facts: Facts, now_s: float, reasons: Reasons) -> State:
    """Choose the phase of an open contactor; it closes from READY alone."""
    is_tested = state.is_tested
    test = state.test
    if test is not None and test.verdict is Verdict.PASSED and not state.ledger.records:
        is_tested = True
    if state.ledger.records:
        phase, test = SafetyPhase.FAULT, None
    elif is_tested:
        phase, test = SafetyPhase.READY, None
    elif reasons.to_withhold or not facts.is_proven_open:
        phase, test = SafetyPhase.IDLE, None
    else:
        phase = SafetyPhase.SELF_TEST
        test = test or SelfTest(begun_s=max(now_s, state.echo_until_s))
    if (
        phase is SafetyPhase.READY
        and state.phase is SafetyPhase.READY
        and not any(reasons)
        and facts.is_steady
        and facts.has_diode is True
        and facts.is_proven_open
        and now_s >= state.rests_until_s
    ):
        return replace(
            state,
            phase=SafetyPhase.CLOSING,
            until_s=now_s + config.closing_s,
            rests_until_s=now_s + config.between_s,
        )
    if phase is state.phase and test is state.test and is_tested is state.is_tested:
        return state
    echo_s = state.echo_until_s
    if test is not state.test:
        echo_s = max(echo_s, echo_until_s(state.test))
    return replace(state, phase=phase, test=test, is_tested=is_tested, echo_until_s=echo_s)
