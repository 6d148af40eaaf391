"""The least pause of a controller that pauses the charge again and again. Pure.

Each pause opens the contactor and each end of one closes it. A controller may pause at any time; if
it has done so three times within ten minutes, the pause lasts two minutes at least. A person's
pauses do not count, nor those of the fuse, which have a rule of their own (`ramp.py`).
"""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit, LoadOffer

PAUSES, PAUSES_S = 3, 600.0  # assumed: more than a controller needs that follows its house
LEAST_PAUSE_S = 120.0  # assumed: 30 closings an hour at most, and not for long
# Of a person, of the fuse, of a restart, of a safety that is silent.
EXEMPT = frozenset({"app", "fuse", "start", "dip"})
REST = "rest"  # name of the claim


class Rest(Struct, frozen=True, kw_only=True):
    """What is remembered of the pauses."""

    limit_a: float = 0.0  # of the newest offer
    paused_s: tuple[float, ...] = ()  # when the newest pauses of controllers began, oldest first
    until_s: float | None = None


def note_pause(rest: Rest, offer: LoadOffer, now_s: float, *, is_charging: bool) -> Rest:
    """Return what is remembered after an offer.

    :param is_charging: an offer of 0 A opens the contactor
    """
    is_pause = rest.limit_a > 0.0 and offer.limit_a == 0.0 and offer.reason not in EXEMPT
    if rest.limit_a != offer.limit_a:
        rest = replace(rest, limit_a=offer.limit_a)
    if not is_pause or not is_charging:
        return rest
    paused_s = (*rest.paused_s, now_s)[-PAUSES:]
    is_often = len(paused_s) == PAUSES and now_s - paused_s[0] <= PAUSES_S
    until_s = now_s + LEAST_PAUSE_S if is_often else None
    return replace(rest, paused_s=paused_s, until_s=until_s)


def claim_rest(rest: Rest, moment: Moment) -> Limit:
    """Return the claim of the least pause."""
    if rest.until_s is None or moment.reached(rest.until_s):
        return Limit(source=REST, limit_a=None)
    return Limit(
        source=REST,
        limit_a=0.0,
        detail=f"The charge was paused {PAUSES} times within {PAUSES_S / 60.0:g} min: this pause "
        f"lasts {LEAST_PAUSE_S:g} s at least, to spare the contactor.",
    )
