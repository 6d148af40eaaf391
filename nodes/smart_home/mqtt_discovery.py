"""What Home Assistant learns of the box: one device with its entities. Pure.

The format is Home Assistant's discovery of devices by MQTT: one retained message on
`homeassistant/device/<id>/config` with `device`, `origin` and `components`, of which each has a
`platform` and a `unique_id` (Home Assistant, integration "MQTT", section "Discovery payload").
"""

import json
from typing import Any

from msgspec import Struct

from nodes.smart_home import mqtt_orders as orders
from nodes.smart_home.mqtt_readings import AVAILABILITY, OFFLINE, ONLINE, STATES

BIRTH_TOPIC = "homeassistant/status"
"""Where Home Assistant says that it has started."""

BIRTH = b"online"
LEAST_A, MOST_A = 6, 32


class MqttIdentity(Struct, frozen=True, kw_only=True):
    """How the box is known at the broker."""

    id: str  # "wallbox_" and the `msgs.label.network_id`
    firmware: str

    @property
    def base(self) -> str:
        """Return the begin of its topics."""
        return self.id.replace("_", "/", 1)

    @property
    def discovery_topic(self) -> str:
        """Return where Home Assistant finds the box."""
        return f"homeassistant/device/{self.id}/config"


def _sensor(name: str, unit: str = "", kind: str = "", state_class: str = "", **more: Any) -> Any:
    return {
        "platform": "sensor",
        "name": name,
        **({"unit_of_measurement": unit} if unit else {}),
        **({"device_class": kind} if kind else {}),
        **({"state_class": state_class} if state_class else {}),
        **more,
    }


def _binary(name: str, kind: str) -> Any:
    return {
        "platform": "binary_sensor",
        "name": name,
        "device_class": kind,
        "payload_on": "true",
        "payload_off": "false",
    }


_MEASURED, _TOTAL = "measurement", "total_increasing"
_DIAGNOSTIC = {"entity_category": "diagnostic"}

_READ: dict[str, Any] = {
    "state": _sensor("State", kind="enum", options=list(STATES.values())),
    "power_w": _sensor("Power", "W", "power", _MEASURED),
    "energy_kwh": _sensor("Energy", "kWh", "energy", _TOTAL),
    "session_energy_kwh": _sensor("Energy of the session", "kWh", "energy", _TOTAL),
    "offered_a": _sensor("Offered current", "A", "current", _MEASURED),
    **{
        f"current_l{line}_a": _sensor(f"Current L{line}", "A", "current", _MEASURED)
        for line in (1, 2, 3)
    },
    **{
        f"voltage_l{line}_v": _sensor(f"Voltage L{line}", "V", "voltage", _MEASURED, **_DIAGNOSTIC)
        for line in (1, 2, 3)
    },
    "temperature_c": _sensor("Temperature", "°C", "temperature", _MEASURED, **_DIAGNOSTIC),
    "error": _sensor("Fault code", **_DIAGNOSTIC),
    "plugged": _binary("Vehicle", "plug"),
    "charging": _binary("Charging", "battery_charging"),
    "problem": _binary("Fault", "problem"),
}
"""Entities that show a reading, by its name."""

_SET: dict[str, Any] = {
    "limit": {
        "platform": "number",
        "name": "Current limit",
        "state_topic": orders.CURRENT,
        "command_topic": orders.CURRENT,
        "device_class": "current",
        "unit_of_measurement": "A",
        "min": LEAST_A,
        "max": MOST_A,
        "step": 1,
        "mode": "slider",
        # 0 A pauses: it is outside the range, and shown as unknown.
        "value_template": "{{ value if value | float(0) >= 6 else 'None' }}",
    },
    "charge": {
        "platform": "switch",
        "name": "Charging enabled",
        "state_topic": orders.ENABLED,
        "command_topic": orders.ENABLED,
        "payload_on": "true",
        "payload_off": "false",
    },
    "start": {"platform": "button", "name": "Start", "command_topic": orders.START},
    "stop": {"platform": "button", "name": "Stop", "command_topic": orders.STOP},
}
"""Entities that order; their topics are names below the base, and below `set`."""


def config(identity: MqttIdentity) -> bytes:
    """Return the message."""
    base = identity.base
    components: dict[str, Any] = {
        name: {**entity, "unique_id": f"{identity.id}_{name}", "state_topic": f"{base}/{name}"}
        for name, entity in _READ.items()
    }
    for name, entity in _SET.items():
        found = {**entity, "unique_id": f"{identity.id}_{name}"}
        found["command_topic"] = f"{base}/{orders.SET}/{entity['command_topic']}"
        if "state_topic" in entity:
            found["state_topic"] = f"{base}/{entity['state_topic']}"
        components[name] = found
    return json.dumps(
        {
            "device": {
                "identifiers": [identity.id],
                "name": "Wallbox",
                "model": "Wallbox Connect",
                "sw_version": identity.firmware,
            },
            "origin": {"name": "wallbox", "sw_version": identity.firmware},
            "availability_topic": f"{base}/{AVAILABILITY}",
            "payload_available": ONLINE,
            "payload_not_available": OFFLINE,
            "qos": 1,
            "components": components,
        },
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
