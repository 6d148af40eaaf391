"""The answer to a request, and the arguments that several methods share.

The arguments of one node alone are in that node's file, and all methods in `msgs.methods`.
"""

from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

from msgs.units import Name, Nanoseconds, Seconds, Text, WattHours
from msgs.wish import MOST_A

R = TypeVar("R")

LATEST_UTC_NS = 4_102_444_800_000_000_000  # 2100-01-01: later times are refused
MOST_ENERGY_WH = 1_000_000.0  # assumed: more than any battery takes
MOST_WISH_S = 860_400.0  # as `currtime` of the UDP interface: ten days


class Status(StrEnum):
    """How a request ended."""

    OK = "ok"
    BAD_ARGUMENTS = "bad_arguments"
    REFUSED = "refused"
    NOT_READY = "not_ready"
    TIMEOUT = "timeout"
    ERROR = "error"


class Answer(Struct, Generic[R], frozen=True, kw_only=True):
    """The end of a request: its status, the reason for a person, and the result if it is OK.

    A refusal may name what is wrong by key: {"hotspot.channel": "expected 1 to 13"}.
    """

    status: Status
    reason: str = ""
    result: R | None = None
    problems: dict[str, str] = {}


class NoArguments(Struct, frozen=True, forbid_unknown_fields=True):
    """A request that needs no arguments."""


class StopReason(StrEnum):
    """Why a node is asked to stop; it decides the state in which the drivers are left."""

    RESTART = "restart"  # the next incarnation takes over: outputs are handed over
    SHUTDOWN = "shutdown"  # the graph stops: outputs go to the safe state
    SIGNAL = "signal"  # SIGTERM: the safe state at once


class StopArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `stop`, which the supervisor sends to each node."""

    reason: StopReason


class TopicName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `schema`: a topic that the node writes."""

    topic: str


class NodeName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `restart` of launch: one node."""

    node: Name


class ReasonArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of requests that are logged or stored with their reason."""

    reason: Text = ""


class WishArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `wish` of session: the app's limit or pause; replaces the previous one.

    By default it is valid for this charge, until the plug is out; if no plug is in, for the next
    charge. Each of the last three fields sets another validity. Without limit and pause there is no
    wish.

    :raises ValueError: more than one of the last three.
    """

    limit_a: Annotated[float, Meta(ge=0.0, le=MOST_A)] | None = None
    pause: bool = False
    until_replaced: bool = False  # valid until the next request
    until_utc_ns: Annotated[Nanoseconds, Meta(ge=0, le=LATEST_UTC_NS)] | None = None
    for_s: Annotated[Seconds, Meta(gt=0.0, le=MOST_WISH_S)] | None = None

    def __post_init__(self) -> None:
        """Check that at most one of the last three fields is given."""
        given = (self.until_replaced, self.until_utc_ns is not None, self.for_s is not None)
        if sum(given) > 1:
            raise ValueError("expected at most one of until_replaced, until_utc_ns and for_s")


class EnergyLimitArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `energy_limit` of session: the limit of this charge, in place of the setting.

    It is valid until the plug is out; if no plug is in, for the next charge.
    """

    energy_wh: Annotated[WattHours, Meta(gt=0.0, le=MOST_ENERGY_WH)] | None = None  # None: no limit
