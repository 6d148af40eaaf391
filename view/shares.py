"""What each phase of the house carries, as a bar whose parts add up to the fuse (MET-7). Pure.

Amounts are whole tenths of an ampere, shown with their sign, so that what is shown adds up exactly.
"""

from enum import StrEnum

from msgspec import Struct

from msgs.load_manager import PhaseShare
from msgs.units import Amps, Name
from view.amounts import signed_words
from view.snapshot import Snapshot


class SharePart(StrEnum):
    """The parts of a bar, in its order."""

    OTHERS = "others"
    RESERVE = "reserve"
    VEHICLE = "vehicle"
    BUDGET = "budget"  # negative: the fuse carries more for a while; else it makes up for that
    FREE = "free"  # negative: so much is too much


FUSE = "fuse"  # source of the limit that the bars explain
NAMES = {
    SharePart.OTHERS: "other loads",
    SharePart.RESERVE: "reserve for the error of the meter",
    SharePart.VEHICLE: "car",
    SharePart.BUDGET: "kept back after a peak",
    SharePart.FREE: "free",
}
_NEGATIVE = {
    SharePart.OTHERS: "other loads less sun, or an error of measurement",
    SharePart.BUDGET: "carried by the fuse for a while",
    SharePart.FREE: "too much",
}


class PhasePart(Struct, frozen=True, kw_only=True):
    """One part of a bar."""

    part: SharePart
    name: str
    amount_a: Amps  # negative: see SharePart


class PhaseBar(Struct, frozen=True, kw_only=True):
    """One phase of the house: all parts together are the fuse."""

    phase: Name
    fuse_a: Amps
    binds: bool  # it leaves the vehicle least, and no other limit is lower
    parts: tuple[PhasePart, ...]  # none of 0 A but the car and what is free
    words: str  # the same as a sentence


def phase_bars(snapshot: Snapshot) -> tuple[PhaseBar, ...]:
    """Return a bar for each phase that the vehicle may draw from; none if no house is measured."""
    offer = snapshot.offer.fresh
    if offer is None or offer.fuse is None:
        return ()
    fuse = offer.fuse
    return tuple(
        phase_bar(share, fuse.fuse_a, binds=offer.reason == FUSE and share.phase == fuse.phase)
        for share in fuse.phases
    )


def phase_bar(share: PhaseShare, fuse_a: float, *, binds: bool) -> PhaseBar:
    """Return the bar of one phase."""
    tenths = {
        SharePart.OTHERS: _tenths(share.others_a),
        SharePart.RESERVE: _tenths(share.reserve_a),
        SharePart.VEHICLE: _tenths(share.vehicle_a),
        SharePart.BUDGET: -_tenths(share.budget_a),
    }
    tenths[SharePart.FREE] = _tenths(fuse_a) - sum(tenths.values())
    parts = tuple(
        PhasePart(part=part, name=_name(part, amount), amount_a=amount / 10)
        for part, amount in tenths.items()
        if amount or part in (SharePart.VEHICLE, SharePart.FREE)
    )
    return PhaseBar(
        phase=share.phase,
        fuse_a=_tenths(fuse_a) / 10,
        binds=binds,
        parts=parts,
        words=f"{share.phase}, fuse {fuse_a:g} A: "
        + ", ".join(f"{each.name} {signed_words(each.amount_a)} A" for each in parts),
    )


def _tenths(amount_a: float) -> int:
    return round(amount_a * 10)


def _name(part: SharePart, amount: int) -> str:
    return _NEGATIVE.get(part, NAMES[part]) if amount < 0 else NAMES[part]
