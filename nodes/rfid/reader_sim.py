"""The card reader of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.topics import SIM_CARDS
from nodes.rfid.reader import CardReader


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimCardReader(CardReader):
    """See `nodes.rfid.reader.CardReader`. With `sim/cards` silent it does not answer."""

    def __init__(self, bus: Bus) -> None:
        self._cards = bus.subscribe(SIM_CARDS)

    def poll(self) -> tuple[str, ...] | None:
        """See `nodes.rfid.reader.CardReader.poll`."""
        cards = self._cards.fresh()
        return None if cards is None or not cards.works else cards.uids

    def shutdown(self) -> None:
        """See `nodes.rfid.reader.CardReader.shutdown`. The simulated field is the world's own."""

    def handover(self) -> None:
        """See `nodes.rfid.reader.CardReader.handover`. The simulated field is the world's own."""


def open(bus: Bus, parameters: Parameters) -> CardReader:
    """Open the card reader of the simulated world."""
    return SimCardReader(bus)
