"""What every driver of a device can do, whatever the device: be left, in one of two ways.

A driver is a module with `Parameters` (a Struct with ranges) and `open(bus, parameters)`, whose
declared result is the device's Protocol. The launch file names the module; the loader checks the
parameters of all drivers before it opens the first.
"""

from typing import Protocol

from msgs.requests import StopReason


class Driver(Protocol):
    """A device that is open. What leaves nothing behind need not say how it is left."""

    def shutdown(self) -> None:
        """Leave the device in its safe state."""
        return

    def handover(self) -> None:
        """Leave the device as it is, for the next incarnation of the node to adopt."""
        return


class DriverError(Exception):
    """Raised when a device or a port cannot be opened; says what was expected.

    `parameter` is the parameter that is at fault: of the driver when its `open` raises, else of
    the node. Empty if it is the choice of the driver.
    """

    def __init__(self, text: str, parameter: str = "") -> None:
        super().__init__(text)
        self.parameter = parameter


def leave(driver: Driver, reason: StopReason) -> None:
    """Leave a driver as a stop asks: a node that is restarted hands over, else it shuts down."""
    if reason is StopReason.RESTART:
        driver.handover()
    else:
        driver.shutdown()
