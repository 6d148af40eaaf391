"""What a person does about a fault, by its cause: the danger first, then the steps in order.

One table for the record on the bus, the page, its help and the terminal. The steps are in the safe
order: what may be live is not touched, the mains are switched off before the plug is pulled, and
what needs an electrician comes last. Sources: requirements.md, ERR table ("what the user can do");
the warnings and the order of the steps are assumed.
"""

from msgspec import Struct

from msgs.fault_cause import Cause
from msgs.safety import FaultCode


class Remedy(Struct, frozen=True, kw_only=True):
    """The texts of one cause."""

    title: str  # what has happened, as a headline
    danger: str = ""  # what not to do; "": nothing may be live, hot or wet
    steps: tuple[str, ...]  # sentences, in this order
    # A step moves plug or cable, or switches the mains on: not while something else may be live.
    touches: bool = False

    def as_text(self) -> str:
        """Return danger and steps as one text."""
        return " ".join(filter(None, (self.danger, *self.steps)))


_BREAKER_OFF = "Switch off the mains of the box at its breaker, and leave it off."
_MAINS_OFF = "Switch off the mains of the box at its breaker."
_BREAKER = "Switch the mains of the box off at its breaker, and on again after ten seconds."
_SERVICE = "If the fault comes back, call the service."
FIRST_THE_DANGER = (
    "Do not touch plug or cable now: first do what is said about the danger on the page Status."
)
"""In place of advice that touches plug or cable, while something else may be dangerous."""

_RESEAT = "Pull the plug, and put it in again until it locks."
_COOL = "Charging goes on by itself once the box has cooled down."
_SUN = "Keep the box out of direct sun."
# A loose terminal gets hot by itself (hardware.md 5).
_LOOSE = "If it comes back in the shade, have an electrician check the terminals of the box."

_LIVE = Remedy(
    title="Danger: the cable may be live",
    danger="Do not touch plug or cable: they may carry mains voltage.",
    steps=(
        _BREAKER_OFF,
        "Pull the plug only then, when all lights of the box are dark.",
        "Call an electrician or the service: the box may have to be replaced.",
    ),
)
_UNPROVEN = Remedy(
    title="Locked: the contactor may not open any more",
    danger="Do not touch plug or cable: it is not proven that they carry no voltage.",
    steps=(
        _MAINS_OFF,
        "Pull the plug when all lights of the box are dark.",
        "Switch the mains on again: the box then proves that its contactor opens.",
        _SERVICE,
    ),
)
_LEAK = Remedy(
    title="Stopped: current leaks to earth",
    danger="Do not touch a plug or cable that is wet or damaged.",
    steps=(
        "Look at cable and plug, without touching them, for damage and water.",
        "If there is any, switch off the mains of the box at its breaker before you pull the plug, "
        "and do not use this cable or plug.",
        "If there is none, let the box try again: it may have been lightning.",
        "If it comes back with one car only, have that car checked; else call the service.",
    ),
)
_SELF_TEST = Remedy(
    title="The protection against leakage failed its test",
    touches=True,
    steps=(
        "Wait: the box tests itself again.",
        "If it fails again, pull the plug and restart the box.",
        _SERVICE,
    ),
)
_NO_PROTECTION = Remedy(
    title="Locked: the protection against leakage does not work",
    touches=True,
    steps=(
        "Pull the plug.",
        "Restart the box once: it tests itself again.",
        "If the fault comes back, switch off the mains of the box and call the service.",
    ),
)
_CABLE = Remedy(
    title="The plug or its cable is faulty",
    touches=True,
    steps=(_RESEAT, "If the fault comes back, have the charging cable replaced."),
)
_NOT_CLOSING = Remedy(
    title="Charging cannot be switched on",
    touches=True,
    steps=("Wait: the box tries again.", _RESEAT, "Restart the box.", _SERVICE),
)
_SENSORS = Remedy(
    title="The box cannot see the plug",
    touches=True,
    steps=("Wait: the box looks again.", _RESEAT, _BREAKER, _SERVICE),
)
_TOO_HOT = Remedy(title="Paused: the box is too hot", steps=(_COOL, _SUN, _LOOSE))

REMEDIES: dict[Cause, Remedy] = {
    Cause.STILL_LIVE: _LIVE,
    Cause.NOT_PROVEN_OPEN: _UNPROVEN,
    Cause.STRAY_CURRENT: _LIVE,
    Cause.GENERATOR: Remedy(
        title="Locked: the box cannot set the current",
        touches=True,
        steps=("Pull the plug.", _BREAKER, _SERVICE),
    ),
    Cause.LATCH_UNREADABLE: _UNPROVEN,
    Cause.EARTH: Remedy(
        title="Danger: the protective earth is missing",
        danger="Do not touch plug, cable or the metal of the car: without earth they may be live.",
        steps=(
            _BREAKER_OFF,
            "Pull the plug only then, when all lights of the box are dark.",
            "Have an electrician check the protective earth before the mains are switched on.",
            "If the earth is good and the fault comes back, have the box replaced.",
        ),
    ),
    Cause.EARTH_DISTURBED: Remedy(
        title="Stopped: the protective earth was disturbed",
        danger="Do not touch plug, cable or the metal of the car while this fault is shown.",
        steps=(
            "Wait: the box tries again once the earth is good.",
            "If the fault comes back, have an electrician check the protective earth.",
        ),
    ),
    Cause.RESIDUAL_AC: _LEAK,
    Cause.RESIDUAL_DC: _LEAK,
    Cause.RESIDUAL_BOTH: _LEAK,
    Cause.TEST_NOT_IDLE: _SELF_TEST,
    Cause.TEST_NO_ANSWER: _SELF_TEST,
    Cause.TEST_LATE: _SELF_TEST,
    Cause.TEST_STUCK: _NO_PROTECTION,
    Cause.OVERCURRENT: Remedy(
        title="Stopped: the car draws more than it may",
        steps=(
            "Wait: the box tries again.",
            "If the fault comes back, have the car checked in a workshop.",
        ),
    ),
    Cause.MAINS_RANGE: Remedy(
        title="Stopped: the mains voltage is out of range",
        steps=(
            "Wait: charging goes on when the voltage is right again.",
            "If lamps flicker or are too bright, the neutral may be broken: call an electrician.",
            "If a phase has no voltage, check its breaker and the main fuses.",
            "If the voltage falls while charging, lower the current: the supply line may be too "
            "thin or too long, and may have to be reinforced.",
            "Otherwise ask the electricity supplier.",
        ),
    ),
    Cause.CHIP_SILENT: Remedy(
        title="Stopped: the box cannot measure",
        touches=True,
        steps=("Pull the plug.", _BREAKER, _SERVICE),
    ),
    Cause.PULLED_IN_TEST: Remedy(
        title="Stopped: the plug was pulled",
        touches=True,
        steps=("Put the plug in again, and check that it is locked.",),
    ),
    Cause.PULLED_IN_CHARGE: Remedy(
        title="Stopped: the plug was pulled",
        touches=True,
        steps=(
            "Put the plug in again, and check that it is locked.",
            "If it is loose or has burn marks, do not use it: have it replaced.",
        ),
    ),
    Cause.PILOT_SHORT: _CABLE,
    Cause.PILOT_MINUS: Remedy(
        title="The box does not control its signal to the car",
        touches=True,
        steps=(_RESEAT, _BREAKER, _SERVICE),
    ),
    Cause.PILOT_UNDEFINED: _CABLE,
    Cause.NO_DIODE: Remedy(
        title="This is not a car",
        touches=True,
        steps=("Remove what is connected.", "Then begin again with a car."),
    ),
    Cause.DIODE_LOST: Remedy(
        title="Stopped: the car's signal was lost",
        touches=True,
        steps=(_RESEAT, "If the fault comes back, have cable and car checked."),
    ),
    Cause.NEGATIVE_HALF: _CABLE,
    Cause.DOES_NOT_CLOSE: _NOT_CLOSING,
    Cause.NO_LOAD_VOLTAGE: _NOT_CLOSING,
    Cause.MIRROR_OPEN: _NOT_CLOSING,
    Cause.DROPPED: _NOT_CLOSING,
    Cause.CYCLE_LATE: Remedy(
        title="Stopped: the box was too slow for a moment",
        steps=("Wait: the box tries again.", "If it comes back, restart the box.", _SERVICE),
    ),
    Cause.SENSORS_SILENT: _SENSORS,
    Cause.SENSORS_NONSENSE: _SENSORS,
    Cause.MAINS_UNCLEAR: _SENSORS,
    Cause.SWITCH_OPEN: _TOO_HOT,
    Cause.SENSOR_FAILED: Remedy(
        title="Paused: a temperature sensor has failed",
        touches=True,
        steps=(_BREAKER, _SERVICE),
    ),
    Cause.TOO_HOT: _TOO_HOT,
}
"""The remedy of each cause."""

_OF_RED = dict.fromkeys(
    (Cause.TEST_NOT_IDLE, Cause.TEST_NO_ANSWER, Cause.TEST_LATE), _NO_PROTECTION
)
"""Causes that are all red once they have come too often: nothing is tried again."""

UNLISTED = Remedy(
    title="A fault that is not in the list",
    touches=True,
    steps=(
        "Pull the plug, and restart the box.",
        "If it comes back, call the service with its code.",
    ),
)
"""The remedy of a code that comes without a cause (ERR-U)."""

_OF_LATCHED = {FaultCode.RED: _LIVE, FaultCode.SAFETY_CIRCUIT: _UNPROVEN}
"""The remedies of latched codes whose cause is not said: the most careful."""


def remedy_of(code: FaultCode, cause: Cause | None) -> Remedy:
    """Return the remedy of a fault."""
    if cause is None:
        return _OF_LATCHED.get(code, UNLISTED)
    if code is FaultCode.RED and cause in _OF_RED:
        return _OF_RED[cause]
    return REMEDIES[cause]


def while_unproven(remedy: Remedy) -> Remedy:
    """Return a remedy for the time in which the contactor is not proven open."""
    if remedy.steps[0] in (_BREAKER_OFF, _MAINS_OFF):
        return remedy
    danger = " ".join(filter(None, (remedy.danger, _UNPROVEN.danger)))
    return Remedy(title=remedy.title, danger=danger, steps=_UNPROVEN.steps)
