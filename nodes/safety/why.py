"""Why the vehicle is asked to stop, why the contactor opens, why it does not close. Pure.

Each reason is the first that holds, most serious first; None: there is none. The texts are in
`words.py`.
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
from nodes.safety.evaluation import Evaluation, Stale
from nodes.safety.faults import FaultState
from nodes.safety.latch import Memory
from nodes.safety.state import Inputs, State
from nodes.safety.supply import SILENT_S

_VEHICLE_ASKS = (CpState.C, CpState.D)


class Why(Enum):
    """Why no current may flow, or what still has to happen first."""

    FAULT = "fault"  # the first record says which
    STOP = "stop"
    COMMISSIONING = "commissioning"
    SHOWROOM = "showroom"
    STATE_F = "state_f"
    NO_VEHICLE = "no_vehicle"
    MAINS_BACK = "mains_back"  # the random wait after a power cut
    EARTH = "earth"  # bad now: missing or disturbed
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
    UNCONFIRMED = "unconfirmed"  # this look came late, so its reading alone must show C or D
    # Reasons that only explain a phase: they are published and decide nothing.
    DISK_REFUSES = "disk_refuses"
    DISK_UNHEARD = "disk_unheard"
    NOT_PROVEN = "not_proven"
    SELF_TEST = "self_test"
    CLOSING = "closing"
    RESTING = "resting"
    DIODE = "diode"


Reason = Why | Stale


class Reasons(NamedTuple):
    """The reasons why no current may flow, by what they cause."""

    to_withhold: Reason | None  # pilot must not offer current; a vehicle that draws has 6 s to stop
    # Pilot offers no current, or its generator gives no PWM; the vehicle has 6 s to stop.
    to_wait: Reason | None
    to_open: Reason | None  # the contactor opens at once

    @property
    def first(self) -> Reason | None:
        """Return the one to publish; None: there is none."""
        return next((reason for reason in self if reason is not None), None)


def why_stale(why: Stale) -> Reasons:
    """Return the reasons of a round with stale inputs."""
    return Reasons(why, why, why)


def why_not(
    config: Config,
    state: State,
    evaluation: Evaluation,
    inputs: Inputs,
    moment: Moment,
    *,
    is_late: bool,
) -> Reasons:
    """Return all reasons of this round.

    :param is_late: this look came late, so its reading alone must show C or D.
    """
    return Reasons(
        _why_withhold(config, state, evaluation, inputs, moment),
        _why_wait(evaluation, inputs.pilot),
        _why_open(evaluation, state.faults, inputs.pilot, inputs.stop, is_late=is_late),
    )


def why_not_closed(
    phase: SafetyPhase, why: Stale | None, memory: Memory, reasons: Reasons, is_resting: bool
) -> Reason | None:
    """Return why the contactor is not closed, for a person; None while it is."""
    match phase:
        case SafetyPhase.CLOSED:
            return None
        case SafetyPhase.START:
            return _why_start(memory) if why is None else why
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
    config: Config, state: State, evaluation: Evaluation, inputs: Inputs, moment: Moment
) -> Why | None:
    session = inputs.session
    if state.faults.records:
        return Why.FAULT
    if inputs.stop is not None:
        return Why.STOP
    if evaluation.is_commissioning:
        return Why.COMMISSIONING
    if config.showroom:
        return Why.SHOWROOM
    if evaluation.cp is CpState.F:
        return Why.STATE_F
    if not evaluation.is_plugged:
        return Why.NO_VEHICLE
    if not moment.reached(state.reset.waits_until_s):
        return Why.MAINS_BACK
    if not evaluation.has_earth:
        return Why.EARTH
    if session is None:
        return Why.SESSION_SILENT
    if not session.permitted:
        return Why.NOT_PERMITTED
    if not inputs.is_metering:
        return Why.METER_SILENT
    if not state.evaluation_state.wiring.is_known:
        return Why.PHASES_UNKNOWN
    # A restart would forget phases that are not stored: nothing is closed before, but a closed
    # contactor is not opened for it.
    is_stored = (
        state.phase in ENERGISED or state.memory.wired == state.evaluation_state.wiring.wired
    )
    return None if is_stored else Why.PHASES_UNSTORED


def _why_wait(evaluation: Evaluation, pilot: PilotStatus | None) -> Why | None:
    if pilot is not None and not pilot.offered_a >= MIN_OFFER_A:
        return Why.NO_OFFER
    return None if evaluation.has_pwm else Why.NO_PWM


def _why_open(
    evaluation: Evaluation,
    faults: FaultState,
    pilot: PilotStatus | None,
    stop: StopReason | None,
    *,
    is_late: bool,
) -> Why | None:
    if any(record.code is not FaultCode.TOO_HOT for record in faults.records):
        return Why.FAULT
    if evaluation.is_switched_off:
        return Why.SWITCH_OPEN
    if evaluation.exceeds_limit:
        return Why.OFFER_TOO_HIGH
    if not evaluation.asks:
        return Why.NOT_ASKED
    if is_late and not evaluation.is_asking_now:
        return Why.UNCONFIRMED
    if pilot is None:
        return Why.PILOT_SILENT
    if pilot.cp_state not in _VEHICLE_ASKS:
        return Why.PILOT_DISAGREES
    return Why.STOP if stop is StopReason.SIGNAL else None


def is_metering(meter: MeterReading | None, moment: Moment) -> bool:
    """Return whether the meter's values are recent, by their time, not by `online`."""
    if meter is None or meter.sampled_ns <= 0:
        return False
    sampled_s = meter.sampled_ns / 1e9
    return moment.reached(sampled_s - SILENT_S) and not moment.reached(sampled_s + SILENT_S)
