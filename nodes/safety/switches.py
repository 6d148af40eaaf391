"""The DIP switches, by the majority of three reads (smart_home.md 3.6). Pure.

They are read through shift registers on a long wire: one read in three may be wrong. Three reads
that all differ give no code, and the lowest limit.
"""

from msgspec import Struct

from msgs.safety import DIP_LIMIT_A

READS, MAJORITY = 3, 2
LOWEST_DIP_A = min(DIP_LIMIT_A.values())
SERVICE = 0x01  # DSW2.8, the least significant bit

Code = tuple[int, int]  # DSW1, DSW2; switch .1 is the most significant bit


class Switches(Struct, frozen=True, kw_only=True):
    """The last reads, and their majority."""

    reads: tuple[Code, ...] = ()
    installation_limit_a: float = LOWEST_DIP_A
    is_commissioning: bool = False

    @property
    def is_settled(self) -> bool:
        """Return whether they have been read often enough for a majority."""
        return len(self.reads) == READS


UNREAD = Switches()


def read(switches: Switches, code: Code) -> Switches:
    """Return the switches after one more read."""
    reads = (*switches.reads, code)[-READS:]
    if reads == switches.reads:
        return switches
    if len(reads) < READS:
        return Switches(
            reads=reads,
            installation_limit_a=switches.installation_limit_a,
            is_commissioning=switches.is_commissioning,
        )
    major = next((one for one in reads if reads.count(one) >= MAJORITY), None)
    return Switches(
        reads=reads,
        installation_limit_a=LOWEST_DIP_A if major is None else limit_of_dip(major[0]),
        is_commissioning=switches.is_commissioning if major is None else bool(major[1] & SERVICE),
    )


def carry_over(switches: Switches) -> Switches:
    """Return the switches after a failed reading: the last majority, to be read again."""
    return Switches(
        installation_limit_a=switches.installation_limit_a,
        is_commissioning=switches.is_commissioning,
    )


def limit_of_dip(dip1: int) -> float:
    """Return the installation's limit [A] of DSW1.6 to DSW1.8; an undefined code is the lowest."""
    code = (bool(dip1 & 0x04), bool(dip1 & 0x02), bool(dip1 & 0x01))
    return DIP_LIMIT_A.get(code, LOWEST_DIP_A)
