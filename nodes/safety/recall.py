"""What a start finds on the disk, and what mains off and on clear of it. Pure."""

from msgspec.structs import replace

from bus.write_behind import Written
from msgs.safety import SafetyPhase
from nodes.safety import contactor, duty, mains_reset, selftest
from nodes.safety.config import Config
from nodes.safety.faults import clear, raise_fault
from nodes.safety.judge import Facts
from nodes.safety.latch import Recalled, hear
from nodes.safety.state import State
from nodes.safety.wiring import NONE, recall


def hear_disk(state: State, kept: Recalled | Written, now_s: float) -> State:
    """Take what has come back from the disk: a latch of 8007 holds on, and so do wired phases."""
    state = replace(state, memory=hear(state.memory, kept, now_s))
    if isinstance(kept, Written):
        return state
    wiring = recall(state.judged.wiring, kept.wired)
    state = replace(state, judged=replace(state.judged, wiring=wiring))
    if kept.latch is None:
        return state
    # What this process has seen by itself is younger than any reset that it finds.
    is_recalled = not state.ledger.is_latched and not kept.latch.is_flag_up
    ledger = raise_fault(state.ledger, kept.latch.finding, kept.latch.since_utc_ns)
    reset = replace(state.reset, is_latch_recalled=is_recalled)
    return replace(state, reset=reset, ledger=ledger)


def hear_reset(config: Config, state: State, facts: Facts, now_s: float) -> State:
    """Judge afresh when the mains were off and on (ERR-P), once for each time."""
    reset = mains_reset.watch(
        state.reset,
        facts,
        is_recalled=state.memory.is_recalled,
        waits_until_s=now_s + config.wait_s,
    )
    if reset is state.reset:
        return state
    was_seen = state.reset.is_seen
    state = replace(state, reset=reset)
    if was_seen:  # and taken back: the mains were off since a predecessor looked
        wiring = recall(state.judged.wiring, NONE)
        return replace(state, judged=replace(state.judged, wiring=wiring))
    if not reset.clears:
        return state
    ledger = clear(state.ledger) if reset.was_down else state.ledger
    return replace(
        state,
        phase=SafetyPhase.START,
        proof=contactor.judge_again(state.proof, is_latched=ledger.is_latched),
        ledger=ledger,
        testing=replace(selftest.forget(state.testing), failed=0),
        duty=duty.DutyComparison(),
    )
