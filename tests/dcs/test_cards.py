"""A card before the reader of a box that a charging service decides about (RFID-11)."""

from pathlib import Path

import pytest

from msgs.topics import DCS_STATUS
from tests.dcs.station import Station

pytestmark = pytest.mark.req("RFID-11")

STRANGER = "AB12CD34"  # in no list
GAP_S = 1.5  # between two cards
DECIDED_S = 15.0  # longer than dcs waits for the service


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def is_decided(station: Station, uid: str) -> bool:
    status = station.said("rfid/status")
    return status["last_uid"] == uid and status["accepted"] is not None


def authorises(station: Station, uid: str) -> bool:
    """Present a card, and return whether it has authorised."""
    station.advance(GAP_S)
    station.act("tap", {"uid": uid})
    station.soon(lambda: is_decided(station, uid), DECIDED_S)
    status = station.said("rfid/status")
    station.advance(GAP_S)
    assert status["accepted"] is station.said("session/status")["released"]
    return bool(status["accepted"])


def test_online_the_service_admits_a_card_that_the_box_does_not_know(station: Station) -> None:
    station.begin_charge(STRANGER)
    assert station.host.named("Authorize") == [{"idTag": STRANGER}]
    station.soon(lambda: len(station.host.charges) == 1)
    (charge,) = station.host.charges.values()
    assert charge.token == STRANGER


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
def test_online_the_service_refuses_a_card_of_the_box(station: Station, status: str) -> None:
    station.host.tokens[station.card_uid] = {"status": status}
    assert not authorises(station, station.card_uid)
    assert station.host.named("Authorize") == [{"idTag": station.card_uid}]


def test_a_service_that_does_not_answer_leaves_the_card_to_the_lists(station: Station) -> None:
    station.host.mutes.add("Authorize")
    assert authorises(station, station.card_uid)
    assert not authorises_after_log_off(station, STRANGER)


def authorises_after_log_off(station: Station, uid: str) -> bool:
    station.act("tap", {"uid": station.card_uid})
    station.soon(lambda: not station.said("session/status")["released"])
    return authorises(station, uid)


def test_without_the_link_known_cards_authorise_and_unknown_ones_do_not(station: Station) -> None:
    station.host.go()
    station.soon(lambda: station.link == "Unreachable")
    assert authorises(station, station.card_uid)
    assert not authorises_after_log_off(station, STRANGER)


def test_without_the_link_a_card_that_the_service_has_blocked_is_refused(station: Station) -> None:
    entry = {"idTag": station.card_uid, "idTagInfo": {"status": "Blocked"}}
    listed = {"listVersion": 1, "updateType": "Full", "localAuthorizationList": [entry]}
    assert station.ask_box("SendLocalList", **listed) == {"status": "Accepted"}
    station.host.go()
    station.soon(lambda: station.link == "Unreachable")
    assert not authorises(station, station.card_uid)


def test_while_dcs_is_silent_the_list_of_the_box_decides(station: Station) -> None:
    station.kill("dcs")
    station.advance(DCS_STATUS.hold_s + 0.5)
    assert not authorises(station, STRANGER)
    assert authorises(station, station.card_uid)


def test_dcs_killed_while_a_card_waits_does_not_authorise(station: Station) -> None:
    station.host.mutes.add("Authorize")
    station.act("tap", {"uid": station.card_uid})
    station.soon(lambda: bool(station.host.named("Authorize")))
    station.kill("dcs")
    station.advance(DECIDED_S)
    assert station.said("rfid/status")["accepted"] is False
    assert not station.said("session/status")["released"]


def test_the_card_of_a_charge_logs_off_while_the_service_is_away(station: Station) -> None:
    station.begin_charge(STRANGER)
    station.host.go()
    station.act("tap", {"uid": STRANGER})
    station.soon(lambda: not station.said("session/status")["authorized"])
