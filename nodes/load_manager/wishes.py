"""What the sources of wishes allow: their wishes, or the fallback of a silent source. Pure."""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit, amount_words
from msgs.wish import ENERGY_LIMIT, OWNER_WISHES, SCHEDULE, Wish, Wishes

MOST_CHARACTERS = 300  # of another node's text; msgs.units.Text holds 400


APP = "app"  # the source that has the owner's wishes as well
_SUBJECTS = {
    APP: "The app",
    SCHEDULE: "The schedule",
    ENERGY_LIMIT: "The energy limit",
    "dcs": "The charging service",
    "smart_home": "The smart home",
}


class Source(Struct, frozen=True, kw_only=True):
    """What is known of one source."""

    name: str
    is_configured: bool = True  # by the settings
    fallback_a: float = 6.0  # from the settings: until it is heard for the first time
    wishes: Wishes | None = None  # the newest, at any age
    said_s: float = 0.0  # when they were sent [monotonic s]


def claim(source: Source, moment: Moment) -> Limit:
    """Return the lowest claim of a source's wishes now; the owner's wishes have their own."""
    none = Limit(source=source.name, limit_a=None)
    if source.wishes is None:
        return none
    claims = [
        _claim_of(source, wish, moment)
        for wish in source.wishes.wishes
        if not _is_owners(source, wish)
    ]
    return min((none, *claims), key=_amount)


def owner_claims(sources: tuple[Source, ...], moment: Moment) -> list[Limit]:
    """Return the claims of the owner's wishes, by their names."""
    return [
        _claim_of(replace(source, name=wish.name), wish, moment)
        for source in sources
        if source.wishes is not None
        for wish in source.wishes.wishes
        if _is_owners(source, wish)
    ]


def _is_owners(source: Source, wish: Wish) -> bool:
    return source.name == APP and wish.name in OWNER_WISHES


def unheard(source: Source, start_a: float) -> Limit:
    """Return the claim of a source that has not been heard since the start."""
    limit_a = min(start_a, source.fallback_a)
    return Limit(
        source=source.name,
        limit_a=limit_a,
        detail=f"{_subject(source)} has not been heard since the start: "
        f"{amount_words(limit_a)} at most until it is, or the plug is out.",
        fallback=True,
    )


def _claim_of(source: Source, wish: Wish, moment: Moment) -> Limit:
    end_s = math.inf if wish.end_ns is None else wish.end_ns / 1e9
    silent_s = math.inf if wish.hold_s is None else source.said_s + wish.hold_s
    none = Limit(source=source.name, limit_a=None)
    if end_s <= silent_s and moment.reached(end_s):
        return none
    if end_s > silent_s and moment.reached(silent_s):
        return _fallback(source, wish)
    subject, by = _subject(source), _by(source, wish)
    if wish.pause:
        return Limit(source=source.name, limit_a=0.0, detail=f"{subject} pauses the charge{by}.")
    if wish.limit_a is None:
        return none
    limit_a = finite_a(wish.limit_a)
    detail = f"{subject} allows {amount_words(limit_a)}{by}."
    return Limit(source=source.name, limit_a=limit_a, detail=detail)


def _fallback(source: Source, wish: Wish) -> Limit:
    limit_a = finite_a(wish.fallback_a or 0.0)
    return Limit(
        source=source.name,
        limit_a=limit_a,
        detail=f"{_subject(source)} has not been heard for {wish.hold_s:g} s: its fallback of "
        f"{amount_words(limit_a)} until it is{_by(source, wish)}.",
        fallback=True,
    )


def _subject(source: Source) -> str:
    return _SUBJECTS.get(source.name, source.name)


def _by(source: Source, wish: Wish) -> str:
    """Return the name of the wish, if the source has several, and its detail."""
    name = "" if wish.name == source.name else wish.name
    words = ": ".join(each for each in (name, wish.detail[:MOST_CHARACTERS]) if each)
    return f" ({words})" if words else ""


def _amount(claim: Limit) -> float:
    return math.inf if claim.limit_a is None else claim.limit_a


def finite_a(limit_a: float) -> float:
    """Return a limit that can be compared; a value that is no number counts as 0 A."""
    return max(limit_a, 0.0) if math.isfinite(limit_a) else 0.0
