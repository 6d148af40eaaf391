"""The wallbox's state, one of the manual's nine, from what the nodes publish (STA-1, STA-3).

One pure function; the texts of its reasons are in `words.py`. Pilot and safety decide what silence
of a node means for current; here it is only named.
"""

from msgspec import Struct

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.pilot import MIN_OFFER_A, CpState
from msgs.rfid import RfidMode
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import WallboxState
from msgs.state_reason import StateReason, Wait
from msgs.units import Text
from nodes.session.faults import is_latched, is_passing
from nodes.session.suspension import Suspension


class StateInputs(Struct, frozen=True, kw_only=True):
    """What the nodes publish now. None: silent."""

    safety: SafetyStatus | None
    hears_pilot: bool
    is_waking: bool = False  # pilot wakes a vehicle, through F and X1
    offer: LoadOffer | None
    plugged: bool
    permitted: bool
    suspension: Suspension | None  # this plug-in is not charged any more
    is_card_required: bool = False
    waiting_for: Wait  # what a permission waits for
    problem: Text = ""  # why a session cannot be stored
    expects: Wait | None = None  # of a person, before a vehicle is plugged in
    runs: bool = False  # a session runs
    is_unproven: bool = False  # plugged in, and the contactor not proven open for too long
    rfid_mode: RfidMode = RfidMode.READY  # else cards are being learned (RFID-8, RFID-9)
    renews: bool = False  # the session starts again after a loss of mains, or a wake-up
    card_name: str = ""  # of the session that runs


def wallbox_state(inputs: StateInputs) -> tuple[WallboxState, StateReason]:
    """Return the state and its reason; the first that applies."""
    safety = inputs.safety
    if safety is None:
        return WallboxState.RECOVER_FROM_ERROR, StateReason.SAFETY_SILENT
    if not safety.has_mains and not is_latched(safety):
        return WallboxState.RECOVER_FROM_ERROR, StateReason.NO_MAINS
    if safety.faults:
        state = (
            WallboxState.RECOVER_FROM_ERROR
            if is_passing(safety)
            else WallboxState.UNRECOVERABLE_ERROR
        )
        return state, StateReason.FAULTS
    if safety.commissioning:
        return WallboxState.SERVICE_MODE, StateReason.COMMISSIONING
    if not inputs.hears_pilot:
        return WallboxState.RECOVER_FROM_ERROR, StateReason.PILOT_SILENT
    is_refused = not inputs.runs or inputs.waiting_for is Wait.DISK_REFUSES
    if inputs.is_card_required and inputs.problem and is_refused and not inputs.permitted:
        return WallboxState.UNRECOVERABLE_ERROR, StateReason.NOT_STORED
    if inputs.rfid_mode is not RfidMode.READY and not inputs.runs:
        # A running session has precedence: a box without stored cards charges as well.
        return WallboxState.TOKEN_PROGRAMMING_MODE, StateReason.LEARNING
    if not inputs.plugged:
        is_expected = inputs.expects is not None and not safety.showroom
        return WallboxState.IDLE, StateReason.EXPECTED if is_expected else StateReason.READY
    if safety.showroom:
        return WallboxState.READY_FOR_CHARGING, StateReason.SHOWROOM
    if inputs.is_unproven:
        return WallboxState.RECOVER_FROM_ERROR, StateReason.UNPROVEN
    if inputs.runs and not inputs.is_waking and safety.cp_state in (CpState.E, CpState.F):
        return WallboxState.RECOVER_FROM_ERROR, StateReason.PILOT_LINE
    if inputs.suspension is not None:
        return _of_suspended(inputs.suspension)
    if not inputs.permitted:
        return WallboxState.READY_FOR_CHARGING, StateReason.WAITING
    if inputs.is_waking:
        return WallboxState.READY_FOR_CHARGING, StateReason.WAKING
    return _of_permitted(safety, inputs.offer)


def waits_for(because: StateReason, inputs: StateInputs) -> Wait | None:
    """Return what is waited for by this reason; None: nothing."""
    match because:
        case StateReason.EXPECTED:
            return inputs.expects
        case StateReason.WAITING:
            return inputs.waiting_for
        case _:
            return None


def _of_suspended(suspension: Suspension) -> tuple[WallboxState, StateReason]:
    """Return the state of a plug-in that is not charged any more."""
    if suspension.by_card:  # a card that logs off is no system that pauses (STA-3)
        return WallboxState.READY_FOR_CHARGING, StateReason.LOGGED_OFF
    is_by_fault = suspension.by_fault
    return WallboxState.SUSPENDED, (
        StateReason.ENDED_BY_FAULT if is_by_fault else StateReason.STOPPED
    )


def _of_permitted(
    safety: SafetyStatus, offer: LoadOffer | None
) -> tuple[WallboxState, StateReason]:
    """Return the state of a vehicle that is plugged in, permitted, and without a fault."""
    if offer is None:
        return WallboxState.SUSPENDED, StateReason.OFFER_SILENT
    if offer.limit_a < MIN_OFFER_A:
        return WallboxState.SUSPENDED, StateReason.OFFER_HELD
    if (
        safety.contactor is not Contactor.CLOSED
        or safety.cp_state not in (CpState.C, CpState.D)
        or safety.offered_a < MIN_OFFER_A
    ):
        if safety.phase is SafetyPhase.SELF_TEST:
            return WallboxState.READY_FOR_CHARGING, StateReason.SELF_TEST
        return WallboxState.READY_FOR_CHARGING, StateReason.VEHICLE
    is_derated = safety.limit_a < safety.installation_limit_a
    if is_derated or offer.house_meter is HouseMeter.LOST:
        return WallboxState.DEGRADED, StateReason.REDUCED
    return WallboxState.CHARGING, StateReason.CHARGING
