"""The front in its own words: a frame to show, keys to read."""

from collections.abc import Callable
from typing import Protocol

from bus import Driver
from msgs.led import LedFrame
from nodes.led.keys import Keys


class Front(Driver, Protocol):
    """The lights, the buzzer and the keys of the front. The lights keep what was shown last."""

    def show(self, frame: LedFrame) -> None:
        """Show a frame from now on; blinking lights blink together by themselves.

        A tone is played once, when it appears in a frame.
        """

    def keys(self) -> Keys | None:
        """Return which keys are pressed now, bounces and all; None: they cannot be read."""

    def on_edge(self, action: Callable[[], None]) -> None:
        """Have an action run in the node whenever `keys` returns something else."""

    def shutdown(self) -> None:
        """Leave the front dark."""

    def handover(self) -> None:
        """Leave the front as it is, for the next incarnation."""
