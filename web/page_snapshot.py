"""The snapshot from which the page is made: that of `view`, and what only the page shows."""

from dataclasses import dataclass

from msgspec import Struct

from msgs.label import Label
from msgs.plant import WorldStatus
from view.snapshot import Snapshot


class LiveAddress(Struct, frozen=True, kw_only=True):
    """One address of the box (WEB-3)."""

    ip: str
    interface: str  # "LAN", "WLAN / WiFi", or the system's own name
    in_use: bool


@dataclass(frozen=True, kw_only=True)
class PageSnapshot(Snapshot):
    """All sources at one instant."""

    label: Label
    addresses: tuple[LiveAddress, ...] = ()
    world: WorldStatus | None = None
