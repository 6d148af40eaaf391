"""What the tests of the soak share."""

from msgs.plant import SimSignals

SIGNALS = SimSignals(
    high_v=9.0,
    low_v=-12.0,
    duty_percent=100.0,
    mirror_closed=True,
    load_voltage=False,
    residual_ac=False,
    residual_dc=False,
    earth_ohm=0.8,
    terminal_c=20.0,
    board_c=20.0,
    overtemperature=False,
    dip1=0,
    dip2=0,
)
"""The signals of a box without faults, with a vehicle that does not ask for energy."""
