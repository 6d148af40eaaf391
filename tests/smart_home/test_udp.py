"""The UDP interface of a whole box: what a controller orders, and what comes of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from msgs.card import NO_TAG, tag_of
from nodes.smart_home.datagrams_sim import NETWORK
from tests.smart_home.home import CONTROLLER, OK, Home, at_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with at_home(tmp_path) as home:
        yield home


@pytest.fixture
def card_home(tmp_path: Path) -> Iterator[Home]:
    with at_home(tmp_path, "smart_home.udp_start=on", card=True) as home:
        yield home


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.req("APP-2")
def test_the_box_is_recognised_as_a_wallbox_connect(home: Home) -> None:
    assert home.say("i") == ['"Firmware":"P30 v 3.9.17 (wallbox 0.1.0)"\n']
    report = home.report(1)
    assert report["Product"] == "BMW-10-EC2405B2-E1R"
    assert len(report["Firmware"]) <= 32
    assert report["Serial"].isdigit()
    assert len(report["Serial"]) == 8
    assert report["DIP-Sw"] == "0x2500"  # DSW1.3, and 32 A


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("number", [1, 2, 3, 100, 130])
def test_a_report_has_the_fields_of_the_guide_and_fits(home: Home, number: int) -> None:
    fields = {
        1: "ID Product Serial Firmware COM-module Backend timeQ DIP-Sw Sec",
        2: "ID State Error1 Error2 Plug AuthON Authreq Enable_sys Enable_user Max_curr Max_curr_% "
        "Curr_HW Curr_user Curr_FS Tmo_FS Curr_timer Tmo_CT Setenergy Output Input Serial Sec",
        3: "ID U1 U2 U3 I1 I2 I3 P PF E_pres E_total Serial Sec",
        100: "ID Session_ID Curr_HW E_start E_pres started[s] ended[s] started ended reason timeQ "
        "RFID_tag RFID_class Serial Sec",
    }
    report = home.report(number)
    assert list(report) == [name.replace("_", " ") for name in fields[min(number, 100)].split()]
    texts = {"ID", "Product", "Serial", "Firmware", "DIP-Sw", "started", "ended",
             "RFID tag", "RFID class"}  # fmt: skip
    assert {name for name, value in report.items() if isinstance(value, str)} == texts & set(report)
    assert len(home.say(f"report {number}")[0]) <= 512


@pytest.mark.req("APP-2")
def test_report_2_follows_a_charge(home: Home) -> None:
    seen = home.report(2)
    idle = {"State": 1, "Plug": 3, "AuthON": 0, "Authreq": 0, "Max curr": 0, "Max curr %": 1000,
            "Curr HW": 32_000, "Curr user": 63_000, "Enable user": 1}  # fmt: skip
    assert seen | idle == seen
    home.act("plug")
    home.advance(20.0)
    assert (home.report(2)["State"], home.report(2)["Plug"]) == (2, 7)
    home.act("ready")
    home.advance(60.0)
    seen = home.report(2)
    charging = {"State": 3, "Plug": 7, "Enable sys": 1, "Max curr": 32_000, "Max curr %": 533}
    assert seen | charging == seen
    home.act("full")
    home.advance(20.0)
    assert home.report(2)["State"] == 2  # waits for the vehicle


@pytest.mark.req("APP-2")
def test_report_3_has_the_units_of_the_guide(home: Home) -> None:
    home.begin_charge()
    home.advance(120.0)
    seen = home.report(3)
    for line in (1, 2, 3):
        assert 215 <= seen[f"U{line}"] <= 235  # V
        assert seen[f"I{line}"] == pytest.approx(31_800, rel=0.02)  # mA
    apparent_mw = sum(seen[f"U{line}"] * seen[f"I{line}"] for line in (1, 2, 3))
    assert 950 <= seen["PF"] <= 1000  # 0.1 %
    assert seen["P"] == pytest.approx(apparent_mw * seen["PF"] / 1000, rel=0.01)  # mW
    session_wh = home.said("session/status")["energy_wh"]
    assert seen["E pres"] == pytest.approx(session_wh * 10.0, abs=100.0)  # 0.1 Wh
    assert seen["E total"] == pytest.approx(seen["E pres"], abs=200)


@pytest.mark.req("APP-2")
def test_reports_100_to_130_are_the_sessions_of_the_store(home: Home) -> None:
    assert home.report(100)["Session ID"] == 0
    for _ in range(2):
        home.begin_charge()
        home.advance(60.0)
        home.act("unplug")
        home.advance(30.0)
    last, before = home.report(101), home.report(102)
    assert home.report(100) | {"ID": "101", "Sec": 0} == last | {"Sec": 0}
    assert last["Session ID"] > before["Session ID"] > 0
    assert (last["reason"], before["reason"]) == (1, 1)
    assert last["E start"] == pytest.approx(before["E start"] + before["E pres"], abs=30)
    assert last["started[s]"] < last["ended[s]"]
    assert last["started"].startswith("2026-01-01 00:0")
    assert home.report(103)["Session ID"] == 0
    home.begin_charge()
    running = home.report(100)
    assert (running["reason"], running["ended[s]"], running["ended"]) == (0, 0, "0")
    assert home.report(101) | {"Sec": 0} == last | {"Sec": 0}


def test_numbers_of_cards_are_zeros_unless_the_setting_shows_them(tmp_path: Path) -> None:
    shown = []
    for word in ("off", "on"):
        with at_home(tmp_path / word, f"smart_home.udp_tokens={word}", card=True) as home:
            home.act("tap", {"uid": home.uid})
            home.begin_charge()
            shown.append(home.report(100)["RFID tag"])
    assert shown == ["0" * 16, home.uid.ljust(16, "0")]


# --- what is ordered ------------------------------------------------------------------------------


@pytest.mark.req("APP-2", "MET-7")
def test_currents_pauses_and_limits_act_on_the_charge(home: Home) -> None:
    home.begin_charge()
    home.order("curr 16000")
    home.soon(lambda: home.offered_a == 16.0)
    assert home.said("load/offer")["reason"] == "smart_home"
    home.order("ena 0")
    home.soon(lambda: home.offered_a == 0.0)
    home.soon(lambda: home.report(2)["State"] == 5)
    home.order("ena 1")
    home.soon(lambda: home.offered_a == 16.0)
    home.order("currtime 10000 5")
    seen = home.report(2)
    assert (seen["Curr timer"], seen["Tmo CT"]) == (10_000, 5)
    home.advance(3.0)
    assert home.offered_a == 16.0
    home.soon(lambda: home.offered_a == 10.0, 5.0)
    home.order("currtime 0 1")
    home.soon(lambda: home.offered_a == 0.0)
    home.order("ena 1")
    home.advance(5.0)
    assert home.offered_a == 0.0  # until a new currtime
    home.order("currtime 12000 1")
    home.soon(lambda: home.offered_a == 12.0)


@pytest.mark.req("APP-2")
def test_an_energy_limit_pauses_the_charge(home: Home) -> None:
    home.begin_charge()
    taken_dwh = home.report(3)["E pres"]
    home.order(f"setenergy {taken_dwh + 2000}")
    home.soon(lambda: home.offered_a == 0.0, 120.0)
    assert home.report(2)["Enable user"] == 0
    assert home.report(3)["E pres"] == pytest.approx(taken_dwh + 2000, abs=300)
    home.order("ena 1")
    home.soon(lambda: home.offered_a > 6.0)


@pytest.mark.req("APP-2")
def test_what_counts_for_a_charge_ends_with_the_plug(home: Home) -> None:
    home.begin_charge()
    home.order("curr 20000")
    home.order("currtime 8000 1")
    home.soon(lambda: home.offered_a == 8.0)
    home.act("unplug")
    home.advance(20.0)
    assert home.report(2)["Curr user"] == 20_000
    home.begin_charge()
    home.soon(lambda: home.offered_a == 20.0)


def test_a_wrong_command_says_what_is_expected_and_changes_nothing(home: Home) -> None:
    home.begin_charge()
    before = home.report(2)
    assert home.refuse("curr 5999") == "a current of 0 or 6000 to 63000 mA"
    assert home.refuse("ena 2") == "ena 0 or ena 1"
    assert home.refuse("display 1 2 10 0 Hi").startswith("another command: the wallbox has no")
    after = home.report(2)
    assert before | {"Sec": 0, "Max curr": 0, "Max curr %": 0} == after | {
        "Sec": 0, "Max curr": 0, "Max curr %": 0
    }  # fmt: skip


@pytest.mark.req("APP-2")
def test_start_and_stop_where_no_card_is_needed(home: Home) -> None:
    home.order("stop")  # nothing runs
    home.begin_charge()
    home.order("start")  # it runs already
    home.order("stop", wait_s=12.0)
    assert home.state != "Charging"
    home.order("start", wait_s=2.0)
    home.soon(lambda: home.state == "Charging", 60.0)


# --- cards ----------------------------------------------------------------------------------------


@pytest.mark.req("APP-2", "RFID-11")
def test_a_card_of_the_list_starts_and_stops(card_home: Home) -> None:
    home, tag = card_home, card_home.uid.ljust(16, "0")
    home.act("plug")
    home.act("ready")
    home.advance(10.0)
    assert home.report(2)["Authreq"] == 1
    assert home.refuse("start")
    assert not home.said("session/status")["authorized"]
    home.order(f"start {tag} 01010400000000000000", wait_s=2.0)
    home.soon(lambda: home.state == "Charging", 60.0)
    home.order(f"start {tag}", wait_s=2.0)  # it does not log off
    assert home.state == "Charging"
    assert "another card" in home.refuse("stop 00000000000000AA")
    assert home.state == "Charging"
    home.order(f"stop {tag}", wait_s=12.0)
    assert home.state != "Charging"


@pytest.mark.req("APP-2", "RFID-11")
def test_a_card_is_refused_unless_the_setting_allows_it(tmp_path: Path) -> None:
    with at_home(tmp_path, card=True) as home:
        home.act("plug")
        home.advance(10.0)
        assert "switched off" in home.refuse(f"start {home.uid}")
        assert not home.said("session/status")["authorized"]


@pytest.mark.req("APP-2", "RFID-11")
def test_three_wrong_cards_block_their_sender_for_a_minute(card_home: Home) -> None:
    home = card_home
    home.act("plug")
    home.advance(10.0)
    for number in range(3):
        assert "not in the list" in home.refuse(f"start 04AAAA0{number}")
    assert "too many" in home.refuse(f"start {home.uid}")
    others = home.say(f"start {home.uid}", address="192.168.2.51", wait_s=2.0)
    assert OK in others
    home.soon(lambda: bool(home.said("session/status")["authorized"]))
    home.advance(60.0)
    home.order(f"start {home.uid}", wait_s=2.0)


# --- whom it answers ------------------------------------------------------------------------------


def test_an_answer_goes_to_port_7090_and_to_the_port_of_the_sender(home: Home) -> None:
    home.say("i", port=40_000)
    text = '"Firmware":"P30 v 3.9.17 (wallbox 0.1.0)"\n'
    assert home.network.sent == [(CONTROLLER, 7090, text), (CONTROLLER, 40_000, text)]


@pytest.mark.parametrize(
    ("allowed", "address", "is_answered"),
    [
        ([], "192.168.2.7", True),
        ([], "192.168.3.7", False),
        ([], "8.8.8.8", False),
        (["192.168.2.7"], "192.168.2.7", True),
        (["192.168.2.7"], "192.168.2.8", False),
        (["10.0.0.0/8"], "10.1.2.3", True),
        (["10.0.0.0/8"], "192.168.2.7", False),
    ],
)
def test_only_allowed_addresses_are_answered(
    tmp_path: Path, allowed: list[str], address: str, is_answered: bool
) -> None:
    with at_home(tmp_path) as home:
        home.ask("system", "set", {"changes": {"smart_home.allowed": allowed}})
        home.advance(1.0)
        home.say("ena 0", address=address)
        assert bool(home.network.sent) is is_answered
        assert home.said("smart_home/status")["is_enabled"] is not is_answered


def test_a_flood_is_answered_ten_times_a_second_and_others_are_answered_meanwhile(
    home: Home,
) -> None:
    home.begin_charge()
    for _ in range(300):
        home.say("report 2", wait_s=0.01)  # three seconds
    answers = [each for each in home.network.sent if each[0] == CONTROLLER and '"ID"' in each[2]]
    assert 20 <= len(answers) <= 52
    assert home.say("report 1", address="192.168.2.60")
    assert home.state == "Charging"


def test_all_senders_together_are_bounded(home: Home) -> None:
    for number in range(400):
        home.say("report 2", address=f"192.168.2.{number % 200 + 1}", wait_s=0.0)
    home.advance(0.1)
    assert len(home.network.sent) <= 110


def test_news_go_to_the_last_sender(home: Home) -> None:
    home.say("i", address="192.168.2.8")
    home.say("i")
    home.network.sent.clear()
    home.begin_charge()
    home.advance(3.0)
    news = [json.loads(text) for to, port, text in home.network.sent if port == 7090]
    assert {to for to, _, _ in home.network.sent} == {CONTROLLER}
    assert all(len(each) == 1 for each in news)
    assert [each["Plug"] for each in news if "Plug" in each] == [7]
    assert [each["State"] for each in news if "State" in each][-1] == 3
    assert {"Max curr", "Enable sys"} <= {name for each in news for name in each}
    home.network.sent.clear()
    home.advance(600.0)
    energies = [text for _, _, text in home.network.sent if "E pres" in text]
    assert 55 <= len(energies) <= 61  # not more than one each 10 s
    home.network.sent.clear()
    home.advance(60.0)
    assert home.network.sent == []  # nobody has asked for ten minutes


@pytest.mark.req("APP-2")
def test_setting_and_dip_switch_have_to_be_on(tmp_path: Path) -> None:
    with at_home(tmp_path / "dip", "plant.smart_home=false") as home:
        assert not home.network.has_box
        assert home.said("smart_home/status")["udp"] == "DIP switch DSW1.3 is off"
    with at_home(tmp_path / "setting", "smart_home.udp=off") as home:
        assert not home.network.has_box
        assert not home.said("smart_home/status")["has_udp"]


def test_a_port_in_use_is_said_and_tried_again(tmp_path: Path) -> None:
    with at_home(tmp_path) as home:
        network = NETWORK[0]
        assert isinstance(network, type(home.network))
        network.is_taken = True
        home.restart("smart_home")
        home.advance(2.0)
        assert "in use" in home.said("smart_home/status")["udp"]
        network.is_taken = False
        home.advance(11.0)
        assert home.said("smart_home/status")["udp"] == ""
        assert home.say("i")


@pytest.mark.parametrize("token", ["NOCARD", "a@b.example", "", "XYZ", "\u00e4" * 8])
def test_a_token_that_is_no_number_of_a_card_is_none(token: str) -> None:
    assert tag_of(token) == NO_TAG
