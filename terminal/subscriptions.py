"""The subscriptions of the front: it looks at the newest messages, and no message wakes it."""

from msgspec import Struct

from bus.interface import Bus
from msgs.load_manager import HouseMeter
from terminal.snapshot import FRONT_SOURCES, FrontSnapshot
from view.meters import with_meters_that_count
from view.snapshot import Received, received


class Subscriptions:
    """One subscription for each source of the front."""

    def __init__(self, bus: Bus) -> None:
        self._clock = bus.clock
        self._newest = {
            field: bus.subscribe(source.topic) for field, source in FRONT_SOURCES.items()
        }
        self._began_s = bus.clock.now_s()

    def snapshot(self) -> FrontSnapshot:
        """Return the newest messages with their ages."""
        snapshot = FrontSnapshot(
            now_s=self._clock.now_s(),
            utc_ns=self._clock.utc_ns(),
            began_s=self._began_s,
            **received(FRONT_SOURCES, self._newest),
        )
        return with_meters_that_count(snapshot)

    def has_heard_all(self) -> bool:
        """Return whether each source of the running graph has sent a message."""
        snapshot = self.snapshot()
        nodes = {process.node for process in snapshot.processes}
        sources: list[Received[Struct]] = [
            snapshot.front, snapshot.pilot, snapshot.safety,
            snapshot.session, snapshot.offer, snapshot.box,
        ]  # fmt: skip
        offer = snapshot.offer.message
        if offer is not None and offer.house_meter is not HouseMeter.OFF:
            sources.append(snapshot.house)
        return bool(nodes) and all(
            source.message is not None for source in sources if source.node in nodes
        )
