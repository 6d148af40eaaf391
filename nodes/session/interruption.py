"""A charge that is interrupted without the vehicle's or a person's doing: a line for the log. Pure.

A fault, a pause and a silent node have a state of their own; an interruption that passes by itself
within seconds shows as ReadyForCharging, as a vehicle does that has not begun yet.
"""

from msgs.pilot import MIN_OFFER_A, CpState
from msgs.safety import Contactor, SafetyStatus
from msgs.session import WallboxState
from msgs.state_reason import StateReason

CHARGING = (WallboxState.CHARGING, WallboxState.DEGRADED)
STARTED = "safety has been started again, with an open contactor"
_BY_ITSELF = (StateReason.VEHICLE, StateReason.SELF_TEST)


def interruption(
    before: WallboxState | None,
    now: WallboxState,
    because: StateReason | None,
    safety: SafetyStatus | None,
) -> str | None:
    """Return the line for a charge that is interrupted; None: none is, or the vehicle stopped.

    A vehicle that stops by itself shows B beside an offer. A safety that has opened nothing since
    its start has been started in the charge.
    """
    if before not in CHARGING or now is not WallboxState.READY_FOR_CHARGING or safety is None:
        return None
    has_stopped = safety.cp_state is CpState.B and safety.offered_a >= MIN_OFFER_A
    if because not in _BY_ITSELF or has_stopped:
        return None
    is_closed = safety.contactor is Contactor.CLOSED
    why = safety.detail if is_closed else safety.opened or STARTED
    return f"the charge is interrupted: {why or 'safety gives no reason'}"
