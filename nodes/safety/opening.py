"""Why the contactor has opened: one line for the log, and for safety/status. Pure.

No decision uses it. Each opening has one line, with the number that has decided.
"""

from msgs.pilot import CpState
from msgs.safety import Contactor, FaultCode, SafetyPhase
from msgs.topics import PILOT_STATUS, SESSION_STATUS
from msgs.units import MOST_TEXT
from nodes.safety import words
from nodes.safety.config import Config
from nodes.safety.contactor import ENERGISED
from nodes.safety.cycle import READ_S, Lateness
from nodes.safety.evaluation import Evaluation, Stale
from nodes.safety.faults import FaultState
from nodes.safety.reasons import AnyReason, Reason, Reasons
from nodes.safety.state import Inputs, State, StopAsked
from nodes.safety.supply import SILENT_S

OPENED = "the contactor has opened"
DROPPED = f"{OPENED} without safety's order"
_DROPPED = f"{DROPPED}: its coil has lost its watchdog or its mains, or is broken"
_ASKED = "the vehicle had been asked to stop before"
_UNTESTED = "its self-test does not count any more: meanwhile charging was not permitted"

# What a vehicle, a person or another node asks for in order; all else is a warning.
_IN_ORDER = frozenset(
    {
        Reason.NOT_ASKED,
        Reason.NOT_PERMITTED,
        Reason.NO_OFFER,
        Reason.STOP,
        Reason.COMMISSIONING,
        Reason.SHOWROOM,
    }
)


def opening_of(
    config: Config,
    before: State,
    state: State,
    evaluation: Evaluation | None,
    inputs: Inputs,
    reasons: Reasons,
    lateness: Lateness,
) -> tuple[str, str] | None:
    """Return why the contactor has opened in this step (level, text); None: it has not.

    :param before: the state before the step.
    """
    if before.phase not in ENERGISED:
        return None
    was_closed = before.phase is not SafetyPhase.CLOSING
    has_dropped = was_closed and before.proof.contactor is Contactor.OPEN
    if state.phase in ENERGISED:
        is_open = was_closed and state.proof.contactor is Contactor.OPEN
        return ("warning", _DROPPED) if is_open and not has_dropped else None
    asked = before.asked if before.phase is SafetyPhase.STOPPING else None
    because = _because(reasons, evaluation, lateness, was_asked=asked is not None)
    parts = [_text(reason, state.faults, evaluation, inputs) for reason in because]
    is_in_order = _IN_ORDER.issuperset(because)
    if asked is not None:
        parts.append(f"{_ASKED}: {asked.text}" if parts else asked.text)
        is_in_order = is_in_order and asked.is_in_order
    if evaluation is not None and was_closed and reasons.to_open is None:
        parts.append(_when(config, evaluation))
    what = "the coil is switched off" if has_dropped else OPENED
    return "info" if is_in_order else "warning", f"{what}: {'; '.join(parts)}"[:MOST_TEXT]


def stop_asked(
    before: State,
    state: State,
    evaluation: Evaluation | None,
    inputs: Inputs,
    reasons: Reasons,
) -> StopAsked | None:
    """Return why the vehicle is asked to stop from this step on; None: it is not.

    The reason may be gone when the contactor opens.
    """
    if (before.phase, state.phase) != (SafetyPhase.CLOSED, SafetyPhase.STOPPING):
        return None
    if reasons.first is None:
        return StopAsked(text=_UNTESTED)
    text = _text(reasons.first, state.faults, evaluation, inputs)
    return StopAsked(text=text, is_in_order=reasons.first in _IN_ORDER)


def _because(
    reasons: Reasons,
    evaluation: Evaluation | None,
    lateness: Lateness,
    *,
    was_asked: bool,
) -> tuple[AnyReason, ...]:
    """Return what has decided, most serious first.

    :param was_asked: the vehicle was asked to stop before, for a reason that is remembered.
    """
    if evaluation is None:
        is_late = lateness is Lateness.TOO_LATE  # the inputs are stale beside that
        found = [Reason.FAULT if is_late else None, reasons.first]
    else:
        is_alone = was_asked or reasons.to_open is Reason.FAULT
        found = [reasons.to_open, None if is_alone else reasons.to_withhold or reasons.to_wait]
    return tuple(dict.fromkeys(reason for reason in found if reason is not None))


def _when(config: Config, evaluation: Evaluation) -> str:
    """Return what the vehicle did when it was cut off after it had been asked to stop."""
    most_a = evaluation.most_a or 0.0
    if evaluation.is_unloaded:
        return f"the vehicle drew {most_a:.1f} A"
    return f"the vehicle still drew {most_a:.1f} A after {config.vehicle_s:g} s"


def _text(
    reason: AnyReason, faults: FaultState, evaluation: Evaluation | None, inputs: Inputs
) -> str:
    """Return a reason as text, with its numbers."""
    numbers = ""
    match reason:
        case Reason.FAULT:
            return _fault(faults)
        case Stale.LATE:
            return words.own_cycle_late(inputs.since_s)
        case Stale.SILENT:
            return _silent(inputs)
        case Reason.PILOT_SILENT:
            numbers = _longer_than(PILOT_STATUS.hold_s)
        case Reason.SESSION_SILENT:
            numbers = _longer_than(SESSION_STATUS.hold_s)
        case Reason.METER_SILENT:
            numbers = _longer_than(SILENT_S)
        case Reason.UNCONFIRMED:
            numbers = f"{inputs.since_s * 1000:.0f} ms between two looks"
        case Reason.PILOT_DISAGREES | Reason.NO_OFFER if inputs.pilot is not None:
            numbers = _line(inputs.pilot.cp_state, inputs.pilot.high_v)
        case Reason.NOT_ASKED if evaluation is not None:
            numbers = _line(evaluation.cp, evaluation.high_v)
        case Reason.OFFER_TOO_HIGH if evaluation is not None:
            numbers = f"{evaluation.offered_a:.1f} A"
        case Reason.NO_PWM if evaluation is not None:
            numbers = f"{evaluation.duty_percent:.0f} %"
        case Stale.NONSENSE if inputs.reading is not None:
            numbers = f"{inputs.reading.high_v:+.1f} V and {inputs.reading.low_v:+.1f} V"
        case _:
            pass
    return words.REASONS[reason] + (f" ({numbers})" if numbers else "")


def _fault(faults: FaultState) -> str:
    """Return the first fault that opens at once, else the first."""
    records = sorted(faults.records, key=lambda record: record.code is FaultCode.TOO_HOT)
    return f"fault {records[0].code}, {words.fault(records[0].finding)}" if records else "a fault"


def _silent(inputs: Inputs) -> str:
    """Return which devices gave no reading, and for how long."""
    since = f"the look before was {inputs.since_s * 1000:.0f} ms ago"
    if inputs.slow_read_s is not None:
        slow = f"a reading of them took {inputs.slow_read_s * 1000:.0f} ms"
        return f"{words.SILENT}: {slow}, {READ_S * 1000:.0f} ms are allowed; {since}"
    devices = ", ".join(inputs.silent)
    return f"{words.SILENT}: {devices} {_longer_than(READ_S)}; {since}"


def _line(cp: CpState | None, high_v: float) -> str:
    return f"CP state {cp or 'not known'}, {high_v:+.1f} V"


def _longer_than(hold_s: float) -> str:
    return f"for more than {hold_s * 1000:.0f} ms"
