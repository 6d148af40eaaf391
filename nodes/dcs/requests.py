"""The requests of the service: each is answered once, and accepted only where it acts. Pure."""

from collections.abc import Callable
from typing import Any

from nodes.dcs import availability, configuring, pairing, remote, reporting, transactions, variables
from nodes.dcs.box_asks import Registration
from nodes.dcs.charge_mode import profiles_in_force
from nodes.dcs.composition import composite
from nodes.dcs.dialect import FrameFault, ServiceRequest
from nodes.dcs.events import (
    AskComposite,
    AskListVersion,
    CancelReserve,
    ClearCards,
    ClearProfiles,
    CompositeReply,
    GetVariables,
    InstallProfile,
    ListVersionReply,
    RequestStart,
    RequestStop,
    Reserve,
    ResetBox,
    SetAvailability,
    SetVariable,
    Trigger,
    Unlock,
    UpdateList,
    VendorAnswer,
    VendorMessage,
    Verdict,
)
from nodes.dcs.local_list import update_list
from nodes.dcs.profile import RateUnit
from nodes.dcs.profile_check import RunningTransaction
from nodes.dcs.profiles import ProfileFilter, clear, install
from nodes.dcs.reservation import cancel, reserve
from nodes.dcs.state import CONNECTOR
from nodes.dcs.status import connector_status
from nodes.dcs.turn import Turn

MOST_HELD = 16
"""Requests that wait for the disk; more are refused. A service sends one at a time."""


def take_request(turn: Turn, request: ServiceRequest) -> None:
    """Carry out a request of the service, and answer it."""
    if turn.state.registered.last is Registration.REJECTED:
        return  # not even answered until the next Boot (OCPP 1.6, section 4.2)
    if len(turn.state.held) >= MOST_HELD:
        turn.refuse(request.message_id, FrameFault.INTERNAL, "too many requests wait")
        return
    asked = request.asked
    if not turn.is_synchronised and not isinstance(
        asked, GetVariables | SetVariable | VendorMessage | Trigger
    ):
        turn.refuse(request.message_id, FrameFault.INTERNAL, "this box is not paired yet")
        return
    _HANDLERS[type(asked)](turn, request, asked)


def _clear_cards(turn: Turn, request: ServiceRequest, _: ClearCards) -> None:
    turn.set(tokens=())
    turn.verdict(request, Verdict.ACCEPTED)


def _unlock(turn: Turn, request: ServiceRequest, asked: Unlock) -> None:
    turn.verdict(request, Verdict.NOT_SUPPORTED, "the cable is fixed to the box")


def _install(turn: Turn, request: ServiceRequest, asked: InstallProfile) -> None:
    transaction, utc_ns = transactions.running(turn), turn.utc_ns
    running = None
    if transaction is not None and utc_ns is not None:
        begun_s = turn.state.plan.begun_s
        running = RunningTransaction(
            begun_utc_s=utc_ns / 1e9 if begun_s is None else begun_s,
            transaction=transaction.number,
        )
    now_s = None if utc_ns is None else utc_ns / 1e9
    profiles, refusal = install(turn.durable.profiles, asked.profile, now_s=now_s, running=running)
    if refusal:
        turn.verdict(request, Verdict.REJECTED, refusal)
        return
    turn.keep(profiles=profiles)
    turn.verdict(request, Verdict.ACCEPTED)


def _clear(turn: Turn, request: ServiceRequest, asked: ClearProfiles) -> None:
    which = ProfileFilter(
        profile_id=asked.profile_id,
        connector=asked.connector,
        purpose=asked.purpose,
        stack_level=asked.stack_level,
    )
    profiles, count = clear(turn.durable.profiles, which)
    if count:
        turn.keep(profiles=profiles)
    turn.verdict(request, Verdict.ACCEPTED if count else Verdict.UNKNOWN)


def _composite(turn: Turn, request: ServiceRequest, asked: AskComposite) -> None:
    utc_ns = turn.utc_ns
    if utc_ns is None or asked.connector not in (0, CONNECTOR) or asked.duration_s <= 0:
        turn.verdict(request, Verdict.REJECTED, "no clock, no such connector, or no duration")
        return
    view = turn.state.plan
    found = composite(
        profiles_in_force(turn),
        connector=asked.connector,
        start_utc_s=utc_ns // 1_000_000_000,
        duration_s=asked.duration_s,
        unit=RateUnit.AMPS if asked.unit is None else RateUnit(asked.unit),
        begun_s=view.begun_s,
        vehicle_phases=turn.state.phases,
    )
    reply = CompositeReply(
        connector=asked.connector,
        start_utc_s=found.start_utc_s,
        duration_s=found.duration_s,
        unit=found.unit,
        periods=tuple((each.start_s, each.limit, each.phases) for each in found.periods),
        least_rate=found.least_rate,
    )
    turn.answer(request, reply)


def _list_version(turn: Turn, request: ServiceRequest, _: AskListVersion) -> None:
    is_on = variables.is_on(turn, "LocalAuthListEnabled")
    version = turn.durable.local_list.version if is_on else -1
    turn.answer(request, ListVersionReply(version=version))


def _update_list(turn: Turn, request: ServiceRequest, asked: UpdateList) -> None:
    if not variables.is_on(turn, "LocalAuthListEnabled"):
        turn.verdict(request, Verdict.NOT_SUPPORTED, "the list is switched off")
        return
    changed, verdict, why = update_list(turn.durable.local_list, asked)
    if changed is not turn.durable.local_list:
        turn.keep(local_list=changed)
    turn.verdict(request, verdict, why)


def _reserve(turn: Turn, request: ServiceRequest, asked: Reserve) -> None:
    session, utc_ns = turn.inputs.session, turn.utc_ns
    if session is not None and not session.authorization_required:
        turn.verdict(request, Verdict.REJECTED, "no card is needed: every vehicle may charge")
        return
    now_s = None if utc_ns is None else utc_ns / 1e9
    changed, verdict, why = reserve(
        turn.durable.reservation, asked, connector_status(turn), now_s=now_s
    )
    if changed is not turn.durable.reservation:
        turn.keep(reservation=changed, used_reservation="")
    turn.verdict(request, verdict, why)


def _cancel(turn: Turn, request: ServiceRequest, asked: CancelReserve) -> None:
    changed, verdict = cancel(turn.durable.reservation, asked.reservation)
    if changed is not turn.durable.reservation:
        turn.keep(reservation=changed, used_reservation="")
    turn.verdict(request, verdict)


def _vendor(turn: Turn, request: ServiceRequest, asked: VendorMessage) -> None:
    if asked.vendor == pairing.VENDOR:
        pairing.take_message(turn, request, asked)
    else:
        turn.answer(request, VendorAnswer(verdict=Verdict.UNKNOWN_VENDOR))


_HANDLERS: dict[type, Callable[[Turn, ServiceRequest, Any], None]] = {
    SetAvailability: availability.set_availability,
    SetVariable: configuring.set_variable,
    GetVariables: configuring.get_variables,
    ClearCards: _clear_cards,
    RequestStart: remote.request_start,
    RequestStop: remote.request_stop,
    ResetBox: remote.request_reset,
    Unlock: _unlock,
    InstallProfile: _install,
    ClearProfiles: _clear,
    AskComposite: _composite,
    AskListVersion: _list_version,
    UpdateList: _update_list,
    Trigger: reporting.trigger,
    Reserve: _reserve,
    CancelReserve: _cancel,
    VendorMessage: _vendor,
}
