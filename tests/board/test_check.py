"""`wallbox board check`: a sound board passes; each single fault is found at a named part."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from nodes.board import reference
from nodes.board.check import all_steps, contactor_steps, places_of
from nodes.board.pwm import PwmSetting
from nodes.plant import contactor
from tests.board import whole_board
from tests.board.check_rig import DEFAULTS, Rig
from tests.board.whole_board import INPUTS, OUTPUTS, WholeBoard

Fault = Callable[[WholeBoard], None]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, monkeypatch)


def stuck(line: str, level: bool) -> Fault:
    return lambda board: board.stuck.update({line: level})


def gate(name: str, level: bool) -> Fault:
    return lambda board: board.gates.update({name: level})


def dead(place: tuple[int, int], byte: int) -> Fault:
    return lambda board: board.dead.update({place: byte})


def absent(place: tuple[int, int]) -> Fault:
    return lambda board: board.chips.__delitem__(place)


def broken(line: str) -> Fault:
    return lambda board: board.broken.add(line)


def swapped(one: str, other: str) -> Fault:
    pins = OUTPUTS | INPUTS
    return lambda board: board.swapped.update({pins[one]: pins[other], pins[other]: pins[one]})


def world(**values: object) -> Fault:
    def change(board: WholeBoard) -> None:
        for name, value in values.items():
            setattr(board, name, value)

    return change


def welded(board: WholeBoard) -> None:
    board.contactor = contactor.ContactorModel(poles=(True, False, False))
    board.welds = True


def no_reader(board: WholeBoard) -> None:
    board.reader.faults.is_dead = True


# assumed: of the pilot's divider, a resistor of the wrong value
OTHER_OHM = (200_000.0, 47_000.0, 60_000.0)
WRONG_DUTY = PwmSetting(period_ns=1_000_000, duty_ns=110_000, is_enabled=True)

# fault -> the step that fails first, and a part that its text names
FAULTS: dict[str, tuple[Fault, str, str]] = {
    # each line of the coil chain stuck
    "enable at 0": (stuck("enable", False), "contactor closes", "enable line (BCM 6)"),
    "enable at 1": (stuck("enable", True), "edges without enable", "enable line (BCM 6)"),
    "watchdog at 0": (stuck("watchdog", False), "edges without enable", "watchdog line (BCM 22)"),
    "watchdog at 1": (stuck("watchdog", True), "edges without enable", "watchdog line (BCM 22)"),
    "test at 0": (stuck("test", False), "residual-current monitor", "test line (BCM 26)"),
    "test at 1": (stuck("test", True), "residual-current monitor", "test line (BCM 26)"),
    "clear at 0": (stuck("clear", False), "power-on flag", "clears it (BCM 1)"),
    "clear at 1": (stuck("clear", True), "power-on flag", "clears it (BCM 1)"),
    "relay at 0": (stuck("connect", False), "pilot with a test plug", "relay to the cable (BCM 5)"),
    "relay at 1": (stuck("connect", True), "pilot with a test plug", "relay to the cable (BCM 5)"),
    "mirror at 0": (stuck("mirror", False), "contactor at rest", "mirror contact (BCM 27"),
    "mirror at 1": (stuck("mirror", True), "contactor closes", "mirror contact (BCM 27)"),
    "load at 0": (stuck("load", False), "contactor closes", "load voltage sensor (BCM 4)"),
    "load at 1": (stuck("load", True), "contactor at rest", "load voltage sensor (BCM 4"),
    "AC at 0": (stuck("residual ac", False), "residual-current monitor", "AC (BCM 3)"),
    "AC at 1": (stuck("residual ac", True), "residual-current monitor", "AC (BCM 3)"),
    "DC at 0": (stuck("residual dc", False), "residual-current monitor", "DC (BCM 2)"),
    "DC at 1": (stuck("residual dc", True), "residual-current monitor", "DC (BCM 2)"),
    "flag at 0": (stuck("power on", False), "power-on flag", "output (BCM 0)"),
    "flag at 1": (stuck("power on", True), "power-on flag", "output (BCM 0)"),
    "service key at 0": (stuck("service key", False), "service key", "service key (BCM 18)"),
    "service key at 1": (stuck("service key", True), "service key", "service key (BCM 18)"),
    "reset at 0": (stuck("reader reset", False), "card reader", "RESET_N (BCM 23)"),
    "reset at 1": (stuck("reader reset", True), "card reader", "RESET_N (BCM 23)"),
    "busy at 0": (stuck("reader busy", False), "card reader", "BUSY (BCM 25)"),
    "busy at 1": (stuck("reader busy", True), "card reader", "BUSY (BCM 25)"),
    "pilot at 0": (world(pwm_pin=False), "pilot in X1", "the pilot's driver"),
    "pilot at 1": (world(pwm_pin=True), "pilot in F", "the pilot's driver"),
    # each wire of an input broken
    "no mirror": (broken("mirror"), "contactor at rest", "mirror contact (BCM 27"),
    "no load": (broken("load"), "contactor closes", "load voltage sensor (BCM 4)"),
    "no AC": (broken("residual ac"), "residual-current monitor", "one of its wires broken"),
    "no DC": (broken("residual dc"), "residual-current monitor", "one of its wires broken"),
    "no flag": (broken("power on"), "power-on flag", "output (BCM 0)"),
    # each bit of the shift registers stuck
    "touch at 0": (stuck("bit TOUCH", False), "touch key", "AT42QT1010"),
    "touch at 1": (stuck("bit TOUCH", True), "touch key", "AT42QT1010"),
    "EARTH_OK at 0": (stuck("bit EARTH_OK", False), "earth loop", "EARTH_OK"),
    "HEAT at 1": (stuck("bit HEAT", True), "over-temperature switch", "over-temperature switch"),
    "SUPPLY_OK at 0": (stuck("bit SUPPLY_OK", False), "supply +12 V", "12 V power supply"),
    "WATCHDOG_OK at 0": (stuck("bit WATCHDOG_OK", False), "edges without enable", "WATCHDOG_OK"),
    "WATCHDOG_OK at 1": (stuck("bit WATCHDOG_OK", True), "watchdog without edges", "WATCHDOG_OK"),
    "RESIDUAL_OK at 0": (stuck("bit RESIDUAL_OK", False), "residual-current monitor", "monitor"),
    "RESIDUAL_OK at 1": (stuck("bit RESIDUAL_OK", True), "residual-current monitor", "monitor"),
    "SPARE at 0": (stuck("bit SPARE", False), "shift registers", "74HC165"),
    # each wire to a gate broken, or bridged
    "no enable at the gate": (gate("enable", False), "contactor closes", "gates"),
    "no watchdog at the gate": (gate("watchdog", False), "contactor closes", "gates"),
    "no monitor at the gate": (gate("monitor", False), "contactor closes", "gates"),
    "no heat switch at the gate": (gate("heat", False), "contactor closes", "gates"),
    "enable bridged": (gate("enable", True), "edges without enable", "enable line"),
    "watchdog bridged": (gate("watchdog", True), "enable without edges", "watchdog bridged"),
    "monitor bridged": (gate("monitor", True), "contactor opens by the monitor", "monitor to the"),
    # each chip dead
    "converter 00": (dead(reference.CONVERTER_SPI, 0x00), "converter", "MCP3208 on SPI 0.0"),
    "converter FF": (dead(reference.CONVERTER_SPI, 0xFF), "converter", "MCP3208 on SPI 0.0"),
    "meter 00": (dead(reference.METER_SPI, 0x00), "meter chip", "ATM90E32AS on SPI 0.1"),
    "meter FF": (dead(reference.METER_SPI, 0xFF), "meter chip", "ATM90E32AS on SPI 0.1"),
    "registers 00": (dead(reference.SWITCHES_SPI, 0x00), "shift registers", "74HC165 on SPI 1.1"),
    "registers FF": (dead(reference.SWITCHES_SPI, 0xFF), "shift registers", "74HC165 on SPI 1.1"),
    "reader 00": (dead(reference.READER_SPI, 0x00), "card reader", "PN5180 on SPI 1.2"),
    "reader FF": (dead(reference.READER_SPI, 0xFF), "card reader", "PN5180 on SPI 1.2"),
    "reader absent": (no_reader, "card reader", "PN5180 on SPI 1.2"),
    # nothing in config.txt
    "no spidev0.0": (absent(reference.CONVERTER_SPI), "converter", "dtoverlay"),
    "no spidev0.1": (absent(reference.METER_SPI), "meter chip", "dtoverlay"),
    "no spidev1.0": (absent(reference.LEDS_SPI), "LED chain", "dtoverlay"),
    "no spidev1.1": (absent(reference.SWITCHES_SPI), "shift registers", "dtoverlay"),
    "no spidev1.2": (absent(reference.READER_SPI), "card reader", "dtoverlay"),
    "other PWM": (world(pwm_device="1f00098000.pwm"), "PWM of the pilot", "pwm_device in the plan"),
    # contactor, monitor, supplies, sensors, mains
    "welded": (welded, "contactor at rest", "welded"),
    "welds now": (world(welds=True), "contactor opens without enable", "welded"),
    "never closes": (world(never_closes=True), "contactor closes", "the contactor and its coil"),
    "mirror inverted": (world(inverted={"mirror"}), "contactor at rest", "mirror contact"),
    "load inverted": (world(inverted={"load"}), "contactor at rest", "load voltage sensor"),
    "no monitor": (world(has_monitor_supply=False), "residual-current monitor", "its supply"),
    "no test answer": (world(ignores_test=True), "residual-current monitor", "test line"),
    "too hot": (world(is_hot=True), "over-temperature switch", "over-temperature switch"),
    "no +12 V": (world(plus_v=0.0), "supply +12 V", "12 V power supply"),
    "no -12 V": (world(minus_v=0.0), "supply -12 V", "-12 V converter"),
    "terminal NTC open": (world(terminal_c=-85.0), "temperatures", "NTC of the terminals"),
    "board NTC short": (world(board_c=500.0), "temperatures", "NTC of the board"),
    "NTCs differ": (world(board_c=30.0), "temperatures", "NTCs (10 kohm)"),
    "no earth": (world(earth_ohm=1e9), "earth loop", "protective conductor"),
    "bad earth": (world(earth_ohm=420.0), "earth loop", "protective conductor"),
    "low mains": (world(volts=[230.0, 140.0, 0.0]), "mains voltages", "mains at the terminals"),
    "no mains": (world(volts=[0.0, 0.0, 0.0]), "mains voltages", "mains at the terminals"),
    "slow watchdog": (world(hold_s=3.0), "hardware watchdog", "time constant"),
    "fast watchdog": (world(hold_s=0.15), "hardware watchdog", "time constant"),
    "contactor drops": (world(drops_after_s=0.2), "contactor closes", "the contactor and its coil"),
    "no diode": (world(has_diode=False), "pilot with a test plug", "the test plug"),
    "wrong resistor": (world(cp_ohm=OTHER_OHM), "pilot in X1", "dividers of channels 0 to 2"),
    "wrong duty": (world(read_back=WRONG_DUTY), "pilot's duty", "the kernel's PWM"),
    "stray current": (world(current_a=3.0), "mains voltages", "current transformers"),
    "loose DIP": (world(flickers=True), "shift registers", "74HC165"),
    # two wires swapped
    "enable and watchdog": (swapped("enable", "watchdog"), "enable without edges", "swapped"),
    "mirror and load": (swapped("mirror", "load"), "contactor at rest", "swapped"),
    "enable and test": (swapped("enable", "test"), "residual-current monitor", "test line"),
    "watchdog and test": (swapped("watchdog", "test"), "residual-current monitor", "test line"),
    "enable and relay": (swapped("enable", "connect"), "pilot with a test plug", "relay"),
    "mirror and key": (swapped("mirror", "service key"), "service key", "service key (BCM 18)"),
    "mirror and AC": (swapped("mirror", "residual ac"), "contactor at rest", "mirror contact (BCM"),
    "clear and test": (swapped("clear", "test"), "residual-current monitor", "test line (BCM 26)"),
    "reset and busy": (swapped("reader reset", "reader busy"), "card reader", "BUSY (BCM 25)"),
    "reset and relay": (swapped("reader reset", "connect"), "card reader", "RESET_N (BCM 23)"),
    "enable and clear": (swapped("enable", "clear"), "power-on flag", "clears it (BCM 1)"),
    "watchdog and clear": (swapped("watchdog", "clear"), "edges without enable", "watchdog line"),
}  # fmt: skip


STEPS = {step.name: step for step in all_steps(places_of(DEFAULTS, earth_loop=True))}


def guards_the_contactor(step: str) -> bool:
    """Return whether the yes is not even asked for when a step has failed."""
    asked = {contactor_steps.NO_VEHICLE}
    while more := {need for name in asked for need in STEPS[name].needs} - asked:
        asked |= more
    return step in asked


def test_a_sound_board_passes_every_step(rig: Rig) -> None:
    done = rig.check()
    assert done.failed() is None
    assert {step["outcome"] for step in done.steps} == {"ok"}
    assert done.exit_code == 0
    assert not rig.is_driven_before_the_yes()
    assert rig.left_on() == []


@pytest.mark.parametrize(("reference_v", "supply_v"), [(3.3 * 0.98, 12.45), (3.3 * 1.02, 11.55)])
@pytest.mark.parametrize("ohms", list(product((0.99, 1.01), repeat=3)))
def test_a_board_of_parts_within_their_tolerance_is_sound(
    rig: Rig, ohms: tuple[float, float, float], reference_v: float, supply_v: float
) -> None:
    """Resistors of 1 %, a reference of 2 %, supplies of nearly 4 %."""
    rig.board.plus_v, rig.board.minus_v = supply_v, -supply_v
    line, up, down = (
        share * nominal for share, nominal in zip(ohms, whole_board.CP_OHM, strict=True)
    )
    rig.board.cp_ohm = (line, up, down)
    rig.board.reference_v = reference_v
    done = rig.check()
    assert done.failed() is None


@pytest.mark.parametrize("name", FAULTS)
def test_a_single_fault_fails_at_a_step_that_names_the_part(rig: Rig, name: str) -> None:
    fault, step, part = FAULTS[name]
    fault(rig.board)
    done = rig.check()
    failed = done.failed()
    assert failed is not None
    assert failed["step"] == step
    assert part in failed["look_at"] + failed["expected"]
    assert done.exit_code == 1
    if guards_the_contactor(step):
        assert rig.board.driven_s == []
    assert not rig.is_driven_before_the_yes()
    assert rig.left_on() == []


def test_every_protection_guards_the_contactor() -> None:
    guards = {name for name in STEPS if guards_the_contactor(name)}
    assert guards >= {
        "converter",
        "shift registers",
        "pilot in X1",
        "contactor at rest",
        "watchdog without edges",
        "over-temperature switch",
        "residual-current monitor",
        "mains voltages",
    }


def test_outputs_of_the_monitor_that_are_swapped_cannot_be_found(rig: Rig) -> None:
    """Its test trips both; docs/architecture.md says so."""
    swapped("residual ac", "residual dc")(rig.board)
    assert rig.check().exit_code == 0
