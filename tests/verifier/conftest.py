"""What the tests of the soak share."""

from tests.builders import sim_signals

SIGNALS = sim_signals(high_v=9.0, low_v=-12.0, terminal_c=20.0, board_c=20.0, dip1=0)
"""The signals of a box without faults, with a vehicle that does not ask for energy."""
