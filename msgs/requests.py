"""Arguments that requests of several nodes share. A node's own stand in its writer's file."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Name, Nanoseconds, Text


class NoArguments(Struct, frozen=True, forbid_unknown_fields=True):
    """A request that needs no words."""


class StopReason(StrEnum):
    """Why a node is asked to stop; it decides what its drivers are left in."""

    RESTART = "restart"  # the next incarnation takes over: outputs are handed over
    SHUTDOWN = "shutdown"  # the graph stops: outputs go to the safe state
    SIGNAL = "signal"  # SIGTERM: the safe state at once


class Stop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `stop` of every node, sent by the supervisor."""

    reason: StopReason


class NodeName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `restart` of launch: one node in place."""

    node: Name


class Because(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests that are recorded with their reason: `restart_all` of launch, `end` of session."""

    reason: Text = ""


class WishArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `wish` of session: the app's limit or pause; replaces the one before."""

    limit_a: Annotated[float, Meta(ge=0, le=63)] | None = None
    pause: bool = False
    until_utc_ns: Nanoseconds | None = None
