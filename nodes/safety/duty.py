"""Duty compared: does the pilot's generator do what pilot says? Pure."""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import STATE_READS, PilotStatus
from nodes.safety.config import Config
from nodes.safety.judge import BESIDE_PERCENT, Facts


class DutyComparison(Struct, frozen=True, kw_only=True):
    """Since when the generator reads back another duty than pilot says."""

    differs_since_s: float | None = None
    fits: int = 0  # readings in a row that fit since


def compare(
    duty: DutyComparison, pilot: PilotStatus | None, facts: Facts, now_s: float
) -> DutyComparison:
    """Take the comparison one reading on.

    One reading that fits ends nothing: a new word of pilot fits until the next change at least.
    """
    said_percent = math.nan if pilot is None else pilot.duty_percent
    beside_percent = abs(said_percent - facts.duty_percent)
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


def is_disobeyed(duty: DutyComparison, config: Config, moment: Moment) -> bool:
    """Return whether the generator has not followed pilot for too long."""
    since_s = duty.differs_since_s
    return since_s is not None and moment.reached(since_s + config.disobeyed_s)
