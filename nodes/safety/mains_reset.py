"""Mains off and on, as the flag of the hardware's power-on reset shows it (ERR-P). Pure.

A flag that is set at the start was set before this process began: it clears what the previous
process has stored, and no fault of this process. The disk has to be read first.
"""

from msgspec import Struct
from msgspec.structs import replace

from nodes.safety.evaluation import Evaluation


class MainsReset(Struct, frozen=True, kw_only=True):
    """What is known of the flag."""

    is_seen: bool = False  # it is up, and being cleared
    was_down: bool = False  # it has been down since the start: a later one is new
    is_latch_recalled: bool = False  # 8007 comes from the previous process, which saw the flag down
    waits_until_s: float = 0.0  # the mains are back: until then nothing is tested or closed

    @property
    def clears(self) -> bool:
        """Return whether the flag that is seen clears faults: all is then evaluated again."""
        return self.is_seen and (self.was_down or self.is_latch_recalled)


def watch(
    reset: MainsReset, evaluation: Evaluation, *, is_recalled: bool, waits_until_s: float
) -> MainsReset:
    """Update the flag with one reading; each return of mains is seen once.

    :param is_recalled: the disk has been read.
    :param waits_until_s: the end of the wait if the mains have just come on.
    """
    if evaluation.is_no_reset:
        is_known = reset.was_down and not reset.is_seen
        return reset if is_known else replace(reset, was_down=True, is_seen=False)
    if not evaluation.is_reset or reset.is_seen or not is_recalled:
        return reset
    return replace(reset, is_seen=True, waits_until_s=waits_until_s)
