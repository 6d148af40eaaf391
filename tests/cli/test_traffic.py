"""What `sniff --hz --bandwidth --delay` counts, and what it calls a gap."""

import pytest

from cli.traffic import Traffic


@pytest.mark.parametrize(
    ("numbers", "news", "gaps"),
    [
        ([(1, 5), (1, 6), (1, 7)], [True, True, True], 0),
        ([(1, 5), (1, 8)], [True, True], 2),
        ([(1, 5), (1, 5)], [True, False], 0),  # a latched one is sent again to all
        ([(1, 5), (1, 4)], [True, False], 0),
        ([(1, 5), (2, 1)], [True, True], 0),  # a restart is not a gap
        ([(2, 1), (1, 9)], [True, False], 0),  # the last message of the previous incarnation
    ],
)
def test_a_frame_is_new_once_and_missing_numbers_are_a_gap(
    numbers: list[tuple[int, int]], news: list[bool], gaps: int
) -> None:
    traffic = Traffic()
    assert [traffic.is_new("x", *number) for number in numbers] == news
    assert traffic.gaps == gaps


def test_counts_are_for_the_interval_and_gaps_for_the_whole_time() -> None:
    traffic = Traffic()
    for sequence in (1, 2, 5):
        assert traffic.is_new("pilot/status", 1, sequence)
        traffic.add("pilot/status", 100, sequence * 1_000_000)
    first, second = traffic.take(0.5)[0], traffic.take(0.5)[0]
    assert (first.hz, first.bytes_per_s, first.gaps) == (6.0, 600.0, 2)
    assert (first.delay_p50_ms, first.delay_max_ms) == (2.0, 5.0)
    assert (second.hz, second.delay_p50_ms, second.gaps) == (0.0, None, 2)
