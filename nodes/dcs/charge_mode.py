"""How a session is charged: with a plan, fast, or with little current until that is decided. Pure.

    a person has chosen fast at the box   fast: no plan is applied (DCS-4)
    a plan is in force                    intelligent
    none, for less than plan_wait_s       low current, the plan is awaited (CHG-4)
    none                                  fast

A plan that arrives later makes a fast charge intelligent, unless a person has chosen. A box that
does not belong to the service waits for nothing. A person's choice is reported to the service:

    VendorMessage wallbox.charging, mode   {"transactionId": 12, "mode": "fast" or "intelligent"}

OCPP has no message for it; a service that does not know this one answers so, and goes on.
"""

import math

import msgspec
from msgspec.structs import replace

from msgs.dcs import ChargeMode
from msgs.pilot import MIN_OFFER_A
from msgs.session import WallboxState
from msgs.wish import Wish, Wishes
from nodes.dcs import outbox, transactions
from nodes.dcs.events import VendorMessage
from nodes.dcs.plan import CAP, PLAN, wish_of
from nodes.dcs.profile import ProfilePurpose
from nodes.dcs.profiles import ProfileSet
from nodes.dcs.state import Waiting
from nodes.dcs.turn import Turn

VENDOR, MODE = "wallbox.charging", "mode"
DECIDING, REFUSED, OUT_OF_USE = "deciding", "refused_card", "out_of_use"  # names of wishes


def charge_mode(turn: Turn) -> tuple[ChargeMode, bool]:
    """Return how the session is charged, and whether its plan is awaited."""
    session, service = turn.inputs.session, turn.inputs.service
    if session is None or service is None or not session.session_id or not turn.is_synchronised:
        return ChargeMode.FAST, False
    if _is_fast_chosen(turn):
        return ChargeMode.FAST, False
    if turn.state.plan.rates.plan is not None:
        return ChargeMode.INTELLIGENT, False
    if turn.moment.reached(_decided_s(turn)):
        return ChargeMode.FAST, False
    return ChargeMode.INTELLIGENT, True


def _is_fast_chosen(turn: Turn) -> bool:
    transaction = transactions.running(turn)
    return transaction is not None and transaction.mode is ChargeMode.FAST


def profiles_in_force(turn: Turn) -> ProfileSet:
    """Return the profiles in force: after a person has chosen fast only those of the whole box."""
    profiles = turn.durable.profiles
    if not _is_fast_chosen(turn):
        return profiles
    own = tuple(each for each in profiles.profiles if each.purpose is ProfilePurpose.BOX)
    return replace(profiles, profiles=own)


def _decided_s(turn: Turn) -> float:
    """Return until when a plan is awaited [monotonic s]."""
    session, service, chosen = turn.inputs.session, turn.inputs.service, turn.state.chosen
    if session is None or service is None:
        return -math.inf
    since_s = chosen[1] if chosen[0] == session.session_id else _started_s(turn)
    return since_s + service.plan_wait_s


def _started_s(turn: Turn) -> float:
    """Return when the session began [monotonic s]; not known: long ago."""
    session = turn.inputs.session
    if session is None or session.started_ns is None:
        return -math.inf
    return session.started_ns / 1e9


def can_switch(turn: Turn) -> bool:
    """Return whether the touch key switches the mode now (DCS-5)."""
    session = turn.inputs.session
    if session is None or not session.session_id or not session.authorized:
        return False
    if session.authorization_required and not session.token:
        return False
    is_charging = session.state in (WallboxState.CHARGING, WallboxState.SUSPENDED)
    return turn.is_synchronised and is_charging and transactions.running(turn) is not None


def switch(turn: Turn) -> None:
    """Switch between fast and intelligent, by the touch key."""
    transaction = transactions.running(turn)
    if transaction is None or not can_switch(turn):
        return
    mode, _ = charge_mode(turn)
    other = ChargeMode.FAST if mode is ChargeMode.INTELLIGENT else ChargeMode.INTELLIGENT
    outbox.change_transaction(turn, replace(transaction, mode=other))
    turn.set(chosen=(transaction.session_id, turn.now_s))
    turn.log("info", f"the touch key: {other} charging")


def report_choice(turn: Turn) -> None:
    """Report what a person has chosen, once the service has an id of the transaction."""
    transaction = transactions.running(turn)
    if transaction is None or transaction.number is None or not turn.is_online:
        return
    choice = (transaction.session_id, transaction.mode)
    if transaction.mode is None or turn.state.reported_choice == choice:
        return
    content = {"transactionId": transaction.number, "mode": transaction.mode}
    data = msgspec.json.encode(content).decode()
    message = VendorMessage(vendor=VENDOR, name=MODE, data=data)
    turn.wait(Waiting(asked=message, key=MODE))
    turn.set(reported_choice=choice)


def wishes_of(turn: Turn) -> Wishes:
    """Return all limits of the service now."""
    view = turn.state.plan
    found: list[Wish | None] = []
    if turn.inputs.service is not None and turn.is_synchronised:
        found.append(wish_of(turn, CAP, view.rates.cap, view.after.cap))
        mode, waits = charge_mode(turn)
        if waits:
            detail = "until the charging service has sent its plan"
            end_ns = round(_decided_s(turn) * 1e9)  # also if this node is silent by then
            found.append(Wish(name=DECIDING, limit_a=MIN_OFFER_A, detail=detail, end_ns=end_ns))
        elif mode is ChargeMode.INTELLIGENT:
            found.append(wish_of(turn, PLAN, view.rates.plan, view.after.plan))
        transaction = transactions.running(turn)
        if transaction is not None and transaction.is_refused:
            detail = "the charging service does not accept the card"
            found.append(Wish(name=REFUSED, pause=True, detail=detail))
        availability = turn.durable.availability
        if not (availability.box and availability.connector):
            detail = "the charging service has taken the box out of use"
            found.append(Wish(name=OUT_OF_USE, pause=True, detail=detail))
    return Wishes(wishes=tuple(each for each in found if each is not None))
