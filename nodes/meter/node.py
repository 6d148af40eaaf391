"""Wiring of meter: the chip, and one link for each Modbus meter."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bus import Bus, DriverError, leave
from msgs.meter import MeterReading
from msgs.meter_address import AddressError
from msgs.requests import StopReason
from msgs.topics import METER_BOX, METER_HOUSE, METER_SOLAR, Topic
from nodes.meter.chip import Chip
from nodes.meter.link import MeterLink
from nodes.meter.machine import BoxState, Config, step_box
from nodes.modbus_map.address import MeterAddress, parse_address
from nodes.modbus_map.meter_map import MapError
from nodes.modbus_map.transport import Modbus, Transport

RUNNER: Literal["blocking", "asyncio"] = "asyncio"

BOX_S = 0.2
NONE = "none"


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which meters there are beside the box's own: "none" or MAP@HOST:PORT/UNIT."""

    house: str = NONE  # as tq@127.0.0.1:1502/1
    solar: str = NONE
    poll_s: Annotated[float, Meta(ge=0.2, le=60.0)] = 1.0
    box_s: Annotated[float, Meta(ge=0.001, le=1.0)] = BOX_S  # between two readings of the chip


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of meter."""

    chip: Chip
    modbus: Modbus


class MeterNode:
    """The box's chip, and the meters of house and sun."""

    def __init__(self, bus: Bus, parameters: Parameters, drivers: Drivers) -> None:
        self._bus = bus
        self._chip = drivers.chip
        self._box = BoxState()
        self._box_s = parameters.box_s
        self._modbus = drivers.modbus
        self._transports: dict[tuple[str, int], Transport] = {}
        self._links: list[MeterLink] = []
        poll_s = parameters.poll_s
        house, solar = _address("house", parameters.house), _address("solar", parameters.solar)
        self._link(METER_HOUSE, "Home Grid Meter - Import", house, poll_s)
        self._link(METER_SOLAR, "Solar Meter - Export", solar, poll_s)
        bus.every(self._box_s, self._read_box)
        bus.on_stop(self._stop)

    def _link(
        self,
        topic: Topic[MeterReading],
        title: str,
        address: MeterAddress | None,
        poll_s: float,
    ) -> None:
        """Poll a meter; meters behind one server share its connection, as behind a gateway."""
        if address is None:
            return
        server = (address.host, address.port)
        if server not in self._transports:
            self._transports[server] = self._modbus.connect(*server)
        config = Config(
            poll_s=poll_s,
            source=f"{title}, {address}",
            place=f"{address.host}:{address.port} unit {address.unit}",
        )
        publish = partial(self._bus.publish, topic)
        self._links.append(MeterLink(self._bus, config, address, self._transports[server], publish))

    def _read_box(self) -> None:
        self._box, reading, log = step_box(self._box, self._chip.read(), self._box_s)
        for level, text in log:
            self._bus.log(level, text)
        if reading is not None:
            self._bus.publish(METER_BOX, reading)

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        for link in self._links:
            link.close()
        leave(self._modbus, reason)
        leave(self._chip, reason)
        done()


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> MeterNode:
    """Find the meters' maps and start the node.

    :raises DriverError: a meter's address cannot be read.
    """
    node = MeterNode(bus, parameters, drivers)
    bus.ready()
    return node


def _address(parameter: str, text: str) -> MeterAddress | None:
    if text == NONE:
        return None
    try:
        return parse_address(text)
    except (AddressError, MapError) as error:
        raise DriverError(f"{error}, or {NONE!r}", parameter) from error
