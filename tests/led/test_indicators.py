"""The lights beside the status LED, row by row (DCS-1, DCS-3, RFID-2, RFID-3, PAN-4)."""

import itertools
from typing import Any

import pytest
from msgspec.structs import replace

from msgs.dcs import ChargeMode, DcsStatus, Link
from msgs.led import DARK
from msgs.rfid import Indication, RfidMode
from msgs.safety import FaultCode
from msgs.session import WallboxState
from nodes.led import indicators
from nodes.led.machine import frame_of
from nodes.led.messages import Messages
from tests.builders import dcs_status, faulty_safety
from tests.led.conftest import (
    CHARGING,
    DCS,
    LOCKED,
    OFFER,
    RFID,
    SAFETY,
    SESSION,
    session,
    text_of,
)


def messages(**changes: Any) -> Messages:
    return Messages(
        **{"session": SESSION, "safety": SAFETY, "offer": OFFER, "rfid": RFID, **changes}
    )


# --- network ----------------------------------------------------------------------------------


@pytest.mark.req("DCS-1")
@pytest.mark.parametrize(
    ("status", "light"),
    [
        # not started, or not offered
        (None, "off"),
        (dcs_status(link=Link.UNREACHABLE), "off"),
        # reachable: white until it signs in, synchronised or not
        (dcs_status(link=Link.REACHABLE), "white steady"),
        (dcs_status(link=Link.REACHABLE, synchronised=True), "white steady"),
        (dcs_status(link=Link.REACHABLE, can_confirm=True), "white steady"),
        (dcs_status(link=Link.REACHABLE, synchronised=True, signing_in=True), "green blink"),
        (dcs_status(link=Link.UNREACHABLE, synchronised=True, signing_in=True), "green blink"),
        # connected, whatever the other fields are
        (dcs_status(link=Link.ONLINE, synchronised=True), "green steady"),
        (dcs_status(link=Link.ONLINE, synchronised=True, signing_in=True), "green steady"),
        # synchronised, but no connection possible
        (dcs_status(link=Link.UNREACHABLE, synchronised=True), "orange steady"),
    ],
)
def test_the_network_indicator_shows_the_link(status: DcsStatus | None, light: str) -> None:
    assert text_of(indicators.network(messages(dcs=status))) == light


@pytest.mark.req("DCS-8")
@pytest.mark.parametrize("link", Link)
@pytest.mark.parametrize("signing_in", [False, True])
def test_the_network_indicator_is_orange_only_when_synchronised(
    link: Link, signing_in: bool
) -> None:
    status = dcs_status(link=link, signing_in=signing_in)
    assert "orange" not in text_of(indicators.network(messages(dcs=status)))


@pytest.mark.req("DCS-8")
@pytest.mark.parametrize("state", WallboxState)
def test_without_the_service_only_its_indicator_is_off(
    state: WallboxState,
) -> None:
    without = frame_of(messages(session=session(state), has_module=True))
    with_it = frame_of(
        messages(session=session(state), has_module=True, dcs=dcs_status(link=Link.REACHABLE))
    )
    assert without.network == without.touch == DARK
    assert text_of(with_it.network) == "white steady"
    assert replace(with_it, network=DARK) == without


# --- RFID -------------------------------------------------------------------------------------

AUTHORISED = replace(LOCKED, authorized=True, plugged=True, session_id="1")
RELEASED = replace(LOCKED, authorized=True, released=True, token="04A1B2C3")
ENDING = replace(LOCKED, plugged=True, session_id="1", token="04A1B2C3")


@pytest.mark.req("RFID-2")
def test_indicator_and_frame_pulse_white_while_a_card_is_needed() -> None:
    for state in (WallboxState.IDLE, WallboxState.READY_FOR_CHARGING):
        shown = frame_of(messages(session=session(state, authorization_required=True)))
        assert (text_of(shown.rfid), text_of(shown.frame)) == ("white pulse", "white pulse")


@pytest.mark.req("RFID-2")
@pytest.mark.parametrize("status", [SESSION, CHARGING, AUTHORISED, RELEASED, ENDING, None])
def test_both_are_off_when_no_card_is_needed(status: Any) -> None:
    shown = frame_of(messages(session=status))
    assert (shown.rfid, shown.frame) == (DARK, DARK)


INDICATED = {
    Indication.ACCEPTED: "green steady",
    Indication.REFUSED: "red steady",
    Indication.NEW_CARD: "orange steady",
    Indication.STORED: "white steady",
}


@pytest.mark.parametrize(
    "indication",
    [
        pytest.param(Indication.ACCEPTED, marks=pytest.mark.req("RFID-3")),
        pytest.param(Indication.REFUSED, marks=pytest.mark.req("RFID-3")),
        pytest.param(Indication.NEW_CARD, marks=pytest.mark.req("RFID-8")),
        pytest.param(Indication.STORED, marks=pytest.mark.req("RFID-8")),
    ],
)
@pytest.mark.parametrize("mode", RfidMode)
def test_the_indicator_shows_the_result_of_the_last_card_first(
    indication: Indication, mode: RfidMode
) -> None:
    for one, works in itertools.product((SESSION, LOCKED, AUTHORISED), (True, False)):
        status = replace(RFID, indication=indication, mode=mode, works=works)
        shown = frame_of(messages(session=one, rfid=status))
        assert text_of(shown.rfid) == INDICATED[indication]


@pytest.mark.req("RFID-3")
@pytest.mark.parametrize("indication", Indication)
def test_the_frame_keeps_its_own_rule_meanwhile(indication: Indication) -> None:
    status = replace(RFID, indication=indication)
    assert text_of(frame_of(messages(session=LOCKED, rfid=status)).frame) == "white pulse"
    assert frame_of(messages(session=AUTHORISED, rfid=status)).frame == DARK


@pytest.mark.parametrize(
    ("mode", "indicator"),
    [
        pytest.param(RfidMode.NEW_CARD, "white pulse", marks=pytest.mark.req("RFID-8")),
        pytest.param(RfidMode.CONFIRM, "orange steady", marks=pytest.mark.req("RFID-8")),
        pytest.param(RfidMode.MASTER, "white pulse", marks=pytest.mark.req("RFID-9")),
    ],
)
@pytest.mark.parametrize("one", [SESSION, LOCKED])
def test_the_reading_area_is_lit_while_cards_are_taught(
    mode: RfidMode, indicator: str, one: Any
) -> None:
    shown = frame_of(messages(session=one, rfid=replace(RFID, mode=mode)))
    assert (text_of(shown.rfid), text_of(shown.frame)) == (indicator, "white steady")


@pytest.mark.req("RFID-7", "RFID-9")
def test_no_first_master_is_invited_while_a_vehicle_is_plugged_in() -> None:
    waiting = replace(RFID, mode=RfidMode.MASTER)
    shown = frame_of(messages(session=replace(SESSION, plugged=True), rfid=waiting))
    assert (shown.rfid, shown.frame) == (DARK, DARK)


@pytest.mark.parametrize("mode", RfidMode)
def test_with_a_reader_that_does_not_answer_no_light_asks_for_a_card(mode: RfidMode) -> None:
    broken = replace(RFID, mode=mode, works=False)
    needed = frame_of(messages(session=LOCKED, rfid=broken))
    assert (text_of(needed.rfid), needed.frame) == ("orange blink", DARK)
    idle = frame_of(messages(session=SESSION, rfid=broken))
    assert (idle.rfid, idle.frame) == (DARK, DARK)


def test_the_lights_of_a_silent_reader_are_off() -> None:
    shown = frame_of(messages(session=LOCKED, rfid=None))
    assert (shown.rfid, shown.frame) == (DARK, DARK)


# --- charge mode ------------------------------------------------------------------------------

SYNCED = dcs_status(link=Link.ONLINE, synchronised=True)
INTELLIGENT = replace(SYNCED, mode=ChargeMode.INTELLIGENT)
WAITING = replace(INTELLIGENT, waits_for_plan=True)
PLUGGED = session(WallboxState.READY_FOR_CHARGING)  # no session yet
PULLED = replace(CHARGING, plugged=False)  # and the session is not ended yet
LATE = {"is_module_late": True}


@pytest.mark.req("DCS-3")
@pytest.mark.parametrize(
    ("changes", "light"),
    [
        # the module is ready; with a vehicle, and not synchronised, as well
        ({"has_module": True}, "blue steady"),
        ({"has_module": True, "session": CHARGING}, "blue steady"),
        (
            {"has_module": True, "session": CHARGING, "dcs": dcs_status(link=Link.REACHABLE)},
            "blue steady",
        ),
        ({"has_module": True, "dcs": INTELLIGENT}, "blue steady"),
        ({"has_module": True, "session": PLUGGED, "dcs": INTELLIGENT}, "blue steady"),
        ({"has_module": True, "session": None, "dcs": INTELLIGENT}, "blue steady"),
        ({"has_module": True, "session": PULLED, "dcs": INTELLIGENT}, "blue steady"),
        ({"has_module": True, **LATE}, "blue steady"),
        # synchronised, and a vehicle in a session: who decides
        ({"has_module": True, "session": CHARGING, "dcs": INTELLIGENT}, "white steady"),
        ({"has_module": True, "session": CHARGING, "dcs": WAITING}, "white blink"),
        ({"has_module": True, "session": CHARGING, "dcs": SYNCED}, "green steady"),
        ({"session": CHARGING, "dcs": SYNCED}, "green steady"),
        # no link to the module: not before its start time is over
        ({}, "off"),
        ({"is_module_late": False}, "off"),
        (LATE, "orange steady"),
        ({"session": CHARGING, "dcs": INTELLIGENT, **LATE}, "orange steady"),
    ],
)
def test_the_charge_mode_indicator_shows_its_row(changes: dict[str, Any], light: str) -> None:
    assert text_of(indicators.mode(messages(**changes))) == light


@pytest.mark.req("DCS-3")
def test_the_charge_mode_goes_on_while_the_connection_is_down() -> None:
    down = replace(INTELLIGENT, link=Link.UNREACHABLE)
    shown = frame_of(messages(has_module=True, session=CHARGING, dcs=down))
    assert (text_of(shown.network), text_of(shown.mode)) == ("orange steady", "white steady")


# --- touch ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "light"),
    [
        pytest.param(None, "off", marks=pytest.mark.req("PAN-4")),
        pytest.param(DCS, "off", marks=pytest.mark.req("PAN-4")),
        pytest.param(INTELLIGENT, "off", marks=pytest.mark.req("PAN-4")),
        pytest.param(
            dcs_status(link=Link.REACHABLE, can_confirm=True),
            "white steady",
            marks=pytest.mark.req("DCS-2", "PAN-4"),
        ),
        pytest.param(
            replace(INTELLIGENT, can_switch=True), "white steady", marks=pytest.mark.req("PAN-4")
        ),
    ],
)
def test_the_touch_key_is_lit_only_when_a_press_would_do_something(
    status: DcsStatus | None, light: str
) -> None:
    assert (
        text_of(indicators.touch(messages(session=CHARGING, has_module=True, dcs=status))) == light
    )


# --- all --------------------------------------------------------------------------------------


def test_a_fault_switches_no_indicator_off() -> None:
    well = messages(
        session=LOCKED, has_module=True, dcs=dcs_status(link=Link.REACHABLE, can_confirm=True)
    )
    for code in FaultCode:
        shown = frame_of(
            messages(session=LOCKED, safety=faulty_safety(code), has_module=True, dcs=well.dcs)
        )
        assert replace(shown, segments=frame_of(well).segments, caption="") == replace(
            frame_of(well), caption=""
        )


def test_every_value_has_a_light() -> None:
    assert set(indicators.INDICATIONS) == set(Indication)
    assert set(indicators.MODES) == set(RfidMode)
    assert set(indicators.CHARGE_MODES) == set(ChargeMode)
