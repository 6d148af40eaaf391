"""The acts of the simulation panel, and what comes back from the simulated world."""

from typing import Literal

from msgspec import Struct

from msgs.plant import FaultName, HouseLoad, Power, ServicePress, Sun, Tap
from msgs.requests import NoArguments

ACTS: dict[str, type[Struct]] = {
    "tap": Tap,
    "touch": NoArguments,
    "service": ServicePress,
    "plug": NoArguments,
    "unplug": NoArguments,
    "pull": NoArguments,
    "ready": NoArguments,
    "full": NoArguments,
    "house": HouseLoad,
    "sun": Sun,
    "power": Power,
    "fault": FaultName,
    "clear": FaultName,
}
"""What the page may ask of the simulated world, and with which words."""

Outcome = Literal["ok", "bad_arguments", "refused", "not_ready", "timeout", "error"]

STATUS: dict[Outcome, int] = {
    "ok": 200,
    "bad_arguments": 400,
    "refused": 409,
    "not_ready": 409,
    "error": 502,
    "timeout": 504,
}
"""The outcome of a request as an HTTP status."""


class Reply(Struct, frozen=True, kw_only=True):
    """How a request to a node ended; the reason is for a person."""

    outcome: Outcome
    reason: str = ""
