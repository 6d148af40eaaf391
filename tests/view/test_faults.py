"""The faults: the danger first, what to do, what the box knows, and no older truth."""

from dataclasses import replace
from itertools import combinations_with_replacement, product
from typing import Any

import pytest
from msgspec.structs import replace as changed

from msgs.fault_cause import Cause
from msgs.meter import NO_LINE
from msgs.pilot import CpState
from msgs.remedies import REMEDIES, remedy_of
from msgs.safety import LATCHED, RETRIED, Contactor, FaultCode, SafetyPhase
from tests.builders import fault_record, meter_reading
from tests.view.charge import SAFETY, but, charging, silent
from tests.view.snapshot import said
from view.faults import ShownFault, faults
from view.snapshot import Snapshot

CAUSES: dict[FaultCode, Cause] = {
    FaultCode.UNPLUGGED: Cause.PULLED_IN_CHARGE,
    FaultCode.TOO_HOT: Cause.TOO_HOT,
    FaultCode.NO_VEHICLE: Cause.NO_DIODE,
    FaultCode.PLUG_STATE: Cause.PILOT_SHORT,
    FaultCode.NOT_CLOSING: Cause.DOES_NOT_CLOSE,
    FaultCode.MAINS_VOLTAGE: Cause.MAINS_RANGE,
    FaultCode.OVERCURRENT: Cause.OVERCURRENT,
    FaultCode.RESIDUAL_CURRENT: Cause.RESIDUAL_DC,
    FaultCode.SAFETY_CIRCUIT: Cause.NOT_PROVEN_OPEN,
    FaultCode.RED: Cause.STILL_LIVE,
}
VOLTAGES = (230.0, 0.4, 155.0)


def faulty(*codes: FaultCode, **changes: Any) -> Snapshot:
    records = tuple(fault_record(code, cause=CAUSES[code]) for code in codes)
    given = {"retry_in_s": 12.0, "retries": 1, "contactor": Contactor.OPEN, **changes}
    return but("safety", faults=codes, records=records, **given)


def one(snapshot: Snapshot) -> ShownFault:
    (fault,) = faults(snapshot)
    return fault


@pytest.mark.req("ERR-T")
def test_faults_come_with_their_remedy_and_the_time_to_the_next_try() -> None:
    snapshot = but(
        "safety",
        faults=(FaultCode.RESIDUAL_CURRENT, FaultCode.TOO_HOT),
        records=(
            fault_record(FaultCode.RESIDUAL_CURRENT, count=2),
            fault_record(FaultCode.TOO_HOT),
        ),
        retries=1,
        retry_in_s=12.0,
    )
    again = "tried again by itself in 12 s (1 of 5 used)"
    assert [(each.code, each.name, each.detail, each.remedy) for each in faults(snapshot)] == [
        ("8005", "8005", "seen, seen 2 times", "do this"),
        ("3", "3", "seen", "do this"),
    ]
    assert [(each.retry_in_s, each.retry) for each in faults(snapshot)] == [
        (12.0, again),
        (None, ""),
    ]


@pytest.mark.req("ERR-T")
@pytest.mark.parametrize("cause", list(Cause))
def test_each_cause_has_its_title_its_danger_and_its_steps(cause: Cause) -> None:
    record = fault_record(FaultCode.NOT_CLOSING, cause=cause)
    fault = one(but("safety", faults=(FaultCode.NOT_CLOSING,), records=(record,)))
    remedy = REMEDIES[cause]
    assert (fault.title, fault.danger, fault.steps) == (remedy.title, remedy.danger, remedy.steps)


@pytest.mark.req("ERR-U")
def test_a_code_without_a_cause_is_shown_as_it_is() -> None:
    fault = one(but("safety", faults=(FaultCode.NOT_CLOSING,)))
    assert (fault.name, fault.detail) == ("8001", "fault 8001")
    assert "code" in fault.steps[-1]
    unknown = fault_record(FaultCode.NOT_CLOSING, remedy="Do what the new version says.")
    fault = one(but("safety", faults=(FaultCode.NOT_CLOSING,), records=(unknown,)))
    assert fault.steps == ("Do what the new version says.",)


@pytest.mark.req("ERR-RED")
def test_all_red_without_a_record_counts_as_a_live_cable() -> None:
    assert one(but("safety", faults=(FaultCode.RED,))).danger.startswith("Do not touch plug")


def test_no_fault_is_shown_while_safety_is_silent() -> None:
    assert faults(charging()) == ()
    assert faults(replace(charging(), safety=said("safety", SAFETY, age_s=12.0))) == ()


PAIRS = list(combinations_with_replacement(FaultCode, 2))


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "+".join(pair))
@pytest.mark.parametrize(
    ("has_mains", "is_silent"), list(product((True, False), repeat=2)), ids=str
)
def test_nothing_counts_down_to_a_retry_that_will_not_be(
    pair: tuple[FaultCode, FaultCode], has_mains: bool, is_silent: bool
) -> None:
    codes = tuple(dict.fromkeys(pair))
    snapshot = faulty(*codes, has_mains=has_mains)
    if is_silent:
        snapshot = replace(snapshot, session=silent("session").session)
    shown = faults(snapshot)
    assert {each.code for each in shown} == set(codes)
    will_retry = has_mains and not is_silent and not set(codes) & LATCHED
    for each in shown:
        assert (each.retry_in_s is not None) is (will_retry and each.code in RETRIED)
        assert (each.retry != "") is (each.retry_in_s is not None)
        assert any("no mains now" in known for known in each.known) is not has_mains
    ranks = [(each.code not in LATCHED, not each.danger) for each in shown]
    assert ranks == sorted(ranks)  # what may be dangerous stands above the rest


@pytest.mark.req("ERR-8002")
def test_a_phase_without_voltage_is_named() -> None:
    lines = tuple(changed(NO_LINE, voltage_v=volt) for volt in VOLTAGES)
    snapshot = faulty(FaultCode.MAINS_VOLTAGE)
    snapshot = replace(snapshot, box=said("box", meter_reading(lines=lines)))
    assert one(snapshot).known == (
        "L2 has no voltage: check its breaker.",
        "Measured now: L1 230 V, L3 155 V.",
    )
    one_phase = replace(
        snapshot,
        safety=faulty(FaultCode.MAINS_VOLTAGE, wired_phases=(True, False, False)).safety,
    )
    assert one(one_phase).known == ("Measured now: L1 230 V.",)
    unread = replace(snapshot, box=said("box"))
    assert one(unread).known == (
        "The voltages are not known now: the meter of the box does not answer.",
    )


@pytest.mark.parametrize(
    ("code", "changes", "known"),
    [
        (FaultCode.TOO_HOT, {"temperature_c": 81.2}, "The box has 81 °C now."),
        (
            FaultCode.RED,
            {"contactor": Contactor.WELDED},
            "The contactor is welded: it does not open.",
        ),
        (FaultCode.RED, {"contactor": Contactor.OPEN}, "The contactor is proven open now."),
        (FaultCode.OVERCURRENT, {"offered_a": 6.0}, "6.0 A are offered now."),
        (FaultCode.UNPLUGGED, {"cp_state": CpState.A}, "The plug is out now."),
        (FaultCode.UNPLUGGED, {"cp_state": CpState.B}, "The plug is in now."),
    ],
)
def test_a_fault_says_what_the_box_knows_now(
    code: FaultCode, changes: dict[str, Any], known: str
) -> None:
    assert known in one(faulty(code, **changes)).known


@pytest.mark.req("ERR-R")
def test_tries_that_are_used_up_are_said() -> None:
    used = faulty(FaultCode.NOT_CLOSING, retries=5, retry_in_s=None)
    assert one(used).known == ("All 5 tries are used: unplug the car to begin again.",)
    (leak,) = one(faulty(FaultCode.RESIDUAL_CURRENT, retries=5, retry_in_s=None)).known
    assert "until the danger is over" in leak
    assert one(faulty(FaultCode.RESIDUAL_CURRENT, retries=4)).known == ()


@pytest.mark.req("ERR-T")
@pytest.mark.parametrize("phase", [SafetyPhase.START, SafetyPhase.FAULT])
@pytest.mark.parametrize("code", sorted(CAUSES))
def test_no_plug_is_pulled_before_the_mains_are_off_while_the_contactor_is_not_proven_open(
    code: FaultCode, phase: SafetyPhase
) -> None:
    for contactor in (Contactor.CLOSED, Contactor.WELDED):
        fault = one(faulty(code, contactor=contactor, phase=phase))
        assert "Do not touch plug or cable" in fault.danger
        assert "Switch off the mains" in fault.steps[0]
        assert remedy_of(code, CAUSES[code]).danger in fault.danger
    proven = one(faulty(code, contactor=Contactor.OPEN, phase=phase))
    assert (proven.danger, proven.steps) == shown_of(code)


@pytest.mark.req("ERR-T")
@pytest.mark.parametrize("phase", [SafetyPhase.CLOSED, SafetyPhase.STOPPING, SafetyPhase.OPENING])
def test_a_contactor_that_is_about_to_open_is_no_danger_yet(phase: SafetyPhase) -> None:
    code = FaultCode.TOO_HOT
    fault = one(faulty(code, contactor=Contactor.CLOSED, phase=phase))
    assert (fault.danger, fault.steps) == shown_of(code)


def shown_of(code: FaultCode) -> tuple[str, tuple[str, ...]]:
    remedy = remedy_of(code, CAUSES[code])
    return remedy.danger, remedy.steps
