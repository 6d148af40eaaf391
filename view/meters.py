"""The meters: which ones are configured, and why one has no reading. Pure."""

import math
from dataclasses import replace
from typing import TypeVar

from msgspec.structs import replace as changed

from msgs.fault_cause import Cause
from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from msgs.settings import ExternalMeter, meter_name
from view.silence import age, silence
from view.snapshot import Received, Snapshot

F = TypeVar("F", bound=Snapshot)


DISTRUSTED = "the meter chip does not answer, or repeats its values"


def with_meters_that_count(snapshot: F) -> F:
    """Return a snapshot without the readings that are not to be shown.

    Those of a meter that the settings do not name (MET-2), and those of a chip whose values safety
    does not trust (8002): a frozen one repeats the power of a charge that has ended.
    """
    settings, box = snapshot.settings.message, snapshot.box.message
    if box is not None and _is_distrusted(snapshot):
        unread = replace(snapshot.box, message=changed(box, online=False))
        snapshot = replace(snapshot, box=unread)
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
    if heard is snapshot.box and _is_distrusted(snapshot):
        return DISTRUSTED
    if reading.sampled_ns:
        since = f"no reading for {age(snapshot.now_s - reading.sampled_ns / 1e9)}"
    else:
        since = "no reading yet"
    return f"{since}: {reading.error}" if reading.error else since


def _is_distrusted(snapshot: Snapshot) -> bool:
    safety = snapshot.safety.fresh
    return safety is not None and any(
        record.cause is Cause.CHIP_SILENT for record in safety.records
    )


def _of(meter: ExternalMeter, heard: Received[MeterReading]) -> Received[MeterReading]:
    reading = heard.message
    if reading is None or reading.meter == meter_name(meter):
        return heard
    return replace(heard, message=None, age_s=math.inf)
