"""The end of a charge, for what is valid until the plug is out. Pure."""

from msgspec import Struct

from bus.moment import Moment
from msgs.pilot import UNPLUGGED_S


class ChargeEnd(Struct, frozen=True, kw_only=True):
    """What is remembered of the plug."""

    unplugs: int = 0  # that were seen
    out_since_ns: int | None = None


def follow(
    end: ChargeEnd, *, now_ns: int, is_out: bool, unplugs: int, moment: Moment
) -> tuple[ChargeEnd, bool]:
    """Return the next state, and whether the plug is out or was out since the look before.

    :param is_out: safety or pilot shows state A
    :param unplugs: plugs that went out in this incarnation
    """
    since_ns = None
    if is_out:
        since_ns = now_ns if end.out_since_ns is None else end.out_since_ns
    is_unplugged = unplugs != end.unplugs or (
        since_ns is not None and moment.reached(since_ns / 1e9 + UNPLUGGED_S)
    )
    return ChargeEnd(unplugs=unplugs, out_since_ns=since_ns), is_unplugged
