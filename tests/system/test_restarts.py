"""The restart of one node during a charge: what the holds of msgs/topics.py leave time for."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from msgs.pilot import X1_PERCENT
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import WallboxState
from msgs.topics import (
    LED_FRAME,
    LOAD_OFFER,
    METER_BOX,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_SIGNALS,
    Topic,
)
from tests.system.box import NOISE_S, Box, load_at

pytestmark = pytest.mark.system

SPOKEN: dict[str, Topic[Any]] = {
    "led": LED_FRAME,
    "meter": METER_BOX,
    "load_manager": LOAD_OFFER,
    "session": SESSION_STATUS,
    "pilot": PILOT_STATUS,
}
UNLOADED_A = 1.0
VEHICLE_S = 6.0  # IEC 61851-1, Table A.6, seq. 10.2


def restart(box: Box, node: str) -> float:
    """Restart one node; the others keep their processes. Return since when."""
    before = box.nodes()
    since_s = time.monotonic()
    box.do("restart", node)
    after = box.nodes()
    assert {name for name in after if after[name].pid != before[name].pid} == {node}
    assert after[node].incarnation == before[node].incarnation + 1
    for name in set(after) - {node}:
        assert after[name] == before[name]
    return since_s


@pytest.mark.req("BUS-3")
@pytest.mark.parametrize("node", SPOKEN)
def test_the_contactor_stays_closed_and_the_energy_counts(
    charging: Box, node: str, record_property: Callable[[str, object], None]
) -> None:
    box = charging
    before = box.last(SESSION_STATUS).message
    topic = SPOKEN[node]
    incarnation = box.last(topic).incarnation
    since_s = restart(box, node)
    new = box.until(topic, lambda _: box.last(topic).incarnation > incarnation)
    box.until(SESSION_STATUS, lambda status: status.energy_wh > before.energy_wh + 3.0)

    old = [sample for sample in box.samples(topic) if sample.incarnation < new.incarnation][-1]
    first = next(sample for sample in box.samples(topic) if sample.incarnation == new.incarnation)
    gap_s = first.at_s - old.at_s
    record_property(f"restart of {node}: longest silence for a reader [ms]", round(gap_s * 1e3))
    if node == "load_manager":
        box.proves_clamps_again(since_s)
    is_undisturbed = box.stays_closed(since_s)
    sessions = [sample.message for sample in box.samples(SESSION_STATUS, since_s)]
    assert {status.session_id for status in sessions} == {before.session_id}
    energies_wh = [status.energy_wh for status in sessions]
    assert energies_wh == sorted(energies_wh)
    assert energies_wh[0] >= before.energy_wh
    counters_wh = [sample.message.imported_wh for sample in box.samples(METER_BOX, since_s)]
    assert counters_wh == sorted(counters_wh)
    if not is_undisturbed:
        return
    assert gap_s <= (topic.period_s or 0.0) + topic.hold_s / 2.0  # valid again within half of it
    assert {s.message.permitted for s in box.samples(SAFETY_STATUS, since_s)} == {True}
    assert {status.state for status in sessions} == {WallboxState.CHARGING}
    # The duty that the vehicle sees, and the one that the pilot says.
    least_a = 10.0 if node == "load_manager" else 32.0
    for duties in (
        [sample.message.duty_percent for sample in box.samples(SIM_SIGNALS, since_s)],
        [sample.message.duty_percent for sample in box.samples(PILOT_STATUS, since_s)],
    ):
        assert min(duties) == pytest.approx(least_a / 0.6, abs=1e-6)
        assert max(duties) == pytest.approx(32.0 / 0.6, abs=1e-6)


@pytest.mark.req("BUS-3")
def test_safety_opens_without_load_tests_itself_and_closes_again(
    charging: Box,
) -> None:
    box = charging
    before = box.last(SESSION_STATUS).message
    since_s = restart(box, "safety")
    stopped = box.until(
        PILOT_STATUS, lambda status: status.duty_percent == X1_PERCENT, since_s=since_s
    )
    opened_s = box.event("contacts_open", since_s)
    if not box.has_stalled(since_s, opened_s):
        assert stopped.at_s < opened_s
        assert load_at(box, opened_s) < UNLOADED_A or opened_s - stopped.at_s >= VEHICLE_S - NOISE_S
    closed = box.until(SAFETY_STATUS, is_closed, since_s=opened_s)
    said = [
        sample.message
        for sample in box.samples(SAFETY_STATUS, opened_s)
        if sample.incarnation == box.last(SAFETY_STATUS).incarnation
    ]
    phases = [status.phase for status in said]
    in_order = [
        SafetyPhase.SELF_TEST,
        SafetyPhase.READY,
        SafetyPhase.CLOSING,
        SafetyPhase.CLOSED,
    ]
    places = [phases.index(phase) for phase in in_order]
    assert places == sorted(places)
    assert all(status.contactor is Contactor.OPEN for status in said[places[0] : places[2]])
    if not box.has_stalled(opened_s, closed.at_s):
        assert {(status.retries, status.faults) for status in said} == {(0, ())}
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING)
    box.until(SESSION_STATUS, lambda status: status.energy_wh > before.energy_wh)
    assert box.last(SESSION_STATUS).message.session_id == before.session_id


def is_closed(status: SafetyStatus) -> bool:
    return status.contactor is Contactor.CLOSED and status.phase is SafetyPhase.CLOSED
