"""Frames of a service that is broken or hostile: the right answer, and no effect on the charge."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.dcs.box_asks import Boot
from nodes.dcs.dialect import ServiceFailure, ServiceRequest, Unreadable, WrongRequest
from nodes.dcs.dialect_16 import CODES, Ocpp16
from nodes.dcs.dialect_16_requests import DECODERS
from nodes.dcs.link import MOST_FRAME_BYTES
from tests.dcs.station import Station

DIALECT = Ocpp16()
BOOT = Boot(serial="1", firmware="1", model="m", vendor="v")

PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
    },
}


def error_of(action: Any, payload: Any) -> str | None:
    """Return the code of the error that answers a request; None: it is not wrong."""
    message = DIALECT.decode(json.dumps([2, "1", action, payload]), "", None)
    return CODES[message.fault] if isinstance(message, WrongRequest) else None


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Dance", {}, "NotImplemented"),
        ("GetDiagnostics", {"location": "x"}, "NotSupported"),
        ("BootNotification", {}, "NotSupported"),
        ("Reset", {}, "OccurenceConstraintViolation"),
        ("Reset", [], "FormationViolation"),
        ("Reset", {"type": 1}, "TypeConstraintViolation"),
        ("Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
        ("Reset", {"type": "Soft", "more": 1}, "FormationViolation"),
        ("Reset", {"type": "Soft"}, None),
        ("ReserveNow", {"connectorId": 1, "expiryDate": "soon", "idTag": "A", "reservationId": 1},
         "PropertyConstraintViolation"),
        ("ChangeConfiguration", {"key": "x" * 51, "value": "1"}, "PropertyConstraintViolation"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_answered_with_its_error(
    action: str, payload: Any, code: str | None
) -> None:
    assert error_of(action, payload) == code


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("limit", ["1e29", "-1e308", "1e400", "0.05", "1e-300"])
def test_an_absurd_limit_is_an_error_and_ends_nothing(limit: str) -> None:
    profile = json.dumps(PROFILE).replace("10.0", limit)
    text = f'[2,"1","SetChargingProfile",{{"connectorId":1,"csChargingProfiles":{profile}}}]'
    message = DIALECT.decode(text, "", None)
    if isinstance(message, WrongRequest):
        assert CODES[message.fault] == "PropertyConstraintViolation"
    else:
        assert isinstance(message, ServiceRequest)  # refused later, as text


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", "[2]", "[5,1]", '["2","1"]', "[3,1,{}]", '[3,"9",{}]', "null", "NaN",
     "[" * 60_000, '[2,"1","Reset",{"type":NaN}]', "\x00", '"' + "a" * 1000],
)  # fmt: skip
def test_what_is_no_message_is_ignored(text: str) -> None:
    assert isinstance(DIALECT.decode(text, "", None), Unreadable | WrongRequest)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=8), each, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.req("DCS-7")
@given(st.sampled_from(sorted(DECODERS)), json_values)
def test_no_payload_raises(action: str, payload: Any) -> None:
    DIALECT.decode(json.dumps([2, "1", action, payload]), "", None)


@pytest.mark.req("DCS-7")
@given(json_values, st.text(max_size=40))
def test_no_frame_raises(frame: Any, text: str) -> None:
    DIALECT.decode(json.dumps(frame), "1", BOOT)
    DIALECT.decode(json.dumps([3, "1", frame]), "1", BOOT)
    DIALECT.decode(text, "1", BOOT)


def test_an_answer_that_is_wrong_is_a_failure() -> None:
    wrong = '[3,"1",{"status":"Accepted","interval":"soon","currentTime":"2026-01-01T00:00:00Z"}]'
    assert isinstance(DIALECT.decode(wrong, "1", BOOT), ServiceFailure)


@pytest.mark.req("DCS-7")
def test_a_hostile_service_changes_nothing_for_the_charge(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.begin_charge()
    connection = station.host.connection
    assert connection is not None
    deep = "[" * 30_000
    long = json.dumps([2, "1", "DataTransfer", {"vendorId": "v", "data": "x" * 60_000}])
    assert len(long) < MOST_FRAME_BYTES
    for frame in ("{", "[]", deep, "[2]", '[2,"1","Reset",{"type":"Warm"}]', '[4,"7"]', "\x00"):
        for _ in range(200):
            connection.send(frame)
    before = len(station.lines)
    for _ in range(200):
        connection.send(long)
    station.host._asked.clear()
    station.host._take_answer = lambda frame: None  # type: ignore[method-assign]
    station.advance(30.0)
    assert station.state == "Charging"
    assert station.link == "Online"
    assert len(station.lines) - before < 50
    station.end_charge()
    station.soon(lambda: station.host.named("StopTransaction") != [], 10.0)
