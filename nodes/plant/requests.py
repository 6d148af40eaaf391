"""The requests to the simulated world: acts, its status, reads of its meters."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from bus import Bus, Call, DriverError
from msgs.method import Method
from msgs.methods import (
    CLEAR,
    FAULT,
    FULL,
    HOUSE,
    INPUT,
    MODBUS_READ,
    PLUG,
    POWER,
    PULL,
    READY,
    SERVICE,
    SUN,
    TAP,
    TOUCH,
    UNPLUG,
    WORLD,
)
from msgs.plant import FaultName, HouseLoad, ModbusRead, Registers, SimFault, Tap, WorldStatus
from nodes.modbus_map.bank import Banks, answer
from nodes.modbus_map.exceptions import EXCEPTIONS, REFUSALS, REFUSED_KEY
from nodes.modbus_map.server import Server
from nodes.plant import acts
from nodes.plant.acts import ImpossibleError
from nodes.plant.world import World

A = TypeVar("A", bound=Struct)


class WorldOwner(Protocol):
    """The owner of the world's state."""

    def now(self) -> World:
        """Return the world as it is at this moment; change and publish nothing."""

    def adopt(self, world: World) -> None:
        """Replace the world by another state of it."""

    def house_by_hand(self) -> None:
        """Stop a recording that sets the other loads."""

    def status(self) -> WorldStatus:
        """Return the state of the world for a person."""


class Requests:
    """Serves all requests of plant. What is impossible is refused with a reason."""

    def __init__(
        self, bus: Bus, owner: WorldOwner, host: str, meters: Server, banks: Banks
    ) -> None:
        self._bus = bus
        self._owner = owner
        self._host = host
        self._meters = meters
        self._banks = banks
        self._act(PLUG, lambda world, _: acts.plug(world))
        self._act(UNPLUG, lambda world, _: acts.unplug(world))
        self._act(PULL, lambda world, _: acts.pull(world))
        self._act(READY, lambda world, _: acts.ready(world))
        self._act(FULL, lambda world, _: acts.full(world))
        self._act(TAP, _tap)
        self._act(TOUCH, lambda world, _: acts.touch(world))
        self._act(SERVICE, lambda world, press: acts.service(world, press.seconds))
        self._act(HOUSE, self._house)
        self._act(SUN, lambda world, sun: acts.sun(world, sun.power_w))
        self._act(POWER, lambda world, power: acts.power(world, power.on))
        self._act(INPUT, lambda world, contact: acts.external_input(world, contact.position))
        self._act(FAULT, self._fault)
        self._act(CLEAR, self._clear)
        bus.serve(WORLD, lambda call: call.ok(owner.status()))
        bus.serve(MODBUS_READ, self._on_modbus_read)

    def _act(self, method: Method[A, None], change: Callable[[World, A], World]) -> None:
        def handle(call: Call[A, None]) -> None:
            try:
                world = change(self._owner.now(), call.arguments)
            except ImpossibleError as error:
                call.refuse(str(error))
                return
            self._owner.adopt(world)
            call.ok(None)

        self._bus.serve(method, handle)

    def _house(self, world: World, load: HouseLoad) -> World:
        self._owner.house_by_hand()
        return acts.house(world, load.current_a)

    def _fault(self, world: World, fault: FaultName) -> World:
        if fault.name is SimFault.METER_LOST:
            self._meters.stop()
        return acts.fault(world, fault.name)

    def _clear(self, world: World, fault: FaultName) -> World:
        if fault.name is SimFault.METER_LOST:
            try:
                self._meters.start()
            except DriverError as error:
                raise ImpossibleError(str(error)) from error
        return acts.clear(world, fault.name)

    def _on_modbus_read(self, call: Call[ModbusRead, Registers]) -> None:
        """Answer as the meters' server would; refuse at another address or with the meters lost."""
        read = call.arguments
        is_here = (read.host, read.port) == (self._host, self._meters.port)
        if not is_here or SimFault.METER_LOST in self._owner.now().faults:
            call.refuse("connection refused")
            return
        result = answer(self._banks, read.unit, read.function, read.blocks)
        if isinstance(result, int):
            text = f"{EXCEPTIONS[result]} (exception {result})"
            call.refuse(text, {REFUSED_KEY: text} if result in REFUSALS else {})
        else:
            call.ok(tuple(result))


def _tap(world: World, tap: Tap) -> World:
    return acts.tap(world, (tap.uid, *tap.others), tap.seconds)
