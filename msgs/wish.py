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
