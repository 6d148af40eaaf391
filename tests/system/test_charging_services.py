"""A real box with services of other projects: boot, charge, remote start, profile and stop."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from msgs.dcs import ChargeMode, Link
from msgs.session import WallboxState
from msgs.topics import DCS_STATUS, LOAD_OFFER, SESSION_STATUS
from tests.dcs.node_hosts import IS_MISSING, WHY_MISSING
from tests.dcs.services import Csms, Example, Node, Service, csms, example, node
from tests.system.box import QUICK_VEHICLE_WITH_CARD, Box, new_box

pytestmark = [pytest.mark.system, pytest.mark.req("DCS-1", "DCS-4", "DCS-7")]

needs_node = pytest.mark.skipif(IS_MISSING, reason=WHY_MISSING)


@pytest.fixture(
    params=[
        pytest.param(example, id="ocpp"),
        pytest.param(csms, id="ocpp-csms"),
        pytest.param(node, id="ocpp-rpc", marks=needs_node),
    ]
)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    running: AbstractContextManager[Service] = request.param()
    with running as service:
        yield service


@pytest.fixture
def box(service: Service) -> Iterator[Box]:
    with new_box() as box:
        box.launch(
            *QUICK_VEHICLE_WITH_CARD,
            f"dcs.url=ws://127.0.0.1:{service.port}/",
            "dcs.plan_wait_s=0",
            "load_manager.monitoring=false",  # the house meter would have to show the vehicle
            "session.authorization=true",
        )
        yield box


def profile(limit_a: float) -> dict[str, Any]:
    """Return a profile of each transaction."""
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
            },
        },
    }


def test_boot_remote_start_profile_and_stop(service: Service, box: Box) -> None:
    box.until(DCS_STATUS, lambda said: said.link is Link.ONLINE and said.synchronised)
    box.until(SESSION_STATUS, lambda said: said.state is WallboxState.IDLE)  # it has just started
    box.act("plug")
    box.until(SESSION_STATUS, lambda said: said.plugged)
    started = service.ask("RemoteStartTransaction", idTag="AA", connectorId=1)
    assert started == {"status": "Accepted"}
    box.act("ready")
    box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING)
    box.until(LOAD_OFFER, lambda offer: offer.limit_a == 32.0)
    assert service.ask("SetChargingProfile", **profile(10.0)) == {"status": "Accepted"}
    box.until(LOAD_OFFER, lambda offer: offer.limit_a == 10.0)
    box.until(DCS_STATUS, lambda said: said.mode is ChargeMode.INTELLIGENT)
    transaction = service.transaction()
    if isinstance(service, Example):
        # It answers a begin with an error, so that there is no id to stop by; the charge goes on.
        assert service.ask("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
        assert service.ask("Reset", type="Soft") == {"status": "Accepted"}
    else:
        assert transaction is not None
        stopped = service.ask("RemoteStopTransaction", transactionId=transaction)
        assert stopped == {"status": "Accepted"}
    box.until(SESSION_STATUS, lambda said: not said.session_id)
    if isinstance(service, Node):
        assert service.host.violations == []
    elif isinstance(service, Csms):
        while not service.ended:
            box.look_for(0.05)
        (ended,) = service.ended
        assert (ended.transaction_id, ended.id_tag) == (transaction, "AA")
        assert ended.stop_reason == "Remote"
        assert service.box.boot is not None
        assert service.box.connectors[0].status == "Available"
    elif isinstance(service, Example):
        assert {"StatusNotification", "StartTransaction"} <= set(service.called)
