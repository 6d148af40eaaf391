"""OCPP 1.6: what the service asks, from payloads that fit their schemas. Pure."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nodes.dcs.clock import read
from nodes.dcs.events import (
    AskComposite,
    AskListVersion,
    CancelReserve,
    ClearCards,
    ClearProfiles,
    GetVariables,
    InstallProfile,
    ListedToken,
    ReportKind,
    RequestStart,
    RequestStop,
    Reserve,
    ResetBox,
    SetAvailability,
    SetVariable,
    TokenInfo,
    TokenStatus,
    Trigger,
    Unlock,
    UpdateList,
    VendorMessage,
)
from nodes.dcs.profile import (
    ChargingProfile,
    ProfileKind,
    ProfilePurpose,
    RatePeriod,
    RateUnit,
    Recurrence,
)

Payload = dict[str, Any]

PURPOSES = {
    "ChargePointMaxProfile": ProfilePurpose.BOX,
    "TxDefaultProfile": ProfilePurpose.EACH_TRANSACTION,
    "TxProfile": ProfilePurpose.TRANSACTION,
}
KINDS = {
    "Absolute": ProfileKind.ABSOLUTE,
    "Recurring": ProfileKind.RECURRING,
    "Relative": ProfileKind.RELATIVE,
}
RECURRENCES = {"Daily": Recurrence.DAILY, "Weekly": Recurrence.WEEKLY}
REPORTS = {
    "BootNotification": ReportKind.BOOT,
    "Heartbeat": ReportKind.BEAT,
    "MeterValues": ReportKind.VALUES,
    "StatusNotification": ReportKind.STATUS,
    "FirmwareStatusNotification": ReportKind.FIRMWARE,
    "DiagnosticsStatusNotification": ReportKind.LOG,
}


def time_of(payload: Payload, name: str) -> int | None:
    """Return a time [UTC ns]; None: the field is not there.

    :raises ValueError: it is no time.
    """
    text = payload.get(name)
    if text is None:
        return None
    at = read(text)
    if at is None:
        raise ValueError(f"{name}: expected a time of ISO 8601; got {text[:40]!r}")
    return at


def _seconds(payload: Payload, name: str) -> int | None:
    at = time_of(payload, name)
    return None if at is None else at // 1_000_000_000


def token_info(payload: Payload) -> TokenInfo:
    """Return an idTagInfo."""
    expires_ns = time_of(payload, "expiryDate")
    return TokenInfo(
        status=TokenStatus(payload["status"]),
        group=payload.get("parentIdTag", ""),
        expires_utc_s=None if expires_ns is None else expires_ns / 1e9,
    )


def profile_of(payload: Payload, connector: int) -> ChargingProfile:
    """Return a ChargingProfile.

    :raises ValueError: a time or a number that cannot be one.
    """
    schedule = payload["chargingSchedule"]
    return ChargingProfile(
        profile_id=payload["chargingProfileId"],
        connector=connector,
        purpose=PURPOSES[payload["chargingProfilePurpose"]],
        kind=KINDS[payload["chargingProfileKind"]],
        unit=RateUnit(schedule["chargingRateUnit"]),
        periods=tuple(_period(each) for each in schedule["chargingSchedulePeriod"]),
        stack_level=payload["stackLevel"],
        recurrence=RECURRENCES.get(payload.get("recurrencyKind", "")),
        start_utc_s=_seconds(schedule, "startSchedule"),
        duration_s=schedule.get("duration"),
        valid_from_utc_s=_seconds(payload, "validFrom"),
        valid_to_utc_s=_seconds(payload, "validTo"),
        least_rate=_rate(schedule.get("minChargingRate")),
        transaction=payload.get("transactionId"),
    )


def _period(payload: Payload) -> RatePeriod:
    limit = _rate(payload["limit"])
    assert limit is not None, "required by the schema"
    return RatePeriod(
        start_s=payload["startPeriod"], limit=limit, phases=payload.get("numberPhases")
    )


def _rate(value: Decimal | int | None) -> float | None:
    if value is None:
        return None
    rate = float(value)
    if not math.isfinite(rate):
        raise ValueError("a limit is beyond all bounds")
    return rate


def _availability(payload: Payload) -> SetAvailability:
    is_operative = payload["type"] == "Operative"
    return SetAvailability(connector=payload["connectorId"], is_operative=is_operative)


def _start(payload: Payload) -> RequestStart:
    connector, profile = payload.get("connectorId"), payload.get("chargingProfile")
    return RequestStart(
        token=payload["idTag"],
        connector=connector,
        profile=None if profile is None else profile_of(profile, connector or 1),
    )


def _clear_profiles(payload: Payload) -> ClearProfiles:
    purpose = payload.get("chargingProfilePurpose")
    return ClearProfiles(
        profile_id=payload.get("id"),
        connector=payload.get("connectorId"),
        purpose=None if purpose is None else PURPOSES[purpose],
        stack_level=payload.get("stackLevel"),
    )


def _reserve(payload: Payload) -> Reserve:
    expires_ns = time_of(payload, "expiryDate")
    assert expires_ns is not None, "required by the schema"
    return Reserve(
        reservation=payload["reservationId"],
        connector=payload["connectorId"],
        token=payload["idTag"],
        expires_utc_s=expires_ns / 1e9,
        group=payload.get("parentIdTag", ""),
    )


def _list(payload: Payload) -> UpdateList:
    return UpdateList(
        version=payload["listVersion"],
        is_full=payload["updateType"] == "Full",
        tokens=tuple(_listed(each) for each in payload.get("localAuthorizationList", ())),
    )


def _listed(payload: Payload) -> ListedToken:
    info = payload.get("idTagInfo")
    return ListedToken(token=payload["idTag"], info=None if info is None else token_info(info))


def _trigger(payload: Payload) -> Trigger:
    kind = REPORTS.get(payload["requestedMessage"])
    return Trigger(kind=kind, connector=payload.get("connectorId"))


def _composite(payload: Payload) -> AskComposite:
    return AskComposite(
        connector=payload["connectorId"],
        duration_s=payload["duration"],
        unit=payload.get("chargingRateUnit"),
    )


def _vendor(payload: Payload) -> VendorMessage:
    return VendorMessage(
        vendor=payload["vendorId"],
        name=payload.get("messageId", ""),
        data=payload.get("data", ""),
    )


DECODERS: dict[str, Callable[[Payload], Any]] = {
    "CancelReservation": lambda payload: CancelReserve(reservation=payload["reservationId"]),
    "ChangeAvailability": _availability,
    "ChangeConfiguration": lambda payload: SetVariable(name=payload["key"], value=payload["value"]),
    "ClearCache": lambda _: ClearCards(),
    "ClearChargingProfile": _clear_profiles,
    "DataTransfer": _vendor,
    "GetCompositeSchedule": _composite,
    "GetConfiguration": lambda payload: GetVariables(names=tuple(payload.get("key", ()))),
    "GetLocalListVersion": lambda _: AskListVersion(),
    "RemoteStartTransaction": _start,
    "RemoteStopTransaction": lambda payload: RequestStop(transaction=payload["transactionId"]),
    "ReserveNow": _reserve,
    "Reset": lambda payload: ResetBox(is_hard=payload["type"] == "Hard"),
    "SendLocalList": _list,
    "SetChargingProfile": lambda payload: InstallProfile(
        profile=profile_of(payload["csChargingProfiles"], payload["connectorId"])
    ),
    "TriggerMessage": _trigger,
    "UnlockConnector": lambda payload: Unlock(connector=payload["connectorId"]),
}
"""The actions of the service that this box offers."""

NOT_OFFERED = frozenset(
    {
        # of 1.6, and of the security whitepaper, for a charge point
        "CertificateSigned",
        "DeleteCertificate",
        "ExtendedTriggerMessage",
        "GetDiagnostics",
        "GetInstalledCertificateIds",
        "GetLog",
        "InstallCertificate",
        "SignedUpdateFirmware",
        "UpdateFirmware",
        # for the service
        "Authorize",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
)
"""Actions of this version that this box does not offer."""
