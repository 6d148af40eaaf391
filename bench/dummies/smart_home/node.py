"""The node: a heartbeat, and the libraries in memory."""

from typing import Literal

import paho.mqtt.client  # noqa: F401
import pymodbus.framer
import pymodbus.pdu  # noqa: F401
from msgspec import Struct

from bus import Bus

RUNNER: Literal["blocking", "asyncio"] = "asyncio"


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameters."""


def build(bus: Bus, parameters: Parameters) -> object:
    """Be ready at once."""
    bus.ready()
    return bus
