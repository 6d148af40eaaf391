"""First light: plug in, ready, charge, unplug, on the graph as a newcomer starts it."""

import json
import time
from collections.abc import Iterator

import pytest

from msgs.led import Color, Effect, LedFrame
from msgs.pilot import CpState
from msgs.safety import Contactor
from msgs.session import WallboxState
from msgs.topics import (
    HEARTBEATS,
    LED_FRAME,
    METER_BOX,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
)
from tests.system.box import NO_CARD, NOISE_S, Box, new_box

pytestmark = pytest.mark.system

NODES = {
    "dcs", "led", "load_manager", "meter", "pilot", "plant", "rfid", "safety", "session",
    "smart_home", "system", "web",
}  # fmt: skip
NO_BUS = {"portal"}
OPEN_WITHIN_S = 0.1  # after the vehicle has left C: IEC 61851-1, Table A.6, seq. 8.1


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with new_box() as box:
        box.launch(NO_CARD)
        yield box


def charge(box: Box) -> float:
    """Have a charge run, whatever was before; return since when that is being worked on."""
    since_s = time.monotonic()
    if box.last(SESSION_STATUS).message.state is WallboxState.CHARGING:
        return since_s
    box.do("sim", "plug")
    box.do("sim", "ready")
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING, since_s=since_s)
    return since_s


def segments(frame: LedFrame) -> list[tuple[Color, Effect]]:
    return [(light.color, light.effect) for light in frame.segments]


@pytest.mark.req("BUS-1", "BUS-2", "BUS-4")
def test_one_command_starts_processes_that_can_be_listened_to(box: Box) -> None:
    rows = box.ps()
    assert {row["node"] for row in rows} == NODES | NO_BUS
    assert {(row["state"], row["restarts"]) for row in rows} == {("ready", 0)}
    assert {row["incarnation"] for row in rows if row["node"] in NODES} == {1}
    assert len({row["pid"] for row in rows} | {box.supervisor}) == len(rows) + 1
    for row in rows:  # each process says itself that it is that node
        if row["node"] in NO_BUS:
            continue
        beat = box.until(HEARTBEATS[row["node"]], lambda _: True, since_s=0.0)
        assert beat.message.pid == row["pid"]
    sniffed = box.do("sniff", "pilot/status", "--json", "--count", "2").splitlines()
    assert [json.loads(line)["msg"]["cp_state"] for line in sniffed] == ["A", "A"]


@pytest.mark.req("CHG-1", "LED-2", "LED-3")
def test_a_plugged_in_vehicle_charges_within_ten_seconds(box: Box) -> None:
    since_s = charge(box)
    charging = box.until(
        SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING, since_s=since_s
    )
    plugged_s = box.event("plugged", since_s)
    if not box.has_stalled(since_s, charging.at_s):
        box.assert_within(10.0, plugged_s, charging.at_s, "safety", "pilot", "plant")
    pilot = box.until(PILOT_STATUS, lambda status: status.cp_state is CpState.C).message
    assert 6.0 <= pilot.offered_a <= 32.0
    assert pilot.duty_percent == pytest.approx(pilot.offered_a / 0.6)  # Table A.7
    safety = box.until(SAFETY_STATUS, lambda status: status.contactor is Contactor.CLOSED).message
    assert (safety.permitted, safety.faults) == (True, ())
    first = box.until(METER_BOX, lambda reading: reading.power_w > 500.0)
    box.until(METER_BOX, lambda reading: reading.power_w > first.message.power_w + 3000.0)
    # The whole way: tested while open, offered only then, closed only when the vehicle asked.
    offered = box.until(PILOT_STATUS, lambda status: status.offered_a > 0.0, since_s=since_s)
    asked = box.until(PILOT_STATUS, lambda status: status.cp_state is CpState.C, since_s=since_s)
    shown = [segments(frame.message) for frame in box.samples(LED_FRAME, since_s)]
    tested = [(Color.ORANGE, Effect.STEADY)] * 4
    assert tested in shown
    assert shown[-1] == [(Color.BLUE, Effect.BLINK)] * 4
    closed_s = [
        status.at_s
        for status in box.samples(SAFETY_STATUS, since_s)
        if status.message.contactor is not Contactor.OPEN
    ]
    assert offered.at_s < asked.at_s < closed_s[0] + NOISE_S
    assert all(
        status.message.offered_a == 0.0
        for status in box.samples(PILOT_STATUS, since_s)
        if status.at_s < offered.at_s
    )


@pytest.mark.req("CHG-2")
def test_unplugging_opens_in_time_and_stores_the_session_once(box: Box) -> None:
    charge(box)
    box.until(SESSION_STATUS, lambda status: status.energy_wh > 2.0)
    since_s = time.monotonic()
    box.do("sim", "unplug")
    left = box.until(PILOT_STATUS, lambda status: status.cp_state is not CpState.C, since_s=since_s)
    opened = box.until(
        SAFETY_STATUS, lambda status: status.contactor is Contactor.OPEN, since_s=since_s
    )
    box.assert_within(OPEN_WITHIN_S, left.at_s, opened.at_s, "safety", "plant")
    charged = box.samples(SESSION_STATUS)[-1].message
    idle = box.until(
        SESSION_STATUS, lambda status: status.state is WallboxState.IDLE, since_s=since_s
    ).message
    assert (idle.plugged, idle.permitted, idle.session_id) == (False, False, "")
    box.look_for(0.5)  # time for a second record, if there were one
    records = [
        record
        for record in box.ask("session", "sessions")
        if record["session_id"] == charged.session_id
    ]
    assert len(records) == 1
    assert records[0]["end_reason"] == "unplugged"
    assert records[0]["ended_utc_ns"] > records[0]["started_utc_ns"]
    assert records[0]["energy_wh"] == pytest.approx(idle.energy_wh, abs=0.1)
    counter_wh = box.last(METER_BOX).message.imported_wh - records[0]["start_energy_wh"]
    assert records[0]["energy_wh"] == pytest.approx(counter_wh, abs=0.5)
    assert records[0]["energy_wh"] > 2.0
