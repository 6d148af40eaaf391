"""The texts for a person: one for everything that can be said, with its numbers."""

from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.remedies import remedy_of
from msgs.safety import FaultCode, SafetyPhase
from msgs.units import MOST_TEXT
from nodes.safety.evaluation import Stale
from nodes.safety.finding import Finding, Record
from nodes.safety.reasons import Reason
from nodes.safety.words import REASONS, as_fault, fault, not_closed
from tests.builders import fault_record

C = Cause


@pytest.mark.parametrize(
    ("cause", "numbers", "text"),
    [
        (C.STRAY_CURRENT, {"current_a": 1.23}, "1.2 A flow"),
        (
            C.GENERATOR,
            {"set_percent": 50.0, "duty_percent": 26.7},
            "set to 50.0 % and gives 26.7 %",
        ),
        (C.EARTH, {}, "more than 500 ohm"),
        (C.RESIDUAL_AC, {}, "tripped: 30 mA AC"),
        (C.RESIDUAL_BOTH, {}, "tripped: 30 mA AC and 6 mA DC"),
        (C.OVERCURRENT, {"current_a": 20.0, "offered_a": 6.0}, "20.0 A, and 6.0 A are offered"),
        (
            C.MAINS_RANGE,
            {"voltages_v": (150.4, None, 0.0)},
            "outside 160 V to 280 V: L1 150 V, L3 0 V",
        ),
        (C.MAINS_RANGE, {}, "unknown now"),
        (C.PILOT_SHORT, {"high_v": 0.04}, "shorted to earth: +0.0 V"),
        (C.PILOT_MINUS, {"high_v": -12.0}, "stuck at -12.0 V"),
        (C.PILOT_UNDEFINED, {"high_v": 7.5}, "+7.5 V, which is no state"),
        (C.NO_DIODE, {"high_v": 6.0, "low_v": -6.0}, "+6.0 V and -6.0 V: this load"),
        (C.NEGATIVE_HALF, {"high_v": 6.0, "low_v": -9.0}, "+6.0 V and -9.0 V: the negative half"),
        (C.TOO_HOT, {"temperature_c": 81.4}, "81 degC; 80 are allowed"),
    ],
)
def test_what_was_seen_is_published_with_its_numbers(
    cause: Cause, numbers: dict[str, Any], text: str
) -> None:
    assert text in fault(Finding(code=FaultCode.RED, cause=cause, **numbers))


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_text_whether_or_not_its_numbers_are_known(cause: Cause) -> None:
    assert 10 < len(fault(Finding(code=FaultCode.RED, cause=cause))) < MOST_TEXT


@pytest.mark.parametrize(
    ("code", "is_counted"), [(FaultCode.RED, True), (FaultCode.RESIDUAL_CURRENT, False)]
)
def test_the_failed_self_tests_are_counted_in_the_text_once_they_are_too_many(
    code: FaultCode, is_counted: bool
) -> None:
    text = fault(Finding(code=code, cause=C.TEST_NO_ANSWER, failed_tests=5))
    assert "did not answer" in text
    assert ("5 times in a row" in text) is is_counted


@pytest.mark.parametrize("code", list(FaultCode))
def test_a_fault_is_published_with_its_text_and_remedy(code: FaultCode) -> None:
    finding = Finding(code=code, cause=C.EARTH)
    published = as_fault(Record(finding=finding, since_utc_ns=7, count=2))
    assert published == fault_record(
        code,
        since_utc_ns=7,
        count=2,
        detail=fault(finding),
        remedy=remedy_of(code, C.EARTH).as_text(),
        cause=C.EARTH,
    )


# --- why the contactor is not closed -----------------------------------------------------------


def test_every_reason_has_a_text() -> None:
    assert set(REASONS) == {*Reason, *Stale} - {Reason.FAULT, Reason.DISK_REFUSES}
    assert "" not in REASONS.values()


def test_the_reason_of_a_fault_is_its_own_text() -> None:
    records = (
        Record(finding=Finding(code=FaultCode.RED, cause=C.EARTH), since_utc_ns=7, count=1),
        Record(finding=Finding(code=FaultCode.TOO_HOT, cause=C.TOO_HOT), since_utc_ns=8, count=1),
    )
    detail = not_closed(SafetyPhase.FAULT, Reason.FAULT, records, None)
    assert detail == fault(records[0].finding)


def test_a_closed_contactor_has_no_text() -> None:
    assert not_closed(SafetyPhase.CLOSED, None, (), None) == ""


def test_a_vehicle_is_waited_for_and_the_reason_is_published() -> None:
    detail = not_closed(SafetyPhase.STOPPING, Reason.NOT_PERMITTED, (), None)
    assert detail == f"waits until the vehicle draws no current: {REASONS[Reason.NOT_PERMITTED]}"
    detail = not_closed(SafetyPhase.STOPPING, None, (), None)
    assert detail == "waits until the vehicle draws no current"


def test_a_disk_that_refuses_is_published_and_a_long_text_is_cut() -> None:
    detail = not_closed(SafetyPhase.START, Reason.DISK_REFUSES, (), "disk full")
    assert detail.endswith("cannot be stored: disk full")
    detail = not_closed(SafetyPhase.START, Reason.DISK_REFUSES, (), "x" * 1000)
    assert len(detail) == MOST_TEXT
