"""What the vehicle draws, at any instant of the last seconds, and on which phases. Pure.

The house meter measures the box as well. The other loads are the difference of the two meters at
one instant: with a newer or older value of the box the vehicle's own delay would look like a change
of the house, and the offer would follow it.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.meter import MeterReading
from msgs.topics import METER_BOX

HISTORY_S = 5.0  # assumed: no house meter takes longer to answer
APART_S = 0.1  # closer readings are dropped: a ramp is straight for that time
# Five readings; the draw is unknown at a time that is further than this from any reading.
GAP_S = 1.0
AHEAD_S = 0.25  # a little more than a reading's period: a ramp is extrapolated by it
LAG_S = 1.0  # assumed: meters average over up to a second
UNUSED_BELOW_A = 1.0  # assumed: above any filter or standby current of a charger on board
USED_ABOVE_A = 4.0  # assumed: below the 6 A that the least duty offers
UNUSED_AFTER_S = 10.0  # assumed: longer than any vehicle takes from its first phase to its last

Currents = tuple[float, float, float]
NOTHING: Currents = (0.0, 0.0, 0.0)


class DrawSample(Struct, frozen=True, kw_only=True):
    """One reading of the box's own meter."""

    at_s: float
    current_a: Currents


class VehicleDraw(Struct, frozen=True, kw_only=True):
    """What is remembered of the vehicle; lines as the box numbers them."""

    samples: tuple[DrawSample, ...] = ()  # oldest first
    history_s: float = HISTORY_S  # for which samples are kept
    unused: tuple[bool, bool, bool] = (False, False, False)  # plugged in, but not drawn on
    idle_since_s: tuple[float | None, float | None, float | None] = (None, None, None)
    used: tuple[bool, bool, bool] = (False, False, False)  # drawn on since it was plugged in


class Drawn(Struct, frozen=True, kw_only=True):
    """What the vehicle drew at one instant."""

    current_a: Currents
    most_a: Currents  # in the time before by which the house meter may lag
    is_certain: bool  # a later reading of the box changes it only by dropping another one (APART_S)


def observe(
    vehicle: VehicleDraw, box_readings: tuple[MeterReading, ...], is_unplugged: bool
) -> VehicleDraw:
    """Take the newest readings of the box; forget the phases of a vehicle that is unplugged."""
    for box in box_readings:
        vehicle = _observe(vehicle, box)
    if is_unplugged:
        return VehicleDraw(samples=vehicle.samples, history_s=vehicle.history_s)
    return vehicle


def _observe(vehicle: VehicleDraw, box: MeterReading) -> VehicleDraw:
    if not box.online:
        return vehicle
    at_s = box.sampled_ns / 1e9
    current_a = _currents(box)
    newest = vehicle.samples[-1] if vehicle.samples else None
    if current_a is None or (newest is not None and at_s <= newest.at_s):
        return vehicle
    if newest is not None and at_s - newest.at_s > GAP_S:  # its draw in the gap is unknown
        vehicle = replace(vehicle, idle_since_s=(None, None, None))
    kept = [sample for sample in vehicle.samples if at_s - sample.at_s <= vehicle.history_s]
    if len(kept) > 1 and at_s - kept[-2].at_s < APART_S:
        kept.pop()
    vehicle = replace(vehicle, samples=(*kept, DrawSample(at_s=at_s, current_a=current_a)))
    draws = max(current_a) > USED_ABOVE_A
    lines = [
        _judge(vehicle.unused[line], vehicle.idle_since_s[line], current_a[line], draws, at_s)
        for line in range(3)
    ]
    (unused_1, since_1), (unused_2, since_2), (unused_3, since_3) = lines
    used_1, used_2, used_3 = (
        was or now_a >= UNUSED_BELOW_A for was, now_a in zip(vehicle.used, current_a, strict=True)
    )
    return replace(
        vehicle,
        unused=(unused_1, unused_2, unused_3),
        idle_since_s=(since_1, since_2, since_3),
        used=(used_1, used_2, used_3),
    )


def _judge(
    unused: bool, since_s: float | None, current_a: float, draws: bool, now_s: float
) -> tuple[bool, float | None]:
    """Return whether a line is unused, and since when it has been idle beside another in use."""
    if current_a >= UNUSED_BELOW_A:
        return False, None
    if not draws:
        return unused, None
    since_s = now_s if since_s is None else since_s
    return unused or now_s - since_s >= UNUSED_AFTER_S, since_s


def drawn_at(vehicle: VehicleDraw, at_s: float, moment: Moment, lag_s: float = LAG_S) -> Drawn:
    """Return what the vehicle drew at an instant; a draw that stays unknown counts as 0 A.

    0 A is the safe value: the vehicle's own current then counts as the house's. A meter node that
    restarts is heard again soon: meanwhile its last value counts, as uncertain.

    :param lag_s: how old the values of the house meter may be
    """
    before = [sample for sample in vehicle.samples if sample.at_s <= at_s]
    after = [sample for sample in vehicle.samples if sample.at_s > at_s]
    is_gap = not before or at_s - before[-1].at_s > GAP_S
    if is_gap and after and after[0].at_s - at_s <= GAP_S:
        first_a = after[0].current_a
        return Drawn(current_a=first_a, most_a=first_a, is_certain=True)
    if is_gap and before and not after and not moment.reached(at_s + GAP_S):
        last = before[-1]
        if not moment.reached(last.at_s + METER_BOX.hold_s):
            return Drawn(current_a=last.current_a, most_a=last.current_a, is_certain=False)
    if is_gap:
        return Drawn(current_a=NOTHING, most_a=NOTHING, is_certain=True)
    last = before[-1]
    if after:
        share = (at_s - last.at_s) / (after[0].at_s - last.at_s)
        current_a = _between(last.current_a, after[0].current_a, share)
    elif len(before) > 1:
        ahead_s = min(at_s - last.at_s, AHEAD_S)
        share = -ahead_s / max(last.at_s - before[-2].at_s, AHEAD_S / 2)
        current_a = _between(last.current_a, before[-2].current_a, share)
    else:
        current_a = last.current_a
    recent = [sample.current_a for sample in before if at_s - sample.at_s <= lag_s]
    l1_a, l2_a, l3_a = (max(values) for values in zip(current_a, *recent, strict=True))
    return Drawn(current_a=current_a, most_a=(l1_a, l2_a, l3_a), is_certain=bool(after))


def _between(one: Currents, other: Currents, share: float) -> Currents:
    """Interpolate from one to the other; a negative share extrapolates beyond the first."""
    l1_a, l2_a, l3_a = (max(a + share * (b - a), 0.0) for a, b in zip(one, other, strict=True))
    return l1_a, l2_a, l3_a


def _currents(box: MeterReading) -> Currents | None:
    l1, l2, l3 = box.lines
    current_a = (abs(l1.current_a), abs(l2.current_a), abs(l3.current_a))
    return current_a if all(map(math.isfinite, current_a)) else None
