"""Whether the values of one phase of a meter can be true together. Pure.

A judgement is one-sided: a power that is too large for current and voltage is found, one that is
too small is not, for a current need not do work. The power factor alone rejects nothing.
"""

from msgs.meter import Contradiction, LinePhase

MORE_THAN_APPARENT = 1.1  # assumed: current, voltage and power are not of the same instant
SPARE_W = 50.0  # assumed: noise of power, where there is little current
LEAST_V = 1.0  # a current is calculated of power and no less voltage than this

# Assumed: no meter of a house has a larger current transformer, nor a higher voltage.
MOST_A, MOST_V = 10_000.0, 1_000.0
MOST_WH = 1e11  # assumed: three phases of 125 A for more than a hundred years


def judge(
    phase: LinePhase,
    current_a: float,
    voltage_v: float,
    imported_w: float,
    exported_w: float,
    registers: str,
) -> Contradiction | None:
    """Return how the values of one phase contradict each other; None if they do not.

    :param current_a: of any sign
    :param imported_w: the power of the register for import; 0 while a signed power is negative
    :param exported_w: likewise for export, positive
    :param registers: where they were read, for a person
    """
    power_w = max(imported_w, exported_w)
    apparent_va = abs(current_a * voltage_v)
    if imported_w > SPARE_W and exported_w > SPARE_W:
        what = f"imports {imported_w:.0f} W and exports {exported_w:.0f} W at once"
    elif power_w > MORE_THAN_APPARENT * apparent_va + SPARE_W:
        what = f"{power_w:.0f} W with {abs(current_a):.2f} A at {voltage_v:.1f} V"
    else:
        return None
    return Contradiction(
        phase=phase,
        at_most_a=max(abs(current_a), power_w / max(abs(voltage_v), LEAST_V)),
        text=f"{phase} contradicts itself: {what} ({registers})",
    )


def is_possible_total(power_w: float, apparent_va: float) -> bool:
    """Return whether the power of all phases fits the sum of their apparent powers."""
    return abs(power_w) <= MORE_THAN_APPARENT * apparent_va + 3 * SPARE_W
