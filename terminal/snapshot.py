"""The snapshot from which the front is drawn: that of `view`, and the control pilot. Pure."""

from dataclasses import dataclass

from msgspec import Struct

from msgs.pilot import PilotStatus
from msgs.topics import PILOT_STATUS
from view.snapshot import SOURCES, Received, Snapshot, SnapshotSource

FRONT_SOURCES = {**SOURCES, "pilot": SnapshotSource(PILOT_STATUS)}
"""The sources of the front, by field."""


@dataclass(frozen=True, kw_only=True)
class FrontSnapshot(Snapshot):
    """All sources at one instant."""

    pilot: Received[PilotStatus]

    @property
    def sources(self) -> tuple[Received[Struct], ...]:
        """Return the sources that repeat their messages, if the graph has their node."""
        return (*super().sources, self.pilot)
