"""The front without a terminal: one line for each change, none for drifting amounts."""

from dataclasses import replace
from typing import Any

import msgspec

from msgs.launch import ProcessState
from msgs.load_manager import HouseMeter
from msgs.safety import FaultCode
from msgs.session import WallboxState
from terminal.changes import Changes
from terminal.snapshot import FrontSnapshot
from tests.builders import (
    charging_pilot,
    charging_safety,
    charging_session,
    fault_record,
    graph_status,
    load_offer,
    node_process,
)
from tests.view.snapshot import said
from view.snapshot import Received

SNAPSHOT = FrontSnapshot(
    now_s=0.0,
    utc_ns=0,
    began_s=-60.0,
    rfid=said("rfid"),
    wish=said("wish"),
    record=said("record"),
    dcs=said("dcs"),
    smart_home=said("smart_home"),
    settings=said("settings"),
    graph=Received(
        node="launch", hold_s=3.0, age_s=0.0,
        message=graph_status(node_process("pilot")),
    ),
    front=Received(node="led", hold_s=3.0),
    pilot=Received(
        node="pilot", hold_s=1.0, age_s=0.0,
        message=charging_pilot(),
    ),
    safety=Received(
        node="safety", hold_s=1.0, age_s=0.0,
        message=charging_safety(temperature_c=30.0),
    ),
    session=Received(
        node="session", hold_s=3.0, age_s=0.0,
        message=charging_session(energy_wh=1.0, reason="Up to 16.0 A."),
    ),
    offer=Received(
        node="load_manager", hold_s=3.0, age_s=0.0,
        message=load_offer(
            16.0, "fuse", detail="16.0 A are left.", house_meter=HouseMeter.ONLINE
        ),
    ),
    box=Received(node="meter", hold_s=5.0),
    house=Received(node="meter", hold_s=10.0),
    solar=Received(node="meter", hold_s=10.0),
)  # fmt: skip

FAULT = fault_record(
    FaultCode.NOT_CLOSING,
    since_utc_ns=0,
    detail="the contactor does not close",
    remedy="Pull the plug.",
)


def but(name: str, **fields: Any) -> FrontSnapshot:
    source = getattr(SNAPSHOT, name)
    return replace(
        SNAPSHOT,
        **{name: replace(source, message=msgspec.structs.replace(source.message, **fields))},
    )


def silent(name: str) -> FrontSnapshot:
    return replace(SNAPSHOT, **{name: replace(getattr(SNAPSHOT, name), age_s=60.0)})


def after_start() -> Changes:
    changes = Changes()
    changes.lines(SNAPSHOT)
    return changes


def test_the_first_look_prints_all_that_is_known() -> None:
    assert Changes().lines(SNAPSHOT) == [
        "state      Charging: Up to 16.0 A.",
        "contactor  closed, as proven",
        "vehicle    C, vehicle ready",
        "pilot      duty 26.7 % offers 16.0 A",
        "limit      16.0 A by main fuse. 16.0 A are left.",
    ]


def test_drifting_amounts_are_not_printed() -> None:
    changes = after_start()
    assert changes.lines(SNAPSHOT) == []
    assert changes.lines(but("pilot", offered_a=15.2, duty_percent=25.3)) == []
    assert changes.lines(but("offer", limit_a=15.2, detail="15.2 A are left.")) == []
    assert changes.lines(but("session", energy_wh=2.0, reason="Up to 15.2 A.")) == []


def test_a_change_is_printed_once() -> None:
    changes = after_start()
    stopped = but("session", state=WallboxState.SUSPENDED, reason="The app pauses the charge.")
    assert changes.lines(stopped) == ["state      Suspended: The app pauses the charge."]
    assert changes.lines(stopped) == []
    assert changes.lines(but("pilot", offered_a=0.0, duty_percent=100.0)) == [
        "state      Charging: Up to 16.0 A.",
        "pilot      no PWM, offers nothing",
    ]


def test_a_fault_is_printed_with_its_remedy_and_again_when_it_ends() -> None:
    changes = after_start()
    faulty = but("safety", records=(FAULT,), faults=(FaultCode.NOT_CLOSING,))
    assert changes.lines(faulty) == ["fault 8001 the contactor does not close. Pull the plug."]
    assert changes.lines(silent("safety")) == ["node safety is silent"]  # which ends no fault
    assert changes.lines(SNAPSHOT) == ["node safety sends again", "fault 8001 is over"]


def test_a_lost_meter_is_printed_and_its_return() -> None:
    changes = after_start()
    assert changes.lines(but("offer", house_meter=HouseMeter.LOST)) == [
        "house      the meter is lost"
    ]
    assert changes.lines(SNAPSHOT) == ["house      the meter is back"]


def test_a_node_that_does_not_run_is_printed_with_its_reason() -> None:
    changes = after_start()
    down = node_process(
        "pilot", state=ProcessState.BACKOFF, pid=0, restarts=1, detail="killed by SIGKILL"
    )
    assert changes.lines(but("graph", processes=(down,))) == [
        "node pilot backoff: killed by SIGKILL"
    ]
    assert changes.lines(SNAPSHOT) == ["node pilot is ready again"]
    assert changes.lines(but("graph", stopping=True)) == ["graph      stops in order"]


def test_an_unchanged_item_is_not_printed_again_after_silence() -> None:
    changes = after_start()
    assert changes.lines(silent("session")) == ["node session is silent"]
    assert changes.lines(SNAPSHOT) == ["node session sends again"]
