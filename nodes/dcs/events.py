"""The neutral operations between this box and a charging service, in both directions. Pure.

A dialect translates them to the messages of one version of OCPP and back. The names are those of
neither version: what 1.6 calls StartTransaction, MeterValues and StopTransaction are events of a
transaction in 2.0.1, and a configuration key is a variable there.

    this box asks       OCPP 1.6                       OCPP 2.0.1
    Boot                BootNotification               BootNotification
    Beat                Heartbeat                      Heartbeat
    AskToken            Authorize                      Authorize
    Begun               StartTransaction               TransactionEvent Started
    Sampled             MeterValues                    TransactionEvent Updated, MeterValues
    Ended               StopTransaction                TransactionEvent Ended
    ConnectorReport     StatusNotification             StatusNotification
    FirmwareReport      FirmwareStatusNotification     FirmwareStatusNotification
    LogReport           DiagnosticsStatusNotification  LogStatusNotification
    VendorMessage       DataTransfer                   DataTransfer

    the service asks    OCPP 1.6                       OCPP 2.0.1
    SetAvailability     ChangeAvailability             ChangeAvailability
    SetVariable         ChangeConfiguration            SetVariables
    GetVariables        GetConfiguration               GetVariables
    ClearCards          ClearCache                     ClearCache
    RequestStart        RemoteStartTransaction         RequestStartTransaction
    RequestStop         RemoteStopTransaction          RequestStopTransaction
    ResetBox            Reset                          Reset
    Unlock              UnlockConnector                UnlockConnector
    InstallProfile      SetChargingProfile             SetChargingProfile
    ClearProfiles       ClearChargingProfile           ClearChargingProfile
    AskComposite        GetCompositeSchedule           GetCompositeSchedule
    AskListVersion      GetLocalListVersion            GetLocalListVersion
    UpdateList          SendLocalList                  SendLocalList
    Trigger             TriggerMessage                 TriggerMessage
    Reserve             ReserveNow                     ReserveNow
    CancelReserve       CancelReservation              CancelReservation
    VendorMessage       DataTransfer                   DataTransfer
"""

from enum import StrEnum

from msgspec import Struct

from nodes.dcs.profile import ChargingProfile, ProfilePurpose

# --- tokens ---------------------------------------------------------------------------------------


class TokenStatus(StrEnum):
    """What the service says of a token (1.6: AuthorizationStatus)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT = "ConcurrentTx"  # it has another transaction already


class TokenInfo(Struct, frozen=True, kw_only=True):
    """A token as the service judges it (1.6: IdTagInfo, 2.0.1: IdTokenInfo)."""

    status: TokenStatus
    group: str = ""  # 1.6: parentIdTag; tokens of one group end each other's transactions
    expires_utc_s: float | None = None


# --- measured values ------------------------------------------------------------------------------


class MeasuredValue(Struct, frozen=True, kw_only=True):
    """One value of a sample, in OCPP's words, which both versions share."""

    measurand: str  # "Energy.Active.Import.Register"
    value: str  # a decimal number
    unit: str  # "Wh"
    phase: str = ""  # "L1"; "": of all phases together
    location: str = "Outlet"


class MeterSample(Struct, frozen=True, kw_only=True, tag=True):
    """All values of one instant."""

    utc_ns: int
    context: str  # "Sample.Periodic", "Sample.Clock", "Transaction.Begin", "Trigger"
    values: tuple[MeasuredValue, ...]


# --- the connector, and messages of one vendor ----------------------------------------------------


class ConnectorStatus(StrEnum):
    """The nine statuses of a connector (1.6: ChargePointStatus); 2.0.1 has five of them."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_BY_BOX = "SuspendedEVSE"
    SUSPENDED_BY_VEHICLE = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class VendorMessage(Struct, frozen=True, kw_only=True):
    """A message of one vendor, from either side."""

    vendor: str
    name: str = ""
    data: str = ""


class VendorAnswer(Struct, frozen=True, kw_only=True):
    """Answer to `VendorMessage`, of either side."""

    verdict: "Verdict"
    data: str = ""


# --- this box answers -----------------------------------------------------------------------------


class Verdict(StrEnum):
    """What came of a request of the service. Each request has only some of them."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    REBOOT_REQUIRED = "reboot_required"
    NOT_SUPPORTED = "not_supported"
    NOT_IMPLEMENTED = "not_implemented"
    UNKNOWN = "unknown"  # no such profile
    FAILED = "failed"
    VERSION_MISMATCH = "version_mismatch"
    FAULTED = "faulted"
    OCCUPIED = "occupied"
    UNAVAILABLE = "unavailable"
    UNKNOWN_VENDOR = "unknown_vendor"
    UNKNOWN_MESSAGE = "unknown_message"


class Reply(Struct, frozen=True, kw_only=True):
    """Answer with a verdict."""

    verdict: Verdict


class Variable(Struct, frozen=True, kw_only=True):
    """A variable as it is shown to the service."""

    name: str
    value: str | None  # None: it can only be written
    is_readonly: bool


class VariablesReply(Struct, frozen=True, kw_only=True):
    """Answer to `GetVariables`."""

    known: tuple[Variable, ...]
    unknown: tuple[str, ...]


class ListVersionReply(Struct, frozen=True, kw_only=True):
    """Answer to `AskListVersion`: 0 if the list is empty, -1 if there is none."""

    version: int


class CompositeReply(Struct, frozen=True, kw_only=True):
    """Answer to `AskComposite`: the schedule that holds from an instant on."""

    connector: int
    start_utc_s: int
    duration_s: int
    unit: str  # "A" or "W"
    # Of each: its begin [s from the start], its limit in the unit, and the phases.
    periods: tuple[tuple[int, float, int], ...]
    least_rate: float | None = None  # in the unit: below it the vehicle does not charge properly


# --- the service asks -----------------------------------------------------------------------------


class SetAvailability(Struct, frozen=True, kw_only=True):
    """Let a connector be used, or not; 0 is the whole box."""

    connector: int
    is_operative: bool


class SetVariable(Struct, frozen=True, kw_only=True):
    """Change a variable."""

    name: str
    value: str


class GetVariables(Struct, frozen=True, kw_only=True):
    """Show variables; none named: all."""

    names: tuple[str, ...] = ()


class ClearCards(Struct, frozen=True):
    """Forget the tokens that earlier answers of the service have judged."""


class RequestStart(Struct, frozen=True, kw_only=True):
    """Begin a transaction."""

    token: str
    connector: int | None
    profile: ChargingProfile | None = None  # for it


class RequestStop(Struct, frozen=True, kw_only=True):
    """End a transaction, by the service's id."""

    transaction: int


class ResetBox(Struct, frozen=True, kw_only=True):
    """Restart the box; not hard: after the transaction has been ended and reported."""

    is_hard: bool


class Unlock(Struct, frozen=True, kw_only=True):
    """Unlock the cable at a connector."""

    connector: int


class ReportKind(StrEnum):
    """What the service wants to be sent (1.6: MessageTrigger)."""

    BOOT = "boot"
    BEAT = "beat"
    VALUES = "values"
    STATUS = "status"
    FIRMWARE = "firmware"
    LOG = "log"


class Trigger(Struct, frozen=True, kw_only=True):
    """Send a report now. connector None: for all of them."""

    kind: ReportKind | None  # None: not one that this box has
    connector: int | None = None


class InstallProfile(Struct, frozen=True, kw_only=True):
    """Install a charging profile."""

    profile: ChargingProfile


class ClearProfiles(Struct, frozen=True, kw_only=True):
    """Clear charging profiles; None: any. If the id is given, nothing else counts."""

    profile_id: int | None = None
    connector: int | None = None
    purpose: ProfilePurpose | None = None
    stack_level: int | None = None


class Reserve(Struct, frozen=True, kw_only=True):
    """Reserve a connector for a token; 0 is any connector."""

    reservation: int
    connector: int
    token: str
    expires_utc_s: float
    group: str = ""


class ListedToken(Struct, frozen=True, kw_only=True):
    """A token of the service's list; without information: it is to be deleted."""

    token: str
    info: TokenInfo | None = None


class UpdateList(Struct, frozen=True, kw_only=True):
    """Change the list of tokens: all of it, or some of its tokens."""

    version: int
    is_full: bool
    tokens: tuple[ListedToken, ...] = ()


class AskListVersion(Struct, frozen=True):
    """Ask for the version of the list of tokens."""


class CancelReserve(Struct, frozen=True, kw_only=True):
    """Cancel a reservation."""

    reservation: int


class AskComposite(Struct, frozen=True, kw_only=True):
    """Ask for the schedule that holds from now on."""

    connector: int
    duration_s: int
    unit: str | None  # "A" or "W"; None: that of this box
