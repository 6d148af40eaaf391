"""A session that a fault ends, and the plug-in that is held afterwards (ERR-8007, ERR-RED)."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import UNPLUGGED_S, CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode, SafetyPhase
from msgs.session import EndReason, WallboxState
from nodes.session.running import OPEN_S
from tests.builders import faulty_safety
from tests.session.conftest import NO_MAINS, SAFETY, Scenario, box, pilot, plugged_in

pytestmark = pytest.mark.req("ERR-8007", "ERR-RED")

LATCHED = pytest.mark.parametrize("code", [FaultCode.SAFETY_CIRCUIT, FaultCode.RED])
SEATED, OUT = pilot(CpState.B), pilot(CpState.A)


def ended_by(code: FaultCode) -> Scenario:
    """Return a scenario after a latched fault has ended the session, the vehicle plugged in."""
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    scenario.run(1.0, safety=faulty_safety(code))
    assert scenario.record().end_reason is EndReason.FAULT
    assert scenario.record().ended_utc_ns > 0
    return scenario


@LATCHED
def test_a_latched_fault_withdraws_the_permission_at_once_and_ends_once_it_is_open(
    code: FaultCode,
) -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    assert scenario.said[-1].permitted
    scenario.facts["safety"] = faulty_safety(code, contactor=Contactor.CLOSED)
    scenario.step()
    assert not scenario.said[-1].permitted
    assert scenario.record().end_reason is EndReason.FAULT
    scenario.run(1.0, box=box(1004.0))
    assert scenario.record().ended_utc_ns == 0
    status = scenario.run(0.1, safety=faulty_safety(code))
    assert status.session_id == ""
    assert status.state is WallboxState.UNRECOVERABLE_ERROR
    assert scenario.record().ended_utc_ns > 0
    assert scenario.record().energy_wh == 4.0


def test_a_welded_contactor_keeps_no_session_from_ending() -> None:
    scenario = plugged_in()
    scenario.run(OPEN_S + 0.5, safety=faulty_safety(FaultCode.RED, contactor=Contactor.WELDED))
    assert scenario.record().end_reason is EndReason.FAULT
    assert scenario.record().ended_utc_ns > 0


def test_a_fault_that_is_tried_again_ends_no_session() -> None:
    scenario = plugged_in()
    before = scenario.said[-1].session_id
    status = scenario.run(400.0, safety=faulty_safety(FaultCode.RESIDUAL_CURRENT, retries=5))
    assert status.state is WallboxState.UNRECOVERABLE_ERROR
    assert (status.session_id, status.permitted) == (before, True)


@LATCHED
def test_no_session_begins_while_a_latched_fault_holds(code: FaultCode) -> None:
    scenario = plugged_in(safety=faulty_safety(code))
    scenario.run(60.0)
    assert scenario.disk == {}
    assert scenario.run(1.0, safety=SAFETY).permitted


@LATCHED
def test_after_a_latched_fault_the_plug_in_is_held_until_the_plug_was_out(code: FaultCode) -> None:
    scenario = ended_by(code)
    assert not scenario.run(60.0).permitted
    status = scenario.run(60.0, safety=SAFETY)  # let go, and mains were not off
    assert not status.permitted
    assert status.state is WallboxState.SUSPENDED
    assert "ended by a fault" in status.reason
    scenario.run(UNPLUGGED_S + 0.2, pilot=OUT)
    assert scenario.run(1.0, pilot=SEATED).permitted
    assert len(scenario.disk) == 2


@pytest.mark.req("ERR-P")
@LATCHED
def test_mains_off_and_on_that_clear_the_fault_lift_the_hold(code: FaultCode) -> None:
    scenario = ended_by(code)
    scenario.run(10.0, **NO_MAINS | {"safety": faulty_safety(code, has_mains=False)})
    still = {"pilot": SEATED, "box": box(1000.0)}
    assert not scenario.run(10.0, safety=faulty_safety(code), **still).permitted  # it holds still
    starting = replace(SAFETY, phase=SafetyPhase.START)
    assert not scenario.run(1.0, safety=starting).permitted  # nothing is proven yet
    status = scenario.run(1.0, safety=SAFETY)
    assert status.permitted
    assert len(scenario.disk) == 2


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize("first", [True, False])
def test_another_run_of_the_graph_counts_as_mains_off_and_on(first: bool) -> None:
    scenario = ended_by(FaultCode.SAFETY_CIRCUIT).restarted(first)
    held = scenario.run(10.0)  # 8007 outlives a restart that is none of the mains
    assert not held.permitted
    assert held.state is WallboxState.UNRECOVERABLE_ERROR
    assert not scenario.run(1.0, safety=replace(SAFETY, phase=SafetyPhase.START)).permitted
    assert scenario.run(10.0, safety=SAFETY).permitted is first


@pytest.mark.parametrize("first", [True, False])
def test_a_session_that_a_fault_was_ending_goes_on_ending(first: bool) -> None:
    old = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    before = old.said[-1].session_id
    old.facts["safety"] = faulty_safety(FaultCode.SAFETY_CIRCUIT, contactor=Contactor.CLOSED)
    old.step()
    new = old.restarted(first)
    new.run(5.0, safety=faulty_safety(FaultCode.SAFETY_CIRCUIT))
    assert new.stored(before).end_reason is EndReason.FAULT
    assert new.stored(before).ended_utc_ns > 0
    assert not any(said.permitted for said in new.said)


def test_what_ends_a_session_first_is_its_reason() -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    scenario.step(end="app")
    scenario.run(1.0, safety=faulty_safety(FaultCode.RED))
    assert scenario.record().end_reason is EndReason.STOPPED
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    scenario.facts["safety"] = faulty_safety(FaultCode.RED, contactor=Contactor.CLOSED)
    scenario.step()
    scenario.stop = StopReason.SHUTDOWN
    scenario.run(1.0, safety=faulty_safety(FaultCode.RED))
    assert scenario.done
    assert scenario.record().end_reason is EndReason.FAULT


# --- a plug that is pulled because nothing goes on --------------------------------------------

UNRECOVERABLE: list[tuple[tuple[FaultCode, ...], dict[str, Any], EndReason]] = [
    ((FaultCode.RESIDUAL_CURRENT,), {"retries": 5}, EndReason.FAULT),
    ((FaultCode.OVERCURRENT,), {"retries": 5}, EndReason.FAULT),
    ((FaultCode.MAINS_VOLTAGE,), {"retries": 5}, EndReason.FAULT),
    ((FaultCode.NO_VEHICLE,), {}, EndReason.FAULT),
    ((FaultCode.UNPLUGGED, FaultCode.NOT_CLOSING), {"retries": 5}, EndReason.FAULT),
    # these go by themselves, or say no more than that the plug was pulled
    ((FaultCode.RESIDUAL_CURRENT,), {"retries": 1, "retry_in_s": 5.0}, EndReason.UNPLUGGED),
    ((FaultCode.MAINS_VOLTAGE,), {"retries": 1}, EndReason.UNPLUGGED),
    ((FaultCode.TOO_HOT,), {}, EndReason.UNPLUGGED),
    ((FaultCode.UNPLUGGED,), {}, EndReason.UNPLUGGED),
]


@pytest.mark.parametrize(("codes", "changes", "reason"), UNRECOVERABLE)
def test_a_plug_that_is_pulled_under_a_lasting_fault_ends_the_session_with_it(
    codes: tuple[FaultCode, ...], changes: dict[str, Any], reason: EndReason
) -> None:
    scenario = plugged_in()
    scenario.run(5.0, safety=faulty_safety(*codes, **changes))
    scenario.run(1.0, pilot=OUT, safety=SAFETY)  # the fault goes with the plug
    assert scenario.record().end_reason is reason


@pytest.mark.req("ERR-1")
def test_a_plug_that_is_pulled_while_charging_is_unplugged() -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    status = scenario.run(1.0, pilot=OUT, safety=faulty_safety(FaultCode.UNPLUGGED))
    assert status.state is WallboxState.UNRECOVERABLE_ERROR
    assert scenario.record().end_reason is EndReason.UNPLUGGED


def test_a_lasting_fault_that_has_gone_is_no_reason_any_more() -> None:
    scenario = plugged_in()
    scenario.run(5.0, safety=faulty_safety(FaultCode.RESIDUAL_CURRENT, retries=5))
    scenario.run(5.0, safety=SAFETY)
    scenario.run(1.0, pilot=OUT)
    assert scenario.record().end_reason is EndReason.UNPLUGGED


def test_mains_that_are_lost_count_more_than_the_fault_before() -> None:
    scenario = plugged_in()
    scenario.run(5.0, safety=faulty_safety(FaultCode.RESIDUAL_CURRENT, retries=5))
    scenario.run(5.0, **NO_MAINS)
    scenario.run(1.0, safety=SAFETY, pilot=OUT, box=box(1000.0))
    assert scenario.record().end_reason is EndReason.POWER_LOSS
