"""Every meter, simulated behind real Modbus TCP and behind requests, read as meter reads it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from bus import Bus
from nodes.modbus_map.bank import Bank, answer
from nodes.modbus_map.blocks import Block, plan_blocks
from nodes.modbus_map.codec import Codec, Values
from nodes.modbus_map.exceptions import REFUSALS
from nodes.modbus_map.meter_map import MeterMap, load_map, map_names
from nodes.modbus_map.poll import find_model, read_each
from nodes.modbus_map.server_tcp import TcpServer
from nodes.modbus_map.transport import AllDone, Done, ReadError
from nodes.modbus_map.transport_tcp import TcpTransport
from tests.closing import at_end, closed_at_end
from tests.modbus_map.every_map import a_line, values_of

InLoop = Callable[[Coroutine[Any, Any, None]], None]

ONE = a_line(2300.0, imported_wh=1000.0, exported_wh=200.0)
VALUES = values_of((ONE, a_line(-1150.0, imported_wh=2000.0, exported_wh=300.0), ONE))


class BankTransport:
    """Reads banks directly; refuses the blocks of the given addresses."""

    def __init__(self, banks: dict[int, Bank], refused: Sequence[int] = ()) -> None:
        self._banks = banks
        self._refused = refused
        self.reads: list[int] = []

    def read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
        self.reads.append(address)
        result = answer(self._banks, unit, function, [(address, count)])
        if address in self._refused:
            result = 2
        if isinstance(result, int):
            done(ReadError(text=f"exception {result}", is_refused=result in REFUSALS))
        else:
            done(result)

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        read_each(self.read, function, unit, blocks, done)

    def close(self) -> None:
        """Nothing is open."""


def read_values(transport: BankTransport, meter_map: MeterMap) -> Values | ReadError:
    found: list[MeterMap | ReadError] = [meter_map]
    if meter_map.chain is not None:
        found.clear()
        find_model(transport, meter_map, 1, found.append)
    if isinstance(found[0], ReadError):
        return found[0]
    results: list[Any] = []
    transport.read_all(found[0].function, 1, plan_blocks(found[0]), results.append)
    return results[0] if isinstance(results[0], ReadError) else Codec(found[0]).decode(results[0])


@pytest.mark.req("MET-1")
def test_each_simulated_meter_can_be_read_over_tcp(loop_bus: Bus, in_loop: InLoop) -> None:
    maps = {unit: load_map(name) for unit, name in enumerate(map_names(), 1)}

    async def scenario() -> None:
        banks = {unit: Bank(meter_map=maps[unit], values=lambda: VALUES) for unit in maps}
        server = TcpServer(loop_bus, "127.0.0.1", 0, ("house_host", "house_port"), banks)
        at_end(server.stop)
        transport = closed_at_end(TcpTransport(loop_bus, "127.0.0.1", server.port))
        loop = asyncio.get_running_loop()
        for unit, meter_map in maps.items():
            if meter_map.chain is not None:
                found: asyncio.Future[Any] = loop.create_future()
                find_model(transport, meter_map, unit, found.set_result)
                meter_map = await found
            done: asyncio.Future[Any] = loop.create_future()
            transport.read_all(meter_map.function, unit, plan_blocks(meter_map), done.set_result)
            values = Codec(meter_map).decode(await done)
            assert values.power_w == pytest.approx(3450.0, abs=10.0), meter_map.title
            assert values.lines[1].current_a == pytest.approx(-5.0), meter_map.title

    in_loop(scenario())


@pytest.mark.req("MET-1")
def test_sunspec_is_refused_where_there_is_no_chain(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        banks = {1: Bank(meter_map=load_map("tq"), values=lambda: VALUES)}
        server = TcpServer(loop_bus, "127.0.0.1", 0, ("house_host", "house_port"), banks)
        at_end(server.stop)
        transport = closed_at_end(TcpTransport(loop_bus, "127.0.0.1", server.port))
        for unit, text in ((1, "the meter has none of the models"), (9, "failed to respond")):
            found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            find_model(transport, load_map("sunspec"), unit, found.set_result)
            result = await found
            assert isinstance(result, ReadError)
            assert text in result.text

    in_loop(scenario())


@pytest.mark.parametrize("name", map_names())
def test_each_refused_block_that_is_optional_is_left_out(name: str) -> None:
    meter_map = load_map(name)
    banks = {1: Bank(meter_map=meter_map, values=lambda: VALUES)}
    whole = BankTransport(banks)
    expected = read_values(whole, meter_map)
    assert isinstance(expected, Values)
    outcomes = {}
    for address in set(whole.reads):
        outcome = read_values(BankTransport(banks, refused=(address,)), meter_map)
        outcomes[address] = not isinstance(outcome, ReadError)
        if isinstance(outcome, Values):
            for line, wanted in zip(outcome.lines, expected.lines, strict=True):
                assert (line.power_w, line.current_a) == (wanted.power_w, wanted.current_a)
    if meter_map.chain is None:
        optional = {block.address: block.optional for block in plan_blocks(meter_map)}
        assert outcomes == optional
    else:
        assert sum(outcomes.values()) == 1  # the energies


def test_an_error_that_is_no_refusal_ends_the_poll() -> None:
    class Busy(BankTransport):
        def read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
            if address == 512:
                done(ReadError(text="server device busy (exception 6)"))
            else:
                super().read(function, address, count, unit, done)

    tq = load_map("tq")
    transport = Busy({1: Bank(meter_map=tq, values=lambda: VALUES)})
    assert read_values(transport, tq) == ReadError(text="server device busy (exception 6)")
