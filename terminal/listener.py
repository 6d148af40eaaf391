"""Reads the bus for the front: looks at newest messages, wakes up for none."""

import math
from dataclasses import replace
from typing import TypeVar

from msgspec import Struct

from bus.interface import Bus, Reader
from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from msgs.settings import TcpMeter, meter_name
from msgs.topics import (
    LAUNCH_GRAPH,
    LED_FRAME,
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    METER_SOLAR,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SETTINGS,
    Topic,
)
from terminal.facts import Facts, Heard

M = TypeVar("M", bound=Struct)


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
        self._settings = bus.subscribe(SETTINGS)

    def facts(self) -> Facts:
        """Return what is known now."""
        settings = self._settings.message
        house, solar = (settings.house_meter, settings.solar_meter) if settings else (None, None)
        return Facts(
            now_s=self._clock.now_s(),
            utc_ns=self._clock.utc_ns(),
            graph=_heard(self._graph, LAUNCH_GRAPH),
            front=_heard(self._front, LED_FRAME),
            pilot=_heard(self._pilot, PILOT_STATUS),
            safety=_heard(self._safety, SAFETY_STATUS),
            session=_heard(self._session, SESSION_STATUS),
            offer=_heard(self._offer, LOAD_OFFER),
            box=_heard(self._box, METER_BOX),
            house=_of(house, _heard(self._house, METER_HOUSE, "the house")),
            solar=_of(solar, _heard(self._solar, METER_SOLAR, "the sun")),
        )

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


def _heard(reader: Reader[M], topic: Topic[M], about: str = "") -> Heard[M]:
    return Heard(
        node=topic.writer,
        about=about,
        hold_s=topic.hold_of(reader.message),
        message=reader.message,
        age_s=reader.age_s,
    )


def _of(meter: TcpMeter | None, heard: Heard[MeterReading]) -> Heard[MeterReading]:
    """Return what was heard, without the reading of a meter that the settings do not name."""
    reading = heard.message
    if reading is None or meter is None or reading.meter == meter_name(meter):
        return heard
    return replace(heard, message=None, age_s=math.inf)
