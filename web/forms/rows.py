"""The types of the rows: a page, a group of its fields, a field, a button."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from msgs.method import Method
from msgs.methods import SET_SETTINGS


class Menu(Enum):
    """The part of the menu that a page belongs to (WEB-2); also the first part of its path."""

    CONFIGURATION = "configuration"
    SYSTEM = "system"


class PagePart(Enum):
    """What a page has besides its form. The template is `settings_PART.html`."""

    NONE = ""
    CARDS = "cards"
    CARD = "card"  # the one that the form is about
    PHASE_SEARCH = "phase_search"
    CLOCK = "clock"
    BROKER = "broker"
    METRICS = "metrics"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the values that a field may have, for a person."""

    label: str
    text: str = ""  # what it means


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of a form."""

    key: str  # of the settings, "hotspot.channel"; or a field of the method's arguments
    label: str
    help: str = ""
    empty: str = "not set"  # what it means that an optional value is empty
    choices: Mapping[str, Choice] = field(default_factory=dict)  # by value; {}: by the type
    are_meter_maps: bool = False  # the choices are the known meters
    expected: str = ""  # of a row of a list, if it is edited in parts
    is_hidden: bool = False
    is_secret: bool = False  # what is typed is neither shown nor sent back
    is_of_part: bool = False  # the page's part says what is sent; the form does not show it
    is_brief: bool = False  # in the one line of the present values


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that belong together."""

    title: str = ""
    fields: tuple[Field, ...] = ()
    # The first field switches the others on: they are shown while it is on.
    is_switched: bool = False
    folded_title: str = ""
    folded: tuple[Field, ...] = ()  # shown when the title is opened; few persons need them
    meter: str = ""  # the section of the settings with a meter whose connection can be tested


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """What sends the form; with a name, the value is sent as a field."""

    label: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One settings page."""

    name: str  # the last part of its path
    title: str
    lead: str
    groups: tuple[Group, ...] = ()
    warning: str = ""
    menu: Menu = Menu.CONFIGURATION
    is_listed: bool = True  # on the page of its menu
    method: Method[Any, Any] = SET_SETTINGS
    buttons: tuple[Button, ...] = (Button(label="Save"),)
    part: PagePart = PagePart.NONE
    parent: str = ""  # the path of the page that it belongs to; "": that of its menu
    returns: bool = False  # after success its parent is shown
    said: str | None = None  # shown after success; None: that the page is saved
    is_last: bool = False  # after success the box does not answer any more

    @property
    def path(self) -> str:
        """Return its address."""
        return f"/{self.menu.value}/{self.name}"

    @property
    def done(self) -> str:
        """Return what is shown after success; "": nothing."""
        return f"Saved: {self.title}." if self.said is None else self.said

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the fields of all groups."""
        return tuple(each for group in self.groups for each in (*group.fields, *group.folded))

    @property
    def is_of_settings(self) -> bool:
        """Return whether its values are settings."""
        return self.method is SET_SETTINGS


def id_of(key: str) -> str:
    """Return the id of a field's input element."""
    return key.replace(".", "-")
