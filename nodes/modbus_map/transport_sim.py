"""Reads carried as bus requests to the simulated world, where no socket may be opened."""

from typing import Any

import msgspec

from bus import Answer, Bus, Status
from msgs.plant import ModbusRead
from nodes.modbus_map.meter_map import Register
from nodes.modbus_map.transport import NONSENSE, Done, ReadError, Result

TIMEOUT_S = 1.0  # as over TCP


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

        def answered(answer: Answer) -> None:
            match answer.status:
                case Status.OK:
                    done(_registers(answer.result, count))
                case Status.TIMEOUT:
                    done(ReadError(text=f"no answer within {TIMEOUT_S:g} s"))
                case _:
                    done(ReadError(text=answer.reason))

        self._bus.request("plant", "modbus_read", read, answered, timeout_s=TIMEOUT_S)

    def close(self) -> None:
        """See `transport.Transport.close`. There is no connection."""


def _registers(result: Any, count: int) -> Result:
    try:
        registers = msgspec.convert(result, tuple[Register, ...])
    except msgspec.ValidationError:
        registers = ()
    if len(registers) != count:
        return ReadError(text=NONSENSE)
    return registers
