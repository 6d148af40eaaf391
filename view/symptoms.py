"""Help by symptom: the possible causes of each, and what the box itself knows of them now. Pure.

TRB-1: the causes and remedies are the manual's; those that the box alone can see are added. The box
says of each cause whether it holds, or that it cannot see it.
"""

from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct

from msgs.remedies import FIRST_THE_DANGER
from view import known_causes as known
from view.known_causes import Known
from view.snapshot import Snapshot


class CauseVerdict(StrEnum):
    """Whether a cause holds now."""

    HOLDS = "holds"
    EXCLUDED = "excluded"
    UNSEEN = "unseen"  # the box cannot see it, or its source is silent


class Look(Protocol):
    """A function of `view.known_causes`."""

    @property
    def __name__(self) -> str:
        """Return its name, which is the key of its cause."""

    def __call__(self, snapshot: Snapshot, /) -> Known:
        """Return what is known now."""


class Possible(NamedTuple):
    """One possible cause: its remedy, and what finds out about it."""

    title: str
    remedy: str
    look: Look
    touches: bool = False  # it moves plug or cable, or switches the mains on


class Symptom(NamedTuple):
    """One symptom with its possible causes, in the order in which a person looks for them."""

    key: str
    title: str
    causes: tuple[Possible, ...]


class ShownCause(Struct, frozen=True, kw_only=True):
    """One possible cause, with what the box knows now."""

    key: str  # the name of what finds out about it, in `view.known_causes`
    title: str
    remedy: str
    verdict: CauseVerdict
    text: str  # what the box knows now


class ShownSymptom(Struct, frozen=True, kw_only=True):
    """One symptom; the causes that hold come first, then those that the box cannot see."""

    key: str
    title: str
    causes: tuple[ShownCause, ...]

    @property
    def holding(self) -> int:
        """Return how many causes hold now."""
        return sum(cause.verdict is CauseVerdict.HOLDS for cause in self.causes)


_CARD = (
    "Present a stored card to the reading area, or switch the authorisation off in the settings."
)
_LIVE = Possible(
    "Plug and cable may be live",
    "Do not touch plug or cable. Switch off the mains of the box at its breaker first; then do "
    "what the page Status says about the fault.",
    known.may_be_live,
)
_SERVICE = "If nothing here helps, call the service."

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "dark",
        "The status LED is dark",
        (
            Possible(
                "The box has no mains",
                "If they were not switched off on purpose, switch on the residual-current device "
                "and the breaker of the box. If one goes off again, leave it off and call an "
                "electrician.",
                known.no_mains,
                touches=True,
            ),
            Possible(
                "A card is needed, and none has been presented",
                f"{_CARD} Until then the blue of the status LED stays dark.",
                known.card_needed,
            ),
            Possible(
                "The front is not driven",
                "Restart the box. If the lights stay dark, call the service.",
                known.front_silent,
            ),
            Possible(
                "A light of the box is defective",
                "Compare the box with its drawing on the page Status. If they differ, call the "
                "service.",
                known.light_broken,
            ),
        ),
    ),
    Symptom(
        "not-starting",
        "Charging does not start",
        (
            _LIVE,
            Possible(
                "The plug is not seated",
                "Pull the plug, put it in again, and check that it locks.",
                known.not_seated,
                touches=True,
            ),
            Possible("No card has been accepted", _CARD, known.card_needed),
            Possible(
                "The vehicle does not ask for energy",
                "The battery may be full, the vehicle may wait for a start time of its own, or it "
                "has a fault. Look at its display and its app.",
                known.vehicle_waits,
            ),
            Possible(
                "The box gives no current now",
                "Wait, or change what holds it back: All limits on the page Status names it.",
                known.no_current,
            ),
            Possible(
                "The charge of this plug-in has been ended",
                "Pull the plug and put it in again, present the card again, or start it on the "
                "page Status.",
                known.ended,
                touches=True,
            ),
            Possible(
                "A fault is raised",
                "Do what the page says about this fault.",
                known.fault,
            ),
            Possible(
                "The box is starting or testing itself",
                "Wait for some seconds.",
                known.starting,
            ),
            Possible(
                "The box is in a mode without charging",
                "Commissioning is ended by the switch DSW2.8, showroom mode by the installer.",
                known.special_mode,
            ),
            Possible(
                "A part of the box's software does not run",
                f"Restart the box on the page System. {_SERVICE}",
                known.part_missing,
            ),
        ),
    ),
    Symptom(
        "slow",
        "The vehicle is not full, or charges slowly",
        (
            Possible(
                "The house needs the current",
                "Nothing is wrong: the main fuse is protected. Use fewer loads at the same time, "
                "or charge at night.",
                known.house_needs,
            ),
            Possible(
                "The house meter is not heard",
                "Check the meter and its network cable, and test the connection in the settings.",
                known.meter_lost,
            ),
            Possible(
                "The house meter is being compared with the vehicle",
                "It ends by itself while the vehicle charges. If it does not, do what is said "
                "above about the clamps and the phase assignment.",
                known.meter_proof,
            ),
            Possible(
                "The owner's app or this page limits it",
                "Look at the limits, the delay and the schedule that are in force.",
                known.app_limits,
            ),
            Possible(
                "The home automation or the charging service limits it",
                "Look there for its limit or its plan.",
                known.controller_limits,
            ),
            Possible(
                "It waits for the sun",
                "Switch charging with the sun off in the settings, or wait for more of it.",
                known.waits_for_sun,
            ),
            Possible(
                "The phases of the house may not be loaded unequally",
                "The limit is set in the settings, as the grid operator asks for it.",
                known.unbalance,
            ),
            Possible(
                "A pause or a start is not over yet",
                "Wait for some minutes: it ends by itself.",
                known.moment,
            ),
            Possible(
                "The vehicle takes less than it may",
                "Look at the charging mode, the limit and the start time in the vehicle. A warm "
                "or nearly full battery takes less too.",
                known.vehicle_takes_less,
            ),
            Possible(
                "The vehicle charges on fewer phases than the box has",
                "Many vehicles use one or two phases. Nothing has to be done.",
                known.fewer_phases,
            ),
            Possible(
                "The box or the vehicle is too warm",
                "Keep both out of direct sun, in a carport or a garage. Look whether the plug is "
                "dirty, worn or damaged; if so, do not use it.",
                known.heat,
            ),
            Possible(
                "The installation allows no more",
                "The DIP switches in the box set the most current. Only an electrician may change "
                "them.",
                known.installation_limit,
            ),
            Possible(
                "The charge has been ended or interrupted",
                "Present the card again, or start it on the page Status.",
                known.ended,
            ),
        ),
    ),
    Symptom(
        "stuck",
        "The plug cannot be pulled out",
        (
            _LIVE,
            Possible(
                "The vehicle has not ended the charge",
                "End the charge in the vehicle, unlock it, and pull the plug then.",
                known.still_charging,
                touches=True,
            ),
            Possible(
                "The lock of the vehicle is under tension",
                "Push the plug in, unlock the vehicle again, and pull.",
                known.lock,
                touches=True,
            ),
        ),
    ),
    Symptom(
        "red",
        "The status LED is red, or red with white or blue",
        (
            _LIVE,
            Possible(
                "A fault is raised",
                "Do what the page says about this fault. If it stays, and not all segments are "
                "red: switch the mains of the box off, pull the plug, and switch the mains on.",
                known.fault,
                touches=True,
            ),
        ),
    ),
)

_VERDICTS = {True: CauseVerdict.HOLDS, False: CauseVerdict.EXCLUDED, None: CauseVerdict.UNSEEN}
_ORDER = (CauseVerdict.HOLDS, CauseVerdict.UNSEEN, CauseVerdict.EXCLUDED)


def symptoms(snapshot: Snapshot) -> tuple[ShownSymptom, ...]:
    """Return all symptoms with what the box knows now."""
    return tuple(
        ShownSymptom(key=each.key, title=each.title, causes=_causes(each, snapshot))
        for each in SYMPTOMS
    )


def _causes(symptom: Symptom, snapshot: Snapshot) -> tuple[ShownCause, ...]:
    may_touch = known.may_be_touched(snapshot)
    shown = [_cause(cause, snapshot, may_touch) for cause in symptom.causes]
    return tuple(sorted(shown, key=lambda cause: _ORDER.index(cause.verdict)))


def _cause(cause: Possible, snapshot: Snapshot, may_touch: bool) -> ShownCause:
    is_withheld = cause.touches and not may_touch and cause is not _LIVE
    holds, text = cause.look(snapshot)
    return ShownCause(
        key=cause.look.__name__,
        title=cause.title,
        remedy=FIRST_THE_DANGER if is_withheld else cause.remedy,
        verdict=_VERDICTS[holds],
        text=text,
    )
