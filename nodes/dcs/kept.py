"""What dcs keeps on the disk: a pairing, transactions and what is queued of them. Pure."""

from msgspec import Struct

from msgs.dcs import ChargeMode
from nodes.dcs.box_asks import Begun, Ended, StopCause
from nodes.dcs.events import MeterSample
from nodes.dcs.keys import DEFAULTS, Configuration
from nodes.dcs.local_list import EMPTY_LIST, LocalList
from nodes.dcs.profiles import NO_PROFILES, ProfileSet
from nodes.dcs.reservation import Reservation


class Pairing(Struct, frozen=True, kw_only=True):
    """The service that this box belongs to."""

    url: str = ""  # "": none
    has_key: bool = False  # the key that it has sent is stored, beside this


class Transaction(Struct, frozen=True, kw_only=True):
    """A session as the service knows it, until all of it is acknowledged."""

    session_id: str
    token: str
    begun_wh: int = 0
    sampled_wh: int = 0  # the register of the newest sample: what the service knows, at least
    begun_utc_ns: int = 0
    number: int | None = None  # the service's id; None: not known yet
    group: str = ""  # of the token
    cause: StopCause | None = None  # why this node has ended the session
    end_token: str = ""  # that has ended it
    is_refused: bool = False  # the service does not accept the token
    is_ended: bool = False  # its end is queued, or acknowledged
    is_lost: bool = False  # the service has refused its begin for good
    reservation: int | None = None
    mode: ChargeMode | None = None  # chosen by a person at the box


class Queued(Struct, frozen=True, kw_only=True):
    """A message of a transaction that the service has not acknowledged."""

    number: int  # the order
    session_id: str
    asked: Begun | Ended | MeterSample  # the service's id is added when it is sent
    attempts: int = 0  # that the service has refused
    is_utc_set: bool = True  # the clock was known to be set at its time
    is_stamped: bool = False  # its time is by the service's clock, as far as that is known
    # Of its time: UTC of the box less the monotonic clock, and the boot. None: it is not known.
    box_ahead_ns: int | None = None
    boot: str = ""


class Marks(Struct, frozen=True, kw_only=True):
    """Where the node has come to."""

    next_number: int = 1  # of `Queued`
    # The newest session that is ended, and of which all is queued. None: none was looked at yet.
    session_id: str | None = None


class Availability(Struct, frozen=True, kw_only=True):
    """Whether the service lets this box be used."""

    box: bool = True
    connector: bool = True
    # What becomes true with the end of the transaction that runs; None: nothing waits.
    then_box: bool | None = None
    then_connector: bool | None = None


class Durable(Struct, frozen=True, kw_only=True):
    """All that is on the disk."""

    pairing: Pairing = Pairing()
    marks: Marks = Marks()
    availability: Availability = Availability()
    transactions: tuple[Transaction, ...] = ()  # the oldest first
    queue: tuple[Queued, ...] = ()  # the oldest first
    configuration: Configuration = DEFAULTS
    profiles: ProfileSet = NO_PROFILES
    local_list: LocalList = EMPTY_LIST
    reservation: Reservation | None = None
    used_reservation: str = ""  # the token that uses it
