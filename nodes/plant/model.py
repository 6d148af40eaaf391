"""The physics of the simulated world: pure, and exact for steps of any length.

`step` applies the commands at the beginning of the step and then goes from one event to the next.
`next_event_s` returns when the next one is due. Between two events each quantity follows a law with
a closed solution: currents ramp linearly, temperatures are exponential, energies are integrals. So
a world in which nothing changes takes one long step. Steps are cut to 1 s while current flows or
the box is heated, because battery and over-temperature switch are checked then, and to 0.1 s while
a current ramps, because power is not quite linear in it.
"""

from msgspec.structs import replace

from msgs.plant import SimFault
from nodes.plant import contactor, hands, residual, thermal, vehicle
from nodes.plant.contactor import WATCHDOG_S, ContactorModel
from nodes.plant.energy import EnergyCounters, count, mean
from nodes.plant.mains import NONE, Mains, Phases, flow, live
from nodes.plant.residual import Monitor
from nodes.plant.vehicle import AWAY, Vehicle
from nodes.plant.world import Commands, Setup, World, WorldEvent

CUT_S = 1.0  # longest piece of a step while current flows or the box is heated
RAMP_CUT_S = 0.1  # longest piece while a current ramps
MOST_ROUNDS = 20  # of `_settle_once` at one instant; far more than the parts can need

NEVER_S = float("inf")


def new_world(setup: Setup, now_s: float, mains: Mains) -> World:
    """Return a world in which nothing is plugged and nothing is driven."""
    return settle(
        World(
            setup=setup,
            now_s=now_s,
            vehicle=AWAY,
            contactor=ContactorModel(),
            monitor=Monitor(),
            mains=mains,
            heat=thermal.at_rest(setup.ambient_c),
            flow=flow(mains, NONE, frozenset()),
            energy=EnergyCounters(),
            due_s=NEVER_S,
        )
    )


def step(world: World, commands: Commands, dt_s: float) -> World:
    """Return the world after a time; the commands apply from its beginning on."""
    end_s = world.now_s + dt_s
    if commands is not world.commands:
        world = settle(_command(world, commands))
    while world.now_s < end_s:
        until_s = min(end_s, world.due_s)
        if world.vehicle.current_a != world.vehicle.target_a:
            until_s = min(until_s, world.now_s + RAMP_CUT_S)
        elif _is_heated(world):
            until_s = min(until_s, world.now_s + CUT_S)
        world = _pass_time(world, until_s)
        if world.now_s >= world.due_s or _is_unsettled(world):
            world = settle(world)
    return world


def next_event_s(world: World) -> float:
    """Return when the world next changes by itself [s]; infinity: never."""
    return world.due_s


def is_moving(world: World) -> bool:
    """Return whether current flows or is about to, or the box is heated."""
    car = world.vehicle
    return car.current_a != car.target_a or _is_heated(world)


def is_cooling(world: World) -> bool:
    """Return whether temperatures change towards those at rest."""
    return not thermal.is_at_rest(
        world.heat, world.setup.ambient_c, world.flow.box_a, SimFault.HOT in world.faults
    )


def settle(world: World) -> World:
    """Return the world after its parts have reacted to each other at this instant."""
    world = _generate(world)
    for _ in range(MOST_ROUNDS):
        after = _settle_once(world)
        if after is world:
            break
        world = after
    else:
        raise RuntimeError(f"the world does not settle: {world}")
    box_a = _box_a(world)
    flows = flow(world.mains, box_a, world.faults)
    return replace(world, flow=flows, due_s=_due_s(world))


def _command(world: World, commands: Commands) -> World:
    """Apply the outputs of the controller."""
    return replace(
        world,
        commands=commands,
        power_on_reset=world.power_on_reset and not commands.clear_reset,
    )


def _generate(world: World) -> World:
    """Set the pilot's generator to the commanded duty, unless it is stuck."""
    duty_percent = world.commands.duty_percent
    if duty_percent == world.duty_percent or SimFault.GENERATOR_STUCK in world.faults:
        return world
    event = WorldEvent("duty", world.now_s, f"{duty_percent:g}")
    return replace(world, duty_percent=duty_percent, events=(*world.events, event))


def _settle_once(world: World) -> World:
    """Let each part react to the others once; the same object if nothing has changed."""
    now_s, faults, commands = world.now_s, world.faults, world.commands
    charger = world.setup.charger
    powered = world.mains.is_on
    is_live = True in live(world.mains, world.contactor.poles, faults)
    monitor = (
        residual.settle(
            world.monitor,
            now_s,
            test_line=commands.residual_test,
            leak_ac=is_live and SimFault.RCM_AC in faults,
            leak_dc=is_live and SimFault.RCM_DC in faults,
            ignores_test=SimFault.RCM_TEST in faults,
        )
        if powered
        else residual.UNPOWERED
    )
    heat = thermal.settle(world.heat)
    coil = (
        commands.enable
        and now_s < commands.edge_at_s + WATCHDOG_S
        and monitor.is_well
        and not heat.switch_open
        and powered
    )
    contacts = contactor.settle(
        world.contactor,
        now_s,
        coil=coil,
        welded=SimFault.WELD in faults,
        stuck=SimFault.NO_CLOSE in faults,
        slow=SimFault.SLOW in faults,
    )
    car = vehicle.settle(
        world.vehicle,
        charger,
        now_s,
        heard_percent=_heard_percent(world),
        has_power=True in live(world.mains, contacts.poles, faults)[: charger.phases],
        draws_too_much=SimFault.OVERCURRENT in faults,
        ignores_x1=SimFault.IGNORES_X1 in faults,
    )
    people = hands.settle(world.hands, now_s)
    if (
        people is world.hands
        and monitor is world.monitor
        and heat is world.heat
        and contacts is world.contactor
        and car is world.vehicle
    ):
        return world
    events = world.events + tuple(
        WorldEvent(what, now_s, detail)
        for what, detail in (
            *_monitor_changes(world.monitor, monitor),
            *_contactor_changes(world.contactor, contacts),
            *_vehicle_changes(world.vehicle, car),
            *hands.changes(world.hands, people),
        )
    )
    return replace(
        world,
        monitor=monitor,
        heat=heat,
        contactor=contacts,
        vehicle=car,
        hands=people,
        events=events,
    )


def _pass_time(world: World, until_s: float) -> World:
    """Let time pass in which no event is due."""
    dt_s = until_s - world.now_s
    before = world.flow
    charger = world.setup.charger
    car = vehicle.ramp(world.vehicle, charger, dt_s)
    after = before
    if car is not world.vehicle:
        world = replace(world, vehicle=car)
        after = flow(world.mains, _box_a(world), world.faults)
    box_w, house_w, sun_w = mean(before, after)
    if car.current_a > 0.0:
        stored_wh = vehicle.EFFICIENCY_RATIO * sum(box_w) * dt_s / 3600.0
        charged_ratio = min(1.0, car.charged_ratio + stored_wh / charger.battery_wh)
        car = replace(car, charged_ratio=charged_ratio)
    # A chip that measures 0 counts nothing.
    counted_w = NONE if SimFault.CHIP_ZERO in world.faults else box_w
    return replace(
        world,
        now_s=until_s,
        vehicle=car,
        flow=after,
        energy=count(world.energy, counted_w, house_w, sun_w, dt_s),
        heat=thermal.warm(
            world.heat,
            world.setup.ambient_c,
            after.box_a,
            SimFault.HOT in world.faults,
            dt_s,
        ),
    )


def _is_heated(world: World) -> bool:
    """Return whether battery and over-temperature switch have to be checked."""
    return world.vehicle.current_a > 0.0 or SimFault.HOT in world.faults or world.heat.switch_open


def _is_unsettled(world: World) -> bool:
    """Return whether the battery's taper or the over-temperature switch needs a step."""
    return vehicle.is_tapering(world.vehicle) or thermal.settle(world.heat) is not world.heat


def _heard_percent(world: World) -> float | None:
    """Return the duty that reaches the vehicle's inlet; None: the line has no voltage."""
    faults = world.faults
    if not world.mains.is_on or not world.commands.is_connected:
        return None
    if SimFault.CP_OPEN in faults or SimFault.CP_SHORT in faults:
        return None
    return world.line_percent


def _box_a(world: World) -> Phases:
    """Return the currents through the box: the vehicle's, on closed poles with voltage."""
    current_a = world.vehicle.current_a
    if current_a == 0.0:
        return NONE
    poles = live(world.mains, world.contactor.poles, world.faults)
    phases = world.setup.charger.phases
    return (
        current_a if poles[0] else 0.0,
        current_a if poles[1] and phases > 1 else 0.0,
        current_a if poles[2] and phases > 2 else 0.0,
    )


def _due_s(world: World) -> float:
    due_s = min(world.monitor.due_s, hands.due_s(world.hands))
    due_s = min(due_s, vehicle.due_s(world.vehicle, world.setup.charger, world.now_s))
    if world.contactor.moves_at_s is not None:
        due_s = min(due_s, world.contactor.moves_at_s)
    if world.contactor.coil:
        due_s = min(due_s, world.commands.edge_at_s + WATCHDOG_S)
    return due_s


def _monitor_changes(before: Monitor, after: Monitor) -> list[tuple[str, str]]:
    if (before.ac.active, before.dc.active) == (after.ac.active, after.dc.active):
        return []
    active = [name for name, output in (("AC", after.ac), ("DC", after.dc)) if output.active]
    return [("residual", " ".join(active)) if active else ("residual_clear", "")]


def _contactor_changes(before: ContactorModel, after: ContactorModel) -> list[tuple[str, str]]:
    changes = []
    if after.coil != before.coil:
        changes.append(("coil_on" if after.coil else "coil_off", ""))
    if after.poles != before.poles:
        closed = [f"L{line + 1}" for line in range(3) if after.poles[line]]
        what = "contacts_closed" if len(closed) == 3 else "contacts_open"
        changes.append((what, "" if len(closed) in (0, 3) else f"{' '.join(closed)} still closed"))
    return changes


def _vehicle_changes(before: Vehicle, after: Vehicle) -> list[tuple[str, str]]:
    changes = []
    if after.s2 != before.s2:
        changes.append(("s2_closed" if after.s2 else "s2_opened", ""))
    if after.plugged and after.is_awake and not before.is_awake:
        changes.append(("woken", ""))
    if after.is_full and not before.is_full:
        changes.append(("full", ""))
    if before.plugged and not after.plugged:
        changes.append(("unplugged", ""))
    return changes
