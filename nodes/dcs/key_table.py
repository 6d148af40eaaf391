"""The configuration keys of OCPP 1.6, chapter 9, that this box has. Pure.

All act at once, so that none needs a restart. A key is here only if something follows it; the file
that does is in its row. What is not here is answered NotSupported (section 5.3); `NOT_HERE` has the
reasons. A dialect of 2.0.1 gives them the names of its variables.
"""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from nodes.dcs import local_list, measurands
from nodes.dcs.profile_check import (
    CONNECTORS,
    MOST_PERIODS,
    MOST_PROFILES,
    MOST_STACK_LEVEL,
)

DAY_S = 86_400
MOST_KEYS = 100  # that one request may name: more than there are
MOST_VALUE = 500  # characters: CiString500 (section 7.25)
# OCPP 1.6, security whitepaper, section 3.1: 16 to 20 bytes, written as 32 to 40 hex digits.
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 16, 20

PROFILES = "Core,LocalAuthListManagement,RemoteTrigger,Reservation,SmartCharging"
ENERGY = measurands.ENERGY
SAMPLED = ",".join(
    (ENERGY, measurands.POWER, measurands.CURRENT, measurands.VOLTAGE, measurands.CURRENT_OFFERED)
)


class KeyAccess(StrEnum):
    """What the service may do with a key."""

    READ = "read"
    WRITE = "write"  # it is secret
    BOTH = "both"


class ConfigurationKey(Struct, frozen=True, kw_only=True):
    """A row of the table."""

    name: str
    effect: str  # what it does
    used_by: str  # the file that follows it; "": the service itself, which reads it
    access: KeyAccess
    default: str | None  # None: given by the node, or secret
    check: Callable[[str], str]  # why a value is refused, "" if it is not


# --- what a value may be --------------------------------------------------------------------------


def _boolean(value: str) -> str:
    return "" if value.strip().lower() in ("true", "false") else "expected true or false"


def _only(wanted: str, reason: str) -> Callable[[str], str]:
    """Return a check that refuses all values but one, with the reason."""

    def check(value: str) -> str:
        return "" if value.strip().lower() == wanted else reason

    return check


def _whole(least: int, most: int) -> Callable[[str], str]:
    """Return a check for a whole number."""

    def check(value: str) -> str:
        digits = value.strip()
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= 10
        if is_number and least <= int(digits) <= most:
            return ""
        return f"expected a number from {least} to {most}"

    return check


def _measurands(value: str) -> str:
    if len(value) > MOST_VALUE:
        return f"expected {MOST_VALUE} characters at most"
    many = len(measurands.items(value))
    if many > MOST_MEASURANDS:
        return f"{many} measurands: expected {MOST_MEASURANDS} at most"
    return measurands.list_refusal(value)


def _secret(value: str) -> str:
    """Check a key of hex digits. The value is in no text: it is secret."""
    try:
        length = len(bytes.fromhex(value)) if value.isalnum() else 0
    except ValueError:
        length = 0
    if LEAST_SECRET_BYTES <= length <= MOST_SECRET_BYTES:
        return ""
    return (
        f"expected {2 * LEAST_SECRET_BYTES} to {2 * MOST_SECRET_BYTES} hex digits, an even number"
    )


def _unchecked(_value: str) -> str:
    return ""


# --- the table ------------------------------------------------------------------------------------

MOST_MEASURANDS = 20  # of one list: each of them, some of them by phase
HEARTBEAT = "HeartbeatInterval"
PHASE_ROTATION = "ConnectorPhaseRotation"
SECURITY_PROFILE = "SecurityProfile"
_TIME = _whole(0, DAY_S)


def _row(
    name: str,
    default: str | int | bool,
    check: Callable[[str], str],
    used_by: str,
    effect: str,
) -> ConfigurationKey:
    """Return a row that the service may read and write."""
    return ConfigurationKey(
        name=name,
        effect=effect,
        used_by=used_by,
        access=KeyAccess.BOTH,
        default=str(default).lower() if isinstance(default, bool) else str(default),
        check=check,
    )


def _fact(name: str, value: str | int | bool | None, effect: str) -> ConfigurationKey:
    """Return a row that the service may only read."""
    default = str(value).lower() if isinstance(value, bool) else value
    return ConfigurationKey(
        name=name,
        effect=effect,
        used_by="",
        access=KeyAccess.READ,
        default=None if default is None else str(default),
        check=_unchecked,
    )


KEYS: tuple[ConfigurationKey, ...] = (
    # Core, section 9.1
    _row(
        "AllowOfflineTxForUnknownId",
        False,
        _boolean,
        "authorisation.py",
        "A card that nobody knows may charge while the service is not reached.",
    ),
    _row(
        "AuthorizeRemoteTxRequests",
        False,
        _boolean,
        "remote.py",
        "The token of a remote start is authorised like a card before the charge begins.",
    ),
    _row(
        "ClockAlignedDataInterval",
        0,
        _TIME,
        "sampling.py",
        "Seconds between two samples that are aligned to midnight UTC; 0: none.",
    ),
    _row(
        "ConnectionTimeOut",
        60,
        _whole(1, 60),
        "remote.py",
        "Seconds from a remote start until it lapses if no charge has begun. The authorisation by "
        "a card always lapses after 60 s (RFID-4), so it is not more.",
    ),
    _fact(PHASE_ROTATION, None, "How the phases of the house are wired to the box (MET-4)."),
    _fact("ConnectorPhaseRotationMaxLength", CONNECTORS + 1, "Entries of the key above."),
    _fact("GetConfigurationMaxKeys", MOST_KEYS, "Keys that one request may name."),
    _row(
        HEARTBEAT,
        300,
        _TIME,
        "configuring.py",
        "Seconds between two heartbeats; 0: none. Each accepted registration sets it.",
    ),
    _row(
        "LocalAuthorizeOffline",
        True,
        _boolean,
        "authorisation.py",
        "A taught card, or an entry of the list, may charge while the service is not reached.",
    ),
    _row(
        "LocalPreAuthorize",
        False,
        _boolean,
        "authorisation.py",
        "An entry of the list may charge without asking the service (RFID-11: off).",
    ),
    _row(
        "MeterValuesAlignedData",
        ENERGY,
        _measurands,
        "sampling.py",
        "The measurands of the aligned samples.",
    ),
    _fact("MeterValuesAlignedDataMaxLength", MOST_MEASURANDS, "Entries of the key above."),
    _row(
        "MeterValuesSampledData",
        SAMPLED,
        _measurands,
        "sampling.py",
        "The measurands of the periodic samples.",
    ),
    _fact("MeterValuesSampledDataMaxLength", MOST_MEASURANDS, "Entries of the key above."),
    _row(
        "MeterValueSampleInterval",
        60,
        _TIME,
        "sampling.py",
        "Seconds between two periodic samples of a transaction; 0: none.",
    ),
    _row(
        "MinimumStatusDuration",
        0,
        _TIME,
        "status.py",
        "Seconds that a status has to last before it is reported.",
    ),
    _fact("NumberOfConnectors", CONNECTORS, "The box has one cable."),
    _row(
        "ResetRetries",
        0,
        _only("0", "a restart that is refused, as while a person works on the box, stays refused"),
        "",
        "Only 0: a restart is asked for once.",
    ),
    _row(
        "StopTransactionOnEVSideDisconnect",
        True,
        _only("true", "a session always ends when the vehicle is unplugged"),
        "",
        "Only true: a session ends when the vehicle is unplugged (CHG-2).",
    ),
    _row(
        "StopTransactionOnInvalidId",
        True,
        _boolean,
        "transactions.py",
        "A charge ends whose card the service does not accept; false: it pauses.",
    ),
    _row(
        "StopTxnAlignedData",
        "",
        _measurands,
        "sampling.py",
        "The measurands of the aligned samples that are sent with the end of a transaction.",
    ),
    _fact("StopTxnAlignedDataMaxLength", MOST_MEASURANDS, "Entries of the key above."),
    _row(
        "StopTxnSampledData",
        "",
        _measurands,
        "sampling.py",
        "The measurands of the samples that are sent with the end of a transaction.",
    ),
    _fact("StopTxnSampledDataMaxLength", MOST_MEASURANDS, "Entries of the key above."),
    _fact("SupportedFeatureProfiles", PROFILES, "The feature profiles of this box."),
    _fact("SupportedFeatureProfilesMaxLength", PROFILES.count(",") + 1, "Their number."),
    _row(
        "TransactionMessageAttempts",
        3,
        _whole(1, 100),
        "outbox.py",
        "How often a message of a transaction is sent that the service answers with an error.",
    ),
    _row(
        "TransactionMessageRetryInterval",
        30,
        _TIME,
        "outbox.py",
        "Seconds between two attempts, times the number of attempts so far.",
    ),
    _row(
        "UnlockConnectorOnEVSideDisconnect",
        False,
        _only("false", "the cable is fixed: nothing is locked at the box"),
        "",
        "Only false: the cable is fixed (CHG-3).",
    ),
    _row(
        "WebSocketPingInterval",
        60,
        _TIME,
        "boot.py",
        "Seconds between two pings, by which a dead link is found; 0: none.",
    ),
    # Local Auth List Management, section 9.2
    _row(
        "LocalAuthListEnabled",
        True,
        _boolean,
        "authorisation.py",
        "The list of the service counts.",
    ),
    _fact("LocalAuthListMaxLength", local_list.MOST_ENTRIES, "Entries of the list."),
    _fact("SendLocalListMaxLength", local_list.MOST_ENTRIES, "Entries of one request."),
    # Reservation, section 9.3
    _fact("ReserveConnectorZeroSupported", True, "The whole box can be reserved."),
    # Smart Charging, section 9.4
    _fact("ChargeProfileMaxStackLevel", MOST_STACK_LEVEL, "The highest stack level."),
    _fact("ChargingScheduleAllowedChargingRateUnit", "Current,Power", "Units of a limit."),
    _fact("ChargingScheduleMaxPeriods", MOST_PERIODS, "Periods of a charging profile."),
    _fact("ConnectorSwitch3to1PhaseSupported", False, "The box does not switch phases."),
    _fact("MaxChargingProfilesInstalled", MOST_PROFILES, "Charging profiles in all."),
    # Security whitepaper, edition 2, section 2
    ConfigurationKey(
        name="AuthorizationKey",
        effect="The password of this box at the service, as hex digits; the box connects again.",
        used_by="pairing.py",
        access=KeyAccess.WRITE,
        default=None,
        check=_secret,
    ),
    _fact(SECURITY_PROFILE, None, "0 to 2: it follows from the address and the key (DCS-6)."),
)
"""All keys, by the sections of the specification. Numbers without a source are assumed."""

NOT_HERE: dict[str, str] = {
    "AuthorizationCacheEnabled": "No earlier answer of the service authorises (RFID-11).",
    "BlinkRepeat": "The lights have their meanings (LED).",
    "LightIntensity": "The lights have their meanings (LED).",
    "MaxEnergyOnInvalidId": "A card that is not accepted charges nothing.",
}
"""The optional keys of these sections that this box does not have, each with its reason."""

BY_NAME = {row.name.casefold(): row for row in KEYS}
"""All keys, by their names in small letters."""
