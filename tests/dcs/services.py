"""Charging services of other projects, as real servers on loopback, beside the test."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

import ocpp.routing
import ocpp.v16.enums
import ocpp_csms
import websockets
from ocpp.charge_point import camel_to_snake_case, remove_nones, snake_to_camel_case
from ocpp.v16 import call
from websockets.typing import Subprotocol

from tests.dcs.node_hosts import NodeHost, node_host

ANSWER_S = 30.0  # of a box, on a busy machine


class Service(Protocol):
    """A service that runs."""

    port: int

    def ask(self, action: str, **payload: Any) -> dict[str, Any]:
        """Ask the box; return the payload of its answer."""

    def transaction(self) -> int | None:
        """Return the id of the transaction that runs; None: none."""


class InThread:
    """A server of asyncio in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(ANSWER_S)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def request_of(action: str, payload: dict[str, Any]) -> Any:
    """Return a request of the `ocpp` package; the names of its fields are in snake case."""
    kind = getattr(call, action)
    return kind(**camel_to_snake_case(payload))


def answer_of(result: Any) -> dict[str, Any]:
    answer = snake_to_camel_case(remove_nones(asdict(result)))
    assert isinstance(answer, dict)
    return answer


class Example:
    """The smallest central system on mobilityhouse's `ocpp`: all but a registration is an error.

    The example in the repository of the package is such a one; the package does not ship it, so
    that this one does the same: the class of the package unchanged, with one handler.
    """

    class Box(ocpp.v16.ChargePoint):  # type: ignore[misc]
        """The box, as the central system has it."""

        called: ClassVar[list[str]] = []

        async def route_message(self, raw_msg: str) -> None:
            frame = json.loads(raw_msg)
            if frame[0] == 2:
                self.called.append(frame[2])
            await super().route_message(raw_msg)

        @ocpp.routing.on(ocpp.v16.enums.Action.boot_notification)  # type: ignore[untyped-decorator]
        def on_boot(self, **_: Any) -> ocpp.v16.call_result.BootNotification:
            return ocpp.v16.call_result.BootNotification(
                current_time=datetime.now(UTC).isoformat(),
                interval=10,
                status=ocpp.v16.enums.RegistrationStatus.accepted,
            )

    def __init__(self, thread: InThread) -> None:
        self._thread = thread
        self._box: Example.Box | None = None
        self.Box.called.clear()
        thread.run(self._serve())

    async def _serve(self) -> None:
        self._server = await websockets.serve(
            self._take, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")]
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def _take(self, socket: websockets.ServerConnection) -> None:
        assert socket.subprotocol == "ocpp1.6"
        assert socket.request is not None
        self._box = self.Box(socket.request.path.rpartition("/")[2], socket)
        await self._box.start()

    def ask(self, action: str, **payload: Any) -> dict[str, Any]:
        assert self._box is not None
        request = request_of(action, payload)
        return answer_of(self._thread.run(self._box.call(request, suppress=False)))

    def transaction(self) -> int | None:
        return None  # it has none

    @property
    def called(self) -> list[str]:
        """The actions of the box so far."""
        return list(self.Box.called)

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


class Csms:
    """The central system of `ocpp-csms`, unchanged."""

    def __init__(self, thread: InThread) -> None:
        self._thread = thread
        self.events: list[ocpp_csms.ChargePointEvent] = []
        self._system: ocpp_csms.CentralSystem = thread.run(self._serve())
        port = self._system.port
        assert port is not None
        self.port = port

    async def _serve(self) -> ocpp_csms.CentralSystem:
        system = ocpp_csms.CentralSystem(host="127.0.0.1", port=0)
        system.add_listener(self.events.append)
        await system.async_start()
        return system

    @property
    def box(self) -> ocpp_csms.ChargePoint:
        (box,) = self._system.charge_points.values()
        return box

    def ask(self, action: str, **payload: Any) -> dict[str, Any]:
        return answer_of(self._thread.run(self.box.async_call(request_of(action, payload))))

    def transaction(self) -> int | None:
        running = self.box.get_transaction(1)
        return None if running is None else running.transaction_id

    @property
    def ended(self) -> list[ocpp_csms.Transaction]:
        """The transactions that the box has reported as ended."""
        ends = (each for each in self.events if isinstance(each, ocpp_csms.TransactionStoppedEvent))
        return [each.transaction for each in ends]

    async def close(self) -> None:
        await self._system.async_stop()


class Node:
    """The host of Node.js, by npm's `ocpp-rpc`."""

    def __init__(self, host: NodeHost) -> None:
        self.host = host
        self.port = host.port

    def ask(self, action: str, **payload: Any) -> dict[str, Any]:
        result = self.host.result(self.host.order(call=action, params=payload))
        answer = result["answer"]
        assert isinstance(answer, dict)
        return answer

    def transaction(self) -> int | None:
        begun = self.host.calls("StartTransaction")
        ended = {each["params"]["transactionId"] for each in self.host.calls("StopTransaction")}
        running = [each["answer"]["transactionId"] for each in begun]
        return next((each for each in running if each not in ended), None)


@contextmanager
def example() -> Iterator[Example]:
    thread = InThread()
    service = Example(thread)
    yield service
    thread.run(service.close())
    thread.end()


@contextmanager
def csms() -> Iterator[Csms]:
    thread = InThread()
    service = Csms(thread)
    yield service
    thread.run(service.close())
    thread.end()


@contextmanager
def node() -> Iterator[Node]:
    with node_host() as host:
        yield Node(host)
