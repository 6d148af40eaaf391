"""Whether the front can be drawn, the period of its looks, and its signals."""

import os
import signal
import sys
from collections.abc import Callable

from bus.interface import Bus

PERIOD_S = 0.25  # of looks; a blink of 1 Hz changes at every other one
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def can_draw() -> bool:
    """Return whether standard output is a terminal with cursor control."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def on_signals(action: Callable[[], None]) -> None:
    """Run an action at Ctrl-C and SIGTERM."""
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: action())


def every_look(bus: Bus, action: Callable[[], None]) -> None:
    """Run an action at once and then at whole periods of the clock, in phase with blinking."""

    def look() -> None:
        action()
        bus.at((bus.clock.now_s() // PERIOD_S + 1.0) * PERIOD_S, look)

    bus.at(0.0, look)
