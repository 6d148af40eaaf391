"""The house's supply at one instant: grid, other loads, sun, and the branch to the box.

Currents add as scalars: the few per cent of reactive current are neglected.
"""

from collections.abc import Set

from msgspec import Struct

from msgs.plant import SimFault
from nodes.plant.contactor import Poles

NOMINAL_V, NOMINAL_HZ = 230.0, 50.0  # EN 50160
SAG_V = 150.0  # below the 160 V of ERR-8002
SWELL_V = 290.0  # above the 280 V of ERR-8002
GRID_OHM = 0.2  # assumed: within 0.1 to 0.4 ohm of a low-voltage connection
BRANCH_OHM = 0.15  # 20 m of wire, 6 mm2, there and back: 0.0225 ohm mm2/m

Phases = tuple[float, float, float]  # L1, L2, L3

NONE: Phases = (0.0, 0.0, 0.0)

Order = tuple[int, int, int]
STRAIGHT: Order = (0, 1, 2)


class Mains(Struct, frozen=True, kw_only=True):
    """How the box is connected, and the state of the supply."""

    phases: int = 3  # connected to the box; L1 alone if 1
    is_on: bool = True  # the box's own supply
    wiring: Order = STRAIGHT  # the house's phases (0 is L1) that feed the box's L1, L2 and L3
    house_a: Phases = NONE  # other loads
    sun_w: float = 0.0  # spread evenly over the phases
    wander_ratio: float = 0.0  # drift of the grid's voltage


class Flow(Struct, frozen=True, kw_only=True):
    """Voltages, currents and powers at one instant. Import is positive."""

    box_v: Phases  # at the box, in front of the contactor
    box_a: Phases
    box_w: Phases
    power_factor: float  # the vehicle's
    house_v: Phases  # at the connection, where the house meter is
    house_a: Phases  # total: other loads, box, less sun
    house_w: Phases
    sun_a: float  # each phase
    sun_w: float  # all phases


def supplied(mains: Mains, faults: Set[SimFault]) -> Poles:
    """Return which phases have voltage at the box."""
    others = mains.is_on and mains.phases > 1
    return mains.is_on, others and SimFault.PHASE_LOST not in faults, others


def live(mains: Mains, poles: Poles, faults: Set[SimFault]) -> Poles:
    """Return which phases have voltage behind the contactor; `poles`: which are closed."""
    one, two, three = supplied(mains, faults)
    return one and poles[0], two and poles[1], three and poles[2]


def flow(mains: Mains, box_a: Phases, faults: Set[SimFault]) -> Flow:
    """Return the flow while the vehicle draws these currents, on supplied phases only."""
    if SimFault.SAG in faults:
        open_v = SAG_V
    elif SimFault.SWELL in faults:
        open_v = SWELL_V
    else:
        open_v = NOMINAL_V * (1.0 + mains.wander_ratio)
    others_a = mains.house_a
    sun_w, lost = mains.sun_w, SimFault.PHASE_LOST in faults
    if lost:
        # An inverter disconnects if a phase is missing (VDE-AR-N 4105).
        others_a, sun_w = _without(others_a, mains.wiring[1]), 0.0
    one, two, three = others_a
    # The solar current raises the voltage from which it follows: one correction is enough.
    sun_a = sun_w / 3.0 / open_v
    fed_a = _at_house(mains.wiring, box_a)
    house_v = (
        open_v - GRID_OHM * (one + fed_a[0] - sun_a),
        open_v - GRID_OHM * (two + fed_a[1] - sun_a),
        open_v - GRID_OHM * (three + fed_a[2] - sun_a),
    )
    if lost:
        house_v = _without(house_v, mains.wiring[1])
    if sun_a:
        sun_a = sun_w / sum(house_v)
    house_a = (one + fed_a[0] - sun_a, two + fed_a[1] - sun_a, three + fed_a[2] - sun_a)
    power_factor = _power_factor(max(box_a))
    has_one, has_two, has_three = supplied(mains, faults)
    first, second, third = mains.wiring
    box_v = (
        house_v[first] - BRANCH_OHM * box_a[0] if has_one else 0.0,
        house_v[second] - BRANCH_OHM * box_a[1] if has_two else 0.0,
        house_v[third] - BRANCH_OHM * box_a[2] if has_three else 0.0,
    )
    box_w = (
        box_v[0] * box_a[0] * power_factor,
        box_v[1] * box_a[1] * power_factor,
        box_v[2] * box_a[2] * power_factor,
    )
    fed_w = _at_house(mains.wiring, box_w)
    # The connection also supplies the heat loss of the branch.
    house_w = (
        house_v[0] * (one - sun_a) + fed_w[0] + BRANCH_OHM * fed_a[0] ** 2,
        house_v[1] * (two - sun_a) + fed_w[1] + BRANCH_OHM * fed_a[1] ** 2,
        house_v[2] * (three - sun_a) + fed_w[2] + BRANCH_OHM * fed_a[2] ** 2,
    )
    return Flow(
        box_v=box_v,
        box_a=box_a,
        box_w=box_w,
        power_factor=power_factor,
        house_v=house_v,
        house_a=house_a,
        house_w=house_w,
        sun_a=sun_a,
        sun_w=sun_w,
    )


def _at_house(wiring: Order, box: Phases) -> Phases:
    """Return values of the box's phases in the order of the house's."""
    if wiring == STRAIGHT:
        return box
    first, second, third = (box[wiring.index(line)] for line in range(3))
    return first, second, third


def _without(phases: Phases, line: int) -> Phases:
    """Return values of the house's phases, with 0 on one of them."""
    one, two, three = (0.0 if each == line else value for each, value in enumerate(phases))
    return one, two, three


def _power_factor(current_a: float) -> float:
    """Return an on-board charger's power factor: 0.95 at 6 A, 0.99 from 10 A up."""
    return 0.95 + 0.01 * min(max(current_a - 6.0, 0.0), 4.0)
