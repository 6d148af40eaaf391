"""Make the outputs of a step: lines to set, what to publish, whether the node may end. Pure."""

import math

from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import SafetyPhase, SafetyStatus
from nodes.safety import words
from nodes.safety.config import Config
from nodes.safety.contactor import ENERGISED
from nodes.safety.cycle import Lateness
from nodes.safety.evaluation import Evaluation, Stale
from nodes.safety.evidence import follow_contactor
from nodes.safety.faults import is_blocked
from nodes.safety.heat import limit_of_temperature
from nodes.safety.latch import is_kept, latches_of, want
from nodes.safety.opening import opening_of, stop_asked
from nodes.safety.reasons import Reasons, reason_not_closed
from nodes.safety.state import Inputs, Outputs, State

_UNPROVEN = (SafetyPhase.START, SafetyPhase.OPENING)


def report(
    config: Config,
    before: State,
    state: State,
    evaluation: Evaluation | None,
    inputs: Inputs,
    moment: Moment,
    reasons: Reasons,
    lateness: Lateness,
) -> tuple[State, Outputs]:
    """Return the outputs of a step.

    The watchdog is fed only by looks without a finding: inputs are fresh, an open contactor is
    proven open, nothing is latched. So if the coil stays on with the enable line off, the hardware
    watchdog drops it after 1 s.

    :param before: the state before the step.
    """
    is_well = (
        evaluation is not None and state.phase not in _UNPROVEN and not state.faults.is_latched
    )
    latches = latches_of(state.faults.records, is_flag_up=state.reset.is_seen)
    wired, on_trial = state.evaluation_state.wiring.ever, state.proof.on_trial
    memory, write = want(state.memory, latches, wired, on_trial, moment)
    if memory is not state.memory:
        state = replace(state, memory=memory)
    line = opening_of(config, before, state, evaluation, inputs, reasons, lateness)
    if line is not None:
        state = replace(state, opened=line[1], opened_ns=round(moment.now_s * 1e9))
    followed = follow_contactor(
        state.evidence,
        moment.now_s,
        inputs.utc_ns,
        phases=(before.phase, state.phase),
        shown=(before.proof.contactor, state.proof.contactor),
        cp=None if evaluation is None else evaluation.cp,
        most_a=None if evaluation is None else evaluation.most_a,
        repetitions=(before.evaluation_state.repetition, state.evaluation_state.repetition),
    )
    if followed is not state.evidence:
        state = replace(state, evidence=followed)
    asked = stop_asked(before, state, evaluation, inputs, reasons)
    if asked is not None:
        state = replace(state, asked=asked)
    state = _begin_to_publish(config, state, moment)
    is_at_rest = _is_at_rest(before, state)
    # Open, unchanged, no vehicle: more looks would open nothing sooner.
    is_idle = is_at_rest and state.phase is SafetyPhase.IDLE
    is_idle = is_idle and evaluation is not None and evaluation.cp is CpState.A
    status = _status(config, state, evaluation, moment, reasons) if state.has_published else None
    is_finished = _is_finished(config, state, evaluation, inputs.stop, moment)
    return state, Outputs(
        enable=state.phase in ENERGISED,
        residual_test=state.testing.is_on,
        feeds_watchdog=is_well,
        clear_reset=state.reset.is_seen,
        write=write,
        status=status,
        line=line or _late_look(before, inputs.since_s, lateness),
        period_s=config.idle_s if is_idle else config.period_s,
        due_s=moment.due_s if is_at_rest else moment.now_s,
        is_finished=is_finished,
        evidence=state.evidence.message,
    )


def _is_at_rest(before: State, state: State) -> bool:
    """Return whether the same inputs change nothing before the deadline.

    What the meter chip shows is only compared with what it shows next.
    """
    repetition = state.evaluation_state.repetition
    evaluation_state = replace(before.evaluation_state, repetition=repetition)
    return state == replace(before, evaluation_state=evaluation_state)


def _begin_to_publish(config: Config, state: State, moment: Moment) -> State:
    """Publish nothing before the first proof of an open contactor, for half of the hold at most."""
    if state.has_published:
        return state
    if state.publishes_from_s is None:
        state = replace(state, publishes_from_s=moment.now_s + config.first_status_s)
    is_due = state.publishes_from_s is not None and moment.reached(state.publishes_from_s)
    if state.phase is SafetyPhase.START and not is_due:
        return state
    return replace(state, has_published=True)


def _status(
    config: Config, state: State, evaluation: Evaluation | None, moment: Moment, reasons: Reasons
) -> SafetyStatus:
    evaluation_state, faults, derating = (
        state.evaluation_state,
        state.faults,
        state.evaluation_state.derating,
    )
    installation_limit_a = evaluation_state.switches.installation_limit_a
    is_between_closings = not moment.reached(state.next_closing_s)
    reason = reason_not_closed(
        state.phase, state.stale.reason, state.memory, reasons, is_between_closings
    )
    return SafetyStatus(
        contactor=state.proof.contactor,
        permitted=state.testing.is_passed
        and evaluation is not None
        and reasons.to_withhold is None,
        faults=tuple(record.code for record in faults.records),
        retries=faults.retries,
        temperature_c=state.temperature_c
        if evaluation is None
        else round(evaluation.temperature_c, 1),
        installation_limit_a=installation_limit_a,
        limit_a=limit_of_temperature(installation_limit_a, derating.pace.celsius, derating.is_hot),
        phase=state.phase,
        detail=words.not_closed(state.phase, reason, faults.records, state.memory.problem),
        records=tuple(words.as_fault(record) for record in faults.records),
        commissioning=evaluation_state.switches.is_commissioning,
        cp_state=None
        if evaluation is None
        else CpState.E
        if evaluation.is_undefined
        else evaluation.cp,
        offered_a=0.0 if evaluation is None else round(evaluation.offered_a, 1),
        plugged_since_utc_ns=state.plug.since_utc_ns,
        retry_in_s=_retry_in_s(state, evaluation, moment),
        has_mains=state.stale.reason is not Stale.NO_MAINS,
        showroom=config.showroom,
        external_enable=evaluation_state.switches.external_enable,
        dip=evaluation_state.switches.dip,
        wired_phases=evaluation_state.wiring.wired,
        starts_in_s=_left_s(state.reset.waits_until_s, moment) or None,
        opened=state.opened,
        opened_ns=state.opened_ns,
    )


def _late_look(before: State, gap_s: float, lateness: Lateness) -> tuple[str, str] | None:
    """Return a line for the log when a late look has cost more than an opening, which has its own.

    It has broken off a self-test, or earlier readings do not count.
    """
    is_costly = before.testing.is_pulsed or lateness is Lateness.STALLED
    if lateness in (Lateness.IN_TIME, Lateness.LATE) or not is_costly:
        return None
    return "warning", words.own_cycle_late(gap_s)


def _retry_in_s(state: State, evaluation: Evaluation | None, moment: Moment) -> float | None:
    """Return the time to the next retry [s]; None: none pending, or it waits for a condition."""
    retry_at_s = state.faults.retry_at_s
    if retry_at_s is None or (moment.reached(retry_at_s) and is_blocked(state.faults, evaluation)):
        return None
    return _left_s(retry_at_s, moment)


def _left_s(end_s: float, moment: Moment) -> float:
    """Return the time until then [s], rounded up to seconds, so that it changes once a second."""
    left_s = max(0.0, float(math.ceil(end_s - moment.now_s)))
    if left_s > 0.0:
        moment.wake_at(end_s - left_s + 1.0)
    return left_s


def _is_finished(
    config: Config,
    state: State,
    evaluation: Evaluation | None,
    stop: StopReason | None,
    moment: Moment,
) -> bool:
    """Return whether a node that is asked to stop may end."""
    if stop is None or state.stop_by_s is None or state.phase in ENERGISED:
        return False
    if stop is StopReason.RESTART and not moment.reached(state.testing.answers_until_s):
        return False  # the next incarnation would take the late self-test answer for a trip
    keeps_until_s = state.stop_by_s - config.sigterm_s + config.keep_s
    is_hurried = stop is StopReason.SIGNAL or moment.reached(keeps_until_s)
    latches, wired = latches_of(state.faults.records), state.evaluation_state.wiring.ever
    if not is_hurried and not is_kept(state.memory, latches, wired):
        return False  # the write has not ended yet
    if evaluation is not None and evaluation.is_proven_open:
        return True
    if state.phase is SafetyPhase.OPENING and stop is not StopReason.SIGNAL:
        return False  # proof or fault follows within 0.2 s
    return moment.reached(state.stop_by_s)
