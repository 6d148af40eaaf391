"""The claims on the current, each with its limit and its reason as text. Pure (MET-7)."""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from msgs.load_manager import (
    FuseChain,
    HouseMeter,
    Limit,
    LoadOffer,
    PhaseSearch,
    PhaseShare,
    amount_words,
)
from msgs.pilot import MAX_OFFER_A, MIN_OFFER_A
from msgs.safety import SafetyStatus
from msgs.units import MOST_TEXT
from nodes.load_manager.clamps import Clamps, Shown, claim_a
from nodes.load_manager.house import UNMEASURED_A, Headroom, Share
from nodes.load_manager.ramp import (
    PAUSE_AFTER_S,
    PULSES,
    PULSES_S,
    RESUME_AFTER_PULSES_S,
    RESUME_AT_A,
    Ramp,
    floor_offer,
)
from nodes.load_manager.wishes import finite_a

PROOF = "meter_proof"
UNKNOWN_FUSE_A = 6.0  # as `msgs.settings.UNKNOWN`: the fuse is not known
_UNMEASURED = {
    HouseMeter.OFF: "The house is not monitored.",
    HouseMeter.STARTING: "The house meter has not been read yet.",
    HouseMeter.ONLINE: "The house meter has not been read yet.",
    HouseMeter.LOST: "The house meter is silent.",
}


def dip(safety: SafetyStatus | None) -> Limit:
    """Return the installation's maximum (CHG-3)."""
    if safety is None:
        return Limit(source="dip", limit_a=0.0, detail="Nothing is heard from safety: no current.")
    limit_a = min(finite_a(safety.installation_limit_a), MAX_OFFER_A)
    return Limit(
        source="dip",
        limit_a=limit_a,
        detail=f"The installation allows {amount_words(limit_a)} (DIP switches).",
    )


def temperature(safety: SafetyStatus | None) -> Limit:
    """Return the claim of the box's temperature (CHG-5)."""
    if safety is None or safety.limit_a >= safety.installation_limit_a:
        return Limit(source="temperature", limit_a=None, detail="The box is cool enough.")
    limit_a = finite_a(safety.limit_a)
    return Limit(
        source="temperature",
        limit_a=limit_a,
        detail=f"At {safety.temperature_c:.0f} degrees in the box "
        f"{amount_words(limit_a)} are left.",
    )


def fuse(
    meter: HouseMeter,
    headroom: Headroom | None,
    ramp: Ramp | None,
    main_fuse_a: float | None,
    complaint: str = "",
) -> Limit:
    """Return the claim of the main fuse: less the other loads, if they are measured (MET-1).

    :param complaint: why the newest reading is doubted
    """
    if main_fuse_a is None and meter is not HouseMeter.OFF:
        limit_a = UNKNOWN_FUSE_A if ramp is None else min(ramp.value_a, UNKNOWN_FUSE_A)
        detail = f"The main fuse is not set: {limit_a:g} A at most."
        return Limit(source="fuse", limit_a=limit_a, detail=detail)
    if meter is not HouseMeter.ONLINE or headroom is None or ramp is None:
        return _unmeasured_fuse(meter, ramp, main_fuse_a)
    detail = _left(headroom, ramp) + _rise(headroom, ramp)
    if complaint:
        detail += f" Its reading is doubted: {complaint}."
    elif headroom.wrong is not None:
        detail += (
            f" The phase assignment {headroom.wrong} does not fit the phases that are wired to the "
            "box: every phase of the house counts."
        )
    elif headroom.unassigned_lines:
        lines = _phase_names(headroom.unassigned_lines)
        detail += (
            f" The car draws on the box's {lines}, beside the phase assignment: "
            "every phase of the house counts."
        )
    return Limit(source="fuse", limit_a=ramp.value_a, detail=detail)


def fuse_chain(headroom: Headroom | None, ramp: Ramp | None, period_s: float) -> FuseChain | None:
    """Return the claim of the fuse as numbers; None: the house has not been measured.

    :param period_s: between two fresh readings of the meter
    """
    if headroom is None or ramp is None:
        return None
    share = _share(headroom, ramp)
    rises_s = ramp.rises_s(period_s)
    return FuseChain(
        phase=share.phase,
        house_a=share.house_a,
        vehicle_a=share.vehicle_a,
        others_a=share.others_a,
        fuse_a=share.fuse_a,
        budget_a=share.budget_a,
        reserve_a=share.reserve_a,
        left_a=share.left_a,
        given_a=ramp.value_a,
        rises_ns=None if rises_s is None else round(rises_s * 1e9),
        phases=tuple(
            PhaseShare(
                phase=each.phase,
                others_a=each.others_a,
                vehicle_a=each.vehicle_a,
                reserve_a=each.reserve_a,
                budget_a=each.budget_a,
            )
            for each in (headroom.held_shares if ramp.is_carried else headroom.shares)
        ),
    )


def _share(headroom: Headroom, ramp: Ramp) -> Share:
    """Return what the phase that binds leaves; of a peak that the budget carries, with it."""
    return headroom.held if ramp.is_carried else headroom.share


def _left(headroom: Headroom, ramp: Ramp) -> str:
    """Return what the other loads leave, as text without its end."""
    share = _share(headroom, ramp)
    used = f"{abs(share.others_a):.1f} A of the {share.fuse_a:g} A on {share.phase}"
    if share.others_a > -0.05:  # shown as 0.0
        detail = f"The other loads use {used}"
    else:  # what is below zero may be sun, and the error of two meters
        detail = (
            f"Beside the car there are \N{MINUS SIGN}{used}, by sun or by an error of measurement"
        )
    if abs(share.budget_a) >= 0.05:
        word = "more" if share.budget_a > 0.0 else "less"
        detail += f" ({abs(share.budget_a):.1f} A {word} by the fuse's budget)"
    return f"{detail}; {amount_words(max(share.left_a, 0.0))} are left"


def _rise(headroom: Headroom, ramp: Ramp) -> str:
    """Return why less is offered than is left, and until when."""
    if ramp.value_a == 0.0:
        if ramp.is_pulsing:
            return (
                f": they come and go, {PULSES} times within {PULSES_S / 60.0:g} min: paused until "
                f"{RESUME_AT_A:g} A have been left for {RESUME_AFTER_PULSES_S / 60.0:g} min. "
                "The setting fuse_budget_percent lets a charge go on through short peaks."
            )
        if headroom.left_a < MIN_OFFER_A:
            return f", less than the {MIN_OFFER_A:g} A that a car needs: paused."
        detail = f": paused until {RESUME_AT_A:g} A have been left for {ramp.resume_after_s:g} s"
        return detail + (f" (pause {ramp.pauses} in a row)." if ramp.pauses > 1 else ".")
    if ramp.is_lacking:
        return (
            f", less than the {MIN_OFFER_A:g} A that a car needs: paused if that lasts "
            f"{PAUSE_AFTER_S:g} s."
        )
    if ramp.is_carried:
        return ": the fuse's budget carries this peak."
    if floor_offer(headroom.left_a) > ramp.value_a:
        detail = f", and {amount_words(ramp.value_a)} are offered until that has lasted "
        detail += f"{ramp.raise_after_s:g} s"
        return detail + (", after several peaks." if ramp.has_peaks else ".")
    return "."


def _phase_names(lines: Sequence[int]) -> str:
    """Return the names of phases as in a sentence; 0 is L1."""
    *others, last = (f"L{line + 1}" for line in lines)
    return f"{', '.join(others)} and {last}" if others else last


def no_settings(*, is_silent: bool) -> Limit:
    """Return the claim of an unknown fuse: the settings have not been heard."""
    if not is_silent:
        return Limit(source="fuse", limit_a=None, detail="The settings have not been heard yet.")
    detail = f"The settings are unknown, system is silent: {UNKNOWN_FUSE_A:g} A at most."
    return Limit(source="fuse", limit_a=UNKNOWN_FUSE_A, detail=detail)


def _unmeasured_fuse(meter: HouseMeter, ramp: Ramp | None, main_fuse_a: float | None) -> Limit:
    """Return the claim of a fuse whose other loads are unknown: the box alone stays below it.

    After a change of the settings the ramp limits as well: until the first reading of a meter, and
    for a while after monitoring was switched off.
    """
    limit_a = main_fuse_a
    detail = "" if main_fuse_a is None else f" The main fuse has {main_fuse_a:g} A."
    if ramp is not None and meter is not HouseMeter.LOST:
        limit_a = ramp.value_a if main_fuse_a is None else min(ramp.value_a, main_fuse_a)
        detail = f" {amount_words(limit_a)} after the change of the settings."
    return Limit(source="fuse", limit_a=limit_a, detail=_UNMEASURED[meter] + detail)


def meter_lost(meter: HouseMeter, ramp: Ramp | None, complaint: str = "") -> Limit:
    """Return the claim without a house meter: 10 A, or less if it was less before (MET-3).

    :param complaint: why its newest reading does not count
    """
    if meter is HouseMeter.STARTING and ramp is None:
        detail = f"{_UNMEASURED[meter]} {UNMEASURED_A:g} A at most until it is."
        return Limit(source="meter_lost", limit_a=UNMEASURED_A, detail=detail)
    if meter is not HouseMeter.LOST or ramp is None:
        return Limit(source="meter_lost", limit_a=None)
    why = f" ({complaint})" if complaint else ""
    detail = f"The house meter is lost{why}: {UNMEASURED_A:g} A at most"
    if ramp.value_a < UNMEASURED_A:
        before = amount_words(ramp.value_a) if ramp.value_a else "the pause"
        detail += f", and no more than {before} that the fuse last allowed this car"
    return Limit(source="meter_lost", limit_a=ramp.value_a, detail=f"{detail}.")


def meter_proof(clamps: Clamps, missing: list[tuple[int, int]]) -> Limit:
    """Return the claim of a house meter that has not shown the vehicle's current yet.

    :param missing: the lines of box and meter of which the proof is missing
    """
    limit_a = claim_a(clamps, missing)
    if limit_a is None:
        return Limit(source=PROOF, limit_a=None)
    phases = _phase_names([meter for _, meter in missing])
    detail = f"{limit_a:g} A at most until the house meter has shown the car's current on {phases}"
    for box, meter in missing:
        match clamps.lines[box].last:
            case Shown.NOTHING:
                why = f"does not show it on L{meter + 1}: check that clamp and the phase assignment"
            case Shown.REVERSED:
                why = f"shows it with the wrong sign on L{meter + 1}: turn that clamp round"
            case _:
                continue
        return Limit(source=PROOF, limit_a=limit_a, detail=f"{detail}. It {why}.")
    return Limit(source=PROOF, limit_a=limit_a, detail=f"{detail}.")


def after_start(start_a: float | None, awaited_claims: tuple[str, ...]) -> Limit:
    """Return the claim after a start: the offer before it, until every claim is known."""
    if not awaited_claims:
        return Limit(source="start", limit_a=None)
    return Limit(
        source="start",
        limit_a=start_a or 0.0,
        detail="Just started: no more than was offered before, until these are heard: "
        f"{', '.join(awaited_claims)}.",
    )


def arbitrate(
    claims: list[Limit],
    meter: HouseMeter,
    chain_of_fuse: FuseChain | None = None,
    phase_search: PhaseSearch | None = None,
) -> LoadOffer:
    """Return the offer: the lowest claim, and the chain of all, lowest first.

    Of equal claims the first one decides.
    """
    chain = sorted(claims, key=lambda claim: math.inf if claim.limit_a is None else claim.limit_a)
    binding = chain[0]
    limit_a = floor_offer(binding.limit_a or 0.0)
    detail = binding.detail
    if binding.limit_a and limit_a == 0.0:
        detail += f" That is less than the {MIN_OFFER_A:g} A that a car needs: paused."
    return LoadOffer(
        limit_a=limit_a,
        reason=binding.source,
        limits=tuple(map(_cut_claim, chain)),
        detail=_cut(detail),
        house_meter=meter,
        fuse=chain_of_fuse,
        phase_search=phase_search,
    )


def _cut_claim(claim: Limit) -> Limit:
    detail = _cut(claim.detail)
    return claim if detail == claim.detail else replace(claim, detail=detail)


def _cut(text: str) -> str:
    """Return a text as long as a message may have it: pilot and safety refuse a longer one."""
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 3]}..."


def without_proof_a(offer: LoadOffer) -> float:
    """Return the lowest claim but that of the missing proof."""
    claimed = (each.limit_a for each in offer.limits if each.source != PROOF)
    return min((limit_a for limit_a in claimed if limit_a is not None), default=math.inf)
