"""The front in its own words: a frame to show."""

from typing import Protocol

from bus import Bus, DriverError
from msgs.led import LedFrame


class Front(Protocol):
    """The lights of the front. They keep what they were shown last."""

    def show(self, frame: LedFrame) -> None:
        """Show a frame from now on; blinking lights blink together by themselves."""

    def shutdown(self) -> None:
        """Leave the front dark."""

    def handover(self) -> None:
        """Leave the front as it is, for the next incarnation."""


def open_front(kind: str, bus: Bus) -> Front:
    """Open the front.

    :raises DriverError: no such kind.
    """
    if kind == "sim":
        from nodes.led.front_sim import SimFront

        return SimFront(bus)
    raise DriverError(f"unknown front {kind!r}; expected 'sim'")
