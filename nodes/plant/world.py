"""The simulated world at one moment: all parts, and the newest events."""

import math
from typing import NamedTuple

from msgspec import Struct

from msgs.pilot import STATE_F_PERCENT, X1_PERCENT
from msgs.plant import SimFault
from nodes.plant.contactor import ContactorModel
from nodes.plant.energy import EnergyCounters
from nodes.plant.hands import IDLE, Hands
from nodes.plant.mains import Flow, Mains, Phases
from nodes.plant.residual import Monitor
from nodes.plant.thermal import Temperatures
from nodes.plant.vehicle import Charger, Vehicle


class WorldEvent(NamedTuple):
    """One event, named as in `msgs.plant.SimEvent`."""

    what: str
    at_s: float
    detail: str = ""


class Commands(Struct, frozen=True, kw_only=True):
    """The outputs with which the box's controller drives its hardware."""

    duty_percent: float = X1_PERCENT  # asked of the pilot's generator
    is_connected: bool = True  # the relay between the pilot's driver and the cable
    enable: bool = False
    edge_at_s: float = -math.inf  # last edge on the watchdog line
    residual_test: bool = False
    clear_reset: bool = False  # a pulse: it acts at the moment at which it is driven


AT_REST = Commands()


class Setup(Struct, frozen=True, kw_only=True):
    """The constants of a world."""

    charger: Charger
    ambient_c: float = 20.0
    dip1: int = 0
    dip2: int = 0


class World(Struct, frozen=True, kw_only=True):
    """The whole world. `due_s`: when it next changes by itself."""

    setup: Setup
    now_s: float
    commands: Commands = AT_REST
    duty_percent: float = X1_PERCENT  # output of the pilot's generator
    faults: frozenset[SimFault] = frozenset()
    vehicle: Vehicle
    contactor: ContactorModel
    monitor: Monitor
    mains: Mains
    hands: Hands = IDLE
    is_external_closed: bool = True  # the contact at the external input
    power_on_reset: bool = False  # the flip-flop that is set when mains come on
    heat: Temperatures
    flow: Flow
    energy: EnergyCounters
    frozen: tuple[Flow, Phases] | None = None  # flow and counters that a frozen chip repeats
    due_s: float
    events: tuple[WorldEvent, ...] = ()  # since the caller last emptied it

    @property
    def line_percent(self) -> float:
        """Return the duty that the generator's output gives the pilot line [%]."""
        return STATE_F_PERCENT if SimFault.CP_MINUS in self.faults else self.duty_percent
