"""What was typed into a form: read, made plain values of, and shown again. Pure.

Nothing is judged here. What cannot be read as a number stays text, and the node refuses it.
"""

import re
from typing import Any, Protocol

from web.forms.hours import DAYS, HoursRow, row_of, text_of
from web.forms.rows import Field
from web.forms.widgets import Widget, WidgetKind

Typed = str | bool | tuple[str, ...] | tuple[HoursRow, ...]

ON = "on"  # what a browser sends for a box that is checked
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{1,15})?")
MOST_ROWS = 64  # assumed: of a list that is sent; more than any setting has


class SentForm(Protocol):
    """A form as it was sent."""

    def __contains__(self, name: object, /) -> bool:
        """Return whether a field was sent."""

    def get(self, name: str, default: str, /) -> str:
        """Return the first value of a name."""

    def getlist(self, name: str, /) -> list[str]:
        """Return all values of a name."""


def read(key: str, widget: Widget, form: SentForm) -> Typed | None:
    """Return what was typed into a field; None: the form had no such field.

    A box that is not checked is not sent, so a switch was always typed.
    """
    match widget.kind:
        case WidgetKind.SWITCH:
            return form.get(key, "") != ""
        case WidgetKind.LIST:
            if key not in form:
                return None
            return tuple(each.strip() for each in form.getlist(key)[:MOST_ROWS] if each.strip())
        case WidgetKind.HOURS:
            return _read_hours(key, form)
        case _:
            return form.get(key, "").strip() if key in form else None


def _read_hours(key: str, form: SentForm) -> tuple[HoursRow, ...] | None:
    if f"{key}-0-begin" not in form:
        return None
    rows = []
    for number in range(MOST_ROWS):
        name = f"{key}-{number}"
        if f"{name}-begin" not in form:
            break
        days = frozenset(form.getlist(f"{name}-days")) & frozenset(DAYS)
        parts = (form.get(f"{name}-{part}", "").strip() for part in ("begin", "end", "limit"))
        begin, end, limit = parts
        rows.append(HoursRow(days=days, begin=begin, end=end, limit=limit))
    return tuple(row for row in rows if not row.is_empty)


def value_of(widget: Widget, typed: Typed) -> Any:
    """Return the plain value that was meant by what was typed."""
    if isinstance(typed, tuple):
        return [text_of(each) if isinstance(each, HoursRow) else each for each in typed]
    if isinstance(typed, bool):
        return typed
    if widget.is_optional and not typed:
        return None
    if widget.kind is WidgetKind.NUMBER or widget.is_whole:
        return _number(typed, widget)
    return typed


def _number(text: str, widget: Widget) -> float | str:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    is_whole = match[1] is None and widget.is_whole
    return int(text) if is_whole else float(text.replace(",", "."))


def typed_of(widget: Widget, value: Any) -> Typed:
    """Return a value as it would be typed."""
    match widget.kind:
        case WidgetKind.SWITCH:
            return bool(value)
        case WidgetKind.LIST:
            return tuple(value)
        case WidgetKind.HOURS:
            return tuple(row_of(text) for text in value)
        case _:
            return "" if value is None else _text(value)


def words_of(row: Field, widget: Widget, value: Any) -> str:
    """Return a value as text for a person."""
    if value is None or value == "" or value == []:
        return row.empty
    match widget.kind:
        case WidgetKind.SWITCH:
            return "ON" if value else "OFF"
        case WidgetKind.LIST | WidgetKind.HOURS:
            return "; ".join(value)
        case WidgetKind.RADIO | WidgetKind.SELECT:
            text = _text(value)
            return widget.choices[text].label if text in widget.choices else text
        case _:
            return f"{_text(value)} {widget.unit}".rstrip()


def _text(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
