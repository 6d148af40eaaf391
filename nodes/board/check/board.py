"""The board under check: its lines, and its chips, each opened when it is first used.

This file alone knows how the chips are used. It measures and decides nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from statistics import median

from bus import Bus, DriverError
from nodes.board import (
    analog_inputs,
    atm90e32,
    hc165,
    iso14443,
    iso15693,
    mcp3208,
    pn5180,
    reference,
    sk9822,
)
from nodes.board.atm90e32 import Atm90e32
from nodes.board.check.lines import ChainLines
from nodes.board.check.places import FrontPlaces, Place, Places, ReaderPlaces
from nodes.board.hc165 import Hc165, SwitchBits
from nodes.board.io import open_io
from nodes.board.mcp3208 import Mcp3208
from nodes.board.meter_setup import MeterSetup, SetupCheck, open_registers
from nodes.board.pilot_voltages import PilotVoltages
from nodes.board.pins import Pins, Pull
from nodes.board.pn5180 import Pn5180, PnRegister, ReaderLines, WaitedTime
from nodes.board.pwm import PwmChannel, PwmSetting
from nodes.board.sk9822 import Rgb
from nodes.board.sole_use import BoardInUseError, SoleUse
from nodes.board.spi_link import ChipError, SpiLink

PERIOD_NS = 1_000_000  # of the pilot, 1 kHz: IEC 61851-1, Table A.2
X1_PERCENT = 100.0
# assumed: a hundred time constants of the drivers of the line; the sample-and-hold circuits take a
# new plateau in their next half-wave.
SETTLE_S = 0.05
CONVERSIONS = 9  # of a supply or sensor; their median counts
CARD_S = 0.1  # for one look for cards: 16 slots take 90 ms
LOCK_TRIES = 5
SILENT = (0, 0xFFFF_FFFF)  # a register of 32 bits that nothing drives


class CheckedBoard:
    """Everything that the check touches."""

    def __init__(self, bus: Bus, places: Places) -> None:
        """Take the board for this process, switch the coil off, then set up the other pins.

        The board is released when the bus is closed.

        :raises DriverError: another process uses the board, or the pins cannot be used.
        """
        self.places = places
        self._bus = bus
        self._io = open_io(places.io, bus)
        self._time = WaitedTime(self._io.wait, bus.clock.now_s)
        try:
            use = SoleUse(bus, self._io)
        except (BoardInUseError, OSError) as error:
            raise DriverError(str(error), "io") from error
        bus.on_close(use.release)
        with _set_up():
            self._pins = Pins(bus, self._io)
            self.lines = ChainLines(self._pins, places, self._io.wait, bus.clock.now_s)

    def leave(self) -> None:
        """Leave the board in its safe state, whatever has failed; the coil first.

        Enable, test line and relay are off, there are no edges, the pilot is in X1, the front is
        dark and the card reader in reset. It may be called several times.
        """
        self.lines.rest()
        with suppress(Exception):
            self.drive_pilot(X1_PERCENT)
        if self.places.front is not None:
            with suppress(Exception):
                self.silence()
            with suppress(Exception):
                self.light([sk9822.DARK_RGB] * reference.LEDS)
        if "card_chip" in self.__dict__:
            with suppress(Exception):
                self.card_chip.stop()

    # --- converter -----------------------------------------------------------------------------

    @cached_property
    def converter(self) -> Mcp3208:
        """Return the converter.

        :raises ChipError: there is no such SPI device.
        """
        place = self.places.converter_spi
        return Mcp3208(self._link(place, mcp3208.MODE, mcp3208.CLOCK_HZ))

    def counts(self, channel: int) -> float:
        """Return the median of some conversions of a channel.

        :raises ChipError: the converter does not answer.
        """
        return median(self.converter.counts(channel) for _ in range(CONVERSIONS))

    def plus_v(self) -> float:
        """Return the voltage of the +12 V supply [V]."""
        return analog_inputs.plus_v(self.counts(reference.PLUS_CHANNEL))

    def minus_v(self) -> float:
        """Return the voltage of the -12 V supply [V]."""
        return analog_inputs.minus_v(self.counts(reference.MINUS_CHANNEL))

    def terminal_c(self) -> float:
        """Return the temperature at the terminals [degC]."""
        value_c = analog_inputs.ntc_c(self.counts(reference.TERMINAL_CHANNEL))
        return value_c + self.places.calibration.terminal_offset_k

    def board_c(self) -> float:
        """Return the temperature of the board [degC]."""
        value_c = analog_inputs.ntc_c(self.counts(reference.BOARD_CHANNEL))
        return value_c + self.places.calibration.board_offset_k

    def earth_ohm(self) -> float:
        """Return the resistance of the earth loop [ohm]."""
        value_ohm = analog_inputs.earth_ohm(self.counts(reference.EARTH_CHANNEL))
        calibration = self.places.calibration
        return value_ohm * calibration.earth_gain + calibration.earth_offset_ohm

    # --- pilot ---------------------------------------------------------------------------------

    @cached_property
    def pilot_pwm(self) -> PwmChannel:
        """Return the pilot's channel of the PWM.

        :raises DriverError: there is no such device or channel.
        """
        return PwmChannel(self._io.pwm, self.places.pwm_device, self.places.pwm_channel)

    def drive_pilot(self, duty_percent: float) -> PwmSetting | None:
        """Drive the pilot and wait until its line is settled; return what is read back."""
        self.pilot_pwm.set(PERIOD_NS, round(PERIOD_NS * duty_percent / 100.0))
        self.lines.wait(SETTLE_S)
        return self.pilot_pwm.read()

    def pilot_v(self, duty_percent: float) -> tuple[float, float]:
        """Return both plateaus of the CP line [V], before the relay.

        :raises ChipError: the converter does not answer.
        """
        calibration = self.places.calibration
        reader = PilotVoltages(
            self.converter, gain=calibration.pilot_gain, offset_v=calibration.pilot_offset_v
        )
        return reader.read(duty_percent)

    # --- shift registers -----------------------------------------------------------------------

    @cached_property
    def registers(self) -> Hc165:
        """Return the shift registers.

        :raises ChipError: there is no such SPI device.
        """
        return Hc165(self._link(self.places.switches_spi, hc165.MODE, hc165.CLOCK_HZ))

    def switches(self) -> SwitchBits:
        """Read the shift registers.

        :raises ChipError: they do not answer, several times in a row.
        """
        return self.registers.read()

    # --- meter chip ----------------------------------------------------------------------------

    @property
    def meter(self) -> MeterSetup:
        """Return the place and the configuration of the meter chip; of a plan that has it."""
        assert self.places.meter is not None
        return self.places.meter

    @cached_property
    def meter_chip(self) -> Atm90e32:
        """Return the meter chip.

        :raises DriverError: there is no such SPI device.
        """
        return open_registers(self._bus, self._io, self.meter, LOCK_TRIES)

    def configure_meter(self) -> bool:
        """Configure the meter chip, if it is not; return whether its registers are right.

        A chip that has its configuration keeps it, with the energy that it has counted.

        :raises ChipError: it does not answer.
        """
        setup = SetupCheck(self.meter_chip, self.meter)
        if setup.is_right():
            return True
        setup.configure()
        self.lines.wait(atm90e32.SETTLE_S)
        return SetupCheck(self.meter_chip, self.meter).is_right()

    def voltages_v(self) -> tuple[float, float, float]:
        """Return the voltages of L1, L2, L3 [V], before the contactor.

        :raises ChipError: the meter chip does not answer.
        """
        first, second, third = (
            self.meter_chip.read(address) * atm90e32.VOLTAGE_V for address in atm90e32.U_RMS
        )
        return first, second, third

    def currents_a(self) -> tuple[float, float, float]:
        """Return the currents of L1, L2, L3 [A].

        :raises ChipError: the meter chip does not answer.
        """
        first, second, third = (
            self.meter_chip.read(address) * atm90e32.CURRENT_A for address in atm90e32.I_RMS
        )
        return first, second, third

    # --- card reader ---------------------------------------------------------------------------

    @property
    def reader(self) -> ReaderPlaces:
        """Return where the card reader is; only of a plan that has it."""
        assert self.places.reader is not None
        return self.places.reader

    @cached_property
    def card_chip(self) -> Pn5180:
        """Return the chip of the card reader, in reset.

        :raises ChipError: there is no such SPI device.
        :raises DriverError: its pins cannot be used.
        """
        places = self.reader
        link = self._link(places.spi, pn5180.SPI_MODE, places.clock_hz)
        with _set_up():
            self._pins.output(places.reset_pin, False)
            self._pins.input(places.busy_pin, Pull.DOWN)
        lines = ReaderLines(
            busy=partial(self._pins.read, places.busy_pin),
            reset=partial(self._pins.write, places.reset_pin),
            time=self._time,
        )
        return Pn5180(link, lines)

    def reader_obeys_reset(self) -> bool:
        """Return whether the chip of the card reader is silent in reset, where it is left."""
        self.card_chip.stop()
        self._time.wait(pn5180.RESET_S)
        try:
            (irqs,) = self.card_chip.read(PnRegister.IRQ_STATUS)
        except ChipError:
            return True
        return irqs in SILENT

    def cards(self) -> tuple[str, ...]:
        """Return the UIDs of the cards in the field of the reader, which is on for this only.

        :raises ChipError: the reader does not answer.
        """
        chip = self.card_chip
        found: list[str] = []
        for config, guard_s, find in (
            (pn5180.ISO15693_26, iso15693.GUARD_S, iso15693.inventory),
            (pn5180.ISO14443A_106, iso14443.GUARD_S, iso14443.find_cards),
        ):
            chip.load(config)
            chip.field_on()
            self.lines.wait(guard_s)
            found += find(chip, partial(_may_take, self._time.stopwatch())).uids
            chip.field_off()
        return tuple(found)

    # --- front ---------------------------------------------------------------------------------

    @property
    def front(self) -> FrontPlaces:
        """Return where the front is; only of a plan that has it."""
        assert self.places.front is not None
        return self.places.front

    @cached_property
    def leds(self) -> SpiLink:
        """Return the SPI of the LED chain.

        :raises ChipError: there is no such SPI device.
        """
        return self._link(self.front.spi, sk9822.MODE, sk9822.CLOCK_HZ)

    def light(self, lights: Sequence[Rgb]) -> None:
        """Set all LEDs.

        :raises ChipError: the bus has failed.
        """
        self.leds.transfer(sk9822.frame_of(lights, self.front.brightness))

    @cached_property
    def buzzer(self) -> PwmChannel:
        """Return the buzzer's channel of the PWM.

        :raises DriverError: there is no such device or channel.
        """
        return PwmChannel(self._io.pwm, self.front.pwm_device, self.front.pwm_channel)

    def sound(self, frequency_hz: int) -> bool:
        """Let the buzzer sound; return whether the PWM takes it."""
        period_ns = round(1e9 / frequency_hz)
        return self.buzzer.set(period_ns, period_ns // 2)

    def silence(self) -> None:
        """Silence the buzzer."""
        self.buzzer.set(PERIOD_NS, 0)

    @cached_property
    def _key_pin(self) -> int:
        with _set_up():
            self._pins.input(self.front.key_pin, Pull.UP)
        return self.front.key_pin

    def service_key(self) -> bool:
        """Return whether the service key is pressed."""
        return not self._pins.read(self._key_pin)

    def _link(self, place: Place, mode: int, clock_hz: int) -> SpiLink:
        """Open an SPI device.

        :raises ChipError: there is no such device.
        """
        try:
            return SpiLink(self._io, place, mode=mode, clock_hz=clock_hz)
        except OSError as error:
            raise ChipError(f"/dev/spidev{place[0]}.{place[1]}: {error.strerror}") from error


@contextmanager
def _set_up() -> Iterator[None]:
    """Set pins up; the errors of the libraries have no common base.

    :raises DriverError: a pin cannot be used.
    """
    try:
        yield
    except DriverError:
        raise
    except Exception as error:
        raise DriverError(f"a pin cannot be set up: {error}", "io") from error


def _may_take(elapsed_s: Callable[[], float], more_s: float) -> bool:
    """Return whether there is time left in one look for cards."""
    return elapsed_s() + more_s <= CARD_S
