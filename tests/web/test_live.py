"""What the page shows, by what the nodes have said."""

from typing import Any

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from msgs.dcs import Link
from msgs.launch import ProcessState
from msgs.load_manager import Limit
from msgs.meter import NO_LINE
from msgs.plant import VehicleState, WorldStatus
from msgs.rfid import Indication
from msgs.safety import Contactor, FaultCode
from msgs.session import WallboxState
from msgs.settings import Settings, WebSection
from msgs.state_reason import StateReason
from terminal.snapshot import FRONT_SOURCES
from tests.builders import (
    charging_safety,
    charging_session,
    dcs_status,
    graph_of,
    led_frame,
    load_offer,
    meter_reading,
    rfid_status,
)
from tests.view.snapshot import nothing_said, said
from tests.web.conftest import LABEL, START_S, UTC_NS
from view.headline import Headline, HeadlineKind
from view.silence import trouble_words
from web.live import Live, LiveMeter, encoded, live_of
from web.page_snapshot import LiveAddress, PageSnapshot

SESSION = charging_session(
    energy_wh=1234.5,
    reason="The vehicle draws current.",
    started_utc_ns=UTC_NS,
    started_ns=round(START_S * 1e9),
    because=StateReason.CHARGING,
    authorization_required=True,
    token=LABEL.rfid[1].uid,
)
SAFETY = charging_safety()
LINE = replace(NO_LINE, current_a=15.9, voltage_v=231.0, power_w=3670.0)
BOX = meter_reading(lines=(LINE, LINE, LINE), power_w=11010.0)
OFFER = load_offer(
    16.0,
    "fuse",
    limits=(
        Limit(source="fuse", limit_a=16.0, detail="35 A less 19 A"),
        Limit(source="app", limit_a=None),
    ),
    detail="The main fuse leaves 16 A.",
)
FRONT = led_frame()
LAN = LiveAddress(ip="192.168.1.20", interface="LAN", in_use=True)
WLAN = LiveAddress(ip="192.168.2.1", interface="WLAN / WiFi", in_use=False)


ALL_READY = dict.fromkeys(("session", "safety", "meter", "load_manager", "led"), ProcessState.READY)


def live(**snapshot: Any) -> Live:
    """Return the page; messages stand for sources that have just said them."""
    given: dict[str, Any] = {
        "now_s": START_S + 60.0,
        "utc_ns": UTC_NS + 60_000_000_000,
        "began_s": START_S,
        "label": LABEL,
        "addresses": (LAN, WLAN),
        "session": SESSION,
        "safety": SAFETY,
        "box": BOX,
        "offer": OFFER,
        "front": FRONT,
        "graph": graph_of(**ALL_READY),
        **snapshot,
    }
    heard = {
        source: said(source, given.pop(source))
        for source in FRONT_SOURCES
        if isinstance(given.get(source), Struct)
    }
    return live_of(PageSnapshot(**{**nothing_said("pilot"), **heard, **given}))


def words_of(shown: Live) -> dict[str, str]:
    return {row.key: row.words for row in shown.rows}


def test_a_charge_is_shown_whole() -> None:
    shown = live()
    assert shown.clock_s == START_S + 60.0
    assert (shown.state, shown.reason) == (WallboxState.CHARGING, "The vehicle draws current.")
    assert (shown.plugged, shown.authorized, shown.authorization_required) == (True, True, True)
    assert (shown.session_id, shown.energy_wh, shown.started_utc_ns) == ("s1", 1234.5, UTC_NS)
    assert [line.current_a for line in shown.lines] == [15.9, 15.9, 15.9]
    assert (shown.power_w, shown.meter_online) == (11010.0, True)
    assert (shown.offered_a, shown.limit_a) == (16.0, 16.0)
    assert shown.limit_reason == "The main fuse leaves 16 A."
    assert shown.limit_words == "16.0 A by main fuse"
    assert shown.headline == Headline(words="Charging", kind=HeadlineKind.CHARGING)
    texts = words_of(shown)
    assert (texts["contactor"], texts["plugged"]) == ("closed, as proven", "plugged in")
    assert (texts["offered"], texts["authorized"]) == ("16.0 A", "given by Red card")
    assert texts["temperature"] == "25 °C"
    assert (shown.energy_of, shown.lasted_s) == ("this session", 60.0)
    assert [(each.source, each.limit_a) for each in shown.limits] == [("fuse", 16.0), ("app", None)]
    assert shown.contactor is Contactor.CLOSED
    assert shown.front is FRONT
    assert (shown.nodes, shown.silent, shown.faults) == ((), (), ())


def test_it_can_be_read_back_as_it_was_sent() -> None:
    shown = live()
    assert msgspec.json.decode(msgspec.json.encode(shown), type=Live) == shown


@pytest.mark.req("WEB-3")
def test_the_overview_has_the_labels_and_the_networks_words() -> None:
    dcs = dcs_status(link=Link.ONLINE, synchronised=True, detail="The time is not known.")
    overview = live(dcs=dcs).overview
    assert overview.type == "Wallbox Connect"
    assert overview.serial == LABEL.serial
    assert overview.addresses == (LAN, WLAN)
    assert overview.mac == LABEL.lan_mac
    assert (overview.dcs_link, overview.synchronised) == ("Online", True)
    assert overview.dcs_detail == "The time is not known."
    in_wlan = (replace(LAN, in_use=False), replace(WLAN, in_use=True))
    assert live(addresses=in_wlan).overview.mac == LABEL.wlan_mac


@pytest.mark.req("WEB-3")
def test_a_service_that_is_not_heard_is_unreachable() -> None:
    overview = live().overview
    assert (overview.dcs_link, overview.synchronised) == ("Unreachable", False)
    assert overview.dcs_detail == ""


@pytest.mark.parametrize("state", list(WallboxState))
@pytest.mark.req("WEB-3")
def test_the_state_is_shown_in_the_manuals_word(state: WallboxState) -> None:
    sent = msgspec.json.decode(msgspec.json.encode(live(session=replace(SESSION, state=state))))
    assert sent["state"] == state.value


def test_what_is_stale_is_not_shown_and_its_node_is_named() -> None:
    silent = ("session", "safety", "box", "offer", "front")
    shown = live(**{source: said(source) for source in silent})
    assert shown.silent == ("session", "safety", "meter", "load_manager", "led")
    assert (shown.state, shown.contactor, shown.front, shown.lines) == (None, None, None, ())
    assert (shown.power_w, shown.offered_a, shown.limit_a) == (None, None, None)
    assert (shown.plugged, shown.authorized, shown.session_id) == (False, False, "")
    assert shown.reason == "no message from session yet"
    texts = words_of(shown)
    for key in ("contactor", "offered", "temperature"):
        assert texts[key] == "no message from safety yet"
    assert texts["authorized"] == "no message from session yet"
    assert shown.headline.kind is HeadlineKind.FAULT
    assert live(session=said("session")).plugged  # by the word of safety


def test_nodes_that_are_not_ready_are_named() -> None:
    failed = graph_of(**{**ALL_READY, "meter": ProcessState.FAILED, "led": ProcessState.STARTING})
    shown = live(graph=failed, box=said("box"))
    assert [(each.node, each.state, each.detail) for each in shown.nodes] == [
        ("meter", ProcessState.FAILED, "3 in 60 s"),
        ("led", ProcessState.STARTING, "3 in 60 s"),
    ]
    assert shown.silent == ("meter",)
    assert [(each.node, each.words, each.detail) for each in shown.troubles] == [
        ("meter", trouble_words(ProcessState.FAILED), "3 in 60 s"),
        ("led", trouble_words(ProcessState.STARTING), "3 in 60 s"),
    ]


def test_a_meter_chip_that_does_not_answer_shows_no_values() -> None:
    shown = live(box=replace(BOX, online=False))
    assert (shown.lines, shown.power_w, shown.meter_online) == ((), None, False)


def test_house_and_sun_are_shown_where_there_are_such_meters() -> None:
    late = said("solar", replace(BOX, power_w=-4000.0), age_s=12.0)
    shown = live(house=BOX, solar=late)
    assert shown.house == LiveMeter(power_w=11010.0, online=True, wrong="")
    assert shown.sun == LiveMeter(
        power_w=-4000.0, online=False, wrong="no message from meter about the sun for 12 s"
    )
    assert live(house=replace(BOX, online=False, error="timeout")).house == LiveMeter(
        power_w=11010.0, online=False, wrong="no reading yet: timeout"
    )
    assert (live().house, live().sun) == (None, None)


@pytest.mark.parametrize(
    ("token", "listed", "shown"),
    [
        ("", {}, ""),
        (LABEL.rfid[1].uid, {}, "Red card"),
        (
            LABEL.rfid[1].uid,
            {"authorised_uid": LABEL.rfid[1].uid, "authorised_name": "Anna"},
            "Anna",
        ),
        (
            "04FFFFFFFFFF80",
            {"authorised_uid": LABEL.rfid[1].uid, "authorised_name": "Anna"},
            "Card ...FF80",
        ),
        ("04FFFFFFFFFF80", {}, "Card ...FF80"),
        ("7", {}, "Card"),  # of a charging service; no more of it is shown than of a card
    ],
)
def test_who_has_authorised_is_named(token: str, listed: dict[str, str], shown: str) -> None:
    rfid = rfid_status(**listed)
    assert live(session=replace(SESSION, token=token), rfid=rfid).token_name == shown


WORLD = WorldStatus(
    vehicle=VehicleState.AWAY,
    contacts_closed=(False, False, False),
    coil=False,
    current_a=(0.0, 0.0, 0.0),
    house_a=(9.0, 9.0, 9.0),
    sun_w=0.0,
    mains=True,
    duty_percent=100.0,
    faults=(),
    lights="dark",
    ports={},
)


def test_no_number_of_a_card_is_on_the_page_that_a_viewer_sees() -> None:
    uid = "04FFFFFFFFFF80"
    shown = live(
        session=replace(SESSION, token=uid),
        rfid=rfid_status(
            last_uid=uid, authorised_uid=uid, indication=Indication.STORED, tone_count=1, detail="x"
        ),
        world=replace(WORLD, cards=(uid,)),
    )
    assert uid not in encoded(shown).decode()


@pytest.mark.req("WEB-14")
def test_the_first_set_up_is_offered_until_it_is_over_and_never_above_a_fault() -> None:
    new, over = Settings(), Settings(web=WebSection(is_set_up=True))
    assert live(settings=new).offers_set_up
    assert not live(settings=over).offers_set_up
    assert not live().offers_set_up  # the settings are not known yet
    failed = replace(SAFETY, faults=(FaultCode.RED,))
    assert not live(settings=new, safety=failed).offers_set_up
