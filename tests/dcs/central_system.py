"""A service over real sockets, by the package `ocpp`: its own loop, routing and checks."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

ACCEPTED = IdTagInfo(status=AuthorizationStatus.accepted)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def read_calls(journal: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls of a journal; the last line may be written in part."""
    lines = journal.read_text().splitlines(keepends=True) if journal.exists() else []
    return [tuple(json.loads(line)) for line in lines if line.endswith("\n")]


class ConnectedBox(ChargePoint):  # type: ignore[misc]
    """One connection, as the package sees it."""

    def __init__(self, identity: str, socket: Any, system: "CentralSystem") -> None:
        super().__init__(identity, socket)
        self._system = system

    def _note(self, action: str, **content: Any) -> None:
        self._system.note(action, content)

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, **content: Any) -> Any:
        self._note("BootNotification", **content)
        return call_result.BootNotification(
            current_time=_now(), interval=300, status=RegistrationStatus.accepted
        )

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def on_heartbeat(self) -> Any:
        self._note("Heartbeat")
        return call_result.Heartbeat(current_time=_now())

    @on("Authorize")  # type: ignore[untyped-decorator]
    def on_authorize(self, **content: Any) -> Any:
        self._note("Authorize", **content)
        return call_result.Authorize(id_tag_info=ACCEPTED)

    @on("StatusNotification")  # type: ignore[untyped-decorator]
    def on_status(self, **content: Any) -> Any:
        self._note("StatusNotification", **content)
        return call_result.StatusNotification()

    @on("StartTransaction")  # type: ignore[untyped-decorator]
    def on_start(self, **content: Any) -> Any:
        self._note("StartTransaction", **content)
        number = self._system.number_of(content)
        return call_result.StartTransaction(transaction_id=number, id_tag_info=ACCEPTED)

    @on("StopTransaction")  # type: ignore[untyped-decorator]
    def on_stop(self, **content: Any) -> Any:
        self._note("StopTransaction", **content)
        return call_result.StopTransaction()

    @on("MeterValues")  # type: ignore[untyped-decorator]
    def on_values(self, **content: Any) -> Any:
        self._note("MeterValues", **content)
        return call_result.MeterValues()


class CentralSystem:
    """A server in a thread of its own.

    With a journal it keeps each call before it answers, and knows them after a new start.
    """

    def __init__(self, port: int = 0, journal: Path | None = None) -> None:
        self.calls = read_calls(journal) if journal is not None else []
        self.box: ConnectedBox | None = None
        self.port = port
        self._journal = journal
        self._numbers: dict[tuple[Any, ...], int] = {}
        for action, content in self.calls:
            if action == "StartTransaction":
                self.number_of(content)
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()
        assert self._is_ready.wait(20.0)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    def named(self, action: str) -> list[dict[str, Any]]:
        return [content for each, content in list(self.calls) if each == action]

    def note(self, action: str, content: dict[str, Any]) -> None:
        self.calls.append((action, content))
        if self._journal is not None:
            with self._journal.open("a") as file:
                file.write(json.dumps([action, content], default=str) + "\n")

    def number_of(self, content: dict[str, Any]) -> int:
        key = (content["id_tag"], content["timestamp"], content["meter_start"])
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def ask(self, request: Any) -> Any:
        """Send a call; return the payload of the answer."""
        assert self.box is not None
        box = self.box
        return self._in_loop(lambda: box.call(request, suppress=False))

    def cut(self) -> None:
        """End the connection without a word."""

        async def cut() -> None:
            if self.box is not None:
                self.box._connection.transport.abort()

        self._in_loop(cut)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20.0)
        self._loop.close()

    def _in_loop(self, begin: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(begin(), self._loop).result(60.0)

    async def _run(self) -> None:
        async with serve(self._serve, "127.0.0.1", self.port, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
            self.port = next(iter(server.sockets)).getsockname()[1]
            self._is_ready.set()
            await self._over.wait()

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.box = ConnectedBox(socket.request.path.rpartition("/")[2], socket, self)
        with suppress(ConnectionClosed):
            await self.box.start()
