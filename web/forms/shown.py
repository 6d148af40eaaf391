"""A page as its template shows it: each field with its input element, its value and its problem."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from web.forms.problems import Labels, at_field
from web.forms.rows import Field, Group, Page, id_of
from web.forms.typed import Typed, typed_of, words_of
from web.forms.widgets import MeterMaps, Widget, types_of, widget_of

Table = Mapping[str, Any]
"""Values by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFrame:
    """Where a page is shown: in its menu, or as a step of the wizard."""

    action: str  # the path that its form is sent to
    back: str  # the path of the page before
    back_title: str
    after: str  # the path after success
    step: int = 0  # 0: not in the wizard
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One field with its input element."""

    row: Field
    id: str
    widget: Widget
    typed: Typed
    problem: str = ""  # what is wrong with what was typed
    present: str = ""  # the value that applies, if another one was typed
    is_locked: bool = False  # set in the launch file
    has_focus: bool = False  # the first one that is wrong

    @property
    def described_by(self) -> str:
        """Return the ids of the notes that belong to it."""
        notes = {
            "wrong": self.problem,
            "present": self.present,
            "locked": self.is_locked,
            "hint": self.hint,
        }
        return " ".join(f"{self.id}-{name}" for name, has_note in notes.items() if has_note)

    @property
    def hint(self) -> str:
        """Return its help, with its limits."""
        limits = self.widget.limits
        parts = [self.row.help, limits and f"{limits}."]
        if self.widget.is_optional:
            parts.append(f"Empty: {self.row.empty}.")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """One group with its fields."""

    row: Group
    fields: tuple[ShownField, ...]
    folded: tuple[ShownField, ...]

    @property
    def is_shut(self) -> bool:
        """Return whether its switch is off and locked: what it switches has no effect."""
        if not self.row.is_switched or any(each.problem for each in self.fields + self.folded):
            return False
        return self.fields[0].is_locked and not self.fields[0].typed

    @property
    def may_change(self) -> bool:
        """Return whether something of it can be changed on the page."""
        return not self.is_shut and not all(each.is_locked for each in self.fields + self.folded)

    @property
    def is_open(self) -> bool:
        """Return whether what is folded is shown: the first of it is set, or something is wrong."""
        return any(each.problem for each in self.folded) or bool(
            self.folded and self.folded[0].typed
        )


def widgets_of(page: Page, meter_maps: MeterMaps) -> dict[str, Widget]:
    """Return the input element of each field, by key."""
    types = types_of(page.method)
    return {each.key: widget_of(each, types[each.key], meter_maps) for each in page.fields}


def groups_of(
    page: Page,
    widgets: Mapping[str, Widget],
    present: Table,
    *,
    locked: frozenset[str] = frozenset(),
    typed: Mapping[str, Typed] | None = None,
    problems: Mapping[str, str] | None = None,
    labels: Labels | None = None,
) -> tuple[ShownGroup, ...]:
    """Return a page's groups: with the values that apply, or those that were typed."""
    wrong = problems or {}
    first = next((each.key for each in page.fields if each.key in wrong), "")

    def shown(row: Field) -> ShownField:
        widget = widgets[row.key]
        value = present.get(row.key)
        now = typed_of(widget, "" if value is None else value)
        meant = (typed or {}).get(row.key, now)
        now_words = words_of(row, widget, value)
        problem = wrong.get(row.key, "")
        return ShownField(
            row=row,
            id=id_of(row.key),
            widget=widget,
            typed=meant,
            problem=at_field(problem, row, now_words, labels or {}) if problem else "",
            present=now_words if meant != now else "",
            is_locked=row.key in locked,
            has_focus=row.key == first,
        )

    return tuple(
        ShownGroup(
            row=group,
            fields=tuple(shown(each) for each in group.fields),
            folded=tuple(shown(each) for each in group.folded),
        )
        for group in page.groups
    )


def line_of(page: Page, widgets: Mapping[str, Widget], present: Table) -> str:
    """Return a page's present values in one line."""
    brief = [(group, each) for group in page.groups for each in group.fields if each.is_brief]
    words = [words_of(each, widgets[each.key], present.get(each.key)) for _, each in brief]
    if len(brief) == 1:
        return words[0]
    labels = (group.title or each.label for group, each in brief)
    return ", ".join(f"{label}: {text}" for label, text in zip(labels, words, strict=True))
