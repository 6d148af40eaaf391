"""The curve of a session: few points, however long it lasts."""

import pytest

from web.curve import MOST_POINTS, MOST_SPANS, POINT_S, Curve, add_point, add_span


def drawn(hours: float) -> Curve:
    curve = Curve()
    for number in range(int(hours * 3600 / POINT_S)):
        curve = add_point(curve, "s1", number * POINT_S, 1000.0 + number)
    return curve


def test_a_point_is_kept_each_five_seconds() -> None:
    curve = drawn(0.5)
    assert len(curve.points) == 360
    assert curve.points[:3] == ((0.0, 1000.0), (5.0, 1001.0), (10.0, 1002.0))


def test_a_long_session_has_no_more_points_and_no_holes() -> None:
    for hours in (1.0, 1.1, 5.0, 30.0, 100.0):
        curve = drawn(hours)
        assert MOST_POINTS / 2 <= len(curve.points) <= MOST_POINTS
        assert curve.points[0] == (0.0, 1000.0)
        gaps = {b[0] - a[0] for a, b in zip(curve.points, curve.points[1:], strict=False)}
        assert gaps == {curve.every_s}
        assert curve.points[-1][0] > hours * 3600 - 2 * curve.every_s


def test_another_session_begins_a_new_curve() -> None:
    curve = add_point(drawn(5.0), "s2", 0.0, 7.0)
    assert curve == Curve(session_id="s2", points=((0.0, 7.0),))


def test_a_late_timer_leaves_no_point_out() -> None:
    curve = Curve()
    for number in range(10):
        curve = add_point(curve, "s1", number * POINT_S + (0.4 if number % 2 else 0.0), 1.0)
    assert len(curve.points) == 10


def test_a_point_that_comes_too_soon_is_left_out() -> None:
    curve = add_point(Curve(), "s1", 100.0, 1.0)
    assert add_point(curve, "s1", 101.0, 2.0) is curve
    assert add_point(curve, "s1", 40.0, 2.0) is curve  # a clock that was set back


def marked(*limits: tuple[float, float]) -> Curve:
    curve = Curve()
    for since_s, limit_a in limits:
        curve = add_span(curve, "s1", since_s, limit_a, "main fuse")
    return curve


@pytest.mark.req("MET-7")
def test_a_limit_is_marked_where_it_changes_and_a_pause_always() -> None:
    curve = marked((0.0, 16.0), (5.0, 16.4), (10.0, 12.0), (15.0, 0.0), (20.0, 0.0), (25.0, 6.0))
    assert [(since_s, limit_a) for since_s, limit_a, _ in curve.spans] == [
        (0.0, 16.0), (10.0, 12.0), (15.0, 0.0), (25.0, 6.0),
    ]  # fmt: skip
    assert add_span(curve, "s2", 0.0, 16.0, "main fuse").spans == ((0.0, 16.0, "main fuse"),)


def test_of_too_many_marks_the_pauses_stay() -> None:
    limits = [(5.0 * number, 10.0 + 2 * (number % 2)) for number in range(MOST_SPANS - 4)]
    pauses = [(9000.0, 0.0), (9100.0, 16.0)]
    more = [(10_000.0 + 5.0 * number, 10.0 + 2 * (number % 2)) for number in range(MOST_SPANS)]
    curve = marked(*limits, *pauses, *more)
    assert len(curve.spans) == MOST_SPANS
    assert (9000.0, 0.0, "main fuse") in curve.spans
    assert (9100.0, 16.0, "main fuse") in curve.spans
