"""The power of the running session over its time, and its limits, with a limited number of points.

The limits are marks: each holds until the next one.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.pilot import MIN_OFFER_A
from msgs.units import Amps, Watts

POINT_S = 5.0  # assumed: the first distance of points
MOST_POINTS = 720  # an hour at first; each thinning doubles the time that fits
MOST_MARKS = 120  # assumed: more cannot be distinguished on the screen
LEAST_CHANGE_A = 1.0  # assumed: a limit that follows the house changes with each reading

LimitMark = tuple[float, Amps, str]  # seconds since the start, A (0: paused), what has set it


class Curve(Struct, frozen=True, kw_only=True):
    """The points of one session, as (seconds since its start, power in W), and its marks."""

    session_id: str = ""
    points: tuple[tuple[float, Watts], ...] = ()
    every_s: float = POINT_S  # the least distance between two points
    marks: tuple[LimitMark, ...] = ()


def add_point(curve: Curve, session_id: str, since_start_s: float, power_w: float) -> Curve:
    """Return the curve with a new point; another session begins a new curve.

    A point that comes too soon after the last one is dropped.
    """
    curve = _of_session(curve, session_id)
    points = curve.points
    # Half a point of slack: timers come late, never early.
    if points and since_start_s < points[-1][0] + curve.every_s - POINT_S / 2:
        return curve
    points = (*points, (round(since_start_s, 1), round(power_w, 1)))
    if len(points) > MOST_POINTS:
        return replace(curve, points=points[::2], every_s=curve.every_s * 2)
    return replace(curve, points=points)


def add_mark(
    curve: Curve, session_id: str, since_start_s: float, limit_a: float, source: str
) -> Curve:
    """Return the curve with a mark, if the limit differs from that of the last one.

    Pauses are always marked. Of too many marks the oldest changes between two currents go first,
    and of pauses alone the oldest.
    """
    curve = _of_session(curve, session_id)
    mark = (round(since_start_s, 1), round(limit_a, 1), source)
    if curve.marks and not _differs(curve.marks[-1], mark):
        return curve
    marks = (*curve.marks, mark)
    if len(marks) > MOST_MARKS:
        oldest = next(
            (i for i in range(1, len(marks) - 1) if not _is_pause(marks[i], marks[i - 1])), 1
        )
        marks = (*marks[:oldest], *marks[oldest + 1 :])
    return replace(curve, marks=marks)


def _of_session(curve: Curve, session_id: str) -> Curve:
    return curve if session_id == curve.session_id else Curve(session_id=session_id)


def _is_pause(*marks: LimitMark) -> bool:
    return any(limit_a < MIN_OFFER_A for _, limit_a, _ in marks)


def _differs(last: LimitMark, mark: LimitMark) -> bool:
    """Return whether a mark says something new."""
    _, before_a, _ = last
    _, after_a, _ = mark
    is_of_pause = _is_pause(last) != _is_pause(mark)
    return is_of_pause or abs(after_a - before_a) >= LEAST_CHANGE_A
