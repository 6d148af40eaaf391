"""A bus that is nothing but a running asyncio loop: enough for transports and servers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from bus import Bus


class LoopClock:
    """The loop's own time."""

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def now_ns(self) -> int:
        return int(self.now_s() * 1e9)


class LoopBus:
    """What a transport or a server asks of its bus."""

    def __init__(self) -> None:
        self.clock = LoopClock()

    def at(self, when_s: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_at(when_s, action)


@pytest.fixture
def loop_bus() -> Bus:
    return cast(Bus, LoopBus())


@pytest.fixture
def in_loop() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a scenario in a loop whose callbacks may not fail unseen."""

    def run(scenario: Coroutine[Any, Any, None]) -> None:
        failures: list[dict[str, Any]] = []

        async def watched() -> None:
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: failures.append(context)
            )
            await asyncio.wait_for(scenario, 20.0)

        asyncio.run(watched())
        assert failures == []

    return run
