"""The request that sets the clock of the box."""

from typing import Annotated

from msgspec import Struct

from msgs.patterns import matching

UtcText = Annotated[
    str,
    matching(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z?\Z",
        "a time of UTC, as 2026-11-30 15:30",
        max_length=27,
    ),
]


class SetClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `set_clock` of system: set UTC, and restart the box (WEB-9)."""

    utc: UtcText
