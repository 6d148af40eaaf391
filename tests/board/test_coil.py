"""The coil's lines at the pins: off first, edges by looks, broken wires, nothing left on."""

import fcntl
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from bus import Bus
from bus.memory import MemoryGraph
from nodes.board import reference
from nodes.board.models.gpio import Level, ModelGpio
from nodes.board.pins import LOCK_FILE, PinError, PinsBusyError
from nodes.board.sole_use import BoardInUseError
from nodes.safety.coil import CoilReading
from nodes.safety.coil_board import BoardCoil, Parameters
from tests.board.rig import PinsIo, use

Levels = dict[int, Level]


class Rig:
    """The pins of a board, with a log of all changes of outputs."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.graph = MemoryGraph(1, tmp_path)
        self.bus: Bus = self.graph.bus("safety")
        self.levels: Levels = {}  # of inputs; absent: the wire is broken
        self.changes: list[tuple[float, int, Level]] = []
        self.io = PinsIo(self._library())
        use(monkeypatch, self.io)

    def _library(self) -> ModelGpio:
        inputs: dict[int, Callable[[], Level]] = {
            pin: lambda pin=pin: self.levels.get(pin)  # type: ignore[misc]
            for pin in range(28)
        }
        return ModelGpio(inputs, self._on_output)

    def _on_output(self, pin: int, level: Level) -> None:
        self.changes.append((self.bus.clock.now_s(), pin, level))

    def open(self) -> BoardCoil:
        return BoardCoil(self.bus, Parameters(io="tests.board.rig"))

    def edges_s(self) -> list[float]:
        return [at_s for at_s, pin, _ in self.changes if pin == reference.WATCHDOG_PIN]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, monkeypatch)


def drive(coil: BoardCoil, *, enable: bool = False, feeds: bool = False, **more: bool) -> None:
    lines = {"residual_test": False, "clear_reset": False} | more
    coil.drive(enable=enable, feeds_watchdog=feeds, **lines)


def test_the_first_act_is_to_switch_the_coil_off(rig: Rig) -> None:
    rig.open()
    _, pin, level = rig.changes[0]
    assert (pin, level) == (reference.ENABLE_PIN, False)


def test_opening_gives_no_edge_whatever_level_the_line_has(rig: Rig) -> None:
    coil = rig.open()
    drive(coil, feeds=True)
    assert rig.edges_s() == [rig.bus.clock.now_s()] * 2  # it became an output; then the first edge
    before = len(rig.edges_s())
    rig.bus.run_dir.joinpath("board.flock").unlink()  # as if that process had ended
    again = BoardCoil(rig.bus, Parameters(io="tests.board.rig"))  # on the same pins
    assert len(rig.edges_s()) == before
    drive(again, feeds=True)
    assert len(rig.edges_s()) == before + 1


def test_a_fed_watchdog_has_an_edge_each_tenth_of_a_second(rig: Rig) -> None:
    coil = rig.open()
    for _ in range(1000):  # 10 s of looks
        drive(coil, feeds=True)
        rig.graph.advance(0.01)
    edges = rig.edges_s()[1:]
    gaps = [after - before for before, after in itertools.pairwise(edges)]
    assert len(edges) == 100
    assert max(gaps) < 0.111


@pytest.mark.parametrize("look_s", [0.007, 0.010, 0.0105, 0.025, 0.09])
def test_looks_that_do_not_divide_the_period_still_feed_it(rig: Rig, look_s: float) -> None:
    coil = rig.open()
    for _ in range(round(5.0 / look_s)):
        drive(coil, feeds=True)
        rig.graph.advance(look_s)
    edges = rig.edges_s()[1:]
    gaps = [after - before for before, after in itertools.pairwise(edges)]
    assert max(gaps) <= 0.1 + look_s + 1e-6
    assert len(edges) >= 5.0 / (0.1 + look_s)


def test_without_looks_and_without_feeding_there_is_no_edge(rig: Rig) -> None:
    coil = rig.open()
    drive(coil, feeds=True)
    count = len(rig.edges_s())
    rig.graph.advance(5.0)
    for _ in range(100):
        drive(coil, feeds=False)
        rig.graph.advance(0.01)
    assert len(rig.edges_s()) == count


def test_every_broken_wire_is_unproven_or_a_trip(rig: Rig) -> None:
    assert rig.open().read() == CoilReading(
        mirror_closed=False,
        load_voltage=False,
        residual_ac=True,
        residual_dc=True,
        power_on_reset=False,
    )


@pytest.mark.parametrize(
    ("pin", "level", "field", "value"),
    [
        (reference.MIRROR_PIN, True, "mirror_closed", True),
        (reference.LOAD_VOLTAGE_PIN, True, "load_voltage", True),
        (reference.RESIDUAL_AC_PIN, False, "residual_ac", False),
        (reference.RESIDUAL_AC_PIN, True, "residual_ac", True),
        (reference.RESIDUAL_DC_PIN, False, "residual_dc", False),
        (reference.RESIDUAL_DC_PIN, True, "residual_dc", True),
        (reference.POWER_ON_PIN, True, "power_on_reset", True),
    ],
)
def test_each_input_has_its_pin_and_its_sense(
    rig: Rig, pin: int, level: bool, field: str, value: bool
) -> None:
    coil = rig.open()
    rig.levels[pin] = level
    assert getattr(coil.read(), field) is value


@pytest.mark.parametrize("way", [BoardCoil.shutdown, BoardCoil.handover])
def test_it_leaves_nothing_switched_on(rig: Rig, way: Callable[[BoardCoil], None]) -> None:
    coil = rig.open()
    drive(coil, enable=True, feeds=True, residual_test=True, clear_reset=True)
    way(coil)
    last = {pin: level for _, pin, level in rig.changes}
    for pin in (
        reference.ENABLE_PIN,
        reference.RESIDUAL_TEST_PIN,
        reference.POWER_ON_CLEAR_PIN,
    ):
        assert last[pin] is False


def test_it_must_be_driven_again_when_the_next_edge_is_due(rig: Rig) -> None:
    coil = rig.open()
    assert coil.due_s() == float("inf")
    drive(coil, feeds=True)
    assert coil.due_s() == pytest.approx(rig.bus.clock.now_s() + 0.1)
    drive(coil, feeds=False)
    assert coil.due_s() == float("inf")


class Broken(ModelGpio):
    """A library that refuses to write some pins, with an error of no common base, as lgpio's."""

    refuses: tuple[int, ...] = ()

    def output(self, channel: int, value: int, /) -> None:
        if channel in self.refuses:
            raise Exception("GPIO not allocated")
        super().output(channel, value)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Broken, Levels, BoardCoil]:
    levels: Levels = {}
    gpio = Broken({}, lambda pin, level: levels.__setitem__(pin, level))
    use(monkeypatch, PinsIo(gpio))
    coil = BoardCoil(MemoryGraph(1, tmp_path).bus("safety"), Parameters(io="tests.board.rig"))
    return gpio, levels, coil


def test_a_switch_off_that_fails_is_tried_again_by_the_shutdown(
    broken: tuple[Broken, Levels, BoardCoil],
) -> None:
    gpio, levels, coil = broken
    drive(coil, enable=True, feeds=True)
    gpio.refuses = (reference.ENABLE_PIN,)
    with pytest.raises(PinError, match="GPIO6 cannot be written: GPIO not allocated"):
        drive(coil)
    gpio.refuses = ()
    coil.shutdown()
    assert levels[reference.ENABLE_PIN] is False


def test_a_line_that_cannot_be_written_keeps_no_other_one_on(
    broken: tuple[Broken, Levels, BoardCoil],
) -> None:
    gpio, levels, coil = broken
    drive(coil, enable=True, feeds=True, residual_test=True, clear_reset=True)
    gpio.refuses = (reference.ENABLE_PIN,)
    with pytest.raises(PinError):
        coil.shutdown()
    assert levels[reference.RESIDUAL_TEST_PIN] is False
    assert levels[reference.POWER_ON_CLEAR_PIN] is False


def test_without_a_line_that_can_be_written_there_is_no_edge(
    broken: tuple[Broken, Levels, BoardCoil],
) -> None:
    gpio, levels, coil = broken
    gpio.refuses = (reference.RESIDUAL_TEST_PIN,)
    before = levels[reference.WATCHDOG_PIN]
    with pytest.raises(PinError):
        drive(coil, feeds=True, residual_test=True)
    assert levels[reference.WATCHDOG_PIN] is before


def test_a_second_owner_of_the_coil_is_refused_and_touches_no_pin(rig: Rig) -> None:
    rig.open()
    before = len(rig.changes)
    with pytest.raises(BoardInUseError, match="a running box, or a board check"):
        rig.open()
    assert len(rig.changes) == before


def test_the_coil_is_free_when_its_node_has_ended(rig: Rig) -> None:
    rig.open()
    rig.graph.kill("safety")
    rig.bus = rig.graph.bus("safety")
    assert rig.open().read() is not None


def test_a_set_up_that_another_process_holds_may_be_tried_again_later(rig: Rig) -> None:
    """It is no DriverError, after which a node is not started again."""
    rig.bus.run_dir.mkdir(parents=True, exist_ok=True)
    with (rig.bus.run_dir / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(PinsBusyError):
            rig.open()
    (rig.bus.run_dir / "board.flock").unlink()
    rig.open()
