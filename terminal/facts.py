"""What the front is drawn from: what any view is made from, and the control pilot. Pure."""

from dataclasses import dataclass

from msgspec import Struct

from msgs.pilot import PilotStatus
from view import facts as view
from view.facts import Heard


@dataclass(frozen=True, kw_only=True)
class Facts(view.Facts):
    """Everything that is known at one instant."""

    pilot: Heard[PilotStatus]

    @property
    def sources(self) -> tuple[Heard[Struct], ...]:
        """Return the sources that speak all the time, if the graph has their node."""
        return (*super().sources, self.pilot)
