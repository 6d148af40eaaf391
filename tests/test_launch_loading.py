"""A node of a plan before it runs: what is wrong names the key as a person can set it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, cast

import msgspec
import pytest

from bus import Bus, DriverError
from bus.memory import MemoryGraph
from launch.loading import ConfigurationError, LoadedNode, load_node
from launch.node_entry import DriverEntry, NodeEntry
from msgs.ports import OwnPort
from nodes.pilot.cp_line import CpLine, CpLineReading
from nodes.rfid.reader import CardReader
from nodes.rfid.reader_sim import Parameters as NoParameters

SOURCES = {"driver.modbus": "base.toml", "parameters.house_trace": "--set"}
SIM = DriverEntry(module="nodes.modbus_map.server_sim", source="base.toml")


def loaded(
    parameters: dict[str, Any] | None = None,
    drivers: dict[str, DriverEntry] | None = None,
    module: str = "nodes.plant",
    ports: int = 0,
) -> LoadedNode:
    return load_node(
        NodeEntry(
            node="house",  # another name than its package has
            module=module,
            drivers={"meters": SIM} if drivers is None else drivers,
            parameters=parameters or {},
            sources=SOURCES,
            file="plan.toml",
            ports=ports,
        )
    )


def complaint(**plan: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        loaded(**plan)
    return str(refused.value)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DriverError("no such file", "house_trace"), "--set: house.house_trace: no such file"),
        (DriverError("in use", "house_port"), "plan.toml: house.house_port: in use"),
        (DriverError("no room"), "plan.toml: nodes.house: no room"),
    ],
)
def test_a_node_that_cannot_use_a_parameter_names_what_is_to_be_changed(
    error: DriverError, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node = loaded()

    def build(bus: Bus, parameters: object, drivers: object) -> object:
        raise error

    monkeypatch.setattr(node.module, "build", build)
    with pytest.raises(ConfigurationError) as refused:
        node.build(MemoryGraph(seed=1, state_dir=tmp_path).bus("plant"))
    assert str(refused.value) == line


def test_a_parameter_that_is_wrong_names_its_key_and_where_it_is_written() -> None:
    assert (
        complaint(parameters={"house_trace": 7})
        == "--set: house.house_trace: expected `str`, got `int`"
    )


# --- drivers -----------------------------------------------------------------------------------

DRIVERS: list[tuple[str, dict[str, DriverEntry], str]] = [
    # module of the node, what the plan says of its drivers, the complaint
    ("nodes.plant", {},
     "plan.toml: nodes.house.driver: missing; expected one of nodes.modbus_map.server_sim, "
     "nodes.modbus_map.server_tcp"),
    ("nodes.plant", {"": DriverEntry(module="nodes.modbus_map.server_rtu", source="x.toml")},
     'x.toml: nodes.house.driver: no module "nodes.modbus_map.server_rtu"; expected one of '
     'nodes.modbus_map.server_sim, nodes.modbus_map.server_tcp; '
     'did you mean "nodes.modbus_map.server_tcp"?'),
    ("nodes.plant", {"": DriverEntry(module="nodes.rfid.reader_sim", source="--set")},
     "--set: nodes.house.driver: nodes.rfid.reader_sim is no driver of this device; expected a "
     "module with Parameters and open(bus, parameters) -> Servers"),
    ("nodes.plant", {"": DriverEntry(module="nodes.modbus_map.server", source="--set")},
     "--set: nodes.house.driver: nodes.modbus_map.server is no driver of this device; expected "),
    ("nodes.plant", {"lamp": DriverEntry(module="json", source="--set")},
     '--set: nodes.house.driver.lamp: unknown device "lamp"; expected one of meters'),
    ("nodes.meter", {"": DriverEntry(module="nodes.meter.chip_sim", source="--set")},
     "--set: nodes.house.driver: the node has several devices; expected one of chip, modbus"),
    ("nodes.meter", {"chip": DriverEntry(module="nodes.meter.chip_sim", source="--set")},
     "plan.toml: nodes.house.driver.modbus: missing; expected one of "),
    ("nodes.session", {"": DriverEntry(module="nodes.meter.chip_sim", source="--set")},
     "--set: nodes.house.driver: the node has no devices; expected no driver"),
    ("nodes.plant",
     {"": DriverEntry(module=SIM.module, parameters={"rate": 1}, sources={"rate": "x.toml"})},
     "x.toml: nodes.house.driver.parameters.rate: unknown key"),
    ("nodes.plant",
     {"meters": DriverEntry(module=SIM.module, parameters={"a": 1}, sources={"a": "--set"})},
     "--set: nodes.house.driver.meters.parameters.a: unknown key"),
    ("nodes.plant", {"": DriverEntry(parameters={"a": 1}, source="--set")},
     "--set: nodes.house.driver: missing; expected one of nodes.modbus_map.server_sim, "),
]  # fmt: skip


@pytest.mark.parametrize(("module", "drivers", "line"), DRIVERS)
def test_a_wrong_driver_is_refused_before_anything_is_opened(
    module: str, drivers: dict[str, DriverEntry], line: str
) -> None:
    assert complaint(module=module, drivers=drivers).startswith(line)


class BoardLine(CpLine):
    """A CP line that notes how it is left."""

    def __init__(self, left: list[str]) -> None:
        self._left = left

    def read(self) -> CpLineReading | None:
        return None

    def drive(self, duty_percent: float) -> None: ...

    def shutdown(self) -> None:
        self._left.append("line")

    def handover(self) -> None: ...


class Board(ModuleType):
    """Two driver modules and a node, as a board's plan may name them."""

    def __init__(self) -> None:
        super().__init__("boards")
        self.left: list[str] = []
        self.opened: list[Any] = []
        self.__path__: list[str] = []


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board()
    line, reader = ModuleType("boards.line_board"), ModuleType("boards.reader_board")
    node = ModuleType("boards.node")

    class LineParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        io: str = "boards.io_spidev"  # the module that has the pins
        port: OwnPort = 0

    def open_line(bus: Bus, parameters: LineParameters) -> CpLine:
        board.opened.append(parameters)
        return BoardLine(board.left)

    def open_reader(bus: Bus, parameters: NoParameters) -> CardReader:
        raise DriverError("no answer; expected a PN5180")

    @dataclass
    class Drivers:
        line: CpLine
        reader: CardReader

    class Parameters(msgspec.Struct): ...

    runner: Literal["blocking", "asyncio"] = "blocking"
    vars(line).update(Parameters=LineParameters, open=open_line)
    vars(reader).update(Parameters=NoParameters, open=open_reader)
    vars(node).update(Parameters=Parameters, Drivers=Drivers, RUNNER=runner)
    for module in (board, line, reader, node):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return board


def on_board(**parameters: Any) -> LoadedNode:
    return loaded(
        module="boards",
        drivers={
            "line": DriverEntry(
                module="boards.line_board",
                parameters=parameters,
                sources=dict.fromkeys(parameters, "board.toml"),
            ),
            "reader": DriverEntry(module="boards.reader_board", source="board.toml"),
        },
        ports=1000,
    )


def test_a_port_that_cannot_be_used_is_named_with_its_place() -> None:
    line = complaint(parameters={"house_port": 65000}, ports=1000)
    assert line.startswith("plan.toml: house.house_port: port 65000 with --ports 1000 is 66000; ")
    line = complaint(module="nodes.web", drivers={}, ports=2000)
    assert line.startswith("plan.toml: house.port: port 8080 with --ports 2000 is 10080, where ")


def test_a_driver_gets_its_parameters_its_io_among_them(board: Board, tmp_path: Path) -> None:
    node = on_board(io="boards.io_model", port=9000)
    assert board.opened == []
    node.drivers[0].open_on(MemoryGraph(seed=1, state_dir=tmp_path).bus("pilot"))
    assert [(each.io, each.port) for each in board.opened] == [("boards.io_model", 10000)]


def test_what_is_open_is_shut_down_when_the_next_device_cannot_be_opened(
    board: Board, tmp_path: Path
) -> None:
    node = on_board()
    with pytest.raises(ConfigurationError) as refused:
        node.build(MemoryGraph(seed=1, state_dir=tmp_path).bus("pilot"))
    assert str(refused.value) == (
        "board.toml: nodes.house.driver.reader: no answer; expected a PN5180"
    )
    assert board.left == ["line"]


def test_a_driver_that_cannot_be_left_keeps_no_other_from_its_safe_state(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(BoardLine):
        def shutdown(self) -> None:
            super().shutdown()
            raise OSError("the bus is gone")

    def open_stuck(bus: Bus, parameters: NoParameters) -> CardReader:
        return cast(CardReader, Stuck(board.left))

    monkeypatch.setattr(sys.modules["boards.reader_board"], "open", open_stuck)
    monkeypatch.setattr(sys.modules["boards.node"], "build", None, raising=False)
    with pytest.raises(TypeError):  # of the node, not of the driver
        on_board().build(MemoryGraph(seed=1, state_dir=tmp_path).bus("pilot"))
    assert board.left == ["line", "line"]
