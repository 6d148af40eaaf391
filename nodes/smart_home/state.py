"""The inputs, the state and the outputs of smart_home's machine. Pure."""

from typing import Any

from msgspec import Struct, field

from bus import Answer
from bus.write_behind import WriteBehind, WriteResult
from msgs.method import Method
from msgs.session import SessionStatus
from msgs.smart_home import SmartHomeOrder, SmartHomeStatus
from msgs.wish import Wishes
from nodes.smart_home.control import NO_CONTROL, Control
from nodes.smart_home.kept import NO_LASTING, Kept, Lasting
from nodes.smart_home.orders import Order, Outcome


class ChargeSeen(Struct, frozen=True, kw_only=True):
    """What decides of session/status."""

    plugged: bool
    authorized: bool
    authorization_required: bool
    released: bool
    session_id: str
    token: str
    energy_wh: float


def session_seen(session: SessionStatus) -> ChargeSeen:
    """Return what decides of session/status."""
    return ChargeSeen(
        plugged=session.plugged,
        authorized=session.authorized,
        authorization_required=session.authorization_required,
        released=session.released,
        session_id=session.session_id,
        token=session.token,
        energy_wh=session.energy_wh,
    )


class OrderCall(Struct, frozen=True, kw_only=True):
    """An order of a controller, to be answered once."""

    number: int
    order: Order
    sender: str  # its address
    words: str  # as it was sent, for a person
    may_start: bool = False  # with a card: the setting allows it


class OrderReplied(Struct, frozen=True, kw_only=True):
    """The answer of another node to the request of an order."""

    number: int
    answer: Answer[Any]


class Inputs(Struct, frozen=True, kw_only=True):
    """What is known at this instant, and what has happened."""

    now_s: float
    utc_ns: int
    boot: str
    series: str  # "": not known
    # A controller can be answered. None: not known yet, so that nothing is lifted.
    is_used: bool | None
    session: ChargeSeen | None = None  # None: silent
    has_udp: bool = False  # the settings have it on
    udp: str = ""  # why it does not answer, for a person; "": it does
    has_modbus: bool = False  # likewise
    modbus: str = ""
    has_mqtt: bool = False  # likewise
    mqtt: str = ""
    order: OrderCall | None = None
    replied: OrderReplied | None = None
    written: WriteResult | None = None


class Stores(Struct, frozen=True, kw_only=True):
    """What is written together: for the run, and over starts of the box."""

    kept: Kept
    lasting: Lasting


class UnconfirmedOrder(Struct, frozen=True, kw_only=True):
    """An order that is answered once its value is on the disk."""

    call: OrderCall
    stores: Stores


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    control: Control = NO_CONTROL
    lasting: Lasting = NO_LASTING
    found: Kept | None = None  # of the run before; judged once the series is known
    series: str = ""
    store: WriteBehind[Stores] = field(default_factory=WriteBehind)
    waiting: tuple[UnconfirmedOrder, ...] = ()
    asked: tuple[OrderCall, ...] = ()  # of other nodes
    last: SmartHomeOrder | None = None
    last_number: int = 0  # of that order
    said: Wishes | None = None  # sent last; None: none since the start
    repeat_s: float = 0.0  # they are sent again then, if they have a hold


class OrderRequest(Struct, frozen=True, kw_only=True):
    """A request to another node for an order."""

    number: int
    method: Method[Any, Any]
    arguments: Any


class Outputs(Struct, frozen=True, kw_only=True):
    """What to do now."""

    wishes: Wishes | None  # to be sent; None: they are known
    status: SmartHomeStatus
    answers: tuple[tuple[int, Outcome], ...] = ()
    requests: tuple[OrderRequest, ...] = ()
    write: Stores | None = None
    lines: tuple[tuple[str, str], ...] = ()  # of the log: level, text
    due_s: float
