"""The present faults: what has happened, the danger, what to do, what the box knows itself. Pure.

The texts of each cause are those of `msgs.remedies`. A fault is shown beside what is true now: with
the mains off, a latched fault, or session silent nothing is tried again, whatever was said before.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.remedies import FIRST_THE_DANGER, remedy_of, while_unproven
from msgs.safety import (
    LATCHED,
    RETRIED,
    Contactor,
    Fault,
    FaultCode,
    SafetyPhase,
    SafetyStatus,
)
from msgs.units import Seconds
from view.meters import online
from view.snapshot import Snapshot

MOST_RETRIES = 5  # ERR-R
_USED = f"All {MOST_RETRIES} tries are used: unplug the car to begin again."
_USED_IN_DANGER = (
    f"All {MOST_RETRIES} tries are used. They begin again when the plug is out, which has to wait "
    "until the danger is over."
)
NO_VOLTAGE_V = 50.0  # a phase below it has no voltage, as for `wired_phases` of safety/status

_OF_HEAT = frozenset({Cause.TOO_HOT, Cause.SWITCH_OPEN, Cause.SENSOR_FAILED})
_OF_CONTACTOR = frozenset(
    {Cause.STILL_LIVE, Cause.NOT_PROVEN_OPEN, Cause.STRAY_CURRENT, Cause.LATCH_UNREADABLE}
)
_OF_PLUG = frozenset({FaultCode.UNPLUGGED, FaultCode.NO_VEHICLE, FaultCode.PLUG_STATE})
_CONTACTORS = {
    Contactor.OPEN: "The contactor is proven open now.",
    Contactor.CLOSED: "The contactor is not proven open.",
    Contactor.WELDED: "The contactor is welded: it does not open.",
}
_MOVING = frozenset(
    {SafetyPhase.CLOSING, SafetyPhase.CLOSED, SafetyPhase.STOPPING, SafetyPhase.OPENING}
)
"""The phases in which the contactor is closed by command, or is just opening."""


class ShownFault(Struct, frozen=True, kw_only=True):
    """One present fault, for a person."""

    code: FaultCode
    name: str
    title: str
    danger: str  # "": there is none
    steps: tuple[str, ...]  # in this order
    known: tuple[str, ...]  # what the box knows itself, now
    detail: str  # what was seen when it was raised
    remedy: str  # danger and steps as one text
    touches: bool  # a step moves plug or cable, or switches the mains on
    count: int  # since the plug went in
    retry_in_s: Seconds | None = None  # None: it is not retried by itself
    retry: str = ""


def has_latched(safety: SafetyStatus) -> bool:
    """Return whether a latched fault is raised: charging is over until it is cleared."""
    return any(code in LATCHED for code in safety.faults)


def is_unproven(safety: SafetyStatus) -> bool:
    """Return whether the contactor is open by command, and not proven open."""
    return safety.contactor is not Contactor.OPEN and safety.phase not in _MOVING


def faults(snapshot: Snapshot) -> tuple[ShownFault, ...]:
    """Return the present faults: latched ones first, then those with a danger."""
    safety = snapshot.safety.fresh
    if safety is None:
        return ()
    shown = [_fault(snapshot, safety, code) for code in safety.faults]
    if any(fault.danger for fault in shown):
        shown = [_beside_a_danger(fault) for fault in shown]
    return tuple(sorted(shown, key=lambda fault: (fault.code not in LATCHED, not fault.danger)))


def _fault(snapshot: Snapshot, safety: SafetyStatus, code: FaultCode) -> ShownFault:
    record = next((each for each in safety.records if each.code is code), None)
    name = "all red" if code is FaultCode.RED else code.value
    detail, count = (record.detail, record.count) if record else (f"fault {name}", 1)
    retry_in_s = _retry_in_s(snapshot, safety, code)
    remedy = remedy_of(code, record.cause if record else None)
    if is_unproven(safety):
        remedy = while_unproven(remedy)
    is_of_older_safety = record is not None and record.cause is None and bool(record.remedy)
    return ShownFault(
        code=code,
        name=name,
        title=remedy.title,
        danger=remedy.danger,
        steps=(record.remedy,) if record and is_of_older_safety else remedy.steps,
        known=tuple(_known(snapshot, safety, code, record)),
        detail=f"{detail}, seen {count} times" if count > 1 else detail,
        remedy=record.remedy if record else "",
        touches=remedy.touches or is_of_older_safety,
        count=count,
        retry_in_s=retry_in_s,
        retry="" if retry_in_s is None else _retry_words(safety, retry_in_s),
    )


def _beside_a_danger(fault: ShownFault) -> ShownFault:
    """Return a fault without advice to touch plug or cable, while there is a danger."""
    known = tuple(_USED_IN_DANGER if each == _USED else each for each in fault.known)
    if fault.danger or not fault.touches:
        return replace(fault, known=known)
    return replace(fault, known=known, steps=(FIRST_THE_DANGER,), remedy=FIRST_THE_DANGER)


def _retry_in_s(snapshot: Snapshot, safety: SafetyStatus, code: FaultCode) -> Seconds | None:
    """Return when a fault is retried; None where something newer keeps it from that."""
    is_possible = (
        code in RETRIED
        and safety.has_mains
        and not has_latched(safety)
        and snapshot.session.fresh is not None
    )
    return safety.retry_in_s if is_possible else None


def _retry_words(safety: SafetyStatus, retry_in_s: float) -> str:
    used = f"{safety.retries} of {MOST_RETRIES} used"
    return f"tried again by itself in {retry_in_s:.0f} s ({used})"


def _known(
    snapshot: Snapshot, safety: SafetyStatus, code: FaultCode, record: Fault | None
) -> list[str]:
    """Return what the box knows now about a fault, as sentences."""
    cause = None if record is None else record.cause
    known = []
    if not safety.has_mains:
        known.append("The box has no mains now: it looks again when they are back.")
    if cause is Cause.MAINS_RANGE and safety.has_mains:
        known += _voltages(snapshot, safety)
    if cause in _OF_HEAT and math.isfinite(safety.temperature_c):
        known.append(f"The box has {safety.temperature_c:.0f} °C now.")
    if cause in _OF_CONTACTOR:
        known.append(_CONTACTORS[safety.contactor])
    if cause is Cause.OVERCURRENT:
        known.append(f"{safety.offered_a:.1f} A are offered now.")
    if code in _OF_PLUG and safety.cp_state is not None:
        is_out = safety.cp_state is CpState.A
        known.append("The plug is out now." if is_out else "The plug is in now.")
    if code in RETRIED and safety.retries >= MOST_RETRIES and safety.retry_in_s is None:
        known.append(_USED)
    return known


def _voltages(snapshot: Snapshot, safety: SafetyStatus) -> list[str]:
    """Return the voltage of each phase that is wired, and which has none."""
    box = online(snapshot.box)
    if box is None:
        return ["The voltages are not known now: the meter of the box does not answer."]
    wired = safety.wired_phases if any(safety.wired_phases) else (True, True, True)
    lines = [
        (f"L{index}", line.voltage_v)
        for index, (line, is_wired) in enumerate(zip(box.lines, wired, strict=True), 1)
        if is_wired
    ]
    missing = [
        f"{name} has no voltage: check its breaker."
        for name, volt in lines
        if not volt >= NO_VOLTAGE_V
    ]
    present = ", ".join(f"{name} {volt:.0f} V" for name, volt in lines if volt >= NO_VOLTAGE_V)
    return [*missing, *([f"Measured now: {present}."] if present else [])]
