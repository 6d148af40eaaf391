"""Wiring of plant: the box's outputs come in, readings and events go out, the model advances."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from msgspec.structs import replace

from bus import Bus, DriverError, leave
from msgs.led import LedFrame
from msgs.pilot import SimPilotDrive
from msgs.plant import SimEvent, SimFault, WorldStatus
from msgs.requests import StopReason
from msgs.safety import SimContactorDrive
from msgs.topics import (
    SIM_CARDS,
    SIM_CONTACTOR_DRIVE,
    SIM_EVENT,
    SIM_KEYS,
    SIM_LIGHTS,
    SIM_PILOT_DRIVE,
    SIM_POWER,
    SIM_SIGNALS,
)
from nodes.modbus_map.bank import Bank
from nodes.modbus_map.codec import Values
from nodes.modbus_map.meter_map import MapError, load_map
from nodes.modbus_map.server import Servers
from nodes.plant import acts
from nodes.plant.model import is_cooling, is_moving, new_world, next_event_s, step
from nodes.plant.noise import EXACT, LOADED_LSB, ChipErrors, chip_errors, signals_with
from nodes.plant.parameters import Parameters, mains_of, setup_of
from nodes.plant.readings import (
    cards_of,
    describe,
    frequency_of,
    house_of,
    is_measuring,
    keys_of,
    power_of,
    signals_of,
    solar_of,
    status_of,
)
from nodes.plant.requests import Requests
from nodes.plant.trace import Player, load_trace
from nodes.plant.world import Commands, World

__all__ = ["RUNNER", "Drivers", "Parameters", "PlantNode", "build"]

RUNNER: Literal["blocking", "asyncio"] = "asyncio"

LOOK_S = 0.02
POWER_S = 0.1
LOADED_NOISE_S = 0.5  # ten times in the 5 s of a frozen chip (safety)
COOL_S = 1.0  # between two looks while the box only cools down
WANDER_S = 1.0
HOUSE_UNIT, SOLAR_UNIT = 1, 2  # both meters have one server, as behind a gateway
ROUNDING_S = 1e-6  # added to each deadline, so that rounding never wakes the node before it

# After these events the newest sim/power is out of date.
_CUTS = frozenset({"contacts_open", "contacts_closed", "pulled", "unplugged", "power"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """How the simulated meters are reached."""

    meters: Servers


class PlantNode:
    """One world: advanced when the box drives it, by acts, and when its next event is due.

    Looks advance it only while something changes steadily: each 0.1 s while current flows, each
    second while only temperatures change. At rest nothing runs. A query advances nothing.
    """

    def __init__(self, bus: Bus, parameters: Parameters, drivers: Drivers) -> None:
        self._bus = bus
        self._servers = drivers.meters
        self._wander_ratio = parameters.wander_percent / 100.0
        self._world = new_world(setup_of(parameters), bus.clock.now_s(), mains_of(parameters))
        self._signals = signals_of(self._world)
        self._cards = cards_of(self._world)
        self._keys = keys_of(self._world)
        self._noise_lsb = parameters.noise_lsb
        self._chip_errors = EXACT  # at the meter chip's last measurement
        self._errors_until_s = 0.0
        self._measured = self._world  # likewise
        self._measure_at_s = 0.0  # its next one
        self._armed_s = math.inf
        path = parameters.house_trace
        trace = load_trace(path, "house_trace") if path else None
        self._player = None if trace is None else Player(bus, trace, self._switch_house)
        try:
            meter_map = load_map(parameters.house_map)
        except MapError as error:
            raise DriverError(str(error), "house_map") from error
        banks = {
            unit: Bank(
                meter_map=meter_map,
                values=partial(self._measure, meter),
                frequency_hz=lambda: frequency_of(self._world),
            )
            for unit, meter in ((HOUSE_UNIT, house_of), (SOLAR_UNIT, solar_of))
        }
        host = parameters.house_host
        keys = ("house_host", "house_port")
        self._meters = self._servers.serve(host, parameters.house_port, keys, banks)
        self._requests = Requests(bus, self, host, self._meters, banks)
        bus.subscribe(SIM_PILOT_DRIVE, on_change=self._on_pilot_drive)
        self._drive = bus.subscribe(SIM_CONTACTOR_DRIVE, on_change=self._on_contactor_drive)
        self._is_fed = False  # the watchdog: each message of the drive is an edge
        self._lights = bus.subscribe(SIM_LIGHTS, on_change=self._on_lights)
        self._looks = bus.look_each(LOOK_S, self._look)
        if self._wander_ratio > 0.0:
            bus.every(WANDER_S, self._wander)
        bus.on_stop(self._stop)
        bus.say(SIM_CARDS, self._cards)
        bus.say(SIM_KEYS, self._keys)

    # --- requests.WorldOwner -------------------------------------------------------------------

    def now(self) -> World:
        """See `requests.WorldOwner.now`."""
        world, now_s = self._world, self._bus.clock.now_s()
        commands = world.commands
        if self._is_fed and now_s >= next_event_s(world):
            # The watchdog may be due, and repeats of the drive come without a callback.
            commands = self._with_newest_edge(replace(commands, clear_reset=False))
        return step(world, commands, max(0.0, now_s - world.now_s))

    def adopt(self, world: World) -> None:
        """See `requests.WorldOwner.adopt`. What has changed is published at once."""
        if world is self._world:
            return
        before, events = self._world, world.events
        self._world = replace(world, events=()) if events else world
        signals = signals_of(world)
        if signals != self._signals:
            self._signals = signals
            self._publish_signals()
        if world.hands is not before.hands or world.faults is not before.faults or events:
            self._publish_hands(world)
        for event in events:
            self._publish_event(event.what, round(event.at_s * 1e9), event.detail)
        if any(event.what in _CUTS for event in events):
            self._publish_power(world)
        due_s = next_event_s(world)
        if due_s < self._armed_s:
            self._armed_s = due_s
            self._bus.at(due_s + ROUNDING_S, partial(self._fall_due, due_s))
        self._plan()

    def house_by_hand(self) -> None:
        """See `requests.WorldOwner.house_by_hand`."""
        if self._player is not None:
            self._player.stop()

    def status(self) -> WorldStatus:
        """See `requests.WorldOwner.status`."""
        return status_of(self.now(), self._lights.message, {"house": self._meters.port})

    # --- time ----------------------------------------------------------------------------------

    def _fall_due(self, due_s: float) -> None:
        if due_s == self._armed_s:
            self._armed_s = math.inf
        self._advance()

    def _look(self) -> None:
        self._looks.note_look(self._bus.clock.now_ns())
        self._publish_signals()
        if self._bus.clock.now_s() >= self._measure_at_s:
            self._advance()
            self._publish_power(self._world)
            self._plan()

    def _advance(self) -> None:
        """Advance the world to this moment."""
        self.adopt(self.now())

    def _plan(self) -> None:
        """Plan the next measurement: 0.1 s after the last one, if it can show a change.

        With noise each sample of the signals differs, so they are published at each look.
        """
        world, last = self._world, self._measured
        is_news = (
            world.flow != last.flow
            or world.energy.box_wh != last.energy.box_wh
            or world.faults is not last.faults
        )
        if is_news or self._noise_lsb or is_moving(world):
            period_s = POWER_S
        else:
            period_s = COOL_S if is_cooling(world) else math.inf
        measure_at_s = last.now_s + period_s - LOOK_S / 2  # at the nearest look
        if measure_at_s != self._measure_at_s:
            self._measure_at_s = measure_at_s
            self._looks.plan(0.0 if self._noise_lsb else measure_at_s)

    def _publish_signals(self) -> None:
        signals = self._signals
        if self._noise_lsb and SimFault.SPI_STUCK not in self._world.faults:
            signals = signals_with(
                signals, self._bus.random("noise of signals").gauss, self._noise_lsb
            )
        self._bus.say(SIM_SIGNALS, signals)

    def _publish_power(self, world: World) -> None:
        self._measured = world
        if is_measuring(world):
            self._chip_errors = self._measurement_errors(world)
        power = power_of(world, self._chip_errors)
        if power is None:
            self._bus.hush(SIM_POWER)
            return
        self._bus.say(SIM_POWER, power)

    def _measurement_errors(self, world: World) -> ChipErrors:
        """Return the errors of a measurement of the meter chip.

        A chip through which a current flows has noise in any case. At rest it has none, so that
        nothing changes and looks can be left out; under load, for the same reason, it changes each
        half second.
        """
        is_loaded = any(world.flow.box_a)
        if not self._noise_lsb:
            if not is_loaded:
                return EXACT
            if world.now_s < self._errors_until_s:
                return self._chip_errors
        self._errors_until_s = world.now_s + LOADED_NOISE_S - LOOK_S / 2
        lsb = max(self._noise_lsb, LOADED_LSB) if is_loaded else self._noise_lsb
        return chip_errors(self._bus.random("noise of power").gauss, lsb)

    def _publish_hands(self, world: World) -> None:
        """Publish cards and keys that have changed."""
        cards, keys = cards_of(world), keys_of(world)
        if cards != self._cards:
            self._cards = cards
            self._bus.say(SIM_CARDS, cards)
        if keys != self._keys:
            self._keys = keys
            self._bus.say(SIM_KEYS, keys)

    def _wander(self) -> None:
        deviation_ratio = self._bus.random("mains wander").gauss(0.0, self._wander_ratio)
        self.adopt(acts.wander(self.now(), deviation_ratio, WANDER_S))

    def _switch_house(self, current_a: float) -> None:
        self.adopt(acts.house(self.now(), (current_a, 0.0, 0.0)))

    def _measure(self, meter: Callable[[World], Values]) -> Values:
        return meter(self.now())

    # --- the box's outputs ---------------------------------------------------------------------

    def _on_pilot_drive(self, drive: SimPilotDrive) -> None:
        # A pulse on the reset line belongs to the contactor drive.
        before = self._world.commands
        after = replace(before, duty_percent=drive.duty_percent, clear_reset=False)
        self._command(replace(after, is_connected=drive.connected))

    def _on_contactor_drive(self, drive: SimContactorDrive) -> None:
        commands = replace(
            self._world.commands,
            enable=drive.enable,
            residual_test=drive.residual_test,
            clear_reset=drive.clear_reset,
        )
        if drive.edge_ns:
            commands = replace(commands, edge_at_s=drive.edge_ns / 1e9)
        elif drive.feeds_watchdog or self._is_fed:
            commands = self._with_newest_edge(commands)
        self._is_fed = drive.feeds_watchdog and not drive.edge_ns
        self._command(commands)

    def _with_newest_edge(self, commands: Commands) -> Commands:
        """Return the commands with the newest contactor drive as the last watchdog edge."""
        at_s = self._drive.stamp_s
        return commands if at_s is None else replace(commands, edge_at_s=at_s)

    def _command(self, commands: Commands) -> None:
        """Advance the world to this moment, then apply new commands."""
        self.adopt(step(self.now(), commands, 0.0))

    def _on_lights(self, lights: LedFrame) -> None:
        self._publish_event("lights", self._bus.clock.now_ns(), describe(lights))

    def _publish_event(self, what: str, at_ns: int, detail: str) -> None:
        self._bus.publish(SIM_EVENT, SimEvent(what=what, at_ns=at_ns, detail=detail))

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        leave(self._servers, reason)
        done()


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> PlantNode:
    """Make the world and start the node.

    :raises DriverError: the meters' port or the recording cannot be opened, or the map is unknown.
    """
    node = PlantNode(bus, parameters, drivers)
    bus.ready()
    return node
