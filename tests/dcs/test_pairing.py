"""Pairing with a preset service (DCS-2), from the first boot to the key that is used."""

from pathlib import Path
from typing import Any

import pytest

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
