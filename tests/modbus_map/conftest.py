"""A node inside asyncio, for transports and servers that need its bus."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.place import Place
from bus.run import ZmqBus, open_node
from msgs.requests import StopReason
from tests.closing import close_all


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
