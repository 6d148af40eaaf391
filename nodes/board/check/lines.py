"""The lines of the coil chain for the check: driven, read, and left switched off.

While the watchdog is fed, `wait` gives its edges. A check that waits for a person gives none, so
the hardware watchdog drops the coil meanwhile.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from nodes.board.check.places import Places
from nodes.board.pins import Pins, Pull

EDGE_S = 0.1  # between two edges of the watchdog line, as nodes.safety.coil_board
POLL_S = 0.005  # assumed: much shorter than what is measured


class ChainLines:
    """Enable, watchdog, test line, power-on flag, mirror contact and the rest of the pins."""

    def __init__(
        self,
        pins: Pins,
        places: Places,
        wait: Callable[[float], None],
        now_s: Callable[[], float],
    ) -> None:
        """Set the pins up, all outputs at their safe level; the enable line is the first.

        :param wait: waits for some seconds.
        :raises Exception: the library refuses a pin; its errors have no common base.
        """
        self._pins = pins
        self._places = places
        self._wait = wait
        self.now_s = now_s
        self._edge_s: float | None = None  # of the newest edge; None: the watchdog is not fed
        refused: list[Exception] = []
        for pin in (places.enable_pin, places.test_pin, places.clear_pin, places.connect_pin):
            try:
                pins.output(pin, False)
            except Exception as error:  # the next line is switched off all the same
                refused.append(error)
        if refused:
            raise refused[0]
        self._watchdog = pins.adopt_output(places.watchdog_pin)
        for pin in (places.mirror_pin, places.load_pin, places.power_on_pin):
            pins.input(pin, Pull.DOWN)
        for pin in (places.ac_pin, places.dc_pin):
            pins.input(pin, Pull.UP)

    # --- outputs -------------------------------------------------------------------------------

    def enable(self, level: bool) -> None:
        """Set the enable line of the coil."""
        self._pins.write(self._places.enable_pin, level)

    def test(self, level: bool) -> None:
        """Set the test line of the residual-current monitor."""
        self._pins.write(self._places.test_pin, level)

    def clear(self, level: bool) -> None:
        """Set the line that clears the power-on flag."""
        self._pins.write(self._places.clear_pin, level)

    def connect(self, level: bool) -> None:
        """Set the relay between the pilot's driver and the cable."""
        self._pins.write(self._places.connect_pin, level)

    def feed(self, feeds: bool) -> None:
        """Begin to give the watchdog edges, the first one at once, or end it."""
        if feeds and self._edge_s is None:
            self._edge()
        elif not feeds:
            self._edge_s = None

    def rest(self) -> None:
        """Switch all outputs off, the coil first; the pins stay outputs. There are no edges."""
        self.feed(False)
        for off in (self.enable, self.test, self.clear, self.connect):
            # The errors of the libraries have no common base: lgpio's is none of OSError.
            with suppress(Exception):  # the next line is switched off all the same
                off(False)

    # --- inputs --------------------------------------------------------------------------------

    def mirror_closed(self) -> bool:
        """Return whether the mirror contact proves the main poles open."""
        return self._pins.read(self._places.mirror_pin)

    def load_voltage(self) -> bool:
        """Return whether there is voltage behind the contactor."""
        return self._pins.read(self._places.load_pin)

    def residual_ac(self) -> bool:
        """Return whether the monitor trips at 30 mA AC, has no supply, or its wire is broken."""
        return self._pins.read(self._places.ac_pin)

    def residual_dc(self) -> bool:
        """Return whether the monitor trips at 6 mA DC, has no supply, or its wire is broken."""
        return self._pins.read(self._places.dc_pin)

    def power_on(self) -> bool:
        """Return whether mains came on since the flag was cleared."""
        return self._pins.read(self._places.power_on_pin)

    def is_open(self) -> bool:
        """Return whether mirror contact and load voltage both show an open contactor."""
        return self.mirror_closed() and not self.load_voltage()

    def is_closed(self) -> bool:
        """Return whether mirror contact and load voltage both show a closed contactor."""
        return not self.mirror_closed() and self.load_voltage()

    def contacts(self) -> str:
        """Return what mirror contact and load voltage show, as text."""
        mirror = "closed" if self.mirror_closed() else "open"
        load = "on" if self.load_voltage() else "off"
        return f"mirror contact {mirror}, load voltage {load}"

    # --- time ----------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Wait for some seconds, and give the edges that are due meanwhile."""
        if self._edge_s is None:
            self._wait(seconds)
        else:
            self.until(lambda: False, seconds)

    def until(self, condition: Callable[[], bool], within_s: float) -> float | None:
        """Wait until a condition is true; return how long it took [s], None: it never was."""
        began_s = self.now_s()
        end_s = began_s + within_s
        while True:
            if condition():
                return self.now_s() - began_s
            now_s = self.now_s()
            if now_s >= end_s:
                return None
            if self._edge_s is not None and now_s >= self._edge_s + EDGE_S:
                self._edge()
            self._wait(min(POLL_S, end_s - now_s))

    def stays(self, condition: Callable[[], bool], for_s: float) -> bool:
        """Return whether a condition is true for some seconds; return at once when it is not."""
        return self.until(partial(_is_not, condition), for_s) is None

    def _edge(self) -> None:
        self._edge_s = self.now_s()
        self._watchdog = not self._watchdog
        self._pins.write(self._places.watchdog_pin, self._watchdog)


def _is_not(condition: Callable[[], bool]) -> bool:
    return not condition()
