"""A whole board at the level of its lines, as an I/O module: gates, contactor, monitor, chips.

Each line has a name; a pin is wired to a line. Faults: a line that is stuck, two pins that are
swapped, a wire to a gate that is broken or bridged, a chip that is dead, and what a test sets.
"""

import math
from collections.abc import Callable
from functools import partial

from bus import Bus
from nodes.board import analog_inputs, reference
from nodes.board.io import Gpio, Io, PwmFiles, SpiDev
from nodes.board.models.atm90e32 import Atm90e32Model, MeteredPhase
from nodes.board.models.gpio import Level, ModelGpio
from nodes.board.models.hc165 import ModelHc165
from nodes.board.models.mcp3208 import Mcp3208Model
from nodes.board.models.pilot_circuit import PilotCircuit
from nodes.board.models.pn5180 import ModelPn5180
from nodes.board.models.sk9822 import ModelSk9822
from nodes.board.models.spi import ChipModel, ModelSpiDev, Place
from nodes.board.models.sysfs import ModelPwmFiles
from nodes.board.pwm import PwmSetting
from nodes.plant import contactor, residual

OUTPUTS = {
    "enable": reference.ENABLE_PIN,
    "watchdog": reference.WATCHDOG_PIN,
    "test": reference.RESIDUAL_TEST_PIN,
    "clear": reference.POWER_ON_CLEAR_PIN,
    "connect": reference.CP_CONNECT_PIN,
    "reader reset": reference.READER_RESET_PIN,
}
INPUTS = {
    "mirror": reference.MIRROR_PIN,
    "load": reference.LOAD_VOLTAGE_PIN,
    "residual ac": reference.RESIDUAL_AC_PIN,
    "residual dc": reference.RESIDUAL_DC_PIN,
    "power on": reference.POWER_ON_PIN,
    "service key": reference.SERVICE_KEY_PIN,
    "reader busy": reference.READER_BUSY_PIN,
}
GATES = ("enable", "watchdog", "monitor", "heat")
STEP_S = 0.005  # as the check's own looks
STRETCHED_S = 0.02  # of the load voltage sensor
SENSED_V = 50.0  # of the load voltage sensor
CLEAR_S = 0.05  # what the line that clears the power-on flag must last
CP_OHM = (200_000.0, 47_000.0, 75_000.0)  # from the line, to the reference, to ground
DIODE_V, SOURCE_OHM = 0.7, 1000.0


class WholeBoard:
    """The board; the attributes are its world and its faults."""

    def __init__(self) -> None:
        self.now_s = 100.0
        # faults
        self.stuck: dict[str, bool] = {}  # lines, and bits of the shift registers
        self.broken: set[str] = set()  # lines of inputs that nothing drives
        self.swapped: dict[int, int] = {}  # pin -> the pin whose line it has
        self.gates: dict[str, bool] = {}  # a broken (False) or bridged (True) wire to a gate
        self.dead: dict[Place, int] = {}  # chip -> what is read of it
        self.inverted: set[str] = set()
        self.welds = False
        self.never_closes = False
        self.ignores_test = False
        self.has_monitor_supply = True
        self.hold_s = contactor.WATCHDOG_S  # of the hardware watchdog
        self.drops_after_s = math.inf  # the contactor, though its coil has current
        self.read_back: PwmSetting | None = None  # of the pilot, whatever was written
        self.has_diode = True  # the test plug
        self.current_a = 0.0
        self.flickers = False  # a bit of the DIP switches, at each read
        self.pwm_device = reference.PWM_DEVICE
        self.pwm_pin: bool | None = None  # stuck
        # world
        self.plus_v, self.minus_v = 12.0, -12.0
        self.cp_ohm = CP_OHM  # of the pilot's dividers
        self.reference_v = reference.REFERENCE_V
        self.terminal_c, self.board_c = 21.0, 23.0
        self.earth_ohm = 40.0
        self.volts = [230.0, 231.0, 229.0]
        self.plug_ohm: float | None = None
        self.pressed: set[str] = set()
        self.cards: tuple[str, ...] = ()
        self.is_hot = False
        self.dip = (0b00000101, 0)
        # state
        self.levels: dict[int, Level] = {}  # of the processor's outputs
        self.contactor = contactor.ContactorModel()
        self.monitor = residual.UNPOWERED
        self.flag = True
        self._clears_s = math.inf  # since when the line that clears the flag is high
        self.edge_s = -10.0
        self.loaded_s = -10.0
        self.pwm: dict[int, PwmSetting] = {}
        self.energised_s: list[float] = []
        self.driven_s: list[float] = []  # when the processor raised enable, or gave an edge
        self.on_wait: Callable[[], None] = lambda: None
        self.on_event: Callable[[], None] = lambda: None  # an output has changed, or time passed
        self.lines = dict.fromkeys(OUTPUTS, False)  # the levels of the outputs' lines
        self._watchdog = False
        self._closed_s: float | None = None  # since when the coil has current
        self._relay_circuit = PilotCircuit(lambda: self.now_s)
        self.leds = ModelSk9822(reference.LEDS)
        self.reader = ModelPn5180(lambda: self.now_s, lambda: self.cards)
        self._chips = self._make_chips()

    def make_io(self) -> "BoardIo":
        """Return the I/O of one process."""
        return BoardIo(self)

    # --- lines ---------------------------------------------------------------------------------

    def line(self, name: str) -> bool:
        """Return the level of an output's line; what nobody drives is pulled down."""
        if name in self.stuck:
            return self.stuck[name]
        pin = OUTPUTS[name]
        return self.levels.get(self.swapped.get(pin, pin)) is True

    def read_pin(self, pin: int) -> Level:
        """Return what drives an input."""
        pin = self.swapped.get(pin, pin)
        name = next((name for name, own in INPUTS.items() if own == pin), None)
        if name is None:
            return self.levels.get(pin)
        if name in self.stuck:
            return self.stuck[name]
        if name in self.broken or (name.startswith("residual") and not self.has_monitor_supply):
            return None
        level = {
            "mirror": self.contactor.mirror_closed,
            "load": self.now_s < self.loaded_s + STRETCHED_S,
            "residual ac": self.monitor.ac.active,
            "residual dc": self.monitor.dc.active,
            "power on": self.flag,
            "service key": "service" not in self.pressed,
            "reader busy": self.reader.busy(),
        }[name]
        return level is (name not in self.inverted)

    def bits(self) -> tuple[int, int, int]:
        """Return the bytes of the shift registers."""
        bits = {
            "TOUCH": ("touch" in self.pressed, reference.TOUCH_BIT),
            "EXTERNAL": (False, reference.EXTERNAL_BIT),
            "EARTH_OK": (True, reference.EARTH_OK_BIT),
            "HEAT": (self.is_hot, reference.HEAT_BIT),
            "SUPPLY_OK": (True, reference.SUPPLY_OK_BIT),
            "WATCHDOG_OK": (self.has_edges, reference.WATCHDOG_OK_BIT),
            "RESIDUAL_OK": (self.is_monitor_well, reference.RESIDUAL_OK_BIT),
            "SPARE": (True, reference.SPARE_BIT),
        }
        third = sum(
            bit for name, (level, bit) in bits.items() if self.stuck.get(f"bit {name}", level)
        )
        if self.flickers:
            self.dip = (self.dip[0] ^ 0x08, self.dip[1])
        return *self.dip, third

    @property
    def has_edges(self) -> bool:
        """Return whether the hardware watchdog has had an edge in time."""
        return self.now_s < self.edge_s + self.hold_s

    @property
    def is_monitor_well(self) -> bool:
        """Return whether both of its outputs are low at the gates; they are pulled up there."""
        return self.has_monitor_supply and self.monitor.is_well

    @property
    def coil(self) -> bool:
        """Return whether the gates let the coil have current."""
        gate = self.gates.get
        return (
            gate("enable", self.lines["enable"])
            and gate("watchdog", self.has_edges)
            and gate("monitor", self.is_monitor_well)
            and gate("heat", not self.is_hot)
        )

    def set_output(self, pin: int, level: Level) -> None:
        """Take a new level of an output of the processor."""
        is_edge = pin == reference.WATCHDOG_PIN and self.levels.get(pin) is not None
        if is_edge or (pin == reference.ENABLE_PIN and level):
            self.driven_s.append(self.now_s)
        self.levels[pin] = level
        self.lines = {name: self.line(name) for name in OUTPUTS}
        self.reader.reset(self.lines["reader reset"])
        self.settle()
        self.on_event()

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(self.now_s + STEP_S, end_s)
            self.settle()
        self.on_wait()
        self.on_event()

    def settle(self) -> None:
        """Let everything follow its causes."""
        watchdog = self.lines["watchdog"]
        if watchdog != self._watchdog:
            self._watchdog = watchdog
            self.edge_s = self.now_s
        self.monitor = residual.settle(
            self.monitor,
            self.now_s,
            test_line=self.lines["test"],
            leak_ac=False,
            leak_dc=False,
            ignores_test=self.ignores_test,
        )
        has_current = self.coil
        if has_current:
            self.energised_s.append(self.now_s)
            if self._closed_s is None:
                self._closed_s = self.now_s
            has_current = self.now_s < self._closed_s + self.drops_after_s
        else:
            self._closed_s = None
        self.contactor = contactor.settle(
            self.contactor,
            self.now_s,
            coil=has_current,
            welded=self.welds,
            stuck=self.never_closes,
            slow=False,
        )
        for is_closed, volts in zip(self.contactor.poles, self.volts, strict=True):
            if is_closed and volts > SENSED_V:
                self.loaded_s = self.now_s
        self._clears_s = min(self._clears_s, self.now_s) if self.lines["clear"] else math.inf
        if self.now_s >= self._clears_s + CLEAR_S:
            self.flag = False

    # --- chips ---------------------------------------------------------------------------------

    def _make_chips(self) -> dict[Place, ChipModel]:
        def phase(index: int) -> MeteredPhase:
            def nothing() -> float:
                return 0.0

            return MeteredPhase(
                voltage_v=lambda: self.volts[index],
                current_a=lambda: self.current_a,
                power_w=nothing,
                power_factor=lambda: 1.0,
                imported_wh=nothing,
                exported_wh=nothing,
            )

        meter = Atm90e32Model((phase(0), phase(1), phase(2)), lambda: 50.0, lambda: self.now_s)
        return {
            reference.CONVERTER_SPI: Mcp3208Model(self._volts),
            reference.METER_SPI: meter,
            reference.LEDS_SPI: self.leds,
            reference.SWITCHES_SPI: ModelHc165(self.bits),
            reference.READER_SPI: self.reader,
        }

    def on_pwm(self, _: int, channel: int, setting: PwmSetting) -> None:
        """Take a new setting of the PWM."""
        self.pwm[channel] = setting

    def stuck_pwm(self, _: int, channel: int) -> PwmSetting | None:
        """Return what a channel reads back, whatever was written."""
        setting = self.pwm.get(channel)
        if channel != reference.CP_CHANNEL or setting is None or setting.duty_percent != 10.0:
            return None
        return self.read_back

    def disturb(self, place: Place, answer: list[int]) -> list[int]:
        """Return what is read of a chip."""
        return [self.dead[place]] * len(answer) if place in self.dead else answer

    @property
    def chips(self) -> dict[Place, ChipModel]:
        """Return the chips by their SPI."""
        return self._chips

    def _volts(self, channel: int) -> float:
        match channel:
            case reference.EARTH_CHANNEL:
                counts = analog_inputs.earth_counts(self.earth_ohm)
            case reference.TERMINAL_CHANNEL:
                counts = analog_inputs.ntc_counts(self.terminal_c)
            case reference.BOARD_CHANNEL:
                counts = analog_inputs.ntc_counts(self.board_c)
            case reference.PLUS_CHANNEL:
                counts = analog_inputs.plus_counts(self.plus_v)
            case reference.MINUS_CHANNEL:
                counts = analog_inputs.minus_counts(self.minus_v)
            case _:
                self._drive_circuit()
                return self._divided(self._relay_circuit.volts(channel))
        return analog_inputs.pin_v(counts)

    def _divided(self, nominal_v: float) -> float:
        """Return what the converter, whose own reference is nominal, gets of the CP line [V]."""
        line_v = (nominal_v - reference.CP_OFFSET_V) / reference.CP_RATIO
        line_ohm, up_ohm, down_ohm = self.cp_ohm
        current_a = line_v / line_ohm + self.reference_v / up_ohm
        input_v = current_a / (1.0 / line_ohm + 1.0 / up_ohm + 1.0 / down_ohm)
        return input_v * reference.REFERENCE_V / self.reference_v

    def _drive_circuit(self) -> None:
        setting = self.pwm.get(reference.CP_CHANNEL)
        percent = setting.duty_percent if setting is not None and setting.is_enabled else 0.0
        if self.pwm_pin is not None:
            percent = 100.0 if self.pwm_pin else 0.0
        high_v = self.plus_v
        if self.plug_ohm is not None and self.line("connect"):
            share = self.plug_ohm / (self.plug_ohm + SOURCE_OHM)
            high_v = DIODE_V + (high_v - DIODE_V) * share
        low_v = self.minus_v if self.has_diode or high_v == self.plus_v else -high_v
        self._relay_circuit.drive(high_v, low_v, percent)


class BoardIo(Io):
    """See `nodes.board.io.Io`."""

    def __init__(self, board: WholeBoard) -> None:
        self._board = board
        self._gpio = ModelGpio(
            {pin: partial(board.read_pin, pin) for pin in range(28)}, board.set_output
        )
        self._files = ModelPwmFiles(
            {0: (board.pwm_device, 2)}, on_change=board.on_pwm, stuck=board.stuck_pwm
        )

    @property
    def gpio(self) -> Gpio:
        return self._gpio

    @property
    def pwm(self) -> PwmFiles:
        return self._files

    def spi(self) -> SpiDev:
        return ModelSpiDev(self._board.chips, self._board.disturb)

    def wait(self, seconds: float) -> None:
        self._board.pass_time(seconds)


current = [WholeBoard()]


def open_io(bus: Bus) -> Io:
    """See `nodes.board.io_raspberry.open_io`."""
    return current[0].make_io()
