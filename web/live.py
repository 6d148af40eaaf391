"""The values of the live page: one Struct, made from the nodes' messages.

No decision is made here. A message counts for the hold of its topic; after that the page does not
show it and names the source as silent. The texts are those of `view`; a value that only stands on
the page with a label is a row of `web.rows`.
"""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from msgs.launch import ProcessState
from msgs.led import LedFrame
from msgs.meter import MeterReading
from msgs.plant import WorldStatus
from msgs.safety import Contactor
from msgs.session import WallboxState
from msgs.units import Amps, Nanoseconds, Seconds, Volts, WattHours, Watts
from msgs.visible import visible_json
from view.acts import OfferedActs, offered_acts
from view.card import CardMessage, card_message
from view.charge import energy_of, is_plugged, lasted_s
from view.energy import EnergyPicture, energy_picture
from view.faults import ShownFault, faults
from view.front import caption
from view.headline import Headline, HeadlineKind, headline
from view.limits import ShownLimit, limit_reason, limit_title, limit_words, limits
from view.meters import online, wrong_with
from view.plan import PlanPicture, plan_picture
from view.shares import PhaseBar, phase_bars
from view.silence import NodeTrouble, missed, not_ready, troubles
from view.snapshot import Received
from view.state import state_name, state_reason
from view.stores import stores
from web.overview import Overview, overview, token_name
from web.page_snapshot import PageSnapshot
from web.panel import PanelNow, panel_now
from web.rows import LiveRow, live_rows


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


class LiveNode(Struct, frozen=True, kw_only=True):
    """A node that is not ready, as the supervisor sees it."""

    node: str
    state: ProcessState
    detail: str


class Live(Struct, frozen=True, kw_only=True):
    """The whole live page. None, or an empty list: the source is silent."""

    clock_s: Seconds  # monotonic, when it was made; blinking follows it
    now_utc_ns: Nanoseconds
    headline: Headline
    state: WallboxState | None
    state_name: str
    reason: str  # of the state
    card: CardMessage | None  # while the reader shows the result of a card
    acts: OfferedActs
    offers_set_up: bool  # to the owner: the Configuration Wizard
    plugged: bool
    authorized: bool
    authorization_required: bool
    session_id: str  # "" while there is none
    energy_wh: WattHours  # of this session, or of the last
    energy_of: str  # whose energy it is
    started_utc_ns: Nanoseconds
    lasted_s: Seconds | None  # None: no session runs, or it is not known
    token_name: str  # of the card that authorised: name, colour or end of UID; "": none
    front: LedFrame | None  # None: the front is not driven
    caption: str  # meaning of the status LED, or why it is unknown
    lines: tuple[LiveLine, ...]  # three, L1 first; none while the box's meter is silent
    power_w: Watts | None
    meter_online: bool
    offered_a: Amps | None  # per phase, as read back from the pilot
    limit_a: Amps | None  # per phase, the lowest of all limits
    limit_title: str  # "": nothing is charged whatever the limit is
    limit_words: str
    limit_reason: str  # in one sentence
    limits: tuple[ShownLimit, ...]  # the lowest first
    bars: tuple[PhaseBar, ...]  # of the house; none where it is not measured
    contactor: Contactor | None
    faults: tuple[ShownFault, ...]
    house: LiveMeter | None  # None: there is no such meter, or nothing was ever heard of it
    sun: LiveMeter | None
    energy: EnergyPicture | None  # None: there is no meter beside the box's own
    plan: PlanPicture | None  # None: the box belongs to no charging service
    rows: tuple[LiveRow, ...]
    overview: Overview
    nodes: tuple[LiveNode, ...]  # those that are not ready
    silent: tuple[str, ...]  # nodes whose messages are older than their hold
    troubles: tuple[NodeTrouble, ...]  # both as text, and what was lost or is not stored
    world: WorldStatus | None = None  # in simulation only
    panel: PanelNow | None = None  # what cannot be done in that world now


def live_of(snapshot: PageSnapshot) -> Live:
    """Return what the page shows."""
    session, safety, offer = snapshot.session.fresh, snapshot.safety.fresh, snapshot.offer.fresh
    box = online(snapshot.box)
    return Live(
        clock_s=snapshot.now_s,
        now_utc_ns=snapshot.utc_ns,
        headline=headline(snapshot),
        state=session.state if session else None,
        state_name=state_name(snapshot),
        reason=state_reason(snapshot),
        card=card_message(snapshot),
        acts=offered_acts(snapshot),
        offers_set_up=offers_set_up(snapshot),
        plugged=is_plugged(snapshot),
        authorized=session is not None and session.authorized,
        authorization_required=session is not None and session.authorization_required,
        session_id=session.session_id if session else "",
        energy_wh=session.energy_wh if session else 0.0,
        energy_of=energy_of(session),
        started_utc_ns=session.started_utc_ns if session else 0,
        lasted_s=lasted_s(snapshot),
        token_name=token_name(snapshot),
        front=snapshot.front.fresh,
        caption=caption(snapshot),
        lines=_lines(box) if box is not None else (),
        power_w=box.power_w if box is not None else None,
        meter_online=box is not None,
        offered_a=safety.offered_a if safety else None,
        limit_a=offer.limit_a if offer else None,
        limit_title=limit_title(snapshot),
        limit_words=limit_words(snapshot),
        limit_reason=limit_reason(snapshot),
        limits=limits(snapshot),
        bars=phase_bars(snapshot),
        contactor=safety.contactor if safety else None,
        faults=faults(snapshot),
        house=_meter(snapshot, snapshot.house),
        sun=_meter(snapshot, snapshot.solar),
        energy=energy_picture(snapshot),
        plan=plan_picture(snapshot),
        rows=live_rows(snapshot),
        overview=overview(snapshot),
        nodes=tuple(
            LiveNode(node=each.node, state=each.state, detail=each.detail)
            for each in not_ready(snapshot)
        ),
        silent=tuple(source.node for source in missed(snapshot)),
        troubles=(*troubles(snapshot), *stores(snapshot)),
        world=_without_cards(snapshot.world),
        panel=panel_now(snapshot.world, session, snapshot.front.fresh, snapshot.label),
    )


def offers_set_up(snapshot: PageSnapshot) -> bool:
    """Return whether the first set-up is offered: not above what is wrong now."""
    settings = snapshot.settings.message
    is_wrong = headline(snapshot).kind is HeadlineKind.FAULT
    return settings is not None and not settings.web.is_set_up and not is_wrong


def _without_cards(world: WorldStatus | None) -> WorldStatus | None:
    """Return the world without the numbers of the cards at the reader: a viewer sees it as well."""
    return None if world is None else replace(world, cards=())


def encoded(live: Live) -> bytes:
    """Return the values as JSON, with what can be seen only."""
    return visible_json(msgspec.json.encode(live).decode()).encode()


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
