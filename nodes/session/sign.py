"""The sign of the session that runs: shows after a start that it ran a while ago. Pure.

It is stored each minute while the session runs, when UTC was set, and when the session ends; see
`bus.slots`. Without it no start goes on with a session (`resumption`). It also has the end of the
session, in case that the store of the records does not take it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from bus.store import UNREADABLE
from msgs.session import EndReason
from msgs.units import Name, Nanoseconds, Seconds, Text, WattHours

SIGN_S = 60.0  # of a running session: 1440 blocks of 4 kB a day, 6 of 10 MB allowed


class Sign(Struct, frozen=True, kw_only=True):
    """What was known of a session at one instant."""

    session_id: Name
    end_reason: EndReason | None = None  # it is over, or is being ended
    by_card: bool = False  # it was stopped by its card
    because: Text = ""  # why it was stopped
    series: Name = ""  # of runs of the graph, see `msgs.launch`
    boot: Annotated[str, Meta(max_length=64)] = ""  # of the machine
    now_ns: Nanoseconds = 0  # monotonic time of that boot
    utc_ns: Nanoseconds = 0
    is_utc_set: bool = False  # in that boot
    duration_s: Seconds | None = None  # of the session until then; None: of an older version
    start_energy_wh: WattHours = 0.0  # as in the record
    energy_wh: WattHours = 0.0


def encode(sign: Sign) -> bytes:
    """Return a sign as it is stored."""
    return msgspec.json.encode(sign)


def decode(content: bytes | None) -> Sign | None:
    """Return a stored sign; None: there is none, or it cannot be decoded."""
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Sign)
    except UNREADABLE:
        return None
