"""A simulated box under virtual time, with a service that is a real server on a real socket.

Virtual time stands still while a frame of the box is on its way and the service thinks, so that a
server of whatever language serves many hours in seconds.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from nodes.dcs.link import CloseReason, Destination
from nodes.dcs.link_sim import SERVICES, SimConnection
from tests.box import AS_DELIVERED, Box
from tests.dcs.node_hosts import NodeHost
from tests.dcs.station import ONLINE_S, Station

URL = "ws://bridge.test/ocpp"
ANSWER_S = 30.0  # of a real process, on a busy machine
CALL = 2


class Bridge:
    """The connection to the real server, for the simulated link."""

    def __init__(self, port: int, on_call: Callable[[str, int], None]) -> None:
        """Connect each box to a port of this machine.

        :param on_call: called with action and UTC of the box [ns] before a call is passed on
        """
        self._port = port
        self._on_call = on_call
        self._open = ExitStack()
        self._socket: ClientConnection | None = None
        self._connection: SimConnection | None = None
        self.answered: set[str] = set()  # the ids of what the box has answered
        SERVICES[URL] = self

    def accept(
        self, connection: SimConnection, destination: Destination, password: bytes
    ) -> CloseReason | None:
        headers = {}
        if password:
            credentials = b64encode(destination.identity.encode() + b":" + password)
            headers["Authorization"] = f"Basic {credentials.decode()}"
        self.close()
        self._socket = self._open.enter_context(
            connect(
                f"ws://127.0.0.1:{self._port}/{destination.identity}",
                subprotocols=[Subprotocol("ocpp1.6")],
                additional_headers=headers,
            )
        )
        self._connection = connection
        return None

    def receive(self, connection: SimConnection, text: str) -> None:
        if connection is not self._connection or self._socket is None:
            return
        frame = json.loads(text)
        if frame[0] != CALL:
            self._socket.send(text)
            self.answered.add(frame[1])
            return
        self._on_call(frame[2], connection.utc_ns)
        self._socket.send(text)
        while self._pass_on() != frame[1]:
            pass  # the service asks something of its own first

    def end(self, connection: SimConnection) -> None:
        if connection is self._connection:
            self.close()

    def close(self) -> None:
        self._open.close()
        self._socket = self._connection = None

    def forward(self) -> str:
        """Wait for a call of the service, and pass it on to the box; return its id."""
        return self._pass_on()

    def _pass_on(self) -> str:
        """Pass on a frame of the service; return its id."""
        assert self._socket is not None
        assert self._connection is not None
        text = self._socket.recv(timeout=ANSWER_S)
        assert isinstance(text, str)
        self._connection.send(text)
        return str(json.loads(text)[1])


class HostedStation(Station):
    """The box, with the host of Node.js for its service."""

    def __init__(self, state_dir: Path, node: NodeHost, *, is_paired: bool = True) -> None:
        self.node = node
        self.bridge = Bridge(node.port, self._set_clock)
        url = f"dcs.url={URL}" if is_paired else f"dcs.service_url={URL}"
        Box.__init__(self, state_dir, url, authorization=AS_DELIVERED)
        link = "Online" if is_paired else "Reachable"
        self.soon(lambda: self.link == link, ONLINE_S)

    def _set_clock(self, action: str, utc_ns: int) -> None:
        """Let the host have the time of the box."""
        if action in ("BootNotification", "Heartbeat"):
            now = datetime.fromtimestamp(utc_ns / 1e9, UTC).isoformat().replace("+00:00", "Z")
            self.node.result(self.node.order(answers={action: {"currentTime": now}}))

    def ask_box(self, action: str, **payload: Any) -> dict[str, Any]:
        """Let the host ask the box; return the payload of the answer, or {"error": code}."""
        order = self.node.order(call=action, params=payload)
        message_id = self.bridge.forward()
        self.soon(lambda: message_id in self.bridge.answered)
        result = self.node.result(order)
        if "error" in result:
            return {"error": result["error"]}
        answer: dict[str, Any] = result["answer"]
        return answer
