"""The coil chain and everything safety reads itself, in physical units."""

from typing import Protocol

from msgspec import Struct

from bus import Bus, DriverError

Phases = tuple[float, float, float]  # L1, L2, L3


class ChainReading(Struct, frozen=True, kw_only=True):
    """Everything as it is at one moment."""

    high_v: float  # pilot: plateau of the positive half-wave; the steady level in x1 and F
    low_v: float  # pilot: plateau of the negative half-wave; equals high_v in x1 and F
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
    dip2: int  # DSW2 likewise
    power_on_reset: bool  # mains came on since the flag was taken back
    currents_a: Phases | None  # meter chip; None when it has been silent for 0.5 s
    voltages_v: Phases | None


class Chain(Protocol):
    """The enable line, the watchdog line, the monitor's test line, and all sensors."""

    def read(self) -> ChainReading | None:
        """Return everything as it is now; None when it has been silent for 50 ms."""

    def drive(self, *, enable: bool, residual_test: bool, edge: bool, clear_reset: bool) -> None:
        """Set enable and test line; if asked to, give one edge, and take the mains' flag back."""

    def shutdown(self) -> None:
        """Leave enable and test line off, and give no more edges."""


def open_chain(kind: str, bus: Bus) -> Chain:
    """Open the chain.

    :raises DriverError: no such kind.
    """
    if kind == "sim":
        from nodes.safety.chain_sim import SimChain

        return SimChain(bus)
    raise DriverError(f"unknown safety chain {kind!r}; expected 'sim'")
