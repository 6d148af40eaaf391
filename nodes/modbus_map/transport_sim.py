"""Reads carried as bus requests to the simulated world: the driver without sockets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from msgspec import Struct

from bus import Answer, Bus, Status
from msgs.methods import MODBUS_READ
from msgs.plant import ModbusRead, Registers
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.exceptions import REFUSED_KEY
from nodes.modbus_map.subnet import LOOPBACK
from nodes.modbus_map.transport import (
    AllDone,
    Done,
    Located,
    Modbus,
    ReadError,
    Transport,
)

_NONSENSE = ReadError(text="the answer does not match the request")


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimModbus(Modbus):
    """See `transport.Modbus`. There are no connections to close."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def connect(self, host: str, port: int) -> Transport:
        """See `transport.Modbus.connect`."""
        return SimTransport(self._bus, host, port)

    def locate(self, hosts: Sequence[str], done: Callable[[Located], None]) -> None:
        """See `transport.Modbus.locate`. The meters are on this machine; there are no names."""
        located = Located(addresses={host: (host,) for host in hosts}, networks=LOOPBACK)
        self._bus.at(self._bus.clock.now_s(), partial(done, located))


class SimTransport:
    """See `transport.Transport`. plant answers as the server at this host and port would."""

    def __init__(self, bus: Bus, host: str, port: int) -> None:
        self._bus = bus
        self._host = host
        self._port = port

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        """See `transport.BlockReader.read_all`. All blocks in one request, which costs less time.

        If the meter refuses it, the required ones are read again, without all the optional ones.
        """
        addresses = [
            address
            for block in blocks
            for address in range(block.address, block.address + block.count)
        ]
        read = ModbusRead(
            host=self._host,
            port=self._port,
            unit=unit,
            function=function,
            blocks=tuple((block.address, block.count) for block in blocks),
        )

        def answered(answer: Answer[Registers]) -> None:
            match answer.status:
                case Status.OK:
                    registers = answer.result or ()
                    is_all = len(registers) == len(addresses)
                    done(dict(zip(addresses, registers, strict=True)) if is_all else _NONSENSE)
                case Status.REFUSED if REFUSED_KEY in answer.problems:
                    required = [block for block in blocks if not block.optional]
                    if len(required) < len(blocks):
                        self.read_all(function, unit, required, done)
                    else:
                        done(ReadError(text=answer.reason, is_refused=True))
                case Status.TIMEOUT:
                    done(ReadError(text=f"no answer within {MODBUS_READ.timeout_s:g} s"))
                case _:
                    done(ReadError(text=answer.reason))

        self._bus.request(MODBUS_READ, read, answered)

    def try_block(self, function: int, unit: int, block: Block, done: Done) -> None:
        """See `transport.Transport.try_block`."""

        def took(result: Mapping[int, int] | ReadError) -> None:
            done(result if isinstance(result, ReadError) else tuple(result.values()))

        self.read_all(function, unit, [replace(block, optional=False)], took)

    def close(self) -> None:
        """See `transport.Transport.close`. There is no connection."""


def open(bus: Bus, parameters: Parameters) -> Modbus:
    """Return the driver for the meters of the simulated world."""
    return SimModbus(bus)
