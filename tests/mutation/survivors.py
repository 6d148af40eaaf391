"""The mutants after which no test fails, and the accepted ones among them. Pure."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct


class Mutation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One small change of a function, without line numbers."""

    file: str
    function: str  # a method with its class: FaultState.has
    minus: str  # the removed lines, without their common indent
    plus: str  # the lines in their place; "" for none
    nth: int = 1  # which of the places in the function that have these lines


class Accepted(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mutation after which no test can or must fail."""

    reason: str

    def __post_init__(self) -> None:
        """Refuse an empty reason."""
        if not self.reason.strip():
            raise ValueError(f"{self.file}, {self.function}: an accepted mutation needs a reason")

    @property
    def mutation(self) -> Mutation:
        """Return the mutation without its reason."""
        return Mutation(
            file=self.file,
            function=self.function,
            minus=self.minus,
            plus=self.plus,
            nth=self.nth,
        )


class Matched(NamedTuple):
    """The survivors without a reason, and the reasons without a survivor."""

    unexplained: list[Mutation]
    stale: list[Accepted]


def match(survivors: Iterable[Mutation], accepted: Iterable[Accepted]) -> Matched:
    """Match survivors and reasons."""
    found = dict.fromkeys(survivors)
    reasons = {entry.mutation: entry for entry in accepted}
    return Matched(
        [mutation for mutation in found if mutation not in reasons],
        [entry for mutation, entry in reasons.items() if mutation not in found],
    )


def mutation_of(file: str, function: str, before: str, after: str) -> Mutation:
    """Return the difference between a function and its mutant."""
    old, new = before.splitlines(), after.splitlines()
    start = _equal(old, new)
    end = _equal(old[start:][::-1], new[start:][::-1])
    minus = old[start : len(old) - end]
    places = [at for at in range(start + 1) if old[at : at + len(minus)] == minus]
    return Mutation(
        file=file,
        function=function,
        minus=_dedented(minus),
        plus=_dedented(new[start : len(new) - end]),
        nth=len(places),
    )


def entry_of(mutation: Mutation) -> str:
    """Return the mutation as an entry of accepted.toml."""
    lines = [
        "[[accepted]]",
        f'file = "{mutation.file}"',
        f'function = "{mutation.function}"',
        f"minus = {_quoted(mutation.minus)}",
        f"plus = {_quoted(mutation.plus)}",
    ]
    if mutation.nth > 1:
        lines.append(f"nth = {mutation.nth}")
    return "\n".join(lines)


def _equal(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the number of equal lines from the first on."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))))


def _dedented(lines: Sequence[str]) -> str:
    """Return the lines without the indent of the first."""
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return "\n".join(line[indent:] for line in lines)


def _quoted(text: str) -> str:
    """Return a literal TOML string."""
    if "\n" in text:
        return f"'''\n{text}'''"
    return f"'''{text}'''" if "'" in text else f"'{text}'"
