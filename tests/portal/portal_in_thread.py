"""A portal on loopback in a thread of its own, its page, and boxes of the package `ocpp`."""

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from portal.server import PortalServer

PATIENCE_S = 20.0


class PortalInThread:
    """The portal."""

    def __init__(self, state_dir: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.portal = PortalServer(state_dir)
        self._server = self.run(self.portal.open(0))
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_S)

    def close(self) -> None:
        async def close() -> None:
            self._server.close()
            await self._server.wait_closed()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def key_header(identity: str, key: bytes) -> dict[str, str]:
    pair = base64.b64encode(identity.encode() + b":" + key).decode()
    return {"Authorization": f"Basic {pair}"}


class PortalPage:
    """What a person sees and does on the page, over its own connection."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.state: dict[str, Any] = {}
        self.problem = ""

    def do(self, **order: Any) -> None:
        self._socket.send(json.dumps(order))

    def look(self, timeout_s: float = PATIENCE_S) -> None:
        """Take the next message."""
        message = json.loads(self._socket.recv(timeout=timeout_s))
        if "problem" in message:
            self.problem = message["problem"]
        else:
            self.state = message

    def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self.look()

    @property
    def box(self) -> dict[str, Any]:
        """The only box."""
        (box,) = self.state["boxes"]
        assert isinstance(box, dict)
        return box
