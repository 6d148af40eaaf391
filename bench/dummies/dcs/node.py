"""The node: a heartbeat, and the libraries in memory."""

from typing import Literal

import ocpp.v16  # noqa: F401 - a node imports the version that it speaks
import websockets.asyncio.client  # noqa: F401
from msgspec import Struct

from bus import Bus

RUNNER: Literal["blocking", "asyncio"] = "asyncio"


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameters."""


def build(bus: Bus, parameters: Parameters) -> object:
    """Be ready at once."""
    bus.ready()
    return bus
