"""The front of the simulated world."""

from bus import Bus
from msgs.led import DARK, LedFrame
from msgs.topics import SIM_LIGHTS

_ALL_DARK = LedFrame(
    segments=(DARK, DARK, DARK, DARK), network=DARK, rfid=DARK, frame=DARK, mode=DARK, touch=DARK
)


class SimFront:
    """See `nodes.led.front.Front`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def show(self, frame: LedFrame) -> None:
        """See `nodes.led.front.Front.show`."""
        self._bus.publish(SIM_LIGHTS, frame)

    def shutdown(self) -> None:
        """See `nodes.led.front.Front.shutdown`."""
        self.show(_ALL_DARK)

    def handover(self) -> None:
        """See `nodes.led.front.Front.handover`. The simulated lights stay by themselves."""
