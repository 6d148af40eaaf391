"""Messages of meter: the box's own meter, the house meter and the solar meter.

Sign: power and current are positive when energy flows from the grid to the loads (import).
"""

import math
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.meter_address import Framing
from msgs.ports import PeerPort
from msgs.settings import Baud, Device, Host, MapName, Unit
from msgs.units import Amps, Nanoseconds, Ratio, Seconds, Text, Volts, WattHours, Watts

MeterName = Annotated[str, Meta(max_length=300)]
"""Which Modbus meter, as `--set` names it. Not for a person: other nodes compare it."""


class Line(Struct, frozen=True, kw_only=True):
    """One phase."""

    current_a: Amps  # negative while power is exported
    voltage_v: Volts  # to neutral
    power_w: Watts
    power_factor: Ratio
    imported_wh: WattHours
    exported_wh: WattHours


class LinePhase(StrEnum):
    """A phase conductor."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


PHASES = (LinePhase.L1, LinePhase.L2, LinePhase.L3)


class Contradiction(Struct, frozen=True, kw_only=True):
    """Values of one phase of a meter that cannot be true together."""

    phase: LinePhase
    at_most_a: Amps  # the larger of the current and of power by voltage
    text: Text  # for a person, with the registers


METER_HOLD_S = 10.0  # of meter/house and meter/solar; three polls if that is longer (MET-3)
HELD_POLLS = 3
LONGEST_POLL_S = 60.0  # assumed: the longest period that a reading may declare

NO_LINE = Line(
    current_a=0.0, voltage_v=0.0, power_w=0.0, power_factor=1.0, imported_wh=0.0, exported_wh=0.0
)


class MeterReading(Struct, frozen=True, kw_only=True):
    """One meter's values, L1 first.

    meter/box is sent every 0.2 s; after 5 s of silence safety could not detect 4003 and 8002: it
    asks the vehicle to stop and opens, after 6 s at the latest.
    meter/house (the total at the connection, the box included) and meter/solar are sent at every
    poll; silence for 3 polls or 10 s, whichever is longer, means lost (MET-3). A failed poll is
    sent as well: online is False, the values and sampled_ns stay those of the last good one.
    """

    lines: tuple[Line, Line, Line]
    power_w: Watts
    online: bool
    source: Text  # for a person: "Home Grid Meter - Import, tq at 10.0.0.6:502/1"
    sampled_ns: Nanoseconds = 0  # monotonic clock, middle of the reading; 0: never read
    imported_wh: WattHours = 0.0  # the meter's own totals
    exported_wh: WattHours = 0.0
    # Of the box's own meter: all that it has counted, over resets of its chip. It never falls.
    lifetime_wh: WattHours = 0.0
    poll_s: Seconds = 0.2  # how often this meter is read
    error: Text = ""  # why it is not online
    # Of the phases whose values cannot be true together, L1 first.
    contradictions: Annotated[tuple[Contradiction, ...], Meta(max_length=3)] = ()
    meter: MeterName = ""  # which meter was read, as `msgs.settings.meter_name`; "": the box's own


def meter_hold_s(reading: MeterReading) -> float:
    """Return how long a reading of a Modbus meter holds [s], by the period of its polls."""
    if not math.isfinite(reading.poll_s):
        return METER_HOLD_S
    return max(METER_HOLD_S, HELD_POLLS * min(reading.poll_s, LONGEST_POLL_S))


class MeterToTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `test_connection` of meter: a Modbus meter, as its settings would have it."""

    manufacturer: MapName  # its register map, as "tq"
    host: Host = ""
    port: PeerPort = 502
    device: Device = ""  # of the serial line; "": over TCP
    baud: Baud = 9600
    framing: Framing = Framing.N8_1
    unit: Unit = 1
