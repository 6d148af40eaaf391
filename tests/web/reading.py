"""Pages as a browser reads them: elements, forms with their fields, and what is written."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"})
BUTTONS = frozenset({"submit", "button", "reset", "image"})


@dataclass(slots=True)
class Field:
    """One field of a form, with the value that it has when the page is shown."""

    name: str
    kind: str  # the type of an input; "select", "textarea"
    values: list[str] = field(default_factory=list)  # as sent; none: a box that is not ticked
    choices: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Form:
    """One form that is sent by POST."""

    action: str
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)  # name, value of those with a name
    encoding: str = "application/x-www-form-urlencoded"

    def pairs(self) -> list[tuple[str, str]]:
        """Return what is sent if nothing is typed."""
        pairs = [(each.name, value) for each in self.fields.values() for value in each.values]
        return pairs + self.buttons[:1]

    def with_value(self, name: str, value: str) -> list[tuple[str, str]]:
        """Return what is sent if one field has another value."""
        return [pair for pair in self.pairs() if pair[0] != name] + [(name, value)]


@dataclass(slots=True)
class Element:
    """A tag with its attributes, and the text in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    is_hidden: bool = False  # by its own attribute, or by that of what it is in


class Reading(HTMLParser):
    """A page that was read."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self.text = ""
        self._open: list[Element] = []
        self._form: Form | None = None
        self._select: Field | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and what it is in its form."""
        attributes = {name: value or "" for name, value in attrs}
        is_hidden = "hidden" in attributes or any(each.is_hidden for each in self._open)
        element = Element(tag, attributes, is_hidden=is_hidden)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)
        if tag == "form" and attributes.get("method", "get").lower() == "post":
            encoding = attributes.get("enctype", "application/x-www-form-urlencoded")
            action = attributes.get("action", "").partition("#")[0]
            self._form = Form(action, encoding=encoding)
            self.forms.append(self._form)
        if self._form is not None:
            self._take(self._form, tag, attributes)

    def _take(self, form: Form, tag: str, attributes: dict[str, str]) -> None:
        name, kind = attributes.get("name", ""), attributes.get("type", "text").lower()
        value = attributes.get("value", "")
        match tag:
            case "option" if self._select is not None:
                self._select.choices.append(value)
                if "selected" in attributes or len(self._select.choices) == 1:
                    self._select.values = [value]
            case "button" if kind in BUTTONS or "type" not in attributes:
                if name and kind != "button":
                    form.buttons.append((name, value))
            case _ if not name or "disabled" in attributes:
                pass
            case "select":
                self._select = form.fields.setdefault(
                    name, Field(name, "select", attributes=attributes)
                )
            case "textarea":
                form.fields[name] = Field(name, "textarea", [""], attributes=attributes)
            case "input" if kind in BUTTONS:
                form.buttons.append((name, value))
            case "input" if kind in ("checkbox", "radio"):
                box = form.fields.setdefault(name, Field(name, kind, attributes=attributes))
                box.choices.append(value or "on")
                if "checked" in attributes:
                    box.values.append(value or "on")
            case "input":
                known = form.fields.setdefault(name, Field(name, kind, attributes=attributes))
                known.values.append(value)
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None
        while self._open and any(each.tag == tag for each in self._open):
            if self._open.pop().tag == tag:
                break

    def handle_data(self, data: str) -> None:
        """Add text to every element that it is in."""
        self.text += data
        for element in self._open:
            element.text += data
        if self._form is not None and self._open and self._open[-1].tag == "textarea":
            name = self._open[-1].attributes.get("name", "")
            if name in self._form.fields:
                self._form.fields[name].values = [self._open[-1].text.removeprefix("\n")]

    def find(self, **attributes: str) -> list[Element]:
        """Return the elements that have these attributes; `_` in a name means a dash."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            each
            for each in self.elements
            if all(each.attributes.get(name) == value for name, value in wanted.items())
        ]
