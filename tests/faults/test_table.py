"""docs/faults.md is correct: every fault in every state is run again."""

from pathlib import Path
from typing import Any

import pytest

from msgs.safety import FaultCode
from tests.faults.cases import CASES, NO_FAULT, STATES, Case
from tests.faults.inject import inject
from tests.faults.page import HEAD, PAGE, line, places


def marked() -> list[Any]:
    """Return all lines; the fast run has each fault in two of the states in turn."""
    states = tuple(STATES)
    fast = {
        (case.name, states[(number + shift) % len(states)])
        for number, case in enumerate(CASES)
        for shift in (0, len(states) // 2)
    }
    return [
        pytest.param(
            case,
            state,
            marks=[
                pytest.mark.req(case.req, *(() if case.code == NO_FAULT else ("ERR-R",))),
                *(() if (case.name, state) in fast else (pytest.mark.proof,)),
            ],
            id=f"{case.name} {state}",
        )
        for case, state in places()
    ]


def written() -> list[str]:
    return PAGE.read_text().removeprefix(HEAD).splitlines(keepends=True)


@pytest.mark.parametrize(("case", "state"), marked())
def test_a_line_of_the_table_is_what_happens(case: Case, state: str, tmp_path: Path) -> None:
    assert line(case, state, inject(case, state, tmp_path)) in written()


def test_the_table_has_every_code_in_every_state_and_no_empty_cell() -> None:
    lines = written()
    assert len(lines) == len(CASES) * len(STATES)
    for row, (case, state) in zip(lines, places(), strict=True):
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        assert len(cells) == 10
        assert all(cells)
        assert (cells[0], cells[2]) == (case.name, state)
    assert {case.code for case in CASES} == {*FaultCode, NO_FAULT}


def test_the_page_is_the_one_that_is_written() -> None:
    assert PAGE.read_text().startswith(HEAD)
