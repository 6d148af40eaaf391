"""Pairing of this box with a charging service (DCS-2), by standard messages.

    box       Boot with its serial as identity               service: Pending
    customer  activates the box at the service
    service   VendorMessage wallbox.pairing, offer           box: Accepted, the touch key is lit
    person    presses the touch key
    box       VendorMessage wallbox.pairing, confirm         service: Accepted
    service   SetVariable AuthorizationKey                   box: stored, Accepted
    box       connects again with the key, Boot              service: Accepted; online

Not while a vehicle is plugged in. An offer ends with its connection, or after OFFER_S.

A person ends the pairing on the page, also if the service is gone or refuses this box for ever: all
that is of the service is forgotten, which does not learn of it. Pure.
"""

from typing import Any

from msgspec.structs import replace

from msgs.methods import SET_SETTINGS
from msgs.requests import Answer, Status
from msgs.settings import SetArguments, Settings
from nodes.dcs import boot
from nodes.dcs.box_asks import Answered
from nodes.dcs.dialect import ServiceRequest
from nodes.dcs.events import VendorAnswer, VendorMessage, Verdict
from nodes.dcs.kept import Durable, Marks, Pairing
from nodes.dcs.state import NO_PLAN, PairingOffer, Sampling, SessionsLook, Waiting
from nodes.dcs.turn import Turn

VENDOR = "wallbox.pairing"
OFFER, CONFIRM = "offer", "confirm"
KEY = "AuthorizationKey"  # the secret that the service has sent
ENABLE, DISABLE = "enable", "disable"  # keys of requests
OFFER_S = 600.0  # assumed: a person walks from the portal to the box
NO_OFFER = PairingOffer()


def can_confirm(turn: Turn) -> bool:
    """Return whether a press of the touch key confirms an offer now."""
    offer = turn.state.offer
    return offer != NO_OFFER and not offer.is_confirmed and _why_not(turn) == ""


def _why_not(turn: Turn) -> str:
    """Return why this box cannot be paired now; "" if it can."""
    session = turn.inputs.session
    if turn.is_synchronised:
        return "it belongs to a service already"
    if session is None:
        return "it is not known whether a vehicle is plugged in"
    return "a vehicle is plugged in" if session.plugged or session.session_id else ""


def take_message(turn: Turn, request: ServiceRequest, message: VendorMessage) -> None:
    """Take a message of the service about pairing."""
    why = _why_not(turn) if message.name == OFFER else ""
    if message.name != OFFER:
        turn.answer(request, VendorAnswer(verdict=Verdict.UNKNOWN_MESSAGE))
    elif why:
        turn.log("info", f"pairing: refused, {why}")
        turn.answer(request, VendorAnswer(verdict=Verdict.REJECTED, data=why))
    else:
        turn.log("info", "pairing: offered by the service; press the touch key to confirm")
        turn.set(offer=PairingOffer(until_s=turn.now_s + OFFER_S))
        turn.answer(request, VendorAnswer(verdict=Verdict.ACCEPTED))


def follow_offer(turn: Turn) -> None:
    """End an offer that is over, or whose connection is lost."""
    offer = turn.state.offer
    if offer == NO_OFFER:
        return
    is_over = turn.moment.reached(offer.until_s)
    if is_over or not turn.state.link.is_open or _why_not(turn):
        turn.log("info", "pairing: the offer has ended")
        turn.set(offer=NO_OFFER)


def confirm(turn: Turn) -> None:
    """Confirm the offer, by the touch key."""
    turn.set(offer=replace(turn.state.offer, is_confirmed=True))
    message = VendorMessage(vendor=VENDOR, name=CONFIRM)
    turn.wait(Waiting(asked=message, key=CONFIRM, is_early=True))


def take_confirmed(turn: Turn, answer: Answered | None) -> None:
    """Take the service's answer to the confirmation; None: it has answered with an error."""
    is_taken = isinstance(answer, VendorAnswer) and answer.verdict is Verdict.ACCEPTED
    if not is_taken:
        turn.log("warning", "pairing: the service has not taken the confirmation")
        turn.set(offer=NO_OFFER)


def expects_key(turn: Turn) -> bool:
    """Return whether a key of the service pairs this box now."""
    return turn.state.offer.is_confirmed


def pair(turn: Turn) -> None:
    """Note that this box belongs to the service, whose key is being stored."""
    service = turn.inputs.service
    if service is None:
        return
    turn.log("info", f"pairing: this box belongs to {service.url} now")
    turn.keep(pairing=Pairing(url=service.url, has_key=True))
    if not service.is_enabled:
        changes = {"dcs.enabled": True}
        turn.request(SET_SETTINGS, SetArguments(changes=changes), ENABLE)
    turn.set(offer=NO_OFFER)


def unpair(turn: Turn) -> None:
    """End the pairing, as a person asks for; answered once that is stored."""
    service, session = turn.inputs.service, turn.inputs.session
    if service is None or not (turn.is_synchronised or turn.durable.pairing.url):
        turn.unpaired = "The wallbox is not paired with a charging service."
    elif session is None:
        turn.unpaired = "It is not known whether a vehicle is plugged in: try again."
    elif session.plugged or session.session_id:
        turn.unpaired = "A vehicle is plugged in: unplug it first."
    else:
        changes: dict[str, Any] = {"dcs.enabled": False}
        if service.is_given:  # an address that is set counts as paired
            changes["dcs.url"] = ""
        turn.request(SET_SETTINGS, SetArguments(changes=changes), DISABLE)


def _forget(turn: Turn) -> None:
    """Forget all that is of the service: key, limits, list, keys, transactions, availability."""
    marks = Marks(next_number=turn.durable.marks.next_number)  # the sessions so far are not its
    turn.set(
        durable=Durable(marks=marks),
        look=SessionsLook(),
        sampling=Sampling(),
        plan=NO_PLAN,
        offer=NO_OFFER,
        remote=None,
        tokens=(),
        ended_samples=("", ()),
    )
    turn.keep_secret(KEY, None)
    boot.reconnect(turn)


def take_disabled(turn: Turn, answer: Answer[Settings]) -> None:
    """Take system's answer: its limits do not count any more; now all of it is forgotten."""
    if answer.status is not Status.OK:
        why = answer.reason or "; ".join(answer.problems.values()) or answer.status
        turn.unpaired = f"The box stays paired: its settings cannot be changed. {why}"
        return
    unsent = len(turn.durable.queue)
    turn.log("warning", f"pairing: ended by a person; {unsent} messages are not sent any more")
    _forget(turn)
    turn.set(unpairing=True)


def take_enabled(turn: Turn, answer: Answer[Settings]) -> None:
    """Take system's answer: the wishes of the service count from now on."""
    if answer.status is not Status.OK:
        turn.log("error", f"pairing: the limits of the service do not count: {answer.reason}")
