"""The newest message of each source with its age, from which all texts derive. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from msgs.dcs import DcsStatus
from msgs.evidence import SafetyRecordStatus
from msgs.launch import GraphStatus, Process
from msgs.led import LedFrame
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.rfid import RfidStatus
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus
from msgs.settings import Settings
from msgs.smart_home import SmartHomeStatus
from msgs.topics import (
    DCS_STATUS,
    LAUNCH_GRAPH,
    LED_FRAME,
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    METER_SOLAR,
    RFID_STATUS,
    SAFETY_RECORD,
    SAFETY_STATUS,
    SESSION_STATUS,
    SESSION_WISH,
    SETTINGS,
    SMART_HOME_STATUS,
    Topic,
)
from msgs.wish import Wishes

M_co = TypeVar("M_co", bound=Struct, covariant=True)


class Newest(Protocol[M_co]):
    """A subscription to one topic."""

    @property
    def message(self) -> M_co | None:
        """Return the newest message, however old; None if there was none."""

    @property
    def age_s(self) -> float:
        """Return its age [s]; infinity if there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Generic[M_co]):
    """One source: its newest message, with age and hold."""

    node: str
    hold_s: float
    about: str = ""  # the subject, where a node has several
    message: M_co | None = None
    age_s: float = math.inf

    @property
    def fresh(self) -> M_co | None:
        """Return the message while it holds, else None."""
        return self.message if self.age_s <= self.hold_s else None


class SnapshotSource(NamedTuple):
    """Where one field of a snapshot comes from."""

    topic: Topic[Any]
    about: str = ""  # the subject, where a node has several


SOURCES = {
    "graph": SnapshotSource(LAUNCH_GRAPH),
    "front": SnapshotSource(LED_FRAME),
    "safety": SnapshotSource(SAFETY_STATUS),
    "session": SnapshotSource(SESSION_STATUS),
    "offer": SnapshotSource(LOAD_OFFER),
    "box": SnapshotSource(METER_BOX),
    "house": SnapshotSource(METER_HOUSE, "the house"),
    "solar": SnapshotSource(METER_SOLAR, "the sun"),
    "rfid": SnapshotSource(RFID_STATUS),
    "dcs": SnapshotSource(DCS_STATUS),
    "smart_home": SnapshotSource(SMART_HOME_STATUS),
    "settings": SnapshotSource(SETTINGS),
    "wish": SnapshotSource(SESSION_WISH),
    "record": SnapshotSource(SAFETY_RECORD, "the safety record"),
}
"""The sources of every snapshot, by field."""


def received(
    sources: Mapping[str, SnapshotSource], newest: Mapping[str, Newest[Struct]]
) -> dict[str, Received[Any]]:
    """Return the newest message of each source with age and hold, by field."""
    fields = {}
    for field, (topic, about) in sources.items():
        message = newest[field].message
        fields[field] = Received(
            node=topic.writer,
            about=about,
            hold_s=topic.hold_of(message),
            message=message,
            age_s=newest[field].age_s,
        )
    return fields


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All sources at one instant. Page and terminal add what they alone show."""

    now_s: float  # monotonic; blinking lights follow it
    utc_ns: int
    began_s: float  # monotonic, when the subscriptions began: silence counts from then
    graph: Received[GraphStatus]
    front: Received[LedFrame]
    safety: Received[SafetyStatus]
    session: Received[SessionStatus]
    offer: Received[LoadOffer]
    box: Received[MeterReading]
    house: Received[MeterReading]
    solar: Received[MeterReading]
    rfid: Received[RfidStatus]
    dcs: Received[DcsStatus]
    smart_home: Received[SmartHomeStatus]
    settings: Received[Settings]  # sent on change: they count at any age
    wish: Received[Wishes]  # likewise
    record: Received[SafetyRecordStatus]  # likewise

    @property
    def sources(self) -> tuple[Received[Struct], ...]:
        """Return the sources that repeat their messages, if the graph has their node."""
        return (
            self.session, self.safety, self.box, self.offer, self.front, self.rfid, self.dcs,
        )  # fmt: skip

    @property
    def processes(self) -> tuple[Process, ...]:
        """Return the processes of the supervisor; none while it is silent."""
        graph = self.graph.fresh
        return graph.processes if graph else ()

    @property
    def has_plant(self) -> bool:
        """Return whether the world around the box is simulated."""
        return any(process.node == "plant" for process in self.processes)
