"""The meter chip's model with a load, and both of its drivers, for tests."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bus import Bus
from bus.memory import MemoryGraph
from nodes.board.models.atm90e32 import Atm90e32Model, MeteredPhase
from nodes.board.reference import METER_SPI
from nodes.meter import chip_board as meter_board
from nodes.meter.chip import MeterChip
from nodes.safety import chip_board as safety_board
from nodes.safety.chip import PowerChip
from tests.board.spi_rig import Answer, RigIo

IO = "tests.board.rigged_io"


@dataclass(frozen=True)
class Flow:
    """What flows in each phase."""

    voltage_v: float = 230.0
    current_a: float = 16.0
    factor: float = 1.0
    hz: float = 50.0

    @property
    def power_w(self) -> float:
        return self.voltage_v * self.current_a * self.factor


@dataclass
class MeterRig:
    """The meter chip under a virtual clock, its two drivers, and a bus that can be disturbed."""

    graph: MemoryGraph
    flow: Flow = Flow()
    disturb: Callable[[Answer], Answer] = lambda answer: answer
    is_dead: bool = False
    is_frozen: bool = False
    imported_wh: list[float] = field(default_factory=lambda: [0.0] * 3)
    buses: dict[str, Bus] = field(default_factory=dict)
    exported_wh: list[float] = field(default_factory=lambda: [0.0] * 3)

    def __post_init__(self) -> None:
        phases = [self._phase(index) for index in range(3)]
        self.model = Atm90e32Model(
            (phases[0], phases[1], phases[2]),
            lambda: self.flow.hz,
            self.bus("plant").clock.now_s,
            is_dead=lambda: self.is_dead,
            is_frozen=lambda: self.is_frozen,
        )
        self.io = RigIo({METER_SPI: self.model}, lambda answer: self.disturb(answer))

    def bus(self, node: str) -> Bus:
        if node not in self.buses:
            self.buses[node] = self.graph.bus(node)
        return self.buses[node]

    def meter(self, **parameters: Any) -> MeterChip:
        bus = self.bus("meter")
        return meter_board.open(bus, meter_board.Parameters(io=IO, **parameters))

    def safety(self, **parameters: Any) -> PowerChip:
        bus = self.bus("safety")
        return safety_board.open(bus, safety_board.Parameters(io=IO, **parameters))

    def wait(self, seconds: float) -> None:
        """Let a time pass, with the current that flows."""
        for index in range(3):
            energy_wh = self.flow.power_w * seconds / 3600.0
            self.imported_wh[index] += max(energy_wh, 0.0)
            self.exported_wh[index] += max(-energy_wh, 0.0)
        self.graph.advance(seconds)

    def change(self, **changes: float) -> None:
        self.flow = replace(self.flow, **changes)

    def _phase(self, index: int) -> MeteredPhase:
        return MeteredPhase(
            voltage_v=lambda: self.flow.voltage_v,
            current_a=lambda: self.flow.current_a,
            power_w=lambda: self.flow.power_w,
            power_factor=lambda: self.flow.factor,
            imported_wh=lambda: self.imported_wh[index],
            exported_wh=lambda: self.exported_wh[index],
        )


def meter_rig(path: Path, monkeypatch: pytest.MonkeyPatch) -> MeterRig:
    rig = MeterRig(MemoryGraph(seed=1, state_dir=path))
    module = ModuleType(IO)
    module.open_io = lambda bus: rig.io  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, IO, module)
    return rig
