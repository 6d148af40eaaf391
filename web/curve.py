"""The power of the running session over its time, and its limits, with a limited number of points.

The limits are spans: each lasts until the next one.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.pilot import MIN_OFFER_A
from msgs.units import Amps, Watts

POINT_S = 5.0  # assumed: the first distance of points
MOST_POINTS = 720  # an hour at first; each thinning doubles the time that fits
MOST_SPANS = 120  # assumed: more cannot be distinguished on a screen
LEAST_CHANGE_A = 1.0  # assumed: a limit that follows the house changes with each reading

LimitSpan = tuple[float, Amps, str]  # seconds since the start, A (0: paused), what has set it


class Curve(Struct, frozen=True, kw_only=True):
    """The points of one session, as (seconds since its start, power in W), and its limits."""

    session_id: str = ""
    points: tuple[tuple[float, Watts], ...] = ()
    every_s: float = POINT_S  # the least distance between two points
    spans: tuple[LimitSpan, ...] = ()


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


def add_span(
    curve: Curve, session_id: str, since_start_s: float, limit_a: float, source: str
) -> Curve:
    """Return the curve with a new span, if the limit differs from that of the last one.

    Each pause has its span. Of too many the oldest changes between two currents go first, and of
    pauses alone the oldest.
    """
    curve = _of_session(curve, session_id)
    span = (round(since_start_s, 1), round(limit_a, 1), source)
    if curve.spans and not _differs(curve.spans[-1], span):
        return curve
    spans = (*curve.spans, span)
    if len(spans) > MOST_SPANS:
        oldest = next(
            (i for i in range(1, len(spans) - 1) if not _is_pause(spans[i], spans[i - 1])), 1
        )
        spans = (*spans[:oldest], *spans[oldest + 1 :])
    return replace(curve, spans=spans)


def _of_session(curve: Curve, session_id: str) -> Curve:
    return curve if session_id == curve.session_id else Curve(session_id=session_id)


def _is_pause(*spans: LimitSpan) -> bool:
    return any(limit_a < MIN_OFFER_A for _, limit_a, _ in spans)


def _differs(last: LimitSpan, span: LimitSpan) -> bool:
    """Return whether a span says something new."""
    _, before_a, _ = last
    _, after_a, _ = span
    is_of_pause = _is_pause(last) != _is_pause(span)
    return is_of_pause or abs(after_a - before_a) >= LEAST_CHANGE_A
