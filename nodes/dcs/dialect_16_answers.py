"""OCPP 1.6: answers of the service and of this box. Pure."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nodes.dcs.box_asks import (
    AskToken,
    Beat,
    BeatAnswer,
    Begun,
    BegunAnswer,
    Boot,
    BootAnswer,
    ConnectorReport,
    Ended,
    EndedAnswer,
    FirmwareReport,
    LogReport,
    Noted,
    Registration,
    Sampled,
    TokenAnswer,
)
from nodes.dcs.clock import words
from nodes.dcs.dialect_16_requests import Payload, time_of, token_info
from nodes.dcs.events import (
    AskComposite,
    AskListVersion,
    CancelReserve,
    ClearCards,
    ClearProfiles,
    CompositeReply,
    GetVariables,
    InstallProfile,
    ListVersionReply,
    Reply,
    RequestStart,
    RequestStop,
    Reserve,
    ResetBox,
    SetAvailability,
    SetVariable,
    TokenInfo,
    Trigger,
    Unlock,
    UpdateList,
    VariablesReply,
    VendorAnswer,
    VendorMessage,
    Verdict,
)

# --- of the service -------------------------------------------------------------------------------


MOST_INTERVAL_S = 1_000_000_000  # what is longer is never

MOST_DIGITS = 18  # of a whole number that is written with a point
MOST_DEPTH = 8  # of objects in each other; no answer of 1.6 has more than 2


def plain(value: Any, depth: int = MOST_DEPTH) -> Any:
    """Return an answer without its empty fields, and with each whole number as one."""
    if isinstance(value, dict) and depth:
        return {key: plain(each, depth - 1) for key, each in value.items() if each is not None}
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= MOST_DIGITS:
        return int(value) if value == value.to_integral_value() else value
    return value


def _time(payload: Payload) -> int | None:
    """Return the service's time; None: it says none, and is understood all the same."""
    try:
        return time_of(payload, "currentTime")
    except ValueError:
        return None


def _info(payload: Payload) -> TokenInfo:
    """Return an idTagInfo, whose status counts; an expiry that is no time is none."""
    try:
        return token_info(payload)
    except ValueError:
        return token_info({**payload, "expiryDate": None})


def _boot(payload: Payload) -> BootAnswer:
    return BootAnswer(
        registration=Registration(payload["status"]),
        interval_s=float(max(min(payload["interval"], MOST_INTERVAL_S), 0)),
        utc_ns=_time(payload),
    )


def _begun(payload: Payload) -> BegunAnswer:
    return BegunAnswer(transaction=payload["transactionId"], info=_info(payload["idTagInfo"]))


def _ended(payload: Payload) -> EndedAnswer:
    info = payload.get("idTagInfo")
    return EndedAnswer(info=None if info is None else _info(info))


def _vendor(payload: Payload) -> VendorAnswer:
    return VendorAnswer(verdict=_OF_VENDOR[payload["status"]], data=payload.get("data", ""))


def _noted(_: Payload) -> Noted:
    return Noted()


DECODERS: dict[type, tuple[str, Callable[[Payload], Any]]] = {
    Boot: ("BootNotification", _boot),
    Beat: ("Heartbeat", lambda payload: BeatAnswer(utc_ns=_time(payload))),
    AskToken: ("Authorize", lambda payload: TokenAnswer(info=_info(payload["idTagInfo"]))),
    Begun: ("StartTransaction", _begun),
    Sampled: ("MeterValues", _noted),
    Ended: ("StopTransaction", _ended),
    ConnectorReport: ("StatusNotification", _noted),
    FirmwareReport: ("FirmwareStatusNotification", _noted),
    LogReport: ("DiagnosticsStatusNotification", _noted),
    VendorMessage: ("DataTransfer", _vendor),
}
"""By what this box has asked: the action, and how its answer is read."""

# --- of this box ----------------------------------------------------------------------------------

VERDICTS: dict[Verdict, str] = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.REJECTED: "Rejected",
    Verdict.SCHEDULED: "Scheduled",
    Verdict.REBOOT_REQUIRED: "RebootRequired",
    Verdict.NOT_SUPPORTED: "NotSupported",
    Verdict.NOT_IMPLEMENTED: "NotImplemented",
    Verdict.UNKNOWN: "Unknown",
    Verdict.FAILED: "Failed",
    Verdict.VERSION_MISMATCH: "VersionMismatch",
    Verdict.FAULTED: "Faulted",
    Verdict.OCCUPIED: "Occupied",
    Verdict.UNAVAILABLE: "Unavailable",
    Verdict.UNKNOWN_VENDOR: "UnknownVendorId",
    Verdict.UNKNOWN_MESSAGE: "UnknownMessageId",
}
_OF_VENDOR = {word: verdict for verdict, word in VERDICTS.items()}

_ACTIONS: dict[type, str] = {
    AskComposite: "GetCompositeSchedule",
    AskListVersion: "GetLocalListVersion",
    CancelReserve: "CancelReservation",
    ClearCards: "ClearCache",
    ClearProfiles: "ClearChargingProfile",
    GetVariables: "GetConfiguration",
    InstallProfile: "SetChargingProfile",
    RequestStart: "RemoteStartTransaction",
    RequestStop: "RemoteStopTransaction",
    Reserve: "ReserveNow",
    ResetBox: "Reset",
    SetAvailability: "ChangeAvailability",
    SetVariable: "ChangeConfiguration",
    Trigger: "TriggerMessage",
    Unlock: "UnlockConnector",
    UpdateList: "SendLocalList",
    VendorMessage: "DataTransfer",
}


def encode(asked: Any, reply: Any) -> tuple[str, Payload]:
    """Return the action and the payload of an answer to a request of the service."""
    return _ACTIONS[type(asked)], _payload(reply)


def _payload(reply: Any) -> Payload:
    match reply:
        case Reply(verdict=verdict):
            return {"status": VERDICTS[verdict]}
        case VendorAnswer(verdict=verdict, data=data):
            return {"status": VERDICTS[verdict]} | ({"data": data} if data else {})
        case ListVersionReply(version=version):
            return {"listVersion": version}
        case VariablesReply():
            return _variables(reply)
        case CompositeReply():
            return _composite(reply)
        case _:
            raise TypeError(f"no answer: {type(reply).__name__}")


def _variables(reply: VariablesReply) -> Payload:
    known = []
    for each in reply.known:
        entry: Payload = {"key": each.name, "readonly": each.is_readonly}
        if each.value is not None:
            entry["value"] = each.value
        known.append(entry)
    payload: Payload = {"configurationKey": known}
    if reply.unknown:
        payload["unknownKey"] = list(reply.unknown)
    return payload


def _composite(reply: CompositeReply) -> Payload:
    start = words(reply.start_utc_s * 1_000_000_000)
    schedule: Payload = {
        "duration": reply.duration_s,
        "startSchedule": start,
        "chargingRateUnit": reply.unit,
        "chargingSchedulePeriod": [
            {"startPeriod": start_s, "limit": limit, "numberPhases": phases}
            for start_s, limit, phases in reply.periods
        ],
    }
    if reply.least_rate is not None:
        schedule["minChargingRate"] = reply.least_rate
    return {
        "status": "Accepted",
        "connectorId": reply.connector,
        "scheduleStart": start,
        "chargingSchedule": schedule,
    }
