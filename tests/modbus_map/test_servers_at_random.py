"""Servers that answer, close, split, repeat and delay at random: each poll ends, and says why.

The value of a register names the request to which it belongs, so that a value of any other request
is seen.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from random import Random

import pytest

from bus import Bus
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.transport import ReadError
from tests.modbus_map.peers import (
    PATIENCE_S,
    InLoop,
    close_with_reset,
    connect,
    listen,
    read,
    read_all,
    settle,
)

BLOCKS = (Block(0, 4), Block(40, 2), Block(60, 3))
LATE = f"within {PATIENCE_S:g} s"
OTHER_ID = "the answer's transaction id differs from the request's"

# What a server may send for an answer, or instead of one, and how the read is then described if no
# right answer comes before. All others but the first two are errors of the server.
SKIPPED = {"old": OTHER_ID, "renumbered": OTHER_ID, "zero": OTHER_ID, "unit": "is of unit"}
WRONG = {
    "function": "is to function",
    "short": "registers instead of",
    "long": "registers instead of",
    "damaged": "length does not fit",
    "exception": "refused to read",
    "garbage": "no frame",
    "overlong": "no frame",
    "protocol": "no frame",
}
ENDS = ("stay", "stay", "stay", "close", "reset")


class Request:
    """A request as it came in, and what may be sent for it."""

    def __init__(self, number: int, head: bytes) -> None:
        self.number = number
        self.head = head
        self.address = int.from_bytes(head[8:10], "big")
        self.count = int.from_bytes(head[10:12], "big")

    def frame(self, kind: str, random: Random) -> bytes:
        transaction, unit, function = self.head[:2], self.head[6], self.head[7]
        count = self.count
        match kind:
            case "renumbered":
                transaction = ((int.from_bytes(transaction, "big") + 1) % 0x10000).to_bytes(
                    2, "big"
                )
            case "zero":
                transaction = b"\0\0"
            case "unit":
                unit = 9
            case "function":
                function = 4
            case "short":
                count -= 1
            case "long":
                count += 1
            case "garbage":
                return bytes(random.randrange(1, 256) for _ in range(random.randrange(4, 40)))
            case "overlong":
                return transaction + b"\0\0\1\0" + bytes(256)
            case _:
                pass  # below
        words = [word_of(self.number, self.address + place) for place in range(count)]
        body = bytes((function, 2 * count)) + b"".join(word.to_bytes(2, "big") for word in words)
        if kind == "exception":
            body = bytes((function | 0x80, 6))
        if kind == "damaged":
            body = body[:-1]
        protocol = b"\0\1" if kind == "protocol" else b"\0\0"
        length = (len(body) + 1).to_bytes(2, "big")
        return transaction + protocol + length + bytes((unit,)) + body


def word_of(request: int, address: int) -> int:
    return (request * 97 + address * 7919) % 0xFFFF + 1


class Server:
    """A server whose faults are drawn at random while it is not sound."""

    def __init__(self, random: Random, expire: Callable[[], None]) -> None:
        self.random = random
        self.is_sound = True
        self.requests: list[Request] = []
        self.connections = 0
        self.poll = 0
        self.log: list[str] = []  # what it did in this poll
        self._expire = expire

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if not self.is_sound and self.random.random() < 0.1:
            self._end(writer, self.random.choice(["close", "reset"]))
            return
        while head := await self._request(reader):
            request, poll = Request(len(self.requests), head), self.poll
            self.requests.append(request)
            kinds, end = (["right"], "stay") if self.is_sound else self._draw()
            sent = b"".join(self._frame(request, kind) for kind in kinds)
            if "part" in kinds:
                sent = sent[: -self.random.randrange(1, 8)]
            self.log += kinds
            for piece in self._pieces(sent):
                writer.write(piece)
                await settle(self.random.choice([0, 0, 1, 5]), 0.0)
            if end != "stay":
                self._end(writer, end)
                return
            if "right" not in kinds:
                await settle(20, 0.0)
                if (self.poll, len(self.requests) - 1) == (poll, request.number):
                    self.log.append("late")
                    self._expire()
        writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readexactly(12)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    def _draw(self) -> tuple[list[str], str]:
        random = self.random
        kinds = [kind for kind in SKIPPED if random.random() < 0.2]
        kinds += random.choices(["right", "none", "part", *WRONG], [12, 2, 2, *[1] * len(WRONG)])
        random.shuffle(kinds)
        if "part" in kinds:  # nothing can follow it: what did would be its rest
            kinds = [*(kind for kind in kinds if kind != "part"), "part"]
        elif random.random() < 0.2:
            kinds.append("right")
        return kinds, random.choice(ENDS)

    def _frame(self, request: Request, kind: str) -> bytes:
        if kind == "none":
            return b""
        if kind == "old":
            request = self.random.choice(self.requests[-9:])
            return request.frame("right", self.random) if request is not self.requests[-1] else b""
        return request.frame(kind, self.random)

    def _pieces(self, sent: bytes) -> Iterator[bytes]:
        cuts = sorted(
            self.random.sample(range(len(sent)), min(len(sent), self.random.choice([0, 0, 1, 3])))
        )
        for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            yield sent[begin:end]

    def _end(self, writer: asyncio.StreamWriter, end: str) -> None:
        self.log.append(end)
        if end == "reset":
            close_with_reset(writer)
        else:
            writer.close()


def check(server: Server, before: int, result: Mapping[int, int] | ReadError) -> None:
    """Check the result of a poll; `before` is the number of requests before it."""
    log = set(server.log)
    if isinstance(result, ReadError):
        why = {
            "closed the connection": {"close", "reset"},
            "closed the connection within an answer": {"close", "reset"},
            f"no answer {LATE}": {"late"},
            f"only a part of an answer {LATE}": {"late"},
        }
        if result.text in why:
            assert why[result.text] & log
            return
        texts = {"right": OTHER_ID, **SKIPPED, **WRONG}  # a second one is skipped by the next read
        assert any(texts[kind] in result.text for kind in log & texts.keys()), result.text
        return
    for block in BLOCKS:
        found = [result[block.address + place] for place in range(block.count)]
        assert found in [
            [word_of(request.number, request.address + place) for place in range(request.count)]
            for request in server.requests[before:]
            if request.address == block.address
        ]


def run(bus: Bus, in_loop: InLoop, expire: Callable[[], None], seed: int, polls: int) -> None:
    async def scenario() -> None:
        server = Server(Random(seed), expire)
        transport = connect(bus, await listen(server.handle))
        read_well = 0
        for number in range(polls):
            for server.is_sound in (False, True):
                server.poll += 1
                requests, connections, server.log = len(server.requests), server.connections, []
                result = await read_all(transport, BLOCKS)
                story = f"seed {seed}, poll {number}: {server.log}: {result}"
                check(server, requests, result)
                assert server.connections - connections <= 2 * len(BLOCKS), story
                is_read = not isinstance(result, ReadError)
                assert is_read or not server.is_sound, story
                if not server.is_sound:
                    read_well += is_read
        assert polls // 20 < read_well < polls - polls // 20  # both are tried

    in_loop(scenario())


@pytest.mark.req("MET-3")
def test_each_poll_reads_the_right_registers_or_names_what_happened(
    loop_bus: Bus, in_loop: InLoop, expire: Callable[[], None]
) -> None:
    run(loop_bus, in_loop, expire, seed=1, polls=150)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(2, 22))
def test_each_poll_reads_the_right_registers_or_names_what_happened_longer(
    loop_bus: Bus, in_loop: InLoop, expire: Callable[[], None], seed: int
) -> None:
    run(loop_bus, in_loop, expire, seed, polls=500)


@pytest.mark.parametrize("end", ["stay", "close", "reset", "rest"])
def test_an_answer_that_ends_at_any_byte_is_named_and_one_that_goes_on_is_read(
    loop_bus: Bus, in_loop: InLoop, expire: Callable[[], None], end: str
) -> None:
    async def scenario() -> None:
        at = 0
        requests: list[Request] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await reader.read(12):
                requests.append(Request(len(requests), head))
                answer = requests[-1].frame("right", Random())
                writer.write(answer[:at])
                await settle(20, 0.0)
                if end == "rest":
                    writer.write(answer[at:])
                elif end == "stay":
                    expire()
                elif end == "close":
                    writer.close()
                    return
                else:
                    close_with_reset(writer)
                    return
            writer.close()

        transport = connect(loop_bus, await listen(handle))
        for at in range(15):
            result = await read(transport, 60, 3)
            if end == "rest":
                assert result == tuple(word_of(len(requests) - 1, 60 + place) for place in range(3))
            elif end == "stay":
                what = "only a part of an answer" if at else "no answer"
                assert result == ReadError(text=f"{what} {LATE}")
            else:
                part = " within an answer" if at else ""
                assert result == ReadError(text=f"closed the connection{part}")
        assert len(requests) == (30 if end in ("close", "reset") else 15)

    in_loop(scenario())
