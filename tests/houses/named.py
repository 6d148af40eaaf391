"""Six named days: what happens in the house, played before the whole graph, and measured.

The graph is that of `launch/virtual.toml`: the simulated house meter, every node, the vehicle of
plant. Times are seconds from the moment at which the vehicle asks for energy.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.methods import CLEAR, FAULT, HOUSE, PLUG, READY, SUN, WORLD
from msgs.plant import FaultName, HouseLoad, SimFault, Sun, WorldStatus
from msgs.requests import NoArguments
from nodes.plant.mains import NOMINAL_V
from nodes.plant.parameters import Parameters, setup_of
from nodes.plant.trace import load_trace
from tests.box import NO_CARD
from tests.houses.days import Amps3, HouseDay, Parked
from tests.houses.measures import Measures, Overloads
from tests.houses.policies import Clairvoyant
from tests.houses.run import HouseRun

RECORDING = Path(__file__).parents[3] / "shared" / "data" / "house_live_power_1s.csv"
SAMPLE_S = 0.5
DECLINE_A = 0.05  # a smaller change of the duty is no change of the offer


class NamedDay(Struct, frozen=True, kw_only=True):
    """What happens, and when."""

    name: str
    says: str
    seconds: float
    fuse_a: float = 25.0
    parameters: Parameters = Parameters(wander_percent=0.0)
    loads: tuple[tuple[float, Amps3], ...] = ()  # other loads from each time on
    sun: tuple[tuple[float, float], ...] = ()  # solar power from each time on [W]
    meter_lost_s: tuple[float, float] | None = None  # from when until when
    is_recorded: bool = False  # the other loads are those of a recording, on L1


def _pulses(
    base_a: Amps3, plate_a: Amps3, seconds: float, on_s: float, off_s: float
) -> tuple[tuple[float, Amps3], ...]:
    """Return other loads to which a plate is added again and again."""
    loads = [(0.0, base_a)]
    at_s = 60.0
    while at_s + on_s < seconds:
        loads += [(at_s, _sum(base_a, plate_a)), (at_s + on_s, base_a)]
        at_s += on_s + off_s
    return tuple(loads)


def _sum(one: Amps3, other: Amps3) -> Amps3:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _evening() -> tuple[tuple[float, Amps3], ...]:
    """Return a heat pump's runs of 20 minutes, with two plates that pulse for half an hour."""
    pump: Amps3 = (9.0, 9.0, 9.0)
    changes: list[tuple[float, Amps3]] = [(0.0, (2.0, 1.5, 1.5))]
    for at_s, load in ((300.0, pump), (1500.0, (-9.0, -9.0, -9.0)), (2400.0, pump)):
        changes.append((at_s, load))
    for start_s, plate, on_s, off_s in (
        (600.0, (8.7, 0.0, 0.0), 9.0, 14.0),
        (780.0, (0.0, 7.8, 0.0), 12.0, 20.0),
    ):
        at_s = start_s
        while at_s < start_s + 1800.0:
            changes.append((at_s, plate))
            changes.append((at_s + on_s, (-plate[0], -plate[1], -plate[2])))
            at_s += on_s + off_s
    loads: list[tuple[float, Amps3]] = []
    total: Amps3 = (0.0, 0.0, 0.0)
    for at_s, change in sorted(changes):
        one, two, three = _sum(total, change)
        total = (round(one, 3), round(two, 3), round(three, 3))
        loads.append((at_s, total))
    return tuple(loads)


_QUIET: Amps3 = (2.0, 2.0, 2.0)

NAMED_DAYS = (
    NamedDay(
        name="a winter evening",
        says="a heat pump of 9 A on three phases beside two plates that pulse",
        seconds=3600.0,
        loads=_evening(),
    ),
    NamedDay(
        name="clouds each minute",
        says="the sun changes between 10 kW and 1.5 kW each minute, beside 16 A of other loads",
        seconds=2400.0,
        loads=((0.0, (16.0, 16.0, 16.0)),),
        sun=tuple((60.0 * minute, 10_000.0 if minute % 2 else 1_500.0) for minute in range(40)),
    ),
    NamedDay(
        name="the pulsing hob",
        says="a plate of 8.7 A on L1, 8 s on and 13 s off, beside 14 A",
        seconds=2400.0,
        loads=_pulses((14.0, 2.0, 2.0), (8.7, 0.0, 0.0), 2400.0, 8.0, 13.0),
    ),
    NamedDay(
        name="a meter that dies at peak",
        says="the house meter is silent for ten minutes from the peak of 17 A on",
        seconds=2400.0,
        loads=((0.0, _QUIET), (300.0, (17.0, 17.0, 17.0)), (660.0, _QUIET)),
        meter_lost_s=(360.0, 960.0),
    ),
    NamedDay(
        name="the recorded day",
        says="an hour of the recorded house, on L1",
        seconds=3600.0,
        is_recorded=True,
    ),
    NamedDay(
        name="two kettles on one phase",
        says="one of 9.1 A for 150 s, and another one within it; one-phase vehicle",
        seconds=900.0,
        parameters=Parameters(wander_percent=0.0, vehicle_phases=1),
        loads=(
            (0.0, _QUIET),
            (120.0, (11.1, 2.0, 2.0)),
            (180.0, (20.2, 2.0, 2.0)),
            (270.0, (11.1, 2.0, 2.0)),
            (330.0, _QUIET),
        ),
    ),
)


def play(day: NamedDay, folder: Path) -> Measures:
    """Play a day before the whole graph."""
    parameters = day.parameters
    settings = [
        NO_CARD,
        f"load_manager.main_fuse_a={day.fuse_a:g}",
        f"plant.vehicle_phases={parameters.vehicle_phases}",
        f"plant.wander_percent={parameters.wander_percent:g}",
    ]
    if day.is_recorded:
        settings.append(f"plant.house_trace={RECORDING}")
    graph = VirtualGraph(load_plan(VIRTUAL_PLAN, settings), seed=1, state_dir=folder)
    try:
        graph.start_all()
        return _measure(graph, day)
    finally:
        graph.close()


def _measure(graph: VirtualGraph, day: NamedDay) -> Measures:
    measures = Measures(hours=day.seconds / 3600.0)
    overloads = Overloads(day.fuse_a, measures)
    acts = _acts(day)
    others_a: Amps3 | None = None
    offer_percent, was_closed = 100.0, False
    phases = day.parameters.vehicle_phases
    begun_s = graph.now_s
    while (passed_s := graph.now_s - begun_s) < day.seconds - SAMPLE_S / 2.0:
        while acts and acts[0][0] <= passed_s + SAMPLE_S / 2.0:
            acts.pop(0)[1](graph)
        graph.advance(SAMPLE_S - (graph.now_s - begun_s) % SAMPLE_S)
        world = _world(graph)
        sun_a = world.sun_w / 3.0 / NOMINAL_V
        one, two, three = world.house_a
        now_a = (one - sun_a, two - sun_a, three - sun_a)
        if now_a != others_a:
            others_a = now_a
            overloads.switch(graph.now_s, now_a)
        drawn_a = max(world.current_a)
        overloads.count(graph.now_s, drawn_a, phases, SAMPLE_S)
        measures.energy_wh += phases * drawn_a * NOMINAL_V * SAMPLE_S / 3600.0
        measures.changes += abs(world.duty_percent - offer_percent) > DECLINE_A / 0.6
        measures.closings += all(world.contacts_closed) and not was_closed
        offer_percent, was_closed = world.duty_percent, all(world.contacts_closed)
    measures.counted_wh = measures.energy_wh
    return measures


def model_of(day: NamedDay) -> HouseDay:
    """Return the same day for the model, but for a lost meter."""
    starts_s, others_a = _others(day)
    charger = replace(setup_of(day.parameters).charger, ready_after_s=0.0)
    return HouseDay(
        kind=day.name,
        number=0,
        fuse_a=day.fuse_a,
        parked=Parked(name="as in the graph", charger=charger),
        plugged_s=0.0,
        leaves_s=day.seconds,
        starts_s=starts_s,
        others_a=others_a,
    )


def best(day: NamedDay) -> Measures:
    """Return what the clairvoyant gives on the same day, in the model."""
    return HouseRun(model_of(day), Clairvoyant).run()


def has_recording() -> bool:
    """Return whether the recorded house is here."""
    return RECORDING.exists()


def _acts(day: NamedDay) -> list[tuple[float, Callable[[VirtualGraph], None]]]:
    """Return what is done to the world, and when."""
    acts: list[tuple[float, Callable[[VirtualGraph], None]]] = []
    for at_s, load in day.loads:
        acts.append((at_s, partial(_switch, load)))
    for at_s, power_w in day.sun:
        acts.append((at_s, partial(_shine, power_w)))
    acts += [(0.0, _plug)]
    if day.meter_lost_s is not None:
        lost_s, back_s = day.meter_lost_s
        acts += [(lost_s, _lose_meter), (back_s, _find_meter)]
    return sorted(acts, key=lambda act: act[0])


def _plug(graph: VirtualGraph) -> None:
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())


def _switch(load: Amps3, graph: VirtualGraph) -> None:
    graph.act(HOUSE, HouseLoad(current_a=load))


def _shine(power_w: float, graph: VirtualGraph) -> None:
    graph.act(SUN, Sun(power_w=power_w))


def _lose_meter(graph: VirtualGraph) -> None:
    graph.act(FAULT, FaultName(name=SimFault.METER_LOST))


def _find_meter(graph: VirtualGraph) -> None:
    graph.act(CLEAR, FaultName(name=SimFault.METER_LOST))


def _others(day: NamedDay) -> tuple[list[float], list[Amps3]]:
    """Return the steps of the other loads, less the sun."""
    if day.is_recorded:
        trace = load_trace(str(RECORDING), "house_trace")
        return list(trace.starts_s), [(load_a, 0.0, 0.0) for load_a in trace.current_a]
    starts_s = sorted({at_s for at_s, _ in (*day.loads, *day.sun)})
    return starts_s, [_others_at(day, at_s) for at_s in starts_s]


def _others_at(day: NamedDay, at_s: float) -> Amps3:
    one, two, three = [load for from_s, load in day.loads if from_s <= at_s][-1]
    suns_w = [power_w for from_s, power_w in day.sun if from_s <= at_s]
    sun_a = suns_w[-1] / 3.0 / NOMINAL_V if suns_w else 0.0
    return one - sun_a, two - sun_a, three - sun_a


def _world(graph: VirtualGraph) -> WorldStatus:
    world = graph.ask(WORLD, NoArguments()).result
    assert world is not None
    return world
