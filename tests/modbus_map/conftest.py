"""A node inside asyncio, for transports and servers that need its bus."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.place import Place
from bus.run import ZmqBus, open_node
from msgs.requests import StopReason
from nodes.modbus_map import serial_line_rtu, transport_tcp
from tests.closing import close_all
from tests.modbus_map.peers import PATIENCE_S


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time-out run out on a busy machine."""
    monkeypatch.setattr(transport_tcp, "TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(serial_line_rtu, "TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(serial_line_rtu, "LATEST_S", PATIENCE_S)


@pytest.fixture
def expire(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the time limit that began last run out now."""
    limits: list[asyncio.Timeout] = []
    begin = asyncio.timeout

    def timeout(delay_s: float) -> asyncio.Timeout:
        limits.append(begin(delay_s))
        return limits[-1]

    monkeypatch.setattr(asyncio, "timeout", timeout)

    def end() -> None:
        with contextlib.suppress(RuntimeError):  # it has ended already
            limits[-1].reschedule(asyncio.get_running_loop().time())

    return end


@pytest.fixture
def loop_bus(tmp_path: Path) -> Iterator[ZmqBus]:
    bus = open_node("meter", Place(run_dir=tmp_path, state_dir=tmp_path))
    yield bus
    bus.close()


@pytest.fixture
def in_loop(loop_bus: ZmqBus) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a scenario beside the node; a failure in its loop fails the test."""

    def run(scenario: Coroutine[Any, Any, None]) -> None:
        failures: list[dict[str, Any]] = []

        async def watched() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: failures.append(context))
            node = loop.create_task(loop_bus.run_async(signals=False))
            seen = loop.create_task(asyncio.wait_for(scenario, 60.0))
            await asyncio.wait((node, seen), return_when=asyncio.FIRST_COMPLETED)
            close_all()  # while there is a loop to close it, also after a failure
            loop_bus.post(lambda: loop_bus.stop(StopReason.SHUTDOWN))
            await node
            await seen
            for _ in range(3):  # what was aborted is closed by the loop's next rounds
                await asyncio.sleep(0)

        asyncio.run(watched())
        assert failures == []

    return run
