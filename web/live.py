"""What the page shows of the running box: one Struct, made from what the nodes have said.

Nothing is decided here. What a source has said holds as long as the table of topics says; after
that the page shows nothing of it, and names the source as silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from msgs.card import CardColor
from msgs.dcs import DcsStatus, Link
from msgs.label import Label
from msgs.launch import GraphStatus, ProcessState
from msgs.led import LedFrame
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import PLUGGED
from msgs.plant import WorldStatus
from msgs.rfid import RfidStatus
from msgs.safety import RETRIED, Contactor, FaultCode, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from msgs.settings import Settings, TcpMeter, meter_name
from msgs.topics import (
    DCS_STATUS,
    LAUNCH_GRAPH,
    LED_FRAME,
    LOAD_OFFER,
    METER_BOX,
    RFID_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    Topic,
)
from msgs.units import Amps, Nanoseconds, Seconds, Volts, WattHours, Watts

TYPE = "Wallbox Connect"  # ours: what this box calls itself under "Type" (WEB-3)

WATCHED: tuple[Topic[Any], ...] = (
    SESSION_STATUS,
    SAFETY_STATUS,
    METER_BOX,
    LOAD_OFFER,
    LED_FRAME,
    RFID_STATUS,
    DCS_STATUS,
)
"""Whose silence the page names, where the plan has the node."""

ALWAYS = frozenset({"session", "safety", "meter", "load_manager", "led"})
"""The nodes that every plan has: named as well while nobody knows the plan."""


class LiveLine(Struct, frozen=True, kw_only=True):
    """One phase of the box's meter, L1 first."""

    current_a: Amps
    voltage_v: Volts
    power_w: Watts


class LiveLimit(Struct, frozen=True, kw_only=True):
    """One claim on the current. limit_a None: it sets none now."""

    source: str
    limit_a: Amps | None
    detail: str


class LiveFault(Struct, frozen=True, kw_only=True):
    """One fault that holds now."""

    code: FaultCode
    detail: str
    remedy: str
    retry_in_s: Seconds | None = None  # None: nothing tries it again by itself


class LiveMeter(Struct, frozen=True, kw_only=True):
    """The meter of the house or of the sun; power is positive from the grid to the loads."""

    power_w: Watts  # of the last good reading while it is not online
    online: bool


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
    """The table of the same name (WEB-3); the state stands beside it in `Live`."""

    type: str
    serial: str
    addresses: tuple[LiveAddress, ...]
    mac: str  # of the interface in use
    dcs_link: Link  # Unreachable while nothing is heard of it
    synchronised: bool


class Live(Struct, frozen=True, kw_only=True):
    """The whole live page. None, or an empty list, stands for what nobody tells any more."""

    clock_s: Seconds  # monotonic, when it was made; blinking follows it
    now_utc_ns: Nanoseconds
    state: WallboxState | None
    reason: str  # why the state is what it is, in plain words
    plugged: bool
    authorized: bool
    released: bool  # a card has authorised, the vehicle is not plugged in yet
    authorization_required: bool
    session_id: str  # "" while there is none
    energy_wh: WattHours  # of this session, or of the last one
    started_utc_ns: Nanoseconds
    token_name: str  # who has authorised: the card's name, its colour, or its UID; "" if none
    front: LedFrame | None  # None: the front is not driven
    lines: tuple[LiveLine, ...]  # three, L1 first; none while the box's meter is not heard
    power_w: Watts | None
    meter_online: bool
    offered_a: Amps | None  # per phase, as read back from the pilot
    limit_a: Amps | None  # per phase, the lowest of all limits
    limit_reason: str  # in one sentence
    limits: tuple[LiveLimit, ...]  # the lowest first
    contactor: Contactor | None
    faults: tuple[LiveFault, ...]
    house: LiveMeter | None  # None: there is no such meter, or nothing was ever heard of it
    sun: LiveMeter | None
    overview: Overview
    nodes: tuple[LiveNode, ...]  # those that are not ready
    silent: tuple[str, ...]  # nodes whose word does not hold any more
    world: WorldStatus | None = None  # in simulation only


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the node knows when it is asked. Messages are None once their hold has passed.

    house and solar are the newest ones however old, `*_fresh` says whether they hold.
    """

    now_s: float
    utc_ns: int
    began_s: float  # since when this node listens: nobody is silent before there was time to speak
    label: Label
    addresses: tuple[LiveAddress, ...] = ()
    session: SessionStatus | None = None
    safety: SafetyStatus | None = None
    box: MeterReading | None = None
    offer: LoadOffer | None = None
    front: LedFrame | None = None
    rfid: RfidStatus | None = None
    dcs: DcsStatus | None = None
    graph: GraphStatus | None = None
    house: MeterReading | None = None
    house_fresh: bool = False
    solar: MeterReading | None = None
    solar_fresh: bool = False
    settings: Settings | None = None
    world: WorldStatus | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # UID -> name of a card held before


def live_of(facts: Facts) -> Live:
    """Return what the page shows."""
    session, safety, box, offer = facts.session, facts.safety, facts.box, facts.offer
    meter_online = box is not None and box.online
    settings = facts.settings
    return Live(
        clock_s=facts.now_s,
        now_utc_ns=facts.utc_ns,
        state=session.state if session else None,
        reason="Nothing is heard of the session." if session is None else session.reason,
        plugged=_plugged(session, safety),
        authorized=session is not None and session.authorized,
        released=session is not None and session.released,
        authorization_required=session is not None and session.authorization_required,
        session_id=session.session_id if session else "",
        energy_wh=session.energy_wh if session else 0.0,
        started_utc_ns=session.started_utc_ns if session else 0,
        token_name=_token_name(facts),
        front=facts.front,
        lines=_lines(box) if box is not None and meter_online else (),
        power_w=box.power_w if box is not None and meter_online else None,
        meter_online=meter_online,
        offered_a=safety.offered_a if safety else None,
        limit_a=offer.limit_a if offer else None,
        limit_reason=(offer.detail or offer.reason) if offer else "",
        limits=tuple(
            LiveLimit(source=each.source, limit_a=each.limit_a, detail=each.detail)
            for each in (offer.limits if offer else ())
        ),
        contactor=safety.contactor if safety else None,
        faults=_faults(safety) if safety else (),
        house=_meter(facts.house, facts.house_fresh, settings.house_meter if settings else None),
        sun=_meter(facts.solar, facts.solar_fresh, settings.solar_meter if settings else None),
        overview=_overview(facts),
        nodes=_not_ready(facts.graph),
        silent=_silent(facts),
        world=facts.world,
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


def _faults(safety: SafetyStatus) -> tuple[LiveFault, ...]:
    records = {record.code: record for record in safety.records}
    return tuple(
        LiveFault(
            code=code,
            detail=records[code].detail if code in records else "",
            remedy=records[code].remedy if code in records else "",
            retry_in_s=safety.retry_in_s if code in RETRIED else None,
        )
        for code in safety.faults
    )


def _meter(
    reading: MeterReading | None, is_fresh: bool, meter: TcpMeter | None
) -> LiveMeter | None:
    """Return a meter as shown; None if the settings name none, or another than was read."""
    if reading is None or (meter is not None and reading.meter != meter_name(meter)):
        return None
    return LiveMeter(power_w=reading.power_w, online=is_fresh and reading.online)


def _token_name(facts: Facts) -> str:
    token = facts.session.token if facts.session else ""
    if not token:
        return ""
    if name := facts.names.get(token):
        return name
    color = next((card.color for card in facts.label.rfid if card.uid == token), CardColor.NONE)
    return token if color is CardColor.NONE else f"{color.capitalize()} card"


def _overview(facts: Facts) -> Overview:
    used = next((each.interface for each in facts.addresses if each.in_use), "")
    return Overview(
        type=TYPE,
        serial=facts.label.serial,
        addresses=facts.addresses,
        mac=facts.label.wlan_mac if used.startswith("WLAN") else facts.label.lan_mac,
        dcs_link=facts.dcs.link if facts.dcs else Link.UNREACHABLE,
        synchronised=facts.dcs is not None and facts.dcs.synchronised,
    )


def _not_ready(graph: GraphStatus | None) -> tuple[LiveNode, ...]:
    return tuple(
        LiveNode(node=each.node, state=each.state, detail=each.detail)
        for each in (graph.processes if graph else ())
        if each.state is not ProcessState.READY
    )


def _silent(facts: Facts) -> tuple[str, ...]:
    """Return whose word the plan lets us expect, and does not hold."""
    planned = {each.node for each in facts.graph.processes} if facts.graph else set(ALWAYS)
    listened_s = facts.now_s - facts.began_s
    heard: dict[str, object] = {
        SESSION_STATUS.name: facts.session,
        SAFETY_STATUS.name: facts.safety,
        METER_BOX.name: facts.box,
        LOAD_OFFER.name: facts.offer,
        LED_FRAME.name: facts.front,
        RFID_STATUS.name: facts.rfid,
        DCS_STATUS.name: facts.dcs,
    }
    silent = [
        topic.writer
        for topic in WATCHED
        if heard[topic.name] is None and topic.writer in planned and listened_s > topic.hold_s
    ]
    if facts.graph is None and listened_s > LAUNCH_GRAPH.hold_s:
        silent.append(LAUNCH_GRAPH.writer)
    return tuple(silent)
