"""The values that stand on the live page with a label: one row of the table for each. Pure.

A new value is one row, and nothing else: the page makes its place from the table, the stream has
its text, and the script fills it in by its key.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from msgspec import Struct

from msgs.topics import SAFETY_STATUS, Topic
from view.charge import (
    authorisation_words,
    contactor_why,
    contactor_words,
    is_plugged,
    offered_words,
    plugged_words,
)
from view.silence import silence
from view.smart_home import smart_home_words
from view.snapshot import SOURCES, Received
from view.state import state_name
from web.overview import TYPE, address_words, overview, token_name
from web.page_snapshot import PageSnapshot

NOT_KNOWN = "\u2013"


class RowGroup(StrEnum):
    """The lists of the page."""

    CHARGE = "charge"
    OVERVIEW = "overview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value: a field of a topic with its unit, or a text of several sources.

    While the topic is silent the value is that it is silent; `missing` is for a value that is None,
    no number or empty.
    """

    key: str  # its id on the page
    title: str
    group: RowGroup
    topic: Topic[Any] | None = None
    field: str = ""
    unit: str = ""
    digits: int = 1
    scale: float = 1.0  # 0.001 with the unit kW for a field in W
    of: Callable[[PageSnapshot], str] | None = None  # in place of topic and field
    missing: str = NOT_KNOWN


class LiveRow(Struct, frozen=True, kw_only=True):
    """One value as it is sent."""

    key: str
    words: str


def _offered(seen: PageSnapshot) -> str:
    safety = seen.safety.fresh
    return offered_words(safety.offered_a) if safety else silence(seen, seen.safety)


def _contactor(seen: PageSnapshot) -> str:
    return "; ".join(filter(None, (contactor_words(seen), contactor_why(seen))))


def _authorised(seen: PageSnapshot) -> str:
    session = seen.session.fresh
    if session is None:
        return silence(seen, seen.session)
    return authorisation_words(session, token_name(seen))


_CHARGE, _OVERVIEW = RowGroup.CHARGE, RowGroup.OVERVIEW

ROWS: tuple[Row, ...] = (
    Row(key="offered", title="Offered to the vehicle", group=_CHARGE, of=_offered),
    Row(key="contactor", title="Contactor", group=_CHARGE, of=_contactor),
    Row(
        key="plugged",
        title="Vehicle",
        group=_CHARGE,
        of=lambda seen: plugged_words(is_plugged(seen)),
    ),
    Row(key="authorized", title="Authorisation", group=_CHARGE, of=_authorised),
    Row(
        key="temperature",
        title="Temperature in the box",
        group=_CHARGE,
        topic=SAFETY_STATUS,
        field="temperature_c",
        unit="°C",
        digits=0,
    ),
    Row(key="o-type", title="Type", group=_OVERVIEW, of=lambda _: TYPE),
    Row(key="o-serial", title="Serial", group=_OVERVIEW, of=lambda seen: seen.label.serial),
    Row(key="o-ip", title="IP Address", group=_OVERVIEW, of=address_words),
    Row(key="o-mac", title="MAC Address", group=_OVERVIEW, of=lambda seen: overview(seen).mac),
    Row(key="o-state", title="State", group=_OVERVIEW, of=state_name),
    Row(key="o-smart-home", title="Smart home", group=_OVERVIEW, of=smart_home_words),
)
"""All values with a label, in the order of their lists."""


def live_rows(snapshot: PageSnapshot, rows: tuple[Row, ...] = ROWS) -> tuple[LiveRow, ...]:
    """Return the text of each row."""
    return tuple(LiveRow(key=row.key, words=row_words(row, snapshot)) for row in rows)


def row_words(row: Row, snapshot: PageSnapshot) -> str:
    """Return the text of one row."""
    if row.of is not None:
        return row.of(snapshot) or row.missing
    source = _source(row, snapshot)
    if source.fresh is None:
        return silence(snapshot, source)
    value = getattr(source.fresh, row.field)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        is_number = math.isfinite(value)
        return f"{value * row.scale:.{row.digits}f} {row.unit}" if is_number else row.missing
    return str(value) if value else row.missing


def _source(row: Row, snapshot: PageSnapshot) -> Received[Struct]:
    found: Received[Struct] = next(
        getattr(snapshot, field) for field, source in SOURCES.items() if source.topic is row.topic
    )
    return found
