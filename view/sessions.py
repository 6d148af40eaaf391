"""The last sessions as rows for a person. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from msgs.card import short_name
from msgs.session import EndReason, SessionRecord
from msgs.units import Name, Nanoseconds, Seconds, WattHours

ENDS = {
    EndReason.UNPLUGGED: "unplugged",
    EndReason.STOPPED: "stopped",
    EndReason.RESTART: "the box was restarted",
    EndReason.POWER_LOSS: "the mains were lost",
    EndReason.LAPSED: "not started in time",
    EndReason.FAULT: "by a fault",
}


class ShownSession(Struct, frozen=True, kw_only=True):
    """One session."""

    session_id: Name
    started_utc_ns: Nanoseconds | None  # None: the clock was not set then
    duration_s: Seconds | None  # None: it is not known
    energy_wh: WattHours
    end: str
    card: str  # its name, or the end of its UID; "": none was needed


def shown_sessions(
    records: tuple[SessionRecord, ...], names: Mapping[str, str]
) -> tuple[ShownSession, ...]:
    """Return the rows of records; one that still runs is shown by its own values.

    :param names: of cards, by UID
    """
    return tuple(
        ShownSession(
            session_id=each.session_id,
            started_utc_ns=each.started_utc_ns if each.is_start_utc_set else None,
            duration_s=each.duration_s,
            energy_wh=each.energy_wh,
            end=ENDS[each.end_reason],
            card=names.get(each.token) or (short_name(each.token) if each.token else ""),
        )
        for each in records
        if each.end_reason is not None
    )
