"""The guided self-check of a board: `wallbox board check`, before the first charge.

Its steps (`all_steps`) come in a safe order: chips, supplies, pilot, what protects, the front; only
then, after an explicit yes of the person that nothing is plugged in, what can close the contactor.
A step is left out if one that it needs has not been ok, so no contactor is closed on a board whose
protection has failed.

It measures by chips and pins with `nodes.board`, and uses no node. Nothing else may run on the
board meanwhile. However it ends, `CheckedBoard.leave` switches the board off. If its process is
killed (SIGKILL), pins and PWM stay as they were: the edges end, and the hardware watchdog drops the
coil within 1.2 s. What stays on then (the pilot, an LED, the test line, with which the monitor cuts
the coil) is switched off by the next start of a graph or of this check.
"""

from nodes.board.check.board import CheckedBoard
from nodes.board.check.places import CheckError, Places, places_of
from nodes.board.check.run import all_steps, run
from nodes.board.check.step import Person

__all__ = ["CheckError", "CheckedBoard", "Person", "Places", "all_steps", "places_of", "run"]
