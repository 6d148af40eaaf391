"""Whether the front can be drawn, when it looks at the bus, and how it hears Ctrl-C."""

import os
import signal
import sys
from collections.abc import Callable

from bus.interface import Bus

PERIOD_S = 0.25  # of looks; a blink of 1 Hz changes at every other one
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def can_draw() -> bool:
    """Return whether standard output is a terminal that things can be drawn on in place."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def on_signals(action: Callable[[], None]) -> None:
    """Have an action run at Ctrl-C, and when the process is asked to end."""
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: action())


def every_look(bus: Bus, action: Callable[[], None]) -> None:
    """Have an action run at once and then at whole periods of the clock, as blinking lights do."""

    def look() -> None:
        action()
        bus.at((bus.clock.now_s() // PERIOD_S + 1.0) * PERIOD_S, look)

    bus.at(0.0, look)
