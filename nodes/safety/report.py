"""What follows from a round: lines to set, what to publish, whether the node may leave. Pure."""

from msgspec.structs import replace

from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import SafetyPhase, SafetyStatus
from nodes.safety import words
from nodes.safety.faults import is_blocked
from nodes.safety.heat import limit_of_temperature
from nodes.safety.judge import Blind, Facts
from nodes.safety.latch import is_kept, latch_of, want
from nodes.safety.state import ENERGISED, Config, Inputs, Outputs, State
from nodes.safety.why import Reasons, why_not_closed

_UNPROVEN = (SafetyPhase.START, SafetyPhase.OPENING)


def report(
    config: Config, state: State, facts: Facts | None, inputs: Inputs, reasons: Reasons
) -> tuple[State, Outputs]:
    """Say what is to be done after a round.

    The watchdog is fed only after all checks of a round that found nothing wrong: there is sight,
    an open contactor is proven open, nothing is latched. So a coil that does not follow
    its enable line loses its watchdog 1 s later.
    """
    is_well = facts is not None and state.phase not in _UNPROVEN and not state.ledger.is_latched
    state, status = _publish(config, state, facts, inputs.now_s, reasons)
    latch = latch_of(state.ledger.records, is_flag_up=state.is_reset_seen)
    memory, write = want(state.memory, latch, state.judged.wiring.ever, inputs.now_s)
    if memory is not state.memory:
        state = replace(state, memory=memory)
    return state, Outputs(
        enable=state.phase in ENERGISED,
        residual_test=state.test is not None and state.test.is_on,
        feeds_watchdog=is_well,
        clear_reset=state.is_reset_seen,
        write=write,
        status=status,
        period_s=config.period_s if state.calm is None else config.calm_s,
        is_finished=_is_finished(config, state, facts, inputs),
    )


def _publish(
    config: Config, state: State, facts: Facts | None, now_s: float, reasons: Reasons
) -> tuple[State, SafetyStatus | None]:
    """Publish what is new at once, and everything when it is time."""
    ledger = state.ledger
    permitted = state.is_tested and facts is not None and reasons.to_withhold is None
    judged = state.judged
    temperature_c = state.temperature_c if facts is None else round(facts.temperature_c, 1)
    installation_limit_a = judged.switches.installation_limit_a
    heat = judged.heat
    limit_a = limit_of_temperature(installation_limit_a, heat.paced_c, heat.is_hot)
    reason = why_not_closed(
        state.phase, state.blind, state.memory, reasons, now_s < state.rests_until_s
    )
    is_commissioning = judged.switches.is_commissioning
    cp_state = None if facts is None else CpState.E if facts.is_undefined else facts.cp
    offered_a = 0.0 if facts is None else round(facts.offered_a, 1)
    news = (
        state.phase,
        state.contactor,
        permitted,
        ledger.records,
        ledger.retries,
        installation_limit_a,
        limit_a,
        is_commissioning,
        reason,
        cp_state,
        offered_a,
        state.plugged_since_utc_ns,
        judged.wiring.wired,
    )
    if state.publish_at_s is None:
        state = replace(state, publish_at_s=now_s + config.first_word_s)
    is_due = state.publish_at_s is not None and now_s + config.slack_s >= state.publish_at_s
    is_first = not state.said and state.phase is SafetyPhase.START
    if not is_due and (is_first or news == state.said):
        return state, None
    status = SafetyStatus(
        contactor=state.contactor,
        permitted=permitted,
        faults=tuple(record.code for record in ledger.records),
        retries=ledger.retries,
        temperature_c=temperature_c,
        installation_limit_a=installation_limit_a,
        limit_a=limit_a,
        phase=state.phase,
        detail=words.why_not_closed(state.phase, reason, ledger.records, state.memory.problem),
        records=tuple(words.told(record) for record in ledger.records),
        commissioning=is_commissioning,
        cp_state=cp_state,
        offered_a=offered_a,
        plugged_since_utc_ns=state.plugged_since_utc_ns,
        retry_in_s=_retry_in_s(state, facts, now_s),
        has_mains=state.blind is not Blind.DARK,
        showroom=config.showroom,
        wired_phases=judged.wiring.wired,
        starts_in_s=state.waits_until_s - now_s if now_s < state.waits_until_s else None,
    )
    state = replace(
        state,
        said=news,
        temperature_c=temperature_c,
        publish_at_s=now_s + config.publish_s,
    )
    return state, status


def _retry_in_s(state: State, facts: Facts | None, now_s: float) -> float | None:
    """Return until the next retry [s]; None: none pending, or it waits for more than time."""
    retry_at_s = state.ledger.retry_at_s
    if retry_at_s is None or (now_s >= retry_at_s and is_blocked(state.ledger, facts)):
        return None
    return max(0.0, retry_at_s - now_s)


def _is_finished(config: Config, state: State, facts: Facts | None, inputs: Inputs) -> bool:
    """Return whether a node that is asked to stop may leave."""
    if inputs.stop is None or state.stop_by_s is None or state.phase in ENERGISED:
        return False
    if inputs.stop is StopReason.RESTART and inputs.now_s < state.echo_until_s:
        return False  # the next incarnation would take the answer to our self-test for a trip
    is_hurried = (
        inputs.stop is StopReason.SIGNAL
        or inputs.now_s >= state.stop_by_s - config.farewell_s + config.keep_s
    )
    latch, wired = latch_of(state.ledger.records), state.judged.wiring.ever
    if not is_hurried and not is_kept(state.memory, latch, wired):
        return False  # it is still on its way to the disk
    if facts is not None and facts.is_proven_open:
        return True
    if state.phase is SafetyPhase.OPENING and inputs.stop is not StopReason.SIGNAL:
        return False  # the proof comes, or the fault, within 0.2 s
    return inputs.now_s >= state.stop_by_s
