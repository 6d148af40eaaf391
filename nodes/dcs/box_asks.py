"""What this box asks of the service, and what is answered; see `nodes.dcs.events`. Pure."""

from enum import StrEnum

from msgspec import Struct

from nodes.dcs.events import ConnectorStatus, MeterSample, TokenInfo, VendorAnswer, VendorMessage

# --- this box asks --------------------------------------------------------------------------------


class StopCause(StrEnum):
    """Why a transaction ended (1.6: Reason)."""

    DEAUTHORIZED = "DeAuthorized"
    VEHICLE_LEFT = "EVDisconnected"
    HARD_RESET = "HardReset"
    LOCAL = "Local"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"


class ConnectorError(StrEnum):
    """What is wrong with a connector (1.6: ChargePointErrorCode)."""

    NONE = "NoError"
    GROUND_FAILURE = "GroundFailure"
    HIGH_TEMPERATURE = "HighTemperature"
    INTERNAL = "InternalError"
    OTHER = "OtherError"
    OVER_CURRENT = "OverCurrentFailure"
    OVER_VOLTAGE = "OverVoltage"
    METER = "PowerMeterFailure"
    SWITCH = "PowerSwitchFailure"
    READER = "ReaderFailure"
    UNDER_VOLTAGE = "UnderVoltage"
    VEHICLE = "EVCommunicationError"


class Boot(Struct, frozen=True, kw_only=True):
    """The box has started, or registers again."""

    serial: str
    firmware: str
    model: str
    vendor: str


class Beat(Struct, frozen=True):
    """The box is there; the answer has the time."""


class AskToken(Struct, frozen=True, kw_only=True):
    """Ask whether a token may charge."""

    token: str


class Begun(Struct, frozen=True, kw_only=True, tag=True):
    """A transaction has begun."""

    connector: int
    token: str
    meter_wh: int
    utc_ns: int
    reservation: int | None = None


class Sampled(Struct, frozen=True, kw_only=True):
    """Values of the meter, in a transaction or outside."""

    connector: int
    samples: tuple[MeterSample, ...]
    transaction: int | None = None  # the service's id


class Ended(Struct, frozen=True, kw_only=True, tag=True):
    """A transaction has ended."""

    transaction: int
    meter_wh: int
    utc_ns: int
    cause: StopCause
    token: str = ""  # that ended it; "": none did
    samples: tuple[MeterSample, ...] = ()


class ConnectorReport(Struct, frozen=True, kw_only=True):
    """The status of a connector; 0 is the whole box."""

    connector: int
    status: ConnectorStatus
    utc_ns: int | None  # None: the clock is not set
    error: ConnectorError = ConnectorError.NONE
    info: str = ""
    code: str = ""  # of this box, as the page shows it


class FirmwareReport(Struct, frozen=True):
    """No update of the firmware is under way."""


class LogReport(Struct, frozen=True):
    """No upload of logs is under way."""


Asked = (
    Boot
    | Beat
    | AskToken
    | Begun
    | Sampled
    | Ended
    | ConnectorReport
    | FirmwareReport
    | LogReport
    | VendorMessage
)
"""What this box asks."""


# --- the service answers --------------------------------------------------------------------------


class Registration(StrEnum):
    """Whether the service takes this box (1.6: RegistrationStatus)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class BootAnswer(Struct, frozen=True, kw_only=True):
    """Answer to `Boot`."""

    registration: Registration
    interval_s: float  # of `Beat` once accepted, else until the next `Boot`
    utc_ns: int | None  # None: the service says no time


class BeatAnswer(Struct, frozen=True, kw_only=True):
    """Answer to `Beat`."""

    utc_ns: int | None  # None: the service says no time


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """Answer to `AskToken`."""

    info: TokenInfo


class BegunAnswer(Struct, frozen=True, kw_only=True):
    """Answer to `Begun`."""

    transaction: int
    info: TokenInfo


class EndedAnswer(Struct, frozen=True, kw_only=True):
    """Answer to `Ended`."""

    info: TokenInfo | None


class Noted(Struct, frozen=True):
    """Answer without content."""


Answered = BootAnswer | BeatAnswer | TokenAnswer | BegunAnswer | EndedAnswer | Noted | VendorAnswer
"""What the service answers."""
