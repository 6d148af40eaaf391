"""`--ports N`: every simulated port moves, and nothing else."""

from typing import Any

import msgspec
import pytest

from launch.ports import shift_ports, shift_settings, with_default_ports


@pytest.mark.parametrize(
    ("key", "value", "shifted"),
    [
        ("port", 8080, 8180),
        ("house_port", 1502, 1602),
        ("port", 0, 0),  # any free port stays any free port
        ("house", "tq@127.0.0.1:1502/1", "tq@127.0.0.1:1602/1"),
        ("url", "ws://localhost:9000/ocpp", "ws://localhost:9100/ocpp"),
        # a real device is not ours to move
        ("house", "tq@192.168.1.9:502/1", "tq@192.168.1.9:502/1"),
        ("house", "tq@meter.localhost:502/1", "tq@meter.localhost:502/1"),
        ("house", "sdm630@/dev/ttyUSB0:9600:8N1/1", "sdm630@/dev/ttyUSB0:9600:8N1/1"),
        ("house", "none", "none"),
        ("report", 5, 5),
        ("port", True, True),
        ("main_fuse_a", 35, 35),
    ],
)
def test_simulated_ports_alone_are_shifted(key: str, value: Any, shifted: Any) -> None:
    assert shift_ports({key: value}, 100) == {key: shifted}


class Parameters(msgspec.Struct):
    port: int = 8080
    host: str = "127.0.0.1"
    url: str = "http://127.0.0.1:9000"
    free_port: int = 0


def test_defaults_that_hold_a_port_are_shifted_too() -> None:
    values = with_default_ports({"host": "0.0.0.0"}, Parameters)
    assert shift_ports(values, 1) == {
        "port": 8081,
        "url": "http://127.0.0.1:9001",
        "host": "0.0.0.0",
    }
    assert with_default_ports({"port": 1}, Parameters)["port"] == 1


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
