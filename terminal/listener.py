"""Reads the bus for the front: looks at newest messages, wakes up for none."""

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
from terminal.facts import Facts
from view.facts import Heard, heard
from view.meters import HOUSE, SUN, with_meters_of


class Listener:
    """Readers of all that the front shows."""

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

    def facts(self) -> Facts:
        """Return what is known now."""
        facts = Facts(
            now_s=self._clock.now_s(),
            utc_ns=self._clock.utc_ns(),
            began_s=self._began_s,
            graph=heard(LAUNCH_GRAPH, self._graph),
            front=heard(LED_FRAME, self._front),
            pilot=heard(PILOT_STATUS, self._pilot),
            safety=heard(SAFETY_STATUS, self._safety),
            session=heard(SESSION_STATUS, self._session),
            offer=heard(LOAD_OFFER, self._offer),
            box=heard(METER_BOX, self._box),
            house=heard(METER_HOUSE, self._house, HOUSE),
            solar=heard(METER_SOLAR, self._solar, SUN),
            rfid=heard(RFID_STATUS, self._rfid),
            dcs=heard(DCS_STATUS, self._dcs),
        )
        return with_meters_of(facts, self._settings.message)

    def has_heard_all(self) -> bool:
        """Return whether every source that the running graph has was heard once."""
        facts = self.facts()
        nodes = {process.node for process in facts.processes}
        sources: list[Heard[Struct]] = [
            facts.front, facts.pilot, facts.safety, facts.session, facts.offer, facts.box,
        ]  # fmt: skip
        offer = facts.offer.message
        if offer is not None and offer.house_meter is not HouseMeter.OFF:
            sources.append(facts.house)
        return bool(nodes) and all(
            source.message is not None for source in sources if source.node in nodes
        )
