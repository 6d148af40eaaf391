"""A charging service on the running graph: the package `ocpp` as host, over a real WebSocket."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ocpp.v16 import call

from bus.generations import read_valid_or_raise
from msgs.card import CardRole
from msgs.dcs import Link
from msgs.label import LABEL_FILE, Label
from msgs.session import WallboxState
from msgs.topics import DCS_STATUS, PILOT_STATUS, SESSION_STATUS
from tests.dcs.central_system import CentralSystem
from tests.system.box import QUICK, Box, new_box

pytestmark = pytest.mark.system

WITHIN_S = 60.0


@pytest.fixture(scope="module")
def service() -> Iterator[CentralSystem]:
    service = CentralSystem()
    yield service
    service.close()


@pytest.fixture(scope="module")
def box(service: CentralSystem) -> Iterator[Box]:
    with new_box() as box:
        box.launch(*QUICK, f"dcs.url={service.url}", "load_manager.monitoring=false")
        box.until(DCS_STATUS, lambda status: status.link is Link.ONLINE)
        yield box


def soon(box: Box, holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end_s, box.log
        box.look_for(0.05)


def is_reported(service: CentralSystem, status: str) -> bool:
    """Return whether the connector has had a status."""
    reports = service.named("StatusNotification")
    return any((each["connector_id"], each["status"]) == (1, status) for each in reports)


def label(box: Box) -> Label:
    found = read_valid_or_raise(box.place.state_dir / LABEL_FILE, Label)
    assert found is not None
    return found


@pytest.mark.req("DCS-1", "DCS-7")
def test_a_box_is_started_and_stopped_from_afar_and_follows_a_plan(
    box: Box, service: CentralSystem
) -> None:
    (boot,) = service.named("BootNotification")
    soon(box, lambda: is_reported(service, "Available"))  # it has just started
    assert boot["charge_point_serial_number"] == label(box).serial
    answer = service.ask(call.RemoteStartTransaction(id_tag="REMOTE", connector_id=1))
    assert answer.status == "Accepted"
    box.do("sim", "plug")
    box.do("sim", "ready")
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING)
    (start,) = service.named("StartTransaction")
    assert start["id_tag"] == "REMOTE"
    profile = {
        "chargingProfileId": 1,
        "transactionId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11.0}],
        },
    }
    answer = service.ask(call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile))
    assert answer.status == "Accepted"
    box.until(PILOT_STATUS, lambda status: status.offered_a == 11.0)
    answer = service.ask(call.RemoteStopTransaction(transaction_id=1))
    assert answer.status == "Accepted"
    soon(box, lambda: service.named("StopTransaction") != [])
    (stop,) = service.named("StopTransaction")
    assert stop["reason"] == "Remote"
    box.do("sim", "unplug")
    box.until(SESSION_STATUS, lambda status: not status.plugged)  # the next test plugs in


@pytest.mark.req("DCS-1", "DCS-7")
def test_a_charge_survives_a_lost_link_and_a_killed_node(box: Box, service: CentralSystem) -> None:
    before = len(service.named("StopTransaction"))
    user = next(each for each in label(box).rfid if each.role is CardRole.USER)
    box.do("sim", "tap", user.uid)
    box.do("sim", "plug")
    box.do("sim", "ready")
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING)
    service.cut()
    box.until(DCS_STATUS, lambda status: status.link is not Link.ONLINE)
    box.kill("dcs")
    box.do("sim", "unplug")
    box.until(SESSION_STATUS, lambda status: not status.plugged)
    soon(box, lambda: len(service.named("StopTransaction")) > before)
    started = [each for each in service.named("StartTransaction") if each["id_tag"] == user.uid]
    assert len({(each["timestamp"], each["meter_start"]) for each in started}) == 1
    ends: list[Any] = service.named("StopTransaction")[before:]
    assert [each["reason"] for each in ends] == ["EVDisconnected"]
