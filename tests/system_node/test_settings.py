"""The settings themselves: the manual's defaults, and what does not go together."""

from typing import Any

import msgspec
import pytest

from msgs.meter import MeterName
from msgs.setting_keys import unflatten
from msgs.setting_names import settings_of
from msgs.setting_problems import Clash, Problem, problems
from msgs.settings import OperatingMode, PhaseAssignment, Settings, meter_name
from nodes.system import words

HOUSE = {"enabled": True, "manufacturer": "tq", "host": "192.168.1.20"}
SERIAL = {"enabled": True, "manufacturer": "sdm630", "device": "/dev/ttyUSB0"}


def settings(**changes: Any) -> Settings:
    return msgspec.convert(changes, Settings)


# --- defaults ---------------------------------------------------------------------------------


@pytest.mark.req("RFID-6")
def test_authorization_is_off_by_default() -> None:
    assert not Settings().authorization.required


@pytest.mark.req("MET-6", "WEB-7")
def test_the_operating_mode_is_charging_by_default() -> None:
    assert Settings().operating_mode is OperatingMode.CHARGING


@pytest.mark.req("MET-4", "WEB-7")
def test_the_installation_has_three_phases_in_order_by_default() -> None:
    assert Settings().phase_assignment == "L1-L2-L3"
    assert set(PhaseAssignment) == {"L1-L2-L3", "L2-L3-L1", "L3-L1-L2", "L1", "L2", "L3"}


@pytest.mark.req("WEB-8")
def test_the_dhcp_server_and_the_wlan_connection_are_off_by_default() -> None:
    assert not Settings().lan_dhcp_server
    assert not Settings().wlan.enabled
    assert Settings().wlan.ssid == ""


@pytest.mark.req("WEB-10")
def test_the_hotspot_is_on_by_default_on_channel_11() -> None:
    hotspot = Settings().hotspot
    assert (hotspot.enabled, hotspot.channel) == (True, 11)


@pytest.mark.req("MET-1", "WEB-11")
def test_monitoring_and_meters_are_off_by_default_and_meters_at_port_502() -> None:
    assert not Settings().monitoring.enabled
    for meter in (Settings().house_meter, Settings().solar_meter):
        assert (meter.enabled, meter.port, meter.unit) == (False, 502, 1)


@pytest.mark.req("WEB-12")
def test_the_proxy_is_off_by_default() -> None:
    assert not Settings().proxy.enabled


@pytest.mark.req("WEB-13")
def test_a_stick_may_do_nothing_by_default() -> None:
    usb = Settings().usb
    assert (usb.allow_init, usb.allow_config, usb.allow_update) == (False, False, False)


def test_nothing_of_the_defaults_is_a_problem_or_locked() -> None:
    assert problems(Settings()) == {}
    assert Settings().locked == ()


# --- rules ------------------------------------------------------------------------------------


RULES = [
    # what is set, the words of the only problem
    (
        {"wlan": {"enabled": True}, "hotspot": {"enabled": False}},
        ("wlan.ssid", "name of a network"),
    ),
    ({"wlan": {"ssid": "ø" * 17}}, ("wlan.ssid", "at most 32 bytes; got 34")),
    ({"hotspot": {"ssid": "ø" * 17}}, ("hotspot.ssid", "at most 32 bytes; got 34")),
    (
        {"monitoring": {"enabled": True}, "main_fuse_a": 25},
        ("monitoring.enabled", "house_meter.enabled is off"),
    ),
    (
        {"monitoring": {"enabled": True}, "house_meter": HOUSE},
        ("main_fuse_a", "monitoring.enabled is on"),
    ),
    ({"house_meter": HOUSE | {"host": ""}}, ("house_meter.host", "the meter's address")),
    ({"solar_meter": HOUSE | {"host": ""}}, ("solar_meter.host", "the meter's address")),
    ({"house_meter": HOUSE | {"host": ""}}, ("house_meter.host", "house_meter.device")),
    (
        {"house_meter": SERIAL | {"host": "10.0.0.7"}},
        ("house_meter.device", 'expected ""', "house_meter.host is set"),
    ),
    ({"solar_meter": SERIAL | {"baud": 9601}}, ("solar_meter.baud", "9600", "got 9601")),
    ({"house_meter": SERIAL | {"unit": 0}}, ("house_meter.unit", "1 to 247", "got 0")),
    ({"house_meter": SERIAL | {"unit": 248}}, ("house_meter.unit", "1 to 247", "got 248")),
    ({"house_meter": HOUSE | {"port": 0}}, ("house_meter.port", "expected 1 to 65535")),
    (
        {"solar_meter": HOUSE | {"manufacturer": ""}},
        ("solar_meter.manufacturer", "expected a meter map"),
    ),
    (
        {"operating_mode": "fleet", "house_meter": HOUSE},
        ("house_meter.enabled", "expected off", "fleet"),
    ),
    (
        {"operating_mode": "fleet", "solar_meter": HOUSE},
        ("solar_meter.enabled", "expected off", "fleet"),
    ),
    ({"proxy": {"port": 53}}, ("proxy.port", "0 to 65535", "53 (DNS)", "got 53")),
    ({"proxy": {"port": 7090}}, ("proxy.port", "7090 (the smart-home interface)", "got 7090")),
    ({"proxy": {"enabled": True}}, ("proxy.address", "the proxy's address")),
]


@pytest.mark.req("NET-1", "MET-8")
@pytest.mark.parametrize(("changes", "problem"), RULES)
def test_a_conflict_is_described_with_its_keys(
    changes: dict[str, Any], problem: tuple[str, ...]
) -> None:
    key, *expected = problem
    found = problems(settings(**changes))
    assert set(found) == {key}
    for each in expected:
        assert each in words.expected(found)[key]


@pytest.mark.req("MET-1")
@pytest.mark.parametrize(("key", "value"), [("baud", 19200), ("framing", "8E1")])
def test_two_meters_of_one_serial_line_have_one_speed_and_one_framing(key: str, value: Any) -> None:
    found = problems(settings(house_meter=SERIAL, solar_meter=SERIAL | {"unit": 2, key: value}))
    assert set(found) == {f"house_meter.{key}", f"solar_meter.{key}"}
    for other in ({"device": "/dev/ttyUSB1"}, {"enabled": False}, {"device": "", "host": "a"}):
        solar = SERIAL | {"unit": 2, key: value} | other
        assert problems(settings(house_meter=SERIAL, solar_meter=solar)) == {}


@pytest.mark.parametrize(
    "device",
    [
        "ttyUSB0", "/etc/passwd", "/dev", "/dev/", "/dev/../etc/passwd", "/dev/./ttyUSB0",
        "/dev//ttyUSB0", "/dev/ttyUSB0/", "/dev/tty USB0", "/dev/tty\n", "/dev/.hidden",
    ],
)  # fmt: skip
def test_a_device_is_below_dev(device: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(house_meter=SERIAL | {"device": device})


@pytest.mark.req("WEB-10", "NET-1")
def test_a_conflict_of_two_keys_is_described_at_both() -> None:
    found = problems(settings(wlan={"enabled": True, "ssid": "Home"}))
    assert set(found) == {"hotspot.enabled", "wlan.enabled"}


@pytest.mark.parametrize(
    "changes",
    [
        {"wlan": {"enabled": True, "ssid": "Home"}, "hotspot": {"enabled": False}},
        {"wlan": {"enabled": False, "ssid": "Home"}, "hotspot": {"enabled": False}},  # WLAN is off
        {"wlan": {"ssid": "ø" * 16}},
        {
            "house_meter": HOUSE,
            "solar_meter": HOUSE,
            "monitoring": {"enabled": True},
            "main_fuse_a": 16,
        },
        {"main_fuse_a": 125.0},  # it may be set before the meter is
        {"house_meter": HOUSE},  # without switching the function on (MET-1)
        {"house_meter": HOUSE | {"enabled": False}, "operating_mode": "fleet"},
        {"house_meter": SERIAL | {"port": 0}, "solar_meter": SERIAL | {"unit": 2}},
        {"house_meter": SERIAL | {"host": "10.0.0.7", "enabled": False}},
        {"proxy": {"enabled": True, "address": "10.0.0.1", "port": 0}},
        {"proxy": {"enabled": True, "address": "10.0.0.1", "port": 65535}},
    ],
)
def test_what_goes_together_is_no_problem(changes: dict[str, Any]) -> None:
    assert problems(settings(**changes)) == {}


@pytest.mark.req("MET-1")
def test_the_main_fuse_has_no_default_and_is_6_to_125_a() -> None:
    assert Settings().main_fuse_a is None
    assert settings(main_fuse_a=6).main_fuse_a == 6.0
    for wrong in (5.9, 125.1, "25", True):
        with pytest.raises(msgspec.ValidationError):
            settings(main_fuse_a=wrong)


def test_a_meter_has_the_name_that_set_writes_it_by() -> None:
    assert meter_name(Settings().house_meter) == ""
    meter = settings(house_meter=HOUSE | {"unit": 3}).house_meter
    assert meter_name(meter) == "tq@192.168.1.20:502/3"
    serial = settings(house_meter=SERIAL | {"unit": 3, "framing": "8E1", "host": "x"}).house_meter
    assert meter_name(serial) == "sdm630@/dev/ttyUSB0:9600:8E1/3"


@pytest.mark.parametrize(
    "name",
    [
        "sdm630@/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K-if00-port0:19200:8E1/247",
        "tq@192.168.1.20:502/1",
        f"{'m' * 32}@/dev/{'x' * 195}:115200:8N2/247",
        f"{'m' * 32}@{'x' * 253}:65535/255",
    ],
)
def test_a_meters_name_is_read_back_and_fits_its_messages(name: str) -> None:
    flat = settings_of("meter.house", name)
    meter = msgspec.convert(unflatten(flat), Settings).house_meter
    assert meter_name(meter) == name
    assert msgspec.convert(name, MeterName) == name


@pytest.mark.req("NET-2")
@pytest.mark.parametrize("channel", [0, 14])
def test_a_hotspot_has_a_channel_from_1_to_13(channel: int) -> None:
    assert settings(hotspot={"channel": 1}).hotspot.channel == 1
    assert settings(hotspot={"channel": 13}).hotspot.channel == 13
    with pytest.raises(msgspec.ValidationError):
        settings(hotspot={"channel": channel})


def test_every_clash_has_a_text() -> None:
    for clash in Clash:
        texts = words.expected({"house_meter.host": Problem(clash=clash, got=53)})
        assert texts["house_meter.host"].startswith("expected ")
    assert set(words.REFUSALS) == set(words.AuthorizationRefusal)
