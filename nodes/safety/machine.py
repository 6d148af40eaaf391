"""Whether current may flow: facts in, the enable line out. Nobody can command it closed.

The phases are those of `msgs.safety.SafetyPhase`. Each step first judges its own cycle (cycle),
then the reading (judge), raises what is wrong (complain), clears what is over (faults.review) and
only then moves. A step without a reading opens, whatever the phase. IEC 61851-1:2017, Annex A;
architecture "who holds how long".
"""

import math

from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import Written
from msgs.pilot import STATE_READS, CpState
from msgs.safety import Contactor, SafetyPhase
from nodes.safety.chain import ChainReading
from nodes.safety.complain import (
    Activity,
    Course,
    complain,
    cycle_late,
    not_open,
    not_seen,
)
from nodes.safety.cycle import Lateness
from nodes.safety.cycle import watch as watch_cycle
from nodes.safety.faults import clear, clear_proven, raise_fault, review
from nodes.safety.finding import Finding
from nodes.safety.judge import BESIDE_PERCENT, Blind, Facts, judge, proves_open
from nodes.safety.latch import Recalled, hear
from nodes.safety.report import report
from nodes.safety.selftest import SelfTest, Verdict, answers_until_s, watch
from nodes.safety.state import ENERGISED, Config, Inputs, Outputs, State
from nodes.safety.supply import spend
from nodes.safety.why import Reasons, Why, why_blind, why_not
from nodes.safety.wiring import NONE, recall

# The phases are found out and stored beside the self-test; nothing is permitted before all is done.
_LETS_TEST = (None, Why.PHASES_UNKNOWN, Why.PHASES_UNSTORED)

__all__ = ["Config", "Inputs", "Outputs", "State", "step"]


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Judge what one look shows. The same inputs need no step before `Outputs.due_s`."""
    before, moment = state, Moment(inputs.now_s)
    if inputs.kept is not None:
        state = _hear_disk(state, inputs.kept, inputs.now_s)
    if inputs.stop is not None and state.stop_by_s is None:
        state = replace(state, stop_by_s=inputs.now_s + config.farewell_s)
    state, lateness = _judge_cycle(config, state, inputs, moment)
    reading = None if lateness is Lateness.ASLEEP else inputs.reading
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
    facts: Facts | None = None
    if isinstance(seen, Blind):
        if lateness is Lateness.ASLEEP:
            seen = Blind.LATE
        state = _lose_sight(config, state, reading, seen, inputs, moment)
        celsius = before.judged.heat.celsius
        if celsius is not None:
            state = replace(state, temperature_c=round(celsius, 1))
        reasons = why_blind(seen)
    else:
        facts = seen
        if state.blind is not None:
            state = replace(state, blind=None)
        state = _hear_reset(config, state, facts, inputs)
        state = _look(config, state, facts, inputs, moment)
        is_late = lateness is Lateness.LATE
        reasons = why_not(config, state, facts, inputs, moment, is_late=is_late)
        state = _move(config, state, facts, moment, reasons)
        if state.blind_since_s is not None and state.phase is not SafetyPhase.START:
            state = replace(state, blind_since_s=None)
    return report(config, before, state, facts, inputs, moment, reasons, lateness)


def _judge_cycle(
    config: Config, state: State, inputs: Inputs, moment: Moment
) -> tuple[State, Lateness]:
    """Answer a look that comes late: open, or begin the self-test anew."""
    is_closed = state.phase in ENERGISED
    cycle, lateness = watch_cycle(state.cycle, moment, inputs.since_s, is_closed=is_closed)
    if cycle is not state.cycle:
        state = replace(state, cycle=cycle)
    if lateness in (Lateness.IN_TIME, Lateness.LATE):
        return state, lateness
    finding = cycle_late(inputs.since_s)
    if is_closed:
        return replace(state, ledger=raise_fault(state.ledger, finding, inputs.utc_ns)), lateness
    if lateness is Lateness.TOO_LATE and state.test is not None and state.test.is_pulsed:
        # The answer of the monitor may have come and gone since.
        state = _interrupt(config, state, finding, inputs, moment)
        state = replace(state, answers_until_s=_answers_s(state), test=None)
    return state, lateness


def _interrupt(
    config: Config, state: State, finding: Finding, inputs: Inputs, moment: Moment
) -> State:
    """Note that a charge or a self-test is broken off: too often within a minute is a fault."""
    ledger = state.ledger
    recent_s = tuple(
        at_s for at_s in state.interrupted_at_s if not moment.reached(at_s + config.interruptions_s)
    )
    interrupted_at_s = (*recent_s, moment.now_s)
    if len(interrupted_at_s) >= config.interruptions:
        interrupted_at_s = ()
        ledger = raise_fault(ledger, finding, inputs.utc_ns)
    return replace(state, interrupted_at_s=interrupted_at_s, ledger=ledger)


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
    ledger = clear(state.ledger) if state.was_reset_down else state.ledger
    return replace(
        state,
        phase=SafetyPhase.START,
        is_first_proof=True,
        unproven_s=0.0,
        ledger=ledger,
        is_on_trial=state.is_welded or ledger.is_latched,
        test=None,
        answers_until_s=_answers_s(state),
        is_tested=False,
        failed_tests=0,
        disobeyed_since_s=None,
    )


def _lose_sight(
    config: Config,
    state: State,
    reading: ChainReading | None,
    blind: Blind,
    inputs: Inputs,
    moment: Moment,
) -> State:
    """Open; once there is sight again everything is proven and tested anew."""
    was_energised = state.phase in ENERGISED
    state = _prove_by_contacts(config, state, reading, blind, inputs)
    state = _miss_sight(config, state, blind, inputs, moment)
    return replace(
        state,
        phase=SafetyPhase.START,
        pulled_until_s=inputs.now_s + config.unseen_s if was_energised else state.pulled_until_s,
        blind=blind,
        disobeyed_since_s=None,
        test=None,
        answers_until_s=_answers_s(state),
        is_tested=False,
    )


def _prove_by_contacts(
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
                is_on_trial=False,
                ledger=raise_fault(state.ledger, not_open(has_voltage), inputs.utc_ns),
            )
    return replace(state, contactor=contactor, unproven_s=unproven_s)


def _miss_sight(
    config: Config, state: State, blind: Blind, inputs: Inputs, moment: Moment
) -> State:
    """Raise a fault when sight stays lost, or breaks off a charge or a self-test too often.

    Without mains nothing is wrong with the box, nor was when they were not known to be gone yet.
    """
    if blind is Blind.DARK:
        return replace(state, blind_since_s=None, interrupted_at_s=())
    if state.blind_since_s is None:
        state = replace(state, blind_since_s=moment.now_s)
    finding = not_seen(blind, inputs.since_s)
    is_testing = state.test is not None and state.test.is_pulsed
    if state.phase in ENERGISED or state.is_tested or is_testing:
        state = _interrupt(config, state, finding, inputs, moment)
    since_s = state.blind_since_s
    if since_s is not None and moment.reached(since_s + config.blind_s):
        ledger = raise_fault(state.ledger, finding, inputs.utc_ns)
        state = replace(state, interrupted_at_s=(), ledger=ledger)
    return state


def _look(config: Config, state: State, facts: Facts, inputs: Inputs, moment: Moment) -> State:
    """Take proofs, self-test, faults and plug one reading on."""
    state = _prove(config, state, facts, inputs.since_s)
    state = _watch_test(state, facts, moment)
    state = _compare_duty(state, facts, inputs)
    state = _raise_faults(config, state, facts, inputs, moment)
    return _follow_plug(config, state, facts, inputs, moment)


def _watch_test(state: State, facts: Facts, moment: Moment) -> State:
    """Take the self-test one reading on, and count its failures in a row."""
    if state.test is None:
        return state
    test = watch(state.test, moment, facts.residual_ac, facts.residual_dc)
    if test is state.test:
        return state
    failed_tests = state.failed_tests
    if test.verdict is Verdict.PASSED:
        failed_tests = 0
    elif test.verdict is not Verdict.RUNNING:
        failed_tests += 1
    return replace(state, test=test, failed_tests=failed_tests)


def _raise_faults(
    config: Config, state: State, facts: Facts, inputs: Inputs, moment: Moment
) -> State:
    """Raise what is wrong, and let go what is over."""
    since_s = state.disobeyed_since_s
    is_unproven = not facts.is_proven_open and state.unproven_s >= _proof_s(config, state)
    is_disobeyed = since_s is not None and moment.reached(since_s + config.disobeyed_s)
    course = Course(
        phase=state.phase,
        activity=_activity(state, moment),
        verdict=None if state.test is None else state.test.verdict,
        failed_tests=state.failed_tests,
        is_unproven=is_unproven,
        is_unclosed=_is_unclosed(config, state, facts, moment),
        # Without voltage behind it no contact carries a residual current.
        may_answer=not facts.has_voltage and not moment.reached(state.answers_until_s),
        told_percent=inputs.pilot.duty_percent if is_disobeyed and inputs.pilot else None,
    )
    ledger = state.ledger
    is_welded = state.is_welded or is_unproven
    is_on_trial = state.is_on_trial and not is_unproven
    if is_on_trial and facts.is_proven_open and facts.is_settled:
        ledger = clear_proven(ledger)
        is_welded = is_on_trial = False
    for finding in complain(course, facts):
        ledger = raise_fault(ledger, finding, inputs.utc_ns)
    ledger = review(
        ledger,
        facts,
        moment,
        is_charging=state.phase is SafetyPhase.CLOSED,
        was_out=state.is_plug_out,
    )
    return replace(state, ledger=ledger, is_welded=is_welded, is_on_trial=is_on_trial)


def _follow_plug(
    config: Config, state: State, facts: Facts, inputs: Inputs, moment: Moment
) -> State:
    """Take on what is known of this plug: that it is in, is tested, and may be pulled."""
    is_authorized = inputs.session is None or inputs.session.authorized
    tested_until_s = state.tested_at_s + config.tested_s
    is_tested = (
        state.is_tested
        and (state.phase in ENERGISED or not moment.reached(tested_until_s))
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


def _activity(state: State, moment: Moment) -> Activity | None:
    """Return during what the plug must not be pulled (ERR-1); None when it may be."""
    if state.test is not None and moment.reached(state.test.begun_s):
        return Activity.SELF_TEST
    is_charge = state.phase in ENERGISED or not moment.reached(state.pulled_until_s)
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


def _answers_s(state: State) -> float:
    """Return until when the monitor may answer if its self-test is broken off now [s]."""
    return max(state.answers_until_s, answers_until_s(state.test))


def _is_unclosed(config: Config, state: State, facts: Facts, moment: Moment) -> bool:
    """Return whether a closed contactor has not been proven so in time, or not any more."""
    if state.phase is SafetyPhase.CLOSING:
        return not facts.is_proven_closed and moment.reached(state.until_s)
    return state.unclosed_s > config.lost_s


def _proven(state: State, is_open: bool) -> Contactor:
    """Return the contactor as proven; what is not proven open counts as closed."""
    if state.is_welded:
        return Contactor.WELDED
    return Contactor.OPEN if is_open else Contactor.CLOSED


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
            is_over = (facts.is_proven_open and is_known) or (
                state.is_welded and not state.is_on_trial
            )
            if not is_over:
                return state
            state = replace(state, unproven_s=0.0, is_first_proof=False)
            return _rest(config, state, facts, moment, reasons)
        case SafetyPhase.IDLE | SafetyPhase.SELF_TEST | SafetyPhase.READY | SafetyPhase.FAULT:
            return _rest(config, state, facts, moment, reasons)


def _stay_closed(
    config: Config, state: State, facts: Facts, moment: Moment, reasons: Reasons
) -> State:
    """Open at once, or when the vehicle has had its time to stop (Table A.6, seq. 9 and 10.2)."""
    if reasons.to_open is not None:
        return _open(config, state, facts, moment.now_s)
    if state.is_tested and reasons.first is None:
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
    return replace(
        state,
        phase=SafetyPhase.OPENING,
        pulled_until_s=now_s + config.pulled_s if facts.asks else 0.0,
    )


def _rest(config: Config, state: State, facts: Facts, moment: Moment, reasons: Reasons) -> State:
    """Choose the phase of an open contactor; it closes from READY alone."""
    now_s = moment.now_s
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
        test = test or SelfTest(begun_s=max(now_s, state.answers_until_s))
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
            unproven_s=0.0,  # the next opening has the whole time for its proof
            until_s=now_s + config.closing_s,
            rests_until_s=now_s + config.between_s,
        )
    if test is not state.test:
        state = replace(state, test=test, answers_until_s=_answers_s(state))
    return replace(state, phase=phase, is_tested=is_tested)
