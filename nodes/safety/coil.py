"""The lines of the coil chain: GPIO of the processor, outputs and inputs."""

from typing import Protocol

from msgspec import Struct

from bus import Driver


class CoilReading(Struct, frozen=True, kw_only=True):
    """The inputs as they are at one moment."""

    mirror_closed: bool  # normally-closed mirror contact: True proves all main poles open
    load_voltage: bool  # voltage behind the contactor, on any phase
    residual_ac: bool  # residual-current monitor: 30 mA AC
    residual_dc: bool  # residual-current monitor: 6 mA DC
    power_on_reset: bool  # mains came on since the flag was cleared


class Coil(Driver, Protocol):
    """Enable, watchdog and test line; mirror contact, load-side voltage and monitor.

    While the watchdog is fed, the driver itself gives an edge each 0.1 s, a tenth of the hardware's
    hold; it is driven at every look, so without a look for 1 s there is no edge.
    `open` leaves enable and test line off, without an edge: what the previous process left on is
    off before another device is opened, even if opening that takes long.
    `handover` is a shutdown: it leaves nothing switched on.
    """

    def read(self) -> CoilReading | None:
        """Return the inputs as they are now; None when they have been silent for 50 ms."""

    def drive(
        self, *, enable: bool, residual_test: bool, feeds_watchdog: bool, clear_reset: bool
    ) -> None:
        """Set enable and test line, feed the watchdog or not, and clear the power-on flag."""

    def shutdown(self) -> None:
        """Leave enable and test line off, and give no more edges."""
