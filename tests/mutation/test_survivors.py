"""Surviving mutants are distinguished, matched with their reasons, and printed as entries."""

import ast
import textwrap
from pathlib import Path

import msgspec
import pytest

from tests.mutation.survivors import Accepted, Mutation, entry_of, match, mutation_of

ROOT = Path(__file__).parents[2]
ACCEPTED = msgspec.toml.decode(
    (ROOT / "tests/mutation/accepted.toml").read_bytes(), type=dict[str, list[Accepted]]
)["accepted"]

LAW = """\
def law(a):
    if a > 1:
        return 0.0
    if a > 2:
        return 0.0
    return a
"""


def changed(before: str, after: str, nth: int = 1) -> Mutation:
    parts = LAW.split(before)
    return mutation_of(
        "law.py", "law", LAW, before.join(parts[:nth]) + after + before.join(parts[nth:])
    )


def accepted(mutation: Mutation) -> Accepted:
    return Accepted(**msgspec.structs.asdict(mutation), reason="the same by the law")


def test_a_mutation_is_the_lines_that_differ_without_their_indent() -> None:
    mutation = changed("a > 2", "a >= 2")
    assert (mutation.minus, mutation.plus) == ("if a > 2:", "if a >= 2:")


def test_removed_lines_have_nothing_in_their_place() -> None:
    mutation = changed("    return a\n", "")
    assert (mutation.minus, mutation.plus) == ("return a", "")


def test_equal_lines_are_distinguished_by_their_place() -> None:
    assert changed("return 0.0", "return 1.0").nth == 1
    assert changed("return 0.0", "return 1.0", nth=2).nth == 2


def test_a_mutation_is_the_same_after_a_change_before_it() -> None:
    moved = LAW.replace("def law(a):\n", "def law(a):\n    b = 1\n")
    assert mutation_of("law.py", "law", moved, moved.replace("a > 2", "a >= 2")) == changed(
        "a > 2", "a >= 2"
    )


def test_a_survivor_without_a_reason_is_unexplained() -> None:
    known, new = changed("a > 1", "a >= 1"), changed("a > 2", "a >= 2")
    matched = match([known, new], [accepted(known)])
    assert matched.unexplained == [new]
    assert matched.stale == []


def test_a_reason_without_a_survivor_is_stale() -> None:
    gone = accepted(changed("a > 1", "a >= 1"))
    matched = match([], [gone])
    assert matched.unexplained == []
    assert matched.stale == [gone]


def test_a_reason_counts_for_its_place_only() -> None:
    matched = match(
        [changed("return 0.0", "return 1.0", nth=2)],
        [accepted(changed("return 0.0", "return 1.0"))],
    )
    assert len(matched.unexplained) == len(matched.stale) == 1


def function_of(entry: Accepted) -> str:
    """Return the source of the function of an entry; "" if there is none."""
    text = (ROOT / entry.file).read_text(encoding="utf-8") if (ROOT / entry.file).exists() else ""
    found: ast.AST = ast.parse(text)
    for name in entry.function.split("."):
        named = [each for each in ast.walk(found) if getattr(each, "name", "") == name]
        if not named:
            return ""
        found = named[0]
    return textwrap.dedent(ast.get_source_segment(text, found) or "")


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: f"{entry.file} {entry.function}")
def test_each_reason_is_for_lines_that_exist(entry: Accepted) -> None:
    lines = [line.strip() for line in function_of(entry).splitlines()]
    minus = [line.strip() for line in entry.minus.strip("\n").splitlines()]
    places = [at for at in range(len(lines)) if lines[at : at + len(minus)] == minus]
    assert len(places) >= entry.nth


def test_an_entry_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        Accepted(file="a.py", function="f", minus="a", plus="b", reason=" ")


@pytest.mark.parametrize(
    "mutation",
    [
        changed("a > 2", "a >= 2"),
        changed("return 0.0", "return 1.0", nth=2),
        changed("    if a > 2:\n        return 0.0\n", ""),
        mutation_of("a.py", "f", "x = 'it'", "x = None"),
    ],
)
def test_a_printed_mutation_can_be_put_into_the_file_of_reasons(mutation: Mutation) -> None:
    text = entry_of(mutation) + '\nreason = "the same by the law"\n'
    entries = msgspec.toml.decode(text, type=dict[str, list[Accepted]])["accepted"]
    assert entries == [accepted(mutation)]
