"""Each opening of the contactor has one line, which names what has decided, with its number."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import Contactor, FaultCode, SafetyPhase
from nodes.safety.config import Config
from nodes.safety.contactor import ContactorProof
from nodes.safety.cycle import Lateness
from nodes.safety.evaluation import Evaluation, Stale
from nodes.safety.faults import CLEAN
from nodes.safety.finding import Finding, Record
from nodes.safety.opening import DROPPED, OPENED, opening_of, stop_asked
from nodes.safety.reasons import AnyReason, Reason, Reasons, stale_reasons
from nodes.safety.state import Inputs, State
from nodes.safety.words import REASONS
from tests.builders import charging_pilot, pilot_status
from tests.safety.evaluations import PLUGGED

P = SafetyPhase
CONFIG = Config()
INPUTS = Inputs(
    now_s=1000.0,
    utc_ns=7,
    since_s=0.012,
    reading=None,
    pilot=charging_pilot(),
    session=None,
    is_metering=True,
    stop=None,
)
CLOSED = State(phase=P.CLOSED, proof=ContactorProof(contactor=Contactor.CLOSED))
OPENING = replace(CLOSED, phase=P.OPENING)
DROPPED_STATE = replace(CLOSED, proof=ContactorProof(contactor=Contactor.OPEN))
DRAWS = replace(PLUGGED, most_a=15.94, is_unloaded=False)
LATE = Finding(code=FaultCode.NOT_CLOSING, cause=Cause.CYCLE_LATE, gap_s=0.14)


def holding(finding: Finding) -> State:
    record = Record(finding=finding, since_utc_ns=7, count=1)
    return replace(OPENING, faults=replace(CLEAN, records=(record,)))


def line(
    reasons: Reasons,
    evaluation: Evaluation | None = DRAWS,
    *,
    before: State = CLOSED,
    state: State = OPENING,
    lateness: Lateness = Lateness.IN_TIME,
    **inputs: Any,
) -> tuple[str, str] | None:
    given = replace(INPUTS, **inputs)
    return opening_of(CONFIG, before, state, evaluation, given, reasons, lateness)


def text(*given: Any, **words: Any) -> str:
    found = line(*given, **words)
    assert found is not None
    assert found[1].startswith(f"{OPENED}: ")
    return found[1].removeprefix(f"{OPENED}: ")


def to_open(reason: AnyReason) -> Reasons:
    return Reasons(None, None, reason)


@pytest.mark.parametrize(
    ("reason", "evaluation", "words"),
    [
        (Reason.PILOT_SILENT, DRAWS, "the pilot node is silent (for more than 1000 ms)"),
        (Reason.NOT_ASKED, replace(DRAWS, cp=CpState.B, high_v=9.0), "(CP state B, +9.0 V)"),
        (Reason.NOT_ASKED, replace(DRAWS, cp=None, high_v=7.5), "(CP state not known, +7.5 V)"),
        (Reason.OFFER_TOO_HIGH, DRAWS, "allows (16.0 A)"),
        (Reason.UNCONFIRMED, DRAWS, "(12 ms between two looks)"),
        (Reason.SWITCH_OPEN, DRAWS, "the over-temperature switch has opened"),
    ],
)
def test_what_opens_at_once_is_named_with_its_number(
    reason: Reason, evaluation: Evaluation, words: str
) -> None:
    assert words in text(to_open(reason), evaluation)


def test_what_pilot_says_is_named_as_pilot_says_it() -> None:
    pilot = pilot_status(CpState.B)
    assert text(to_open(Reason.PILOT_DISAGREES), pilot=pilot).endswith("(CP state B, +9.0 V)")


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        (Reasons(Reason.SESSION_SILENT, None, None), "(for more than 3000 ms)"),
        (Reasons(Reason.METER_SILENT, None, None), "(for more than 5000 ms)"),
        (Reasons(None, Reason.NO_OFFER, None), "the pilot offers no current"),
    ],
)
def test_an_opening_after_the_vehicle_was_asked_says_what_it_draws(
    reasons: Reasons, words: str
) -> None:
    under_load = text(reasons)
    assert words in under_load
    assert under_load.endswith("; the vehicle still drew 15.9 A after 6 s")
    assert text(reasons, PLUGGED).endswith("; the vehicle drew 0.0 A")


def test_a_vehicle_that_stops_because_it_was_asked_is_not_the_cause() -> None:
    stopped = replace(PLUGGED, cp=CpState.B, high_v=9.0)
    found = line(Reasons(Reason.SESSION_SILENT, Reason.NO_OFFER, Reason.NOT_ASKED), stopped)
    assert found is not None
    assert found[0] == "warning"
    assert "does not ask for energy (CP state B, +9.0 V); the session node is" in found[1]


def test_a_fault_is_named_with_its_code_and_alone() -> None:
    reasons = Reasons(Reason.FAULT, Reason.NO_OFFER, Reason.FAULT)
    late = "own cycle late: 0.14 s between two looks; 100 ms are allowed"
    assert text(reasons, state=holding(LATE)) == f"fault 8001, {late}"


def test_silent_sensors_are_named_with_the_gap_of_the_looks() -> None:
    words = text(stale_reasons(Stale.SILENT), None, silent=("coil", "generator"), since_s=0.034)
    assert "silent: coil, generator for more than 50 ms; the look before was 34 ms ago" in words


def test_a_slow_reading_is_named_with_its_time() -> None:
    assert "took 71 ms, 50 ms are allowed" in text(
        stale_reasons(Stale.SILENT), None, slow_read_s=0.071
    )


def test_a_late_look_at_silent_sensors_names_both_and_its_own_lateness_first() -> None:
    words = text(stale_reasons(Stale.SILENT), None, state=holding(LATE), lateness=Lateness.TOO_LATE)
    assert words.startswith("fault 8001, own cycle late: 0.14 s")
    assert "sensors are silent" in words


def test_a_stall_is_named_once() -> None:
    words = text(
        stale_reasons(Stale.LATE),
        None,
        state=holding(LATE),
        lateness=Lateness.STALLED,
        since_s=1.2,
    )
    assert words == "own cycle late: 1.20 s between two looks; 100 ms are allowed"


@pytest.mark.parametrize("reason", [Reason.FAULT, *REASONS])
def test_every_reason_has_a_line(reason: AnyReason) -> None:
    evaluation = DRAWS if isinstance(reason, Reason) else None
    reasons = to_open(reason) if isinstance(reason, Reason) else stale_reasons(reason)
    assert len(text(reasons, evaluation)) > 5


@pytest.mark.parametrize(
    ("asks", "words", "level"),
    [
        (Reasons(Reason.METER_SILENT, None, None), "for more than 5000 ms", "warning"),
        (Reasons(Reason.NOT_PERMITTED, Reason.NO_OFFER, None), "is not permitted", "info"),
        (Reasons(None, None, None), "self-test does not count", "warning"),
    ],
)
def test_what_the_vehicle_was_asked_to_stop_for_is_named_though_it_is_gone(
    asks: Reasons, words: str, level: str
) -> None:
    stopping = replace(CLOSED, phase=P.STOPPING)
    asked = stop_asked(CLOSED, stopping, DRAWS, INPUTS, asks)
    assert stop_asked(stopping, stopping, DRAWS, INPUTS, asks) is None
    before = replace(stopping, asked=asked)
    gone = Reasons(None, Reason.NO_OFFER, None)
    found = line(gone, PLUGGED, before=before)
    assert found is not None
    assert found[0] == level
    assert found[1].startswith(OPENED)
    assert words in found[1]
    assert "offers no current" not in found[1]


@pytest.mark.parametrize(
    ("reason", "level"),
    [
        (Reason.NOT_ASKED, "info"),
        (Reason.NOT_PERMITTED, "info"),
        (Reason.NO_OFFER, "info"),
        (Reason.PILOT_SILENT, "warning"),
        (Reason.FAULT, "warning"),
    ],
)
def test_only_what_nobody_asked_for_is_a_warning(reason: Reason, level: str) -> None:
    found = line(to_open(reason))
    assert found is not None
    assert found[0] == level


@pytest.mark.parametrize("phase", [P.START, P.IDLE, P.SELF_TEST, P.READY, P.OPENING, P.FAULT])
def test_what_was_open_before_has_no_line(phase: SafetyPhase) -> None:
    assert line(to_open(Reason.FAULT), before=replace(CLOSED, phase=phase)) is None


# --- without an order ---------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [P.CLOSED, P.STOPPING])
def test_a_contactor_that_opens_by_itself_has_one_line(phase: SafetyPhase) -> None:
    before, dropped = replace(CLOSED, phase=phase), replace(DROPPED_STATE, phase=phase)
    found = line(Reasons(None, None, None), before=before, state=dropped)
    assert found is not None
    assert found[0] == "warning"
    assert found[1].startswith(f"{DROPPED}: ")
    assert line(Reasons(None, None, None), before=dropped, state=dropped) is None
    assert line(Reasons(None, None, None), before=dropped, state=before) is None


def test_the_order_after_that_is_no_second_opening() -> None:
    found = line(to_open(Reason.FAULT), before=DROPPED_STATE, state=holding(LATE))
    assert found is not None
    assert found[1].startswith("the coil is switched off: fault 8001")


def test_a_contactor_that_is_closing_has_not_opened_by_itself() -> None:
    closing = replace(DROPPED_STATE, phase=P.CLOSING)
    assert line(Reasons(None, None, None), before=closing, state=closing) is None
    assert line(Reasons(None, None, None), before=closing, state=CLOSED) is None
