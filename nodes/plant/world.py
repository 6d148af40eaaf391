"""The simulated world at one moment: all parts, and what has just happened."""

import math
from typing import NamedTuple

from msgspec import Struct

from msgs.pilot import STATE_F_PERCENT, X1_PERCENT
from msgs.plant import SimFault
from nodes.plant.contactor import Contactor
from nodes.plant.energy import Energy
from nodes.plant.hands import IDLE, Hands
from nodes.plant.mains import Flow, Mains, Phases
from nodes.plant.residual import Monitor
from nodes.plant.thermal import Heat
from nodes.plant.vehicle import Charger, Vehicle


class Happening(NamedTuple):
    """One thing that happened, in the words of `msgs.plant.SimEvent`."""

    what: str
    at_s: float
    detail: str = ""


class Commands(Struct, frozen=True, kw_only=True):
    """The lines with which the box's controller drives its hardware."""

    duty_percent: float = X1_PERCENT  # asked of the pilot's generator
    enable: bool = False
    edge_at_s: float = -math.inf  # last edge on the watchdog line
    residual_test: bool = False
    clear_reset: bool = False  # a pulse: it acts at the moment at which it is driven


AT_REST = Commands()


class Setup(Struct, frozen=True, kw_only=True):
    """What does not change while the world runs."""

    charger: Charger
    ambient_c: float = 20.0
    dip1: int = 0
    dip2: int = 0


class World(Struct, frozen=True, kw_only=True):
    """Everything there is. `due_s` tells when something next happens by itself."""

    setup: Setup
    now_s: float
    commands: Commands = AT_REST
    duty_percent: float = X1_PERCENT  # what the pilot's generator does
    faults: frozenset[SimFault] = frozenset()
    vehicle: Vehicle
    contactor: Contactor
    monitor: Monitor
    mains: Mains
    hands: Hands = IDLE
    power_on_reset: bool = False  # the flip-flop that remembers that mains came on
    heat: Heat
    flow: Flow
    energy: Energy
    frozen: tuple[Flow, Phases] | None = None  # what the meter chip repeats: flow and counters
    due_s: float
    happened: tuple[Happening, ...] = ()  # since the caller last emptied it

    @property
    def line_percent(self) -> float:
        """Return the duty that the generator's output gives the pilot line [%]."""
        return STATE_F_PERCENT if SimFault.CP_MINUS in self.faults else self.duty_percent
