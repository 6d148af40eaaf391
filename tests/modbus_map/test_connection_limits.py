"""A connection test harms neither the poll nor the node, whatever the system answers."""

import asyncio
import errno
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from bus.run import ZmqBus
from nodes.meter import connection
from nodes.modbus_map import serial_line_rtu, transport_tcp
from nodes.modbus_map.adapter import SerialLine, SerialLineError
from nodes.modbus_map.serial_line import SerialPlace
from tests.modbus_map.peers import PATIENCE_S, InLoop
from tests.modbus_map.test_connection_test import SILENT_UNIT, OneClientMeter, Rig, listen


@pytest.mark.req("MET-2")
def test_a_kernel_that_does_not_name_the_networks_refuses_the_test_alone(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = socket.socket

    def refuse(family: int = -1, *rest: Any, **named: Any) -> socket.socket:
        if family == socket.AF_NETLINK:  # as under RestrictAddressFamilies of systemd
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return make(family, *rest, **named)

    monkeypatch.setattr(socket, "socket", refuse)

    async def scenario() -> None:
        meter = OneClientMeter()
        port = await listen(meter.handle)
        rig = Rig(loop_bus, tmp_path, loopback=False)
        async with rig.running(f"tq@127.0.0.1:{port}/1"):
            await rig.read(1)  # the settings have come
            answered = await rig.test(9, host="192.0.2.1")
            assert "the networks of the box are not known" in answered.problems["host"]
            assert (await rig.test(port, host="localhost")).result is not None  # it is polled
            await rig.read(2)

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_a_resolver_that_hangs_gets_one_question(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 0.05)
    resolve = socket.getaddrinfo
    asked: list[str] = []
    answers = threading.Event()

    def hang(host: Any, *rest: Any, **named: Any) -> Any:
        if str(host).startswith("slow"):
            asked.append(host)
            answers.wait(PATIENCE_S)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return resolve(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    async def scenario() -> None:
        rig = Rig(loop_bus, tmp_path)
        async with rig.running():
            try:
                first = await rig.test(9, host="slow")
                assert first.reason.startswith("the address of the host was not complete")
                for number in range(20):
                    answered = await rig.test(9, host=f"slow{number}")
                    assert "another test" in answered.reason
                assert asked == ["slow"]
            finally:
                answers.set()
            meter = OneClientMeter()
            port = await listen(meter.handle)
            monkeypatch.setattr(connection, "ANSWER_S", PATIENCE_S)
            while "another test" in (answered := await rig.test(port)).reason:
                await asyncio.sleep(0.01)
            assert answered.result is not None, answered.reason

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_ended_tests_do_not_pile_up_before_the_poll(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The meter is slower than the tests: each leaves a read that has begun or still waits."""
    monkeypatch.setattr(connection, "ANSWER_S", 0.02)

    async def scenario() -> None:
        meter = OneClientMeter()
        port = await listen(meter.handle)
        rig = Rig(loop_bus, tmp_path)
        async with rig.running(f"tq@127.0.0.1:{port}/1"):
            await rig.read(2)
            monkeypatch.setattr(transport_tcp, "TIMEOUT_S", 0.5)
            for _ in range(20):
                await rig.test(port, unit=SILENT_UNIT)
            before = len(meter.units)
            await rig.read(3)
            asked = meter.units[before:]
            assert asked.count(SILENT_UNIT) <= 1, asked
            monkeypatch.setattr(connection, "ANSWER_S", PATIENCE_S)
            assert (await rig.test(port)).result is not None

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_nobody_searches_a_network_quickly(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed port refuses at once; the same server may be tested again at once."""
    monkeypatch.setattr(connection, "BETWEEN_HOSTS_S", PATIENCE_S)

    async def scenario() -> None:
        meters = [OneClientMeter(), OneClientMeter()]
        first, second = [await listen(meter.handle) for meter in meters]
        rig = Rig(loop_bus, tmp_path)
        async with rig.running():
            for manufacturer in ("sdm630", "tq"):  # the person corrects the map
                while meters[0].clients:
                    await asyncio.sleep(0.01)
                answered = await rig.test(first, manufacturer=manufacturer)
            assert answered.result is not None, answered.reason
            for port in (second, *range(1, 20)):
                refused = await rig.test(port)
                assert refused.reason.startswith("another meter was tested just now")
            assert meters[1].accepted == 0
            monkeypatch.setattr(connection, "BETWEEN_HOSTS_S", 0.0)
            assert (await rig.test(second)).result is not None

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_an_adapter_that_hangs_while_it_is_opened_takes_one_thread(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 0.05)
    opened: list[str] = []
    answers = threading.Event()

    def hang(place: SerialPlace) -> SerialLine:
        opened.append(place.device)
        answers.wait(PATIENCE_S)
        raise SerialLineError("it is gone")

    monkeypatch.setattr(serial_line_rtu, "open_serial_line", hang)

    async def scenario() -> None:
        rig = Rig(loop_bus, tmp_path)
        tested = {"manufacturer": "sdm630", "host": "", "device": "/dev/ttyUSB77"}
        async with rig.running():
            try:
                assert "was not complete within" in (await rig.test_of(tested)).reason
                monkeypatch.setattr(connection, "ANSWER_S", PATIENCE_S)  # nobody waits from here on
                for _ in range(20):
                    answered = await rig.test_of(tested)
                    assert answered.reason == "/dev/ttyUSB77 is still being opened"
                assert opened == ["/dev/ttyUSB77"]
            finally:
                answers.set()
            while "still" in (answered := await rig.test_of(tested)).reason:
                await asyncio.sleep(0.01)
            assert answered.reason == "it is gone"

    in_loop(scenario())
