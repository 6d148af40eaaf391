"""Types of ports in parameters and settings, so that `--ports N` can move them.

Several simulated boxes on one machine differ in their ports by N. A port of any other type is not
moved.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, inspect

MOST_PORT = 65535


class PortKind(StrEnum):
    """Whose port it is."""

    OWN = "own"  # opened by this box
    PAGE = "page"  # opened by this box, and used by a browser
    PEER = "peer"  # of the `host` beside it; moved if that is this machine
    TEXT = "text"  # in a text with its host, "ws://localhost:9000/ocpp"; moved as PEER


def _port(kind: PortKind) -> Meta:
    return Meta(ge=0, le=MOST_PORT, extra={"unit": "1", "port": kind})


OwnPort = Annotated[int, _port(PortKind.OWN)]
"""Opened by this box; 0: any free one, and never moved."""

PagePort = Annotated[int, _port(PortKind.PAGE)]
"""Of a page, opened by this box; 0: any free one, and never moved."""

PeerPort = Annotated[int, _port(PortKind.PEER)]
"""Of another server, on the `host` of the same section of the settings."""

PeerAddress = Annotated[str, Meta(extra={"port": PortKind.TEXT})]
"""Of another server, with HOST:PORT in it."""


def kind_of(declared: object) -> PortKind | None:
    """Return the kind of port that a type declares; None if it has no port that moves."""
    info = inspect.type_info(declared)
    if isinstance(info, inspect.Metadata) and info.extra:
        port = info.extra.get("port")
        return None if port is None else PortKind(port)
    return None
