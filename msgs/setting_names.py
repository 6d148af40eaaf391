"""Names of settings as parameters of nodes, in launch files and `--set`.

`load_manager.main_fuse_a = 25` means the setting `main_fuse_a`. Tools and scripts rely on these
names.
"""

from collections.abc import Mapping
from typing import Any

from msgs.meter_address import AddressError, parse_address
from msgs.setting_keys import SettingError, check, shown

NO_METER = "none"

_VALUES = {
    "load_manager.main_fuse_a": "main_fuse_a",
    "load_manager.monitoring": "monitoring.enabled",
    "session.authorization": "authorization.required",
}
_SERVICE = {  # one that is given is used
    "dcs.url": "dcs.url",
    "dcs.version": "dcs.version",
    "dcs.plan_wait_s": "dcs.plan_wait_s",
    "dcs.security_profile": "dcs.security_profile",
}
_SMART_HOME = {  # an interface that is switched on is used
    "smart_home.modbus": "smart_home.modbus",
    "smart_home.udp": "smart_home.udp",
    "smart_home.udp_start": "smart_home.udp_start",
    "smart_home.udp_tokens": "smart_home.udp_tokens",
}
_BROKER = {  # one that is given is used
    "smart_home.mqtt_url": "smart_home.mqtt_url",
    "smart_home.mqtt_user": "smart_home.mqtt_user",
}
_PAGE = {"web.announced": "web.announced", "web.metrics": "web.metrics"}
_ON_OFF = {"on": True, "off": False}
_METERS = {"meter.house": "house_meter", "meter.solar": "solar_meter"}

PARAMETERS = frozenset((*_VALUES, *_SERVICE, *_SMART_HOME, *_BROKER, *_PAGE, *_METERS))
"""All of these names: NODE.PARAMETER."""


def parameters_of(node: str) -> tuple[str, ...]:
    """Return the parameters of a node that are names of settings."""
    each = (name.partition(".") for name in sorted(PARAMETERS))
    return tuple(parameter for owner, _, parameter in each if owner == node)


def settings_of(parameter: str, value: Any) -> Mapping[str, Any]:
    """Return the settings, key to value, that a parameter sets.

    :raises SettingError: the value is wrong; names the parameter.
    """
    if parameter in _METERS:
        return _meter(parameter, _METERS[parameter], value)
    if (switch := _SMART_HOME.get(parameter) or _PAGE.get(parameter)) is not None:
        return _switch(parameter, switch, value)
    key = _VALUES.get(parameter) or _SERVICE.get(parameter) or _BROKER[parameter]
    if key == "dcs.version" and isinstance(value, float):  # 1.6 is a number in TOML
        value = str(value)
    try:
        check(key, value)
    except SettingError as error:
        raise SettingError(parameter, error.problem) from error
    if key == "dcs.url":  # its wishes count
        return {key: value, "dcs.enabled": value != ""}
    if key == "smart_home.mqtt_url" and value:  # likewise
        return {key: value, "smart_home.enabled": True}
    return {key: value}


def _switch(parameter: str, key: str, value: Any) -> Mapping[str, Any]:
    """Return what "on", "off", true or false sets."""
    is_on = _ON_OFF.get(value, value) if isinstance(value, str) else value
    if not isinstance(is_on, bool):
        raise SettingError(parameter, f'expected "on" or "off"; got {shown(value)}')
    if is_on and key in ("smart_home.udp", "smart_home.modbus"):  # its wishes count
        return {key: True, "smart_home.enabled": True}
    return {key: is_on}


def _meter(parameter: str, section: str, value: Any) -> Mapping[str, Any]:
    if value == NO_METER:
        return {f"{section}.enabled": False}
    if not isinstance(value, str):
        raise SettingError(parameter, f"expected a text; got {shown(value)}")
    try:
        address = parse_address(value)
    except AddressError as error:
        raise SettingError(parameter, f'{error}, or "{NO_METER}"') from error
    # host or device is empty: a stored one would leave open where the meter is.
    settings = {
        f"{section}.enabled": True,
        f"{section}.manufacturer": address.map_name,
        f"{section}.host": address.host,
        f"{section}.device": address.device,
        f"{section}.unit": address.unit,
    }
    if address.device:
        settings |= {f"{section}.baud": address.baud, f"{section}.framing": address.framing.value}
    else:
        settings[f"{section}.port"] = address.port
    for key, each in settings.items():
        try:
            check(key, each)
        except SettingError as error:
            raise SettingError(parameter, error.problem) from error
    return settings
