"""Sources for tests of the views."""

import math
from typing import Any

from msgspec import Struct

from terminal.snapshot import FRONT_SOURCES
from view.snapshot import Received


def said(source: str, message: Struct | None = None, age_s: float = 0.1) -> Received[Any]:
    """Return a source with its message; without one, if none is given."""
    topic, about = FRONT_SOURCES[source]
    return Received(
        node=topic.writer,
        about=about,
        hold_s=topic.hold_of(message),
        message=message,
        age_s=math.inf if message is None else age_s,
    )


def nothing_said(*without: str) -> dict[str, Received[Any]]:
    """Return all sources, none of them heard."""
    return {source: said(source) for source in FRONT_SOURCES if source not in without}
