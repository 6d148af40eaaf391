"""The limits of the current and their sources, as text (MET-7). Pure."""

from msgspec import Struct

from msgs.load_manager import amount_words
from msgs.safety import Contactor
from msgs.units import Amps
from view.silence import silence
from view.snapshot import Snapshot

SOURCES = {
    "dcs": "charging service",
    "dip": "DIP switches",
    "fuse": "main fuse",
    "meter_proof": "check of the house meter",
    "rest": "least pause",
    "phase_search": "measurement of the phases",
}
"""Names of the sources whose name in the message is short."""


class ShownLimit(Struct, frozen=True, kw_only=True):
    """One claim on the current, for a person."""

    source: str
    name: str
    limit_a: Amps | None  # None: it sets no limit now
    amount: str
    detail: str
    binds: bool  # it is the lowest limit


def source_name(source: str) -> str:
    """Return the name of a source."""
    return SOURCES.get(source, source.replace("_", " "))


def limit_title(snapshot: Snapshot) -> str:
    """Return what the limit is about; "": nothing is charged whatever the limit is."""
    session, safety, offer = snapshot.session.fresh, snapshot.safety.fresh, snapshot.offer.fresh
    if session is None:
        return ""
    if safety is None or offer is None:
        return "Why this current"
    if safety.faults or not safety.has_mains or safety.commissioning or safety.showroom:
        return ""
    if safety.contactor is Contactor.CLOSED:
        return "Why this current"
    return "Why no current" if offer.limit_a == 0.0 else "What a car could get now"


def limit_words(snapshot: Snapshot) -> str:
    """Return the lowest limit with its source."""
    offer = snapshot.offer.fresh
    if offer is None:
        return "not known"
    return f"{amount_words(offer.limit_a)} by {source_name(offer.reason)}"


def limit_reason(snapshot: Snapshot) -> str:
    """Return the reason of the lowest limit in one sentence."""
    offer = snapshot.offer.fresh
    return silence(snapshot, snapshot.offer) if offer is None else offer.detail


def limits(snapshot: Snapshot) -> tuple[ShownLimit, ...]:
    """Return all limits, the lowest first."""
    offer = snapshot.offer.fresh
    if offer is None:
        return ()
    return tuple(
        ShownLimit(
            source=each.source,
            name=source_name(each.source),
            limit_a=each.limit_a,
            amount="none" if each.limit_a is None else amount_words(each.limit_a),
            detail=each.detail or ("sets no limit" if each.limit_a is None else ""),
            binds=each.source == offer.reason,
        )
        for each in offer.limits
    )
