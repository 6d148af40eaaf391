"""Which phases of the installation are wired to the box, found out from their voltages. Pure.

A phase is wired once it has had 50 V or more since the start of the process, and stays so: one that
is lost then is out of range (8002). A phase that has had less, while another has mains, is not
wired, and its voltage does not count. One that appears later is wired from then on.
Without mains nothing is learned, and until something is known all three phases count. A phase that
the chip does not know is not one below 50 V: nothing is known before each has shown a voltage.

A process that starts while a phase is lost would take it for one that was never wired, and the 8002
of its predecessor would be gone. So the wired phases are kept on the disk and hold over crashes and
restarts of the process. Only a power-on reset of the hardware, seen up and then taken back, drops
what a predecessor has kept: a box is rewired without mains, and a flag that is stuck drops nothing.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from nodes.safety.chip import Phases
from nodes.safety.supply import ABSENT_V, FAR_S, LEAST_V, spend

Wired = tuple[bool, bool, bool]  # L1, L2, L3

NONE: Wired = (False, False, False)
ALL: Wired = (True, True, True)

# Another phase has mains from the least voltage of ERR-8002 on: below it the whole supply may have
# failed, and then a dead phase tells nothing.
MAINS_V = LEAST_V
SURE_S = FAR_S  # as soon as the fastest judgement of a voltage, and never by one reading alone


class Wiring(Struct, frozen=True, kw_only=True):
    """What is known of the phases; `..._s` is time that has been spent."""

    seen: Wired = NONE  # at 50 V or more by this process, for long enough
    kept: Wired = NONE  # by a predecessor since the mains came on
    seen_s: Phases = (0.0, 0.0, 0.0)  # of a phase that is not seen yet
    mains_s: float = 0.0  # with mains on a phase, until it is known
    is_known: bool = False

    @property
    def ever(self) -> Wired:
        """Return the phases that were seen, by this process or by a predecessor."""
        one, two, three = self.seen
        first, second, third = self.kept
        return one or first, two or second, three or third

    @property
    def wired(self) -> Wired:
        """Return the phases that are wired; none while it is not known."""
        return self.ever if self.is_known else NONE

    @property
    def judged(self) -> Wired:
        """Return the phases that count: those that are wired, all while it is not known."""
        return self.ever if self.is_known else ALL


UNKNOWN = Wiring()


def learn(wiring: Wiring, voltages_v: Phases | None, since_s: float) -> Wiring:
    """Return the wiring after one more reading.

    :param since_s: since the reading before.
    """
    if voltages_v is None or (wiring.is_known and wiring.seen == ALL):
        return wiring
    (one, one_s), (two, two_s), (three, three_s) = (
        _see(is_seen, seen_s, volt, since_s)
        for is_seen, seen_s, volt in zip(wiring.seen, wiring.seen_s, voltages_v, strict=True)
    )
    mains_s, is_known = wiring.mains_s, wiring.is_known
    if not is_known:
        has_mains = any(volt >= MAINS_V for volt in voltages_v)
        is_clear = not any(math.isnan(volt) for volt in voltages_v)
        mains_s = spend(mains_s, has_mains if is_clear else None, since_s, SURE_S)
        is_known = mains_s > SURE_S
    after = Wiring(
        seen=(one, two, three),
        kept=wiring.kept,
        seen_s=(one_s, two_s, three_s),
        mains_s=0.0 if is_known else mains_s,
        is_known=is_known,
    )
    return wiring if after == wiring else after


def recall(wiring: Wiring, kept: Wired) -> Wiring:
    """Return the wiring with what a predecessor has kept."""
    return replace(wiring, kept=kept)


def _see(is_seen: bool, seen_s: float, volt: float, since_s: float) -> tuple[bool, float]:
    if is_seen:
        return True, 0.0
    is_live = None if math.isnan(volt) else abs(volt) >= ABSENT_V  # what cannot be is not absent
    seen_s = spend(seen_s, is_live, since_s, SURE_S)
    return (True, 0.0) if seen_s > SURE_S else (False, seen_s)
