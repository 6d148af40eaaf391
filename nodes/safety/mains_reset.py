"""Mains off and on, as the flag of the hardware's power-on reset shows it (ERR-P). Pure.

A flag that has been up since the start comes from before it: it clears what a predecessor has kept,
and nothing that this process has seen. Before the disk is recalled it is not known what that is.
"""

from msgspec import Struct
from msgspec.structs import replace

from nodes.safety.judge import Facts


class MainsReset(Struct, frozen=True, kw_only=True):
    """What is known of the flag."""

    is_seen: bool = False  # it is up, and being taken back
    was_down: bool = False  # it has been down since the start: it comes from after that
    is_latch_recalled: bool = False  # 8007 comes from a predecessor, and its word may be believed
    waits_until_s: float = 0.0  # the mains are back: until then nothing is tested or closed

    @property
    def clears(self) -> bool:
        """Return whether the flag that is seen clears anything: then all is judged afresh."""
        return self.is_seen and (self.was_down or self.is_latch_recalled)


def watch(
    reset: MainsReset, facts: Facts, *, is_recalled: bool, waits_until_s: float
) -> MainsReset:
    """Take the flag one reading on; it is seen once for each time that the mains come on.

    :param is_recalled: it is known what a predecessor has kept.
    :param waits_until_s: what to wait for if the mains have just come on.
    """
    if facts.is_no_reset:
        is_known = reset.was_down and not reset.is_seen
        return reset if is_known else replace(reset, was_down=True, is_seen=False)
    if not facts.is_reset or reset.is_seen or not is_recalled:
        return reset
    return replace(reset, is_seen=True, waits_until_s=waits_until_s)
