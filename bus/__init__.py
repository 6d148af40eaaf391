"""Messages and requests between nodes, and stored state.

Nodes import the names of this package (the interface and its errors), `bus.rounds` and `bus.moment`
for a machine, and for stored state `bus.store`, `bus.generations`, `bus.write_behind` and
`bus.secret_file`.
"""

from bus.driver import Driver, DriverError, leave
from bus.interface import (
    Bus,
    BusError,
    Call,
    Clock,
    ClockSetError,
    Health,
    Looks,
    Spawned,
    Subscription,
    Timer,
)
from bus.place import PlaceError
from msgs.requests import Answer, Status

__all__ = [
    "Answer",
    "Bus",
    "BusError",
    "Call",
    "Clock",
    "ClockSetError",
    "Driver",
    "DriverError",
    "Health",
    "Looks",
    "PlaceError",
    "Spawned",
    "Status",
    "Subscription",
    "Timer",
    "leave",
]
