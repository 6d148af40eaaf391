"""Take what the disk holds at start, and clear it after mains off and on. Pure."""

from msgspec.structs import replace

from bus.write_behind import WriteResult
from msgs.safety import SafetyPhase
from nodes.safety import contactor, duty, mains_reset, selftest
from nodes.safety.config import Config
from nodes.safety.evaluation import Evaluation
from nodes.safety.faults import clear, raise_fault
from nodes.safety.latch import Recalled, hear
from nodes.safety.state import State
from nodes.safety.wiring import NONE, recall


def hear_disk(state: State, kept: Recalled | WriteResult, now_s: float) -> State:
    """Take an answer of the disk: raise a stored 8007 again, restore the wired phases."""
    state = replace(state, memory=hear(state.memory, kept, now_s))
    if isinstance(kept, WriteResult):
        return state
    wiring = recall(state.evaluation_state.wiring, kept.wired)
    state = replace(state, evaluation_state=replace(state.evaluation_state, wiring=wiring))
    if kept.latch is None:
        return state
    # A fault that this process has raised is younger than a reset flag that is up at the start.
    is_recalled = not state.faults.is_latched and not kept.latch.is_flag_up
    faults = raise_fault(state.faults, kept.latch.finding, kept.latch.since_utc_ns)
    reset = replace(state.reset, is_latch_recalled=is_recalled)
    return replace(state, reset=reset, faults=faults)


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
        proof=contactor.judge_again(state.proof, is_latched=faults.is_latched),
        faults=faults,
        testing=replace(selftest.forget(state.testing), failed=0),
        duty=duty.DutyComparison(),
    )
