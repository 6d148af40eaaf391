"""A real portal on loopback: who may reach it, and what it does with boxes and its page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from portal.keeping import FILE
from tests.portal.hours import ENERGY_KWH, MOST_A, departure, prices
from tests.portal.portal_in_thread import PortalInThread, PortalPage, key_header

pytestmark = pytest.mark.req("DCS-2", "DCS-7")

BOX = "12345678"
BEGIN = {
    "connectorId": 1,
    "idTag": "CARD",
    "meterStart": 500,
    "timestamp": "2026-01-01T00:00:00.000Z",
}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalInThread]:
    portal = PortalInThread(tmp_path)
    yield portal
    portal.close()


@contextmanager
def page_of(portal: PortalInThread) -> Iterator[PortalPage]:
    origin: Any = f"http://127.0.0.1:{portal.port}"
    with connect(f"ws://127.0.0.1:{portal.port}/page", origin=origin) as socket:
        page = PortalPage(socket)
        page.look()
        yield page


class StandIn:
    """A box that says what a test lets it say."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = 0

    def ask(self, action: str, **payload: Any) -> Any:
        """Send a call; return its result, or the code of its error."""
        self._ids += 1
        self._socket.send(json.dumps([2, str(self._ids), action, payload]))
        _, number, *rest = json.loads(self._socket.recv(timeout=10.0))
        assert number == str(self._ids)
        return rest[0]

    def boot(self) -> str:
        answer = self.ask("BootNotification", chargePointModel="M", chargePointVendor="V")
        return str(answer["status"])

    def asked(self, action: str, answer: dict[str, Any]) -> dict[str, Any]:
        """Wait for a call of the portal, and answer it; return its content."""
        kind, number, name, payload = json.loads(self._socket.recv(timeout=10.0))
        assert (kind, name) == (2, action)
        self._socket.send(json.dumps([3, number, answer]))
        assert isinstance(payload, dict)
        return payload


@contextmanager
def box_of(portal: PortalInThread, key: bytes | None = None, **words: Any) -> Iterator[StandIn]:
    headers = key_header(BOX, key) if key is not None else {}
    with connect(
        f"ws://127.0.0.1:{portal.port}/ocpp/{BOX}",
        subprotocols=[Subprotocol("ocpp1.6")],
        additional_headers=headers,
        **words,
    ) as socket:
        yield StandIn(socket)


def pair(portal: PortalInThread, page: PortalPage) -> bytes:
    """Pair a box; return its key."""
    with box_of(portal) as box:
        assert box.boot() == "Pending"
        page.until(lambda: bool(page.state["boxes"]))
        page.do(do="activate", box=BOX)
        offer = box.asked("DataTransfer", {"status": "Accepted"})
        assert offer == {"vendorId": "wallbox.pairing", "messageId": "offer"}
        page.until(lambda: page.box["stage"] == "offered")
        confirmed = box.ask("DataTransfer", vendorId="wallbox.pairing", messageId="confirm")
        assert confirmed["status"] == "Accepted"
        sent = box.asked("ChangeConfiguration", {"status": "Accepted"})
        assert sent["key"] == "AuthorizationKey"
        page.until(lambda: page.box["stage"] == "paired")
    return bytes.fromhex(sent["value"])


@contextmanager
def paired(portal: PortalInThread, page: PortalPage) -> Iterator[StandIn]:
    """Give a box that is paired and configured."""
    with box_of(portal, pair(portal, page)) as box:
        assert box.boot() == "Accepted"
        for _ in range(2):
            box.asked("ChangeConfiguration", {"status": "Accepted"})
        yield box


def get(portal: PortalInThread, path: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", portal.port, timeout=10.0)
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("path", ["/", "/portal.css", "/portal.js", "/chart.js"])
def test_the_page_is_served(portal: PortalInThread, path: str) -> None:
    assert get(portal, path) == 200
    assert get(portal, path, Host=f"localhost:{portal.port}") == 200


@pytest.mark.parametrize("path", ["/portal.json", "/../portal.json", "/ocpp/", "/ocpp/%00", "/x"])
def test_nothing_else_is(portal: PortalInThread, path: str) -> None:
    assert get(portal, path) == 404


@pytest.mark.parametrize("path", ["/", "/page", f"/ocpp/{BOX}"])
def test_a_foreign_name_reaches_nothing(portal: PortalInThread, path: str) -> None:
    assert get(portal, path, Host="foreign.example") == 421
    assert get(portal, path, Host=f"foreign.example:{portal.port}") == 421


@pytest.mark.parametrize("origin", [None, "http://foreign.example", "null", "https://127.0.0.1"])
def test_a_foreign_page_cannot_act(portal: PortalInThread, origin: Any) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{portal.port}/page", origin=origin)


def test_a_page_is_no_box(portal: PortalInThread) -> None:
    origin: Any = f"http://127.0.0.1:{portal.port}"
    with pytest.raises(InvalidStatus, match="403"), box_of(portal, origin=origin):
        pass


def test_a_box_is_paired_and_then_needs_its_key(portal: PortalInThread, tmp_path: Path) -> None:
    with page_of(portal) as page:
        key = pair(portal, page)
        assert key.hex() not in json.dumps(page.state)
        for wrong in (None, b"", key[:-1], b"\0" * 20):
            with pytest.raises(InvalidStatus, match="401"), box_of(portal, wrong):
                pass
        with box_of(portal, key) as box:
            assert box.boot() == "Accepted"
            page.until(lambda: page.box["is_accepted"])
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    again = PortalInThread(tmp_path)  # from what was kept
    with box_of(again, key) as box:
        assert box.boot() == "Accepted"
    again.close()


@pytest.mark.parametrize("answer", ["Accepted", "NotImplemented"])
def test_a_box_that_comes_back_without_a_boot_is_asked_for_it(
    portal: PortalInThread, answer: str
) -> None:
    with page_of(portal) as page, box_of(portal, pair(portal, page)) as box:
        asked = box.asked("TriggerMessage", {"status": answer})
        assert asked == {"requestedMessage": "BootNotification"}
        if answer == "Accepted":
            assert box.boot() == "Accepted"
        box.asked("ChangeConfiguration", {"status": "Accepted"})
        page.until(lambda: bool(page.box["is_accepted"]))


def test_a_box_whose_answer_was_lost_is_known_by_the_key_that_was_sent(
    portal: PortalInThread,
) -> None:
    with page_of(portal) as page:
        with box_of(portal) as box:
            box.boot()
            page.until(lambda: bool(page.state["boxes"]))
            page.do(do="activate", box=BOX)
            box.asked("DataTransfer", {"status": "Accepted"})
            page.until(lambda: page.box["stage"] == "offered")
            box.ask("DataTransfer", vendorId="wallbox.pairing", messageId="confirm")
            _, _, _, sent = json.loads(box._socket.recv(timeout=10.0))  # and never answers
        with box_of(portal, bytes.fromhex(sent["value"])) as box:
            assert box.boot() == "Accepted"
        with pytest.raises(InvalidStatus, match="401"), box_of(portal):
            pass


@pytest.mark.parametrize("answer", [{"status": "Rejected", "data": "a vehicle is plugged in"}])
def test_a_refusal_of_the_box_is_shown(portal: PortalInThread, answer: dict[str, Any]) -> None:
    with page_of(portal) as page, box_of(portal) as box:
        box.boot()
        page.until(lambda: bool(page.state["boxes"]))
        page.do(do="activate", box=BOX)
        box.asked("DataTransfer", answer)
        page.until(lambda: page.box["note"] != "")
        assert "a vehicle is plugged in" in page.box["note"]
        assert page.box["stage"] == "new"


def test_a_confirmation_without_an_offer_is_not_taken(portal: PortalInThread) -> None:
    with box_of(portal) as box:
        box.boot()
        answer = box.ask("DataTransfer", vendorId="wallbox.pairing", messageId="confirm")
        assert answer["status"] == "Rejected"
        assert box.ask("DataTransfer", vendorId="x")["status"] == "UnknownVendorId"


def test_a_transaction_that_is_sent_again_is_the_same_one(portal: PortalInThread) -> None:
    with page_of(portal) as page, paired(portal, page) as box:
        first = box.ask("StartTransaction", **BEGIN)
        assert first["idTagInfo"]["status"] == "Accepted"
        assert box.ask("StartTransaction", **BEGIN) == first
        other = box.ask("StartTransaction", **BEGIN | {"meterStart": 501})
        assert other["transactionId"] != first["transactionId"]
        end = {"transactionId": first["transactionId"], "meterStop": 1500, "reason": "Local"}
        for _ in range(2):
            box.ask("StopTransaction", timestamp="2026-01-01T01:00:00.000Z", **end)
        page.until(lambda: any(each["ended"] for each in page.state["charges"]))
        (ended,) = [each for each in page.state["charges"] if each["ended"]]
        assert (ended["energy_wh"], ended["token"]) == (1000.0, "CARD")


@pytest.mark.req("DCS-5")
def test_what_a_person_has_chosen_at_the_box_is_kept(portal: PortalInThread) -> None:
    with page_of(portal) as page, paired(portal, page) as box:
        number = box.ask("StartTransaction", **BEGIN)["transactionId"]
        reported = {"vendorId": "wallbox.charging", "messageId": "mode"}
        assert box.ask("DataTransfer", **reported, data="{}") == {"status": "Rejected"}
        choice = json.dumps({"transactionId": number, "mode": "fast"})
        assert box.ask("DataTransfer", **reported, data=choice) == {"status": "Accepted"}
        page.until(lambda: any(each["mode"] == "fast" for each in page.state["charges"]))


def test_a_card_is_accepted_until_it_is_blocked(portal: PortalInThread) -> None:
    def status(box: StandIn, card: str) -> str:
        return str(box.ask("Authorize", idTag=card)["idTagInfo"]["status"])

    with page_of(portal) as page, paired(portal, page) as box:
        assert status(box, "CARD") == "Accepted"
        page.do(do="card", card="CARD", is_accepted=False)
        page.until(lambda: any(not each["is_accepted"] for each in page.state["cards"]))
        assert status(box, "CARD") == "Blocked"
        page.do(do="new_cards", is_accepted=False)
        page.until(lambda: not page.state["accepts_new_cards"])
        assert status(box, "OTHER") == "Invalid"


def test_a_wish_becomes_a_profile_and_its_end_clears_it(portal: PortalInThread) -> None:
    wish = {"energy_kwh": ENERGY_KWH, "departure": departure(), "phases": 3, "most_a": MOST_A}
    with page_of(portal) as page, paired(portal, page) as box:
        page.do(do="prices", prices=prices(now=0.1, later=0.5))
        page.do(do="wish", box=BOX, wish=wish)
        page.until(lambda: page.box["wish"] == wish)
        number = box.ask("StartTransaction", **BEGIN)["transactionId"]
        sent = box.asked("SetChargingProfile", {"status": "Accepted"})["csChargingProfiles"]
        assert (sent["transactionId"], sent["chargingProfilePurpose"]) == (number, "TxProfile")
        page.until(lambda: page.box["plan"] is not None)
        page.do(do="wish", box=BOX, wish=wish | {"energy_kwh": ENERGY_KWH + 1.0})
        again = box.asked("SetChargingProfile", {"status": "Accepted"})["csChargingProfiles"]
        assert again["chargingSchedule"] != sent["chargingSchedule"]
        page.do(do="prices", prices=prices(now=0.5, later=0.1))
        box.asked("SetChargingProfile", {"status": "Rejected"})
        page.until(lambda: "not taken the plan" in page.box["note"])
        page.do(do="wish", box=BOX, wish=None)
        box.asked("ClearChargingProfile", {"status": "Accepted"})
        page.until(lambda: page.box["plan"] is None)


@pytest.mark.parametrize(
    "order",
    [
        {"do": "nothing"},
        {"do": "prices", "prices": [0.1] * 23},
        {"do": "prices", "prices": ["x"] * 24},
        {"do": "wish", "box": BOX, "wish": {"departure": "25:00"}},
        {"do": "wish", "box": BOX, "wish": {"most_a": 5}},
        {"do": "start", "box": BOX, "card": "a card that is too long"},
        {"do": "activate", "box": "another"},
        {"do": "activate", "box": BOX, "more": 1},
    ],
)
def test_an_order_that_is_wrong_is_refused(portal: PortalInThread, order: dict[str, Any]) -> None:
    with page_of(portal) as page, box_of(portal):
        page.until(lambda: bool(page.state["boxes"]))
        before = portal.portal.service.records
        page.do(**order)
        page.until(lambda: page.problem != "")
        assert portal.portal.service.records == before


@pytest.mark.parametrize("frame", ["", "[", "[2]", "null", '[2,"1","Heartbeat"]', "[9,1,2]"])
def test_a_broken_frame_ends_nothing_but_its_own_connection(
    portal: PortalInThread, frame: str
) -> None:
    try:
        with box_of(portal) as box:
            box._socket.send(frame)
            box.boot()
    except (ConnectionClosed, AssertionError):
        pass
    with box_of(portal) as box:
        assert box.boot() == "Pending"
