"""Errors of configuration as text: which key, and what was expected there.

The supervisor uses it for launch files, a node's process for the node's parameters.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect

from msgs.patterns import plain

S = TypeVar("S", bound=Struct)

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_KEY_FIRST = re.compile(r"(?P<key>[a-z]\w*(\.\w+)*): (?P<text>.*)", re.DOTALL)
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


class Complaint(Exception):
    """Raised when a value is wrong: its key, and what was expected."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}" if key else text)
        self.key = key
        self.text = text


def expected(word: str, known: Iterable[str]) -> str:
    """Return the allowed words in place of an unknown one, with the most similar one."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f"expected one of {', '.join(names) or '(none)'}{hint}"


def convert(values: Mapping[str, Any], kind: type[S], also: Iterable[str] = ()) -> S:
    """Check plain values against a Struct.

    `also` are further allowed keys, which the error of an unknown key lists as well.

    :raises Complaint: the first value that is wrong.
    """
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise _complaint(plain(error), kind, also) from None


def _complaint(error: str, kind: type[Struct], also: Iterable[str]) -> Complaint:
    """Convert msgspec's "Expected `float` <= 63.0 - at `$.main_fuse_a`" to key and text."""
    at = _AT.search(error)
    path = at["path"] if at else ""
    words = error[: at.start()] if at else error
    if unknown := _UNKNOWN.match(words):
        field = unknown["field"]
        if path:
            return Complaint(f"{path}.{field}", "unknown key")
        known = [each.encode_name for each in msgspec.structs.fields(kind)]
        return Complaint(field, f"unknown key; {expected(field, (*known, *also))}")
    if missing := _MISSING.match(words):
        field = missing["field"]
        return Complaint(f"{path}.{field}" if path else field, "missing")
    if not path and (own := _KEY_FIRST.fullmatch(words)):  # the Struct's own check
        return Complaint(own["key"], own["text"])
    choices = _choices(kind, path) if words.startswith("Invalid enum value") else []
    if choices:
        word = words.removeprefix("Invalid enum value ").strip("'")
        return Complaint(path, f'unknown word "{word}"; {expected(word, choices)}')
    return Complaint(path, words[:1].lower() + words[1:])


def _choices(kind: type[Struct], key: str) -> list[str]:
    """Return the allowed words of a field; none if it is not an enumeration."""
    field = next((each for each in msgspec.structs.fields(kind) if each.encode_name == key), None)
    if field is None:
        return []
    found = inspect.type_info(field.type)
    words: list[str] = []
    for each in found.types if isinstance(found, inspect.UnionType) else (found,):
        if isinstance(each, inspect.EnumType):
            words += [str(member.value) for member in each.cls]
        elif isinstance(each, inspect.LiteralType):
            words += [str(value) for value in each.values]
    return words
