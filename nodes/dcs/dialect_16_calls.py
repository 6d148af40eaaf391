"""OCPP 1.6: what this box asks, as payloads. Pure."""

from collections.abc import Callable
from typing import Any

from nodes.dcs.box_asks import (
    AskToken,
    Beat,
    Begun,
    Boot,
    ConnectorReport,
    Ended,
    FirmwareReport,
    LogReport,
    Sampled,
)
from nodes.dcs.clock import words
from nodes.dcs.events import MeterSample, VendorMessage

Payload = dict[str, Any]
CODES_VENDOR = "openwallbox"  # vendorId of the codes of this box


def _boot(asked: Boot) -> tuple[str, Payload]:
    return "BootNotification", {
        "chargePointVendor": asked.vendor,
        "chargePointModel": asked.model,
        "chargePointSerialNumber": asked.serial,
        "chargeBoxSerialNumber": asked.serial,
        "firmwareVersion": asked.firmware,
    }


def _beat(_: Beat) -> tuple[str, Payload]:
    return "Heartbeat", {}


def _token(asked: AskToken) -> tuple[str, Payload]:
    return "Authorize", {"idTag": asked.token}


def _begun(asked: Begun) -> tuple[str, Payload]:
    payload: Payload = {
        "connectorId": asked.connector,
        "idTag": asked.token,
        "meterStart": asked.meter_wh,
        "timestamp": words(asked.utc_ns),
    }
    if asked.reservation is not None:
        payload["reservationId"] = asked.reservation
    return "StartTransaction", payload


def _sampled(asked: Sampled) -> tuple[str, Payload]:
    payload: Payload = {
        "connectorId": asked.connector,
        "meterValue": [_sample(each) for each in asked.samples],
    }
    if asked.transaction is not None:
        payload["transactionId"] = asked.transaction
    return "MeterValues", payload


def _sample(sample: MeterSample) -> Payload:
    values = []
    for each in sample.values:
        value = {
            "value": each.value,
            "context": sample.context,
            "measurand": each.measurand,
            "location": each.location,
        }
        if each.unit:
            value["unit"] = each.unit
        if each.phase:
            value["phase"] = each.phase
        values.append(value)
    return {"timestamp": words(sample.utc_ns), "sampledValue": values}


def _ended(asked: Ended) -> tuple[str, Payload]:
    payload: Payload = {
        "transactionId": asked.transaction,
        "meterStop": asked.meter_wh,
        "timestamp": words(asked.utc_ns),
        "reason": asked.cause.value,
    }
    if asked.token:
        payload["idTag"] = asked.token
    if asked.samples:
        payload["transactionData"] = [_sample(each) for each in asked.samples]
    return "StopTransaction", payload


def _status(asked: ConnectorReport) -> tuple[str, Payload]:
    payload: Payload = {
        "connectorId": asked.connector,
        "errorCode": asked.error.value,
        "status": asked.status.value,
    }
    if asked.utc_ns is not None:
        payload["timestamp"] = words(asked.utc_ns)
    if asked.info:
        payload["info"] = asked.info
    if asked.code:
        payload |= {"vendorId": CODES_VENDOR, "vendorErrorCode": asked.code}
    return "StatusNotification", payload


def _firmware(_: FirmwareReport) -> tuple[str, Payload]:
    return "FirmwareStatusNotification", {"status": "Idle"}


def _log(_: LogReport) -> tuple[str, Payload]:
    return "DiagnosticsStatusNotification", {"status": "Idle"}


def _vendor(asked: VendorMessage) -> tuple[str, Payload]:
    payload: Payload = {"vendorId": asked.vendor}
    if asked.name:
        payload["messageId"] = asked.name
    if asked.data:
        payload["data"] = asked.data
    return "DataTransfer", payload


ENCODERS: dict[type, Callable[[Any], tuple[str, Payload]]] = {
    Boot: _boot,
    Beat: _beat,
    AskToken: _token,
    Begun: _begun,
    Sampled: _sampled,
    Ended: _ended,
    ConnectorReport: _status,
    FirmwareReport: _firmware,
    LogReport: _log,
    VendorMessage: _vendor,
}
"""The action and the payload of each."""
