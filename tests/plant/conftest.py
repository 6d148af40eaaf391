"""A box without a controller: the model, driven by hand."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from msgs.pilot import duty_of_offer
from msgs.plant import SimSignals
from nodes.plant import acts, readings
from nodes.plant.mains import Mains
from nodes.plant.model import new_world, step
from nodes.plant.vehicle import Charger
from nodes.plant.world import Setup, World, WorldEvent

START_S = 1000.0
EDGE_S = 0.1


class Box:
    """The world and the lines that drive it; `run` gives watchdog edges as safety would."""

    def __init__(self, charger: Charger, house_a: float = 0.0, sun_w: float = 0.0) -> None:
        mains = Mains(house_a=(house_a, house_a, house_a), sun_w=sun_w)
        self.world = new_world(Setup(charger=charger, dip1=5), START_S, mains)
        self.commands = self.world.commands
        self.edges = True

    @property
    def signals(self) -> SimSignals:
        return readings.signals_of(self.world)

    @property
    def current_a(self) -> float:
        return self.world.flow.box_a[0]

    @property
    def events(self) -> list[tuple[str, float]]:
        """Return the events so far, with the time since the beginning [ms]."""
        return [
            (event.what, round((event.at_s - START_S) * 1000, 3)) for event in self.world.events
        ]

    def when(self, what: str) -> float:
        """Return when an event happened for the first time [s since the beginning]."""
        return next(at_ms for name, at_ms in self.events if name == what) / 1000

    def last(self) -> WorldEvent:
        return self.world.events[-1]

    def drive(self, **changes: float | bool) -> None:
        self.commands = replace(self.commands, **changes)
        self.world = step(self.world, self.commands, 0.0)

    def act(self, act: Callable[..., World], *arguments: object) -> None:
        self.world = act(self.world, *arguments)

    def run(self, seconds: float) -> None:
        """Let time pass, in steps as long as the watchdog allows."""
        end_s = self.world.now_s + seconds
        while self.world.now_s < end_s - 1e-9:
            if self.edges:
                self.commands = replace(self.commands, edge_at_s=self.world.now_s)
            step_s = min(EDGE_S, end_s - self.world.now_s)
            self.world = step(self.world, self.commands, step_s)

    def charge(self, offer_a: float, seconds: float = 20.0) -> None:
        """Plug in, offer, close, and wait until the current is there."""
        self.act(acts.plug)
        self.act(acts.ready)
        self.drive(duty_percent=duty_of_offer(offer_a), enable=True)
        self.run(seconds)


@pytest.fixture
def box() -> Box:
    return Box(Charger())


@pytest.fixture
def new_box() -> Callable[..., Box]:
    return Box
