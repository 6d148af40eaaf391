"""Who limits the current, and to how much, in words (MET-7). Pure."""

from msgspec import Struct

from msgs.units import Amps
from view.facts import Facts
from view.silence import silence

SOURCES = {"dip": "DIP switches", "fuse": "main fuse"}
"""The sources whose name in the message is no word; the others are words."""


class ToldLimit(Struct, frozen=True, kw_only=True):
    """One claim on the current."""

    source: str
    name: str
    limit_a: Amps | None  # None: it sets none now
    amount: str
    detail: str
    binds: bool  # it is the lowest of all


def source_name(source: str) -> str:
    """Return who limits."""
    return SOURCES.get(source, source.replace("_", " "))


def limit_words(facts: Facts) -> str:
    """Return the lowest of all limits, and whose it is."""
    offer = facts.offer.fresh
    return "not known" if offer is None else f"{offer.limit_a:.1f} A by {source_name(offer.reason)}"


def limit_reason(facts: Facts) -> str:
    """Return its reason in one sentence."""
    offer = facts.offer.fresh
    return silence(facts, facts.offer) if offer is None else offer.detail


def limits(facts: Facts) -> tuple[ToldLimit, ...]:
    """Return the whole chain of limits, the lowest first."""
    offer = facts.offer.fresh
    if offer is None:
        return ()
    return tuple(
        ToldLimit(
            source=each.source,
            name=source_name(each.source),
            limit_a=each.limit_a,
            amount="none" if each.limit_a is None else f"{each.limit_a:.1f} A",
            detail=each.detail or ("sets no limit" if each.limit_a is None else ""),
            binds=each.source == offer.reason,
        )
        for each in offer.limits
    )
