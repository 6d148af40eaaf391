"""What speaks against current: each reason alone, which one is published first, each edge."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteBehind
from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.config import Config
from nodes.safety.evaluation import NOTHING_EVALUATED, Stale
from nodes.safety.faults import CLEAN, FaultState, raise_fault
from nodes.safety.finding import Finding
from nodes.safety.latch import LatchWrite, Memory
from nodes.safety.mains_reset import MainsReset
from nodes.safety.reasons import (
    Reason,
    Reasons,
    find_reasons,
    is_metering,
    reason_not_closed,
    stale_reasons,
)
from nodes.safety.state import Inputs, State
from nodes.safety.wiring import ALL, Wired, Wiring
from tests.builders import charging_pilot, charging_session, meter_reading
from tests.safety.evaluations import PLUGGED

P = SafetyPhase
PILOT = charging_pilot()
SESSION = charging_session()
METER = meter_reading(0.0, 999.8)
INPUTS = Inputs(
    now_s=1000.0,
    utc_ns=7,
    since_s=0.01,
    reading=None,
    pilot=PILOT,
    session=SESSION,
    is_metering=True,
    stop=None,
)
WIRED = Wiring(seen=ALL, is_known=True)


def holding(wired: Wired) -> Memory:
    """What is known of a disk that has taken these phases."""
    return Memory(is_recalled=True, store=WriteBehind(stored=LatchWrite(latches=(), wired=wired)))


KEPT = holding(ALL)
NOTHING = Reasons(None, None, None)


def faulty(*codes: FaultCode) -> FaultState:
    faults = CLEAN
    for code in codes:
        faults = raise_fault(faults, Finding(code=code, cause=Cause.EARTH), 7)
    return faults


def reasons_with(
    config: Mapping[str, Any] = {},
    state: Mapping[str, Any] = {},
    evaluation: Mapping[str, Any] = {},
    inputs: Mapping[str, Any] = {},
) -> Reasons:
    """Return what speaks against current in a box that charges, but for these changes.

    Of the inputs, `is_late` says that the look came late.
    """
    looked = replace(INPUTS, **{name: inputs[name] for name in inputs if name != "is_late"})
    return find_reasons(
        replace(Config(), **config),
        replace(
            State(evaluation_state=replace(NOTHING_EVALUATED, wiring=WIRED), memory=KEPT), **state
        ),
        replace(PLUGGED, **evaluation),
        looked,
        Moment(looked.now_s),
        is_late=inputs.get("is_late", False),
    )


Changes = dict[str, dict[str, Any]]

# Most serious first.
WITHHOLDING: tuple[tuple[Changes, Reason], ...] = (
    ({"state": {"faults": faulty(FaultCode.TOO_HOT, FaultCode.RED)}}, Reason.FAULT),
    ({"inputs": {"stop": StopReason.RESTART}}, Reason.STOP),
    ({"evaluation": {"is_commissioning": True}}, Reason.COMMISSIONING),
    ({"config": {"showroom": True}}, Reason.SHOWROOM),
    ({"evaluation": {"cp": CpState.F}}, Reason.STATE_F),
    ({"evaluation": {"is_plugged": False}}, Reason.NO_VEHICLE),
    ({"state": {"reset": MainsReset(waits_until_s=1000.01)}}, Reason.MAINS_BACK),
    ({"inputs": {"session": None}}, Reason.SESSION_SILENT),
    ({"inputs": {"session": replace(SESSION, permitted=False)}}, Reason.NOT_PERMITTED),
    ({"inputs": {"is_metering": False}}, Reason.METER_SILENT),
    ({"state": {"evaluation_state": NOTHING_EVALUATED}}, Reason.PHASES_UNKNOWN),
    ({"state": {"memory": holding((True, False, True))}}, Reason.PHASES_UNSTORED),
)
OPENING: tuple[tuple[Changes, Reason], ...] = (
    ({"state": {"faults": faulty(FaultCode.TOO_HOT, FaultCode.RED)}}, Reason.FAULT),
    ({"evaluation": {"is_switched_off": True}}, Reason.SWITCH_OPEN),
    ({"evaluation": {"exceeds_limit": True}}, Reason.OFFER_TOO_HIGH),
    ({"evaluation": {"asks": False}}, Reason.NOT_ASKED),
    ({"inputs": {"pilot": None}}, Reason.PILOT_SILENT),
    ({"inputs": {"pilot": replace(PILOT, cp_state=CpState.B)}}, Reason.PILOT_DISAGREES),
    ({"inputs": {"stop": StopReason.SIGNAL}}, Reason.STOP),
)


def together(first: Changes, second: Changes) -> Changes:
    """Return both, the first where they differ."""
    return {name: second.get(name, {}) | first.get(name, {}) for name in first | second}


def test_a_sound_box_with_a_vehicle_that_asks_has_no_reason() -> None:
    assert reasons_with() == NOTHING


@pytest.mark.parametrize(("changes", "reason"), WITHHOLDING)
def test_each_reason_to_withhold_alone(changes: Changes, reason: Reason) -> None:
    assert reasons_with(**changes).to_withhold is reason


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(WITHHOLDING)))
def test_the_most_serious_reason_to_withhold_is_published(
    first: tuple[Changes, Reason], second: tuple[Changes, Reason]
) -> None:
    assert reasons_with(**together(first[0], second[0])).to_withhold is first[1]


@pytest.mark.parametrize(("changes", "reason"), OPENING)
def test_each_reason_to_open_alone(changes: Changes, reason: Reason) -> None:
    assert reasons_with(**changes).to_open is reason


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(OPENING)))
def test_the_most_serious_reason_to_open_is_published(
    first: tuple[Changes, Reason], second: tuple[Changes, Reason]
) -> None:
    assert reasons_with(**together(first[0], second[0])).to_open is first[1]


@pytest.mark.parametrize("code", list(FaultCode))
def test_every_fault_withholds_and_all_but_heat_open(code: FaultCode) -> None:
    reasons = reasons_with(state={"faults": faulty(code)})
    assert reasons.to_withhold is Reason.FAULT
    assert reasons.to_open is (None if code is FaultCode.TOO_HOT else Reason.FAULT)


@pytest.mark.parametrize(
    ("stop", "opens"),
    [(StopReason.RESTART, False), (StopReason.SHUTDOWN, False), (StopReason.SIGNAL, True)],
)
def test_a_vehicle_has_its_time_unless_a_signal_stops_the_box(
    stop: StopReason, opens: bool
) -> None:
    reasons = reasons_with(inputs={"stop": stop})
    assert reasons.to_withhold is Reason.STOP
    assert reasons.to_open is (Reason.STOP if opens else None)


@pytest.mark.parametrize(
    ("waits_until_s", "is_waiting"), [(1000.0, False), (1000.001, True), (0.0, False)]
)
def test_mains_that_are_back_withhold_until_the_wait_is_over(
    waits_until_s: float, is_waiting: bool
) -> None:
    expected = Reason.MAINS_BACK if is_waiting else None
    assert (
        reasons_with(state={"reset": MainsReset(waits_until_s=waits_until_s)}).to_withhold
        is expected
    )


@pytest.mark.req("ERR-8002", "ERR-4003")
@pytest.mark.parametrize(
    ("sampled_ns", "now_s", "is_seeing"),
    [
        (995_001_000_000, 1000.0, True),
        (995_000_000_000, 1000.0, False),  # 5 s, to the point
        (1_005_001_000_000, 1000.0, False),  # what is to come is no value
        (0, 4.0, False),  # never read, in a box that has just started
        (1, 4.0, True),
        (1_000_000_000_000, 1000.0, True),
        (9_999_995_001_000_000, 1e7, True),  # after months as well
        (9_999_995_000_000_000, 1e7, False),
    ],
)
@pytest.mark.parametrize("online", [False, True])
def test_a_meter_value_counts_for_five_seconds_whatever_its_field_online_is(
    sampled_ns: int, now_s: float, is_seeing: bool, online: bool
) -> None:
    meter = replace(METER, sampled_ns=sampled_ns, online=online)
    assert is_metering(meter, Moment(now_s)) is is_seeing


def test_no_message_of_the_meter_is_no_value() -> None:
    assert not is_metering(None, Moment(1000.0))


@pytest.mark.parametrize(
    ("is_late", "is_asking_now", "reason"),
    [
        (True, False, Reason.UNCONFIRMED),
        (True, True, None),
        (False, False, None),  # one stray reading opens nothing
    ],
)
def test_after_a_late_look_a_reading_that_does_not_show_the_vehicle_opens(
    is_late: bool, is_asking_now: bool, reason: Reason | None
) -> None:
    reasons = reasons_with(evaluation={"is_asking_now": is_asking_now}, inputs={"is_late": is_late})
    assert reasons == Reasons(None, None, reason)


@pytest.mark.parametrize(
    ("offered_a", "waits"),
    [(6.0, False), (32.0, False), (5.99, True), (0.0, True), (math.nan, True)],
)
def test_a_pilot_that_offers_less_than_the_least_duty_offers_nothing(
    offered_a: float, waits: bool
) -> None:
    reasons = reasons_with(inputs={"pilot": replace(PILOT, offered_a=offered_a)})
    assert reasons == Reasons(None, Reason.NO_OFFER if waits else None, None)


def test_an_offer_of_0_a_is_published_before_a_generator_without_pwm() -> None:
    nothing = replace(PILOT, offered_a=0.0)
    no_pwm = {"has_pwm": False}
    assert reasons_with(inputs={"pilot": nothing}, evaluation=no_pwm).to_wait is Reason.NO_OFFER
    assert reasons_with(evaluation=no_pwm).to_wait is Reason.NO_PWM
    assert reasons_with(inputs={"pilot": None}, evaluation=no_pwm).to_wait is Reason.NO_PWM
    assert reasons_with(inputs={"pilot": None}).to_wait is None


@pytest.mark.parametrize("cp_state", list(CpState))
def test_the_contactor_opens_unless_the_pilot_node_sees_c_or_d_too(cp_state: CpState) -> None:
    reasons = reasons_with(inputs={"pilot": replace(PILOT, cp_state=cp_state)})
    asks = cp_state in (CpState.C, CpState.D)
    assert reasons == Reasons(None, None, None if asks else Reason.PILOT_DISAGREES)


@pytest.mark.parametrize("stale", list(Stale))
def test_stale_inputs_are_a_reason_of_each_kind(stale: Stale) -> None:
    assert stale_reasons(stale) == (stale, stale, stale)


# --- for a person ------------------------------------------------------------------------------

WITHHELD = Reasons(Reason.NO_VEHICLE, None, Reason.NOT_ASKED)
WAITED = Reasons(None, Reason.NO_OFFER, Reason.NOT_ASKED)
OPENED = Reasons(None, None, Reason.NOT_ASKED)


@pytest.mark.parametrize(
    ("phase", "reason"),
    [
        (P.START, Reason.NOT_PROVEN),
        (P.SELF_TEST, Reason.SELF_TEST),
        (P.CLOSING, Reason.CLOSING),
        (P.STOPPING, None),
        (P.IDLE, Reason.DIODE),
        (P.READY, Reason.DIODE),
        (P.OPENING, Reason.DIODE),
        (P.FAULT, Reason.DIODE),
    ],
)
def test_every_phase_has_the_reason_that_it_waits_for(
    phase: SafetyPhase, reason: Reason | None
) -> None:
    assert reason_not_closed(phase, None, KEPT, NOTHING, False) is reason


def test_a_closed_contactor_needs_no_reason() -> None:
    assert reason_not_closed(P.CLOSED, None, KEPT, NOTHING, False) is None
    assert reason_not_closed(P.CLOSED, Stale.NO_MAINS, KEPT, WITHHELD, True) is None


@pytest.mark.parametrize("problem", ["disk full", ""])
@pytest.mark.parametrize("is_proven", [False, True])
def test_a_start_has_the_reason_that_the_disk_refuses(problem: str, is_proven: bool) -> None:
    memory = Memory(store=replace((KEPT if is_proven else Memory()).store, problem=problem))
    assert reason_not_closed(P.START, None, memory, WITHHELD, False) is Reason.DISK_REFUSES


def test_a_start_waits_for_the_disk_a_proof_or_fresh_inputs() -> None:
    assert reason_not_closed(P.START, None, Memory(), WITHHELD, False) is Reason.DISK_UNHEARD
    assert reason_not_closed(P.START, None, KEPT, WITHHELD, False) is Reason.NOT_PROVEN
    assert reason_not_closed(P.START, Stale.NO_MAINS, KEPT, WITHHELD, False) is Stale.NO_MAINS


@pytest.mark.parametrize("phase", [P.IDLE, P.READY, P.OPENING, P.FAULT, P.STOPPING])
@pytest.mark.parametrize(
    ("reasons", "first"),
    [(WITHHELD, Reason.NO_VEHICLE), (WAITED, Reason.NO_OFFER), (OPENED, Reason.NOT_ASKED)],
)
@pytest.mark.parametrize("is_between_closings", [False, True])
def test_the_first_reason_is_published(
    phase: SafetyPhase, reasons: Reasons, first: Reason, is_between_closings: bool
) -> None:
    assert reasons.first is first
    assert reason_not_closed(phase, None, KEPT, reasons, is_between_closings) is first


@pytest.mark.parametrize("phase", [P.IDLE, P.READY, P.OPENING, P.FAULT])
def test_the_wait_between_two_closings_is_the_reason_when_there_is_no_other(
    phase: SafetyPhase,
) -> None:
    assert reason_not_closed(phase, None, KEPT, NOTHING, True) is Reason.BETWEEN_CLOSINGS
