"""The connections of the Modbus interface: frames to requests, and replies to frames."""

import asyncio
import socket
from functools import partial

from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    WriteSingleRegisterResponse,
)

from bus import Bus
from nodes.modbus_map.connections import Connections
from nodes.modbus_map.frame import REQUESTS, ModbusFrame, pack, pack_exception
from nodes.smart_home.modbus_registers import READ, WRITE
from nodes.smart_home.modbus_server import ModbusHandler, ModbusReply, ModbusRequest

MOST_CONNECTIONS = 16
IDLE_S = 330.0  # assumed; a client that only keeps the longest failsafe writes each 300 s


def accept(bus: Bus, listening: socket.socket, handler: ModbusHandler) -> Connections:
    """Answer the clients of a port until the result is closed."""

    async def answer(frame: ModbusFrame, client: str) -> bytes | None:
        if not handler.admits(client):  # the settings have changed
            return None
        request, replied = _request(frame, client), asyncio.Future[ModbusReply]()

        def reply(answered: ModbusReply) -> None:
            if not replied.done():  # its connection has ended meanwhile
                replied.set_result(answered)

        # As a callback of the node: before those its subscriptions take what has arrived.
        bus.post(partial(handler.serve, request, reply))
        return _packed(frame, request, await replied)

    return Connections(
        bus, listening, answer, most=MOST_CONNECTIONS, idle_s=IDLE_S, admits=handler.admits
    )


def _request(frame: ModbusFrame, client: str) -> ModbusRequest:
    function = frame.body[0]
    address, value, is_whole = 0, 0, True
    if function in (READ, WRITE):
        decoded = frame.decode(REQUESTS)
        is_whole = decoded is not None
        if decoded is not None:
            address = decoded.address
            value = decoded.count if function == READ else decoded.registers[0]
    return ModbusRequest(
        client=client,
        unit=frame.unit,
        function=function,
        address=address,
        value=value,
        is_whole=is_whole,
    )


def _packed(frame: ModbusFrame, request: ModbusRequest, reply: ModbusReply) -> bytes:
    if reply.exception:
        return pack_exception(frame, reply.exception)
    if request.function == READ:
        return pack(
            ReadHoldingRegistersResponse(
                dev_id=frame.unit,
                transaction_id=frame.transaction,
                registers=list(reply.registers),
            )
        )
    return pack(
        WriteSingleRegisterResponse(
            dev_id=frame.unit,
            transaction_id=frame.transaction,
            address=request.address,
            registers=[request.value],
        )
    )
