"""The values of the live page: one Struct, made from the nodes' messages.

No decision is made here. A message counts for the hold of its topic; after that the page does not
show it and names the source as silent. The texts are those of `view`.
"""

from dataclasses import dataclass

from msgspec import Struct

from msgs.card import CardColor
from msgs.dcs import Link
from msgs.label import Label
from msgs.launch import ProcessState
from msgs.led import LedFrame
from msgs.meter import MeterReading
from msgs.pilot import PLUGGED
from msgs.plant import WorldStatus
from msgs.safety import Contactor, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from msgs.units import Amps, Nanoseconds, Seconds, Volts, WattHours, Watts
from view.charge import (
    authorisation_words,
    card_name,
    contactor_why,
    contactor_words,
    energy_of,
    lasted_s,
    offered_words,
    plugged_words,
)
from view.front import caption
from view.limits import ShownLimit, limit_reason, limit_words, limits
from view.meters import online, wrong_with
from view.silence import NodeTrouble, missed, not_ready, silence, troubles
from view.snapshot import Received, Snapshot
from view.state import ShownFault, faults, is_reason_below, state_name, state_reason
from view.stores import stores

TYPE = "Wallbox Connect"  # assumed: the box's "Type" (WEB-3)


class LiveLine(Struct, frozen=True, kw_only=True):
    """One phase of the box's meter, L1 first."""

    current_a: Amps
    voltage_v: Volts
    power_w: Watts


class LiveMeter(Struct, frozen=True, kw_only=True):
    """The meter of the house or of the sun; power is positive from the grid to the loads."""

    power_w: Watts  # of the last good reading while it is not online
    online: bool
    wrong: str  # why it is not


class LiveAddress(Struct, frozen=True, kw_only=True):
    """One address of the box (WEB-3)."""

    ip: str
    interface: str  # "LAN", "WLAN / WiFi", or the system's own name
    in_use: bool


class LiveNode(Struct, frozen=True, kw_only=True):
    """A node that is not ready, as the supervisor sees it."""

    node: str
    state: ProcessState
    detail: str


class Overview(Struct, frozen=True, kw_only=True):
    """The table of the same name (WEB-3); the state is in `Live`."""

    type: str
    serial: str
    addresses: tuple[LiveAddress, ...]
    mac: str  # of the interface in use
    dcs_link: Link  # Unreachable while dcs is silent
    synchronised: bool


class Live(Struct, frozen=True, kw_only=True):
    """The whole live page. None, or an empty list: the source is silent."""

    clock_s: Seconds  # monotonic, when it was made; blinking follows it
    now_utc_ns: Nanoseconds
    state: WallboxState | None
    state_name: str
    reason: str  # of the state
    reason_is_below: bool  # the faults or the limit show it
    plugged: bool
    plugged_words: str
    authorized: bool
    authorization_required: bool
    authorization_words: str
    session_id: str  # "" while there is none
    energy_wh: WattHours  # of this session, or of the last
    energy_of: str  # whose energy it is
    started_utc_ns: Nanoseconds
    lasted_s: Seconds | None  # None: no session runs, or it is not known
    token_name: str  # of the card that authorised: name, colour or UID; "": none
    front: LedFrame | None  # None: the front is not driven
    caption: str  # meaning of the status LED, or why it is unknown
    lines: tuple[LiveLine, ...]  # three, L1 first; none while the box's meter is silent
    power_w: Watts | None
    meter_online: bool
    offered_a: Amps | None  # per phase, as read back from the pilot
    offered_words: str
    limit_a: Amps | None  # per phase, the lowest of all limits
    limit_words: str
    limit_reason: str  # in one sentence
    limits: tuple[ShownLimit, ...]  # the lowest first
    contactor: Contactor | None
    contactor_words: str
    contactor_why: str
    faults: tuple[ShownFault, ...]
    house: LiveMeter | None  # None: there is no such meter, or nothing was ever heard of it
    sun: LiveMeter | None
    overview: Overview
    nodes: tuple[LiveNode, ...]  # those that are not ready
    silent: tuple[str, ...]  # nodes whose messages are older than their hold
    troubles: tuple[NodeTrouble, ...]  # both as text, and what was lost or is not stored
    world: WorldStatus | None = None  # in simulation only


@dataclass(frozen=True, kw_only=True)
class PageSnapshot(Snapshot):
    """All sources at one instant, and what only the page shows."""

    label: Label
    addresses: tuple[LiveAddress, ...] = ()
    world: WorldStatus | None = None


def live_of(snapshot: PageSnapshot) -> Live:
    """Return what the page shows."""
    session, safety, offer = snapshot.session.fresh, snapshot.safety.fresh, snapshot.offer.fresh
    box = online(snapshot.box)
    token_name = _token_name(snapshot, session)
    is_plugged = _plugged(session, safety)
    return Live(
        clock_s=snapshot.now_s,
        now_utc_ns=snapshot.utc_ns,
        state=session.state if session else None,
        state_name=state_name(snapshot),
        reason=state_reason(snapshot),
        reason_is_below=is_reason_below(snapshot),
        plugged=is_plugged,
        plugged_words=plugged_words(is_plugged),
        authorized=session is not None and session.authorized,
        authorization_required=session is not None and session.authorization_required,
        authorization_words=(
            authorisation_words(session, token_name)
            if session
            else silence(snapshot, snapshot.session)
        ),
        session_id=session.session_id if session else "",
        energy_wh=session.energy_wh if session else 0.0,
        energy_of=energy_of(session),
        started_utc_ns=session.started_utc_ns if session else 0,
        lasted_s=lasted_s(snapshot),
        token_name=token_name,
        front=snapshot.front.fresh,
        caption=caption(snapshot),
        lines=_lines(box) if box is not None else (),
        power_w=box.power_w if box is not None else None,
        meter_online=box is not None,
        offered_a=safety.offered_a if safety else None,
        offered_words=(
            offered_words(safety.offered_a) if safety else silence(snapshot, snapshot.safety)
        ),
        limit_a=offer.limit_a if offer else None,
        limit_words=limit_words(snapshot),
        limit_reason=limit_reason(snapshot),
        limits=limits(snapshot),
        contactor=safety.contactor if safety else None,
        contactor_words=contactor_words(snapshot),
        contactor_why=contactor_why(snapshot),
        faults=faults(snapshot),
        house=_meter(snapshot, snapshot.house),
        sun=_meter(snapshot, snapshot.solar),
        overview=_overview(snapshot),
        nodes=tuple(
            LiveNode(node=each.node, state=each.state, detail=each.detail)
            for each in not_ready(snapshot)
        ),
        silent=tuple(source.node for source in missed(snapshot)),
        troubles=(*troubles(snapshot), *stores(snapshot)),
        world=snapshot.world,
    )


def _plugged(session: SessionStatus | None, safety: SafetyStatus | None) -> bool:
    if session is not None:
        return session.plugged
    return safety is not None and safety.cp_state in PLUGGED


def _lines(box: MeterReading) -> tuple[LiveLine, ...]:
    return tuple(
        LiveLine(current_a=line.current_a, voltage_v=line.voltage_v, power_w=line.power_w)
        for line in box.lines
    )


def _meter(snapshot: PageSnapshot, heard: Received[MeterReading]) -> LiveMeter | None:
    if heard.message is None:
        return None
    return LiveMeter(
        power_w=heard.message.power_w,
        online=online(heard) is not None,
        wrong=wrong_with(snapshot, heard),
    )


def _token_name(snapshot: PageSnapshot, session: SessionStatus | None) -> str:
    token = session.token if session else ""
    if not token:
        return ""
    if name := card_name(snapshot):
        return name
    color = next((card.color for card in snapshot.label.rfid if card.uid == token), CardColor.NONE)
    return token if color is CardColor.NONE else f"{color.capitalize()} card"


def _overview(snapshot: PageSnapshot) -> Overview:
    used = next((each.interface for each in snapshot.addresses if each.in_use), "")
    dcs = snapshot.dcs.fresh
    return Overview(
        type=TYPE,
        serial=snapshot.label.serial,
        addresses=snapshot.addresses,
        mac=snapshot.label.wlan_mac if used.startswith("WLAN") else snapshot.label.lan_mac,
        dcs_link=dcs.link if dcs else Link.UNREACHABLE,
        synchronised=dcs is not None and dcs.synchronised,
    )
