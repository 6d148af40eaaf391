"""The subscriptions of the front: it looks at the newest messages, and no message wakes it."""

from msgspec import Struct

from bus.interface import Bus
from msgs.load_manager import HouseMeter
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
    SETTINGS,
)
from terminal.snapshot import FrontSnapshot
from view.meters import HOUSE, SUN, with_meters_of
from view.snapshot import Received, received


class Subscriptions:
    """One subscription for each source of the front."""

    def __init__(self, bus: Bus) -> None:
        self._clock = bus.clock
        self._graph = bus.subscribe(LAUNCH_GRAPH)
        self._front = bus.subscribe(LED_FRAME)
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        self._offer = bus.subscribe(LOAD_OFFER)
        self._box = bus.subscribe(METER_BOX)
        self._house = bus.subscribe(METER_HOUSE)
        self._solar = bus.subscribe(METER_SOLAR)
        self._rfid = bus.subscribe(RFID_STATUS)
        self._dcs = bus.subscribe(DCS_STATUS)
        self._settings = bus.subscribe(SETTINGS)
        self._began_s = bus.clock.now_s()

    def snapshot(self) -> FrontSnapshot:
        """Return the newest messages with their ages."""
        snapshot = FrontSnapshot(
            now_s=self._clock.now_s(),
            utc_ns=self._clock.utc_ns(),
            began_s=self._began_s,
            graph=received(LAUNCH_GRAPH, self._graph),
            front=received(LED_FRAME, self._front),
            pilot=received(PILOT_STATUS, self._pilot),
            safety=received(SAFETY_STATUS, self._safety),
            session=received(SESSION_STATUS, self._session),
            offer=received(LOAD_OFFER, self._offer),
            box=received(METER_BOX, self._box),
            house=received(METER_HOUSE, self._house, HOUSE),
            solar=received(METER_SOLAR, self._solar, SUN),
            rfid=received(RFID_STATUS, self._rfid),
            dcs=received(DCS_STATUS, self._dcs),
        )
        return with_meters_of(snapshot, self._settings.message)

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
