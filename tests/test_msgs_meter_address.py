"""How a configuration names a meter."""

import pytest

from msgs.meter_address import AddressError, parse_address


@pytest.mark.req("MET-2")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tq@127.0.0.1:1502/1", ("tq", "127.0.0.1", 1502, 1)),
        ("tq@meter.local:502/255", ("tq", "meter.local", 502, 255)),
        ("tq@[fe80::1]:502/0", ("tq", "fe80::1", 502, 0)),
    ],
)
def test_a_meter_is_named_by_map_host_port_and_unit(
    text: str, place: tuple[str, str, int, int]
) -> None:
    address = parse_address(text)
    assert (address.map_name, address.host, address.port, address.unit) == place


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"expected MAP@HOST:PORT/UNIT, as tq@192\.168\.1\.20:502/1; no map before an '@'"),
        ("127.0.0.1:502/1", "no map before an '@'"),
        ("@127.0.0.1:502/1", "no map before an '@'"),
        ("tq@127.0.0.1:502", "'/UNIT' is missing"),
        ("tq@127.0.0.1/1", "'HOST:PORT' is missing"),
        ("tq@:502/1", "'HOST:PORT' is missing"),
        ("tq@127.0.0.1:0/1", "expected PORT from 1 to 65535, got '0'"),
        ("tq@127.0.0.1:70000/1", "expected PORT from 1 to 65535, got '70000'"),
        ("tq@127.0.0.1:modbus/1", "expected PORT from 1 to 65535, got 'modbus'"),
        ("tq@127.0.0.1:502/256", "expected UNIT from 0 to 255, got '256'"),
        ("tq@127.0.0.1:502/-1", "expected UNIT from 0 to 255, got '-1'"),
        ("tq@127.0.0.1:502/", "expected UNIT from 0 to 255, got ''"),
        (
            "sdm630@/dev/ttyUSB0:9600:8N1/1",
            "names a serial line, which this version cannot read; expected a meter over Modbus TCP",
        ),
    ],
)
def test_another_form_is_refused_with_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(AddressError, match=complaint):
        parse_address(text)
