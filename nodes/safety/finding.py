"""What can be wrong: the code, the cause, and the numbers that were seen. Pure.

Decisions use these members. Their texts are in `words.py` and are only published.
"""

from msgspec import Struct

from msgs.fault_cause import Cause
from msgs.safety import FaultCode
from msgs.units import Amps, Celsius, Count, Nanoseconds, Percent, Seconds, Volts


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong, and what was measured then. None: not part of it, or unknown."""

    code: FaultCode
    cause: Cause
    high_v: Volts | None = None
    low_v: Volts | None = None
    duty_percent: Percent | None = None  # read back from the generator
    set_percent: Percent | None = None  # that pilot has set
    current_a: Amps | None = None  # the largest of the phases
    offered_a: Amps | None = None
    voltages_v: tuple[Volts | None, Volts | None, Volts | None] | None = None  # L1, L2, L3
    temperature_c: Celsius | None = None
    failed_tests: Count | None = None  # in a row
    gap_s: Seconds | None = None  # since the look before


class Record(Struct, frozen=True, kw_only=True):
    """One fault that holds: as it was seen first."""

    finding: Finding
    since_utc_ns: Nanoseconds
    count: Count  # how often since the plug went in

    @property
    def code(self) -> FaultCode:
        """Return the code of the ERR table."""
        return self.finding.code
