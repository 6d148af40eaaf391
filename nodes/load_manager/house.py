"""The house meter: whether it is lost, and the headroom it leaves (MET-1, MET-3, MET-4). Pure."""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from msgs.settings import METER_LINES, PhaseAssignment, fits
from msgs.topics import METER_HOUSE
from nodes.load_manager.vehicle import USED_ABOVE_A, Currents, Drawn, VehicleDraw

RETURNED_AFTER = 3  # good readings (assumed: one may be a meter that restarts)
AHEAD_S = 1.0  # assumed: all nodes use one clock; a reading from further in the future is invalid
MOST_POSSIBLE_A = 250.0  # assumed: four of the largest fuses that can be set
# Assumed: an IT net has 133 V between line and neutral, others 230 V; a meter or gateway that
# boots returns 0 V and 0 A, as if the house used no current.
LEAST_V, MOST_V = 100.0, 300.0


class Lines(Struct, frozen=True, kw_only=True):
    """Which line of the box lies on which of the meter: as it is set, and what safety has found."""

    assignment: PhaseAssignment
    wired: tuple[bool, bool, bool] = (False, False, False)  # L1 first; none: not known

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
    # A reading from before does not count: what the vehicle drew at that time is not known.
    counts_from_s: float = -math.inf


class Headroom(Struct, frozen=True, kw_only=True):
    """What the other loads leave, on the phase where it is least."""

    left_a: float
    most_left_a: float  # what they leave if the meter lags behind the vehicle
    used_a: float  # by the other loads, negative while they export
    phase: str  # of the meter: "L1"
    is_certain: bool
    unassigned_lines: tuple[int, ...] = ()  # of the box, in use, not named by the assignment
    wrong: PhaseAssignment | None = None  # an assignment that the wiring of the box contradicts


def watch(
    house: HouseMeterState,
    reading: MeterReading | None,
    vehicle: VehicleDraw,
    lines: Lines,
    moment: Moment,
) -> HouseMeterState:
    """Take the newest message of the meter, and decide whether it is lost."""
    if reading is not None and not _is_good(reading, vehicle, lines):
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
            math.isfinite(line.current_a) and abs(line.current_a) <= MOST_POSSIBLE_A
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
        return list(enumerate(METER_LINES[lines.assignment]))
    return [(box, meter) for box in boxes for meter in range(3)]


def headroom_of(
    reading: MeterReading,
    drawn: Drawn,
    vehicle: VehicleDraw,
    lines: Lines,
    main_fuse_a: float,
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

    def most_used_by_others(current_a: Currents) -> tuple[float, int]:
        return max((reading.lines[meter].current_a - current_a[box], meter) for box, meter in pairs)

    used_a, meter = most_used_by_others(drawn.current_a)
    least_used_a, _ = most_used_by_others(drawn.most_a)
    return Headroom(
        left_a=main_fuse_a - margin_a - used_a,
        most_left_a=main_fuse_a - margin_a - least_used_a,
        used_a=used_a,
        phase=f"L{meter + 1}",
        is_certain=drawn.is_certain,
        unassigned_lines=tuple(_unassigned_lines(vehicle, lines)),
        wrong=lines.wrong,
    )
