"""The settings pages with examples: what is typed, what is set by it, and what is wrong."""

from dataclasses import dataclass, field
from typing import Any

from tests.web.conftest import Browser
from tests.web.reading import Form, Reading
from web.forms.rows import id_of

Typed = dict[str, str | list[str] | None]
"""By the name of an input element; None: a box that is not ticked."""

HOUSE: dict[str, Any] = {
    "house_meter.enabled": True,
    "house_meter.manufacturer": "tq",
    "house_meter.host": "127.0.0.1",
    "house_meter.port": 1502,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Something that is typed into a page, and saved."""

    path: str
    typed: Typed
    values: dict[str, Any]  # that are set by it
    before: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Something that is typed into a page, and refused at its field."""

    path: str
    typed: Typed
    key: str
    words: str
    before: dict[str, Any] = field(default_factory=dict)


def meter(section: str, **typed: str) -> Typed:
    return {f"{section}.{key}": value for key, value in typed.items()}


EXAMPLES = (
    Example(
        path="/configuration/operating-mode",
        typed={"operating_mode": "fleet"},
        values={"operating_mode": "fleet"},
    ),
    Example(
        path="/configuration/main-fuse",
        typed={"main_fuse_a": " 35,5 ", "fuse_budget_percent": "5", "installation.grid": "IT"},
        values={"main_fuse_a": 35.5, "fuse_budget_percent": 5.0, "installation.grid": "IT"},
    ),
    Example(
        path="/configuration/main-fuse",
        typed={"main_fuse_a": ""},
        values={"main_fuse_a": None},
        before={"main_fuse_a": 25},
    ),
    Example(
        path="/configuration/phase-assignment",
        typed={"phase_assignment": "L2-L3-L1"},
        values={"phase_assignment": "L2-L3-L1"},
    ),
    Example(
        path="/configuration/external-meter",
        typed=meter(
            "house_meter",
            enabled="on",
            manufacturer="tq",
            host="192.168.1.20",
            port="1502",
            unit="7",
        )
        | meter(
            "solar_meter",
            enabled="on",
            manufacturer="sdm630",
            device="/dev/ttyUSB0",
            baud="19200",
            framing="8E1",
            unit="2",
        ),
        values={
            "house_meter.enabled": True,
            "house_meter.manufacturer": "tq",
            "house_meter.host": "192.168.1.20",
            "house_meter.port": 1502,
            "house_meter.unit": 7,
            "solar_meter.enabled": True,
            "solar_meter.manufacturer": "sdm630",
            "solar_meter.device": "/dev/ttyUSB0",
            "solar_meter.baud": 19200,
            "solar_meter.framing": "8E1",
            "solar_meter.unit": 2,
        },
    ),
    Example(
        path="/configuration/external-meter",
        typed={"monitoring.enabled": "on"},
        values={"monitoring.enabled": True},
        before={"main_fuse_a": 25, **HOUSE},
    ),
    Example(
        path="/configuration/external-meter",
        typed={"house_meter.enabled": None},
        values={"house_meter.enabled": False},
        before=HOUSE,
    ),
    Example(
        path="/configuration/external-meter",
        typed=meter("house_meter", device="/dev/ttyS1", baud="1200", framing="8N2")
        | meter("solar_meter", host="meter.local", port="503"),
        values={
            "house_meter.device": "/dev/ttyS1",
            "house_meter.baud": 1200,
            "house_meter.framing": "8N2",
            "solar_meter.host": "meter.local",
            "solar_meter.port": 503,
        },
    ),
    Example(
        path="/configuration/authorization",
        typed={"authorization.required": None, "time_zone": "EET"},
        values={"authorization.required": False, "time_zone": "EET"},
        before={"authorization.required": True},
    ),
    Example(
        path="/configuration/solar",
        typed={"solar.enabled": "on", "solar.grid_share_percent": "30", "solar.minimum_a": "6.5"},
        values={"solar.enabled": True, "solar.grid_share_percent": 30, "solar.minimum_a": 6.5},
        before=HOUSE,
    ),
    Example(
        path="/configuration/schedule",
        typed={
            "schedule.enabled": "on",
            "schedule.hours-0-days": ["mon", "tue", "wed", "sun"],
            "schedule.hours-0-begin": "22:00",
            "schedule.hours-0-end": "06:00",
            "schedule.hours-0-limit": "10",
            "schedule.hours-1-days": ["sat"],
            "schedule.hours-1-begin": "00:00",
            "schedule.hours-1-end": "00:00",
            "schedule.otherwise_a": "8",
        },
        values={
            "schedule.enabled": True,
            "schedule.hours": ["mon-wed,sun 22:00-06:00 10 A", "sat 00:00-00:00"],
            "schedule.otherwise_a": 8.0,
        },
    ),
    Example(
        path="/configuration/energy-limit",
        typed={"charge.energy_limit_kwh": "40"},
        values={"charge.energy_limit_kwh": 40},
    ),
    Example(
        path="/configuration/unbalance",
        typed={"unbalance.enabled": "on", "unbalance.limit_a": "16"},
        values={"unbalance.enabled": True, "unbalance.limit_a": 16.0},
        before=HOUSE,
    ),
    Example(
        path="/configuration/external-input",
        typed={"external_input.limit_a": "6"},
        values={"external_input.limit_a": 6.0},
    ),
    Example(
        path="/configuration/smart-home",
        typed={
            "smart_home.enabled": "on",
            "smart_home.udp": "on",
            "smart_home.modbus": "on",
            "smart_home.allowed": ["192.168.2.10", "", "10.0.0.0/8"],
            "smart_home.mqtt_url": "mqtts://broker.local:8884",
            "smart_home.mqtt_user": "box",
            "smart_home.mqtt_discovery": None,
            "smart_home.udp_start": "on",
            "smart_home.udp_tokens": "on",
            "smart_home.fallback_a": "8",
        },
        values={
            "smart_home.enabled": True,
            "smart_home.udp": True,
            "smart_home.modbus": True,
            "smart_home.allowed": ["192.168.2.10", "10.0.0.0/8"],
            "smart_home.mqtt_url": "mqtts://broker.local:8884",
            "smart_home.mqtt_user": "box",
            "smart_home.mqtt_discovery": False,
            "smart_home.udp_start": True,
            "smart_home.udp_tokens": True,
            "smart_home.fallback_a": 8.0,
        },
    ),
    Example(
        path="/configuration/metrics",
        typed={"web.metrics": "on"},
        values={"web.metrics": True},
    ),
    Example(
        path="/configuration/page-address",
        typed={
            "web.names": ["charger.example.org", "", "box.example.org"],
            "web.origin": "https://charger.example.org",
            "web.announced": None,  # a switch that is off is not sent
        },
        values={
            "web.names": ["charger.example.org", "box.example.org"],
            "web.origin": "https://charger.example.org",
            "web.announced": False,
        },
    ),
)

WRONG = (
    Wrong(
        path="/configuration/smart-home",
        typed={"smart_home.enabled": "on", "smart_home.allowed": ["192.168.2.300"]},
        key="smart_home.allowed",
        words="expected an IPv4 address or network",
    ),
    Wrong(
        path="/configuration/operating-mode",
        typed={"operating_mode": "party"},
        key="operating_mode",
        words="Expected one of charging, fleet",
    ),
    Wrong(
        path="/configuration/main-fuse",
        typed={"main_fuse_a": "5"},
        key="main_fuse_a",
        words="Expected a current from 6 to 125 A, or empty; got 5.0.",
    ),
    Wrong(
        path="/configuration/main-fuse",
        typed={"main_fuse_a": "25 A"},
        key="main_fuse_a",
        words='got "25 A".',
    ),
    Wrong(
        path="/configuration/main-fuse",
        typed={"main_fuse_a": "nan"},
        key="main_fuse_a",
        words='got "nan".',
    ),
    Wrong(
        path="/configuration/main-fuse",
        typed={"main_fuse_a": "9" * 4000},
        key="main_fuse_a",
        words='got "999',
    ),
    Wrong(
        path="/configuration/main-fuse",
        typed={"fuse_budget_percent": ""},
        key="fuse_budget_percent",
        words="Expected a share from 0 to 13 %; it is empty.",
    ),
    Wrong(
        path="/configuration/external-meter",
        typed={"monitoring.enabled": "on"},
        before={"main_fuse_a": 25},
        key="monitoring.enabled",
        words="Expected off while “Domestic Connection TCP Meter: Use this meter” is off.",
    ),
    Wrong(
        path="/configuration/phase-assignment",
        typed={"phase_assignment": "L1"},
        key="phase_assignment",
        words="because the box is wired to L1, L2, L3.",
    ),
    Wrong(
        path="/configuration/external-meter",
        typed=meter("house_meter", enabled="on", host="192.168.1.20"),
        key="house_meter.manufacturer",
        words="Expected a meter map",
    ),
    Wrong(
        path="/configuration/external-meter",
        typed=meter("house_meter", host="two words"),
        key="house_meter.host",
        words="Expected an IP address or a host name",
    ),
    Wrong(
        path="/configuration/external-meter",
        typed=meter("solar_meter", port="65536"),
        key="solar_meter.port",
        words="Expected a whole number from 0 to 65535; got 65536.",
    ),
    Wrong(
        path="/configuration/authorization",
        typed={"time_zone": "CEST"},
        key="time_zone",
        words="Expected one of UTC, WET, CET, EET",
    ),
    Wrong(
        path="/configuration/solar",
        typed={"solar.enabled": "on"},
        key="solar.enabled",
        words="Expected off while",
    ),
    Wrong(
        path="/configuration/solar",
        typed={"solar.minimum_a": "3"},
        key="solar.minimum_a",
        words="Expected 0 A, or a current from 6 to 32 A.",
    ),
    Wrong(
        path="/configuration/solar",
        typed={"solar.grid_share_percent": "30.5"},
        key="solar.grid_share_percent",
        words="Expected a whole number from 0 to 100",
    ),
    Wrong(
        path="/configuration/schedule",
        typed={"schedule.enabled": "on"},
        key="schedule.enabled",
        words="is empty",
    ),
    Wrong(
        path="/configuration/schedule",
        typed={"schedule.hours-0-begin": "08:00", "schedule.hours-0-end": "12:00"},
        key="schedule.hours",
        words="Row 1: expected days, a begin and an end",
    ),
    Wrong(
        path="/configuration/energy-limit",
        typed={"charge.energy_limit_kwh": "0"},
        key="charge.energy_limit_kwh",
        words="Expected a whole number from 1 to 1000, or empty; got 0.",
    ),
    Wrong(
        path="/configuration/unbalance",
        typed={"unbalance.limit_a": "6"},
        key="unbalance.limit_a",
        words="Expected a current from 7 to 63 A",
    ),
    Wrong(
        path="/configuration/external-input",
        typed={"external_input.limit_a": "33"},
        key="external_input.limit_a",
        words="Expected 0 A or a current from 6 to 32 A; got 33.0.",
    ),
    Wrong(
        path="/configuration/page-address",
        typed={"web.names": ["charger.example.org", "two words"]},
        key="web.names",
        words='Entry 2: expected a host name, as charger.example.org; got "two words".',
    ),
)


def form_of(reading: Reading, path: str) -> Form:
    """Return the form of a page that is sent to its own path."""
    (form,) = (form for form in reading.forms if form.action == path)
    return form


def filled(form: Form, typed: Typed) -> list[tuple[str, str]]:
    """Return what a browser sends when this is typed into a form as it was shown."""
    pairs = [
        (each.name, value)
        for each in form.fields.values()
        for value in each.values
        if each.name not in typed
    ]
    for name, value in typed.items():
        each = [value] if isinstance(value, str) else (value or [])
        pairs += [(name, one) for one in each]
    return pairs


def send(browser: Browser, path: str, typed: Typed) -> Any:
    """Open a page, fill in its form, and press its button."""
    form = form_of(Reading(browser.get(path).text), path)
    return browser.client.post(path, data=multi(filled(form, typed)))


def multi(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return pairs as the test client takes them."""
    data: dict[str, list[str]] = {}
    for name, value in pairs:
        data.setdefault(name, []).append(value)
    return data


def wrong_at(page: str) -> dict[str, str]:
    """Return what a page says is wrong, by the id of the field that is described by it."""
    reading = Reading(page)
    found = {}
    for element in reading.elements:
        if element.attributes.get("aria-invalid") != "true":
            continue
        for note in element.attributes.get("aria-describedby", "").split():
            if note.endswith("-wrong"):
                (text,) = reading.find(id=note)
                found[note.removesuffix("-wrong")] = " ".join(text.text.split())
    return found


def at(key: str) -> str:
    """Return the id of a field."""
    return id_of(key)
