"""Why the vehicle is asked to stop, why the contactor opens, why it does not close. Pure.

Each reason is the first that holds, most serious first; None says that there is none. The texts
stand in `words.py`.
"""

from enum import Enum
from typing import NamedTuple

from bus.moment import Moment
from msgs.meter import MeterReading
from msgs.pilot import MIN_OFFER_A, CpState, PilotStatus
from msgs.requests import StopReason
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.config import Config
from nodes.safety.contactor import ENERGISED
from nodes.safety.faults import Ledger
from nodes.safety.judge import Blind, Facts
from nodes.safety.latch import Memory
from nodes.safety.state import Inputs, State
from nodes.safety.supply import SILENT_S

_VEHICLE_ASKS = (CpState.C, CpState.D)


class Why(Enum):
    """What speaks against current, or is still missing for it."""

    FAULT = "fault"  # the first record says which
    STOP = "stop"
    COMMISSIONING = "commissioning"
    SHOWROOM = "showroom"
    STATE_F = "state_f"
    NO_VEHICLE = "no_vehicle"
    MAINS_BACK = "mains_back"  # the wait by chance after a power cut
    SESSION_SILENT = "session_silent"
    NOT_PERMITTED = "not_permitted"
    METER_SILENT = "meter_silent"
    PHASES_UNKNOWN = "phases_unknown"  # which are wired
    PHASES_UNSTORED = "phases_unstored"  # a restart would forget one of them
    NO_OFFER = "no_offer"
    NO_PWM = "no_pwm"
    SWITCH_OPEN = "switch_open"  # the over-temperature switch
    OFFER_TOO_HIGH = "offer_too_high"
    NOT_ASKED = "not_asked"
    PILOT_SILENT = "pilot_silent"
    PILOT_DISAGREES = "pilot_disagrees"
    UNCONFIRMED = "unconfirmed"  # after a late look this reading decides alone
    # Of a phase, for a person alone.
    DISK_REFUSES = "disk_refuses"
    DISK_UNHEARD = "disk_unheard"
    NOT_PROVEN = "not_proven"
    SELF_TEST = "self_test"
    CLOSING = "closing"
    RESTING = "resting"
    DIODE = "diode"


Reason = Why | Blind


class Reasons(NamedTuple):
    """What speaks against current, in three degrees."""

    to_withhold: Reason | None  # the pilot may offer nothing; a vehicle that draws has 6 s to stop
    to_wait: Reason | None  # pilot itself offers nothing; the same 6 s
    to_open: Reason | None  # at once

    @property
    def first(self) -> Reason | None:
        """Return the one to publish; None: there is none."""
        return next((reason for reason in self if reason is not None), None)


def why_blind(blind: Blind) -> Reasons:
    """Return the reasons of a round without sight."""
    return Reasons(blind, blind, blind)


def why_not(
    config: Config,
    state: State,
    facts: Facts,
    inputs: Inputs,
    moment: Moment,
    *,
    is_late: bool,
) -> Reasons:
    """Return all reasons of this round.

    :param is_late: this look came late, so that its reading decides alone.
    """
    return Reasons(
        _why_withhold(config, state, facts, inputs, moment),
        _why_wait(facts, inputs.pilot),
        _why_open(facts, state.ledger, inputs.pilot, inputs.stop, is_late=is_late),
    )


def why_not_closed(
    phase: SafetyPhase, blind: Blind | None, memory: Memory, reasons: Reasons, is_resting: bool
) -> Reason | None:
    """Return why the contactor is not closed, for a person; None while it is."""
    match phase:
        case SafetyPhase.CLOSED:
            return None
        case SafetyPhase.START:
            return _why_start(memory) if blind is None else blind
        case SafetyPhase.SELF_TEST:
            return Why.SELF_TEST
        case SafetyPhase.CLOSING:
            return Why.CLOSING
        case SafetyPhase.STOPPING:
            return reasons.first
        case SafetyPhase.IDLE | SafetyPhase.READY | SafetyPhase.OPENING | SafetyPhase.FAULT:
            if reasons.first is not None:
                return reasons.first
            return Why.RESTING if is_resting else Why.DIODE


def _why_start(memory: Memory) -> Why:
    if memory.problem is not None:
        return Why.DISK_REFUSES
    return Why.NOT_PROVEN if memory.is_proven else Why.DISK_UNHEARD


def _why_withhold(
    config: Config, state: State, facts: Facts, inputs: Inputs, moment: Moment
) -> Why | None:
    session = inputs.session
    if state.ledger.records:
        return Why.FAULT
    if inputs.stop is not None:
        return Why.STOP
    if facts.is_commissioning:
        return Why.COMMISSIONING
    if config.showroom:
        return Why.SHOWROOM
    if facts.cp is CpState.F:
        return Why.STATE_F
    if not facts.is_plugged:
        return Why.NO_VEHICLE
    if not moment.reached(state.reset.waits_until_s):
        return Why.MAINS_BACK
    if session is None:
        return Why.SESSION_SILENT
    if not session.permitted:
        return Why.NOT_PERMITTED
    if not inputs.is_metering:
        return Why.METER_SILENT
    if not state.judged.wiring.is_known:
        return Why.PHASES_UNKNOWN
    # As with the first write of all: nothing is closed on what a restart would forget, and nothing
    # that is closed is opened for it.
    is_stored = state.phase in ENERGISED or state.memory.wired == state.judged.wiring.wired
    return None if is_stored else Why.PHASES_UNSTORED


def _why_wait(facts: Facts, pilot: PilotStatus | None) -> Why | None:
    if pilot is not None and not pilot.offered_a >= MIN_OFFER_A:
        return Why.NO_OFFER
    return None if facts.has_pwm else Why.NO_PWM


def _why_open(
    facts: Facts,
    ledger: Ledger,
    pilot: PilotStatus | None,
    stop: StopReason | None,
    *,
    is_late: bool,
) -> Why | None:
    if any(record.code is not FaultCode.TOO_HOT for record in ledger.records):
        return Why.FAULT
    if facts.is_switched_off:
        return Why.SWITCH_OPEN
    if facts.exceeds_limit:
        return Why.OFFER_TOO_HIGH
    if not facts.asks:
        return Why.NOT_ASKED
    if is_late and not facts.is_asking_now:
        return Why.UNCONFIRMED
    if pilot is None:
        return Why.PILOT_SILENT
    if pilot.cp_state not in _VEHICLE_ASKS:
        return Why.PILOT_DISAGREES
    return Why.STOP if stop is StopReason.SIGNAL else None


def is_metering(meter: MeterReading | None, moment: Moment) -> bool:
    """Return whether the meter's values are recent, whatever the meter node says of itself."""
    if meter is None or meter.sampled_ns <= 0:
        return False
    sampled_s = meter.sampled_ns / 1e9
    return moment.reached(sampled_s - SILENT_S) and not moment.reached(sampled_s + SILENT_S)
