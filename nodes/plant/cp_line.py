"""The CP line: a generator behind 1 kilohm, and the load between the line and earth.

Voltages follow from the divider of the generator's source resistance and the load. The product's
generator gives +12 V and -12 V; a duty of 100 % is X1 (steady +12 V), 0 % is state F (-12 V).
"""

from msgspec import Struct

RAIL_V = 12.0  # IEC 61851-1, Table A.2
SOURCE_OHM = 1000.0  # IEC 61851-1, Table A.2
VEHICLE_OHM = 2740.0  # R2 of a vehicle: IEC 61851-1, Table A.3
READY_OHM = 1300.0  # R3, which S2 lays in parallel: IEC 61851-1, Table A.3
FORWARD_V = 0.7  # assumed: a silicon diode at a few milliamperes
BOTH_OHM = VEHICLE_OHM * READY_OHM / (VEHICLE_OHM + READY_OHM)
# A fault that holds the line in the dead band between the windows of B and C, at 7.5 V.
MIDDLE_OHM = SOURCE_OHM * (7.5 - FORWARD_V) / (RAIL_V - 7.5)


class Load(Struct, frozen=True):
    """The circuit between the CP line and earth."""

    ohm: float
    has_diode: bool = True


SHORT = Load(0.0, has_diode=False)
MIDDLE = Load(MIDDLE_OHM)


def vehicle_load(s2: bool, has_diode: bool) -> Load:
    """Return the circuit of a vehicle with S2 open (state B) or closed (state C)."""
    return Load(BOTH_OHM if s2 else VEHICLE_OHM, has_diode)


def plateaus(duty_percent: float, load: Load | None) -> tuple[float, float]:
    """Return the sampled high and low plateau [V]; without a load the line is open.

    In X1 and F the line has a steady level, which both samples show.
    """
    high_v, low_v = _level(RAIL_V, load), _level(-RAIL_V, load)
    if duty_percent >= 100.0:
        return high_v, high_v
    if duty_percent <= 0.0:
        return low_v, low_v
    return high_v, low_v


def _level(source_v: float, load: Load | None) -> float:
    if load is None:
        return source_v
    if not load.has_diode:
        return source_v * load.ohm / (load.ohm + SOURCE_OHM)
    if source_v <= FORWARD_V:
        return source_v  # the diode blocks
    return FORWARD_V + (source_v - FORWARD_V) * load.ohm / (load.ohm + SOURCE_OHM)
