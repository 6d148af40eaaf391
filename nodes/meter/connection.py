"""The connection test: one Modbus meter is read once, for a person (MET-2).

A host or a serial line that is polled is read over the connection of the poll, one register block
after the other: many meters accept one client only. Any other host must be in a network of the box.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from weakref import WeakSet

from bus import Bus, Call
from msgs.meter import Line, MeterReading, MeterToTest
from msgs.meter_address import BAUDS, LEAST_SERIAL_UNIT, MOST_SERIAL_UNIT
from msgs.methods import TEST_CONNECTION
from msgs.settings import ExternalMeter, Grid
from nodes.meter.machine import Config, PollOutcome, reading_of
from nodes.meter.poller import Poller
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.meter_map import MapError, MeterMap, load_map
from nodes.modbus_map.poll import read_each
from nodes.modbus_map.serial_line import SerialModbus, SerialPlace
from nodes.modbus_map.subnet import OutsideError, address_of
from nodes.modbus_map.transport import AllDone, Done, Located, Modbus, Result, Transport

# Assumed: 133 V where only IT is possible, else 230 V, as load_manager expects them.
LEAST_V, MOST_V = 100.0, 300.0
UNCONNECTED_BELOW_V = 1.0
ANSWER_S = 2.5  # assumed: enough for a meter behind a slow gateway, and less than a person waits
# Between connections to two servers; assumed: a person needs longer to name another one, and a
# network of 254 hosts takes 10 minutes. A closed port alone would be known within 10 ms.
BETWEEN_HOSTS_S = 2.5

Server = tuple[str, int]  # host and port


class ConnectionTests:
    """Serves `test_connection`: one test at a time, and another server only after BETWEEN_HOSTS_S.

    What an ended test has begun may go on: a question to the resolver, and a read in the turns of a
    poll. There is one of each at most, so that tests take neither all threads nor all turns.
    """

    def __init__(
        self,
        bus: Bus,
        modbus: Modbus,
        polled: Mapping[Server, Transport],
        serial: SerialModbus,
        polled_lines: Mapping[SerialPlace, Transport],
        poll_s: float,
    ) -> None:
        """Take the transports of the polls, by server and by serial line; changes are seen."""
        self._poll_s = poll_s
        self._bus = bus
        self._modbus = modbus
        self._polled = polled
        self._serial = serial
        self._polled_lines = polled_lines
        self._running: _Test | None = None
        self._connected: tuple[Server, float] | None = None  # the newest connection, and when
        self._is_locating = False
        self._reading: WeakSet[Transport] = WeakSet()  # those with a read of a test
        self.grid = Grid.TN_TT
        bus.serve(TEST_CONNECTION, self._begin)

    def end(self, why: str) -> None:
        """End a running test before the connections change."""
        if self._running is not None:
            self._running.refuse(why)

    def _begin(self, call: Call[MeterToTest, MeterReading]) -> None:
        if self._running is not None:
            call.refuse(f"another test is running; it ends within {ANSWER_S:g} s")
            return
        meter = call.arguments
        wrong = self._wrong(meter)
        try:
            meter_map = load_map(meter.manufacturer)
        except MapError as error:
            wrong["manufacturer"] = str(error)
        else:
            if not wrong:
                self._running = _Test(self._bus, call, self._poll_s, self._ended)
                self._reach(self._running, meter, meter_map)
                return
        call.refuse("; ".join(f"{key}: {text}" for key, text in wrong.items()), wrong)

    def _wrong(self, meter: MeterToTest) -> dict[str, str]:
        """Return what is wrong with the place of a meter, by key."""
        if not meter.device:
            needed = (
                (
                    "host",
                    meter.host,
                    "expected the address of the meter, or the device of its serial line",
                ),
                ("port", meter.port, "expected a port from 1 to 65535"),
            )
            return {key: text for key, value, text in needed if not value}
        wrong = {}
        if meter.host:
            wrong["host"] = "expected none beside the device of a serial line"
        if meter.baud not in BAUDS:
            wrong["baud"] = f"expected one of {', '.join(map(str, BAUDS))}"
        if not LEAST_SERIAL_UNIT <= meter.unit <= MOST_SERIAL_UNIT:
            wrong["unit"] = f"expected {LEAST_SERIAL_UNIT} to {MOST_SERIAL_UNIT} on a serial line"
        place = place_of(meter)
        for polled in self._polled_lines:
            if polled.device == place.device and polled != place:
                wrong["device"] = (
                    f"it is polled with {polled.baud}:{polled.framing}; expected the same, or the "
                    "meters on it switched off"
                )
        return wrong

    def _ended(self) -> None:
        self._running = None

    def _reach(self, test: "_Test", meter: MeterToTest, meter_map: MeterMap) -> None:
        """Find the way to the meter: over the poll's connection, or over one of its own."""
        if meter.device:
            place = place_of(meter)
            line = self._polled_lines.get(place)
            if line is not None:
                self._read_polled(test, meter_map, line)
            else:
                test.connect(meter_map, self.grid, self._serial.connect(place))
            return
        transport = self._polled.get((meter.host, meter.port))
        if transport is not None:
            self._read_polled(test, meter_map, transport)
            return
        if self._is_locating:
            test.refuse("the address of another test's host is still searched; test again later")
            return
        self._is_locating = True
        others = [host for host, port in self._polled if port == meter.port]
        located = partial(self._located, test, meter, meter_map, others)
        self._modbus.locate([meter.host, *others], located)

    def _located(
        self,
        test: "_Test",
        meter: MeterToTest,
        meter_map: MeterMap,
        others: Sequence[str],
        located: Located,
    ) -> None:
        self._is_locating = False
        if test.is_over:
            return
        addresses = set(located.addresses.get(meter.host, ()))
        for host in others:  # polled under another name
            if addresses & set(located.addresses.get(host, ())):
                self._read_polled(test, meter_map, self._polled[host, meter.port])
                return
        try:
            address = address_of(meter.host, located)
        except OutsideError as error:
            test.refuse(str(error), {"host": str(error)})
            return
        now_s = self._bus.clock.now_s()
        if self._connected is not None:
            server, connected_s = self._connected
            wait_s = connected_s + BETWEEN_HOSTS_S - now_s
            if server != (address, meter.port) and wait_s > 0.0:
                test.refuse(f"another meter was tested just now; test again in {wait_s:.1f} s")
                return
        self._connected = (address, meter.port), now_s
        test.connect(meter_map, self.grid, self._modbus.connect(address, meter.port))

    def _read_polled(self, test: "_Test", meter_map: MeterMap, transport: Transport) -> None:
        """Read in the turns of a poll, unless the read of another test still has its turn."""
        if transport in self._reading:
            test.refuse("the meter has not yet answered another test; test again later")
        else:
            test.read(meter_map, self.grid, transport, self._reading)


def implausible(lines: Sequence[Line]) -> str | None:
    """Return why values cannot be a meter's, for a person; None if they can.

    Registers of another meter have any numbers. A phase that is not connected has no voltage.
    """
    voltages_v = [line.voltage_v for line in lines]
    connected_v = [each for each in voltages_v if abs(each) >= UNCONNECTED_BELOW_V]
    if connected_v and all(LEAST_V <= each <= MOST_V for each in connected_v):
        return None
    shown = ", ".join(f"{each:.3g} V" for each in voltages_v)
    return (
        f"it answers, but its voltages would be {shown}; expected {LEAST_V:g} to {MOST_V:g} V:"
        " check the manufacturer"
    )


class _Test:
    """One test: its deadline, and its only answer."""

    def __init__(
        self,
        bus: Bus,
        call: Call[MeterToTest, MeterReading],
        poll_s: float,
        ended: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._call = call
        self._poll_s = poll_s
        self._ended = ended
        self._own: Transport | None = None
        self._waits_for = "the address of the host"
        self._timer = bus.at(bus.clock.now_s() + ANSWER_S, self._expire)
        self.is_over = False

    def connect(self, meter_map: MeterMap, grid: Grid, transport: Transport) -> None:
        """Read the meter over a connection of its own, closed at the end."""
        self._own = transport
        self.read(meter_map, grid, transport, WeakSet())

    def read(
        self, meter_map: MeterMap, grid: Grid, transport: Transport, reading: WeakSet[Transport]
    ) -> None:
        """Read the meter; the transport is in `reading` while a read of it is not over."""
        self._waits_for = "the answer"
        reads = _TestReads(transport, lambda: self.is_over, reading)
        unit = self._call.arguments.unit
        Poller(self._bus.clock, meter_map, unit, grid, reads).poll(self._take)

    def refuse(self, why: str, problems: dict[str, str] | None = None) -> None:
        """End the test without values."""
        self._end(why)
        self._call.refuse(why, problems)

    def _expire(self) -> None:
        self.refuse(f"{self._waits_for} was not complete within {ANSWER_S:g} s")

    def _take(self, outcome: PollOutcome) -> None:
        if self.is_over:
            return
        if outcome.values is None:
            self.refuse(outcome.error)
            return
        doubt = implausible(outcome.values.lines)
        if doubt is not None:
            self.refuse(doubt)
            return
        meter = self._call.arguments
        place = _place_text(meter)
        config = Config(
            poll_s=self._poll_s,
            source=f"{meter.manufacturer} at {place}/{meter.unit}",
            place=place,
            meter=f"{meter.manufacturer}@{place}/{meter.unit}",
        )
        self._end("it answers")
        self._call.ok(reading_of(config, None, outcome))

    def _end(self, result: str) -> None:
        self.is_over = True
        self._timer.cancel()
        if self._own is not None:
            self._own.close()
        meter = self._call.arguments
        place = f"{meter.manufacturer} at {_place_text(meter)}/{meter.unit}"
        self._bus.log("info", f"test of {place}: {result}")
        self._ended()


def place_of(meter: MeterToTest | ExternalMeter) -> SerialPlace:
    """Return the serial line of a meter."""
    return SerialPlace(device=meter.device, baud=meter.baud, framing=meter.framing)


def _place_text(meter: MeterToTest) -> str:
    if meter.device:
        return f"{meter.device}:{meter.baud}:{meter.framing}"
    return f"{meter.host}:{meter.port}"


class _TestReads:
    """The reads of one test: one block at a time, and none after its end."""

    def __init__(
        self, transport: Transport, is_over: Callable[[], bool], reading: WeakSet[Transport]
    ) -> None:
        self._transport = transport
        self._is_over = is_over
        self._reading = reading

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        """See `transport.BlockReader.read_all`; `done` does not run after the end of the test."""
        read_each(self._read, function, unit, blocks, done)

    def _read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
        def took(result: Result) -> None:
            self._reading.discard(self._transport)
            if not self._is_over():
                done(result)

        self._reading.add(self._transport)
        self._transport.try_block(function, unit, Block(address, count), took)
