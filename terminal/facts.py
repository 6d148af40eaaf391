"""What the front is drawn from: the newest message of each source, with its age. Pure."""

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Struct

from msgs.launch import GraphStatus, Process, ProcessState
from msgs.led import LedFrame
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import PilotStatus
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus

M_co = TypeVar("M_co", bound=Struct, covariant=True)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is known at one instant."""

    now_s: float  # monotonic; blinking lights follow it
    utc_ns: int
    graph: Heard[GraphStatus]
    front: Heard[LedFrame]
    pilot: Heard[PilotStatus]
    safety: Heard[SafetyStatus]
    session: Heard[SessionStatus]
    offer: Heard[LoadOffer]
    box: Heard[MeterReading]
    house: Heard[MeterReading]
    solar: Heard[MeterReading]

    @property
    def processes(self) -> tuple[Process, ...]:
        """Return the nodes that the supervisor knows; none while it is silent."""
        graph = self.graph.fresh
        return graph.processes if graph else ()

    @property
    def has_plant(self) -> bool:
        """Return whether the world around the box is simulated."""
        return any(process.node == "plant" for process in self.processes)

    def silence(self, source: Heard[Struct]) -> str:
        """Return in words why nothing is known of a source; "" if something is."""
        if source.fresh is not None:
            return ""
        process = next((each for each in self.processes if each.node == source.node), None)
        if process is None and self.processes:
            return f"{source.node} is not part of this graph"
        words = f"no word from {source.node}{f' about {source.about}' if source.about else ''}"
        words += " yet" if math.isinf(source.age_s) else f" for {age(source.age_s)}"
        if process is not None and process.state is not ProcessState.READY:
            words += f": it is {process.state}"
            words += f", {process.detail}" if process.detail else ""
        return words


def age(seconds: float) -> str:
    """Return an age as a person says it."""
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.0f} h"
