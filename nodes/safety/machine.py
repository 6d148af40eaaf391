"""Whether current may flow: facts in, the enable line out. Nobody can command it closed.

The phases are those of `msgs.safety.SafetyPhase`. Every round first looks (judge), then notes what
is wrong (complain), lets go what is over (faults.review) and only then moves. A round without a
reading opens, whatever the phase. IEC 61851-1:2017, Annex A; architecture "who holds how long".
"""

import math

from msgspec.structs import replace

from bus.write_behind import Written
from msgs.pilot import STATE_READS, CpState
from msgs.safety import Contactor, SafetyPhase
from nodes.safety.chain import ChainReading
from nodes.safety.complain import Activity, Course, complain, not_open, not_seen
from nodes.safety.faults import acquit, pardon, raise_fault, review
from nodes.safety.judge import BESIDE_PERCENT, Blind, Facts, judge, proves_open
from nodes.safety.latch import Recalled, hear
from nodes.safety.report import report
from nodes.safety.selftest import SelfTest, Verdict, echo_until_s, watch
from nodes.safety.state import ENERGISED, Config, Inputs, Outputs, State
from nodes.safety.supply import spend
from nodes.safety.why import Reasons, Why, why_blind, why_not
from nodes.safety.wiring import NONE, recall

# The phases are found out and stored beside the self-test; nothing is permitted before all is done.
_LETS_TEST = (None, Why.PHASES_UNKNOWN, Why.PHASES_UNSTORED)

__all__ = ["Config", "Inputs", "Outputs", "State", "step"]


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Judge one round: each 10 ms, or each 25 ms while nothing moves."""
    if state.calm is not None and _is_calm_still(config, state, state.calm, inputs):
        return state, _keep_still(config)
    before = state
    if inputs.kept is not None:
        state = _hear_disk(state, inputs.kept, inputs.now_s)
    if inputs.stop is not None and state.stop_by_s is None:
        state = replace(state, stop_by_s=inputs.now_s + config.farewell_s)
    reading = inputs.reading if inputs.since_s <= config.stall_s else None
    judged, seen = judge(
        state.judged,
        reading,
        inputs.now_s,
        inputs.since_s,
        earth_loop=config.earth_loop,
        is_open=state.phase not in ENERGISED,
    )
    if judged is not state.judged:
        state = replace(state, judged=judged)
    facts: Facts | None = None
    if isinstance(seen, Blind):
        state = _go_blind(config, state, reading, seen, inputs)
        reasons = why_blind(seen)
    else:
        facts = seen
        if state.blind is not None:
            state = replace(state, blind=None)
        state = _hear_reset(config, state, facts, inputs)
        state = _look(config, state, facts, inputs)
        reasons = why_not(config, state, facts, inputs)
        state = _move(config, state, facts, inputs.now_s, reasons)
        if state.blind_since_s is not None and state.phase is not SafetyPhase.START:
            state = replace(state, blind_since_s=None)
    is_calm = facts is not None and _is_calm(before, state, facts, inputs)
    if is_calm or state.calm is not None:
        state = replace(state, calm=inputs if is_calm else None)
    return report(config, state, facts, inputs, reasons)


def _hear_disk(state: State, kept: Recalled | Written, now_s: float) -> State:
    """Take what has come back from the disk: a latch of 8007 holds on, and so do wired phases."""
    state = replace(state, memory=hear(state.memory, kept, now_s))
    if isinstance(kept, Written):
        return state
    state = replace(
        state, judged=replace(state.judged, wiring=recall(state.judged.wiring, kept.wired))
    )
    if kept.latch is None:
        return state
    # What this process has seen by itself is younger than any reset that it finds.
    return replace(
        state,
        is_latch_recalled=not state.ledger.is_latched and not kept.latch.is_flag_up,
        ledger=raise_fault(state.ledger, kept.latch.finding, kept.latch.since_utc_ns),
    )


def _hear_reset(config: Config, state: State, facts: Facts, inputs: Inputs) -> State:
    """Judge afresh when the mains were off and on (ERR-P), once for each time.

    A flag that has been up since the start comes from before it: it excuses what a predecessor has
    kept, and nothing that this process has seen. Before the disk is recalled it is not known yet
    what there is to be judged.
    """
    if facts.is_no_reset:
        if state.was_reset_down and not state.is_reset_seen:
            return state
        judged = state.judged
        if state.is_reset_seen:  # and taken back: the mains were off since a predecessor looked
            judged = replace(judged, wiring=recall(judged.wiring, NONE))
        return replace(state, was_reset_down=True, is_reset_seen=False, judged=judged)
    if not facts.is_reset or state.is_reset_seen or not state.memory.is_recalled:
        return state
    state = replace(
        state,
        is_reset_seen=True,
        waits_until_s=inputs.now_s + config.wait_s,
    )
    if not state.was_reset_down and not state.is_latch_recalled:
        return state
    ledger = pardon(state.ledger) if state.was_reset_down else state.ledger
    return replace(
        state,
        phase=SafetyPhase.START,
        is_first_proof=True,
        unproven_s=0.0,
        ledger=ledger,
        is_pardoned=state.is_welded or ledger.is_latched,
        test=None,
        echo_until_s=_echo_s(state),
        is_tested=False,
        failed_tests=0,
        disobeyed_since_s=None,
    )


def _is_calm(before: State, state: State, facts: Facts, inputs: Inputs) -> bool:
    """Return whether the same inputs, given again, could only repeat this round.

    The contactor is open and proven so, no vehicle, no fault, nothing that time alone would end.
    """
    return (
        facts.cp is CpState.A
        and state.phase is SafetyPhase.IDLE
        and state.contactor is Contactor.OPEN
        and state.judged is before.judged
        and not state.judged.supply.is_waiting
        and not state.judged.heat.is_leaping
        and state.ledger is before.ledger
        and not state.ledger.records
        and state.ledger.retry_at_s is None
        and state.memory.is_quiet(state.judged.wiring.ever)
        and not state.is_reset_seen
        and state.test is None
        and state.unproven_s == 0.0
        and state.disobeyed_since_s is None
        and state.pulled_until_s <= inputs.now_s
        and state.echo_until_s <= inputs.now_s
        and inputs.kept is None
        and inputs.stop is None
    )


def _is_calm_still(config: Config, state: State, calm: Inputs, inputs: Inputs) -> bool:
    """Return whether a round would repeat the calm one: same inputs, and nothing is due."""
    due_s = (state.publish_at_s or 0.0) - config.slack_s
    return (
        inputs.now_s < due_s
        and inputs.since_s <= config.stall_s
        and inputs.reading == calm.reading
        and inputs.pilot == calm.pilot
        and inputs.session == calm.session
        and inputs.meter == calm.meter
        and inputs.kept is None
        and inputs.stop is None
    )


def _keep_still(config: Config) -> Outputs:
    """Return what a round says in which nothing moves: the contactor is open and stays so."""
    return Outputs(
        enable=False,
        residual_test=False,
        feeds_watchdog=True,
        clear_reset=False,
        write=None,
        status=None,
        period_s=config.calm_s,
        is_finished=False,
    )


def _go_blind(
    config: Config, state: State, reading: ChainReading | None, blind: Blind, inputs: Inputs
) -> State:
    """Open; once there is sight again everything is proven and tested anew."""
    was_energised = state.phase in ENERGISED
    state = _prove_blindly(config, state, reading, blind, inputs)
    state = _miss_sight(config, state, blind, inputs)
    return replace(
        state,
        phase=SafetyPhase.START,
        pulled_until_s=inputs.now_s + config.unseen_s if was_energised else state.pulled_until_s,
        blind=blind,
        disobeyed_since_s=None,
        test=None,
        echo_until_s=_echo_s(state),
        is_tested=False,
    )


def _prove_blindly(
    config: Config, state: State, reading: ChainReading | None, blind: Blind, inputs: Inputs
) -> State:
    """Take what the contacts alone prove; without mains they have no supply, and prove nothing.

    A reading whose pilot is nonsense still has contacts that prove something, or do not in time.
    """
    was_energised = state.phase in ENERGISED
    contactor, unproven_s = state.contactor, state.unproven_s
    is_open = reading is not None and proves_open(reading)
    if reading is not None or was_energised:  # then it may have closed just now
        contactor = _proven(state, is_open)
    if blind is Blind.DARK:
        unproven_s = 0.0
    elif blind is Blind.NONSENSE and reading is not None and not was_energised:
        limit_s = _proof_s(config, state)
        unproven_s = spend(unproven_s, not is_open, inputs.since_s, limit_s)
        if unproven_s >= limit_s:
            has_voltage = reading.load_voltage is not False
            return replace(
                state,
                contactor=Contactor.WELDED,
                is_welded=True,
                is_pardoned=False,
                ledger=raise_fault(state.ledger, not_open(has_voltage), inputs.utc_ns),
            )
    return replace(state, contactor=contactor, unproven_s=unproven_s)


def _miss_sight(config: Config, state: State, blind: Blind, inputs: Inputs) -> State:
    """Raise a fault when sight stays lost, or is lost in a charge again and again.

    Without mains nothing is wrong with the box.
    """
    if blind is Blind.DARK:
        return replace(state, blind_since_s=None)
    now_s, sight_lost_s, ledger = inputs.now_s, state.sight_lost_s, state.ledger
    blind_since_s = now_s if state.blind_since_s is None else state.blind_since_s
    if state.phase in ENERGISED:
        recent_s = (at_s for at_s in sight_lost_s if now_s - at_s < config.flickers_s)
        sight_lost_s = (*recent_s, now_s)
    if now_s - blind_since_s >= config.blind_s or len(sight_lost_s) >= config.flickers:
        sight_lost_s = ()
        ledger = raise_fault(ledger, not_seen(blind), inputs.utc_ns)
    return replace(state, blind_since_s=blind_since_s, sight_lost_s=sight_lost_s, ledger=ledger)


def _look(config: Config, state: State, facts: Facts, inputs: Inputs) -> State:
    """Take proofs, self-test, faults and plug one reading on."""
    state = _prove(config, state, facts, inputs.since_s)
    state = _watch_test(state, facts, inputs.now_s)
    state = _compare_duty(state, facts, inputs)
    state = _raise_faults(config, state, facts, inputs)
    return _follow_plug(config, state, facts, inputs)


def _watch_test(state: State, facts: Facts, now_s: float) -> State:
    """Take the self-test one reading on, and count its failures in a row."""
    if state.test is None:
        return state
    test = watch(state.test, now_s, facts.residual_ac, facts.residual_dc)
    if test is state.test:
        return state
    failed_tests = state.failed_tests
    if test.verdict is Verdict.PASSED:
        failed_tests = 0
    elif test.verdict is not Verdict.RUNNING:
        failed_tests += 1
    return replace(state, test=test, failed_tests=failed_tests)


def _raise_faults(config: Config, state: State, facts: Facts, inputs: Inputs) -> State:
    """Raise what is wrong, and let go what is over."""
    now_s, since_s = inputs.now_s, state.disobeyed_since_s
    is_unproven = not facts.is_proven_open and state.unproven_s >= _proof_s(config, state)
    is_disobeyed = since_s is not None and now_s - since_s >= config.disobeyed_s
    course = Course(
        phase=state.phase,
        activity=_activity(state, now_s),
        verdict=None if state.test is None else state.test.verdict,
        failed_tests=state.failed_tests,
        is_unproven=is_unproven,
        is_unclosed=_is_unclosed(config, state, facts, now_s),
        # Without voltage behind it no contact carries a residual current.
        is_echo=now_s < state.echo_until_s and not facts.has_voltage,
        told_percent=inputs.pilot.duty_percent if is_disobeyed and inputs.pilot else None,
    )
    ledger = state.ledger
    is_welded = state.is_welded or is_unproven
    is_pardoned = state.is_pardoned and not is_unproven
    if is_pardoned and facts.is_proven_open and facts.is_settled:
        ledger = acquit(ledger)
        is_welded = is_pardoned = False
    for finding in complain(course, facts):
        ledger = raise_fault(ledger, finding, inputs.utc_ns)
    ledger = review(
        ledger,
        facts,
        now_s,
        is_charging=state.phase is SafetyPhase.CLOSED,
        was_out=state.is_plug_out,
    )
    return replace(state, ledger=ledger, is_welded=is_welded, is_pardoned=is_pardoned)


def _follow_plug(config: Config, state: State, facts: Facts, inputs: Inputs) -> State:
    """Take on what is known of this plug: that it is in, is tested, and may be pulled."""
    is_authorized = inputs.session is None or inputs.session.authorized
    age_s = inputs.now_s - state.tested_at_s
    is_tested = (
        state.is_tested
        and (state.phase in ENERGISED or age_s < config.tested_s)
        and not state.ledger.records
        and facts.is_plugged
        and is_authorized
    )
    is_plug_out = facts.is_out or (state.is_plug_out and not facts.is_plugged)
    plugged_since_utc_ns = state.plugged_since_utc_ns
    if is_plug_out:
        plugged_since_utc_ns = 0
    elif state.is_plug_out:
        plugged_since_utc_ns = inputs.utc_ns
    # Once the vehicle has shown B it has stopped: its plug may be pulled.
    pulled_until_s = 0.0 if facts.cp is CpState.B else state.pulled_until_s
    if (
        is_tested is state.is_tested
        and is_plug_out is state.is_plug_out
        and pulled_until_s == state.pulled_until_s
    ):
        return state
    return replace(
        state,
        is_tested=is_tested,
        is_plug_out=is_plug_out,
        plugged_since_utc_ns=plugged_since_utc_ns,
        pulled_until_s=pulled_until_s,
    )


def _compare_duty(state: State, facts: Facts, inputs: Inputs) -> State:
    """Follow since when the generator reads back another duty than pilot says.

    One reading that fits ends nothing: a new word of pilot fits until the next change at least.
    """
    told_percent = math.nan if inputs.pilot is None else inputs.pilot.duty_percent
    beside_percent = abs(told_percent - facts.duty_percent)
    since_s = state.disobeyed_since_s
    if beside_percent > BESIDE_PERCENT:
        since_s = inputs.now_s if since_s is None else since_s
        return replace(state, disobeyed_since_s=since_s, obeyed_reads=0)
    if since_s is None:
        return state
    if inputs.pilot is None or state.obeyed_reads + 1 >= STATE_READS:
        return replace(state, disobeyed_since_s=None)
    return replace(state, obeyed_reads=state.obeyed_reads + 1)


def _activity(state: State, now_s: float) -> Activity | None:
    """Return during what the plug must not be pulled (ERR-1); None when it may be."""
    if state.test is not None and now_s >= state.test.begun_s:
        return Activity.SELF_TEST
    is_charge = state.phase in ENERGISED or now_s <= state.pulled_until_s
    return Activity.CHARGE if is_charge else None


def _prove(config: Config, state: State, facts: Facts, since_s: float) -> State:
    """Compare what is commanded with what mirror contact and voltage prove."""
    unproven_s = unclosed_s = 0.0
    match state.phase:
        case SafetyPhase.CLOSING:
            pass
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            is_lost = not facts.is_proven_closed
            unclosed_s = spend(state.unclosed_s, is_lost, since_s, config.lost_s)
        case _:
            unproven_s = spend(
                state.unproven_s,
                not facts.is_proven_open,
                since_s,
                _proof_s(config, state),
            )
    contactor = _proven(state, facts.is_proven_open)
    if (unproven_s, unclosed_s, contactor) == (
        state.unproven_s,
        state.unclosed_s,
        state.contactor,
    ):
        return state
    return replace(state, unproven_s=unproven_s, unclosed_s=unclosed_s, contactor=contactor)


def _proof_s(config: Config, state: State) -> float:
    """Return how long an open contactor may be without its proof [s]."""
    return config.start_s if state.is_first_proof else config.opening_s


def _echo_s(state: State) -> float:
    """Return until when the monitor may answer if its self-test is broken off now [s]."""
    return max(state.echo_until_s, echo_until_s(state.test))


def _is_unclosed(config: Config, state: State, facts: Facts, now_s: float) -> bool:
    """Return whether a closed contactor has not been proven so in time, or not any more."""
    if state.phase is SafetyPhase.CLOSING:
        return not facts.is_proven_closed and now_s >= state.until_s
    return state.unclosed_s > config.lost_s


def _proven(state: State, is_open: bool) -> Contactor:
    """Return the contactor as proven; what is not proven open counts as closed."""
    if state.is_welded:
        return Contactor.WELDED
    return Contactor.OPEN if is_open else Contactor.CLOSED


def _move(config: Config, state: State, facts: Facts, now_s: float, reasons: Reasons) -> State:
    """Go from phase to phase; opening comes before everything else."""
    match state.phase:
        case SafetyPhase.CLOSING:
            if reasons.first is not None:
                return _open(config, state, facts, now_s)
            if facts.is_proven_closed:
                return replace(state, phase=SafetyPhase.CLOSED)
            return state
        case SafetyPhase.CLOSED | SafetyPhase.STOPPING:
            return _stay_closed(config, state, facts, now_s, reasons)
        case SafetyPhase.START | SafetyPhase.OPENING:
            is_known = facts.is_settled and state.memory.is_proven
            is_over = (facts.is_proven_open and is_known) or (
                state.is_welded and not state.is_pardoned
            )
            if not is_over:
                return state
            state = replace(state, unproven_s=0.0, is_first_proof=False)
            return _rest(config, state, facts, now_s, reasons)
        case SafetyPhase.IDLE | SafetyPhase.SELF_TEST | SafetyPhase.READY | SafetyPhase.FAULT:
            return _rest(config, state, facts, now_s, reasons)


def _stay_closed(
    config: Config, state: State, facts: Facts, now_s: float, reasons: Reasons
) -> State:
    """Open at once, or when the vehicle has had its time to stop (Table A.6, seq. 9 and 10.2)."""
    if reasons.to_open is not None:
        return _open(config, state, facts, now_s)
    if state.is_tested and reasons.first is None:
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
    )


def _rest(config: Config, state: State, facts: Facts, now_s: float, reasons: Reasons) -> State:
    """Choose the phase of an open contactor; it closes from READY alone."""
    is_tested = state.is_tested
    test = state.test
    if test is not None and test.verdict is Verdict.PASSED and not state.ledger.records:
        is_tested = True
        state = replace(state, tested_at_s=now_s)
    if state.ledger.records:
        phase, test = SafetyPhase.FAULT, None
    elif is_tested:
        phase, test = SafetyPhase.READY, None
    elif reasons.to_withhold not in _LETS_TEST or not facts.is_proven_open:
        phase, test = SafetyPhase.IDLE, None
    else:
        phase = SafetyPhase.SELF_TEST
        test = test or SelfTest(begun_s=max(now_s, state.echo_until_s))
    if (
        phase is SafetyPhase.READY
        and state.phase is SafetyPhase.READY
        and reasons.first is None
        and facts.is_steady
        and facts.has_diode is True
        and facts.is_proven_open
        and now_s >= state.rests_until_s
    ):
        return replace(
            state,
            phase=SafetyPhase.CLOSING,
            unproven_s=0.0,  # the next opening has the whole time for its proof
            until_s=now_s + config.closing_s,
            rests_until_s=now_s + config.between_s,
        )
    if test is not state.test:
        state = replace(state, test=test, echo_until_s=_echo_s(state))
    return replace(state, phase=phase, is_tested=is_tested)
