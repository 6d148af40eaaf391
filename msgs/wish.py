"""Wishes: the named claims of a source that limits or pauses, on its latched `<source>/wish`.

A message that breaks a rule of this file is refused when it is decoded, and counts as not sent.
"""

from typing import Annotated

from msgspec import Meta, Struct

from msgs.pilot import MAX_OFFER_A, MIN_OFFER_A
from msgs.units import Amps, Name, Nanoseconds, Seconds, Text

MOST_A = 63.0  # the largest current of a house connection (FuseAmps), and of UDP `currtime`
LEAST_HOLD_S, MOST_HOLD_S = 1.0, 3600.0  # assumed; UDP `failsafe` has 10 s to 600 s
# assumed, of one source: enough for OCPP profiles of 8 stack levels and the charge mode
MOST_WISHES = 16

SCHEDULE = "schedule"
ENERGY_LIMIT = "energy_limit"
OWNER_WISHES = (SCHEDULE, ENERGY_LIMIT)
"""Names of session's wishes for the owner, beside the app's: each is a claim by its own name."""

WishAmps = Annotated[Amps, Meta(ge=0.0, le=MOST_A)]
FallbackAmps = Annotated[
    Amps, Meta(ge=0.0, le=MAX_OFFER_A, description="0 A or a current from 6 to 32 A")
]


def is_fallback(fallback_a: float) -> bool:
    """Return whether a vehicle can be offered this current: 0 A, or 6 to 32 A."""
    return fallback_a == 0.0 or MIN_OFFER_A <= fallback_a <= MAX_OFFER_A


class Wish(Struct, frozen=True, kw_only=True):
    """One named wish: it is valid until its end, or until the source sends a list without it.

    A wish with `hold_s` has to be sent again within that time, changed or not; else the fallback
    replaces it until the source sends again. When a wish ends it has no effect any more; a fallback
    that has replaced it continues.

    :raises ValueError: the hold without the fallback or the reverse; a fallback that no vehicle can
        be offered.
    """

    name: Annotated[Name, Meta(min_length=1)]  # unique within its source
    limit_a: WishAmps | None = None  # of each phase; None: no limit
    pause: bool = False
    # By the monotonic clock of this machine, which starts again with each boot; None: no end.
    end_ns: Annotated[Nanoseconds, Meta(ge=0)] | None = None
    hold_s: Annotated[Seconds, Meta(ge=LEAST_HOLD_S, le=MOST_HOLD_S)] | None = None
    fallback_a: FallbackAmps | None = None
    detail: Text = ""
    until_replaced: bool = False  # by its source it outlives the charge; for a person to see

    def __post_init__(self) -> None:
        """Check the hold and the fallback."""
        if (self.hold_s is None) != (self.fallback_a is None):
            raise ValueError("expected hold_s and fallback_a, or neither of them")
        if self.fallback_a is not None and not is_fallback(self.fallback_a):
            raise ValueError(f"expected a fallback_a of 0 or 6 to 32; got {self.fallback_a:g}")


class Wishes(Struct, frozen=True, kw_only=True):
    """All wishes of one source. Latched, sent on change and within each hold.

    Silence means nothing for a wish without a hold: it remains. An empty list: no limit.

    :raises ValueError: two wishes of one name.
    """

    wishes: Annotated[tuple[Wish, ...], Meta(max_length=MOST_WISHES)]

    def __post_init__(self) -> None:
        """Check that no two wishes have one name."""
        names = [wish.name for wish in self.wishes]
        if len(set(names)) < len(names):
            raise ValueError(f"expected each name once; got {', '.join(names)}")


NO_WISHES = Wishes(wishes=())
