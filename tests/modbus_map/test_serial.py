"""Reading over a serial line: real pseudo-terminals, meters, and lines with every kind of error."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bus import Bus
from msgs.meter_address import Framing
from nodes.modbus_map import adapter, serial_line_rtu
from nodes.modbus_map.bank import Bank
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import Codec
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.reads import Read
from nodes.modbus_map.rtu import MOST_BYTES, pack_request
from nodes.modbus_map.transport import ReadError
from tests.modbus_map.every_map import a_line, values_of
from tests.modbus_map.peers import PATIENCE_S, InLoop, settle
from tests.modbus_map.serial_peers import (
    RtuServer,
    answer_of,
    bank_reply,
    connect,
    exception_of,
    framed,
    is_error,
    plug,
    read,
)

ONE = a_line(2300.0, imported_wh=1000.0, exported_wh=200.0)
VALUES = values_of((ONE, a_line(-1150.0, imported_wh=2000.0, exported_wh=300.0), ONE))
WORDS = (0x1234, 0x5678)


def words_of(request: Read) -> list[int]:
    return [0x1234, 0x5678] if request.count == 2 else [7] * request.count


def sound(request: Read) -> bytes:
    return answer_of(request, words_of(request))


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("framing", [Framing.N8_1, Framing.E8_1])
@pytest.mark.parametrize("name", ["sdm630", "em24", "gossen_em228x", "tq"])
def test_all_values_of_a_meter_come_over_a_serial_line(
    loop_bus: Bus, in_loop: InLoop, name: str, framing: Framing
) -> None:
    async def scenario() -> None:
        meter_map = load_map(name)
        master = plug()
        RtuServer(master, bank_reply({7: Bank(meter_map=meter_map, values=lambda: VALUES)}))
        transport = connect(loop_bus, master.path, 9600, framing)
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        transport.read_all(meter_map.function, 7, plan_blocks(meter_map), done.set_result)
        registers = await done
        assert not isinstance(registers, ReadError), registers
        values = Codec(meter_map).decode(registers)
        assert values.power_w == pytest.approx(3450.0, abs=10.0)
        assert [line.current_a for line in values.lines] == pytest.approx([10.0, -5.0, 10.0])

    in_loop(scenario())


def test_a_refused_read_is_named_and_the_line_goes_on(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        master = plug()
        RtuServer(
            master,
            lambda request: exception_of(request, 2) if request.address == 99 else sound(request),
        )
        transport = connect(loop_bus, master.path)
        assert await read(transport, 99) == ReadError(
            text="refused to read 2 registers from 99: illegal data address (exception 2)",
            is_refused=True,
        )
        assert await read(transport) == WORDS

    in_loop(scenario())


def test_an_adapter_that_receives_what_it_sends_is_read(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        master = plug()
        RtuServer(master, lambda request: pack_request(request) + sound(request))
        transport = connect(loop_bus, master.path)
        for address in (0, 0x0400, 0x0404):  # an address that looks like the length of an answer
            assert await read(transport, address) == WORDS

    in_loop(scenario())


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda request: b"", "no answer within"),
        (lambda request: pack_request(request), "only the request itself came back; no answer"),
        (
            lambda request: answer_of(Read(request.function, 0, 2, 9), [1, 2]),
            "the answer is of unit 9 instead of 1; no answer within",
        ),
        (
            lambda request: answer_of(Read(3, 0, 2, 1), [1, 2]),
            "the answer is to function 3 instead of 4; no answer within",
        ),
        (
            lambda request: answer_of(request, [1]),
            "the answer has 1 registers instead of 2; no answer within",
        ),
        (
            lambda request: answer_of(request, [1, 2, 3]),
            "the answer has 3 registers instead of 2; no answer within",
        ),
        (lambda request: sound(request)[:-1], "only a part of an answer, or a damaged one"),
        (lambda request: sound(request)[:-1] + b"!", "only a part of an answer, or a damaged one"),
        (lambda request: b"\0\xff\xfe\x80", "no frame of Modbus RTU: noise, or another baud rate"),
        (lambda request: exception_of(Read(3, 0, 2, 1), 2), "is to function 3 instead of 4"),
        (
            lambda request: pack_request(Read(4, 9, 2, 1)) + sound(request),
            "another device asks on this serial line; expected the wallbox alone",
        ),
        (lambda request: bytes(MOST_BYTES + 1), f"more than {MOST_BYTES} bytes without an answer"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_named_and_never_read(
    loop_bus: Bus,
    in_loop: InLoop,
    expire: Callable[[], None],
    spoil: Any,
    complaint: str,
) -> None:
    async def scenario() -> None:
        master = plug()
        is_sound = True
        expiring: list[asyncio.Task[None]] = []

        async def expire_soon() -> None:
            await settle(50, 0.002)
            expire()

        def reply(request: Read) -> bytes:
            if is_sound:
                return sound(request)
            expiring.append(asyncio.ensure_future(expire_soon()))
            return bytes(spoil(request))

        server = RtuServer(master, reply)
        transport = connect(loop_bus, master.path)
        assert await read(transport) == WORDS  # it owes no answer from here on
        is_sound = False
        result = await read(transport)
        assert is_error(result, complaint), result
        await asyncio.gather(*expiring)
        is_sound = True
        assert await read(transport) == WORDS
        assert [request.function for request in server.requests[-2:]] == [3, 4]

    in_loop(scenario())


@pytest.mark.parametrize("pieces", [1, 2, 9])
def test_noise_before_and_behind_an_answer_costs_nothing(
    loop_bus: Bus, in_loop: InLoop, pieces: int
) -> None:
    async def scenario() -> None:
        master = plug()

        def noisy(request: Read) -> bytes:
            frame = sound(request)
            return b"\xff\0" + frame[:2] + frame + b"\x01\x04"

        async def in_pieces(frame: bytes) -> None:
            step = -(-len(frame) // pieces)
            for at in range(0, len(frame), step):
                master.send(frame[at : at + step])
                await asyncio.sleep(0.002)

        def reply(request: Read) -> bytes:
            sending.append(asyncio.ensure_future(in_pieces(noisy(request))))
            return b""

        sending: list[asyncio.Future[None]] = []
        RtuServer(master, reply)
        transport = connect(loop_bus, master.path)
        for _ in range(5):
            assert await read(transport) == WORDS
        await asyncio.gather(*sending)

    in_loop(scenario())


def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_request(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        master = plug()
        late: list[bytes] = []
        is_slow = False

        def reply(request: Read) -> bytes:
            frame = answer_of(request, [request.address, request.function])
            if is_slow:
                late.append(frame)
                return b""
            before, late[:] = b"".join(late), []
            return before + frame  # what is late comes first, when it comes

        RtuServer(master, reply)
        transport = connect(loop_bus, master.path)
        assert await read(transport, 10) == (10, 4)
        for address in (20, 30):
            is_slow = True
            monkeypatch.setattr(serial_line_rtu, "TIMEOUT_S", 0.1)
            assert is_error(await read(transport, address), "no answer within")
            is_slow = False
            monkeypatch.setattr(serial_line_rtu, "TIMEOUT_S", PATIENCE_S)
            assert await read(transport, address + 1) == (address + 1, 4)

    in_loop(scenario())


@pytest.mark.req("MET-3")
def test_an_answer_to_the_process_before_is_not_taken(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        master = plug()
        late: list[bytes] = []

        def reply(request: Read) -> bytes:
            frame = answer_of(request, [request.address, request.function])
            if request.address == 20:
                late.append(frame)
                return b""
            before, late[:] = b"".join(late), []
            return before + frame

        RtuServer(master, reply)
        for _ in range(2):
            before = connect(loop_bus, master.path)
            assert await read(before, 10) == (10, 4)
            reading = asyncio.ensure_future(read(before, 20))
            while not late:
                await asyncio.sleep(0.001)
            before.close()
            reading.cancel()
            after = connect(loop_bus, master.path)
            assert await read(after, 30) == (30, 4)
            after.close()

    in_loop(scenario())


def test_a_unit_that_does_not_answer_the_other_function_is_read_when_no_answer_can_come(
    loop_bus: Bus,
    in_loop: InLoop,
    monkeypatch: pytest.MonkeyPatch,
    expire: Callable[[], None],
) -> None:
    async def scenario() -> None:
        master = plug()

        def reply(request: Read) -> bytes:
            if request.function == 4:
                return sound(request)
            expire()
            return b""

        server = RtuServer(master, reply)
        transport = connect(loop_bus, master.path)
        for _ in range(3):
            assert is_error(await read(transport), "no answer within")
        assert [request.function for request in server.requests] == [3, 3, 3]
        monkeypatch.setattr(serial_line_rtu, "LATEST_S", 0.0)
        for _ in range(3):
            assert await read(transport) == WORDS
        assert [request.function for request in server.requests[3:]] == [4, 4, 4]

    in_loop(scenario())


def test_a_line_that_is_never_silent_is_named(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_line_rtu, "BABBLE_S", 0.1)

    async def scenario() -> None:
        master = plug()
        RtuServer(master, sound)
        transport = connect(loop_bus, master.path, 1200)
        assert await read(transport) == WORDS
        is_noisy = True
        monkeypatch.setattr(serial_line_rtu, "_SILENT_CHARACTERS", 200)  # 1.8 s

        async def babble() -> None:
            while is_noisy:
                master.send(b"\x55")
                await asyncio.sleep(0.003)

        noise = asyncio.ensure_future(babble())
        await asyncio.sleep(0.02)
        assert await read(transport) == ReadError(text="the serial line is not silent for 0.1 s")
        is_noisy = False
        await noise
        monkeypatch.setattr(serial_line_rtu, "_SILENT_CHARACTERS", 3.5)
        monkeypatch.setattr(serial_line_rtu, "BABBLE_S", PATIENCE_S)
        assert await read(transport) == WORDS

    in_loop(scenario())


@pytest.mark.req("MET-3")
def test_an_adapter_that_comes_back_under_another_name_is_found_by_its_link(
    loop_bus: Bus, in_loop: InLoop, tmp_path: Path
) -> None:
    async def scenario() -> None:
        link = tmp_path / "usb-meter"
        master = plug()
        link.symlink_to(master.path)
        RtuServer(master, sound)
        transport = connect(loop_bus, link)
        for _ in range(3):
            assert await read(transport) == WORDS
            old = master.path
            next_one = plug()  # before the other is closed, so that it has another number
            link.unlink()
            master.close()
            await read(transport)  # may still meet the device that has just been lost
            assert is_error(await read(transport), f"there is no {link}")
            master = next_one
            link.symlink_to(master.path)
            assert master.path != old
            RtuServer(master, sound)
        assert await read(transport) == WORDS

    in_loop(scenario())


def test_an_adapter_that_is_unplugged_within_an_answer_is_named(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        master = plug()

        def reply(request: Read) -> bytes:
            asyncio.get_running_loop().call_soon(master.close)
            return sound(request)[:4]

        RtuServer(master, reply)
        transport = connect(loop_bus, master.path)
        assert await read(transport) == ReadError(text="the serial adapter is gone")
        assert is_error(await read(transport), f"there is no {master.path}")

    in_loop(scenario())


# --- what cannot be opened ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "complaint"),
    [
        ("/dev/ttyUSB99", "there is no /dev/ttyUSB99; no serial adapter is connected"),
        ("/dev/null", "/dev/null is no serial line; no serial adapter is connected"),
        ("/dev/tty", "/dev/tty is no serial line"),
        ("/dev", "/dev is no serial line"),
    ],
)
def test_a_device_that_is_no_serial_line_is_named(
    loop_bus: Bus,
    in_loop: InLoop,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    device: str,
    complaint: str,
) -> None:
    monkeypatch.setattr(adapter, "BY_ID", tmp_path / "serial" / "by-id")

    async def scenario() -> None:
        result = await read(connect(loop_bus, device))
        assert is_error(result, complaint), result

    in_loop(scenario())


def test_the_serial_lines_that_there_are_are_named(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    by_id = tmp_path / "serial" / "by-id"
    by_id.mkdir(parents=True)
    monkeypatch.setattr(adapter, "BY_ID", by_id)

    async def scenario() -> None:
        missing = connect(loop_bus, "/dev/ttyUSB99")
        (tmp_path / "ttyACM0").touch()
        assert is_error(await read(missing), f"expected one as {tmp_path}/ttyACM0")
        (by_id / "usb-meter").touch()
        result = await read(missing)
        assert is_error(result, f"there is no /dev/ttyUSB99; expected one as {by_id}/usb-meter")

    in_loop(scenario())


def test_a_line_that_another_program_uses_is_named_and_read_when_it_is_free(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        master = plug()
        RtuServer(master, sound)
        first, second = connect(loop_bus, master.path), connect(loop_bus, master.path)
        assert await read(first) == WORDS
        busy = ReadError(text=f"{master.path} is in use by another program")
        assert await read(second) == busy
        first.close()
        assert await read(second) == WORDS
        assert await read(first) == busy

    in_loop(scenario())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give anything away")
def test_a_device_of_another_user_is_named(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        master = plug()
        os.chmod(master.path, 0)
        transport = connect(loop_bus, master.path)
        os.seteuid(65534)
        try:
            result = await read(transport)
        finally:
            os.seteuid(0)
        assert is_error(result, f"no permission to use {master.path}; expected"), result

    in_loop(scenario())


def test_a_device_with_a_number_is_advised_to_be_named_by_its_link_once(
    loop_bus: Bus,
    in_loop: InLoop,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    by_id = tmp_path / "serial" / "by-id"
    by_id.mkdir(parents=True)
    monkeypatch.setattr(adapter, "BY_ID", by_id)

    async def scenario() -> None:
        master = plug()
        (by_id / "usb-other").symlink_to("/dev/null")
        (by_id / "usb-meter").symlink_to(master.path)
        RtuServer(master, sound)
        for _ in range(2):
            transport = connect(loop_bus, master.path)
            assert await read(transport) == WORDS
            transport.close()
            assert await read(transport) == WORDS
            transport.close()
        named = connect(loop_bus, by_id / "usb-meter")
        assert await read(named) == WORDS

    in_loop(scenario())
    advice = f"{by_id}/usb-meter names the same device in any order"
    assert capfd.readouterr().err.count(advice) == 2  # once for each transport


def test_closing_while_the_line_is_opened_leaves_it_free(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        master = plug()
        RtuServer(master, sound)
        for _ in range(20):
            transport = connect(loop_bus, master.path)
            reading = asyncio.ensure_future(read(transport))
            await asyncio.sleep(0)
            transport.close()
            reading.cancel()
        last = connect(loop_bus, master.path)
        while is_error(result := await read(last), "in use"):  # until its thread is done
            await asyncio.sleep(0.01)
        assert result == WORDS

    in_loop(scenario())


def test_a_frame_of_the_line_is_the_one_of_the_standard() -> None:
    # Modbus over Serial Line V1.02 gives no whole frame; this one is of Eastron's protocol of the
    # SDM630, 1.3.1: voltage of phase 1 of unit 1.
    assert pack_request(Read(4, 0, 2, 1)).hex(" ") == "01 04 00 00 00 02 71 cb"
    assert framed(bytes.fromhex("01 04 04 43 66 33 34")).hex(" ") == "01 04 04 43 66 33 34 1b 38"


@pytest.mark.req("MET-3")
def test_a_late_answer_to_the_other_function_is_not_read_by_a_map_that_uses_it(
    loop_bus: Bus,
    in_loop: InLoop,
    monkeypatch: pytest.MonkeyPatch,
    expire: Callable[[], None],
) -> None:
    """A connection test with another map reads the same unit with the other function."""

    async def scenario() -> None:
        master = plug()
        late: list[bytes] = []
        is_slow = False

        def reply(request: Read) -> bytes:
            frame = answer_of(request, [request.address, request.function])
            if is_slow:
                late.append(frame)
                expire()
                return b""
            before, late[:] = b"".join(late), []
            return before + frame

        server = RtuServer(master, reply)
        transport = connect(loop_bus, master.path)
        assert await read(transport, 10) == (10, 4)
        is_slow = True
        assert is_error(await read(transport, 20), "no answer within")
        since_s = loop_bus.clock.now_s()
        late.clear()  # that answer is lost
        await asyncio.sleep(1.0)
        assert is_error(await read(transport, 30, function=3), "no answer within")
        assert server.requests[-1].function == 4  # the registers that the test asks for
        is_slow = False
        monkeypatch.setattr(serial_line_rtu, "LATEST_S", loop_bus.clock.now_s() - since_s)
        assert await read(transport, 40) == (40, 4)

    in_loop(scenario())


@pytest.mark.parametrize("baud", [9601, 14400])
def test_a_speed_that_no_line_has_is_named(loop_bus: Bus, in_loop: InLoop, baud: int) -> None:
    """A launch file may set it: a contradiction there is logged, and stays."""

    async def scenario() -> None:
        master = plug()
        before = len(os.listdir("/proc/self/fd"))
        result = await read(connect(loop_bus, master.path, baud=baud))
        assert is_error(result, "expected a speed of 1200, 2400, "), result
        assert f"got {baud}" in str(result)
        assert len(os.listdir("/proc/self/fd")) == before

    in_loop(scenario())


@pytest.mark.parametrize(
    ("major", "minor", "kind"),
    [
        (4, 64, "serial"),
        (4, 95, "serial"),
        (204, 64, "serial"),
        (136, 7, "pty:slave"),
        (4, 1, ""),
        (4, 63, ""),
        (4, 96, ""),
        (5, 1, ""),
    ],
)
def test_a_screen_of_the_box_is_no_serial_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, major: int, minor: int, kind: str
) -> None:
    """The screens /dev/tty1 to /dev/tty63 have the major number of /dev/ttyS0."""
    drivers = tmp_path / "drivers"
    drivers.write_text(
        "/dev/console         /dev/console    5       1 system:console\n"
        "serial               /dev/ttyS       4 64-95 serial\n"
        "ttyAMA               /dev/ttyAMA   204 64 serial\n"
        "pty_slave            /dev/pts      136 0-1048575 pty:slave\n"
        "unknown              /dev/tty        4 1-63 console\n"
    )
    monkeypatch.setattr(adapter, "_DRIVERS", drivers)
    found = os.stat_result((stat.S_IFCHR, *[0] * 9), {"st_rdev": os.makedev(major, minor)})
    if kind:
        assert adapter._kind_of(found) == kind
    else:
        with pytest.raises(OSError, match="no serial line"):
            adapter._kind_of(found)


def test_a_console_of_the_kernel_is_not_opened(
    loop_bus: Bus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its speed would be changed, and a person who is logged in there would be disturbed."""

    async def scenario() -> None:
        master = plug()
        server = RtuServer(master, sound)
        number = os.stat(master.path).st_rdev
        consoles = tmp_path / "consoles"
        consoles.write_text(
            "tty0                 -WU (EC  p  )    4:1\n"
            f"ttyS0                -W- (EC  p a)  {os.major(number)}:{os.minor(number)}\n"
            "netcon0              -W- (E   p  )\n"
        )
        monkeypatch.setattr(adapter, "_CONSOLES", consoles)
        transport = connect(loop_bus, master.path)
        result = await read(transport)
        assert is_error(result, f"{master.path} is a console of this machine"), result
        assert server.requests == []
        consoles.unlink()  # a machine without them
        assert await read(transport) == WORDS

    in_loop(scenario())
