"""The meters: which of them there are, and why one shows nothing. Pure."""

import math
from dataclasses import replace
from typing import TypeVar

from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from msgs.settings import Settings, TcpMeter, meter_name
from view.facts import Facts, Heard
from view.silence import age, silence

HOUSE, SUN = "the house", "the sun"

F = TypeVar("F", bound=Facts)


def with_meters_of(facts: F, settings: Settings | None) -> F:
    """Return facts without the readings of meters that the settings do not name (MET-2)."""
    if settings is None:
        return facts
    return replace(
        facts,
        house=_of(settings.house_meter, facts.house),
        solar=_of(settings.solar_meter, facts.solar),
    )


def has_house_meter(facts: Facts) -> bool:
    """Return whether the house is metered, as far as is known."""
    offer = facts.offer.fresh
    return facts.house.message is not None or (
        offer is not None and offer.house_meter is not HouseMeter.OFF
    )


def online(heard: Heard[MeterReading]) -> MeterReading | None:
    """Return a meter's reading; None while it does not hold, or was not read."""
    reading = heard.fresh
    return reading if reading is not None and reading.online else None


def wrong_with(facts: Facts, heard: Heard[MeterReading]) -> str:
    """Return why a meter shows nothing; "" if it shows something.

    A lost meter is asked ever less often: what was said of it last holds while the node lives.
    """
    reading = heard.message
    if reading is None or reading.online or facts.box.fresh is None:
        return silence(facts, heard)
    if reading.sampled_ns:
        since = f"no reading for {age(facts.now_s - reading.sampled_ns / 1e9)}"
    else:
        since = "no reading yet"
    return f"{since}: {reading.error}" if reading.error else since


def _of(meter: TcpMeter, heard: Heard[MeterReading]) -> Heard[MeterReading]:
    reading = heard.message
    if reading is None or reading.meter == meter_name(meter):
        return heard
    return replace(heard, message=None, age_s=math.inf)
