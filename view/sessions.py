"""The last sessions as rows for a person, and as a table for other programs. Pure."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO

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


RECENT_DAYS = 30
_DAY_NS = 86_400 * 10**9
COLUMNS = ("started_utc", "ended_utc", "duration_s", "energy_kwh", "end", "card", "session")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate what begins so


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


def recent_words(records: tuple[SessionRecord, ...], utc_ns: int) -> str:
    """Return what was charged in the last days; "" if nothing was.

    :param records: at least all of these days
    """
    first_ns = utc_ns - RECENT_DAYS * _DAY_NS
    charged_wh = [
        each.energy_wh
        for each in records
        if each.end_reason is not None
        and each.energy_wh > 0.0
        and each.is_start_utc_set
        and first_ns <= each.started_utc_ns <= utc_ns
    ]
    if not charged_wh:
        return ""
    count = "1 charge" if len(charged_wh) == 1 else f"{len(charged_wh)} charges"
    return f"In the last {RECENT_DAYS} days: {sum(charged_wh) / 1000:.1f} kWh in {count}."


def sessions_table(records: tuple[SessionRecord, ...], names: Mapping[str, str]) -> str:
    """Return all sessions that have ended as comma-separated values, with a line of titles.

    :param names: of cards, by UID
    """
    table = StringIO()
    lines = csv.writer(table)
    lines.writerow(COLUMNS)
    for each in records:
        if each.end_reason is None:
            continue
        cells = (
            _time(each.started_utc_ns) if each.is_start_utc_set else "",
            _time(each.ended_utc_ns) if each.is_end_utc_set else "",
            "" if each.duration_s is None else f"{each.duration_s:.0f}",
            f"{each.energy_wh / 1000:.3f}",
            ENDS[each.end_reason],
            names.get(each.token, each.token),
            each.session_id,
        )
        lines.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return table.getvalue()


def _time(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
