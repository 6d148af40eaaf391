"""The texts for persons: why a setting is refused. Pure. No decision uses them."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from msgs.meter_address import BAUDS, LEAST_SERIAL_UNIT, MOST_SERIAL_UNIT
from msgs.safety import SafetyStatus
from msgs.setting_keys import shown
from msgs.setting_problems import CHANGED_MEANWHILE, Clash, Problem
from msgs.settings import MOST_SSID_BYTES, RESERVED_PORTS, PhaseAssignment


class AuthorizationRefusal(Enum):
    """Why the authorisation must not be configured now (RFID-7)."""

    SESSION_SILENT = "session_silent"
    PLUGGED = "plugged"
    LED_SILENT = "led_silent"
    NOT_BLUE = "not_blue"


REFUSALS: dict[AuthorizationRefusal, str] = {
    AuthorizationRefusal.SESSION_SILENT: "it is not known whether a vehicle is plugged: "
    "session is silent",
    AuthorizationRefusal.PLUGGED: "expected no vehicle to be plugged; unplug it first",
    AuthorizationRefusal.LED_SILENT: "it is not known whether the charge-mode indicator is blue: "
    "led is silent",
    AuthorizationRefusal.NOT_BLUE: "expected the charge-mode indicator to be blue",
}

_CLASHES: dict[Clash, str] = {
    Clash.WLAN_IS_ON: "expected off while wlan.enabled is on",
    Clash.HOTSPOT_IS_ON: "expected off while hotspot.enabled is on",
    Clash.SSID_TOO_LONG: f"expected at most {MOST_SSID_BYTES} bytes; got {{got}}",
    Clash.SSID_MISSING: "expected the name of a network, because wlan.enabled is on",
    Clash.METER_IS_OFF: "expected off while house_meter.enabled is off",
    Clash.FUSE_MISSING: "expected a current, because monitoring.enabled is on",
    Clash.FLEET: 'expected off while operating_mode is "fleet"',
    Clash.MAP_MISSING: "expected a meter map, because {section}.enabled is on",
    Clash.PORT_MISSING: "expected 1 to 65535, because {section}.enabled is on",
    Clash.HOST_MISSING: "expected the meter's address, or its serial line in {section}.device, "
    "because {section}.enabled is on",
    Clash.HOST_AND_DEVICE: 'expected "" while {section}.host is set: a meter has one of them',
    Clash.BAUD_UNKNOWN: f"expected one of {', '.join(map(str, BAUDS))}; got {{got}}",
    Clash.LINE_DIFFERS: "expected the same for house_meter and solar_meter: they are on one line",
    Clash.NO_SERIAL_UNIT: f"expected {LEAST_SERIAL_UNIT} to {MOST_SERIAL_UNIT} on a serial line; "
    "got {got}",
    Clash.PORT_RESERVED: "expected 0 to 65535 and neither of {ports}; got {got}",
    Clash.PROXY_MISSING: "expected the proxy's address, because proxy.enabled is on",
    Clash.HOURS_MISSING: "expected off while schedule.hours is empty",
    Clash.NO_OFFER: "expected 0 A, or a current from 6 to 32 A",
}


def expected(problems: Mapping[str, Problem]) -> dict[str, str]:
    """Return by key what was expected."""
    ports = " and ".join(f"{port} ({what})" for port, what in RESERVED_PORTS.items())
    return {
        key: _CLASHES[problem.clash].format(
            got=problem.got, section=key.rpartition(".")[0], ports=ports
        )
        for key, problem in problems.items()
    }


RESTARTING = "another restart is under way"
CLOCK_SET = "the clock was set"
NO_SUCH_TIME = "expected a time that there is, as 2026-11-30 15:30"


def time_between(earliest: datetime, latest: datetime) -> str:
    """Return that a time is not one of a running box."""
    return f"expected a time from {earliest:%Y-%m-%d} to before {latest:%Y-%m-%d}"


def not_set(why: str) -> str:
    """Return why the clock was not set."""
    return f"The clock was not set: {why}."


UNKNOWN_SETTING = "there is no such setting any more; open the page again"


def changed_meanwhile(present: Any) -> str:
    """Return that a value is not the one that a person saw."""
    return f"{CHANGED_MEANWHILE}: it is {shown(present)} now"


def phases(fitting: tuple[PhaseAssignment, ...], safety: SafetyStatus | None) -> str:
    """Return which assignments fit the phases that are wired."""
    wired = (False, False, False) if safety is None else safety.wired_phases
    names = ", ".join(f"L{line}" for line, is_wired in enumerate(wired, 1) if is_wired)
    return f"expected one of {', '.join(fitting)}, because the box is wired to {names}"


def lines_of(problems: Mapping[str, str]) -> tuple[str, ...]:
    """Return problems as lines."""
    return tuple(f"{key}: {problem}" for key, problem in problems.items())
