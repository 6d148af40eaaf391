"""Killed and frozen processes during a charge: what the contactor does, and what comes back.

The times are those of architecture.md's table of silence, counted from the last message that the
dead or frozen node has sent.
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
from tests.system.box import NOISE_S, QUICK_VEHICLE, Box, load_at

pytestmark = pytest.mark.system

ROUND_S = 0.01  # of pilot and safety
DROP_OUT_S = 0.018  # of the simulated contactor
WATCHDOG_S = 1.0
UNLOADED_A = 1.0
VEHICLE_S = 6.0  # IEC 61851-1, Table A.6, seq. 10.2


def opens(status: SafetyStatus) -> bool:
    return status.phase is SafetyPhase.OPENING


def last_word(box: Box, topic: Topic[Any]) -> float:
    """Return when a node that says nothing any more has spoken last."""
    box.look_for(0.1)  # what has been sent is here
    return float(box.last(topic).at_s)


def until_it_charges_again(box: Box, since_s: float) -> None:
    """Wait until the same session charges again, by itself and without a retry."""
    box.until(SAFETY_STATUS, lambda status: status.phase is SafetyPhase.CLOSED, 15.0, since_s)
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING, 5.0, since_s)
    said = [sample.message for sample in box.samples(SAFETY_STATUS, since_s)]
    assert {(status.retries, status.faults) for status in said} == {(0, ())}


def assert_it_stayed_closed(box: Box, since_s: float) -> None:
    assert {s.message.contactor for s in box.samples(SAFETY_STATUS, since_s)} == {Contactor.CLOSED}
    assert {s.message.mirror_closed for s in box.samples(SIM_SIGNALS, since_s)} == {False}


# --- frozen ------------------------------------------------------------------------------------


def test_a_frozen_pilot_opens_after_its_hold(box: Box) -> None:
    box.charge()
    with box.frozen("pilot"):
        silent_s = last_word(box, PILOT_STATUS)
        opened = box.until(SAFETY_STATUS, opens, 3.0, silent_s)
        assert 1.0 <= opened.at_s - silent_s <= 1.0 + ROUND_S + NOISE_S
        assert box.event("contacts_open", silent_s) - opened.at_s <= DROP_OUT_S + NOISE_S
        again_s = time.monotonic()
    until_it_charges_again(box, again_s)


@pytest.mark.parametrize(
    ("node", "topic", "hold_s"),
    [
        ("session", SESSION_STATUS, 3.0),
        ("load_manager", LOAD_OFFER, 3.0),
        ("meter", METER_BOX, 5.0),
    ],
)
def test_a_frozen_node_ends_the_charge_politely_after_its_hold(
    box: Box,
    node: str,
    topic: Topic[Any],
    hold_s: float,
) -> None:
    box.charge()
    session_id = box.last(SESSION_STATUS).message.session_id
    with box.frozen(node):
        silent_s = last_word(box, topic)
        stopped = box.until(
            PILOT_STATUS, lambda status: status.duty_percent == X1_PERCENT, 7.0, silent_s
        )
        # The box meter's age counts from its reading, a moment before the word that told it.
        assert hold_s - 0.1 <= stopped.at_s - silent_s <= hold_s + 2 * ROUND_S + NOISE_S
        assert_it_stayed_closed(box, silent_s)  # until then
        opened_s = box.event("contacts_open", silent_s, 7.0)
        assert load_at(box, opened_s) < UNLOADED_A
        assert opened_s - stopped.at_s <= VEHICLE_S + NOISE_S
        again_s = time.monotonic()
    until_it_charges_again(box, again_s)
    assert box.last(SESSION_STATUS).message.session_id == session_id


def test_a_frozen_world_reads_as_failed_sensors(box: Box) -> None:
    box.charge()
    with box.frozen("plant"):
        silent_s = last_word(box, SIM_SIGNALS)
        off = box.until(SIM_CONTACTOR_DRIVE, lambda drive: not drive.enable, 1.0, silent_s)
        assert off.at_s - silent_s <= 0.05 + ROUND_S + NOISE_S
        status = box.until(SAFETY_STATUS, lambda status: not status.permitted, 1.0, silent_s)
        assert status.at_s - silent_s <= 0.05 + ROUND_S + NOISE_S
        assert status.message.contactor is Contactor.CLOSED  # nothing proves it open
        again_s = time.monotonic()
    box.event("contacts_open", again_s - 1.0)
    until_it_charges_again(box, again_s + 1.0)


def test_a_frozen_safety_loses_the_coil_by_the_watchdog(box: Box) -> None:
    box.charge()
    with box.frozen("safety"):
        silent_s = last_word(box, SIM_CONTACTOR_DRIVE)
        off_s = box.event("coil_off", silent_s)
        assert off_s - silent_s <= WATCHDOG_S + NOISE_S
        stopped = box.until(
            PILOT_STATUS, lambda status: status.duty_percent == X1_PERCENT, 3.0, silent_s
        )
        assert stopped.at_s - last_word(box, SAFETY_STATUS) <= 1.0 + ROUND_S + NOISE_S
        again_s = time.monotonic()
    late = box.until(SAFETY_STATUS, lambda status: status.faults == ("8001",), 1.0, again_s)
    assert late.message.detail.startswith("own cycle late: ")
    again = box.until(
        SAFETY_STATUS, lambda status: status.phase is SafetyPhase.CLOSED, 25.0, again_s
    )
    assert (again.message.retries, again.message.faults) == (1, ())
    assert again.at_s - late.at_s >= 10.0  # the first delay of ERR-R


def test_a_frozen_front_and_a_frozen_supervisor_disturb_no_charge(box: Box) -> None:
    box.charge()
    before = box.nodes()
    with box.frozen("led"), box.frozen("launch"):
        silent_s = last_word(box, LED_FRAME)
        box.look_for(3.5)  # longer than their holds
        assert_it_stayed_closed(box, silent_s)
        energies_wh = [each.message.energy_wh for each in box.samples(SESSION_STATUS, silent_s)]
        assert energies_wh == sorted(energies_wh)
        assert energies_wh[-1] > energies_wh[0] + 3.0
    box.until(LED_FRAME, lambda _: True, 3.0)
    assert box.nodes() == before


# --- killed ------------------------------------------------------------------------------------


def killed(box: Box, node: str) -> float:
    """Kill a node, and wait until it is back; return since when."""
    before = box.nodes()
    since_s = time.monotonic()
    box.kill(node)
    box.until(
        HEARTBEATS[node], lambda beat: beat.incarnation > before[node].incarnation, 5.0, since_s
    )
    after = box.nodes()
    assert {name for name in after if after[name].pid != before[name].pid} == {node}
    assert after[node].restarts == before[node].restarts + 1
    return since_s


@pytest.mark.req("BUS-3")
@pytest.mark.parametrize("node", ["led", "meter", "load_manager", "session", "pilot"])
def test_a_killed_node_is_back_before_the_contactor_has_to_open(box: Box, node: str) -> None:
    box.charge()
    before = box.last(SESSION_STATUS).message
    since_s = killed(box, node)
    box.until(SESSION_STATUS, lambda status: status.energy_wh > before.energy_wh + 3.0, 10.0)
    assert_it_stayed_closed(box, since_s)
    assert box.last(SESSION_STATUS).message.session_id == before.session_id
    duties = [sample.message.duty_percent for sample in box.samples(SIM_SIGNALS, since_s)]
    assert duties == pytest.approx([32.0 / 0.6] * len(duties), abs=1e-6)


def test_a_killed_safety_opens_and_its_next_incarnation_closes_after_a_test(box: Box) -> None:
    box.charge()
    since_s = killed(box, "safety")
    assert box.event("coil_off", since_s) - since_s <= WATCHDOG_S + NOISE_S
    opened_s = box.event("contacts_open", since_s)
    until_it_charges_again(box, opened_s)
    phases = {sample.message.phase for sample in box.samples(SAFETY_STATUS, opened_s)}
    assert SafetyPhase.SELF_TEST in phases


def test_a_killed_world_is_an_open_contactor_and_an_ended_session(box: Box) -> None:
    box.charge()
    session_id = box.last(SESSION_STATUS).message.session_id
    since_s = killed(box, "plant")
    off = box.until(SIM_CONTACTOR_DRIVE, lambda drive: not drive.enable, 2.0, since_s)
    assert off.at_s - since_s <= 0.07 + ROUND_S + NOISE_S
    box.until(SESSION_STATUS, lambda status: not status.plugged, 10.0, since_s)
    assert box.act("status")["vehicle"] == VehicleState.AWAY  # a new one, without a vehicle
    (record,) = box.ask("session", "sessions", {"limit": 1})
    assert (record["session_id"], record["end_reason"]) == (session_id, "unplugged")
    box.charge()


def test_a_killed_supervisor_leaves_no_process_and_an_open_contactor(
    box: Box, record_property: Callable[[str, object], None]
) -> None:
    box.charge()
    since_s = time.monotonic()
    os.kill(box.supervisor, signal.SIGKILL)
    assert box.process is not None
    box.process.wait()
    while box.processes():
        assert time.monotonic() - since_s < 1.0, box.processes()
        box.look_for(0.02)
    record_property("kill -9 of launch: all gone [ms]", round((time.monotonic() - since_s) * 1e3))
    drive = box.last(SIM_CONTACTOR_DRIVE)
    assert not drive.message.enable  # the last word of safety
    assert 0.0 <= drive.at_s - since_s <= 0.2 + NOISE_S
    box.launch(*QUICK_VEHICLE)  # the place is free at once
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.IDLE, 5.0)
    (record,) = box.ask("session", "sessions", {"limit": 1})
    assert record["ended_utc_ns"] > 0


def test_whoever_stops_the_graph_in_anger_leaves_an_open_contactor(box: Box) -> None:
    box.charge()
    since_s = time.monotonic()
    os.kill(box.nodes()["session"].pid, signal.SIGSTOP)  # so that the stop waits for it
    for _ in range(2):
        os.kill(box.supervisor, signal.SIGINT)
        box.look_for(0.15)
    assert_it_stayed_closed(box, since_s)
    third_s = time.monotonic()
    os.kill(box.supervisor, signal.SIGINT)
    box.look_for(0.3)
    assert box.process is not None
    assert box.process.wait(5.0) == 0
    assert time.monotonic() - third_s < 0.5 + NOISE_S
    off = box.until(SIM_CONTACTOR_DRIVE, lambda drive: not drive.enable, 0.1, since_s)
    assert 0.0 <= off.at_s - third_s <= ROUND_S + NOISE_S
    assert box.event("contacts_open", third_s, 0.1) - off.at_s <= DROP_OUT_S + NOISE_S
    assert box.last(SAFETY_STATUS).message.contactor is Contactor.OPEN  # proven by safety
    assert box.processes() == []
    box.launch(*QUICK_VEHICLE)
