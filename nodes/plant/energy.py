"""The energy counters of the box's chip, the house meter and the solar meter."""

from msgspec import Struct

from nodes.plant.mains import NONE, Flow, Phases

_WS_PER_WH = 3600.0


class EnergyCounters(Struct, frozen=True, kw_only=True):
    """Counters [Wh]. Each phase counts by the sign of its power, the totals by that of the sum."""

    box_wh: Phases = NONE
    house_in_wh: Phases = NONE
    house_out_wh: Phases = NONE
    total_in_wh: float = 0.0
    total_out_wh: float = 0.0
    sun_wh: float = 0.0


def count(
    energy: EnergyCounters, box_w: Phases, house_w: Phases, sun_w: float, dt_s: float
) -> EnergyCounters:
    """Return the counters after a time at constant powers."""
    hours = dt_s / _WS_PER_WH
    box, into, out = energy.box_wh, energy.house_in_wh, energy.house_out_wh
    one_w, two_w, three_w = house_w
    total_w = one_w + two_w + three_w
    return EnergyCounters(
        box_wh=(box[0] + box_w[0] * hours, box[1] + box_w[1] * hours, box[2] + box_w[2] * hours),
        house_in_wh=(
            into[0] + max(one_w, 0.0) * hours,
            into[1] + max(two_w, 0.0) * hours,
            into[2] + max(three_w, 0.0) * hours,
        ),
        house_out_wh=(
            out[0] - min(one_w, 0.0) * hours,
            out[1] - min(two_w, 0.0) * hours,
            out[2] - min(three_w, 0.0) * hours,
        ),
        total_in_wh=energy.total_in_wh + max(total_w, 0.0) * hours,
        total_out_wh=energy.total_out_wh - min(total_w, 0.0) * hours,
        sun_wh=energy.sun_wh + sun_w * hours,
    )


def mean(before: Flow, after: Flow) -> tuple[Phases, Phases, float]:
    """Return the mean power of box, house and sun [W] between two flows."""
    if before is after:
        return before.box_w, before.house_w, before.sun_w
    return (
        _halfway(before.box_w, after.box_w),
        _halfway(before.house_w, after.house_w),
        (before.sun_w + after.sun_w) / 2.0,
    )


def _halfway(one: Phases, other: Phases) -> Phases:
    return (
        (one[0] + other[0]) / 2.0,
        (one[1] + other[1]) / 2.0,
        (one[2] + other[2]) / 2.0,
    )
