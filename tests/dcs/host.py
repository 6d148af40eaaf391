"""A strict OCPP 1.6 service in memory: it checks each frame of the box by the official schemas.

It keeps what a real one keeps: boxes that it has accepted, tokens, transactions. A begin that it
has already (token, start time, meter) is answered with the same id.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ocpp.messages import MessageType, get_validator

from nodes.dcs.link import CloseReason, Destination
from nodes.dcs.link_sim import SERVICES, SimConnection

URL = "ws://service.test/ocpp"
CALL, RESULT, ERROR = MessageType.Call, MessageType.CallResult, MessageType.CallError

REGISTER = "Energy.Active.Import.Register"  # also without a measurand
FROM_BOX = {
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
}


@dataclass
class Charge:
    """One transaction as the service has it."""

    number: int
    token: str
    start: str
    meter_start: int
    stop: dict[str, Any] | None = None
    starts: int = 1  # how often its begin has arrived
    stops: int = 0
    values: list[dict[str, Any]] = field(default_factory=list)


def registers(charge: Charge) -> list[int]:
    """Return the register [Wh] of each sample, in the order of their arrival."""
    return [
        int(value["value"])
        for sample in charge.values
        for value in sample["sampledValue"]
        if value.get("measurand", REGISTER) == REGISTER
    ]


@dataclass
class Answer:
    """What the box has answered to a call of the service."""

    payload: dict[str, Any] | None = None
    error: str | None = None  # the code


class Host:
    """The service, for one box."""

    def __init__(self, url: str = URL) -> None:
        self.url = url
        self.connection: SimConnection | None = None
        self.destination: Destination | None = None
        self.password = b""
        self.connections = 0
        self.registration = "Accepted"
        self.interval_s = 300
        self.ahead_s = 0.0  # of the box's clock
        self.tokens: dict[str, dict[str, Any]] = {}  # by token: idTagInfo
        self.unknown = "Accepted"  # the status of every other token
        self.refuses: CloseReason | None = None
        self.is_mute = False  # takes frames and answers nothing
        self.fails: dict[str, str] = {}  # by action: the code of an error in place of an answer
        self.mutes: set[str] = set()  # actions that get no answer
        self.calls: list[tuple[str, dict[str, Any]]] = []  # of the box, in order
        self.charges: dict[tuple[str, str, int], Charge] = {}
        self.violations: list[str] = []
        self.statuses: dict[int, list[str]] = {0: [], 1: []}
        self.on_call: Callable[[str, dict[str, Any]], None] = lambda action, payload: None
        self._numbers = 1000
        self._ids = 0
        self._asked: dict[str, tuple[str, Answer]] = {}
        self._seen_ids: set[str] = set()
        SERVICES[url] = self

    # --- the link ------------------------------------------------------------------------------

    def accept(
        self, connection: SimConnection, destination: Destination, password: bytes
    ) -> CloseReason | None:
        if self.refuses is not None:
            return self.refuses
        self.connection, self.destination, self.password = connection, destination, password
        self.connections += 1
        self._seen_ids.clear()
        return None

    def end(self, connection: SimConnection) -> None:
        if connection is self.connection:
            self.connection = None

    def go(self) -> None:
        """Disappear: no connection, and nobody answers."""
        SERVICES.pop(self.url, None)
        if self.connection is not None:
            self.connection.cut()

    def come(self) -> None:
        SERVICES[self.url] = self

    def cut(self) -> None:
        if self.connection is not None:
            self.connection.cut()

    # --- frames --------------------------------------------------------------------------------

    def receive(self, connection: SimConnection, text: str) -> None:
        frame = json.loads(text, parse_float=Decimal)
        if frame[0] == CALL:
            self._take_call(connection, *frame[1:])
        else:
            self._take_answer(frame)

    def _take_call(
        self, connection: SimConnection, message_id: str, action: str, payload: dict[str, Any]
    ) -> None:
        if message_id in self._seen_ids or len(message_id) > 36:
            self.violations.append(f"the id {message_id} is used again, or too long")
        self._seen_ids.add(message_id)
        if action not in FROM_BOX:
            self.violations.append(f"a box does not send {action}")
            return
        self._check(CALL, action, payload)
        if self.registration != "Accepted" and action not in ("BootNotification", "DataTransfer"):
            self.violations.append(f"{action} before the boot is accepted")
        self.calls.append((action, payload))
        self.on_call(action, payload)
        if self.is_mute or action in self.mutes:
            return
        if action in self.fails:
            frame = [ERROR, message_id, self.fails[action], "as the test wants", {}]
            connection.send(json.dumps(frame))
            return
        answer = getattr(self, f"_on_{action}")(connection, payload)
        self._check(RESULT, action, answer)
        connection.send(json.dumps([RESULT, message_id, answer]))

    def _take_answer(self, frame: list[Any]) -> None:
        action, answer = self._asked.pop(frame[1])
        if frame[0] == RESULT:
            self._check(RESULT, action, frame[2])
            answer.payload = frame[2]
        else:
            assert len(frame) == 5, frame
            answer.error = frame[2]

    def _check(self, kind: int, action: str, payload: Any) -> None:
        schema = get_validator(kind, action, "1.6", parse_float=Decimal)
        payload = json.loads(json.dumps(payload, default=float), parse_float=Decimal)
        self.violations += [f"{action}: {error.message}" for error in schema.iter_errors(payload)]

    # --- what a box asks -----------------------------------------------------------------------

    def _now(self, connection: SimConnection) -> str:
        seconds = connection.utc_ns / 1e9 + self.ahead_s
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

    def _on_BootNotification(self, connection: SimConnection, _: Any) -> dict[str, Any]:
        return {
            "status": self.registration,
            "currentTime": self._now(connection),
            "interval": self.interval_s,
        }

    def _on_Heartbeat(self, connection: SimConnection, _: Any) -> dict[str, Any]:
        return {"currentTime": self._now(connection)}

    def _info(self, token: str) -> dict[str, Any]:
        return self.tokens.get(token, {"status": self.unknown})

    def _on_Authorize(self, _: Any, payload: dict[str, Any]) -> dict[str, Any]:
        return {"idTagInfo": self._info(payload["idTag"])}

    def _on_StartTransaction(self, _: Any, payload: dict[str, Any]) -> dict[str, Any]:
        key = (payload["idTag"], payload["timestamp"], payload["meterStart"])
        if key in self.charges:
            self.charges[key].starts += 1
        else:
            self._numbers += 1
            self.charges[key] = Charge(self._numbers, *key)
        number = self.charges[key].number
        return {"transactionId": number, "idTagInfo": self._info(payload["idTag"])}

    def _on_MeterValues(self, _: Any, payload: dict[str, Any]) -> dict[str, Any]:
        if "transactionId" in payload:
            charge = self.charge(payload["transactionId"])
            if charge is not None:
                charge.values += payload["meterValue"]
                self._check_register(charge)
        return {}

    def _check_register(self, charge: Charge) -> None:
        """Note a register that falls within a transaction."""
        ends = [] if charge.stop is None else [charge.stop["meterStop"]]
        read = [charge.meter_start, *registers(charge), *ends]
        if read != sorted(read):
            self.violations.append(f"the register of {charge.number} falls: {read}")

    def _on_StopTransaction(self, _: Any, payload: dict[str, Any]) -> dict[str, Any]:
        charge = self.charge(payload["transactionId"])
        if charge is None:
            self.violations.append(f"no transaction {payload['transactionId']}")
            return {}
        charge.stops += 1
        if charge.stop is not None and charge.stop != payload:
            self.violations.append(f"another end of {charge.number}: {payload}")
        charge.stop = payload
        self._check_register(charge)
        if payload["timestamp"] < charge.start:
            self.violations.append(f"{charge.number} ends before it begins: {payload}")
        return {}

    def _on_StatusNotification(self, _: Any, payload: dict[str, Any]) -> dict[str, Any]:
        self.statuses[payload["connectorId"]].append(payload["status"])
        return {}

    def _on_FirmwareStatusNotification(self, *_: Any) -> dict[str, Any]:
        return {}

    def _on_DiagnosticsStatusNotification(self, *_: Any) -> dict[str, Any]:
        return {}

    def _on_DataTransfer(self, _: Any, payload: dict[str, Any]) -> dict[str, Any]:
        return {"status": "Accepted"}

    # --- what the service asks -----------------------------------------------------------------

    def ask(self, action: str, **payload: Any) -> Answer:
        """Send a call; its answer is filled in when it comes."""
        self._check(CALL, action, payload)
        return self.send(action, payload)

    def send(self, action: str, payload: Any) -> Answer:
        """Send a call, whatever it contains."""
        assert self.connection is not None
        self._ids += 1
        answer = Answer()
        self._asked[f"h{self._ids}"] = (action, answer)
        self.connection.send(json.dumps([CALL, f"h{self._ids}", action, payload]))
        return answer

    def charge(self, number: int) -> Charge | None:
        found = (each for each in self.charges.values() if each.number == number)
        return next(found, None)

    def named(self, action: str) -> list[dict[str, Any]]:
        """Return what the box has sent with an action."""
        return [payload for each, payload in self.calls if each == action]
