"""Find which phases of the installation are wired to the box, from the chip's values. Pure.

A phase counts while it has 50 V or more: out of range it is 8002. One with less, while another has
mains, is not wired and its voltage does not count. Without mains nothing is learned, and until the
wiring is known all three phases count. An unknown voltage does not count as below 50 V: the wiring
is known only after the voltage of each phase has been read.

A phase is remembered once it has had mains (160 V or more) with the contactor commanded open, or
has carried current through a closed one. It counts from then on, and is 8002 when it is lost. With
the contactor closed the vehicle may couple voltage onto a floating core, and a floating core may
show 50 to 120 V at all times: both count while they last and are not remembered. One reading of the
chip is never enough to know the wiring or to remember a phase.

A process that starts while a phase is lost would take it for one that was never wired, and the 8002
would be lost. So the remembered phases are stored on the disk and hold over crashes and restarts.
Only a power-on reset of the hardware, seen up and then cleared, drops the stored phases: a box is
rewired without mains, and a flag that is stuck drops nothing.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from nodes.safety.chip import HOLD_S, Phases
from nodes.safety.supply import ABSENT_V, FAR_S, LEAST_V, MOST_S, STRAY_A, spend

Wired = tuple[bool, bool, bool]  # L1, L2, L3

NONE: Wired = (False, False, False)
ALL: Wired = (True, True, True)

# A phase has mains from the lower limit of ERR-8002 on: if all are below, the whole supply may have
# failed, and a phase without voltage proves nothing.
MAINS_V = LEAST_V
LIVE_S = FAR_S  # until a phase counts: as fast as the fastest voltage fault
# Until a phase is remembered: the chip's hold, and the most that the first round counts. A longer
# time contains two readings of the chip at least.
SURE_S = HOLD_S + MOST_S


class Wiring(Struct, frozen=True, kw_only=True):
    """What is known of the phases; `..._s` is the time counted by `spend`."""

    seen: Wired = NONE  # remembered by this process
    kept: Wired = NONE  # stored by the previous process since the mains came on
    live_s: Phases = (0.0, 0.0, 0.0)  # at 50 V or more, of a phase not remembered yet
    seen_s: Phases = (0.0, 0.0, 0.0)  # with the evidence to remember it, of such a phase
    mains_s: float = 0.0  # with mains on a phase, until the wiring is known
    is_known: bool = False

    @property
    def ever(self) -> Wired:
        """Return the phases that this process or an earlier one remembers."""
        one, two, three = self.seen
        first, second, third = self.kept
        return one or first, two or second, three or third

    @property
    def wired(self) -> Wired:
        """Return the phases that are remembered or have voltage; none while nothing is known."""
        if not self.is_known:
            return NONE
        one, two, three = self.ever
        first_s, second_s, third_s = self.live_s
        return one or first_s > LIVE_S, two or second_s > LIVE_S, three or third_s > LIVE_S

    @property
    def counted(self) -> Wired:
        """Return the phases that count: those that are wired; all while nothing is known."""
        return self.wired if self.is_known else ALL


UNKNOWN = Wiring()


def learn(
    wiring: Wiring,
    since_s: float,
    *,
    voltages_v: Phases | None,
    currents_a: Phases | None,
    is_open: bool,
) -> Wiring:
    """Return the wiring after one more reading.

    :param since_s: since the reading before.
    :param is_open: the contactor is commanded open.
    """
    if voltages_v is None or (wiring.is_known and wiring.seen == ALL):
        return wiring
    amps = (math.nan, math.nan, math.nan) if currents_a is None else currents_a
    (one, one_live_s, one_s), (two, two_live_s, two_s), (three, three_live_s, three_s) = (
        (True, 0.0, 0.0) if is_seen else _see(live_s, seen_s, volt, amp, since_s, is_open)
        for is_seen, live_s, seen_s, volt, amp in zip(
            wiring.seen, wiring.live_s, wiring.seen_s, voltages_v, amps, strict=True
        )
    )
    mains_s, is_known = wiring.mains_s, wiring.is_known
    if not is_known:
        has_mains = any(volt >= MAINS_V for volt in voltages_v)
        is_clear = not any(math.isnan(volt) for volt in voltages_v)
        mains_s = spend(mains_s, has_mains if is_clear else None, since_s, SURE_S)
        is_known = mains_s > SURE_S and (one or two or three)
    after = Wiring(
        seen=(one, two, three),
        kept=wiring.kept,
        live_s=(one_live_s, two_live_s, three_live_s),
        seen_s=(one_s, two_s, three_s),
        mains_s=0.0 if is_known else mains_s,
        is_known=is_known,
    )
    return wiring if after == wiring else after


def recall(wiring: Wiring, kept: Wired) -> Wiring:
    """Return the wiring with the stored phases."""
    return replace(wiring, kept=kept)


def _see(
    live_s: float, seen_s: float, volt: float, amp: float, since_s: float, is_open: bool
) -> tuple[bool, float, float]:
    """Return whether a phase is remembered now, and the times of one that is not."""
    if is_open and not (live_s or seen_s) and abs(volt) < ABSENT_V:
        return False, 0.0, 0.0  # shortcut: the usual reading of a phase that is not wired
    is_live = None if math.isnan(volt) else abs(volt) >= ABSENT_V  # an impossible value is not 0 V
    live_s = spend(live_s, is_live, since_s, LIVE_S)
    value, least = (volt, LEAST_V) if is_open else (abs(amp), STRAY_A)
    shows = None if math.isnan(value) else value >= least if is_open else value > least
    seen_s = spend(seen_s, shows, since_s, SURE_S)
    return (True, 0.0, 0.0) if seen_s > SURE_S else (False, live_s, seen_s)
