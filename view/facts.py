"""What a view is made from: the newest message of each source, with its age. Pure."""

import math
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from msgs.dcs import DcsStatus
from msgs.launch import GraphStatus, Process
from msgs.led import LedFrame
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.rfid import RfidStatus
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus
from msgs.topics import Topic

M = TypeVar("M", bound=Struct)
M_co = TypeVar("M_co", bound=Struct, covariant=True)


class Newest(Protocol[M_co]):
    """What reads a topic."""

    @property
    def message(self) -> M_co | None:
        """Return the newest message, however old; None if there was none."""

    @property
    def age_s(self) -> float:
        """Return how old it is; infinity if there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Generic[M_co]):
    """One source: its newest message, how old that is and how long it holds."""

    node: str
    hold_s: float
    about: str = ""  # where a node speaks of several things: of which
    message: M_co | None = None
    age_s: float = math.inf

    @property
    def fresh(self) -> M_co | None:
        """Return the message while it holds, else None."""
        return self.message if self.age_s <= self.hold_s else None


def heard(topic: Topic[M], newest: Newest[M], about: str = "") -> Heard[M]:
    """Return what was heard on a topic."""
    message = newest.message
    return Heard(
        node=topic.writer,
        about=about,
        hold_s=topic.hold_of(message),
        message=message,
        age_s=newest.age_s,
    )


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that is known at one instant. A view adds what it shows besides."""

    now_s: float  # monotonic; blinking lights follow it
    utc_ns: int
    began_s: float  # monotonic, since when somebody listens: before, nobody can be silent
    graph: Heard[GraphStatus]
    front: Heard[LedFrame]
    safety: Heard[SafetyStatus]
    session: Heard[SessionStatus]
    offer: Heard[LoadOffer]
    box: Heard[MeterReading]
    house: Heard[MeterReading]
    solar: Heard[MeterReading]
    rfid: Heard[RfidStatus]
    dcs: Heard[DcsStatus]

    @property
    def sources(self) -> tuple[Heard[Struct], ...]:
        """Return the sources that speak all the time, if the graph has their node."""
        return (
            self.session, self.safety, self.box, self.offer, self.front, self.rfid, self.dcs,
        )  # fmt: skip

    @property
    def processes(self) -> tuple[Process, ...]:
        """Return the nodes that the supervisor knows; none while it is silent."""
        graph = self.graph.fresh
        return graph.processes if graph else ()

    @property
    def has_plant(self) -> bool:
        """Return whether the world around the box is simulated."""
        return any(process.node == "plant" for process in self.processes)
