"""An announcer without a network: it only keeps what is announced."""

from msgspec import Struct

from bus import Bus
from nodes.web.announcement import Announcement
from nodes.web.announcer import Announcer


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimAnnouncer(Announcer):
    """See `announcer.Announcer`."""

    def __init__(self) -> None:
        self.announced: Announcement | None = None
        self.problem = ""  # why nothing can be announced

    def announce(self, announcement: Announcement | None) -> str:
        """See `announcer.Announcer.announce`."""
        self.announced = None if self.problem else announcement
        return self.problem

    def shutdown(self) -> None:
        """End the announcement."""
        self.announced = None

    def handover(self) -> None:
        """End the announcement: the next incarnation announces by itself."""
        self.announced = None


def open(bus: Bus, parameters: Parameters) -> Announcer:
    """Return an announcer without a network."""
    return SimAnnouncer()
