"""`--ports N`: every simulated port moves, and nothing else."""

from typing import Any

import msgspec
import pytest

from launch.complaint import Complaint
from launch.ports import REFUSED_BY_BROWSERS, shift_ports, shift_settings
from msgs.ports import OwnPort, PagePort, PeerAddress


class Parameters(msgspec.Struct):
    page: PagePort = 8080
    listens: OwnPort = 1502
    url: PeerAddress = "ws://localhost:9000/ocpp"
    free: OwnPort = 0
    port: int = 502  # declares nothing
    text: str = "127.0.0.1:1502"


def test_what_declares_a_port_moves_whatever_its_name_and_nothing_else_does() -> None:
    assert shift_ports({"port": 503, "text": "localhost:1"}, Parameters, 100) == {
        "page": 8180,
        "listens": 1602,
        "url": "ws://localhost:9100/ocpp",
        "port": 503,
        "text": "localhost:1",
    }
    assert shift_ports({}, Parameters, 0) == {}


@pytest.mark.parametrize(
    ("key", "value", "shifted"),
    [
        ("page", 8081, 8181),
        ("free", 0, 0),  # any free port stays any free port
        ("url", "tq@127.0.0.1:1502/1", "tq@127.0.0.1:1602/1"),
        # the port of a real device is not moved
        ("url", "tq@192.168.1.9:502/1", "tq@192.168.1.9:502/1"),
        ("url", "tq@meter.localhost:502/1", "tq@meter.localhost:502/1"),
        ("url", "sdm630@/dev/ttyUSB0:9600:8N1/1", "sdm630@/dev/ttyUSB0:9600:8N1/1"),
        ("url", "none", "none"),
        # of a wrong kind: its type refuses it
        ("page", True, True),
        ("page", "8080", "8080"),
        ("url", 5, 5),
    ],
)
def test_a_port_moves_where_there_is_one(key: str, value: Any, shifted: Any) -> None:
    assert shift_ports({key: value}, Parameters, 100)[key] == shifted


@pytest.mark.parametrize(
    ("key", "by", "what"),
    [
        ("page", 2000, "page: port 8080 with --ports 2000 is 10080, where browsers open no page; "
                       "choose another"),
        ("page", 60000, "page: port 8080 with --ports 60000 is 68080; expected a port from 1 to "
                        "65535"),
        ("listens", -1502, "listens: port 1502 with --ports -1502 is 0; expected a port from 1 to "
                           "65535"),
        ("url", 60000, "url: port 9000 with --ports 60000 is 69000; expected a port from 1 to "
                       "65535"),
    ],
)  # fmt: skip
def test_a_port_that_cannot_be_used_is_refused_with_how_it_came_to_be(
    key: str, by: int, what: str
) -> None:
    value = {"page": 8080, "listens": 1502, "url": "http://localhost:9000"}[key]
    others = {"page": 0, "listens": 0, "url": ""}
    with pytest.raises(Complaint) as refused:
        shift_ports({**others, key: value}, Parameters, by)
    assert str(refused.value) == what


def test_a_page_that_no_browser_opens_is_refused_without_a_shift_too() -> None:
    with pytest.raises(Complaint, match="page: port 6000, where browsers open no page"):
        shift_ports({"page": 6000}, Parameters, 0)
    assert shift_ports({"listens": 6000}, Parameters, 0) == {"listens": 6000}  # no page


def test_ports_that_browsers_open_are_not_among_the_refused() -> None:
    assert REFUSED_BY_BROWSERS.isdisjoint({80, 443, 8080, 8180, 12080})
    assert len(REFUSED_BY_BROWSERS) == 82


def test_a_meter_among_the_settings_is_shifted_where_its_host_is_this_machine() -> None:
    trees: dict[str, dict[str, Any]] = {
        "factory": {
            "house_meter.host": "127.0.0.1",
            "house_meter.port": 1502,
            "solar_meter.host": "192.168.1.9",
            "solar_meter.port": 502,
            "proxy.port": 8080,
            "hotspot.channel": 6,
        },
        "settings": {"house_meter.port": 1503, "solar_meter.host": "localhost"},
    }
    assert shift_settings(trees, 100) == {
        "factory": {
            **trees["factory"],
            "house_meter.port": 1602,
            "solar_meter.port": 602,  # the host that holds is this machine's
        },
        "settings": {"house_meter.port": 1603, "solar_meter.host": "localhost"},
    }
    with pytest.raises(Complaint, match=r"factory\.house_meter\.port: port 1502 with"):
        shift_settings(trees, 65000)
