"""A charge as page and terminal receive it."""

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from msgs.launch import GraphStatus, ProcessState
from msgs.load_manager import HouseMeter, Limit
from tests.builders import (
    charging_pilot,
    charging_safety,
    charging_session,
    graph_of,
    led_frame,
    load_offer,
    meter_reading,
)
from tests.view.snapshot import nothing_said, said
from view.snapshot import Snapshot

NOW_S = 1000.0
UTC_NS = 1_800_000_000_000_000_000
NODES = ("session", "safety", "meter", "load_manager", "led")

SESSION = charging_session(
    energy_wh=1234.5,
    reason="The vehicle draws current.",
    started_utc_ns=UTC_NS - 3_600_000_000_000,  # the clock was set since
    started_ns=round((NOW_S - 754.0) * 1e9),
)
SAFETY = charging_safety()
OFFER = load_offer(
    16.0,
    "fuse",
    limits=(
        Limit(source="fuse", limit_a=16.0, detail="35 A less 19 A"),
        Limit(source="meter_lost", limit_a=None),
    ),
    detail="The main fuse leaves 16 A.",
    house_meter=HouseMeter.ONLINE,
)
PILOT = charging_pilot()
METER = meter_reading(power_w=11010.0)
FRONT = led_frame(caption="charging")


def graph(**states: ProcessState) -> GraphStatus:
    """Return a graph of the nodes that each has, those given in other states than READY."""
    return graph_of(**{**dict.fromkeys(NODES, ProcessState.READY), **states})


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
