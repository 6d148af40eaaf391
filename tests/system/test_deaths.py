"""Killed and frozen processes during a charge: what the contactor does, and what comes back.

The times are the holds of msgs/topics.py, counted from the last message that the dead or frozen
node has sent.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from msgs.pilot import X1_PERCENT
from msgs.plant import VehicleState
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import WallboxState
from msgs.topics import (
    HEARTBEATS,
    LED_FRAME,
    LOAD_OFFER,
    METER_BOX,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_CONTACTOR_DRIVE,
    SIM_SIGNALS,
    Topic,
)
from tests.system.box import OWN_CYCLE_LATE, Box, load_at
from tests.system.listener import PATIENCE_S
from tests.system.shared import DELIVERED

pytestmark = pytest.mark.system

ROUND_S = 0.01  # of pilot and safety
DROP_OUT_S = 0.018  # of the simulated contactor
WATCHDOG_S = 1.0
UNLOADED_A = 1.0
SESSION_STOP_S = 8.0  # of launch/simulation.toml
VEHICLE_S = 6.0  # IEC 61851-1, Table A.6, seq. 10.2


def opens(status: SafetyStatus) -> bool:
    return status.phase is SafetyPhase.OPENING


def last_word(box: Box, topic: Topic[Any]) -> float:
    """Return when a node that says nothing any more has spoken last."""
    box.look_for(0.1)  # what has been sent is here
    return float(box.last(topic).at_s)


def until_it_charges_again(box: Box, since_s: float) -> None:
    """Wait until the same session charges again, by itself and without a retry."""
    box.until(SAFETY_STATUS, lambda status: status.phase is SafetyPhase.CLOSED, since_s=since_s)
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING, since_s=since_s)
    if not box.has_stalled(since_s, time.monotonic()):
        said = [sample.message for sample in box.samples(SAFETY_STATUS, since_s)]
        assert {(status.retries, status.faults) for status in said} == {(0, ())}


@pytest.fixture
def box(charging: Box) -> Box:
    return charging


# --- at full current, which takes 9 s to reach ---------------------------------------------------


def killed(box: Box, node: str) -> float:
    """Kill a node, and wait until it is back; return since when."""
    before = box.nodes()
    since_s = box.kill(node)
    box.until(
        HEARTBEATS[node],
        lambda beat: beat.incarnation > before[node].incarnation,
        since_s=since_s,
    )
    after = box.nodes()
    assert {name for name in after if after[name].pid != before[name].pid} == {node}
    assert after[node].restarts == before[node].restarts + 1
    return since_s


@pytest.mark.req("BUS-3")
@pytest.mark.parametrize("node", ["led", "meter", "load_manager", "session", "pilot"])
def test_a_killed_node_is_back_before_the_contactor_has_to_open(box: Box, node: str) -> None:
    before = box.last(SESSION_STATUS).message
    since_s = killed(box, node)
    box.until(SESSION_STATUS, lambda status: status.energy_wh > before.energy_wh + 3.0)
    if node == "load_manager":
        box.proves_clamps_again(since_s)
    is_undisturbed = box.stays_closed(since_s)
    assert box.last(SESSION_STATUS).message.session_id == before.session_id
    if not is_undisturbed:
        return
    duties = [sample.message.duty_percent for sample in box.samples(SIM_SIGNALS, since_s)]
    least_a = 10.0 if node == "load_manager" else 32.0
    assert min(duties) == pytest.approx(least_a / 0.6, abs=1e-6)
    assert max(duties) == pytest.approx(32.0 / 0.6, abs=1e-6)


@pytest.mark.parametrize(
    ("node", "topic", "hold_s"),
    [
        ("session", SESSION_STATUS, 3.0),
        pytest.param("meter", METER_BOX, 5.0, marks=pytest.mark.proof),
        pytest.param("load_manager", LOAD_OFFER, 3.0, marks=pytest.mark.proof),
    ],
)
def test_a_frozen_node_ends_the_charge_politely_after_its_hold(
    box: Box,
    node: str,
    topic: Topic[Any],
    hold_s: float,
) -> None:
    session_id = box.last(SESSION_STATUS).message.session_id
    with box.frozen(node):
        silent_s = last_word(box, topic)
        stopped = box.until(
            PILOT_STATUS, lambda status: status.duty_percent == X1_PERCENT, since_s=silent_s
        )
        box.assert_within(hold_s + 2 * ROUND_S, silent_s, stopped.at_s, "safety", "pilot")
        opened_s = box.event("contacts_open", silent_s)
        box.assert_within(VEHICLE_S, stopped.at_s, opened_s, "safety", "plant")
        if not box.has_stalled(silent_s, opened_s):
            # The box meter's age counts from its reading, a moment before its message.
            assert stopped.at_s - silent_s >= hold_s - 0.1
            assert opened_s >= stopped.at_s
            assert load_at(box, opened_s) < UNLOADED_A
        again_s = time.monotonic()
    until_it_charges_again(box, again_s)
    assert box.last(SESSION_STATUS).message.session_id == session_id


# --- in any charge -------------------------------------------------------------------------------


def test_a_frozen_pilot_opens_after_its_hold(charging_somehow: Box) -> None:
    box = charging_somehow
    with box.frozen("pilot"):
        silent_s = last_word(box, PILOT_STATUS)
        opened = box.until(SAFETY_STATUS, opens, since_s=silent_s)
        if not opened.message.detail.startswith(OWN_CYCLE_LATE):
            assert opened.at_s - silent_s >= 1.0
        box.assert_within(1.0 + ROUND_S, silent_s, opened.at_s, "safety", "plant")
        open_s = box.event("contacts_open", silent_s)
        box.assert_within(DROP_OUT_S, opened.at_s, open_s, "plant")
        again_s = time.monotonic()
    until_it_charges_again(box, again_s)


def test_a_frozen_world_reads_as_failed_sensors(charging_somehow: Box) -> None:
    box = charging_somehow
    with box.frozen("plant"):
        silent_s = last_word(box, SIM_SIGNALS)
        off = box.until(SIM_CONTACTOR_DRIVE, lambda drive: not drive.enable, since_s=silent_s)
        box.assert_within(0.05 + ROUND_S, silent_s, off.at_s, "safety")
        status = box.until(SAFETY_STATUS, lambda status: not status.permitted, since_s=silent_s)
        box.assert_within(0.05 + ROUND_S, silent_s, status.at_s, "safety")
        assert status.message.contactor is Contactor.CLOSED  # nothing proves it open
        again_s = time.monotonic()
    box.event("contacts_open", again_s - 1.0)
    until_it_charges_again(box, again_s + 1.0)


def test_a_frozen_front_and_a_frozen_supervisor_disturb_no_charge(charging_somehow: Box) -> None:
    box = charging_somehow
    before = box.nodes()
    with box.frozen("led"), box.frozen("launch"):
        silent_s = last_word(box, LED_FRAME)
        box.look_for(3.5)  # longer than their holds
        box.stays_closed(silent_s)
        energies_wh = [each.message.energy_wh for each in box.samples(SESSION_STATUS, silent_s)]
        assert energies_wh == sorted(energies_wh)
        assert energies_wh[-1] > energies_wh[0] + 3.0
    box.until(LED_FRAME, lambda _: True)
    assert box.nodes() == before


def test_a_killed_safety_opens_and_its_next_incarnation_closes_after_a_test(
    charging_somehow: Box,
) -> None:
    box = charging_somehow
    since_s = killed(box, "safety")
    box.assert_within(WATCHDOG_S, since_s, box.event("coil_off", since_s), "plant")
    opened_s = box.event("contacts_open", since_s)
    until_it_charges_again(box, opened_s)
    phases = {sample.message.phase for sample in box.samples(SAFETY_STATUS, opened_s)}
    assert SafetyPhase.SELF_TEST in phases


def test_a_frozen_safety_loses_the_coil_by_the_watchdog(charging_somehow: Box) -> None:
    box = charging_somehow
    with box.frozen("safety"):
        silent_s = last_word(box, SIM_CONTACTOR_DRIVE)
        off_s = box.event("coil_off", silent_s)
        box.assert_within(WATCHDOG_S, silent_s, off_s, "plant")
        stopped = box.until(
            PILOT_STATUS, lambda status: status.duty_percent == X1_PERCENT, since_s=silent_s
        )
        box.assert_within(1.0 + ROUND_S, last_word(box, SAFETY_STATUS), stopped.at_s, "pilot")
        again_s = time.monotonic()
    late = box.until(SAFETY_STATUS, lambda status: status.faults == ("8001",), since_s=again_s)
    assert late.message.detail.startswith(OWN_CYCLE_LATE)
    again = box.until(
        SAFETY_STATUS, lambda status: status.phase is SafetyPhase.CLOSED, since_s=again_s
    )
    assert (again.message.retries, again.message.faults) == (1, ())
    assert again.at_s - late.at_s >= 10.0  # the first delay of ERR-R


def test_a_killed_world_is_an_open_contactor_and_an_ended_session(charging_somehow: Box) -> None:
    box = charging_somehow
    session_id = box.last(SESSION_STATUS).message.session_id
    since_s = killed(box, "plant")
    off = box.until(SIM_CONTACTOR_DRIVE, lambda drive: not drive.enable, since_s=since_s)
    box.assert_within(0.07 + ROUND_S, since_s, off.at_s, "safety")
    box.until(SESSION_STATUS, lambda status: not status.plugged, since_s=since_s)
    assert box.act("status")["vehicle"] == VehicleState.AWAY  # a new one, without a vehicle
    (record,) = box.ask("session", "sessions", {"limit": 1})
    assert (record["session_id"], record["end_reason"]) == (session_id, "unplugged")
    box.begin_charge()


def test_a_killed_supervisor_leaves_no_process_and_an_open_contactor(
    charging_somehow: Box, record_property: Callable[[str, object], None]
) -> None:
    box = charging_somehow
    since_s = time.monotonic()
    os.kill(box.supervisor, signal.SIGKILL)
    assert box.process is not None
    box.process.wait()
    while box.processes():
        assert time.monotonic() - since_s < PATIENCE_S, box.processes()
        box.look_for(0.02)
    record_property("kill -9 of launch: all gone [ms]", round((time.monotonic() - since_s) * 1e3))
    drive = box.last(SIM_CONTACTOR_DRIVE)
    assert not drive.message.enable  # the last word of safety
    assert drive.at_s >= since_s
    box.assert_within(0.2, since_s, drive.at_s, "safety")
    box.launch(*DELIVERED)  # the place is free at once
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.IDLE)
    (record,) = box.ask("session", "sessions", {"limit": 1})
    assert record["ended_utc_ns"] > 0


def test_a_third_interrupt_does_not_wait_and_leaves_an_open_contactor(
    charging_somehow: Box,
) -> None:
    box = charging_somehow
    since_s = time.monotonic()
    os.kill(box.nodes()["session"].pid, signal.SIGSTOP)  # so that the stop waits for it
    for _ in range(2):
        os.kill(box.supervisor, signal.SIGINT)
        box.look_for(0.15)
    was_closed = box.stays_closed(since_s, goes_on=False)
    third_s = time.monotonic()
    os.kill(box.supervisor, signal.SIGINT)
    assert box.process is not None
    while box.process.poll() is None:
        assert time.monotonic() - third_s < SESSION_STOP_S, box.log  # it waits for no session
        box.look_for(0.02)
    assert box.process.returncode == 0
    off = box.until(SIM_CONTACTOR_DRIVE, lambda drive: not drive.enable, since_s=since_s)
    if was_closed:
        assert off.at_s >= third_s
        box.assert_within(ROUND_S, third_s, off.at_s, "safety")
        opened_s = box.event("contacts_open", third_s)
        box.assert_within(DROP_OUT_S, off.at_s, opened_s, "plant")
    assert box.last(SAFETY_STATUS).message.contactor is Contactor.OPEN  # proven by safety
    assert box.processes() == []
    box.launch(*DELIVERED)
