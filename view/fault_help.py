"""The faults for a person who reads about them: pattern, causes and remedies of each code (ERR-T).

Pure. The remedies are those of `msgs.remedies`, as for a fault that is raised now.
"""

from typing import NamedTuple

from msgs import status_led
from msgs.fault_cause import Cause
from msgs.remedies import Remedy, remedy_of
from msgs.safety import FaultCode
from msgs.status_led import Segments
from view.fault_names import FAULT_NAMES, code_title
from view.lights import segments_words

CAUSES: dict[FaultCode, tuple[Cause, ...]] = {
    FaultCode.RED: (
        Cause.STILL_LIVE,
        Cause.EARTH,
        Cause.TEST_STUCK,
        Cause.TEST_NOT_IDLE,
        Cause.TEST_NO_ANSWER,
        Cause.TEST_LATE,
    ),
    FaultCode.SAFETY_CIRCUIT: (
        Cause.NOT_PROVEN_OPEN,
        Cause.STRAY_CURRENT,
        Cause.GENERATOR,
        Cause.LATCH_UNREADABLE,
    ),
    FaultCode.RESIDUAL_CURRENT: (
        Cause.RESIDUAL_AC,
        Cause.RESIDUAL_DC,
        Cause.RESIDUAL_BOTH,
        Cause.TEST_NOT_IDLE,
        Cause.TEST_NO_ANSWER,
        Cause.TEST_LATE,
    ),
    FaultCode.OVERCURRENT: (Cause.OVERCURRENT,),
    FaultCode.MAINS_VOLTAGE: (Cause.MAINS_RANGE, Cause.CHIP_SILENT),
    FaultCode.NOT_CLOSING: (
        Cause.DOES_NOT_CLOSE,
        Cause.NO_LOAD_VOLTAGE,
        Cause.MIRROR_OPEN,
        Cause.DROPPED,
        Cause.EARTH_DISTURBED,
        Cause.CYCLE_LATE,
    ),
    FaultCode.PLUG_STATE: (
        Cause.PILOT_SHORT,
        Cause.PILOT_MINUS,
        Cause.PILOT_UNDEFINED,
        Cause.NEGATIVE_HALF,
        Cause.SENSORS_SILENT,
        Cause.SENSORS_NONSENSE,
        Cause.MAINS_UNCLEAR,
    ),
    FaultCode.NO_VEHICLE: (Cause.NO_DIODE, Cause.DIODE_LOST),
    FaultCode.TOO_HOT: (Cause.TOO_HOT, Cause.SWITCH_OPEN, Cause.SENSOR_FAILED),
    FaultCode.UNPLUGGED: (Cause.PULLED_IN_CHARGE, Cause.PULLED_IN_TEST),
}
"""The causes of each code, the most dangerous code first."""

CAUSE_NAMES: dict[Cause, str] = {
    Cause.STILL_LIVE: "the box has opened its contactor, and there is still voltage on the cable",
    Cause.NOT_PROVEN_OPEN: "the contactor does not show that it has opened",
    Cause.STRAY_CURRENT: "current flows though the contactor should be open",
    Cause.GENERATOR: "the signal to the vehicle is not what the box has set",
    Cause.LATCH_UNREADABLE: "the stored state of the safety circuit cannot be read",
    Cause.EARTH: "the protective earth is missing, or its resistance is too high",
    Cause.EARTH_DISTURBED: "the protective earth was lost for a moment",
    Cause.RESIDUAL_AC: "alternating current leaks to earth, 30 mA or more",
    Cause.RESIDUAL_DC: "direct current leaks to earth, 6 mA or more",
    Cause.RESIDUAL_BOTH: "alternating and direct current leak to earth",
    Cause.TEST_NOT_IDLE: "the leakage monitor shows a leak without any",
    Cause.TEST_NO_ANSWER: "the leakage monitor does not answer its test",
    Cause.TEST_LATE: "the leakage monitor answers its test too slowly",
    Cause.TEST_STUCK: "the leakage monitor does not end its test",
    Cause.OVERCURRENT: "the vehicle draws more than it is offered",
    Cause.MAINS_RANGE: "the mains are below 160 V or above 280 V, or a phase is missing",
    Cause.CHIP_SILENT: "the box cannot measure mains and current",
    Cause.PULLED_IN_TEST: "the plug was pulled during the self-test",
    Cause.PULLED_IN_CHARGE: "the plug was pulled while charging, or was not locked",
    Cause.PILOT_SHORT: "the signal line to the vehicle is shorted",
    Cause.PILOT_MINUS: "the signal line to the vehicle is stuck",
    Cause.PILOT_UNDEFINED: "the signal line to the vehicle is in no known state",
    Cause.NO_DIODE: "what is plugged in is no vehicle",
    Cause.DIODE_LOST: "the signal of the vehicle was lost",
    Cause.NEGATIVE_HALF: "the signal line to the vehicle is disturbed",
    Cause.DOES_NOT_CLOSE: "the contactor does not close",
    Cause.NO_LOAD_VOLTAGE: "there is no voltage behind the closed contactor",
    Cause.MIRROR_OPEN: "the contactor reports open though it is closed",
    Cause.DROPPED: "the contactor has opened by itself",
    Cause.CYCLE_LATE: "the box was too slow for a moment",
    Cause.SENSORS_SILENT: "the sensors of the box do not answer",
    Cause.SENSORS_NONSENSE: "the sensors of the box show impossible values",
    Cause.MAINS_UNCLEAR: "it is not clear whether the box has mains",
    Cause.SWITCH_OPEN: "the over-temperature switch has opened",
    Cause.SENSOR_FAILED: "a temperature sensor has failed",
    Cause.TOO_HOT: "the box is too hot",
}
"""Each cause for a person, without numbers."""


class CauseHelp(NamedTuple):
    """Causes with one remedy."""

    names: tuple[str, ...]
    remedy: Remedy


class FaultHelp(NamedTuple):
    """One code."""

    code: FaultCode
    title: str  # "Fault 8005", "All red"
    name: str
    segments: Segments
    pattern: str  # colours and effect as text
    after: str  # how it is over
    causes: tuple[CauseHelp, ...]


_AFTER_RETRY = (
    "The box tries again by itself, at most five times while the plug is in. After that the "
    "fault stays until the plug has been pulled, or the box was restarted."
)
_AFTER = {
    FaultCode.SAFETY_CIRCUIT: "The box does not try again. Only the mains off and on clear it, if "
    "the contactor is then proven open.",
    FaultCode.RED: "The box does not close its contactor any more. One restart that you ask for, "
    "or the mains off and on, begin its tests again.",
    FaultCode.TOO_HOT: "Its code is shown for some seconds, then two orange segments. The charge "
    "goes on by itself when the box has cooled.",
    FaultCode.NO_VEHICLE: "It is over when what is no vehicle has been removed. "
    "A vehicle whose signal was lost is tried again.",
    FaultCode.UNPLUGGED: "It is over when the plug has been out and is in again. After a loose "
    "contact for a moment the box tries again by itself.",
}


def fault_help() -> tuple[FaultHelp, ...]:
    """Return all codes, the most dangerous first."""
    return tuple(_help(code) for code in CAUSES)


def _help(code: FaultCode) -> FaultHelp:
    is_red = code is FaultCode.RED
    segments = status_led.ALL_RED if is_red else status_led.FAULTS[code]
    by_remedy: dict[int, CauseHelp] = {}
    for cause in CAUSES[code]:
        remedy = remedy_of(code, cause)
        names = by_remedy[id(remedy)].names if id(remedy) in by_remedy else ()
        by_remedy[id(remedy)] = CauseHelp((*names, CAUSE_NAMES[cause]), remedy)
    return FaultHelp(
        code=code,
        title=code_title(code),
        name=FAULT_NAMES[code],
        segments=segments,
        pattern=segments_words(segments),
        after=_AFTER.get(code, _AFTER_RETRY),
        causes=tuple(by_remedy.values()),
    )
