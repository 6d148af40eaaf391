"""A charge as page and terminal receive it."""

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from msgs.launch import GraphStatus, Process, ProcessState
from msgs.led import DARK, LedFrame
from msgs.load_manager import HouseMeter, Limit, LoadOffer
from msgs.meter import NO_LINE, MeterReading
from msgs.pilot import CpState, PilotStatus
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from tests.view.snapshot import nothing_said, said
from view.snapshot import Snapshot

NOW_S = 1000.0
UTC_NS = 1_800_000_000_000_000_000
NODES = ("session", "safety", "meter", "load_manager", "led")

SESSION = SessionStatus(
    state=WallboxState.CHARGING,
    plugged=True,
    authorized=True,
    permitted=True,
    session_id="s1",
    energy_wh=1234.5,
    reason="The vehicle draws current.",
    started_utc_ns=UTC_NS - 754_000_000_000,
)
SAFETY = SafetyStatus(
    contactor=Contactor.CLOSED,
    permitted=True,
    faults=(),
    retries=0,
    temperature_c=25.0,
    installation_limit_a=32.0,
    limit_a=32.0,
    phase=SafetyPhase.CLOSED,
)
OFFER = LoadOffer(
    limit_a=16.0,
    reason="fuse",
    limits=(
        Limit(source="fuse", limit_a=16.0, detail="35 A less 19 A"),
        Limit(source="meter_lost", limit_a=None),
    ),
    detail="The main fuse leaves 16 A.",
    house_meter=HouseMeter.ONLINE,
)
PILOT = PilotStatus(cp_state=CpState.C, duty_percent=26.7, offered_a=16.0, high_v=6.0, low_v=-12.0)
METER = MeterReading(lines=(NO_LINE,) * 3, power_w=11010.0, online=True, source="chip")
FRONT = LedFrame(
    segments=(DARK, DARK, DARK, DARK),
    network=DARK, rfid=DARK, frame=DARK, mode=DARK, touch=DARK, caption="charging",
)  # fmt: skip


def graph(**states: ProcessState) -> GraphStatus:
    """Return a graph of the nodes that each has, those given in other states than READY."""
    given = {**dict.fromkeys(NODES, ProcessState.READY), **states}
    return GraphStatus(
        plan="simulation",
        pid=1,
        processes=tuple(
            Process(node=node, state=state, pid=2, incarnation=1, restarts=0, detail="3 in 60 s")
            for node, state in given.items()
        ),
    )


def charging() -> Snapshot:
    """Return the snapshot of a charge, all sources of its graph heard 0.1 s ago."""
    messages = {
        "session": SESSION,
        "safety": SAFETY,
        "offer": OFFER,
        "box": METER,
        "house": METER,
        "front": FRONT,
        "graph": graph(),
    }
    heard: dict[str, Any] = {
        **nothing_said("pilot"),
        **{source: said(source, message) for source, message in messages.items()},
    }
    return Snapshot(now_s=NOW_S, utc_ns=UTC_NS, began_s=NOW_S - 60.0, **heard)


def but(source: str, **fields: Any) -> Snapshot:
    """Return the charge with fields of one source's message changed."""
    snapshot = charging()
    heard = getattr(snapshot, source)
    return replace(snapshot, **{source: replace(heard, message=changed(heard.message, **fields))})


def silent(*sources: str, age_s: float = 12.0) -> Snapshot:
    """Return the charge with sources that were heard some time ago."""
    snapshot = charging()
    return replace(
        snapshot, **{each: replace(getattr(snapshot, each), age_s=age_s) for each in sources}
    )
