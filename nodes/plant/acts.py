"""What people, weather and bad luck do to the world: each act gives the world as it is then."""

import math

from msgspec.structs import replace

from msgs.plant import SimFault
from nodes.plant import hands, vehicle
from nodes.plant.hands import MOST_CARDS, TOUCH_S, Hands
from nodes.plant.mains import Phases
from nodes.plant.model import settle
from nodes.plant.world import Happening, World

WANDER_S = 60.0  # assumed: time constant of the grid's slow drift


class ImpossibleError(Exception):
    """Raised when an act cannot be done in the world as it is; says why."""


def plug(world: World) -> World:
    """Plug a vehicle in."""
    if world.vehicle.plugged:
        raise ImpossibleError("a vehicle is plugged already")
    is_awake = SimFault.ASLEEP not in world.faults
    car = vehicle.arrive(world.setup.charger, world.now_s, is_awake=is_awake)
    return _done(replace(world, vehicle=car), "plugged")


def unplug(world: World) -> World:
    """End the charge politely; the plug is out a second after the vehicle has opened S2."""
    _require_vehicle(world)
    car = replace(world.vehicle, is_leaving=True, wants=False, wants_at_s=None)
    return settle(replace(world, vehicle=car))


def pull(world: World) -> World:
    """Tear the plug out, under load if there is one."""
    _require_vehicle(world)
    return _done(replace(world, vehicle=vehicle.AWAY), "pulled")


def ready(world: World) -> World:
    """Have the vehicle want energy."""
    _require_vehicle(world)
    car = world.vehicle
    if car.is_leaving:
        raise ImpossibleError("the vehicle is being unplugged")
    if car.charged_ratio >= 1.0:
        raise ImpossibleError("the vehicle's battery is full")
    return settle(replace(world, vehicle=replace(car, wants=True, wants_at_s=None, is_full=False)))


def full(world: World) -> World:
    """Have the vehicle stop wanting energy."""
    _require_vehicle(world)
    car = replace(world.vehicle, wants=False, wants_at_s=None, is_full=True)
    return _done(replace(world, vehicle=car), "full")


def house(world: World, house_a: Phases) -> World:
    """Switch other loads in the house [A]."""
    mains = replace(world.mains, house_a=house_a)
    detail = " ".join(f"{current_a:g}" for current_a in house_a)
    return _done(replace(world, mains=mains), "house", detail)


def sun(world: World, power_w: float) -> World:
    """Let the sun shine on the house [W]."""
    mains = replace(world.mains, sun_w=power_w)
    return _done(replace(world, mains=mains), "sun", f"{power_w:g}")


def power(world: World, on: bool) -> World:
    """Switch the box's mains. When they come on, a flip-flop remembers it."""
    power_on_reset = world.power_on_reset or (on and not world.mains.is_on)
    world = replace(world, mains=replace(world.mains, is_on=on), power_on_reset=power_on_reset)
    return _done(world, "power", "on" if on else "off")


def fault(world: World, name: SimFault) -> World:
    """Break something; what is broken already stays so."""
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
    """Mend something; what is whole stays so. A vehicle that sleeps sleeps on."""
    if name is SimFault.CHIP_FROZEN:
        world = replace(world, frozen=None)
    return _done(replace(world, faults=world.faults - {name}), "clear", name)


def tap(world: World, uids: tuple[str, ...], seconds: float) -> World:
    """Hold cards to the reader for a time [s]."""
    if len({*world.hands.uids, *uids}) > MOST_CARDS:
        raise ImpossibleError(f"a hand holds {MOST_CARDS} cards at most")
    return _with_hands(world, hands.hold(world.hands, uids, world.now_s + seconds))


def touch(world: World) -> World:
    """Touch the key on the front for a moment."""
    return _with_hands(world, replace(world.hands, touch_until_s=world.now_s + TOUCH_S))


def service(world: World, seconds: float) -> World:
    """Press the service key for a time [s]; one that is pressed already is pressed until then."""
    return _with_hands(world, replace(world.hands, service_until_s=world.now_s + seconds))


def wander(world: World, deviation_ratio: float, dt_s: float) -> World:
    """Let the grid's voltage drift for a time.

    `deviation_ratio` is one random number, normal around 0, as wide as the drift is to become.
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
    happening = Happening(what, world.now_s, detail)
    return settle(replace(world, happened=(*world.happened, happening)))
