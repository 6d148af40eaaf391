"""The texts of dcs for a person. No decision uses them. Pure."""

from nodes.dcs.box_asks import Registration
from nodes.dcs.dialect import FrameFault
from nodes.dcs.link import CloseReason
from nodes.dcs.turn import Turn

INTERNAL = FrameFault.INTERNAL

CLOSED: dict[CloseReason, str] = {
    CloseReason.ASKED: "The connection to the charging service is closed.",
    CloseReason.LOST: "The connection to the charging service is lost.",
    CloseReason.UNREACHABLE: "The charging service cannot be reached.",
    CloseReason.UNTRUSTED: "The certificate of the charging service is not valid.",
    CloseReason.DENIED: "The charging service does not accept this box.",
    CloseReason.PROXY: "The proxy does not let this box through: check its address, its user and "
    "its password.",
    CloseReason.SUBPROTOCOL: "The charging service does not speak this version of OCPP.",
}
REGISTRATIONS: dict[Registration | None, str] = {
    None: "Signing in to the charging service.",
    Registration.PENDING: "The charging service has not activated this box yet.",
    Registration.REJECTED: "The charging service has rejected this box.",
    Registration.ACCEPTED: "",
}
CONFIRM = "Press the touch key to confirm the pairing with the charging service."
DENIED_PAIRED = (
    "The charging service does not accept this box any more: activate the box there again, or end "
    'the pairing on the page "BMW DCS".'
)
NO_TIME = "The time is not known: no plan is in force."
NOT_PAIRED = "This box is not paired with the charging service."


def detail(turn: Turn) -> str:
    """Return what the link and the plan wait for, as text; "": nothing."""
    link, registered = turn.state.link, turn.state.registered
    if not link.is_open:
        if link.problem is CloseReason.DENIED and turn.durable.pairing.has_key:
            return DENIED_PAIRED
        return CLOSED[link.problem] if link.problem is not None else REGISTRATIONS[None]
    if turn.state.offer.is_confirmed or turn.state.offer.until_s > 0.0:
        return CONFIRM
    if registered.last is not Registration.ACCEPTED:
        return REGISTRATIONS[registered.last]
    if not turn.is_synchronised:
        return NOT_PAIRED
    return NO_TIME if turn.utc_ns is None else ""
