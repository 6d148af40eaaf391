"""What the page shows, by what the nodes have said."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from msgs.card import CardColor
from msgs.dcs import ChargeMode, DcsStatus, Link
from msgs.launch import GraphStatus, Process, ProcessState
from msgs.led import DARK, LedFrame
from msgs.load_manager import Limit, LoadOffer
from msgs.meter import NO_LINE, MeterReading
from msgs.pilot import CpState
from msgs.rfid import RfidMode, RfidStatus
from msgs.safety import Contactor, Fault, FaultCode, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from msgs.settings import Settings, TcpMeter, meter_name
from tests.web.conftest import LABEL, START_S, UTC_NS
from web.live import Facts, Live, LiveAddress, LiveMeter, live_of

SESSION = SessionStatus(
    state=WallboxState.CHARGING,
    plugged=True,
    authorized=True,
    session_id="s1",
    energy_wh=1234.5,
    reason="The vehicle draws current.",
    started_utc_ns=UTC_NS,
    authorization_required=True,
    token=LABEL.rfid[1].uid,
)
SAFETY = SafetyStatus(
    contactor=Contactor.CLOSED,
    permitted=True,
    faults=(),
    retries=0,
    temperature_c=25.0,
    installation_limit_a=32.0,
    limit_a=32.0,
    cp_state=CpState.C,
    offered_a=16.0,
)
LINE = replace(NO_LINE, current_a=15.9, voltage_v=231.0, power_w=3670.0)
BOX = MeterReading(lines=(LINE, LINE, LINE), power_w=11010.0, online=True, source="chip")
OFFER = LoadOffer(
    limit_a=16.0,
    reason="fuse",
    limits=(
        Limit(source="fuse", limit_a=16.0, detail="35 A less 19 A"),
        Limit(source="app", limit_a=None),
    ),
    detail="The main fuse leaves 16 A.",
)
FRONT = LedFrame(
    segments=(DARK, DARK, DARK, DARK), network=DARK, rfid=DARK, frame=DARK, mode=DARK, touch=DARK
)
LAN = LiveAddress(ip="192.168.1.20", interface="LAN", in_use=True)
WLAN = LiveAddress(ip="192.168.2.1", interface="WLAN / WiFi", in_use=False)


def graph(**states: ProcessState) -> GraphStatus:
    return GraphStatus(
        plan="simulation",
        pid=1,
        processes=tuple(
            Process(node=node, state=state, pid=2, incarnation=1, restarts=0, detail="3 in 60 s")
            for node, state in states.items()
        ),
    )


ALL_READY = dict.fromkeys(("session", "safety", "meter", "load_manager", "led"), ProcessState.READY)


def live(**facts: Any) -> Live:
    given: dict[str, Any] = {
        "now_s": START_S + 60.0,
        "utc_ns": UTC_NS,
        "began_s": START_S,
        "label": LABEL,
        "addresses": (LAN, WLAN),
        "session": SESSION,
        "safety": SAFETY,
        "box": BOX,
        "offer": OFFER,
        "front": FRONT,
        "graph": graph(**ALL_READY),
    }
    return live_of(Facts(**{**given, **facts}))


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
    assert [(each.source, each.limit_a) for each in shown.limits] == [("fuse", 16.0), ("app", None)]
    assert shown.contactor is Contactor.CLOSED
    assert shown.front is FRONT
    assert (shown.nodes, shown.silent, shown.faults) == ((), (), ())


def test_it_can_be_read_back_as_it_was_sent() -> None:
    shown = live()
    assert msgspec.json.decode(msgspec.json.encode(shown), type=Live) == shown


@pytest.mark.req("WEB-3")
def test_the_overview_has_the_labels_and_the_networks_words() -> None:
    dcs = DcsStatus(link=Link.ONLINE, synchronised=True, mode=ChargeMode.FAST)
    overview = live(dcs=dcs).overview
    assert overview.type == "Wallbox Connect"
    assert overview.serial == LABEL.serial
    assert overview.addresses == (LAN, WLAN)
    assert overview.mac == LABEL.lan_mac
    assert (overview.dcs_link, overview.synchronised) == ("Online", True)
    in_wlan = (replace(LAN, in_use=False), replace(WLAN, in_use=True))
    assert live(addresses=in_wlan).overview.mac == LABEL.wlan_mac


@pytest.mark.req("WEB-3")
def test_a_service_that_is_not_heard_is_unreachable() -> None:
    overview = live(dcs=None).overview
    assert (overview.dcs_link, overview.synchronised) == ("Unreachable", False)


@pytest.mark.parametrize("state", list(WallboxState))
@pytest.mark.req("WEB-3")
def test_the_state_is_shown_in_the_manuals_word(state: WallboxState) -> None:
    sent = msgspec.json.decode(msgspec.json.encode(live(session=replace(SESSION, state=state))))
    assert sent["state"] == state.value


def test_what_nobody_tells_any_more_is_not_shown_and_its_node_is_named() -> None:
    shown = live(session=None, safety=None, box=None, offer=None, front=None)
    assert shown.silent == ("session", "safety", "meter", "load_manager", "led")
    assert (shown.state, shown.contactor, shown.front, shown.lines) == (None, None, None, ())
    assert (shown.power_w, shown.offered_a, shown.limit_a) == (None, None, None)
    assert (shown.plugged, shown.authorized, shown.session_id) == (False, False, "")
    assert shown.reason == "Nothing is heard of the session."
    assert live(session=None).plugged  # by the word of safety


def test_nobody_is_silent_before_there_was_time_to_speak() -> None:
    quiet: dict[str, Any] = {"session": None, "safety": None, "graph": None}
    assert live(**quiet, now_s=START_S + 0.5).silent == ()
    assert live(**quiet, now_s=START_S + 2.0).silent == ("safety",)
    assert live(**quiet, now_s=START_S + 4.0).silent == ("session", "safety", "launch")


def test_only_nodes_of_the_plan_are_missed() -> None:
    assert live(rfid=None, dcs=None).silent == ()
    planned = graph(**ALL_READY, rfid=ProcessState.READY)
    assert live(graph=planned).silent == ("rfid",)


def test_nodes_that_are_not_ready_are_named() -> None:
    failed = graph(**{**ALL_READY, "meter": ProcessState.FAILED, "led": ProcessState.STARTING})
    shown = live(graph=failed, box=None)
    assert [(each.node, each.state, each.detail) for each in shown.nodes] == [
        ("meter", ProcessState.FAILED, "3 in 60 s"),
        ("led", ProcessState.STARTING, "3 in 60 s"),
    ]
    assert shown.silent == ("meter",)


def test_a_meter_chip_that_does_not_answer_shows_no_values() -> None:
    shown = live(box=replace(BOX, online=False))
    assert (shown.lines, shown.power_w, shown.meter_online) == ((), None, False)


def test_faults_come_with_their_remedy_and_the_time_to_the_next_try() -> None:
    def fault(code: FaultCode) -> Fault:
        return Fault(code=code, since_utc_ns=1, count=1, detail="seen", remedy="do this")

    codes = (FaultCode.RESIDUAL_CURRENT, FaultCode.TOO_HOT, FaultCode.RED)
    safety = replace(
        SAFETY,
        faults=codes,
        records=(fault(FaultCode.RESIDUAL_CURRENT), fault(FaultCode.TOO_HOT)),
        retry_in_s=12.0,
    )
    shown = live(safety=safety).faults
    assert [(each.code, each.detail, each.remedy, each.retry_in_s) for each in shown] == [
        ("8005", "seen", "do this", 12.0),
        ("3", "seen", "do this", None),
        ("red", "", "", None),
    ]


def test_house_and_sun_are_shown_where_there_are_such_meters() -> None:
    shown = live(house=BOX, house_fresh=True, solar=replace(BOX, power_w=-4000.0))
    assert shown.house == LiveMeter(power_w=11010.0, online=True)
    assert shown.sun == LiveMeter(power_w=-4000.0, online=False)
    assert live(house=replace(BOX, online=False), house_fresh=True).house == LiveMeter(
        power_w=11010.0, online=False
    )
    assert (live().house, live().sun) == (None, None)


@pytest.mark.req("MET-2")
def test_a_meter_that_the_settings_do_not_name_is_not_shown() -> None:
    meter = TcpMeter(enabled=True, manufacturer="tq", host="10.0.0.6")
    reading = replace(BOX, meter=meter_name(meter))
    for named, is_shown in ((meter, True), (TcpMeter(), False), (replace(meter, unit=2), False)):
        settings = Settings(house_meter=named, solar_meter=named)
        shown = live(
            house=reading, house_fresh=True, solar=reading, solar_fresh=True, settings=settings
        )
        assert (shown.house is not None, shown.sun is not None) == (is_shown, is_shown)


@pytest.mark.parametrize(
    ("token", "names", "shown"),
    [
        ("", {}, ""),
        (LABEL.rfid[1].uid, {}, "Red card"),
        (LABEL.rfid[1].uid, {LABEL.rfid[1].uid: "Anna"}, "Anna"),
        ("04FFFFFFFFFF80", {}, "04FFFFFFFFFF80"),
    ],
)
def test_who_has_authorised_is_named(token: str, names: dict[str, str], shown: str) -> None:
    assert live(session=replace(SESSION, token=token), names=names).token_name == shown


def test_a_reason_in_one_word_stands_where_there_is_no_sentence() -> None:
    assert live(offer=replace(OFFER, detail="")).limit_reason == "fuse"


def test_a_reader_that_is_heard_is_not_missed() -> None:
    rfid = RfidStatus(mode=RfidMode.READY, last_uid="", accepted=None, last_color=CardColor.NONE)
    assert live(rfid=rfid, graph=graph(**ALL_READY, rfid=ProcessState.READY)).silent == ()
