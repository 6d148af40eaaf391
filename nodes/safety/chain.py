"""Everything that safety reads itself, put together from its chips."""

import math
from dataclasses import dataclass

from msgspec import Struct

from nodes.safety.analog import Analog, AnalogReading
from nodes.safety.chip import ChipReading, Phases, PowerChip
from nodes.safety.coil import Coil, CoilReading
from nodes.safety.generator import Generator, GeneratorReading
from nodes.safety.shift_register import ShiftRegister, ShiftRegisterReading


class ChainReading(Struct, frozen=True, kw_only=True):
    """All inputs at one moment."""

    high_v: float  # pilot: plateau of the positive half-wave; the steady level in X1 and F
    low_v: float  # pilot: plateau of the negative half-wave; equals high_v in X1 and F
    duty_percent: float  # read back from the pilot's generator
    mirror_closed: bool  # normally-closed mirror contact: True proves all main poles open
    load_voltage: bool  # voltage behind the contactor, on any phase
    residual_ac: bool  # residual-current monitor: 30 mA AC
    residual_dc: bool  # residual-current monitor: 6 mA DC
    earth_ohm: float  # protective-earth loop
    terminal_c: float
    board_c: float
    overtemperature: bool  # the over-temperature switch has opened, and the coil with it
    dip1: int  # DSW1 as a byte, switch .1 is the most significant bit
    dip2: int  # DSW2, in the same way as DSW1
    external_closed: bool  # the contact at the external input
    power_on_reset: bool  # mains came on since the flag was cleared
    currents_a: Phases | None  # meter chip; None when it has been silent for 0.5 s
    voltages_v: Phases | None
    powers_w: Phases | None
    frequency_hz: float | None
    monitor_cuts: bool | None = None  # the gates see a trip of the monitor; None: not measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of safety, in the order of opening: first the coil, which can switch off."""

    coil: Coil
    analog: Analog
    generator: Generator
    shift_register: ShiftRegister
    chip: PowerChip


# Of the devices without which there is no reading.
_NAMES = ("coil", "analog-to-digital converter", "generator", "shift register")

Parts = tuple[
    CoilReading | None,
    AnalogReading | None,
    GeneratorReading | None,
    ShiftRegisterReading | None,
    ChipReading | None,
]


class Chain:
    """Reads all devices, one after the other."""

    def __init__(self, drivers: Drivers) -> None:
        self._drivers = drivers
        self._all = (
            drivers.coil,
            drivers.analog,
            drivers.generator,
            drivers.shift_register,
            drivers.chip,
        )
        self._parts: Parts = (None, None, None, None, None)
        self._reading: ChainReading | None = None
        self.silent = silent_of(self._parts)  # the devices for which there is no reading
        self.contacts: CoilReading | None = None  # the coil's inputs while another one is silent

    def due_s(self) -> float:
        """Return when the devices must be read and driven again; see `bus.Driver.due_s`."""
        return min(driver.due_s() for driver in self._all)

    def read(self) -> ChainReading | None:
        """Return all inputs now; None when a chip other than the meter chip is silent.

        The same object as before while every chip reads the same: it is then not evaluated again.
        """
        drivers = self._drivers
        parts = (
            drivers.coil.read(),
            drivers.analog.read(),
            drivers.generator.read(),
            drivers.shift_register.read(),
            drivers.chip.read(),
        )
        if parts != self._parts:
            self._parts = parts
            self._reading = assemble(parts)
            self.silent = silent_of(parts)
            self.contacts = parts[0] if self._reading is None else None
        return self._reading


def silent_of(parts: Parts) -> tuple[str, ...]:
    """Return the names of the devices, other than the meter chip, that are silent."""
    return tuple(name for name, part in zip(_NAMES, parts[:-1], strict=True) if part is None)


def assemble(parts: Parts) -> ChainReading | None:
    """Return one reading of all chips; None when one other than the meter chip is silent."""
    coil, analog, generator, shift_register, chip = parts
    if coil is None or analog is None or generator is None or shift_register is None:
        return None
    return ChainReading(
        high_v=analog.high_v,
        low_v=analog.low_v,
        duty_percent=generator.duty_percent,
        mirror_closed=coil.mirror_closed,
        load_voltage=coil.load_voltage,
        residual_ac=coil.residual_ac,
        residual_dc=coil.residual_dc,
        earth_ohm=analog.earth_ohm if shift_register.earth_ok else math.inf,
        terminal_c=analog.terminal_c,
        board_c=analog.board_c,
        overtemperature=shift_register.overtemperature,
        dip1=shift_register.dip1,
        dip2=shift_register.dip2,
        external_closed=shift_register.external_closed,
        power_on_reset=coil.power_on_reset,
        currents_a=None if chip is None else chip.currents_a,
        voltages_v=None if chip is None else chip.voltages_v,
        powers_w=None if chip is None else chip.powers_w,
        frequency_hz=None if chip is None else chip.frequency_hz,
        monitor_cuts=shift_register.monitor_cuts,
    )
