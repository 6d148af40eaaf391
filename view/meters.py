"""The meters: which ones are configured, and why one has no reading. Pure."""

import math
from dataclasses import replace
from typing import TypeVar

from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from msgs.settings import ExternalMeter, meter_name
from view.silence import age, silence
from view.snapshot import Received, Snapshot

F = TypeVar("F", bound=Snapshot)


def with_meters_of_settings(snapshot: F) -> F:
    """Return a snapshot without the readings of meters that its settings do not name (MET-2)."""
    settings = snapshot.settings.message
    if settings is None:
        return snapshot
    return replace(
        snapshot,
        house=_of(settings.house_meter, snapshot.house),
        solar=_of(settings.solar_meter, snapshot.solar),
    )


def has_house_meter(snapshot: Snapshot) -> bool:
    """Return whether there is a house meter, as far as is known."""
    offer = snapshot.offer.fresh
    return snapshot.house.message is not None or (
        offer is not None and offer.house_meter is not HouseMeter.OFF
    )


def online(heard: Received[MeterReading]) -> MeterReading | None:
    """Return a meter's reading; None if it is stale, or the meter was not read."""
    reading = heard.fresh
    return reading if reading is not None and reading.online else None


def wrong_with(snapshot: Snapshot, heard: Received[MeterReading]) -> str:
    """Return why a meter has no reading; "" if it has one.

    A lost meter is polled less and less often: its last message counts while the node runs.
    """
    reading = heard.message
    if reading is None or reading.online or snapshot.box.fresh is None:
        return silence(snapshot, heard)
    if reading.sampled_ns:
        since = f"no reading for {age(snapshot.now_s - reading.sampled_ns / 1e9)}"
    else:
        since = "no reading yet"
    return f"{since}: {reading.error}" if reading.error else since


def _of(meter: ExternalMeter, heard: Received[MeterReading]) -> Received[MeterReading]:
    reading = heard.message
    if reading is None or reading.meter == meter_name(meter):
        return heard
    return replace(heard, message=None, age_s=math.inf)
