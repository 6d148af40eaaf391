"""The DIP switches and the external input, by the majority of three reads. Pure.

smart_home.md 3.6. They are read through shift registers on a long wire: one read in three may be
wrong. Three reads of the switches that all differ give no code, and the lowest limit. The external
input is a contact that enables while it is closed; DSW1.1 says whether it is used.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.safety import DIP_LIMIT_A

READS, MAJORITY = 3, 2
LOWEST_DIP_A = min(DIP_LIMIT_A.values())
EXTERNAL = 0x80  # DSW1.1, the most significant bit
SERVICE = 0x01  # DSW2.8, the least significant bit

Code = tuple[int, int]  # DSW1, DSW2; switch .1 is the most significant bit


class Switches(Struct, frozen=True, kw_only=True):
    """The last reads, and their majority."""

    reads: tuple[Code, ...] = ()
    closed_reads: tuple[bool, ...] = ()  # of the external input, with those of the switches
    major: Code = (0, 0)
    installation_limit_a: float = LOWEST_DIP_A
    is_commissioning: bool = False
    has_external: bool = False  # the external input is used

    @property
    def is_settled(self) -> bool:
        """Return whether they have been read often enough for a majority."""
        return len(self.reads) == READS

    @property
    def dip(self) -> int:
        """Return both switches as one number, DSW1 in the higher byte; 0: not known."""
        return self.major[0] << 8 | self.major[1]

    @property
    def external_enable(self) -> bool | None:
        """Return whether the external input enables; None: it is not used, or not known to be.

        Without a majority it does not enable.
        """
        return sum(self.closed_reads) >= MAJORITY if self.has_external else None


UNREAD = Switches()


def read(switches: Switches, code: Code, *, is_external_closed: bool) -> Switches:
    """Return the switches after one more read."""
    reads = (*switches.reads, code)[-READS:]
    closed_reads = (*switches.closed_reads, is_external_closed)[-READS:]
    if reads == switches.reads and closed_reads == switches.closed_reads:
        return switches
    switches = replace(switches, reads=reads, closed_reads=closed_reads)
    if len(reads) < READS:
        return switches
    major = next((one for one in reads if reads.count(one) >= MAJORITY), None)
    if major is None:
        return replace(switches, installation_limit_a=LOWEST_DIP_A)
    return replace(
        switches,
        major=major,
        installation_limit_a=limit_of_dip(major[0]),
        is_commissioning=bool(major[1] & SERVICE),
        has_external=bool(major[0] & EXTERNAL),
    )


def carry_over(switches: Switches) -> Switches:
    """Return the switches after a failed reading: the last majority, to be read again."""
    return replace(switches, reads=(), closed_reads=())


def limit_of_dip(dip1: int) -> float:
    """Return the installation's limit [A] of DSW1.6 to DSW1.8; an undefined code is the lowest."""
    code = (bool(dip1 & 0x04), bool(dip1 & 0x02), bool(dip1 & 0x01))
    return DIP_LIMIT_A.get(code, LOWEST_DIP_A)
