"""The front of the simulated world."""

from collections.abc import Callable

from msgspec import Struct

from bus import Bus
from msgs.led import DARK, LedFrame
from msgs.plant import SimKeys
from msgs.topics import SIM_KEYS, SIM_LIGHTS
from nodes.led.front import Front
from nodes.led.keys import Keys

_ALL_DARK = LedFrame(
    segments=(DARK, DARK, DARK, DARK), network=DARK, rfid=DARK, frame=DARK, mode=DARK, touch=DARK
)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimFront(Front):
    """See `nodes.led.front.Front`. While the world is silent, the keys cannot be read."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._on_edge: Callable[[], None] = lambda: None
        self._pressed: Keys | None = None  # of the newest message; each one is handled
        self._seen: Keys | None = None  # as last returned to the node
        self._reader = bus.subscribe(SIM_KEYS, self._on_keys)

    def show(self, frame: LedFrame) -> None:
        """See `nodes.led.front.Front.show`."""
        self._bus.publish(SIM_LIGHTS, frame)

    def keys(self) -> Keys | None:
        """See `nodes.led.front.Front.keys`."""
        self._seen = None if self._reader.fresh() is None else self._pressed
        return self._seen

    def on_edge(self, action: Callable[[], None]) -> None:
        """See `nodes.led.front.Front.on_edge`."""
        self._on_edge = action

    def shutdown(self) -> None:
        """See `nodes.led.front.Front.shutdown`."""
        self.show(_ALL_DARK)

    def handover(self) -> None:
        """See `nodes.led.front.Front.handover`. The simulated lights keep their frame."""

    def _on_keys(self, said: SimKeys) -> None:
        self._pressed = Keys(service=said.service, touch=said.touch)
        if self._pressed != self._seen:
            self._on_edge()


def open(bus: Bus, parameters: Parameters) -> Front:
    """Open the front of the simulated world."""
    return SimFront(bus)
