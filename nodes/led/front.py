"""The device of the front: a frame to show, keys to read."""

from collections.abc import Callable
from typing import Protocol

from bus import Driver
from msgs.led import LedFrame
from nodes.led.keys import Keys


class Front(Driver, Protocol):
    """The lights, the buzzer and the keys of the front. The lights keep the last frame."""

    def show(self, frame: LedFrame) -> None:
        """Show a frame; the device blinks all blinking lights together.

        A tone is played once, when it appears in a frame.
        """

    def keys(self) -> Keys | None:
        """Return which keys are pressed now, not debounced; None: they cannot be read."""

    def on_edge(self, action: Callable[[], None]) -> None:
        """Call an action in the node whenever the result of `keys` has changed."""

    def shutdown(self) -> None:
        """Switch all lights off."""

    def handover(self) -> None:
        """Leave the front as it is, for the next incarnation."""
