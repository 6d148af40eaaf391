"""Frames of a service that is broken or hostile: the right answer, and no effect on the charge."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.dcs.box_asks import (
    Asked,
    AskToken,
    Beat,
    BeatAnswer,
    Begun,
    BegunAnswer,
    Boot,
    BootAnswer,
    Ended,
    EndedAnswer,
    StopCause,
    TokenAnswer,
)
from nodes.dcs.dialect import (
    Message,
    ServiceAnswer,
    ServiceFailure,
    ServiceRequest,
    Unreadable,
    WrongRequest,
)
from nodes.dcs.dialect_16 import CODES, Ocpp16
from nodes.dcs.dialect_16_requests import DECODERS
from nodes.dcs.link import MOST_FRAME, MOST_HEAD
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


# What JSON can write and no number of Python is, in each place of a frame.
ABSURD = (
    "1e99999999999999999999",
    "-1e-99999999999999999999",
    "1e999999",
    "0.1e18446744073709551616",
    "1" * 5000,
    "0." + "1" * 5000,
)
PLACES = (
    "{}",
    "[{}]",
    '[2,"1","Reset",{{"type":{}}}]',
    '[2,"1","Reset",{{"type":"Soft","more":{}}}]',
    '[2,"1","RemoteStopTransaction",{{"transactionId":{}}}]',
    '[2,"1","GetCompositeSchedule",{{"connectorId":1,"duration":{}}}]',
    '[2,"1",{},{{}}]',
    '[2,{},"Reset",{{}}]',
    '[3,"1",{{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":{}}}]',
    '[3,"1",{{"status":"Accepted","currentTime":{},"interval":1}}]',
    '[3,"1",{}]',
    '[4,"1",{}]',
    '[4,"1","InternalError",{},{{}}]',
)


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("place", PLACES)
def test_a_number_that_no_computer_has_ends_nothing_wherever_it_is(place: str) -> None:
    for number in ABSURD:
        DIALECT.decode(place.format(number), "1", BOOT)


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("place", PLACES)
def test_a_frame_of_any_depth_ends_nothing(place: str) -> None:
    for depth in (50, 400, 900, 990, 5000, 30_000):
        DIALECT.decode(place.format("[" * depth + "]" * depth), "1", BOOT)
        DIALECT.decode(place.format('{"a":' * depth + "1" + "}" * depth), "1", BOOT)


def answered(call: Asked, payload: str) -> Message:
    return DIALECT.decode(f'[3,"1",{payload}]', "1", call)


BEGUN = Begun(connector=1, token="A", meter_wh=0, utc_ns=0)
ENDED = Ended(transaction=5, meter_wh=0, utc_ns=0, cause=StopCause.LOCAL)
EMPTY = '{"status":"Accepted","parentIdTag":null,"expiryDate":null}'
NO_TIME = '{"status":"Accepted","expiryDate":""}'


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize(
    ("call", "payload", "kind"),
    [
        # fields without a value, as some serializers write them
        (BEGUN, f'{{"transactionId":5,"idTagInfo":{EMPTY}}}', BegunAnswer),
        (AskToken(token="A"), f'{{"idTagInfo":{EMPTY}}}', TokenAnswer),
        (ENDED, '{"idTagInfo":null}', EndedAnswer),
        # whole numbers with a point
        (BEGUN, f'{{"transactionId":5.0,"idTagInfo":{EMPTY}}}', BegunAnswer),
        # times that are none: the status counts
        (BEGUN, f'{{"transactionId":5,"idTagInfo":{NO_TIME}}}', BegunAnswer),
        (AskToken(token="A"), f'{{"idTagInfo":{NO_TIME}}}', TokenAnswer),
        (ENDED, f'{{"idTagInfo":{NO_TIME}}}', EndedAnswer),
        (BOOT, '{"status":"Accepted","interval":0.0,"currentTime":"now"}', BootAnswer),
        (Beat(), '{"currentTime":""}', BeatAnswer),
        # more than the version has
        (BEGUN, f'{{"transactionId":5,"idTagInfo":{EMPTY},"more":[1]}}', BegunAnswer),
    ],
)  # fmt: skip
def test_an_answer_is_taken_as_far_as_it_can_be_understood(
    call: Asked, payload: str, kind: type
) -> None:
    message = answered(call, payload)
    assert isinstance(message, ServiceAnswer), message
    assert isinstance(message.answered, kind)


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize(
    "payload",
    [
        '{"idTagInfo":{"status":"Accepted"}}',
        '{"transactionId":null,"idTagInfo":{"status":"Accepted"}}',
        '{"transactionId":5.5,"idTagInfo":{"status":"Accepted"}}',
        '{"transactionId":5,"idTagInfo":{}}',
        '{"transactionId":5}',
    ],
)
def test_an_answer_without_what_is_needed_is_a_failure(payload: str) -> None:
    assert isinstance(answered(BEGUN, payload), ServiceFailure)


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize(
    ("head", "kind", "message_id"),
    [
        ('[2,"7","DataTransfer",{"vendorId":"x","data":"', WrongRequest, "7"),
        (' [ 2 , "a\\u00e4\\"]" ,"DataTransfer",{', WrongRequest, 'aä"]'),
        ('[3,"7",{"currentTime":"', ServiceFailure, "7"),
        ('[4,"7","InternalError","', ServiceFailure, "7"),
        ('[2,"\\ud800","x",', Unreadable, None),
        ('[2,"\\q","x",', Unreadable, None),
        ('[5,"7",', Unreadable, None),
        ('[2,"' + "7" * MOST_HEAD, Unreadable, None),
        ("x" * MOST_HEAD, Unreadable, None),
        ("[" * MOST_HEAD, Unreadable, None),
    ],
)
def test_of_a_long_frame_only_the_head_is_read(
    head: str, kind: type, message_id: str | None
) -> None:
    message = DIALECT.decode_head(head, 1_000_000)
    assert isinstance(message, kind)
    if message_id is not None:
        assert not isinstance(message, Unreadable)
        assert message.message_id == message_id
    if isinstance(message, WrongRequest):
        assert CODES[message.fault] == "GenericError"


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("wrong", [["{}"], {"a": "{}"}, "{}" * 20, 112233445566778899])
def test_no_value_of_a_wrong_request_is_in_a_text(wrong: Any) -> None:
    secret = "00112233445566778899AABBCCDDEEFF"
    value = json.loads(json.dumps(wrong).replace("{}", secret))
    payload = {"key": "AuthorizationKey", "value": value}
    message = DIALECT.decode(json.dumps([2, "1", "ChangeConfiguration", payload]), "", None)
    assert isinstance(message, WrongRequest)
    assert "112233445566778899" not in message.text
    assert "expected" in message.text


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
    assert len(long) < MOST_FRAME
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
