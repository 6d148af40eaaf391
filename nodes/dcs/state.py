"""The state of dcs, its inputs and outputs. Pure.

What is on the disk is in `nodes.dcs.kept`; the rest begins again with each start.
"""

import math
from typing import Any

from msgspec import Struct

from bus.write_behind import WriteResult
from msgs.dcs import CardDecision, ChargeMode, DcsStatus, PlanPeriod
from msgs.meter import MeterReading
from msgs.method import Method
from msgs.requests import Answer, StopReason
from msgs.safety import FaultCode, SafetyPhase
from msgs.session import SessionRecord, WallboxState
from msgs.wish import Wishes
from nodes.dcs.box_asks import Asked, ConnectorReport, Registration
from nodes.dcs.clock import WallClock
from nodes.dcs.composition import RatesNow
from nodes.dcs.dialect import FrameFault, Message, ServiceRequest
from nodes.dcs.events import ConnectorStatus, MeterSample, TokenInfo
from nodes.dcs.kept import Durable
from nodes.dcs.link import CloseReason, Destination, LinkEvent
from nodes.dcs.profile import ChargingProfile
from nodes.dcs.profiles import NO_PROFILES, ProfileSet
from nodes.dcs.service import Service

CONNECTOR = 1  # this box has one
UNKNOWN_PHASES = 3  # of a vehicle that has not shown its phases, where nobody names their number

# --- what begins again with each start ------------------------------------------------------------


class LinkState(Struct, frozen=True, kw_only=True):
    """The connection."""

    is_opening: bool = False
    is_open: bool = False
    destination: Destination | None = None  # that it goes to, or went to last
    failures: int = 0  # in a row
    retry_s: float = 0.0  # no attempt before
    heard_s: float = 0.0  # the last sign of the other end
    ping_s: float = math.inf  # the next ping
    pong_by_s: float = math.inf  # the connection is dead if nothing is heard by then
    problem: CloseReason | None = None  # why there is none
    text: str = ""

    @property
    def destination_words(self) -> str:
        """Return where it goes to, for a person."""
        return "no service" if self.destination is None else self.destination.url


class Registered(Struct, frozen=True, kw_only=True):
    """Whether the service has taken this box since its start."""

    last: Registration | None = None  # the newest answer; it is valid over a new connection
    boot_s: float = 0.0  # no `Boot` before
    beat_s: float = math.inf  # the next `Beat`
    interval_s: float = 300.0
    is_asked_again: bool = False  # the service has triggered a `Boot`


class PendingCall(Struct, frozen=True, kw_only=True):
    """The call of this box that is open."""

    message_id: str
    asked: Asked
    due_s: float  # no answer counts as a failure from then on
    number: int = 0  # of the queued message; 0: none
    key: str = ""  # what it was made for


class Waiting(Struct, frozen=True, kw_only=True):
    """A call that waits for its turn; it is lost with the connection."""

    asked: Asked
    key: str  # a later call with the same key replaces it
    is_early: bool = False  # it may be sent before the service has accepted this box


class Outbox(Struct, frozen=True, kw_only=True):
    """The calls of this box."""

    prefix: str = ""  # of the message ids of this start
    count: int = 0
    call: PendingCall | None = None
    waiting: tuple[Waiting, ...] = ()
    head_s: float = 0.0  # the oldest queued message is not tried before
    # Transactions whose messages wait, since the service does not answer: (session, until [s]).
    parked: tuple[tuple[str, float], ...] = ()
    silent: tuple[str, int] = ("", 0)  # a session, and its calls without an answer in a row


class Store(Struct, frozen=True, kw_only=True):
    """What is being written; see `nodes.dcs.store`."""

    waiting: dict[tuple[str, str], bytes | None] = {}
    writing: dict[tuple[str, str], bytes | None] = {}
    retry_s: float = 0.0
    problem: str | None = None  # for a person
    detail: str = ""  # of the problem, for the log
    is_urgent: bool = False  # more than samples wait
    since_s: float = 0.0  # the oldest that waits
    samples: frozenset[str] = frozenset()  # the names of those on the disk


class Held(Struct, frozen=True, kw_only=True):
    """An answer to the service that waits for the disk."""

    request: ServiceRequest
    reply: Any


class CardCall(Struct, frozen=True, kw_only=True):
    """rfid asks whether a card may charge."""

    number: int
    token: str
    is_taught: bool
    due_s: float = math.inf  # decided without the service from then on


class RemoteStart(Struct, frozen=True, kw_only=True):
    """A start that the service has asked for and that has not begun."""

    token: str
    until_s: float
    profile: ChargingProfile | None = None  # for its transaction
    is_checking: bool = False  # the service has been asked for the token
    is_checked: bool = False
    is_asked: bool = False  # session has been asked
    is_seen: bool = False  # session has authorised it
    is_withdrawn: bool = False  # session has been asked to take it back: its time is over


class Reset(Struct, frozen=True, kw_only=True):
    """A restart that the service has asked for."""

    is_hard: bool
    by_s: float  # it takes place then at the latest
    from_s: float = 0.0  # and not before
    is_asked: bool = False
    retries: int = 0


class PairingOffer(Struct, frozen=True, kw_only=True):
    """An offer of the service to pair with it."""

    until_s: float = -math.inf
    is_confirmed: bool = False


class SessionsLook(Struct, frozen=True, kw_only=True):
    """What the node knows of the store of sessions."""

    is_asked: bool = False
    is_settled: bool = False  # it has been read since the start
    retry_s: float = 0.0
    session_id: str | None = None  # that ran when it was read last; None: not read yet
    lacks: str = ""  # a session that has begun and is not in the store: its disk refuses it
    found: tuple[SessionRecord, ...] = ()  # of the pages so far, the newest first
    lost_s: float | None = None  # since when an end waits for the register; its session is lost


class Sampling(Struct, frozen=True, kw_only=True):
    """When samples are due [monotonic s]."""

    session_id: str = ""
    every_s: float = math.inf
    next_s: float = math.inf
    interval_s: float = 0.0  # of samples at instants of the clock
    aligned_s: float = math.inf
    ahead_ns: int | None = None  # UTC less the monotonic clock, by which that was set
    phases_s: float = math.inf  # the phases that the vehicle uses


class PlanView(Struct, frozen=True, kw_only=True):
    """What the profiles allow now. Made again when it changes, by what it was made of."""

    profiles: ProfileSet = NO_PROFILES
    begun_s: float | None = None  # UTC
    phases: int | None = None
    ahead_s: float = 0.0  # UTC less the monotonic clock
    rates: RatesNow = RatesNow()
    after: RatesNow = RatesNow()  # from `rates.until_s` on
    periods: tuple[PlanPeriod, ...] = ()


NO_PLAN = PlanView()


class State(Struct, frozen=True, kw_only=True):
    """All of it."""

    durable: Durable = Durable()
    link: LinkState = LinkState()
    registered: Registered = Registered()
    outbox: Outbox = Outbox()
    clock: WallClock = WallClock()
    store: Store = Store()
    held: tuple[Held, ...] = ()
    look: SessionsLook = SessionsLook()
    cards: tuple[CardCall, ...] = ()
    offer: PairingOffer = PairingOffer()
    remote: RemoteStart | None = None
    reset: Reset | None = None
    charged: str = ""  # the newest session in which the contactor has been closed
    finished_plug: bool = False  # the plug that is in has had a session
    sampling: Sampling = Sampling()
    triggered: bool = False  # a sample
    last_wh: float | None = None  # the register that was read last
    ended_samples: tuple[str, tuple[MeterSample, ...]] = ("", ())  # a session, for its end
    phases: int | None = None  # that the vehicle uses; None: it has not shown them yet
    plan: PlanView = NO_PLAN
    reported_choice: tuple[str, ChargeMode | None] = ("", None)  # sent last, and of which session
    wishes: Wishes | None = None  # sent last; None: none since the start
    repeat_s: float = 0.0  # they are sent again then, if they have a hold
    chosen: tuple[str, float] = ("", 0.0)  # a session, and when a person chose its mode [s]
    stop_by_s: float = 0.0  # 0: no stop was asked for
    wrong: tuple[float, int] = (-math.inf, 0)  # frames of the service: since [s], and how many
    reconnects: bool = False  # once all is stored and answered
    unpairing: bool = False  # who has asked for it is answered once that is stored
    status_since_s: float = 0.0  # of the status that is not reported yet
    status_seen: ConnectorStatus | None = None
    reports: tuple[ConnectorReport | None, ConnectorReport | None] = (None, None)  # sent last
    tokens: tuple[tuple[str, TokenInfo], ...] = ()  # judged by the service in this run, newest last


# --- inputs and outputs ---------------------------------------------------------------------------


class SessionSeen(Struct, frozen=True, kw_only=True):
    """What dcs uses of session/status."""

    state: WallboxState
    plugged: bool
    authorized: bool
    permitted: bool
    session_id: str
    released: bool
    token: str
    authorization_required: bool
    started_ns: int | None


class SafetyView(Struct, frozen=True, kw_only=True):
    """What dcs uses of safety/status."""

    faults: tuple[FaultCode, ...]
    is_closed: bool  # the contactor
    phase: SafetyPhase
    is_unplugged: bool = False  # CP state A


class Inputs(Struct, frozen=True, kw_only=True):
    """What a step knows of the rest of the world. None: silent."""

    now_s: float
    utc_ns: int
    since_s: float
    wall_offset_ns: int  # UTC less the monotonic clock; it changes when UTC is set
    boot: str
    is_utc_set: bool
    jitter: float  # random, 0 to 1; another one after each use
    serial: str
    firmware: str
    service: Service | None  # None: none is used
    session: SessionSeen | None
    safety: SafetyView | None = None
    offer_a: float | None = None  # None: load_manager is silent
    reading: MeterReading | None = None  # only where a sample is due
    session_wh: float = 0.0  # of the session that runs, only where a sample is due
    stop: StopReason | None = None
    link: LinkEvent | None = None
    message: Message | None = None
    replied: "Replied | None" = None
    written: WriteResult | None = None
    card: CardCall | None = None
    is_pressed: bool = False  # the touch key
    unpairs: bool = False  # a person ends the pairing


class BusRequest(Struct, frozen=True, kw_only=True):
    """A request to another node."""

    method: Method[Any, Any]
    arguments: Any
    key: str  # of its `Replied`


class Replied(Struct, frozen=True, kw_only=True):
    """The answer to a `BusRequest`."""

    key: str
    answer: Answer[Any]


class Sent(Struct, frozen=True, kw_only=True):
    """A frame to be sent: a call, an answer or an error."""

    message_id: str = ""
    call: Asked | None = None
    request: ServiceRequest | None = None
    reply: Any = None
    fault: FrameFault | None = None
    text: str = ""


class Outputs(Struct, frozen=True, kw_only=True):
    """What a step wants to be done, in the order of the fields."""

    status: DcsStatus | None
    wishes: Wishes | None  # None: none are sent
    due_s: float
    lines: tuple[tuple[str, str], ...] = ()  # to log: level, text
    connect: Destination | None = None
    disconnects: bool = False
    pings: bool = False
    sends: tuple[Sent, ...] = ()
    requests: tuple[BusRequest, ...] = ()
    decisions: tuple[tuple[int, CardDecision], ...] = ()  # to `CardCall.number`
    unpaired: str | None = None  # the pairing is ended (""), or why not
    write: dict[tuple[str, str], bytes | None] | None = None
    uses_jitter: bool = False
    done: bool = False
