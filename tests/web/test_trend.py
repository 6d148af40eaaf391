"""The small drawings: their axes, their curves with gaps, their bars."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.trend import BOTTOM, HEIGHT, LEFT, MOST_STEPS, RIGHT, TOP, WIDTH, bars, curves

ENDS = ("2026-12-01", "2026-12-31")


def test_without_a_value_there_is_nothing_to_draw() -> None:
    assert curves("a", "A", "ms", ENDS, {"one": []}).is_empty
    assert curves("a", "A", "ms", ENDS, {"one": [None, None]}).is_empty
    assert bars("a", "A", ENDS, {"one": []}).is_empty


def test_a_value_that_is_missing_is_a_gap_and_one_alone_is_a_dot() -> None:
    trend = curves("a", "A", "ms", ENDS, {"one": [1.0, 2.0, None, 4.0]})
    (line,) = trend.lines
    assert len(line.parts) == 1
    assert line.dots == ((WIDTH - RIGHT, TOP),)
    assert line.parts[0].startswith(f"{LEFT},")
    assert trend.words == "one: from 1 to 4 ms, newest 4 ms."


@pytest.mark.parametrize(
    ("most", "words"),
    [
        (0.8, ["0", "0.25", "0.5", "0.75", "1 ohm"]),
        (22.0, ["0", "10", "20", "30 ohm"]),
        (612.0, ["0", "200", "400", "600", "800 ohm"]),
    ],
)
def test_the_axis_has_round_steps_and_its_unit_at_the_top(most: float, words: list[str]) -> None:
    trend = curves("a", "A", "ohm", ENDS, {"one": [0.0, most]})
    assert [each.words for each in trend.ticks] == words


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([0, 0], ["0", "1"]),
        ([1], ["0", "1"]),
        ([3, 2], ["0", "1", "2", "3"]),
        ([10], ["0", "5", "10"]),
    ],
)
def test_counts_have_whole_steps(counts: list[int], words: list[str]) -> None:
    trend = bars("a", "A", ENDS, {"one": counts})
    assert [each.words for each in trend.ticks] == words
    assert len(trend.bars[0][1]) == sum(each > 0 for each in counts)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.none() | st.floats(0.0, 1e6), min_size=1, max_size=100),
    st.lists(st.integers(0, 50_000), min_size=1, max_size=100),
)
def test_everything_is_within_the_drawing(values: list[float | None], counts: list[int]) -> None:
    trend = curves("a", "A", "ms", ENDS, {"one": values})
    assert len(trend.ticks) <= MOST_STEPS + 1
    for line in trend.lines:
        points = [
            tuple(map(float, each.split(","))) for part in line.parts for each in part.split()
        ]
        for x, y in (*points, *line.dots):
            assert LEFT <= x <= WIDTH - RIGHT
            assert TOP <= y <= HEIGHT - BOTTOM
    drawn = bars("a", "A", ENDS, {"one": counts})
    for _, each in drawn.bars:
        for bar in each:
            assert bar.x >= LEFT
            assert bar.x + bar.width <= WIDTH - RIGHT + 1.0
            assert TOP - 0.1 <= bar.y <= HEIGHT - BOTTOM
            assert bar.height == pytest.approx(HEIGHT - BOTTOM - bar.y, abs=0.1)
