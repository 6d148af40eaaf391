"""What survives is told apart, matched with its reason, and printed as a reason is written."""

import msgspec
import pytest

from tests.mutation.survivors import Accepted, Mutation, entry_of, judge, mutation_of

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


def test_lines_that_go_leave_nothing() -> None:
    mutation = changed("    return a\n", "")
    assert (mutation.minus, mutation.plus) == ("return a", "")


def test_equal_lines_are_told_apart_by_their_place() -> None:
    assert changed("return 0.0", "return 1.0").nth == 1
    assert changed("return 0.0", "return 1.0", nth=2).nth == 2


def test_a_mutation_is_the_same_when_the_lines_before_it_move() -> None:
    moved = LAW.replace("def law(a):\n", "def law(a):\n    b = 1\n")
    assert mutation_of("law.py", "law", moved, moved.replace("a > 2", "a >= 2")) == changed(
        "a > 2", "a >= 2"
    )


def test_a_survivor_without_a_reason_is_unexplained() -> None:
    known, new = changed("a > 1", "a >= 1"), changed("a > 2", "a >= 2")
    verdict = judge([known, new], [accepted(known)])
    assert verdict.unexplained == [new]
    assert verdict.stale == []


def test_a_reason_that_excuses_no_survivor_is_stale() -> None:
    gone = accepted(changed("a > 1", "a >= 1"))
    verdict = judge([], [gone])
    assert verdict.unexplained == []
    assert verdict.stale == [gone]


def test_a_reason_excuses_its_place_only() -> None:
    verdict = judge(
        [changed("return 0.0", "return 1.0", nth=2)],
        [accepted(changed("return 0.0", "return 1.0"))],
    )
    assert len(verdict.unexplained) == len(verdict.stale) == 1


def test_a_reason_has_to_be_written() -> None:
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
def test_what_is_printed_can_be_put_into_the_file_of_reasons(mutation: Mutation) -> None:
    text = entry_of(mutation) + '\nreason = "the same by the law"\n'
    entries = msgspec.toml.decode(text, type=dict[str, list[Accepted]])["accepted"]
    assert entries == [accepted(mutation)]
