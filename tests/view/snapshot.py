"""Sources for tests of the views."""

import math
from typing import Any

from msgspec import Struct

from msgs.topics import (
    DCS_STATUS,
    LAUNCH_GRAPH,
    LED_FRAME,
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    METER_SOLAR,
    PILOT_STATUS,
    RFID_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    Topic,
)
from view.meters import HOUSE, SUN
from view.snapshot import Received

SOURCES: dict[str, Topic[Any]] = {
    "graph": LAUNCH_GRAPH,
    "front": LED_FRAME,
    "safety": SAFETY_STATUS,
    "session": SESSION_STATUS,
    "offer": LOAD_OFFER,
    "box": METER_BOX,
    "house": METER_HOUSE,
    "solar": METER_SOLAR,
    "rfid": RFID_STATUS,
    "dcs": DCS_STATUS,
    "pilot": PILOT_STATUS,
}
ABOUT = {"house": HOUSE, "solar": SUN}


def said(source: str, message: Struct | None = None, age_s: float = 0.1) -> Received[Any]:
    """Return a source with its message; without one, if none is given."""
    topic = SOURCES[source]
    return Received(
        node=topic.writer,
        about=ABOUT.get(source, ""),
        hold_s=topic.hold_of(message),
        message=message,
        age_s=math.inf if message is None else age_s,
    )


def nothing_said(*without: str) -> dict[str, Received[Any]]:
    """Return all sources, none of them heard."""
    return {source: said(source) for source in SOURCES if source not in without}
