"""Reads carried as bus requests to the simulated world, where no socket may be opened."""

from msgspec import Struct

from bus import Answer, Bus, Status
from msgs.methods import MODBUS_READ
from msgs.plant import ModbusRead, Registers
from nodes.modbus_map.transport import NONSENSE, Done, Modbus, ReadError, Transport


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimModbus(Modbus):
    """See `transport.Modbus`. There are no connections to close."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def connect(self, host: str, port: int) -> Transport:
        """See `transport.Modbus.connect`."""
        return SimTransport(self._bus, host, port)


class SimTransport:
    """See `transport.Transport`. The world answers as the server at this host and port would."""

    def __init__(self, bus: Bus, host: str, port: int) -> None:
        self._bus = bus
        self._host = host
        self._port = port

    def read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
        """See `transport.Transport.read`."""
        read = ModbusRead(
            host=self._host,
            port=self._port,
            unit=unit,
            function=function,
            address=address,
            count=count,
        )

        def answered(answer: Answer[Registers]) -> None:
            match answer.status:
                case Status.OK:
                    registers = answer.result or ()
                    done(registers if len(registers) == count else ReadError(text=NONSENSE))
                case Status.TIMEOUT:
                    done(ReadError(text=f"no answer within {MODBUS_READ.timeout_s:g} s"))
                case _:
                    done(ReadError(text=answer.reason))

        self._bus.request(MODBUS_READ, read, answered)

    def close(self) -> None:
        """See `transport.Transport.close`. There is no connection."""


def open(bus: Bus, parameters: Parameters) -> Modbus:
    """Return the ways to the meters of the simulated world."""
    return SimModbus(bus)
