"""The claim of any source that limits or pauses: one latched `<source>/wish` each."""

from msgspec import Struct

from msgs.units import Amps, Nanoseconds, Text


class Wish(Struct, frozen=True, kw_only=True):
    """What one source asks of load_manager. Latched, sent on change.

    Silence means nothing by itself: a wish holds until it is replaced or until_utc_ns has passed.
    """

    limit_a: Amps | None  # per phase; None: no limit
    pause: bool
    until_utc_ns: Nanoseconds | None  # None: until replaced
    detail: Text = ""


NO_WISH = Wish(limit_a=None, pause=False, until_utc_ns=None)


def is_over(wish: Wish, utc_ns: int) -> bool:
    """Return whether a wish has passed [UTC ns]."""
    return wish.until_utc_ns is not None and utc_ns >= wish.until_utc_ns
