"""The acts on the simulated world: each returns the world after it."""

import math

from msgspec.structs import replace

from msgs.plant import ContactPosition, SimFault
from nodes.plant import hands, vehicle
from nodes.plant.hands import MOST_CARDS, TOUCH_S, Hands
from nodes.plant.mains import Phases
from nodes.plant.model import settle
from nodes.plant.world import World, WorldEvent

WANDER_S = 60.0  # assumed: time constant of the grid's slow drift


class ImpossibleError(Exception):
    """Raised when an act is impossible in the present state of the world; says why."""


def plug(world: World) -> World:
    """Plug a vehicle in."""
    if world.vehicle.is_leaving:
        raise ImpossibleError("the vehicle before it is still being unplugged")
    if world.vehicle.plugged:
        raise ImpossibleError("a vehicle is plugged already")
    is_awake = SimFault.ASLEEP not in world.faults
    car = vehicle.arrive(world.setup.charger, world.now_s, is_awake=is_awake)
    return _done(replace(world, vehicle=car), "plugged")


def unplug(world: World) -> World:
    """End the charge in order; the plug is out 1 s after the vehicle has opened S2."""
    _require_vehicle(world)
    car = replace(world.vehicle, is_leaving=True, wants=False, wants_at_s=None)
    return settle(replace(world, vehicle=car))


def pull(world: World) -> World:
    """Pull the plug out at once, also under load."""
    _require_vehicle(world)
    return _done(replace(world, vehicle=vehicle.AWAY), "pulled")


def ready(world: World) -> World:
    """Let the vehicle ask for energy."""
    _require_vehicle(world)
    car = world.vehicle
    if car.is_leaving:
        raise ImpossibleError("the vehicle is being unplugged")
    if car.charged_ratio >= 1.0:
        raise ImpossibleError("the vehicle's battery is full")
    return settle(replace(world, vehicle=replace(car, wants=True, wants_at_s=None, is_full=False)))


def full(world: World) -> World:
    """Let the vehicle stop asking for energy."""
    _require_vehicle(world)
    car = replace(world.vehicle, wants=False, wants_at_s=None, is_full=True)
    return _done(replace(world, vehicle=car), "full")


def house(world: World, house_a: Phases) -> World:
    """Set the other loads of the house [A]."""
    mains = replace(world.mains, house_a=house_a)
    detail = " ".join(f"{current_a:g}" for current_a in house_a)
    return _done(replace(world, mains=mains), "house", detail)


def sun(world: World, power_w: float) -> World:
    """Set the solar power [W]."""
    mains = replace(world.mains, sun_w=power_w)
    return _done(replace(world, mains=mains), "sun", f"{power_w:g}")


def power(world: World, on: bool) -> World:
    """Switch the box's mains. When they come on, the power-on flag is set."""
    power_on_reset = world.power_on_reset or (on and not world.mains.is_on)
    world = replace(world, mains=replace(world.mains, is_on=on), power_on_reset=power_on_reset)
    return _done(world, "power", "on" if on else "off")


def external_input(world: World, position: ContactPosition) -> World:
    """Open or close the contact at the external input."""
    is_closed = position is ContactPosition.CLOSED
    return _done(replace(world, is_external_closed=is_closed), "input", position)


def fault(world: World, name: SimFault) -> World:
    """Make a fault; one that is present already stays."""
    if name not in world.faults:
        match name:
            case SimFault.ASLEEP if world.vehicle.plugged and not world.vehicle.s2:
                world = replace(world, vehicle=replace(world.vehicle, is_awake=False))
            case SimFault.CHIP_FROZEN:
                world = replace(world, frozen=(world.flow, world.energy.box_wh))
            case _:
                pass
    return _done(replace(world, faults=world.faults | {name}), "fault", name)


def clear(world: World, name: SimFault) -> World:
    """Clear a fault, if it is present. A vehicle that is asleep stays asleep."""
    if name is SimFault.CHIP_FROZEN:
        world = replace(world, frozen=None)
    return _done(replace(world, faults=world.faults - {name}), "clear", name)


def tap(world: World, uids: tuple[str, ...], seconds: float) -> World:
    """Present cards to the reader for a time [s]."""
    if len({*world.hands.uids, *uids}) > MOST_CARDS:
        raise ImpossibleError(f"at most {MOST_CARDS} cards can be presented at once")
    return _with_hands(world, hands.present(world.hands, uids, world.now_s + seconds))


def touch(world: World) -> World:
    """Press the touch key for a moment."""
    return _with_hands(world, replace(world.hands, touch_until_s=world.now_s + TOUCH_S))


def service(world: World, seconds: float) -> World:
    """Press the service key for a time [s] from now on, also if it is pressed already."""
    return _with_hands(world, replace(world.hands, service_until_s=world.now_s + seconds))


def wander(world: World, deviation_ratio: float, dt_s: float) -> World:
    """Let the grid's voltage drift for a time.

    `deviation_ratio` is a normal random number of mean 0 with the standard deviation of the drift.
    """
    kept = math.exp(-dt_s / WANDER_S)
    ratio = kept * world.mains.wander_ratio + math.sqrt(1.0 - kept * kept) * deviation_ratio
    return settle(replace(world, mains=replace(world.mains, wander_ratio=ratio)))


def _require_vehicle(world: World) -> None:
    if not world.vehicle.plugged:
        raise ImpossibleError("no vehicle is plugged")


def _with_hands(world: World, after: Hands) -> World:
    for what, detail in hands.changes(world.hands, after):
        world = _done(world, what, detail)
    return settle(replace(world, hands=after))


def _done(world: World, what: str, detail: str = "") -> World:
    event = WorldEvent(what, world.now_s, detail)
    return settle(replace(world, events=(*world.events, event)))
