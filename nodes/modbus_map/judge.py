"""Whether the values of a meter can be true together. Pure.

A judgement is one-sided: a power that is too large for current and voltage is found, one that is
too small is not, for a current need not do work. The power factor alone rejects nothing. The sign
of a phase's power is judged by the total: a current of import that counts as export would give the
vehicle more than the fuse allows.
"""

from collections.abc import Sequence

from msgs.meter import PHASES, Contradiction, Line, LinePhase

MORE_THAN_APPARENT = 1.1  # assumed: current, voltage and power are not of the same instant
SPARE_W = 50.0  # assumed: noise of power, where there is little current
SHARE_OF_TOTAL = 0.05  # assumed: total and phases are not of the same instant
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


def judge_exports(lines: Sequence[Line], total_w: float) -> list[Contradiction]:
    """Return a contradiction for each phase that exports, if the total is less export than that.

    :param total_w: power of all phases, by a register of its own
    """
    sum_w = sum(line.power_w for line in lines)
    spare_w = 3 * SPARE_W + SHARE_OF_TOTAL * sum(abs(line.power_w) for line in lines)
    if total_w - sum_w <= spare_w:
        return []
    return [
        Contradiction(
            phase=phase,
            at_most_a=abs(line.current_a),
            text=f"{phase} contradicts itself: exports {-line.power_w:.0f} W; all phases together"
            f" {sum_w:.0f} W, while the total is {total_w:.0f} W",
        )
        for phase, line in zip(PHASES, lines, strict=False)
        if line.power_w < -SPARE_W
    ]
