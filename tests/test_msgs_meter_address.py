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


@pytest.mark.req("MET-1")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("sdm630@/dev/ttyUSB0:9600:8N1/1", ("sdm630", "/dev/ttyUSB0", 9600, "8N1", 1)),
        (
            "em24@/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0:19200:8E1/247",
            ("em24", "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0", 19200, "8E1", 247),
        ),
    ],
)
def test_a_meter_on_a_serial_line_is_named_by_its_device(
    text: str, place: tuple[str, str, int, str, int]
) -> None:
    address = parse_address(text)
    line = (address.device, address.baud, address.framing)
    assert (address.map_name, *line, address.unit) == place
    assert address.host == ""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"expected MAP@HOST:PORT/UNIT, .*, or MAP@DEVICE:.*; no map before an '@'"),
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
        ("sdm630@/dev/ttyUSB0:9600:8N1", "expected MAP@DEVICE:.*; a part is missing"),
        ("sdm630@/dev/ttyUSB0", "expected MAP@DEVICE:BAUD:FRAMING/UNIT, .*; a part is missing"),
        ("sdm630@/1", "expected MAP@DEVICE:BAUD:FRAMING/UNIT, .*; '/UNIT' is missing"),
        ("sdm630@/dev/ttyUSB0/1", "a part is missing"),
        ("sdm630@/dev/ttyUSB0:9600/1", "a part is missing"),
        ("sdm630@/dev/ttyUSB0:9601:8N1/1", "expected a BAUD of 1200, 2400, .*, got '9601'"),
        ("sdm630@/dev/ttyUSB0:fast:8N1/1", "expected BAUD from 1200 to 115200, got 'fast'"),
        ("sdm630@/dev/ttyUSB0:9600:7E1/1", "expected FRAMING 8N1, 8E1, 8O1, 8N2, got '7E1'"),
        ("sdm630@/dev/ttyUSB0:9600:8N1/0", "expected UNIT from 1 to 247, got '0'"),
        ("sdm630@/dev/ttyUSB0:9600:8N1/248", "expected UNIT from 1 to 247, got '248'"),
    ],
)
def test_another_form_is_refused_with_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(AddressError, match=complaint):
        parse_address(text)
