"""Wiring of meter: the chip, and one link for each Modbus meter."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from bus import Bus, leave
from bus.rounds import Instant, Rounds
from bus.slots import Slots
from bus.store import StoreError, is_begun, mark_begun
from bus.write_behind import WriteResult, write_result
from msgs.meter import MeterReading
from msgs.requests import StopReason
from msgs.settings import ExternalMeter, Grid, Settings, meter_name
from msgs.topics import METER_BOX, METER_HOUSE, METER_SOLAR, SETTINGS, Topic
from nodes.meter.chip import MeterChip
from nodes.meter.connection import ConnectionTests, place_of
from nodes.meter.lifetime import Register, begin, decode, encode, last
from nodes.meter.link import MeterLink
from nodes.meter.machine import BoxInputs, BoxOutputs, BoxState, Config, step_box
from nodes.modbus_map.meter_map import MapError, load_map
from nodes.modbus_map.serial_line import SerialModbus, SerialPlace
from nodes.modbus_map.transport import Modbus, Transport

RUNNER: Literal["blocking", "asyncio"] = "asyncio"

BOX_S = 0.2
CHANGED = "the settings of the meters have changed meanwhile; test again"
REGISTER_FILE = "meter-energy"  # in the state directory, see `bus.slots`


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set; the settings name the meters."""

    poll_s: Annotated[float, Meta(ge=0.2, le=60.0)] = 1.0
    box_s: Annotated[float, Meta(ge=0.001, le=1.0)] = BOX_S  # between two readings of the chip


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of meter."""

    chip: MeterChip
    modbus: Modbus
    serial: SerialModbus


class MeterNode:
    """The box's chip, and the meters of house and sun."""

    def __init__(self, bus: Bus, parameters: Parameters, drivers: Drivers) -> None:
        self._bus = bus
        self._chip = drivers.chip
        self._store = Slots(bus.state_dir / REGISTER_FILE)
        bus.on_close(self._store.close)
        self._box = BoxState(lifetime=begin(self._recall()))
        self._written: WriteResult | None = None
        self._box_s = parameters.box_s
        self._modbus = drivers.modbus
        self._serial = drivers.serial
        self._transports: dict[tuple[str, int], Transport] = {}  # by host and port
        self._serial_transports: dict[SerialPlace, Transport] = {}
        self._links: dict[str, MeterLink] = {}  # by topic
        self._poll_s = parameters.poll_s
        self._tests = ConnectionTests(
            bus,
            drivers.modbus,
            self._transports,
            drivers.serial,
            self._serial_transports,
            self._poll_s,
        )
        bus.subscribe(SETTINGS, self._follow)
        self._rounds = Rounds(bus, self._box_s, self._look, self._act)
        bus.on_stop(self._stop)

    def _follow(self, settings: Settings) -> None:
        """Poll the meters of the settings; the poll of an unchanged meter goes on."""
        grid = self._tests.grid = settings.installation.grid
        self._link(METER_HOUSE, "Home Grid Meter - Import", settings.house_meter, grid)
        self._link(METER_SOLAR, "Solar Meter - Export", settings.solar_meter, grid)
        meters = [link.meter for link in self._links.values()]
        servers = {(meter.host, meter.port) for meter in meters if not meter.device}
        for server in set(self._transports) - servers:
            self._transports.pop(server).close()
        places = {place_of(meter) for meter in meters if meter.device}
        for place in set(self._serial_transports) - places:
            self._serial_transports.pop(place).close()

    def _link(
        self, topic: Topic[MeterReading], title: str, meter: ExternalMeter, grid: Grid
    ) -> None:
        link = self._links.get(topic.name)
        if link is not None:
            if (link.meter, link.grid) == (meter, grid):
                return
            self._tests.end(CHANGED)
            link.close()
            del self._links[topic.name]
        if not meter.enabled:
            return
        self._tests.end(CHANGED)  # its connection might be the only one that the meter accepts
        try:
            meter_map = load_map(meter.manufacturer)
        except MapError as error:
            self._bus.log("error", f"{title}: {error}; it is not polled")
            return
        name = meter_name(meter)
        config = Config(
            poll_s=self._poll_s,
            source=f"{title}, {name.replace('@', ' at ', 1)}",
            place=f"{name.partition('@')[2].rpartition('/')[0]} unit {meter.unit}",
            meter=name,
        )
        publish = partial(self._bus.publish, topic)
        if meter.device:
            transport = self._serial_transport(place_of(meter))
        else:
            transport = self._transport(meter.host, meter.port)
        self._links[topic.name] = MeterLink(
            self._bus, config, meter, meter_map, grid, transport, publish
        )

    def _transport(self, host: str, port: int) -> Transport:
        """Return the transport to a server; meters behind one gateway share it."""
        transport = self._transports.get((host, port))
        if transport is None:
            transport = self._transports[host, port] = self._modbus.connect(host, port)
        return transport

    def _serial_transport(self, place: SerialPlace) -> Transport:
        """Return the transport to a serial line; its meters share it."""
        transport = self._serial_transports.get(place)
        if transport is None:
            transport = self._serial_transports[place] = self._serial.connect(place)
        return transport

    def _recall(self) -> Register | None:
        """Return the stored register of energy; None in a new box, or if it is lost."""
        path = self._bus.state_dir / REGISTER_FILE
        try:
            register = decode(self._store.newest())
            if register is None and is_begun(path):
                raise StoreError(f"{path} has no valid content")
        except StoreError as error:
            self._bus.log("error", f"{error}; the box's energy goes on from the chip's counter")
            return None
        return register

    def _look(self, instant: Instant) -> BoxInputs:
        written, self._written = self._written, None
        return BoxInputs(now_s=instant.now_s, sample=self._chip.read(), written=written)

    def _act(self, inputs: BoxInputs) -> BoxOutputs:
        self._box, outputs = step_box(self._box, inputs, self._box_s)
        for level, text in outputs.log:
            self._bus.log(level, text)
        if outputs.reading is not None:
            self._bus.publish(METER_BOX, outputs.reading)
        if outputs.write is not None:
            self._bus.offload("energy", partial(self._write, outputs.write), self._on_written)
        return replace(outputs, due_s=min(outputs.due_s, self._chip.due_s()))

    def _write(self, register: Register) -> None:
        self._store.write(encode(register))
        with suppress(StoreError):  # the register is stored; the mark is made by the next write
            mark_begun(self._bus.state_dir / REGISTER_FILE)

    def _on_written(self, result: Exception | None) -> None:
        self._written = write_result(result)  # for the next look: one reading each period

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._tests.end("the box stops")
        for link in self._links.values():
            link.close()
        leave(self._modbus, reason)
        leave(self._serial, reason)
        leave(self._chip, reason)
        register = last(self._box.lifetime)
        if register is not None:
            self._bus.offload("energy", partial(self._write, register), lambda _: None)
        done()


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> MeterNode:
    """Start the node."""
    node = MeterNode(bus, parameters, drivers)
    bus.ready()
    return node
