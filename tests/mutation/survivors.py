"""What no test notices, and what has been accepted: pure."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct


class Mutation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One small change of a function, told so that it stays true when lines move."""

    file: str
    function: str  # a method with its class: Ledger.holds
    minus: str  # the lines that go, without their common indent
    plus: str  # the lines that come instead; "" for none
    nth: int = 1  # of the places in the function where `minus` stands


class Accepted(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mutation that no test can or need notice."""

    reason: str

    def __post_init__(self) -> None:
        """Refuse an empty reason."""
        if not self.reason.strip():
            raise ValueError(f"{self.file}, {self.function}: an accepted mutation needs a reason")

    @property
    def mutation(self) -> Mutation:
        """Return what is accepted."""
        return Mutation(
            file=self.file,
            function=self.function,
            minus=self.minus,
            plus=self.plus,
            nth=self.nth,
        )


class Verdict(NamedTuple):
    """What is left when survivors and reasons have been matched."""

    unexplained: list[Mutation]
    stale: list[Accepted]  # nothing survives that they would excuse


def judge(survivors: Iterable[Mutation], accepted: Iterable[Accepted]) -> Verdict:
    """Match survivors and reasons."""
    found = dict.fromkeys(survivors)
    reasons = {entry.mutation: entry for entry in accepted}
    return Verdict(
        [mutation for mutation in found if mutation not in reasons],
        [entry for mutation, entry in reasons.items() if mutation not in found],
    )


def mutation_of(file: str, function: str, before: str, after: str) -> Mutation:
    """Return what differs between a function and its mutant."""
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
    """Return the mutation as it would stand in the file of reasons."""
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
    """Return how many lines are equal from the first on."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))))


def _dedented(lines: Sequence[str]) -> str:
    """Return the lines without the indent of the first; mutmut copies keep their own."""
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return "\n".join(line[indent:] for line in lines)


def _quoted(text: str) -> str:
    """Return a TOML string, as it stands in the source."""
    if "\n" in text:
        return f"'''\n{text}'''"
    return f"'''{text}'''" if "'" in text else f"'{text}'"
