"""What a node refuses, said at the field that it concerns, in the words of the pages. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgs.setting_problems import CHANGED_MEANWHILE
from web.forms.rows import Field, Page

Labels = Mapping[str, str]

_ENTRY = re.compile(r"entry ([0-9]+): expected ")  # of msgs.setting_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """A problem that stands above a form, since it has no field there."""

    text: str
    path: str = ""  # of the page that has the field


def labels_of(pages: Iterable[Page]) -> dict[str, str]:
    """Return by key how a person finds a setting: "Solar: Minimum current"."""
    labels = {}
    for page in pages:
        for group in page.groups if page.is_of_settings else ():
            title = group.title or page.title
            for field in (*group.fields, *group.folded):
                is_same = field.label.casefold() == title.casefold()
                labels[field.key] = f"“{title}”" if is_same else f"“{title}: {field.label}”"
    return labels


def plain(problem: str, labels: Labels) -> str:
    """Return a problem as a sentence, with the labels of settings in place of their keys."""
    text = problem.replace(" or null", ", or empty").replace("; got null", "; it is empty")
    text = text.replace('; got ""', "; it is empty").replace('expected ""', "expected it empty")
    if labels:
        keys = "|".join(re.escape(key) for key in sorted(labels, key=len, reverse=True))
        text = re.sub(rf"(?<![\w.])({keys})(?![\w.]*\w)", lambda match: labels[match[1]], text)
    end = "" if text.endswith((".", "!", "?")) else "."
    return f"{text[:1].upper()}{text[1:]}{end}"


def at_field(problem: str, field: Field, present: str, labels: Labels) -> str:
    """Return a problem as it stands at its field.

    :param present: the value that applies, as the page shows it
    """
    if problem.startswith(CHANGED_MEANWHILE):
        return plain(f"{CHANGED_MEANWHILE}: it is {present} now", labels={})
    entry = _ENTRY.match(problem)
    if field.expected and entry is not None:
        return f"Row {entry[1]}: expected {field.expected}."
    return plain(problem, labels)


def above(problems: Mapping[str, str], page: Page, pages: Iterable[Page]) -> list[Above]:
    """Return the problems that have no field on a page, each with the page that has it."""
    pages = tuple(pages)
    labels = labels_of(pages)
    own = {field.key for field in page.fields if not field.is_hidden}
    found = []
    for key, problem in problems.items():
        if key in own:
            continue
        where = next((each.path for each in pages for field in each.fields if field.key == key), "")
        said = plain(problem, labels)
        found.append(Above(text=f"{labels.get(key, key)}: {said}", path=where))
    return found
