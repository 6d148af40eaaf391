"""The messages of a box, by the package `ocpp`: each is checked against the official schemas."""

from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct
from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call_result

PAIRING = "wallbox.pairing"  # vendor id of the messages that pair
CHARGING = "wallbox.charging"  # and of the one with what a person has chosen at the box
BOOT_S = 300  # assumed: of the Heartbeat of a box that is accepted
WAIT_S = 20  # assumed: between two registrations of a box that waits to be activated


class ReportedMode(Struct, frozen=True, kw_only=True):
    """What a person has chosen at the box, as it is sent."""

    transactionId: int
    mode: Literal["fast", "intelligent"]


class BoxEvents(Protocol):
    """What a box reports."""

    def on_boot(self, model: str, firmware: str) -> bool:
        """Return whether the box is accepted; else it waits."""

    def after_boot(self) -> None:
        """The answer was sent."""

    def on_token(self, token: str) -> str:
        """Return the status of a card."""

    def on_begun(self, token: str, begun: str, meter_wh: int) -> int:
        """Return the id of the transaction; the same one for the same begin."""

    def after_begun(self) -> None:
        """The answer was sent."""

    def on_ended(self, transaction: int, ended: str, meter_wh: int, reason: str) -> None:
        """A transaction has ended."""

    def on_samples(self, transaction: int | None, samples: list[dict[str, Any]]) -> None:
        """Values of the meter."""

    def on_status(self, connector: int, status: str, error: str, info: str) -> None:
        """The status of a connector; 0 is the box."""

    def on_mode(self, transaction: int, mode: str) -> None:
        """A person has chosen at the box how it charges: "fast", or "intelligent" by the plan."""

    def on_confirmed(self) -> bool:
        """A person has confirmed the pairing at the box; return whether it was offered."""

    def after_confirmed(self) -> None:
        """The answer was sent."""


def now_words() -> str:
    """Return the time as OCPP writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class PortalConnection(ChargePoint):  # type: ignore[misc] # the package has no types
    """One connection of a box. Each handler has the name and the fields of its message."""

    def __init__(self, identity: str, socket: Any, events: BoxEvents) -> None:
        super().__init__(identity, socket, response_timeout=30)
        self._events = events

    def _info(self, token: str) -> dict[str, str]:
        return {"status": self._events.on_token(token)}

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, charge_point_model: str, firmware_version: str = "", **_: Any) -> Any:
        """Accept a box that is paired; let others wait."""
        is_accepted = self._events.on_boot(charge_point_model, firmware_version)
        return call_result.BootNotification(
            current_time=now_words(),
            interval=BOOT_S if is_accepted else WAIT_S,
            status="Accepted" if is_accepted else "Pending",
        )

    @after("BootNotification")  # type: ignore[untyped-decorator]
    def after_boot(self, **_: Any) -> None:
        """Go on when the box has its answer."""
        self._events.after_boot()

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def on_heartbeat(self, **_: Any) -> Any:
        """Answer with the time."""
        return call_result.Heartbeat(current_time=now_words())

    @on("Authorize")  # type: ignore[untyped-decorator]
    def on_authorize(self, id_tag: str) -> Any:
        """Decide about a card."""
        return call_result.Authorize(id_tag_info=self._info(id_tag))

    @on("StartTransaction")  # type: ignore[untyped-decorator]
    def on_start(self, id_tag: str, timestamp: str, meter_start: int, **_: Any) -> Any:
        """Give a transaction its id."""
        number = self._events.on_begun(id_tag, timestamp, meter_start)
        return call_result.StartTransaction(transaction_id=number, id_tag_info=self._info(id_tag))

    @after("StartTransaction")  # type: ignore[untyped-decorator]
    def after_start(self, **_: Any) -> None:
        """Go on when the box has the id."""
        self._events.after_begun()

    @on("StopTransaction")  # type: ignore[untyped-decorator]
    def on_stop(
        self, transaction_id: int, timestamp: str, meter_stop: int, reason: str = "", **_: Any
    ) -> Any:
        """Note the end."""
        self._events.on_ended(transaction_id, timestamp, meter_stop, reason)
        return call_result.StopTransaction()

    @on("MeterValues")  # type: ignore[untyped-decorator]
    def on_values(
        self, meter_value: list[dict[str, Any]], transaction_id: int | None = None, **_: Any
    ) -> Any:
        """Note the newest values."""
        samples = [each for one in meter_value for each in one["sampled_value"]]
        self._events.on_samples(transaction_id, samples)
        return call_result.MeterValues()

    @on("StatusNotification")  # type: ignore[untyped-decorator]
    def on_status(
        self, connector_id: int, status: str, error_code: str, info: str = "", **_: Any
    ) -> Any:
        """Note the status."""
        self._events.on_status(connector_id, status, error_code, info)
        return call_result.StatusNotification()

    @on("DataTransfer")  # type: ignore[untyped-decorator]
    def on_data(self, vendor_id: str, message_id: str = "", data: str = "", **_: Any) -> Any:
        """Take the confirmation of a pairing, or the choice of a person."""
        if (vendor_id, message_id) == (CHARGING, "mode"):
            return call_result.DataTransfer(status=self._take_mode(data))
        if vendor_id != PAIRING:
            return call_result.DataTransfer(status="UnknownVendorId")
        if message_id != "confirm":
            return call_result.DataTransfer(status="UnknownMessageId")
        is_taken = self._events.on_confirmed()
        return call_result.DataTransfer(status="Accepted" if is_taken else "Rejected")

    def _take_mode(self, data: str) -> str:
        try:
            reported = msgspec.json.decode(data, type=ReportedMode)
        except msgspec.DecodeError:
            return "Rejected"
        self._events.on_mode(reported.transactionId, reported.mode)
        return "Accepted"

    @after("DataTransfer")  # type: ignore[untyped-decorator]
    def after_data(self, **_: Any) -> None:
        """Go on when the box has its answer."""
        self._events.after_confirmed()

    @on("FirmwareStatusNotification")  # type: ignore[untyped-decorator]
    def on_firmware(self, **_: Any) -> Any:
        """Take a report that this service does not use."""
        return call_result.FirmwareStatusNotification()

    @on("DiagnosticsStatusNotification")  # type: ignore[untyped-decorator]
    def on_diagnostics(self, **_: Any) -> Any:
        """Take a report that this service does not use."""
        return call_result.DiagnosticsStatusNotification()
