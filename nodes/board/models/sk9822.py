"""A chain of SK9822 LEDs, bit by bit: what each of them receives, forwards and shows.

An LED waits for 32 zero bits in a row. The next bit that is 1 begins its own 32 bits, during which
it gives zeros to the next LED; then it forwards all bits until 32 zeros again. At the first clock
after those it shows what it had received. So:

- zeros that are lost or added before an LED's bits change nothing, as long as 32 are left;
- a bit that is lost inside the LEDs' bits garbles the colours from there on;
- without the zeros at its end, a frame is shown when the next one begins;
- LEDs for which a frame has no bits keep their colour; bits for more LEDs than there are get lost.

Each LED delays data by half a clock, so every second one is a whole bit later. Source: "SK9822 - a
clone of the APA102" (2016) and "Understanding the APA102 Superled" (2014), both cpldcpu.com.
Assumed: zeros at the end of an LED's own bits do not count among the 32; LEDs are dark at first.
"""

from collections.abc import Callable
from typing import Final

from nodes.board.models.spi import ChipModel

LedLight = tuple[int, int, int, int]  # red, green, blue: 0 to 255; brightness: 0 to 31

_START: Final = "0" * 32
_OWN_BITS: Final = 32
_BRIGHTNESS: Final = 0x1F


class ModelSk9822(ChipModel):
    """See `nodes.board.models.spi.ChipModel`. The chain drives no MISO: zeros are read."""

    modes = (0,)
    most_hz = 10_000_000  # hardware.md 3.5

    def __init__(
        self, leds: int, on_change: Callable[[tuple[LedLight, ...]], None] = lambda _: None
    ) -> None:
        """Make a chain whose LEDs are dark.

        :param on_change: gets all lights, the first LED first, when a transfer has changed any.
        """
        # Clock and data reach LED 1 half a clock after LED 0, LED 2 a whole clock, and so on.
        self._leds = [_Led(is_late=index > 0 and index % 2 == 0) for index in range(leds)]
        self._on_change = on_change

    def lights(self) -> tuple[LedLight, ...]:
        """Return what the LEDs show, the first one first."""
        return tuple(led.shown for led in self._leds)

    def transfer(self, sent: bytes) -> bytes:
        """See `nodes.board.models.spi.ChipModel.transfer`."""
        before = self.lights()
        bits = "".join(f"{byte:08b}" for byte in sent)
        for led in self._leds:
            bits = led.clock(bits)
        if self.lights() != before:
            self._on_change(self.lights())
        return bytes(len(sent))


class _Led:
    """One LED. Bits are characters, "0" or "1"."""

    def __init__(self, is_late: bool) -> None:
        self.shown: LedLight = (0, 0, 0, 0)
        self._received = self.shown
        self._is_late = is_late
        self._late = ""  # the bit that has not arrived yet
        self._zeros = 0  # in a row up to now, while it forwards
        self._has_start = False
        self._own: str | None = None  # its own bits up to now; None: they have not begun

    def clock(self, bits: str) -> str:
        """Return the bits that it gives to the next LED."""
        if self._is_late:
            bits = self._late + bits
            bits, self._late = bits[:-1], bits[-1:]
        given: list[str] = []
        at = 0
        while at < len(bits):
            if self._own is not None:
                part = self._receive(self._own, bits[at:])
            elif self._has_start:
                part = self._wait(bits[at:])
            else:
                part = self._forward(bits[at:])
            given.append(part)
            at += len(part)
        return "".join(given)

    def _forward(self, bits: str) -> str:
        row = "0" * self._zeros + bits
        found = row.find(_START)
        if found < 0:
            self._zeros = len(row) - len(row.rstrip("0"))
            return bits
        self._has_start = True
        return bits[: found + len(_START) - self._zeros]

    def _wait(self, bits: str) -> str:
        """Pass the zeros before its own bits, if there are any; the first clock shows."""
        self.shown = self._received
        zeros = len(bits) - len(bits.lstrip("0"))
        if zeros == 0:
            self._own = ""
            self._has_start = False
        return bits[:zeros]

    def _receive(self, own: str, bits: str) -> str:
        part = bits[: _OWN_BITS - len(own)]
        self._own = own + part
        if len(self._own) == _OWN_BITS:
            first, blue, green, red = int(self._own, 2).to_bytes(4, "big")
            self._received = (red, green, blue, first & _BRIGHTNESS)
            self._own = None
            self._zeros = 0
        return "0" * len(part)
