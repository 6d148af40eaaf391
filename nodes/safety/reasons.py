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


class Reason(Enum):
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
    BETWEEN_CLOSINGS = "between_closings"
    DIODE = "diode"


AnyReason = Reason | Stale


class Reasons(NamedTuple):
    """The reasons why no current may flow, by what they cause."""

    # Pilot must not offer current; a vehicle that draws has 6 s to stop.
    to_withhold: AnyReason | None
    # Pilot offers no current, or its generator gives no PWM; the vehicle has 6 s to stop.
    to_wait: AnyReason | None
    to_open: AnyReason | None  # the contactor opens at once

    @property
    def first(self) -> AnyReason | None:
        """Return the one to publish; None: there is none."""
        return next((reason for reason in self if reason is not None), None)


def stale_reasons(reason: Stale) -> Reasons:
    """Return the reasons of a round with stale inputs."""
    return Reasons(reason, reason, reason)


def find_reasons(
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
        _reason_to_withhold(config, state, evaluation, inputs, moment),
        _reason_to_wait(evaluation, inputs.pilot),
        _reason_to_open(evaluation, state.faults, inputs.pilot, inputs.stop, is_late=is_late),
    )


def reason_not_closed(
    phase: SafetyPhase,
    stale: Stale | None,
    memory: Memory,
    reasons: Reasons,
    is_between_closings: bool,
) -> AnyReason | None:
    """Return why the contactor is not closed, for a person; None while it is."""
    match phase:
        case SafetyPhase.CLOSED:
            return None
        case SafetyPhase.START:
            return _reason_at_start(memory) if stale is None else stale
        case SafetyPhase.SELF_TEST:
            return Reason.SELF_TEST
        case SafetyPhase.CLOSING:
            return Reason.CLOSING
        case SafetyPhase.STOPPING:
            return reasons.first
        case SafetyPhase.IDLE | SafetyPhase.READY | SafetyPhase.OPENING | SafetyPhase.FAULT:
            if reasons.first is not None:
                return reasons.first
            return Reason.BETWEEN_CLOSINGS if is_between_closings else Reason.DIODE


def _reason_at_start(memory: Memory) -> Reason:
    if memory.problem is not None:
        return Reason.DISK_REFUSES
    return Reason.NOT_PROVEN if memory.is_proven else Reason.DISK_UNHEARD


def _reason_to_withhold(
    config: Config, state: State, evaluation: Evaluation, inputs: Inputs, moment: Moment
) -> Reason | None:
    session = inputs.session
    if state.faults.records:
        return Reason.FAULT
    if inputs.stop is not None:
        return Reason.STOP
    if evaluation.is_commissioning:
        return Reason.COMMISSIONING
    if config.showroom:
        return Reason.SHOWROOM
    if evaluation.cp is CpState.F:
        return Reason.STATE_F
    if not evaluation.is_plugged:
        return Reason.NO_VEHICLE
    if not moment.reached(state.reset.waits_until_s):
        return Reason.MAINS_BACK
    if not evaluation.has_earth:
        return Reason.EARTH
    if session is None:
        return Reason.SESSION_SILENT
    if not session.permitted:
        return Reason.NOT_PERMITTED
    if not inputs.is_metering:
        return Reason.METER_SILENT
    if not state.evaluation_state.wiring.is_known:
        return Reason.PHASES_UNKNOWN
    # A restart would forget phases that are not stored: nothing is closed before, but a closed
    # contactor is not opened for it.
    is_stored = (
        state.phase in ENERGISED or state.memory.wired == state.evaluation_state.wiring.wired
    )
    return None if is_stored else Reason.PHASES_UNSTORED


def _reason_to_wait(evaluation: Evaluation, pilot: PilotStatus | None) -> Reason | None:
    if pilot is not None and not pilot.offered_a >= MIN_OFFER_A:
        return Reason.NO_OFFER
    return None if evaluation.has_pwm else Reason.NO_PWM


def _reason_to_open(
    evaluation: Evaluation,
    faults: FaultState,
    pilot: PilotStatus | None,
    stop: StopReason | None,
    *,
    is_late: bool,
) -> Reason | None:
    if any(record.code is not FaultCode.TOO_HOT for record in faults.records):
        return Reason.FAULT
    if evaluation.is_switched_off:
        return Reason.SWITCH_OPEN
    if evaluation.exceeds_limit:
        return Reason.OFFER_TOO_HIGH
    if not evaluation.asks:
        return Reason.NOT_ASKED
    if is_late and not evaluation.is_asking_now:
        return Reason.UNCONFIRMED
    if pilot is None:
        return Reason.PILOT_SILENT
    if pilot.cp_state not in _VEHICLE_ASKS:
        return Reason.PILOT_DISAGREES
    return Reason.STOP if stop is StopReason.SIGNAL else None


def is_metering(meter: MeterReading | None, moment: Moment) -> bool:
    """Return whether the meter's values are recent, by their time, not by `online`."""
    if meter is None or meter.sampled_ns <= 0:
        return False
    sampled_s = meter.sampled_ns / 1e9
    return moment.reached(sampled_s - SILENT_S) and not moment.reached(sampled_s + SILENT_S)
