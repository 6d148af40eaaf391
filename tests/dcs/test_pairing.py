"""Pairing with a preset service (DCS-2), from the first boot to the key that is used."""

from pathlib import Path
from typing import Any

import pytest

from bus.disk import Refusal
from nodes.dcs.link import CloseReason, Destination
from nodes.dcs.link_sim import SimConnection
from tests.box import AS_DELIVERED, Box
from tests.dcs.host import Host
from tests.dcs.station import Station

PRESET = "ws://preset.test/ocpp"
SECRET = b"0123456789abcdef0123"


class PairingHost(Host):
    """A service that takes only boxes that have confirmed, and then only by their key."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.registration = "Pending"
        self.interval_s = 30
        self.is_confirmed = False
        self.knows_key = False

    def accept(
        self, connection: SimConnection, destination: Destination, password: bytes
    ) -> CloseReason | None:
        if self.knows_key and (not destination.is_password_sent or password != SECRET):
            return CloseReason.DENIED
        return super().accept(connection, destination, password)

    def _on_DataTransfer(self, _: Any, payload: dict[str, Any]) -> dict[str, Any]:
        if payload.get("messageId") != "confirm":
            return {"status": "UnknownMessageId"}
        self.is_confirmed = True
        return {"status": "Accepted"}


class Unpaired(Station):
    """A box as it is delivered, with a preset service."""

    def __init__(self, state_dir: Path) -> None:
        self.host = PairingHost(PRESET)
        Box.__init__(self, state_dir, f"dcs.service_url={PRESET}", authorization=AS_DELIVERED)
        self.soon(lambda: self.link == "Reachable")

    def offer(self) -> str:
        answer = self.ask_box("DataTransfer", vendorId="wallbox.pairing", messageId="offer")
        return str(answer["status"])


@pytest.fixture
def station(tmp_path: Path) -> Unpaired:
    return Unpaired(tmp_path)


@pytest.mark.req("DCS-1", "DCS-2")
def test_a_box_is_paired_by_a_press_of_the_touch_key(station: Unpaired) -> None:
    host = station.host
    assert isinstance(host, PairingHost)
    assert not station.dcs["synchronised"]
    station.advance(1.0)
    assert (station.light("network"), station.light("touch")) == ("white steady", "off")
    assert station.offer() == "Accepted"
    station.soon(lambda: station.light("touch") == "white steady", 2.0)
    station.act("touch")
    station.soon(lambda: host.is_confirmed, 5.0)
    station.soon(lambda: station.light("touch") == "off", 2.0)
    changed = station.ask_box(
        "ChangeConfiguration", key="AuthorizationKey", value=SECRET.hex().upper()
    )
    assert changed == {"status": "Accepted"}
    host.knows_key, host.registration = True, "Accepted"
    station.soon(lambda: station.link == "Online", 30.0)
    assert station.dcs["synchronised"]
    assert host.password == SECRET
    station.soon(lambda: station.light("network") == "green steady", 2.0)
    assert station.ask("system", "get")["dcs"]["enabled"]  # so that its plan counts
    station.begin_charge()
    station.restart_all()
    station.soon(lambda: station.link == "Online", 60.0)
    assert host.violations == []


@pytest.mark.req("DCS-2")
def test_a_box_with_a_vehicle_is_not_paired(station: Unpaired) -> None:
    station.act("plug")
    station.advance(2.0)
    assert station.offer() == "Rejected"
    assert not station.dcs["can_confirm"]
    station.act("unplug")
    station.advance(2.0)
    assert station.offer() == "Accepted"
    station.act("plug")
    station.soon(lambda: not station.dcs["can_confirm"], 2.0)


@pytest.mark.req("DCS-2")
def test_a_key_is_not_taken_without_a_press(station: Unpaired) -> None:
    assert station.offer() == "Accepted"
    answer = station.ask_box("ChangeConfiguration", key="AuthorizationKey", value=SECRET.hex())
    assert answer == {"status": "Rejected"}


@pytest.mark.req("DCS-2")
def test_an_offer_ends_with_its_connection_and_after_a_while(station: Unpaired) -> None:
    assert station.offer() == "Accepted"
    station.host.cut()
    station.soon(lambda: not station.dcs["can_confirm"], 2.0)
    station.soon(lambda: station.link == "Reachable", 60.0)
    station.advance(1.0)
    assert station.offer() == "Accepted"
    station.advance(599.0)
    assert station.dcs["can_confirm"]
    station.advance(2.0)
    assert not station.dcs["can_confirm"]


@pytest.mark.req("DCS-8")
def test_an_unpaired_box_sends_nothing_but_its_boot(station: Unpaired) -> None:
    station.begin_charge()
    station.advance(300.0)
    assert {action for action, _ in station.host.calls} == {"BootNotification"}
    assert station.host.violations == []
    assert station.send_box("RemoteStartTransaction", {"idTag": "1"}).error == "InternalError"


@pytest.mark.req("DCS-8")
def test_the_key_is_in_a_file_that_only_the_box_reads(station: Unpaired, tmp_path: Path) -> None:
    station.offer()
    station.soon(lambda: station.dcs["can_confirm"], 2.0)
    station.advance(1.0)
    station.act("touch")
    station.advance(1.0)
    station.ask_box("ChangeConfiguration", key="AuthorizationKey", value=SECRET.hex())
    path = tmp_path / "dcs-AuthorizationKey"
    assert path.read_bytes() == SECRET
    assert path.stat().st_mode & 0o777 == 0o600
    assert SECRET not in (tmp_path / "dcs.sqlite").read_bytes()
    assert not any(SECRET.hex() in line for line in station.lines)


@pytest.mark.req("DCS-2")
def test_a_damaged_database_does_not_unpair_the_box(station: Unpaired, tmp_path: Path) -> None:
    host = station.host
    assert isinstance(host, PairingHost)
    station.offer()
    station.soon(lambda: station.light("touch") == "white steady", 2.0)
    station.act("touch")
    station.soon(lambda: host.is_confirmed, 5.0)
    station.ask_box("ChangeConfiguration", key="AuthorizationKey", value=SECRET.hex())
    host.knows_key, host.registration = True, "Accepted"
    station.soon(lambda: station.link == "Online", 30.0)
    station.kill("dcs")
    (tmp_path / "dcs.sqlite").write_bytes(b"damaged" * 1000)
    before = host.connections
    station.start("dcs")
    station.soon(lambda: host.connections > before, 30.0)
    station.advance(5.0)
    assert host.password == SECRET
    assert (station.link, station.dcs["synchronised"]) == ("Online", True)


# --- the end of a pairing -------------------------------------------------------------------------


def pair(station: Unpaired) -> None:
    """Pair the box, and let the service set what it may."""
    host = station.host
    assert isinstance(host, PairingHost)
    assert station.offer() == "Accepted"
    station.soon(lambda: station.dcs["can_confirm"], 2.0)
    station.advance(1.0)
    station.act("touch")
    station.soon(lambda: host.is_confirmed, 5.0)
    station.ask_box("ChangeConfiguration", key="AuthorizationKey", value=SECRET.hex())
    host.knows_key, host.registration = True, "Accepted"
    station.soon(lambda: station.link == "Online", 30.0)
    station.advance(2.0)


def forget_box(host: Host) -> None:
    """Let the service forget the box, which has to be activated again."""
    assert isinstance(host, PairingHost)
    host.knows_key, host.is_confirmed, host.registration = False, False, "Pending"


@pytest.mark.req("DCS-2", "DCS-8")
def test_the_end_of_a_pairing_leaves_nothing_of_the_service(
    station: Unpaired, tmp_path: Path
) -> None:
    host = station.host
    pair(station)
    limit = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
        },
    }
    entry = {"idTag": "AA", "idTagInfo": {"status": "Blocked"}}
    for action, payload in (
        ("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": limit}),
        ("SendLocalList", {"listVersion": 1, "updateType": "Full",
                           "localAuthorizationList": [entry]}),
        ("ChangeConfiguration", {"key": "LocalAuthorizeOffline", "value": "false"}),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
    ):  # fmt: skip
        assert station.ask_box(action, **payload) == {"status": "Accepted"}
    station.soon(lambda: len(station.said("dcs/wish")["wishes"]) == 2, 5.0)
    forget_box(host)
    station.ask("dcs", "unpair")
    assert not (tmp_path / "dcs-AuthorizationKey").exists()
    station.soon(lambda: station.link == "Reachable", 30.0)
    for _ in range(2):
        assert host.destination is not None
        assert (host.destination.is_password_sent, host.password) == (False, b"")
        station.advance(2.0)
        assert not station.dcs["synchronised"]
        assert station.said("dcs/wish")["wishes"] == []
        assert not station.ask("system", "get")["dcs"]["enabled"]
        station.crash("dcs")
        station.soon(lambda: station.link == "Reachable", 30.0)
    station.begin_charge()  # by the box's own list, and nothing is reported
    station.end_charge()
    host.calls.clear()
    pair(station)
    assert host.password == SECRET
    shown = station.ask_box("GetConfiguration", key=["LocalAuthorizeOffline"])
    assert shown["configurationKey"][0]["value"] == "true"
    assert station.ask_box("GetLocalListVersion") == {"listVersion": 0}
    assert host.named("StartTransaction") == []
    assert host.violations == []


@pytest.mark.req("DCS-2")
def test_a_pairing_is_not_ended_while_a_vehicle_is_plugged_in(station: Unpaired) -> None:
    assert "not paired" in station.refused("dcs", "unpair", {})
    pair(station)
    station.begin_charge()
    assert "A vehicle is plugged in" in station.refused("dcs", "unpair", {})
    assert station.link == "Online"
    station.end_charge()
    station.advance(2.0)
    station.ask("dcs", "unpair")


@pytest.mark.req("DCS-2")
def test_a_service_that_refuses_the_box_for_ever_is_left(station: Unpaired, tmp_path: Path) -> None:
    pair(station)
    station.host.refuses = CloseReason.DENIED
    station.host.cut()
    station.soon(lambda: "end the pairing" in station.dcs["detail"], 60.0)
    station.advance(5.0)
    station.begin_charge()  # without the service; it is not sent any more
    station.end_charge()
    station.advance(5.0)
    assert station.dcs["unsent"] == 2
    station.ask("dcs", "unpair")
    station.advance(2.0)
    assert (station.dcs["unsent"], station.dcs["synchronised"]) == (0, False)
    assert not (tmp_path / "dcs-AuthorizationKey").exists()
    station.host.refuses = None
    forget_box(station.host)
    station.soon(lambda: station.link == "Reachable", 700.0)


@pytest.mark.req("DCS-2", "DCS-6")
def test_the_end_of_a_pairing_with_a_service_that_was_set_clears_its_address(
    tmp_path: Path,
) -> None:
    box, host = Box(tmp_path, authorization=AS_DELIVERED), Host()
    assert "No charging service" in box.refused("dcs", "unpair", {})
    changes = {"dcs.url": host.url, "dcs.enabled": True}
    box.ask("system", "set", {"changes": changes})
    assert box.is_soon(lambda: host.named("StatusNotification") != [], 30.0)
    box.ask("dcs", "unpair")
    box.advance(5.0)
    assert box.ask("system", "get")["dcs"]["url"] == ""
    assert box.light("network") == "off"
    assert (host.connection, host.violations) == (None, [])
    assert "not paired" in box.refused("dcs", "unpair", {})


@pytest.mark.req("DCS-2", "DCS-6")
def test_a_pairing_by_the_launch_file_is_not_ended(tmp_path: Path) -> None:
    station = Station(tmp_path)
    assert "cannot be changed" in station.refused("dcs", "unpair", {})
    station.advance(2.0)
    assert (station.link, station.host.connections) == ("Online", 1)


@pytest.mark.req("DCS-2")
def test_a_disk_that_refuses_the_end_of_a_pairing_leaves_it_as_it_is(station: Unpaired) -> None:
    pair(station)
    station._graph.refuse_writes(Refusal.ALL)
    reason = station.refused("dcs", "unpair", {})
    assert reason.startswith("The box stays paired: its settings cannot be changed. Nothing was")
    assert "the disk of the box is read-only. Try again" in reason
    station._graph.refuse_writes(None)
    station.crash("dcs")
    station.advance(2.0)  # until it has a connection of its own
    station.soon(lambda: station.link == "Online", 30.0)
    assert station.dcs["synchronised"]
    station.advance(5.0)
    station.ask("dcs", "unpair")
    station.crash("dcs")
    station.advance(5.0)
    assert not station.dcs["synchronised"]


@pytest.mark.req("DCS-6")
def test_no_service_gets_the_key_of_another(station: Unpaired) -> None:
    pair(station)
    other = Host("ws://other.test/ocpp")
    changes = {"dcs.url": other.url, "dcs.security_profile": 1}
    station.ask("system", "set", {"changes": changes})
    station.soon(lambda: other.connections > 0, 30.0)
    assert other.destination is not None
    assert not other.destination.is_password_sent
