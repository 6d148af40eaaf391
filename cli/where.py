"""The conditions of `sniff --where`: `path op literal [and path op literal ...]`. Pure.

    cp_state == C and lines.0.current_a > 6 and online == true

A path names a field, then fields or places in lists (from 0) below it. Operators: == != < <= > >=.
A literal is a number, true, false, null, a word, or a text in quotes. A message without the field
does not match; values of different types are never equal and have no order.
"""

import operator as operators
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

_PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
_OPERATOR = re.compile(r"==|!=|<=|>=|<|>")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?(?![\w.])")
_TEXT = re.compile(r"\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'")
_WORD = re.compile(r"[A-Za-z_][\w/-]*")
_AND = re.compile(r"and(?!\w)")
_SPACE = re.compile(r"\s*")

_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class WhereError(Exception):
    """Raised when a condition cannot be read; shows where, and what was expected."""


class FieldValue(NamedTuple):
    """The value at a path of a message."""

    is_there: bool
    value: Any


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison."""

    path: tuple[str, ...]
    operator: str
    literal: float | str | bool | None

    def matches(self, message: Any) -> bool:
        """Return whether a message, as plain data, fulfils it."""
        found = look_up(message, self.path)
        return found.is_there and _compare(found.value, self.operator, self.literal)


def parse_where(text: str) -> tuple[Condition, ...]:
    """Read conditions that must all be fulfilled.

    :raises WhereError: a syntax error, with its place.
    """
    return _Parser(text).conditions()


def parse_path(text: str) -> tuple[str, ...]:
    """Read one path.

    :raises WhereError: it is not one.
    """
    parser = _Parser(text)
    path = parser.path()
    parser.end("the end of the path")
    return path


def matches(conditions: Sequence[Condition], message: Any) -> bool:
    """Return whether a message fulfils all conditions."""
    return all(condition.matches(message) for condition in conditions)


def look_up(message: Any, path: Sequence[str]) -> FieldValue:
    """Follow a path through maps and lists."""
    value = message
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return FieldValue(False, None)
    return FieldValue(True, value)


def _compare(value: Any, operator: str, literal: float | str | bool | None) -> bool:
    alike = _kind(value) == _kind(literal)
    if operator == "==":
        return bool(alike and value == literal)
    if operator == "!=":
        return not (alike and value == literal)
    ordered = alike and _kind(literal) in ("number", "text")
    return bool(ordered and _ORDERS[operator](value, literal))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "other"


class _Parser:
    """Reads from left to right; each error points at its place."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip_space()

    def conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._take(_AND):
            found.append(self._condition())
        self.end('"and" or the end')
        return tuple(found)

    def path(self) -> tuple[str, ...]:
        taken = self._take(_PATH)
        if not taken:
            self._fail("a field, as cp_state or lines.0.current_a")
        return tuple(taken[0].split("."))

    def end(self, what: str) -> None:
        if self._at < len(self._text):
            self._fail(what)

    def _condition(self) -> Condition:
        path = self.path()
        operator = self._take(_OPERATOR)
        if not operator:
            self._fail("one of == != < <= > >=")
        return Condition(path, operator[0], self._literal())

    def _literal(self) -> float | str | bool | None:
        if number := self._take(_NUMBER):
            return float(number[0])
        if text := self._take(_TEXT):
            return str(text["double"] if text["double"] is not None else text["single"])
        if word := self._take(_WORD):
            return _CONSTANTS.get(word[0], word[0])
        return self._fail('a number, true, false, null, a word or a text in "quotes"')

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        taken = pattern.match(self._text, self._at)
        if taken:
            self._at = taken.end()
            self._skip_space()
        return taken

    def _skip_space(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at

    def _fail(self, what: str) -> NoReturn:
        raise WhereError(f"{self._text}\n{' ' * self._at}^ expected {what}")
