"""Why the vehicle is asked to stop, why the contactor opens, why it does not close: in words.

Pure. Each reason is the first that holds, most serious first; "" says that there is none.
"""

from typing import NamedTuple

from msgs.meter import MeterReading
from msgs.pilot import MIN_OFFER_A, CpState, PilotStatus
from msgs.requests import StopReason
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.faults import Ledger
from nodes.safety.judge import Blind, Facts
from nodes.safety.latch import Memory
from nodes.safety.state import Config, Inputs, State
from nodes.safety.supply import SILENT_S

_VEHICLE_ASKS = (CpState.C, CpState.D)


class Reasons(NamedTuple):
    """What speaks against current, in three degrees."""

    to_withhold: str  # the pilot may offer nothing; a vehicle that draws has 6 s to stop
    to_wait: str  # the pilot offers nothing of its own accord; the same 6 s
    to_open: str  # at once


def why_blind(blind: Blind) -> Reasons:
    """Return the reasons of a round without sight."""
    return Reasons(blind, blind, blind)


def why_not(config: Config, state: State, facts: Facts, inputs: Inputs) -> Reasons:
    """Return all reasons of this round."""
    return Reasons(
        _why_withhold(config, state, facts, inputs),
        _why_wait(facts, inputs.pilot),
        _why_open(facts, state.ledger, inputs.pilot, inputs.stop),
    )


def why_not_closed(
    phase: SafetyPhase, blind: Blind | None, memory: Memory, reasons: Reasons, is_resting: bool
) -> str:
    """Return why the contactor is not closed, for a person; "" while it is."""
    match phase:
        case SafetyPhase.CLOSED:
            return ""
        case SafetyPhase.START:
            return _why_start(memory) if blind is None else blind
        case SafetyPhase.SELF_TEST:
            return "the residual-current monitor is being tested"
        case SafetyPhase.CLOSING:
            return "the contactor is closing"
        case SafetyPhase.STOPPING:
            return f"waits until the vehicle draws nothing: {_first(reasons)}"
        case SafetyPhase.IDLE | SafetyPhase.READY | SafetyPhase.OPENING | SafetyPhase.FAULT:
            if is_resting and not any(reasons):
                return "the contactor rests between two closings"
            return _first(reasons) or "the vehicle's diode is not proven yet"


def _why_start(memory: Memory) -> str:
    if memory.problem:
        return f"what safety has to keep cannot be stored: {memory.problem}"
    if not memory.is_proven:
        return "the disk has not answered yet what safety has to keep"
    return "the contactor is not proven open yet"


def _first(reasons: Reasons) -> str:
    return reasons.to_withhold or reasons.to_wait or reasons.to_open


def _why_withhold(config: Config, state: State, facts: Facts, inputs: Inputs) -> str:
    session = inputs.session
    if state.ledger.records:
        return state.ledger.records[0].detail
    if inputs.stop is not None:
        return "the box is being stopped"
    if facts.is_commissioning:
        return "the box is in commissioning mode (DSW2.8)"
    if config.showroom:
        return "the box is in showroom mode"
    if facts.cp is CpState.F:
        return "the pilot line is in state F"
    if not facts.is_plugged:
        return "no vehicle is connected"
    if inputs.now_s < state.waits_until_s:
        return "the mains are back; not all boxes of a house shall start at once"
    if session is None:
        return "the session node is silent, so nothing is authorised"
    if not session.authorized:
        return "charging is not authorised"
    if inputs.meter is None or not _is_seeing(inputs.meter, inputs.now_s):
        return "the box meter is silent, so an overcurrent would not be seen"
    return ""


def _why_wait(facts: Facts, pilot: PilotStatus | None) -> str:
    if pilot is not None and not pilot.offered_a >= MIN_OFFER_A:
        return "the pilot offers no current"
    if not facts.has_pwm:
        return "the pilot's generator gives no PWM"
    return ""


def _why_open(
    facts: Facts, ledger: Ledger, pilot: PilotStatus | None, stop: StopReason | None
) -> str:
    for record in ledger.records:
        if record.code is not FaultCode.TOO_HOT:
            return record.detail
    if facts.is_switched_off:
        return "the over-temperature switch has opened"
    if facts.exceeds_limit:
        return "the pilot's generator offers more than the installation or the heat allows"
    if not facts.asks:
        return "the vehicle does not ask for energy"
    if pilot is None:
        return "the pilot node is silent"
    if pilot.cp_state not in _VEHICLE_ASKS:
        return "the pilot node does not see a vehicle that asks for energy"
    if stop is StopReason.SIGNAL:
        return "the box is being stopped"
    return ""


def _is_seeing(meter: MeterReading, now_s: float) -> bool:
    """Return whether the meter's values are recent, whatever the meter node says of itself."""
    return meter.sampled_ns > 0 and abs(now_s - meter.sampled_ns / 1e9) <= SILENT_S
