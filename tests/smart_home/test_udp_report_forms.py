"""Each report in the form of the documents, and of what a real Wallbox Connect has sent.

The forms are those of KEBA's UDP guide, pages 15 to 21; the real values were captured from a box of
the maker with firmware 3.9.17, idle and locked (smart_home.md 1.3).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from msgs.session import EndReason
from nodes.smart_home.snapshot import BoxSnapshot, ChargeState, PlugCode
from nodes.smart_home.udp_reports import (
    Identity,
    ReportTime,
    pushed,
    report_1,
    report_2,
    report_3,
    report_session,
)
from tests.builders import session_record
from tests.smart_home.home import Home, at_home

MOST_BYTES = 512  # UDP guide, page 14
IDENTITY = Identity(serial="18711747", firmware="1.0", dip=0x2600)
AT = ReportTime(uptime_s=934_129, is_utc_set=True, has_service=True)


@dataclass(frozen=True)
class Number:
    """A whole number within limits, or one of some."""

    least: int
    most: int
    or_one_of: tuple[int, ...] = ()

    def fits(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return value in self.or_one_of or self.least <= value <= self.most


@dataclass(frozen=True)
class Word:
    """A text."""

    pattern: str

    def fits(self, value: object) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None


FLAG = Number(0, 1)
COUNT = Number(0, 999_999_999)
SERIAL, SECONDS = Word(r"[0-9]{8}"), Number(0, 0xFFFF_FFFF)
OFFER, ASKED = Number(6_000, 32_000, (0,)), Number(6_000, 63_000, (0,))
DATE = Word(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000|[0-9]+")
FORMS: dict[str, dict[str, Number | Word]] = {
    "1": {
        "ID": Word("1"), "Product": Word(r"[ -~]{1,32}"), "Serial": SERIAL,
        "Firmware": Word(r"[ -~]{1,32}"), "COM-module": FLAG, "Backend": FLAG,
        "timeQ": Number(0, 3), "DIP-Sw": Word(r"0x[0-9A-F]{4}"), "Sec": SECONDS,
    },
    "2": {
        "ID": Word("2"), "State": Number(0, 5), "Error1": Number(0, 0xFFFF),
        "Error2": Number(0, 0xFFFF), "Plug": Number(3, 3, (7,)), "AuthON": FLAG, "Authreq": FLAG,
        "Enable sys": FLAG, "Enable user": FLAG, "Max curr": OFFER,
        "Max curr %": Number(100, 533, (1000,)), "Curr HW": OFFER, "Curr user": ASKED,
        "Curr FS": ASKED, "Tmo FS": Number(10, 600, (0,)), "Curr timer": ASKED,
        "Tmo CT": Number(0, 860_400), "Setenergy": COUNT,
        "Output": Number(0, 1, tuple(range(10, 151))),
        "Input": FLAG, "Serial": SERIAL, "Sec": SECONDS,
    },
    "3": {
        "ID": Word("3"), "U1": Number(0, 400), "U2": Number(0, 400), "U3": Number(0, 400),
        "I1": Number(0, 99_999), "I2": Number(0, 99_999), "I3": Number(0, 99_999), "P": COUNT,
        "PF": Number(0, 1000), "E pres": COUNT, "E total": COUNT, "Serial": SERIAL, "Sec": SECONDS,
    },
    "1xx": {
        "ID": Word(r"1[0-3][0-9]"), "Session ID": Number(0, 0xFFFF_FFFF), "Curr HW": OFFER,
        "E start": COUNT, "E pres": COUNT, "started[s]": SECONDS, "ended[s]": SECONDS,
        "started": DATE, "ended": DATE, "reason": Number(0, 1, (10,)), "timeQ": Number(0, 3),
        "RFID tag": Word("[0-9A-F]{16}"), "RFID class": Word("[0-9A-F]{20}"), "Serial": SERIAL,
        "Sec": SECONDS,
    },
}  # fmt: skip
PUSHED = ("State", "Plug", "Input", "Enable sys", "Max curr", "E pres")


def checked(text: str) -> dict[str, Any]:
    """Check the form of a report; return its values."""
    assert len(text.encode("ascii")) <= MOST_BYTES
    assert text.endswith("\n")
    values: dict[str, Any] = json.loads(text)
    number = values["ID"]
    form = FORMS[number if len(number) == 1 else "1xx"]
    assert list(values) == list(form)  # all, in the order of the guide
    for name, value in values.items():
        assert form[name].fits(value), (name, value)
    return values


STATES = [
    BoxSnapshot(),
    BoxSnapshot(
        state=ChargeState.CHARGING, plug=PlugCode.VEHICLE, is_enabled=True, offered_ma=32_000,
        duty_permille=533, hardware_ma=32_000, user_ma=63_000, voltages_v=(231, 229, 230),
        currents_ma=(31_999, 32_000, 32_001), power_mw=22_080_000, power_factor_permille=1000,
        session_dwh=999_999_999, lifetime_dwh=999_999_999, energy_limit_dwh=999_999_999,
        failsafe_ma=63_000, failsafe_s=600, timer_ma=63_000, timer_s=860_400, tag="F" * 16,
    ),
    BoxSnapshot(state=ChargeState.ERROR, error=0xFFFF, input=0),
]  # fmt: skip


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("seen", STATES)
@pytest.mark.parametrize("is_utc_set", [True, False])
def test_the_longest_and_the_shortest_values_keep_the_form(
    seen: BoxSnapshot, is_utc_set: bool
) -> None:
    at = ReportTime(uptime_s=0xFFFF_FFFF, is_utc_set=is_utc_set)
    for number in (1, 2, 3):
        make: dict[int, Callable[[], str]] = {
            1: lambda: report_1(IDENTITY, at),
            2: lambda: report_2(seen, IDENTITY, at, 150),
            3: lambda: report_3(seen, IDENTITY, at),
        }
        checked(make[number]())
    record = session_record(
        session_id="20260101-000000",
        started_utc_ns=1_547_187_752_000_000_000,
        ended_utc_ns=1_547_190_000_000_000_000,
        start_energy_wh=506_297.8,
        energy_wh=23_973.8,
        end_reason=EndReason.UNPLUGGED,
        token="04A1B2C3D4E5F6",
    )
    for each in (None, record):
        for shows_tags in (True, False):
            checked(report_session(130, each, seen, IDENTITY, at, shows_tags=shows_tags))


@pytest.mark.req("APP-2")
def test_a_session_reads_as_the_captured_one() -> None:
    record = session_record(
        session_id="20190111-062232",
        started_utc_ns=1_547_187_752_000_000_000,
        ended_utc_ns=1_547_190_000_000_000_000,
        start_energy_wh=506_297.8,
        energy_wh=23_973.8,
        end_reason=EndReason.UNPLUGGED,
    )
    values = checked(report_session(101, record, BoxSnapshot(), IDENTITY, AT, shows_tags=True))
    assert (values["E start"], values["E pres"]) == (5_062_978, 239_738)
    assert (values["started[s]"], values["started"]) == (1_547_187_752, "2019-01-11 06:22:32.000")
    assert (values["reason"], values["timeQ"]) == (1, 3)


@pytest.mark.req("APP-2")
def test_what_the_box_is_reads_as_the_captured_one() -> None:
    values = checked(report_1(IDENTITY, AT))
    assert values["Firmware"].startswith("P30 v 3.9.17 (")
    assert {name: values[name] for name in values if name != "Firmware"} == {
        "ID": "1", "Product": "BMW-10-EC2405B2-E1R", "Serial": "18711747", "COM-module": 1,
        "Backend": 1, "timeQ": 3, "DIP-Sw": "0x2600", "Sec": 934_129,
    }  # fmt: skip


@pytest.mark.req("APP-2")
def test_an_idle_locked_box_reads_as_the_captured_one(tmp_path: Path) -> None:
    """But for "Output", a setting of that box, and its voltages, which a real one hides."""
    with at_home(tmp_path, "plant.dip_a=20", card=True) as home:
        home.advance(5.0)
        assert home.report(1)["DIP-Sw"] == "0x2600"
        values = home.report(2)
        assert {name: values[name] for name in list(values)[1:-3]} == {
            "State": 1, "Error1": 0, "Error2": 0, "Plug": 3, "AuthON": 1, "Authreq": 1,
            "Enable sys": 0, "Enable user": 1, "Max curr": 0, "Max curr %": 1000,
            "Curr HW": 20_000, "Curr user": 63_000, "Curr FS": 0, "Tmo FS": 0, "Curr timer": 0,
            "Tmo CT": 0, "Setenergy": 0, "Output": 0,
        }  # fmt: skip
        values = home.report(3)
        assert {values[name] for name in ("I1", "I2", "I3", "P", "PF", "E pres")} == {0}


TRUTH = {  # UDP guide, page 12: State, Plug, AuthON, Authreq of a box with a cable
    "idle": (1, 3, 0, 0),
    "idle, locked": (1, 3, 1, 1),
    "authorised, idle": (1, 3, 1, 0),
    "authorised, plugged in": (2, 7, 1, 0),
    "charging with a card": (3, 7, 1, 0),
    "charging": (3, 7, 0, 0),
}


def _truth(home: Home) -> tuple[int, ...]:
    values = home.report(2)
    return tuple(values[name] for name in ("State", "Plug", "AuthON", "Authreq"))


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("card", [False, True])
def test_the_authorisation_reads_as_the_guide_says(tmp_path: Path, card: bool) -> None:
    with at_home(tmp_path, card=card) as home:
        home.advance(3.0)
        if not card:
            assert _truth(home) == TRUTH["idle"]
            home.begin_charge()
            assert _truth(home) == TRUTH["charging"]
            return
        assert _truth(home) == TRUTH["idle, locked"]
        home.act("tap", {"uid": home.uid})
        home.advance(1.0)
        assert _truth(home) == TRUTH["authorised, idle"]
        home.act("plug")
        home.soon(lambda: _truth(home) == TRUTH["authorised, plugged in"], 30.0)
        home.act("ready")
        home.soon(lambda: _truth(home) == TRUTH["charging with a card"], 30.0)


@pytest.mark.req("APP-2")
def test_a_whole_charge_keeps_the_form_and_its_news_have_one_value_each(tmp_path: Path) -> None:
    with at_home(tmp_path) as home:
        acts: list[Callable[[], None]] = [
            lambda: home.act("plug"), lambda: home.act("ready"), lambda: home.order("curr 10000"),
            lambda: home.order("currtime 16000 5"), lambda: home.order("failsafe 10 6000 0"),
            lambda: home.order("setenergy 5000"), lambda: home.order("output 20"),
            lambda: home.advance(12.0), lambda: home.order("ena 0"), lambda: home.order("stop"),
        ]  # fmt: skip
        for act in acts:
            act()
            home.advance(8.0)
            for number in (1, 2, 3, 100, 101, 130):
                checked(json.dumps(home.report(number)) + "\n")
                home.advance(0.2)
        news = [text for _, _, text in home.network.sent if text[:2] == '{"' and "ID" not in text]
        assert len(news) > 5
        for text in news:
            ((name, value),) = json.loads(text).items()
            assert name in PUSHED
            form = FORMS["3"] if name == "E pres" else FORMS["2"]
            assert form[name].fits(value), text


def test_every_value_that_is_pushed_is_one_of_the_guide() -> None:
    found = [list(json.loads(each)) for each in pushed(STATES[0], STATES[1])]
    assert found == [["State"], ["Plug"], ["Enable sys"], ["Max curr"], ["E pres"]]
