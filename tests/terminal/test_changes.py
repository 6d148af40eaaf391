"""The front without a terminal: one line for what becomes new, none for what drifts."""

from dataclasses import replace
from typing import Any

import msgspec

from msgs.launch import GraphStatus, Process, ProcessState
from msgs.load_manager import HouseMeter, LoadOffer
from msgs.pilot import CpState, PilotStatus
from msgs.safety import Contactor, Fault, FaultCode, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from terminal.changes import Story
from terminal.facts import Facts
from tests.view.facts import said
from view.facts import Heard

FACTS = Facts(
    now_s=0.0,
    utc_ns=0,
    began_s=-60.0,
    rfid=said("rfid"),
    dcs=said("dcs"),
    graph=Heard(
        node="launch", hold_s=3.0, age_s=0.0,
        message=GraphStatus(
            plan="simulation", pid=1,
            processes=(
                Process(
                    node="pilot", state=ProcessState.READY, pid=2, incarnation=1, restarts=0
                ),
            ),
        ),
    ),
    front=Heard(node="led", hold_s=3.0),
    pilot=Heard(
        node="pilot", hold_s=1.0, age_s=0.0,
        message=PilotStatus(
            cp_state=CpState.C, duty_percent=26.7, offered_a=16.0, high_v=6.0, low_v=-12.0
        ),
    ),
    safety=Heard(
        node="safety", hold_s=1.0, age_s=0.0,
        message=SafetyStatus(
            contactor=Contactor.CLOSED, permitted=True, faults=(), retries=0,
            temperature_c=30.0, installation_limit_a=32.0, limit_a=32.0,
        ),
    ),
    session=Heard(
        node="session", hold_s=3.0, age_s=0.0,
        message=SessionStatus(
            state=WallboxState.CHARGING, plugged=True, authorized=True, permitted=True,
            session_id="1", energy_wh=1.0, reason="Up to 16.0 A.",
        ),
    ),
    offer=Heard(
        node="load_manager", hold_s=3.0, age_s=0.0,
        message=LoadOffer(
            limit_a=16.0, reason="fuse", limits=(), detail="16.0 A are left.",
            house_meter=HouseMeter.ONLINE,
        ),
    ),
    box=Heard(node="meter", hold_s=5.0),
    house=Heard(node="meter", hold_s=10.0),
    solar=Heard(node="meter", hold_s=10.0),
)  # fmt: skip

FAULT = Fault(
    code=FaultCode.NOT_CLOSING,
    since_utc_ns=0,
    count=1,
    detail="the contactor does not close",
    remedy="Pull the plug.",
)


def but(name: str, **fields: Any) -> Facts:
    source = getattr(FACTS, name)
    return replace(
        FACTS, **{name: replace(source, message=msgspec.structs.replace(source.message, **fields))}
    )


def silent(name: str) -> Facts:
    return replace(FACTS, **{name: replace(getattr(FACTS, name), age_s=60.0)})


def after_start() -> Story:
    story = Story()
    story.news(FACTS)
    return story


def test_the_first_look_tells_all_that_is_known() -> None:
    assert Story().news(FACTS) == [
        "state      Charging: Up to 16.0 A.",
        "contactor  closed, as proven",
        "vehicle    C, vehicle ready",
        "pilot      duty 26.7 % offers 16.0 A",
        "limit      16.0 A by main fuse. 16.0 A are left.",
    ]


def test_amounts_that_drift_are_not_told() -> None:
    story = after_start()
    assert story.news(FACTS) == []
    assert story.news(but("pilot", offered_a=15.2, duty_percent=25.3)) == []
    assert story.news(but("offer", limit_a=15.2, detail="15.2 A are left.")) == []
    assert story.news(but("session", energy_wh=2.0, reason="Up to 15.2 A.")) == []


def test_a_change_is_told_once() -> None:
    story = after_start()
    stopped = but("session", state=WallboxState.SUSPENDED, reason="The app pauses the charge.")
    assert story.news(stopped) == ["state      Suspended: The app pauses the charge."]
    assert story.news(stopped) == []
    assert story.news(but("pilot", offered_a=0.0, duty_percent=100.0)) == [
        "state      Charging: Up to 16.0 A.",
        "pilot      no PWM, offers nothing",
    ]


def test_a_fault_is_told_with_its_remedy_and_when_it_is_over() -> None:
    story = after_start()
    faulty = but("safety", records=(FAULT,), faults=(FaultCode.NOT_CLOSING,))
    assert story.news(faulty) == ["fault 8001 the contactor does not close. Pull the plug."]
    assert story.news(silent("safety")) == ["node safety is silent"]  # which ends no fault
    assert story.news(FACTS) == ["node safety is heard again", "fault 8001 is over"]


def test_a_lost_meter_is_told_until_it_is_back() -> None:
    story = after_start()
    assert story.news(but("offer", house_meter=HouseMeter.LOST)) == ["house      the meter is lost"]
    assert story.news(FACTS) == ["house      the meter is back"]


def test_a_node_that_does_not_run_is_told_with_its_reason() -> None:
    story = after_start()
    down = Process(
        node="pilot", state=ProcessState.BACKOFF, pid=0, incarnation=1, restarts=1,
        detail="killed by SIGKILL",
    )  # fmt: skip
    assert story.news(but("graph", processes=(down,))) == ["node pilot backoff: killed by SIGKILL"]
    assert story.news(FACTS) == ["node pilot is ready again"]
    assert story.news(but("graph", stopping=True)) == ["graph      stops in order"]


def test_what_a_silent_source_said_is_not_told_again_when_it_is_back() -> None:
    story = after_start()
    assert story.news(silent("session")) == ["node session is silent"]
    assert story.news(FACTS) == ["node session is heard again"]
