"""Which process writes to the slow disk, by the lines of the preloaded library."""

from bench.slow_disk import begun, is_writing


def test_a_write_is_under_way_from_its_begin_to_its_end() -> None:
    assert not is_writing("", "session")
    assert is_writing("+session\n", "session")
    assert not is_writing("+session\n-session\n", "session")


def test_an_earlier_write_that_is_under_way_counts() -> None:
    assert is_writing("+session\n+meter\n-session\n+session\n-meter\n", "session")


def test_a_write_of_another_process_does_not_count() -> None:
    assert not is_writing("+meter\n+session\n-session\n", "session")


def test_only_begins_are_counted() -> None:
    assert begun("+session\n+meter\n-session\n") == 2
