"""docs/load_policies.md is correct: the arbiter's year and the named days are run again."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.houses.named import NAMED_DAYS, NamedDay, best, has_recording, play
from tests.houses.page import HEAD, PAGE, named_line, runs, year_lines
from tests.houses.policies import Arbiter
from tests.houses.year import days, play_arbiter, total

CELLS = 10


def written() -> list[str]:
    return PAGE.read_text().removeprefix(HEAD).splitlines(keepends=True)


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_the_table_has_every_run_and_no_empty_cell() -> None:
    assert PAGE.read_text().startswith(HEAD)
    rows = [cells_of(line) for line in written()]
    assert [(row[0], row[1]) for row in rows] == runs()
    assert all(len(row) == CELLS and all(row) for row in rows)


@pytest.mark.req("MET-1")
def test_the_arbiter_and_the_graph_have_no_breach_in_the_table() -> None:
    rows = [cells_of(line) for line in written()]
    assert {row[2] for row in rows if row[1] in (Arbiter.name, "whole graph")} == {"0.0 s"}


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.req("MET-1", "MET-7")
def test_a_year_of_houses_is_as_in_the_table_and_the_fuse_is_kept() -> None:
    with ProcessPoolExecutor(2) as pool:
        sums = total(pool.map(play_arbiter, days(), chunksize=5))
    assert sums.every[Arbiter.name].breach_s == 0.0
    assert set(year_lines(sums)) <= set(written())


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("day", NAMED_DAYS, ids=lambda day: day.name)
def test_a_named_day_is_as_in_the_table_and_the_fuse_is_kept(day: NamedDay, tmp_path: Path) -> None:
    if day.is_recorded and not has_recording():
        pytest.skip("no recording of a house")
    measures = play(day, tmp_path)
    assert measures.breach_s == 0.0
    assert measures.energy_wh > 0.0
    assert named_line(day, measures, best(day)) in written()
