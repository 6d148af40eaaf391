"""The house meter: whether it is lost, and the headroom it leaves (MET-1, MET-3, MET-4). Pure.

A current of import counts whole. Of an export only the active part is credited: |P|/U, and only
above 100 W on that line. A phase whose values contradict each other counts with the larger of its
current and of power by voltage, and gives no more headroom than before.
"""

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import HouseMeter
from msgs.meter import PHASES, Contradiction, Line, MeterReading
from msgs.settings import METER_LINES, MOST_FUSE_A, Grid, PhaseAssignment, fits
from msgs.topics import METER_HOUSE
from nodes.load_manager.vehicle import USED_ABOVE_A, Currents, Drawn, VehicleDraw

# MET-3: offered at most while the meter is lost, and until it has shown the vehicle.
UNMEASURED_A = 10.0
RETURNED_AFTER = 3  # good readings (assumed: one may be a meter that restarts)
AHEAD_S = 1.0  # assumed: all nodes use one clock; a reading from further in the future is invalid
MOST_POSSIBLE_A = 2 * MOST_FUSE_A  # assumed: a fuse blows soon at twice its current
CONTRADICTION_FUSES = 2  # a contradiction of more than so many times the fuse is no reading
CONTRADICTIONS = 3  # in a row are no reading
MOST_COMPLAINT = 160  # characters, of the 400 that a claim's text may have
CREDITED_ABOVE_W = 100.0  # of export, on one line
# Assumed: an IT net has 133 V between line and neutral, others 230 V; a meter or gateway that
# boots returns 0 V and 0 A, as if the house used no current.
LEAST_V, MOST_V = 100.0, 300.0


class Lines(Struct, frozen=True, kw_only=True):
    """Which line of the box lies on which of the meter: as it is set, and what safety has found."""

    assignment: PhaseAssignment
    wired: tuple[bool, bool, bool] = (False, False, False)  # L1 first; none: not known
    grid: Grid = Grid.TN_TT

    @property
    def wrong(self) -> PhaseAssignment | None:
        """Return an assignment that the wiring contradicts, from wherever it was set."""
        return None if fits(self.assignment, self.wired) else self.assignment


class HouseMeterState(Struct, frozen=True, kw_only=True):
    """What is remembered of the house meter."""

    meter: HouseMeter
    since_s: float  # when its newest good reading was taken; the node's start before the first
    reading: MeterReading | None = None  # its newest good reading
    good: int = 0  # good readings in a row since it was lost
    newest_ns: int = 0  # when its newest reading was taken, good or not
    contradictory: int = 0  # readings in a row that contradict themselves
    is_unusable: bool = False  # the newest reading contradicts itself too much to count
    complaint: str = ""  # why the newest reading counts less or not at all, for a person
    # A reading from before does not count: what the vehicle drew at that time is not known.
    counts_from_s: float = -math.inf


class Allowance(Struct, frozen=True, kw_only=True):
    """What the phases of the house may carry, L1 first [A]: the fuse, or its thermal budget."""

    fuse_a: float  # rated current
    planned_a: Currents  # the offer may rise up to it
    held_a: Currents  # a charge may go on with 6 A up to it


def of_fuse(fuse_a: float) -> Allowance:
    """Return what a fuse without a budget allows."""
    three_a = (fuse_a, fuse_a, fuse_a)
    return Allowance(fuse_a=fuse_a, planned_a=three_a, held_a=three_a)


class Share(Struct, frozen=True, kw_only=True):
    """What one phase of the house leaves: fuse + budget - reserve - others."""

    phase: str  # of the meter: "L1"
    house_a: float  # what the phase counts with, negative for a credited export
    vehicle_a: float  # of it
    fuse_a: float
    budget_a: float  # what the thermal budget adds; negative while an excess is made up
    reserve_a: float  # for the error of the meter

    @property
    def others_a(self) -> float:
        """Return what the other loads use, negative while they export."""
        return self.house_a - self.vehicle_a

    @property
    def left_a(self) -> float:
        """Return what they leave for the vehicle."""
        return self.fuse_a + self.budget_a - self.reserve_a - self.others_a


class Headroom(Struct, frozen=True, kw_only=True):
    """What the other loads leave, on the phase where it is least."""

    share: Share
    held: Share  # the same, up to what a charge may go on with
    shares: tuple[Share, ...] = ()  # of each phase that counts, L1 first
    held_shares: tuple[Share, ...] = ()  # likewise, up to what a charge may go on with
    most_left_a: float  # what they leave if the meter lags behind the vehicle
    held_left_a: float  # likewise, up to what a charge may go on with
    is_certain: bool
    unassigned_lines: tuple[int, ...] = ()  # of the box, in use, not named by the assignment
    wrong: PhaseAssignment | None = None  # an assignment that the wiring of the box contradicts
    most_a: float = 0.0  # of the connection, on the phase that carries most
    is_contradictory: bool = False  # a phase that counts contradicts itself: nothing rises

    @property
    def left_a(self) -> float:
        """Return what is left for the vehicle."""
        return self.share.left_a


def watch(
    house: HouseMeterState,
    reading: MeterReading | None,
    vehicle: VehicleDraw,
    lines: Lines,
    main_fuse_a: float | None,
    moment: Moment,
) -> HouseMeterState:
    """Take the newest message of the meter, and decide whether it is lost."""
    if reading is not None:
        house = _compare(house, reading, vehicle, lines)
        is_usable = _is_usable(house, reading, vehicle, lines, main_fuse_a)
        house = replace(house, is_unusable=reading.online and not is_usable)
    if reading is not None and (house.is_unusable or not _is_good(reading, vehicle, lines)):
        house = replace(house, good=0)
        if house.reading is None and reading.sampled_ns:  # lost before this node began
            house = replace(house, since_s=min(house.since_s, reading.sampled_ns / 1e9))
    elif reading is not None and _is_news(house, reading, moment):
        since_s = min(reading.sampled_ns / 1e9, moment.now_s)
        house = replace(house, reading=reading, since_s=since_s, good=house.good + 1)
    if moment.reached(house.since_s + METER_HOUSE.hold_of(house.reading)):
        return replace(house, meter=HouseMeter.LOST, good=0)
    if house.reading is not None and (
        house.meter is HouseMeter.STARTING or house.good >= RETURNED_AFTER
    ):
        return replace(house, meter=HouseMeter.ONLINE)
    return house


def _compare(
    house: HouseMeterState, reading: MeterReading, vehicle: VehicleDraw, lines: Lines
) -> HouseMeterState:
    """Count the readings in a row of which a phase that counts contradicts itself."""
    if not reading.online:
        return replace(house, complaint=reading.error[:MOST_COMPLAINT])
    if reading.sampled_ns <= house.newest_ns:
        return house
    contradictions = _contradictions(reading, vehicle, lines)
    largest = max(contradictions, key=lambda each: each.at_most_a, default=None)
    return replace(
        house,
        newest_ns=reading.sampled_ns,
        contradictory=0 if largest is None else house.contradictory + 1,
        complaint="" if largest is None else largest.text[:MOST_COMPLAINT],
    )


def _contradictions(
    reading: MeterReading, vehicle: VehicleDraw, lines: Lines
) -> list[Contradiction]:
    """Return the contradictions of the phases that count."""
    if lines.grid is Grid.IT:
        return []
    counted = {PHASES[meter] for _, meter in _pairs(vehicle, lines)}
    return [each for each in reading.contradictions if each.phase in counted]


def _is_usable(
    house: HouseMeterState,
    reading: MeterReading,
    vehicle: VehicleDraw,
    lines: Lines,
    main_fuse_a: float | None,
) -> bool:
    """Return whether a reading may count though it contradicts itself."""
    most_a = CONTRADICTION_FUSES * (MOST_FUSE_A if main_fuse_a is None else main_fuse_a)
    contradictions = _contradictions(reading, vehicle, lines)
    return not contradictions or (
        house.contradictory < CONTRADICTIONS
        and all(each.at_most_a < most_a for each in contradictions)
    )


def counted_a(line: Line, grid: Grid) -> float:
    """Return the current that a phase counts with; negative for a credited export."""
    if grid is Grid.IT or line.power_w >= -CREDITED_ABOVE_W or line.voltage_v < LEAST_V:
        return abs(line.current_a)
    return -min(abs(line.power_w) / line.voltage_v, abs(line.current_a))


def active_a(line: Line, grid: Grid) -> float:
    """Return the active part of a phase's current, negative for an export; in an IT grid, all."""
    if grid is Grid.IT or line.voltage_v < LEAST_V:
        return abs(line.current_a)
    return line.power_w / line.voltage_v


def assigned(lines: Lines) -> list[tuple[int, int]]:
    """Return which line of the box the assignment has on which of the meter."""
    return list(enumerate(METER_LINES[lines.assignment]))


def _is_news(house: HouseMeterState, reading: MeterReading, moment: Moment) -> bool:
    """Return whether this is a new reading, neither from the future nor older than its hold."""
    known_ns = 0 if house.reading is None else house.reading.sampled_ns
    sampled_s = reading.sampled_ns / 1e9
    return (
        reading.sampled_ns > known_ns
        and sampled_s >= house.counts_from_s
        and moment.reached(sampled_s - AHEAD_S)
        and not moment.reached(sampled_s + METER_HOUSE.hold_of(reading))
    )


def _is_good(reading: MeterReading, vehicle: VehicleDraw, lines: Lines) -> bool:
    """Return whether a reading is plausible, on every phase that counts.

    Low or negative currents do not contradict the box's own: the house may have PV. Exactly 0 A on
    a line on which the box draws current contradicts it: a current transformer is not connected.
    """
    drawn_a = vehicle.samples[-1].current_a if vehicle.samples else (0.0, 0.0, 0.0)
    pairs = _pairs(vehicle, lines)
    is_unconnected = any(
        drawn_a[box] > USED_ABOVE_A
        and reading.lines[meter].current_a == 0.0
        and reading.lines[meter].power_w == 0.0
        for box, meter in pairs
    )
    return (
        reading.online
        and not is_unconnected
        and all(
            math.isfinite(line.power_w) and abs(line.current_a) <= MOST_POSSIBLE_A
            for line in reading.lines
        )
        and all(LEAST_V <= reading.lines[meter].voltage_v <= MOST_V for _, meter in pairs)
    )


def _unassigned_lines(vehicle: VehicleDraw, lines: Lines) -> list[int]:
    """Return the box's lines that this vehicle draws on and the assignment does not name."""
    return [box for box in range(len(METER_LINES[lines.assignment]), 3) if vehicle.used[box]]


def _pairs(vehicle: VehicleDraw, lines: Lines) -> list[tuple[int, int]]:
    """Return which line of the box may lie on which of the meter.

    An assignment is wrong if the wiring of the box contradicts it, or if the vehicle draws current
    on a line that it does not name: then each line of the box may be on each line of the meter.
    """
    if lines.wrong is not None:
        boxes = [box for box in range(3) if lines.wired[box] or vehicle.used[box]]
    elif _unassigned_lines(vehicle, lines):
        boxes = [box for box in range(3) if vehicle.used[box]]
    else:
        return assigned(lines)
    return [(box, meter) for box in boxes for meter in range(3)]


def carried_a(reading: MeterReading, grid: Grid) -> Currents:
    """Return the current of each phase as it heats the fuse, the larger one of a contradiction."""
    at_most_a = {each.phase: each.at_most_a for each in reading.contradictions}
    is_judged = grid is not Grid.IT
    one, two, three = (
        max(abs(line.current_a), at_most_a.get(phase, 0.0) if is_judged else 0.0)
        for phase, line in zip(PHASES, reading.lines, strict=True)
    )
    return one, two, three


def headroom_of(
    reading: MeterReading,
    drawn: Drawn,
    vehicle: VehicleDraw,
    lines: Lines,
    allowance: Allowance,
    margin_a: float,
) -> Headroom:
    """Return what one reading leaves of the main fuse for the vehicle, on each phase it uses.

    `drawn` is what the vehicle drew at the reading's instant.

    Currents of different phase angles add up to less than the sum of their magnitudes. So when the
    vehicle's current changes, the house's total changes by no more than that, and the difference of
    the magnitudes never makes the headroom too large.
    """
    every = _pairs(vehicle, lines)
    pairs = [pair for pair in every if not vehicle.unused[pair[0]]] or every
    contradictions = {each.phase: each for each in _contradictions(reading, vehicle, lines)}
    counted = [
        contradictions[phase].at_most_a if phase in contradictions else counted_a(line, lines.grid)
        for phase, line in zip(PHASES, reading.lines, strict=True)
    ]

    def shares(allowed_a: Currents, current_a: Currents) -> list[Share]:
        """Return the share of each pair, the last phase first."""
        return [
            Share(
                phase=PHASES[meter],
                house_a=counted[meter],
                vehicle_a=current_a[box],
                fuse_a=allowance.fuse_a,
                budget_a=allowed_a[meter] - allowance.fuse_a,
                reserve_a=margin_a,
            )
            for box, meter in sorted(pairs, key=lambda pair: -pair[1])
        ]

    planned, held = (
        shares(allowed_a, drawn.current_a) for allowed_a in (allowance.planned_a, allowance.held_a)
    )
    return Headroom(
        share=_least(planned),
        held=_least(held),
        shares=_of_phases(planned),
        held_shares=_of_phases(held),
        most_left_a=_least(shares(allowance.planned_a, drawn.most_a)).left_a,
        held_left_a=_least(shares(allowance.held_a, drawn.most_a)).left_a,
        is_certain=drawn.is_certain,
        unassigned_lines=tuple(_unassigned_lines(vehicle, lines)),
        wrong=lines.wrong,
        most_a=max(counted[meter] for _, meter in pairs),
        is_contradictory=bool(contradictions),
    )


def _least(shares: Sequence[Share]) -> Share:
    """Return the share of the phase that leaves least; of equal ones, the first."""
    return min(shares, key=lambda share: share.left_a)


def _of_phases(shares: Sequence[Share]) -> tuple[Share, ...]:
    """Return the share of each phase that leaves least, L1 first."""
    return tuple(
        _least(own) for phase in PHASES if (own := [each for each in shares if each.phase == phase])
    )
