"""Whether the generator's duty, read back, is the one that pilot has set. Pure."""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import STATE_READS, PilotStatus
from nodes.safety.config import Config
from nodes.safety.evaluation import BESIDE_PERCENT, Evaluation


class DutyComparison(Struct, frozen=True, kw_only=True):
    """Since when the duty read back differs from the one that pilot publishes."""

    differs_since_s: float | None = None
    fits: int = 0  # readings in a row that fit since


def compare(
    duty: DutyComparison, pilot: PilotStatus | None, evaluation: Evaluation, now_s: float
) -> DutyComparison:
    """Update the comparison with one reading.

    One reading that fits does not end it; a value of pilot/status that is really followed fits in
    several readings.
    """
    said_percent = math.nan if pilot is None else pilot.duty_percent
    beside_percent = abs(said_percent - evaluation.duty_percent)
    since_s = duty.differs_since_s
    if beside_percent > BESIDE_PERCENT:
        if since_s is not None and not duty.fits:
            return duty
        return DutyComparison(differs_since_s=now_s if since_s is None else since_s)
    if since_s is None:
        return duty
    if pilot is None or duty.fits + 1 >= STATE_READS:
        return DutyComparison()
    return replace(duty, fits=duty.fits + 1)


def is_not_followed(duty: DutyComparison, config: Config, moment: Moment) -> bool:
    """Return whether the generator has not followed pilot for too long."""
    since_s = duty.differs_since_s
    return since_s is not None and moment.reached(since_s + config.not_followed_s)
