"""Input elements: which one a value has, with its limits, follows from its type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import msgspec
from msgspec import inspect

from msgs.method import Method
from msgs.setting_keys import LEAVES
from msgs.settings import HOURS_PATTERN, SetArguments
from web.forms.rows import Choice, Field

MOST_RADIOS = 6  # more choices are a list to open
NO_UNIT = "1"

MeterMaps = Callable[[], Mapping[str, str]]
"""Returns the title of each known meter map, by the name that settings have."""


class WidgetKind(Enum):
    """The kind of input element."""

    SWITCH = "switch"
    NUMBER = "number"
    TEXT = "text"
    RADIO = "radio"
    SELECT = "select"
    LIST = "list"  # of texts
    HOURS = "hours"  # a list of hours of the week


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """The input element of one value."""

    kind: WidgetKind
    is_optional: bool = False  # may be empty: None
    is_whole: bool = False  # of a number
    least: float | None = None
    most: float | None = None
    unit: str = ""
    most_characters: int | None = None
    most_rows: int | None = None  # of a list
    choices: Mapping[str, Choice] = field(default_factory=dict)  # by value as text

    @property
    def limits(self) -> str:
        """Return the limits of a number as text, "6 to 125 A"; "" if it has none."""
        if self.kind is not WidgetKind.NUMBER or self.least is None or self.most is None:
            return ""
        return f"{self.least:g} to {self.most:g} {self.unit}".rstrip()


def types_of(method: Method[Any, Any]) -> Mapping[str, Any]:
    """Return the type of each value that a method takes: settings, or fields of its arguments."""
    if method.arguments is SetArguments:
        return LEAVES
    return {each.encode_name: each.type for each in msgspec.structs.fields(method.arguments)}


def widget_of(row: Field, declared: Any, meter_maps: MeterMaps) -> Widget:
    """Return the input element of a field.

    :param declared: its type
    """
    if row.are_meter_maps:
        titles = {name: Choice(label=title) for name, title in meter_maps().items()}
        return Widget(kind=WidgetKind.SELECT, choices={"": Choice(label="Choose"), **titles})
    widget = _of_type(inspect.type_info(declared))
    if row.is_hidden and widget.is_optional:
        widget = replace(widget, is_optional=False)  # nobody empties it: "" is meant
    if row.choices:
        widget = _with_choices(widget, row.choices)
    return widget


def _with_choices(widget: Widget, choices: Mapping[str, Choice]) -> Widget:
    kind = WidgetKind.RADIO if len(choices) <= MOST_RADIOS else WidgetKind.SELECT
    return Widget(kind=kind, choices=choices, is_whole=widget.is_whole)


def _of_type(info: inspect.Type) -> Widget:
    unit = ""
    is_optional = False
    if isinstance(info, inspect.UnionType):
        (info,) = (each for each in info.types if not isinstance(each, inspect.NoneType))
        is_optional = True
    if isinstance(info, inspect.Metadata):
        unit = str((info.extra or {}).get("unit", ""))
        info = info.type
    unit = "" if unit == NO_UNIT else unit
    match info:
        case inspect.BoolType():
            return Widget(kind=WidgetKind.SWITCH)
        case inspect.IntType(ge=least, le=most) | inspect.FloatType(ge=least, le=most):
            is_whole = isinstance(info, inspect.IntType)
            return Widget(
                kind=WidgetKind.NUMBER,
                is_optional=is_optional,
                is_whole=is_whole,
                least=least,
                most=most,
                unit=unit,
            )
        case inspect.EnumType(cls=members):
            return _with_choices(
                Widget(kind=WidgetKind.RADIO),
                {str(each.value): Choice(label=str(each.value)) for each in members},
            )
        case inspect.StrType(max_length=most):
            return Widget(kind=WidgetKind.TEXT, is_optional=is_optional, most_characters=most)
        case inspect.VarTupleType(item_type=item, max_length=most):
            pattern = _pattern_of(item)
            kind = WidgetKind.HOURS if pattern == HOURS_PATTERN else WidgetKind.LIST
            return Widget(kind=kind, most_rows=most)
        case _:
            raise TypeError(f"no input element for a value of type {info}")


def _pattern_of(info: inspect.Type) -> str | None:
    if isinstance(info, inspect.Metadata):
        info = info.type
    return info.pattern if isinstance(info, inspect.StrType) else None
