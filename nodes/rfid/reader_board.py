"""The card reader of the board: a PN5180 that looks for cards of both standards in turn.

One poll looks for the cards of one standard, with the field on for that only. Where the time of a
poll goes, with an SPI clock of 4 MHz and about 0.1 ms for each SPI frame of the 6 of an exchange:

    ISO 15693  request 1.7 ms, answer 0.3 + 3.9 ms, SPI 0.6 ms                       6.5 ms
    ISO 14443  request 0.5 ms, then for each level of the UID bits 0.8 ms and
               SELECT 1.3 ms, each with 0.6 ms of SPI             4 bytes 4.4 ms, 7 bytes 7.7 ms

A card needs the field 1 ms (ISO 15693) or 5 ms (ISO 14443) before it must answer, so a timer of the
bus switches it on that time before the next look. What does not fit into `most_ms` is not read: the
second card after a collision, or a UID of 10 bytes where SPI is slow. It counts as a card that
cannot be read, which rfid refuses as it refuses several cards.

A garbled answer, as of a card that just enters the field, counts if the next poll of the same
standard finds one too. Until then the previous result stands.

The CRC of ISO 15693 covers the whole answer with the UID, and is calculated here, so that it covers
SPI as well: up to three flipped bits are always found, of more all but one case in 65536. A card of
ISO 14443 confirms its UID: it answers only a SELECT with all of it and a CRC. Two cards of which
the reader hears only the stronger one are one card.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from bus.interface import Timer
from nodes.board import iso14443, iso15693, reference
from nodes.board.card_air import MOST_CARDS, CardAir, CardsFound, MayTake
from nodes.board.io import RASPBERRY, Io, open_io
from nodes.board.opening import SpiPlace, open_link
from nodes.board.pins import Pins, Pull
from nodes.board.pn5180 import (
    ISO14443A_106,
    ISO15693_26,
    SPI_MODE,
    Pn5180,
    ReaderLines,
    RfConfig,
    WaitedTime,
)
from nodes.board.spi_link import ChipError, SpiLink
from nodes.rfid.field import POLL_S
from nodes.rfid.reader import CardReader

Pin = Annotated[int, Meta(ge=0, le=27)]

SWITCH_S = 1.2e-3  # assumed: to load a configuration and switch the field on
RESTART_S = 1.0  # assumed: between two resets of a chip that does not answer
# assumed: a look that a message has caused, shortly after the last one, uses no field.
SOONEST_S = 0.1
MOST_FAILURES = 1  # one disturbed transfer is no failed reader
MOST_GARBLED = 1  # in a row, of one standard


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pins and the SPI device of the reader."""

    io: str = RASPBERRY
    spi: SpiPlace = reference.READER_SPI
    clock_hz: Annotated[int, Meta(ge=100_000, le=7_000_000)] = 4_000_000
    reset_pin: Pin = reference.READER_RESET_PIN
    busy_pin: Pin = reference.READER_BUSY_PIN
    most_ms: Annotated[float, Meta(ge=10.0, le=100.0)] = 10.0  # the longest poll


@dataclass(frozen=True, slots=True, kw_only=True)
class CardStandard:
    """How the cards of one standard are found."""

    config: RfConfig
    guard_s: float  # from the field to the first request
    find: Callable[[CardAir, MayTake], CardsFound]


# In turn; the first poll has no time to wait for a card of ISO 14443.
STANDARDS = (
    CardStandard(config=ISO15693_26, guard_s=iso15693.GUARD_S, find=iso15693.inventory),
    CardStandard(config=ISO14443A_106, guard_s=iso14443.GUARD_S, find=iso14443.find_cards),
)


class BoardCardReader(CardReader):
    """See `nodes.rfid.reader.CardReader`."""

    def __init__(self, bus: Bus, io: Io, pins: Pins, link: SpiLink, parameters: Parameters) -> None:
        """Reset the chip; if it does not answer, try again later."""
        self._bus = bus
        self._time = WaitedTime(io.wait, bus.clock.now_s)
        self._link = link
        self._most_s = parameters.most_ms / 1000
        pins.output(parameters.reset_pin, False)
        pins.input(parameters.busy_pin, Pull.DOWN)
        lines = ReaderLines(
            busy=partial(pins.read, parameters.busy_pin),
            reset=partial(pins.write, parameters.reset_pin),
            time=self._time,
        )
        self._chip = Pn5180(link, lines)
        self._is_up = False  # the chip has booted, and has done all since then
        self._failures = 0  # in a row
        self._started_s = -math.inf
        self._polled_s = -math.inf
        self._field: Callable[[], float] | None = None  # for how long it is on [s]; None: it is off
        self._turn = 0  # index of the next standard
        self._found: list[CardsFound | None] = [None] * len(STANDARDS)
        self._garbled = [0] * len(STANDARDS)  # results in a row that do not count yet
        self._timer: Timer | None = None
        self._try(self._start)

    def poll(self) -> tuple[str, ...] | None:
        """See `nodes.rfid.reader.CardReader.poll`."""
        now_s = self._bus.clock.now_s()
        if not self._is_up:
            if now_s >= self._started_s + RESTART_S:
                self._try(self._start)  # it is polled at the next look, so that this one is short
        elif self._field is not None or now_s >= self._polled_s + SOONEST_S:
            self._try(self._look)
        if self._failures > MOST_FAILURES or all(found is None for found in self._found):
            return None
        return tuple(text for found in self._found if found for text in found.texts)[:MOST_CARDS]

    def due_s(self) -> float:
        """See `bus.Driver.due_s`. Each look is needed."""
        return 0.0

    def shutdown(self) -> None:
        """See `nodes.rfid.reader.CardReader.shutdown`. The chip stays in reset."""
        self._leave()
        self._chip.stop()
        self._link.close()

    def handover(self) -> None:
        """See `nodes.rfid.reader.CardReader.handover`. The field is off."""
        self._leave()
        self._link.close()

    # --- inside --------------------------------------------------------------------------------

    def _try(self, action: Callable[[], None]) -> None:
        """Do something with the chip; note that it does not answer."""
        try:
            action()
        except ChipError as error:
            self._is_up, self._field = False, None
            self._failures += 1
            if self._failures == MOST_FAILURES + 1:
                self._found = [None] * len(STANDARDS)
                self._bus.log("warning", f"card reader: {error}")

    def _start(self) -> None:
        self._started_s = self._bus.clock.now_s()
        self._turn = 0
        versions = self._chip.start()
        self._is_up = True
        if self._failures > MOST_FAILURES or self._polled_s == -math.inf:
            self._bus.log("info", f"card reader: PN5180, firmware {versions[3]}.{versions[2]}")

    def _switch_on(self) -> None:
        """Switch the field of the next standard on."""
        if self._is_up:
            self._chip.load(STANDARDS[self._turn].config)
            self._chip.field_on()
            self._field = self._time.stopwatch()

    def _look(self) -> None:
        """Look for the cards of one standard, and let the field be switched on for the next."""
        elapsed_s = self._time.stopwatch()
        self._polled_s = self._bus.clock.now_s()
        standard = STANDARDS[self._turn]
        if self._field is None:
            self._switch_on()
        assert self._field is not None
        left_s = standard.guard_s - self._field()
        if left_s > 0:
            self._time.wait(left_s)

        def may_take(seconds: float) -> bool:
            return elapsed_s() + seconds <= self._most_s

        found = standard.find(self._chip, may_take)
        self._chip.field_off()
        self._field = None
        self._failures = 0
        self._note(found)
        self._turn = (self._turn + 1) % len(STANDARDS)
        lead_s = STANDARDS[self._turn].guard_s + SWITCH_S
        self._set_timer(self._polled_s + POLL_S - lead_s)

    def _note(self, found: CardsFound) -> None:
        """Take a result; a garbled one counts when the next one is garbled as well."""
        turn = self._turn
        self._garbled[turn] = self._garbled[turn] + 1 if found.unread else 0
        if self._garbled[turn] in range(1, MOST_GARBLED + 1):
            if self._found[turn] is None:
                self._found[turn] = CardsFound()
        else:
            self._found[turn] = found

    def _set_timer(self, when_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._bus.at(when_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._field is None:
            self._try(self._switch_on)

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_up:
            self._try(self._chip.field_off)
        self._is_up, self._field = False, None


def open(bus: Bus, parameters: Parameters) -> CardReader:
    """Open the card reader of the board. A chip that does not answer is no error: it may later.

    :raises DriverError: there is no such SPI device, or it or a pin cannot be used.
    """
    io = open_io(parameters.io, bus)
    link = open_link(io, parameters.spi, mode=SPI_MODE, clock_hz=parameters.clock_hz)
    return BoardCardReader(bus, io, Pins(bus, io), link, parameters)
