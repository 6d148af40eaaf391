"""Serial lines with noise, and meters that answer late, in part or not at all, at random.

The value of a register names the request to which it belongs, so that a value of any other request
is seen. A meter answers in the order of its requests, as late as it likes.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from bus import Bus
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.reads import Read
from nodes.modbus_map.rtu import RtuAnswer, RtuError, find_answer, pack_request
from nodes.modbus_map.serial_line_rtu import SerialTransport
from nodes.modbus_map.transport import ReadError
from tests.modbus_map.peers import InLoop, settle
from tests.modbus_map.serial_peers import (
    Master,
    answer_of,
    connect,
    exception_of,
    plug,
    requests_in,
)

BLOCKS = (Block(0, 2), Block(40, 2), Block(60, 3), Block(0x0404, 2))
FUNCTION = 4
FAULTS = (
    "none", "late", "late", "part", "damaged", "unit", "function", "short", "long", "exception",
    "noise", "master", "unplugged",
)  # fmt: skip


def words(number: int, request: Read) -> list[int]:
    first = (number * 97 + request.address * 7919 + request.function) % 0xFFFF
    return [(first + place * 31) % 0xFFFF for place in range(request.count)]


class Meter:
    """A meter behind a wire, whose faults are drawn at random while it is not sound."""

    def __init__(self, random: Random, link: Path, expire: Callable[[], None]) -> None:
        self.random = random
        self.is_sound = True
        self.poll = 0
        self.requests: list[Read] = []
        self.log: list[str] = []
        self._link = link
        self._expire = expire
        self._late: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = bytearray()
        self.master: Master | None = None
        self.plug()

    def plug(self) -> None:
        """Plug the adapter in, under another number."""
        other = plug()
        if self.master is not None:
            self._link.unlink()
            self.master.close()
        self.master = other
        self._link.symlink_to(other.path)
        self._heard.clear()
        other.on_bytes(self._take)

    def _take(self, chunk: bytes) -> None:
        self._heard += chunk
        for request in requests_in(self._heard):
            self.requests.append(request)
            task = asyncio.ensure_future(self._answer(len(self.requests) - 1, request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, request: Read) -> None:
        random, master, poll = self.random, self.master, self.poll
        assert master is not None
        fault = random.choice(FAULTS) if not self.is_sound and random.random() < 0.25 else "right"
        late, self._late = self._late, []
        own = random.choice([b"", pack_request(request)])  # of an adapter that receives it
        if late and not self.is_sound and random.random() < 0.3:
            self._late, fault = late, "late"  # all of them: a meter answers in order
        else:
            own += b"".join(late)
        self.log.append(fault)
        right = answer_of(request, words(number, request))
        if fault == "late":
            self._late.append(right)
        elif fault == "unplugged":
            self.plug()
        frame = self._spoilt(fault, request, right)
        if not self.is_sound and random.random() < 0.2:
            frame = self._noise() + frame
        if not self.is_sound and random.random() < 0.2:
            frame += self._noise()
        await self._send(master, own + frame)
        if fault not in ("right", "noise", "unplugged"):
            await settle(5)
            if (self.poll, len(self.requests) - 1) == (poll, number):
                self._expire()
                if self._late and random.random() < 0.5:  # between two requests
                    master.send(b"".join(self._late))
                    self._late = []

    def _spoilt(self, fault: str, request: Read, right: bytes) -> bytes:
        random = self.random
        match fault:
            case "part":
                return right[: random.randrange(1, len(right))]
            case "damaged":
                at = random.randrange(len(right))
                return right[:at] + bytes((right[at] ^ 1 << random.randrange(8),)) + right[at + 1 :]
            case "unit":
                return answer_of(Read(request.function, 0, request.count, 9), [9] * request.count)
            case "function":
                other = Read(7 - request.function, 0, request.count, request.unit)
                return answer_of(other, [9] * request.count)
            case "short":
                return answer_of(request, [9] * (request.count - 1))
            case "long":
                return answer_of(request, [9] * (request.count + 1))
            case "exception":
                return exception_of(request, 6)
            case "noise":
                return self._noise() + right
            case "master":
                return pack_request(Read(FUNCTION, 9, 2, 1)) + answer_of(request, [9] * 2)
            case "right":
                return right
            case _:
                return b""

    def _noise(self) -> bytes:
        return bytes(self.random.randrange(256) for _ in range(self.random.randrange(12)))

    async def _send(self, master: Master, sent: bytes) -> None:
        while sent:
            at = (
                self.random.randrange(1, len(sent) + 1) if self.random.random() < 0.3 else len(sent)
            )
            master.send(sent[:at])
            sent = sent[at:]
            await asyncio.sleep(self.random.choice([0.0, 0.001]))


async def poll(transport: SerialTransport) -> Mapping[int, int] | ReadError:
    done: asyncio.Future[Mapping[int, int] | ReadError] = asyncio.get_running_loop().create_future()
    transport.read_all(FUNCTION, 1, BLOCKS, done.set_result)
    return await done


def check(meter: Meter, before: int, result: Mapping[int, int]) -> None:
    """Check that each block has the words of the newest request for it, within this poll."""
    for block in BLOCKS:
        number, request = next(
            (number, request)
            for number, request in reversed(list(enumerate(meter.requests)))
            if (request.function, request.address) == (FUNCTION, block.address)
        )
        assert number >= before
        assert [result[block.address + at] for at in range(block.count)] == words(number, request)


def run(
    bus: Bus, in_loop: InLoop, expire: Callable[[], None], path: Path, seed: int, polls: int
) -> None:
    async def scenario() -> None:
        meter = Meter(Random(seed), path / "link", expire)
        transport = connect(bus, path / "link", 115200)
        read_well, spoiled, story = 0, 0, ""
        for number in range(polls):
            for meter.is_sound in (False, True):
                meter.poll += 1
                before, meter.log = len(meter.requests), []
                was_unplugged = meter.is_sound and "'unplugged'" in story
                result = await poll(transport)
                story = f"seed {seed}, poll {number}: {meter.log}: {result}"
                if meter.is_sound and isinstance(result, ReadError):
                    # It has met the device that was lost, or what a slow line still had of before.
                    spoiled += not was_unplugged
                    result = await poll(transport)
                if isinstance(result, ReadError):
                    assert not meter.is_sound, story
                    assert result.text
                else:
                    check(meter, before, result)
                    read_well += not meter.is_sound
        assert polls // 20 < read_well < polls - polls // 20  # both are tried
        assert spoiled <= polls // 100, spoiled

    in_loop(scenario())


@pytest.mark.req("MET-3")
def test_each_poll_reads_the_right_registers_or_none(
    loop_bus: Bus, in_loop: InLoop, expire: Callable[[], None], tmp_path: Path
) -> None:
    run(loop_bus, in_loop, expire, tmp_path, seed=1, polls=60)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(2, 14))
def test_each_poll_reads_the_right_registers_or_none_longer(
    loop_bus: Bus, in_loop: InLoop, expire: Callable[[], None], tmp_path: Path, seed: int
) -> None:
    run(loop_bus, in_loop, expire, tmp_path, seed, polls=400)


def test_an_answer_is_found_at_any_place_of_noise_and_in_no_part_of_it() -> None:
    random = Random(1)
    for _ in range(2000):
        request = Read(random.choice((3, 4)), random.randrange(0x10000), random.randrange(1, 9), 1)
        registers = tuple(random.randrange(0x10000) for _ in range(request.count))
        right = answer_of(request, list(registers))
        before = bytes(random.randrange(256) for _ in range(random.randrange(20)))
        behind = bytes(random.randrange(256) for _ in range(random.randrange(20)))
        own = random.choice((b"", pack_request(request)))
        assert find_answer(own + before + right + behind, request) == RtuAnswer(registers=registers)
        cut = random.randrange(len(right))
        assert find_answer(own + before + right[:cut], request) is None
        failed = exception_of(request, 2)
        assert find_answer(own + before + failed + behind, request) == RtuAnswer(exception=2)


def test_an_answer_behind_the_request_of_another_master_is_refused() -> None:
    request, other = Read(4, 0, 2, 1), Read(4, 2, 2, 1)
    for noise in (b"", b"\0", b"\xff\0\xff"):
        received = noise + pack_request(other) + answer_of(request, [1, 2])
        with pytest.raises(RtuError, match="another device asks"):
            find_answer(received, request)
        own = noise + pack_request(request) + answer_of(request, [1, 2])
        assert find_answer(own, request) == RtuAnswer(registers=(1, 2))
