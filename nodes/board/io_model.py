"""The I/O of a simulated board: models of its chips and libraries, joined to the simulated world.

What the world publishes on `sim/*` is at the inputs of the chips; what a driver gives out goes to
the world. Each node has models of its own, of the chips that it uses; what several processes use of
one chip is in a file of the run directory. While the world is silent the board has no supply:
converter and shift registers answer zeros, and inputs have the level of their pulls.
"""

import errno
import os
from collections.abc import Callable
from functools import cached_property, partial

from msgspec.structs import replace

from bus import Bus
from bus.interface import Subscription
from msgs.led import DARK, Color, Effect, LedFrame, Light
from msgs.pilot import STATE_F_PERCENT, SimPilotDrive
from msgs.plant import SimCards, SimKeys, SimPower, SimSignals
from msgs.safety import SimContactorDrive
from msgs.topics import (
    SIM_CARDS,
    SIM_CONTACTOR_DRIVE,
    SIM_KEYS,
    SIM_LIGHTS,
    SIM_PILOT_DRIVE,
    SIM_POWER,
    SIM_SIGNALS,
)
from nodes.board import analog_inputs, reference
from nodes.board.io import Gpio, Io, PwmFiles, SpiDev
from nodes.board.models.atm90e32 import Atm90e32Model, MeteredPhase
from nodes.board.models.gpio import Level, ModelGpio
from nodes.board.models.hc165 import ModelHc165
from nodes.board.models.mcp3208 import Mcp3208Model
from nodes.board.models.pilot_circuit import PilotCircuit
from nodes.board.models.pn5180 import ModelPn5180
from nodes.board.models.shared_memory import SharedMemory
from nodes.board.models.sk9822 import LedLight, ModelSk9822
from nodes.board.models.spi import ChipModel, Chips, ModelSpiDev, Place
from nodes.board.models.sysfs import ModelPwmFiles
from nodes.board.pwm import PwmSetting
from nodes.board.sk9822 import COLORS

SUPPLY_V = 12.0
CP_PERIOD_NS = 1_000_000
STRETCHED_S = 0.02  # the pulse stretcher of the load voltage: docs/hardware.md
METER_FILE = "meter-chip.model"  # in the run directory: what the chip keeps


class WorldReadings:
    """What the simulated world shows to one node. A topic is subscribed when it is first used."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @cached_property
    def _signals(self) -> Subscription[SimSignals]:
        return self._bus.subscribe(SIM_SIGNALS)

    @cached_property
    def _power(self) -> Subscription[SimPower]:
        return self._bus.subscribe(SIM_POWER)

    @cached_property
    def _cards(self) -> Subscription[SimCards]:
        return self._bus.subscribe(SIM_CARDS)

    @cached_property
    def _keys(self) -> Subscription[SimKeys]:
        return self._bus.subscribe(SIM_KEYS)

    def signals(self) -> SimSignals | None:
        """Return the levels and voltages; None: the world is silent."""
        return self._signals.fresh()

    def power(self) -> SimPower | None:
        """Return what the meter chip measures; None: it does not answer."""
        return self._power.fresh()

    def newest_power(self) -> SimPower | None:
        """Return what the meter chip measured last, however old; None before the first."""
        return self._power.message

    def cards(self) -> SimCards | None:
        """Return the cards in the field; None: the world is silent."""
        return self._cards.fresh()

    def is_reader_dead(self) -> bool:
        """Return whether the card reader has no supply; before the first message it has."""
        cards = self._cards.fresh()
        return self._cards.message is not None and (cards is None or not cards.works)

    def keys(self) -> SimKeys | None:
        """Return which keys are pressed; None: the world is silent."""
        return self._keys.fresh()


class ModelIo(Io):
    """See `nodes.board.io.Io`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._world = WorldReadings(bus)
        self._waited_s = 0.0
        self._chips = Chips(
            {
                reference.CONVERTER_SPI: self._converter,
                reference.METER_SPI: self._meter_chip,
                reference.LEDS_SPI: lambda: ModelSk9822(reference.LEDS, self._on_lights),
                reference.SWITCHES_SPI: lambda: ModelHc165(self._switches),
                reference.READER_SPI: lambda: self._reader,
            }
        )
        self._lines = CoilLines(bus)
        self._pilot = SimPilotDrive(duty_percent=STATE_F_PERCENT, connected=False)
        # Until it is set the generator continues as an earlier process has set it.
        self._is_duty_set = False
        self._loaded_s = -STRETCHED_S  # when there was voltage behind the contactor last

    @cached_property
    def gpio(self) -> Gpio:
        """See `nodes.board.io.Io.gpio`."""
        inputs: dict[int, Callable[[], Level]] = {
            reference.MIRROR_PIN: partial(self._high, "mirror_closed"),
            reference.POWER_ON_PIN: partial(self._high, "power_on_reset"),
            reference.LOAD_VOLTAGE_PIN: self._load_voltage,
            reference.RESIDUAL_AC_PIN: partial(self._low_while_well, "residual_ac"),
            reference.RESIDUAL_DC_PIN: partial(self._low_while_well, "residual_dc"),
            reference.SERVICE_KEY_PIN: self._service_key,
            reference.READER_BUSY_PIN: lambda: self._reader.busy(),
        }
        return ModelGpio(inputs, self._on_output)

    @cached_property
    def pwm(self) -> PwmFiles:
        """See `nodes.board.io.Io.pwm`. Both channels were exported before."""
        files = ModelPwmFiles(
            {0: (reference.PWM_DEVICE, 2)}, on_change=self._on_pwm, stuck=self._read_back
        )
        for channel in (reference.CP_CHANNEL, reference.BUZZER_CHANNEL):
            files.write("pwmchip0/export", str(channel))
        return files

    def spi(self) -> SpiDev:
        """See `nodes.board.io.Io.spi`."""
        return ModelSpiDev(self._chips, self._on_the_wire)

    def wait(self, seconds: float) -> None:
        """See `nodes.board.io.Io.wait`. It passes for the chips alone."""
        self._waited_s += seconds

    def _now_s(self) -> float:
        return self._bus.clock.now_s() + self._waited_s

    # --- pins ----------------------------------------------------------------------------------

    def _high(self, name: str) -> Level:
        """Return a line that is driven high, or not driven."""
        signals = self._world.signals()
        return True if signals is not None and getattr(signals, name) else None

    def _low_while_well(self, name: str) -> Level:
        """Return an output of the monitor: low while it is supplied and does not trip."""
        signals = self._world.signals()
        return False if signals is not None and not getattr(signals, name) else None

    def _load_voltage(self) -> Level:
        signals, now_s = self._world.signals(), self._now_s()
        if signals is not None and signals.load_voltage:
            self._loaded_s = now_s
        return now_s < self._loaded_s + STRETCHED_S

    def _service_key(self) -> Level:
        keys = self._world.keys()
        return False if keys is not None and keys.service else None

    def _on_output(self, pin: int, level: Level) -> None:
        if pin == reference.CP_CONNECT_PIN:
            self._drive_pilot(replace(self._pilot, connected=level is True))
        elif pin == reference.READER_RESET_PIN:
            self._reader.reset(level is True)
        else:
            self._lines.change(pin, level)

    # --- PWM -----------------------------------------------------------------------------------

    def _on_pwm(self, chip: int, channel: int, setting: PwmSetting) -> None:
        if channel == reference.CP_CHANNEL:
            percent = setting.duty_percent if setting.is_enabled else STATE_F_PERCENT
            self._is_duty_set = True
            self._drive_pilot(replace(self._pilot, duty_percent=percent))

    def _read_back(self, chip: int, channel: int) -> PwmSetting | None:
        """Return what the world's generator does: it may be stuck, or set by an earlier process.

        :raises OSError: the world is silent.
        """
        if channel != reference.CP_CHANNEL:
            return None
        signals = self._world.signals()
        if signals is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        duty_ns = round(CP_PERIOD_NS * signals.duty_percent / 100.0)
        return PwmSetting(period_ns=CP_PERIOD_NS, duty_ns=duty_ns, is_enabled=True)

    def _drive_pilot(self, drive: SimPilotDrive) -> None:
        is_new, self._pilot = drive != self._pilot, drive
        if is_new and self._is_duty_set:
            self._bus.publish(SIM_PILOT_DRIVE, drive)

    # --- chips ---------------------------------------------------------------------------------

    def _on_the_wire(self, place: Place, answer: list[int]) -> list[int]:
        """Return what comes back on MISO."""
        if place == reference.READER_SPI:
            return answer
        signals = self._world.signals()
        is_dead = signals is None or (signals.spi_stuck and place[0] == reference.CONVERTER_SPI[0])
        return [0] * len(answer) if is_dead else answer

    def _converter(self) -> ChipModel:
        circuit = PilotCircuit(self._now_s)

        def volts(channel: int) -> float:
            signals = self._world.signals()
            if signals is None:
                return 0.0
            circuit.drive(signals.high_v, signals.low_v, signals.duty_percent)
            match channel:
                case reference.EARTH_CHANNEL:
                    counts = analog_inputs.earth_counts(signals.earth_ohm)
                case reference.TERMINAL_CHANNEL:
                    counts = analog_inputs.ntc_counts(signals.terminal_c)
                case reference.BOARD_CHANNEL:
                    counts = analog_inputs.ntc_counts(signals.board_c)
                case reference.PLUS_CHANNEL:
                    counts = analog_inputs.plus_counts(SUPPLY_V)
                case reference.MINUS_CHANNEL:
                    counts = analog_inputs.minus_counts(-SUPPLY_V)
                case _:
                    return circuit.volts(channel)
            return analog_inputs.pin_v(counts)

        return Mcp3208Model(volts)

    def _meter_chip(self) -> ChipModel:
        def value(phase: int, name: str) -> float:
            power = self._world.newest_power()
            return 0.0 if power is None else float(getattr(power.lines[phase], name))

        def frequency_hz() -> float:
            power = self._world.newest_power()
            return 0.0 if power is None else power.frequency_hz

        one, two, three = (
            MeteredPhase(
                voltage_v=partial(value, phase, "voltage_v"),
                current_a=partial(value, phase, "current_a"),
                power_w=partial(value, phase, "power_w"),
                power_factor=partial(value, phase, "power_factor"),
                imported_wh=partial(value, phase, "imported_wh"),
                exported_wh=partial(value, phase, "exported_wh"),
            )
            for phase in range(3)
        )
        return Atm90e32Model(
            (one, two, three),
            frequency_hz,
            self._now_s,
            is_dead=lambda: self._world.power() is None,
            memory=SharedMemory(self._bus.run_dir / METER_FILE),
            news=self._world.newest_power,
        )

    def _switches(self) -> tuple[int, int, int]:
        signals, keys = self._world.signals(), self._world.keys()
        if signals is None:
            return 0, 0, 0
        is_pressed = keys is not None and keys.touch
        is_well = not (signals.residual_ac or signals.residual_dc)
        bits = (
            (is_pressed, reference.TOUCH_BIT),
            (signals.external_closed, reference.EXTERNAL_BIT),
            (True, reference.EARTH_OK_BIT),
            (signals.overtemperature, reference.HEAT_BIT),
            (True, reference.SUPPLY_OK_BIT),
            (True, reference.WATCHDOG_OK_BIT),
            (is_well, reference.RESIDUAL_OK_BIT),
            (True, reference.SPARE_BIT),
        )
        return signals.dip1, signals.dip2, sum(bit for is_set, bit in bits if is_set)

    @cached_property
    def _reader(self) -> ModelPn5180:
        def cards() -> tuple[str, ...]:
            here = self._world.cards()
            return () if here is None else here.uids

        return SuppliedReader(self._now_s, cards, self._world.is_reader_dead)

    def _on_lights(self, lights: tuple[LedLight, ...]) -> None:
        one, two, three, four, network, rfid, frame, _, _, _, mode, touch = map(light_of, lights)
        shown = LedFrame(
            segments=(one, two, three, four),
            network=network,
            rfid=rfid,
            frame=frame,
            mode=mode,
            touch=touch,
        )
        self._bus.publish(SIM_LIGHTS, shown)


class SuppliedReader(ModelPn5180):
    """A card reader that is dead while the world says so."""

    def __init__(
        self,
        clock: Callable[[], float],
        cards: Callable[[], tuple[str, ...]],
        is_dead: Callable[[], bool],
    ) -> None:
        super().__init__(clock, cards)
        self._is_dead = is_dead

    def busy(self) -> bool:
        """See `ModelPn5180.busy`."""
        self.faults.is_dead = self._is_dead()
        return super().busy()

    def transfer(self, sent: bytes) -> bytes:
        """See `nodes.board.models.spi.ChipModel.transfer`."""
        self.faults.is_dead = self._is_dead()
        return super().transfer(sent)


class CoilLines:
    """The outputs of the coil chain."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._drive = SimContactorDrive(enable=False, feeds_watchdog=False, residual_test=False)
        self._watchdog: Level = None

    def change(self, pin: int, level: Level) -> None:
        """Give a new level to the world; other pins have no part in it."""
        drive, is_high = self._drive, level is True
        match pin:
            case reference.ENABLE_PIN:
                drive = replace(drive, enable=is_high)
            case reference.RESIDUAL_TEST_PIN:
                drive = replace(drive, residual_test=is_high)
            case reference.POWER_ON_CLEAR_PIN:
                drive = replace(drive, clear_reset=is_high)
            case reference.WATCHDOG_PIN:
                # The first level after a start is the one that the process before has left.
                if self._watchdog is not None and level is not None:
                    now_ns = self._bus.clock.now_ns()
                    drive = replace(drive, feeds_watchdog=True, edge_ns=now_ns)
                self._watchdog = level
            case _:
                return
        self._drive = drive
        self._bus.publish(SIM_CONTACTOR_DRIVE, drive)


def light_of(shown: LedLight) -> Light:
    """Return the colour that is nearest to what an LED shows, at any brightness."""
    *rgb, brightness = shown
    most = max(rgb)
    if most == 0 or brightness == 0:
        return DARK
    full = [255.0 * value / most for value in rgb]

    def distance(color: Color) -> float:
        return sum(abs(one - other) for one, other in zip(full, COLORS[color], strict=True))

    nearest = min((color for color in COLORS if color is not Color.OFF), key=distance)
    return Light(color=nearest, effect=Effect.STEADY)


def open_io(bus: Bus) -> Io:
    """Return the I/O of a node of the simulated board."""
    return ModelIo(bus)
