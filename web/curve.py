"""The power of the running session over its time, with a limited number of points."""

from msgspec import Struct
from msgspec.structs import replace

from msgs.units import Watts

POINT_S = 5.0  # assumed: the first distance of points
MOST_POINTS = 720  # an hour at first; each thinning doubles the time that fits


class Curve(Struct, frozen=True, kw_only=True):
    """The points of one session, as (seconds since its start, power in W)."""

    session_id: str = ""
    points: tuple[tuple[float, Watts], ...] = ()
    every_s: float = POINT_S  # the least distance between two points


def add_point(curve: Curve, session_id: str, since_start_s: float, power_w: float) -> Curve:
    """Return the curve with a new point; another session begins a new curve.

    A point that comes too soon after the last one is dropped.
    """
    if session_id != curve.session_id:
        curve = Curve(session_id=session_id)
    points = curve.points
    # Half a point of slack: timers come late, never early.
    if points and since_start_s < points[-1][0] + curve.every_s - POINT_S / 2:
        return curve
    points = (*points, (round(since_start_s, 1), round(power_w, 1)))
    if len(points) > MOST_POINTS:
        return replace(curve, points=points[::2], every_s=curve.every_s * 2)
    return replace(curve, points=points)
