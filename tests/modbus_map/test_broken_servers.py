"""Servers and gateways with every kind of error: what a read returns, and the next one."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from bus import Bus
from nodes.modbus_map import transport_tcp
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.transport import ReadError
from tests.modbus_map.peers import (
    PATIENCE_S,
    Handler,
    InLoop,
    close_with_reset,
    connect,
    listen,
    read,
    read_all,
    settle,
)

TQ = load_map("tq")
VOLTAGE_L1 = (3, 0x8270)  # 230 000 mV at 62
Expire = Callable[[], None]


def answer_with(*replies: bytes) -> Handler:
    """Answer each request with the next bytes, its transaction number in front if there is room."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            request = await reader.read(12)
            if not request:
                break
            writer.write(reply.replace(b"TT", request[:2]))
            await writer.drain()
        await reader.read()
        writer.close()

    return handle


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(12)
    writer.close()


async def stop_half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.read(12)
    writer.write(SOUND.replace(b"TT", request[:2])[:-1])
    writer.close()


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


OLD = b"\x7f\x7f\0\0\0\x07\x01\x03\x04\x00\x00\x00\x00"
SOUND = b"TT\0\0\0\x07\x01\x03\x04\x00\x03\x82\x70"
NO_FRAME = "what was received is no frame of Modbus TCP"
OTHER_ID = "the answer's transaction id differs from the request's"
LATE = f"within {PATIENCE_S:g} s"
NO_FIT = "the answer's length does not fit its content"


@pytest.mark.parametrize(
    ("handler", "complaint"),
    [
        (answer_with(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NO_FRAME),
        (answer_with(b"\xff" * 100), NO_FRAME),
        (answer_with(b"\xff" * 3000), NO_FRAME),
        (
            answer_with(b"TT\0\0\0\x05\x01\x03\x02\x82\x70"),
            "the answer has 1 registers instead of 2",
        ),
        (
            answer_with(b"TT\0\0\0\x09\x01\x03\x06\x00\x03\x82\x70\x00\x03"),
            "the answer has 3 registers instead of 2",
        ),
        (
            answer_with(b"TT\0\0\0\x07\x01\x04\x04\x00\x03\x82\x70"),
            "the answer is to function 4 instead of 3",
        ),
        (
            answer_with(b"TT\0\0\0\x03\x01\x84\x02"),  # an exception of it
            "the answer is to function 132 instead of 3",
        ),
        (answer_with(b"TT\0\x01\0\x07\x01\x03\x04\x00\x03\x82\x70"), NO_FRAME),  # protocol
        (answer_with(b"TT\0\0\0\x02\x01\x83"), NO_FIT),  # an exception without its number
        (
            answer_with(b"\x7f\x7f\0\0\0\x07\x01\x03\x04\x00\x03\x82\x70"),
            f"{OTHER_ID}; no other {LATE}",
        ),
        (
            answer_with(b"\0\0\0\0\0\x07\x01\x03\x04\x00\x03\x82\x70"),  # 0, as some gateways
            f"{OTHER_ID}; no other {LATE}",
        ),
        (
            answer_with(b"TT\0\0\0\x07\x09\x03\x04\x00\x03\x82\x70"),
            f"the answer is of unit 9 instead of 1; no other {LATE}",
        ),
        (answer_with(b"TT\0\0\0\x07\x01\x03\x04\x00"), f"only a part of an answer {LATE}"),
        (answer_with(b"TT\0"), f"only a part of an answer {LATE}"),
        (say_nothing, f"no answer {LATE}"),
        (answer_with(b"TT\0\0\0\xff\x01\x03" + b"\x04" * 253), NO_FRAME),  # longer than any
        (answer_with(b"TT\0\0\0\x05\x01\x83\x02\0\0"), NO_FIT),  # an exception and more
        (answer_with(b"TT\0\0\0\x07\x01\x03\x02\x00\x03\x82\x70"), NO_FIT),  # counts wrong
        (answer_with(SOUND[:-1] + SOUND), NO_FRAME),  # shifted: a byte short, then right
        (answer_with(SOUND + b"\x55\xaa\x55\xaa"), NO_FRAME),  # with what does not belong there
    ],
)
def test_a_broken_server_is_an_error_and_the_next_read_connects_again(
    loop_bus: Bus, in_loop: InLoop, expire: Expire, handler: Handler, complaint: str
) -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if connections > 1:
            await answer_with(SOUND, SOUND)(reader, writer)
            return
        answering = asyncio.create_task(handler(reader, writer))
        if LATE in complaint:
            await settle(50)  # the connection, the request, the answer
            expire()
        await answering

    async def scenario() -> None:
        transport = connect(loop_bus, await listen(handle))
        assert await read(transport) == ReadError(text=complaint)
        assert await read(transport) == VOLTAGE_L1
        assert await read(transport) == VOLTAGE_L1
        assert connections == 2

    in_loop(scenario())


async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(12)
    close_with_reset(writer)


async def renumber_and_hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(12)
    writer.write(SOUND.replace(b"TT", b"\0\0"))
    writer.close()


@pytest.mark.req("MET-3")
@pytest.mark.parametrize(
    ("handler", "complaint"),
    [
        (close_at_once, "closed the connection"),
        (hang_up, "closed the connection"),
        (reset, "closed the connection"),
        (stop_half_way, "closed the connection within an answer"),
        (renumber_and_hang_up, f"{OTHER_ID}; then closed the connection"),
    ],
)
@pytest.mark.parametrize("broken", [1, 2])
def test_a_read_whose_connection_is_closed_is_done_once_more(
    loop_bus: Bus, in_loop: InLoop, handler: Handler, complaint: str, broken: int
) -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        sound = answer_with(SOUND, SOUND)
        await (handler if connections <= broken else sound)(reader, writer)

    async def scenario() -> None:
        transport = connect(loop_bus, await listen(handle))
        once = VOLTAGE_L1 if broken == 1 else ReadError(text=complaint)
        assert await read(transport) == once
        assert connections == 2
        assert await read(transport) == VOLTAGE_L1
        assert connections == broken + 1

    in_loop(scenario())


@pytest.mark.req("MET-3")
@pytest.mark.parametrize("closes_after_s", [0.0, 0.05])
def test_a_server_that_closes_after_each_answer_is_read(
    loop_bus: Bus, in_loop: InLoop, closes_after_s: float
) -> None:
    connections = closed = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections, closed
        connections += 1
        request = await reader.read(12)
        count = int.from_bytes(request[10:12], "big")
        body = request[6:8] + bytes((2 * count,)) + request[8:10] * count
        writer.write(request[:4] + len(body).to_bytes(2, "big") + body)
        await asyncio.sleep(closes_after_s)
        writer.close()
        closed += 1

    async def scenario() -> None:
        transport = connect(loop_bus, await listen(handle))
        for _ in range(3):
            connections_before = connections
            registers = await read_all(transport, plan_blocks(TQ))
            assert isinstance(registers, dict)
            for block in plan_blocks(TQ):  # each register has the address of its own request
                places = range(block.address, block.address + block.count)
                assert {registers[place] for place in places} == {block.address}
            assert connections - connections_before <= len(plan_blocks(TQ))
        while closed < connections:
            await asyncio.sleep(0.01)

    in_loop(scenario())


@pytest.mark.parametrize(
    "replies",
    [
        (SOUND + SOUND, SOUND, SOUND),  # twice
        (SOUND, OLD + SOUND, SOUND),  # after an old one
        (SOUND, OLD + OLD + SOUND + SOUND, OLD + SOUND),
        (SOUND, SOUND.replace(b"\x07\x01", b"\x07\x09") + SOUND, SOUND),  # of another unit
    ],
)
def test_answers_to_other_requests_are_skipped(
    loop_bus: Bus, in_loop: InLoop, replies: tuple[bytes, ...]
) -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answer_with(*replies)(reader, writer)

    async def scenario() -> None:
        transport = connect(loop_bus, await listen(handle))
        assert [await read(transport) for _ in replies] == [VOLTAGE_L1] * len(replies)
        assert connections == 1

    in_loop(scenario())


def test_what_is_left_over_of_an_answer_costs_a_connection_and_no_value(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        is_answered = False
        while request := await reader.read(12):
            if is_answered:  # garbage between two answers, and not in the segment of the first
                writer.write(b"\x55\xaa\x55\xaa")
            writer.write(SOUND.replace(b"TT", request[:2]))
            is_answered = True
        writer.close()

    async def scenario() -> None:
        transport = connect(loop_bus, await listen(handle))
        for number in range(1, 4):
            assert await read(transport) == VOLTAGE_L1
            assert connections == number

    in_loop(scenario())


def test_a_late_answer_is_never_taken_for_that_to_a_later_request(
    loop_bus: Bus, in_loop: InLoop, expire: Expire
) -> None:
    """A gateway sends what it has to whoever is connected, with ids of its own choice."""
    requests: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(12):
            for earlier in requests:
                number = int.from_bytes(earlier[:2], "big")
                for other in (number, (number + 1) % 0x10000, 0, 1, 2):
                    writer.write(SOUND.replace(b"TT", other.to_bytes(2, "big")))
            requests.append(request)
            await settle()
            expire()
        writer.close()

    async def scenario() -> None:
        port = await listen(handle)
        for _ in range(2):  # as after a start of the node
            transport = connect(loop_bus, port)
            for _ in range(5):
                late = f"{OTHER_ID}; no other {LATE}" if requests else f"no answer {LATE}"
                assert await read(transport) == ReadError(text=late)

    in_loop(scenario())


def test_no_request_has_the_transaction_id_0(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_tcp, "_IDS", 4)
    monkeypatch.setattr(transport_tcp, "_ID_STEP", 1)
    numbers: list[int] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(12):
            numbers.append(int.from_bytes(request[:2], "big"))
            writer.write(SOUND.replace(b"TT", request[:2]))
        writer.close()

    async def scenario() -> None:
        transport = connect(loop_bus, await listen(handle))
        for _ in range(8):
            assert await read(transport) == VOLTAGE_L1
        assert set(numbers) == {1, 2, 3}

    in_loop(scenario())


def test_transaction_ids_come_again_only_after_all_others(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        numbers: list[int] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.read(12)
            numbers.append(int.from_bytes(request[:2], "big"))
            writer.write(SOUND.replace(b"TT", request[:2]))  # and a new connection for each
            writer.close()

        transport = connect(loop_bus, await listen(handle))
        for _ in range(20):
            assert await read(transport) == VOLTAGE_L1
        step = (numbers[1] - numbers[0]) % 0x10000
        assert step % 2 == 1
        steps = {(later - earlier) % 0x10000 for earlier, later in itertools.pairwise(numbers)}
        assert steps <= {step, 2 * step % 0x10000}  # without 0

    in_loop(scenario())


def test_an_answer_in_pieces_is_one_answer(loop_bus: Bus, in_loop: InLoop) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(12)
        for byte in SOUND.replace(b"TT", request[:2]):
            writer.write(bytes((byte,)))
            await writer.drain()
        await reader.read()
        writer.close()

    async def scenario() -> None:
        transport = connect(loop_bus, await listen(handle))
        assert await read(transport) == VOLTAGE_L1

    in_loop(scenario())
