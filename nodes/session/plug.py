"""Which plug is in. Pure; what ends with it: `running.py`.

Safety decides that it is in, safety or pilot that it is out. Silence, E, F and a box without mains
do not show where the plug is; then what was seen last counts.
"""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import PLUGGED, UNPLUGGED_S, CpState, PilotStatus
from msgs.safety import SafetyStatus
from nodes.session.faults import needs_somebody

UNSEEN_S = 0.5  # UNPLUGGED_S, and one round of 0.2 s


class Plug(Struct, frozen=True, kw_only=True):
    """What is known of the plug."""

    is_in: bool = False
    since_utc_ns: int = 0  # from safety; 0: it was in when safety started
    is_seen: bool = False  # by this process
    out_since_s: float | None = None  # state A since
    was_unseen: bool = False  # since `out_since_s` its position was unknown for a time
    fault_holds: bool = False  # one that does not clear by itself, seen while the plug was in
    unplugs: int = 0  # plugs that this process has seen go out

    @property
    def is_seated(self) -> bool:
        """Return whether it is seen in."""
        return self.is_in and self.is_seen and self.out_since_s is None


class Unplugged(Struct, frozen=True, kw_only=True):
    """A plug that was in is out."""

    fault_held: bool  # one that does not clear by itself, before
    is_certain: bool = True  # False: out, then unknown for a while: perhaps another vehicle


def follow(
    plug: Plug, safety: SafetyStatus | None, pilot: PilotStatus | None, moment: Moment
) -> tuple[Plug, Unplugged | None]:
    """Return the plug after this look, and the previous plug if it is out."""
    by_safety = None if safety is None else safety.cp_state
    by_pilot = None if pilot is None else pilot.cp_state
    if CpState.A not in (by_safety, by_pilot):
        if safety is not None and plug.out_since_s is None:
            # Pulling the plug clears the fault, so the fault of the last look with the plug in is
            # used.
            plug = replace(plug, fault_holds=needs_somebody(safety))
        if safety is None or by_safety not in PLUGGED:
            return replace(plug, was_unseen=plug.out_since_s is not None), None
        return _take(plug, safety, moment)
    if not plug.is_in:
        return replace(plug, out_since_s=None), None
    since_s = moment.now_s if plug.out_since_s is None else plug.out_since_s
    if not moment.reached(since_s + UNPLUGGED_S):
        return replace(plug, out_since_s=since_s), None
    return Plug(unplugs=plug.unplugs + 1, is_seen=plug.is_seen), _unplugged(plug)


def _take(plug: Plug, safety: SafetyStatus, moment: Moment) -> tuple[Plug, Unplugged | None]:
    """Take the plug that is in; it is another one if safety saw it go in since.

    A restarted safety that found it in does not know.
    """
    since_utc_ns = safety.plugged_since_utc_ns or plug.since_utc_ns
    unplugged = None
    if plug.is_in and since_utc_ns != plug.since_utc_ns:
        unplugged = _unplugged(plug)
    elif (
        plug.was_unseen
        and plug.out_since_s is not None
        and moment.reached(plug.out_since_s + UNSEEN_S)
    ):
        unplugged = _unplugged(plug, is_certain=False)
    seated = Plug(
        is_in=True,
        since_utc_ns=since_utc_ns,
        is_seen=True,
        fault_holds=plug.fault_holds if unplugged is None else False,
        unplugs=plug.unplugs + (unplugged is not None),
    )
    return seated, unplugged


def _unplugged(plug: Plug, *, is_certain: bool = True) -> Unplugged:
    return Unplugged(fault_held=plug.fault_holds, is_certain=is_certain)
