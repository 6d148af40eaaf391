"""The lines of the coil chain at the processor's pins.

The coil needs more than the enable line: docs/hardware.md shows the gates behind it. Each input has
the level at which a broken wire is the safe reading:

- mirror contact: high proves the main poles open; pulled down: a broken wire proves nothing;
- load voltage: high is voltage; a pulse stretcher on the board fills the gaps of the half-waves;
- monitor outputs: low while the monitor is well; pulled up, so that a trip, a monitor without
  supply and a broken wire all read as a trip;
- power-on flag: high is a power-on reset; pulled down: a broken wire resets no latched fault.
"""

import math
from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from nodes.board import reference
from nodes.board.io import RASPBERRY, open_io
from nodes.board.pins import PinError, Pins, Pull
from nodes.board.sole_use import SoleUse
from nodes.safety.coil import Coil, CoilReading

Pin = Annotated[int, Meta(ge=0, le=27)]  # BCM number

EDGE_S = 0.1  # between two edges of the watchdog line, a tenth of the hardware's hold
# A look comes a little early or late: an edge that is due within half a period of looks is given.
EARLY_S = 0.005


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The I/O and the pins."""

    io: str = RASPBERRY
    enable_pin: Pin = reference.ENABLE_PIN
    watchdog_pin: Pin = reference.WATCHDOG_PIN
    residual_test_pin: Pin = reference.RESIDUAL_TEST_PIN
    power_on_clear_pin: Pin = reference.POWER_ON_CLEAR_PIN
    mirror_pin: Pin = reference.MIRROR_PIN
    load_voltage_pin: Pin = reference.LOAD_VOLTAGE_PIN
    residual_ac_pin: Pin = reference.RESIDUAL_AC_PIN
    residual_dc_pin: Pin = reference.RESIDUAL_DC_PIN
    power_on_pin: Pin = reference.POWER_ON_PIN


class BoardCoil(Coil):
    """See `nodes.safety.coil.Coil`."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        self._clock = bus.clock
        self._places = parameters
        io = open_io(parameters.io, bus)
        use = SoleUse(bus, io)
        bus.on_close(use.release)
        self._pins = Pins(bus, io)
        self._outputs = (
            parameters.enable_pin,
            parameters.residual_test_pin,
            parameters.power_on_clear_pin,
        )
        self._levels = dict.fromkeys(self._outputs, False)  # as last written
        self._edge_s = 0.0
        self._has_edge = False  # since the watchdog is fed
        pins = self._pins
        for pin in self._outputs:  # enable first of all
            pins.output(pin, False)
        self._watchdog = pins.adopt_output(parameters.watchdog_pin)
        for pin in (parameters.mirror_pin, parameters.load_voltage_pin, parameters.power_on_pin):
            pins.input(pin, Pull.DOWN)
        for pin in (parameters.residual_ac_pin, parameters.residual_dc_pin):
            pins.input(pin, Pull.UP)

    def read(self) -> CoilReading | None:
        """See `nodes.safety.coil.Coil.read`."""
        pins, places = self._pins, self._places
        try:
            return CoilReading(
                mirror_closed=pins.read(places.mirror_pin),
                load_voltage=pins.read(places.load_voltage_pin),
                residual_ac=pins.read(places.residual_ac_pin),
                residual_dc=pins.read(places.residual_dc_pin),
                power_on_reset=pins.read(places.power_on_pin),
            )
        except PinError:
            return None

    def drive(
        self, *, enable: bool, residual_test: bool, feeds_watchdog: bool, clear_reset: bool
    ) -> None:
        """See `nodes.safety.coil.Coil.drive`.

        :raises PinError: a line cannot be written; there is no edge then.
        """
        for pin, level in zip(self._outputs, (enable, residual_test, clear_reset), strict=True):
            if level is not self._levels[pin]:
                self._pins.write(pin, level)
                self._levels[pin] = level
        self._feed(feeds_watchdog)

    def shutdown(self) -> None:
        """See `nodes.safety.coil.Coil.shutdown`. The lines stay outputs, at their safe level.

        Every line is written, whatever was written before.

        :raises PinError: one of them cannot be written; the others are.
        """
        self._has_edge = False
        failed: list[PinError] = []
        for pin in self._outputs:
            try:
                self._pins.write(pin, False)
                self._levels[pin] = False
            except PinError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def handover(self) -> None:
        """See `nodes.safety.coil.Coil.handover`."""
        self.shutdown()

    def due_s(self) -> float:
        """See `bus.Driver.due_s`: when the next edge is due."""
        return self._edge_s + EDGE_S if self._has_edge else math.inf

    def _feed(self, feeds: bool) -> None:
        """Give the edge that is due, if any."""
        if not feeds:
            self._has_edge = False
            return
        now_s = self._clock.now_s()
        if self._has_edge and now_s < self._edge_s + EDGE_S - EARLY_S:
            return
        # The next edge is due by the grid, so that early looks do not shorten the mean.
        is_on_grid = self._has_edge and now_s < self._edge_s + EDGE_S + EARLY_S
        self._edge_s = self._edge_s + EDGE_S if is_on_grid else now_s
        self._has_edge = True
        self._watchdog = not self._watchdog
        self._pins.write(self._places.watchdog_pin, self._watchdog)


def open(bus: Bus, parameters: Parameters) -> Coil:
    """Open the lines of the coil chain; see `nodes.safety.coil.Coil`."""
    return BoardCoil(bus, parameters)
