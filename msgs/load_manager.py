"""Messages of load_manager: the current that the vehicle may draw, and all limits with reasons."""

import math
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.settings import PhaseAssignment
from msgs.units import Amps, Count, Name, Nanoseconds, Ratio, Text


class HouseMeter(StrEnum):
    """Domestic connection monitoring as load_manager sees it."""

    OFF = "off"  # monitoring is not switched on
    STARTING = "starting"  # switched on, no value yet since the start
    ONLINE = "online"
    LOST = "lost"  # LED-4, 10 A (MET-3)


class Limit(Struct, frozen=True, kw_only=True):
    """One claim on the current: its source and its limit. None: it sets no limit now."""

    source: Name  # "dip", "temperature", "fuse", "meter_lost", "app", "start", ...
    limit_a: Amps | None
    detail: Text = ""  # as text, with the amounts
    fallback: bool = False  # True: the source is silent, and this is its fallback


def amount_words(limit_a: Amps) -> str:
    """Return a limit as text: down to 0.1 A, so that it is never shown higher than it is.

    A rounding error of binary fractions is ignored, so that 16.0 stays 16.0.
    """
    return f"{math.floor(limit_a * 10.0 + 1e-6) / 10.0:.1f} A"


class PhaseShare(Struct, frozen=True, kw_only=True):
    """One phase of the house: others + reserve + vehicle + free = fuse + budget."""

    phase: Name  # of the house meter: "L1"
    others_a: Amps  # other loads, negative for a credited export
    vehicle_a: Amps
    reserve_a: Amps  # for the error of the meter
    budget_a: Amps  # of the fuse's thermal budget; negative while an excess is made up


class FuseChain(Struct, frozen=True, kw_only=True):
    """The claim of the main fuse as numbers, on the phase of the house that leaves least.

    house - vehicle = others; fuse + budget - reserve - others = left; given rises towards left.
    """

    phase: Name  # of the house meter: "L1"
    house_a: Amps  # what the connection carries, negative for a credited export
    vehicle_a: Amps  # of it, at the same instant
    others_a: Amps
    fuse_a: Amps  # of the setting
    budget_a: Amps  # of the fuse's thermal budget; negative while an excess is made up
    reserve_a: Amps  # for the error of the meter
    left_a: Amps  # for the vehicle, negative if the others use more
    given_a: Amps  # the claim: 0, or 6 and more
    rises_ns: Nanoseconds | None  # monotonic: when given rises if left lasts; None: it does not
    # Each phase of the house that the vehicle may draw from, L1 first; one of them is the chain's.
    phases: Annotated[tuple[PhaseShare, ...], Meta(max_length=3)] = ()


class PhaseCandidate(Struct, frozen=True, kw_only=True):
    """A phase assignment that the measurement has left, and how sure it is of it."""

    phase_assignment: PhaseAssignment
    confidence: Ratio


class PhaseSearch(Struct, frozen=True, kw_only=True):
    """The guided measurement of the phase assignment: it proposes, and changes no setting."""

    running: bool
    steps: Count  # of the vehicle's current, measured so far
    candidates: Annotated[tuple[PhaseCandidate, ...], Meta(max_length=6)]  # the surest first
    proposal: PhaseAssignment | None  # None: not sure enough, yet or at the end
    detail: Text  # progress, or the result and what to do with it
    ends_ns: Nanoseconds  # monotonic clock: it ends then at the latest


class PhaseSearchAction(StrEnum):
    """What `find_phases` is asked for."""

    BEGIN = "begin"
    STOP = "stop"
    SHOW = "show"  # the measurement that runs, or the last one


class FindPhases(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `find_phases`."""

    action: PhaseSearchAction = PhaseSearchAction.BEGIN


Limits = Annotated[tuple[Limit, ...], Meta(max_length=32)]


class LoadOffer(Struct, frozen=True, kw_only=True):
    """The current that the vehicle may draw on each phase: the lowest of all limits (MET-7).

    Sent every 0.5 s and on change. Silence for 3 s means 0 A: pilot goes to X1, and safety opens as
    soon as the vehicle draws less than 1 A, after 6 s at the latest.
    """

    limit_a: Amps  # 0, or 6 to 32
    reason: Name  # the source of the binding limit
    limits: Limits  # all limits, lowest first
    detail: Text = ""  # the reason in one sentence
    house_meter: HouseMeter = HouseMeter.OFF
    fuse: FuseChain | None = None  # None: the house is not measured
    phase_search: PhaseSearch | None = None  # that runs, or the last one; None: none since a start
