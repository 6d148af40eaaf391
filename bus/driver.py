"""The common interface of all drivers: two ways to leave a device.

A driver is a module with `Parameters` (a Struct with ranges) and `open(bus, parameters)`, whose
declared result is the device's Protocol. The launch file names the module; the loader checks the
parameters of all drivers before it opens the first.
"""

import math
from typing import Protocol

from msgs.requests import StopReason


class Driver(Protocol):
    """An open device. A driver without outputs needs neither of the last two methods."""

    def due_s(self) -> float:
        """Return when the node must look again even if it has received nothing [monotonic s].

        Infinity: what the device shows or needs changes with a message only, as in a simulation.
        """
        return math.inf

    def shutdown(self) -> None:
        """Leave the device in its safe state."""
        return

    def handover(self) -> None:
        """Leave the device as it is; the next incarnation of the node takes it over."""
        return


class DriverError(Exception):
    """Raised when a device or a port cannot be opened; says what was expected.

    `parameter` is the wrong parameter: of the driver when its `open` raises, else of the node. ""
    if the choice of the driver is wrong.
    """

    def __init__(self, text: str, parameter: str = "") -> None:
        super().__init__(text)
        self.parameter = parameter


def leave(driver: Driver, reason: StopReason) -> None:
    """Leave a driver by the reason of a stop: hand over for a restart, else shut down."""
    if reason is StopReason.RESTART:
        driver.handover()
    else:
        driver.shutdown()
