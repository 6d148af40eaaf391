"""The wallbox's state, in the manual's nine words, from what the nodes publish (STA-1, STA-3).

One pure function; the texts of its reasons stand in `words.py`. What silence of a node means for
current is decided by pilot and safety; here it is only named.
"""

from msgspec import Struct

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.pilot import MIN_OFFER_A, CpState
from msgs.rfid import RfidMode
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import WallboxState
from msgs.units import Text
from nodes.session.faults import is_latched, is_passing
from nodes.session.reasons import Because, Wait
from nodes.session.suspension import Suspension


class StateInputs(Struct, frozen=True, kw_only=True):
    """What the nodes say now. None: silent beyond its hold."""

    safety: SafetyStatus | None
    hears_pilot: bool
    is_waking: bool = False  # pilot wakes a vehicle that sleeps, through F and x1
    offer: LoadOffer | None
    plugged: bool
    permitted: bool
    suspension: Suspension | None  # this plug-in is not charged any more
    is_card_required: bool = False
    waiting_for: Wait  # what a permission waits for
    problem: Text = ""  # with which the disk has refused the session
    expects: Wait | None = None  # of a person, before a vehicle is plugged in
    runs: bool = False  # a session does
    is_unproven: bool = False  # safety has proven nothing for too long, and a vehicle is plugged in
    rfid_mode: RfidMode = RfidMode.READY  # else cards are being learned (RFID-8, RFID-9)


def wallbox_state(inputs: StateInputs) -> tuple[WallboxState, Because]:
    """Return the state and why it is so; the first that applies."""
    safety = inputs.safety
    if safety is None:
        return WallboxState.RECOVER_FROM_ERROR, Because.SAFETY_SILENT
    if not safety.has_mains and not is_latched(safety):
        return WallboxState.RECOVER_FROM_ERROR, Because.NO_MAINS
    if safety.faults:
        state = (
            WallboxState.RECOVER_FROM_ERROR
            if is_passing(safety)
            else WallboxState.UNRECOVERABLE_ERROR
        )
        return state, Because.FAULTS
    if safety.commissioning:
        return WallboxState.SERVICE_MODE, Because.COMMISSIONING
    if not inputs.hears_pilot:
        return WallboxState.RECOVER_FROM_ERROR, Because.PILOT_SILENT
    if inputs.rfid_mode is not RfidMode.READY and not inputs.runs:
        # While a session runs, a vehicle is what people look for; a box without cards charges too.
        return WallboxState.TOKEN_PROGRAMMING_MODE, Because.LEARNING
    if not inputs.plugged:
        is_expected = inputs.expects is not None and not safety.showroom
        return WallboxState.IDLE, Because.EXPECTED if is_expected else Because.READY
    if safety.showroom:
        return WallboxState.READY_FOR_CHARGING, Because.SHOWROOM
    if inputs.is_unproven:
        return WallboxState.RECOVER_FROM_ERROR, Because.UNPROVEN
    if inputs.runs and not inputs.is_waking and safety.cp_state in (CpState.E, CpState.F):
        return WallboxState.RECOVER_FROM_ERROR, Because.PILOT_LINE
    if inputs.suspension is not None:
        return WallboxState.SUSPENDED, Because.SUSPENDED
    if not inputs.permitted:
        return WallboxState.READY_FOR_CHARGING, Because.WAITING
    if inputs.is_waking:
        return WallboxState.READY_FOR_CHARGING, Because.WAKING
    return _of_permitted(safety, inputs.offer)


def _of_permitted(safety: SafetyStatus, offer: LoadOffer | None) -> tuple[WallboxState, Because]:
    """Return the state of a vehicle that is plugged in, permitted, and without a fault."""
    if offer is None:
        return WallboxState.SUSPENDED, Because.OFFER_SILENT
    if offer.limit_a < MIN_OFFER_A:
        return WallboxState.SUSPENDED, Because.OFFER_HELD
    if (
        safety.contactor is not Contactor.CLOSED
        or safety.cp_state not in (CpState.C, CpState.D)
        or safety.offered_a < MIN_OFFER_A
    ):
        if safety.phase is SafetyPhase.SELF_TEST:
            return WallboxState.READY_FOR_CHARGING, Because.SELF_TEST
        return WallboxState.READY_FOR_CHARGING, Because.VEHICLE
    is_derated = safety.limit_a < safety.installation_limit_a
    if is_derated or offer.house_meter is HouseMeter.LOST:
        return WallboxState.DEGRADED, Because.REDUCED
    return WallboxState.CHARGING, Because.CHARGING
