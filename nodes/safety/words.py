"""The texts for persons: faults, remedies, why the contactor is not closed. Pure.

No decision uses them. `report.py` puts them into safety/status.
"""

from collections.abc import Callable

from msgs.fault_cause import Cause
from msgs.remedies import remedy_of
from msgs.safety import Fault, FaultCode, SafetyPhase
from msgs.units import MOST_TEXT
from nodes.safety.cycle import LATE_S, MOST_LATE, STALLED_S, TOO_LATE_S, WITHIN_S
from nodes.safety.earth import LIMIT_OHM
from nodes.safety.evaluation import Stale
from nodes.safety.finding import Finding, Record
from nodes.safety.pace import DERATE_TO_C
from nodes.safety.reasons import AnyReason, Reason
from nodes.safety.supply import LEAST_V, MOST_V

SILENT = "the box's own sensors are silent"
NONSENSE = "the box's own sensors show impossible values of the pilot line"
UNCLEAR = "the pilot shows 0 V, and it is not known whether the box has mains"
SWITCH_OPEN = "the over-temperature switch has opened"

REASONS: dict[AnyReason, str] = {
    Reason.STOP: "the safety node is being stopped",
    Reason.COMMISSIONING: "the box is in commissioning mode (DSW2.8)",
    Reason.SHOWROOM: "the box is in showroom mode",
    Reason.STATE_F: "the pilot line is in state F",
    Reason.NO_VEHICLE: "no vehicle is connected",
    Reason.MAINS_BACK: "the mains are back; a random wait keeps the boxes of a house from starting "
    "at once",
    Reason.EARTH: "the protective earth is missing, or its measurement is disturbed",
    Reason.SESSION_SILENT: "the session node is silent, so charging is not permitted",
    Reason.NOT_PERMITTED: "charging is not permitted",
    Reason.METER_SILENT: "the box meter is silent, so an overcurrent would not be seen",
    Reason.PHASES_UNKNOWN: "it is not known yet which phases have mains",
    Reason.PHASES_UNSTORED: "the phases that have mains are not stored yet",
    Reason.NO_OFFER: "the pilot offers no current",
    Reason.NO_PWM: "the pilot's generator gives no PWM",
    Reason.SWITCH_OPEN: SWITCH_OPEN,
    Reason.OFFER_TOO_HIGH: "the pilot's generator offers more than the installation or the heat "
    "allows",
    Reason.NOT_ASKED: "the vehicle does not ask for energy",
    Reason.PILOT_SILENT: "the pilot node is silent",
    Reason.UNCONFIRMED: "after a late look the vehicle was not seen to ask for energy",
    Reason.PILOT_DISAGREES: "the pilot node does not see a vehicle that asks for energy",
    Reason.DISK_UNHEARD: "the disk has not confirmed yet that safety can store",
    Reason.NOT_PROVEN: "the contactor is not proven open yet",
    Reason.SELF_TEST: "the residual-current monitor is being tested",
    Reason.CLOSING: "the contactor is closing",
    Reason.BETWEEN_CLOSINGS: "the contactor waits between two closings",
    Reason.DIODE: "the vehicle's diode is not proven yet",
    Stale.NO_MAINS: "the box has no mains",
    Stale.SILENT: SILENT,
    Stale.NONSENSE: NONSENSE,
    Stale.UNCLEAR: UNCLEAR,
    Stale.LATE: f"own cycle late: more than {STALLED_S:g} s between two looks",
}


def not_closed(
    phase: SafetyPhase, reason: AnyReason | None, records: tuple[Record, ...], problem: str | None
) -> str:
    """Return why the contactor is not closed; "" while it is.

    :param problem: why the last write failed.
    """
    if reason is None:
        text = ""
    elif reason is Reason.FAULT:
        text = fault(records[0].finding)
    elif reason is Reason.DISK_REFUSES:
        text = f"safety's data cannot be stored: {problem}"
    else:
        text = REASONS[reason]
    if phase is SafetyPhase.STOPPING:
        because = "" if reason is None else f": {text}"
        text = f"waits until the vehicle draws no current{because}"
    return text[:MOST_TEXT]


def as_fault(record: Record) -> Fault:
    """Return a fault as it is published."""
    return Fault(
        code=record.code,
        since_utc_ns=record.since_utc_ns,
        count=record.count,
        detail=fault(record.finding),
        remedy=remedy_of(record.code, record.finding.cause).as_text(),
        cause=record.finding.cause,
    )


def fault(finding: Finding) -> str:
    """Return what was seen."""
    return _FAULTS[finding.cause](finding)


def own_cycle_late(gap_s: float) -> str:
    """Return the text for a gap [s] between two looks that was too long."""
    text = f"own cycle late: {gap_s:.2f} s between two looks"
    if gap_s > TOO_LATE_S:
        return f"{text}; {TOO_LATE_S * 1000:.0f} ms are allowed"
    late = f"and more than {LATE_S * 1000:.0f} ms more than {MOST_LATE} times"
    return f"{text} {late} within {WITHIN_S:g} s"


def _always(text: str) -> Callable[[Finding], str]:
    return lambda _: text


def _generator(seen: Finding) -> str:
    set_percent, duty_percent = seen.set_percent or 0.0, seen.duty_percent or 0.0
    return (
        f"the pilot's generator does not follow: it was set to {set_percent:.1f} % "
        f"and gives {duty_percent:.1f} %"
    )


def _failed_test(text: str) -> Callable[[Finding], str]:
    def failed(seen: Finding) -> str:
        times = f", {seen.failed_tests} times in a row" if seen.code is FaultCode.RED else ""
        return f"self-test of the residual-current monitor: {text}{times}"

    return failed


def _mains_range(seen: Finding) -> str:
    volts = enumerate(seen.voltages_v or (), 1)
    shown = ", ".join(f"L{line} {volt:.0f} V" for line, volt in volts if volt is not None)
    return f"the mains are outside {LEAST_V:.0f} V to {MOST_V:.0f} V: {shown or 'unknown now'}"


def _plateaus(seen: Finding) -> str:
    return f"the pilot shows {seen.high_v or 0.0:+.1f} V and {seen.low_v or 0.0:+.1f} V"


_FAULTS: dict[Cause, Callable[[Finding], str]] = {
    Cause.STILL_LIVE: _always(
        "the contactor is commanded open and there is still voltage on the cable"
    ),
    Cause.NOT_PROVEN_OPEN: _always(
        "the contactor is commanded open and its mirror contact does not prove that it is"
    ),
    Cause.STRAY_CURRENT: lambda seen: (
        f"{seen.current_a or 0.0:.1f} A flow though the contactor is commanded open"
    ),
    Cause.GENERATOR: _generator,
    Cause.LATCH_UNREADABLE: _always("the stored state of the safety circuit cannot be read"),
    Cause.EARTH: _always(f"the protective earth is missing or has more than {LIMIT_OHM:.0f} ohm"),
    Cause.EARTH_DISTURBED: _always(
        f"the protective earth had more than {LIMIT_OHM:.0f} ohm for a moment while charging"
    ),
    Cause.RESIDUAL_AC: _always("the residual-current monitor has tripped: 30 mA AC"),
    Cause.RESIDUAL_DC: _always("the residual-current monitor has tripped: 6 mA DC"),
    Cause.RESIDUAL_BOTH: _always("the residual-current monitor has tripped: 30 mA AC and 6 mA DC"),
    Cause.TEST_NOT_IDLE: _failed_test("an output is active without any test"),
    Cause.TEST_NO_ANSWER: _failed_test("an output did not answer the test"),
    Cause.TEST_LATE: _failed_test("an output became idle too late"),
    Cause.TEST_STUCK: _always(
        "self-test of the residual-current monitor: an output stays active after the test"
    ),
    Cause.OVERCURRENT: lambda seen: (
        f"the vehicle draws {seen.current_a or 0.0:.1f} A, "
        f"and {seen.offered_a or 0.0:.1f} A are offered"
    ),
    Cause.MAINS_RANGE: _mains_range,
    Cause.CHIP_SILENT: _always(
        "the box's meter chip is silent or repeats its values: mains or currents are not known"
    ),
    Cause.PULLED_IN_TEST: _always("the plug was pulled during the self-test"),
    Cause.PULLED_IN_CHARGE: _always("the plug was pulled while charging"),
    Cause.PILOT_SHORT: lambda seen: f"the pilot is shorted to earth: {seen.high_v or 0.0:+.1f} V",
    Cause.PILOT_MINUS: lambda seen: (
        f"the pilot is stuck at {seen.high_v or 0.0:+.1f} V: its generator does not drive it"
    ),
    Cause.PILOT_UNDEFINED: lambda seen: (
        f"the pilot shows {seen.high_v or 0.0:+.1f} V, which is no state"
    ),
    Cause.NO_DIODE: lambda seen: f"{_plateaus(seen)}: this load has no vehicle's diode",
    Cause.DIODE_LOST: lambda seen: f"{_plateaus(seen)}: the vehicle's diode is not seen any more",
    Cause.NEGATIVE_HALF: lambda seen: f"{_plateaus(seen)}: the negative half is not -12 V",
    Cause.DOES_NOT_CLOSE: _always("the contactor does not close"),
    Cause.NO_LOAD_VOLTAGE: _always("the contactor has closed and there is no voltage behind it"),
    Cause.MIRROR_OPEN: _always(
        "there is voltage behind the contactor, its mirror contact shows open"
    ),
    Cause.DROPPED: _always("the contactor has dropped without a command, or lost its mains"),
    Cause.CYCLE_LATE: lambda seen: own_cycle_late(seen.gap_s or 0.0),
    Cause.SENSORS_SILENT: _always(SILENT),
    Cause.SENSORS_NONSENSE: _always(NONSENSE),
    Cause.MAINS_UNCLEAR: _always(UNCLEAR),
    Cause.SWITCH_OPEN: _always(SWITCH_OPEN),
    Cause.SENSOR_FAILED: _always(
        "a temperature sensor has failed: it is open, shorted, or its value has leapt"
    ),
    Cause.TOO_HOT: lambda seen: (
        f"the box has {seen.temperature_c or 0.0:.0f} degC; {DERATE_TO_C:.0f} are allowed"
    ),
}
