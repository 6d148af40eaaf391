"""Take what the disk holds at start, and have latched faults judged again. Pure.

Mains off and on have all of them judged again, and clear all other faults at once (ERR-P). A
restart of the box that a person has asked for has all red judged again (ERR-RED).
"""

from msgspec.structs import replace

from bus.write_behind import WriteResult
from msgs.safety import SafetyPhase
from nodes.safety import contactor, duty, mains_reset, selftest
from nodes.safety.config import Config
from nodes.safety.evaluation import Evaluation
from nodes.safety.faults import clear, latched, raise_fault
from nodes.safety.latch import Recalled, hear, may_judge_again
from nodes.safety.state import State
from nodes.safety.wiring import NONE, recall


def hear_disk(state: State, kept: Recalled | WriteResult, now_s: float) -> State:
    """Take an answer of the disk: raise the stored faults again, restore the wired phases."""
    state = replace(state, memory=hear(state.memory, kept, now_s))
    if isinstance(kept, WriteResult):
        return state
    wiring = recall(state.evaluation_state.wiring, kept.wired)
    state = replace(state, evaluation_state=replace(state.evaluation_state, wiring=wiring))
    if not kept.latches:
        return state
    # A fault that this process has raised is younger than a reset flag that is up at the start, and
    # than a restart that was asked for.
    is_first = not state.faults.is_latched
    is_recalled = is_first and not any(latch.is_flag_up for latch in kept.latches)
    faults = state.faults
    for latch in kept.latches:
        faults = raise_fault(faults, latch.finding, latch.since_utc_ns)
    codes = tuple(latch.code for latch in kept.latches if may_judge_again(latch, kept.asked))
    proof = contactor.judge_again(state.proof, codes) if is_first and codes else state.proof
    reset = replace(state.reset, is_latch_recalled=is_recalled)
    return replace(state, reset=reset, faults=faults, proof=proof)


def hear_reset(config: Config, state: State, evaluation: Evaluation, now_s: float) -> State:
    """Clear and evaluate again when the mains were off and on (ERR-P), once each time."""
    reset = mains_reset.watch(
        state.reset,
        evaluation,
        is_recalled=state.memory.is_recalled,
        waits_until_s=now_s + config.wait_s,
    )
    if reset is state.reset:
        return state
    was_seen = state.reset.is_seen
    state = replace(state, reset=reset)
    if was_seen:  # and cleared: mains were off since the previous process ran
        wiring = recall(state.evaluation_state.wiring, NONE)
        return replace(state, evaluation_state=replace(state.evaluation_state, wiring=wiring))
    if not reset.clears:
        return state
    faults = clear(state.faults) if reset.was_down else state.faults
    return replace(
        state,
        phase=SafetyPhase.START,
        proof=contactor.judge_again(state.proof, latched(faults)),
        faults=faults,
        testing=replace(selftest.forget(state.testing), failed=0),
        duty=duty.DutyComparison(),
    )
