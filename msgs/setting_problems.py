"""The rules between the values of the settings: which of them conflict with others."""

from enum import Enum

from msgspec import Struct

from msgs.meter_address import BAUDS, LEAST_SERIAL_UNIT, MOST_SERIAL_UNIT
from msgs.settings import MOST_SSID_BYTES, RESERVED_PORTS, ExternalMeter, OperatingMode, Settings
from msgs.wish import is_fallback

CHANGED_MEANWHILE = "changed meanwhile"
"""How the problem of a value begins that is not the one that a person saw."""


class Clash(Enum):
    """Why a value conflicts with others."""

    WLAN_IS_ON = "wlan_is_on"
    HOTSPOT_IS_ON = "hotspot_is_on"
    SSID_TOO_LONG = "ssid_too_long"
    SSID_MISSING = "ssid_missing"
    METER_IS_OFF = "meter_is_off"
    FUSE_MISSING = "fuse_missing"
    FLEET = "fleet"  # no external meters in this mode
    MAP_MISSING = "map_missing"
    PORT_MISSING = "port_missing"
    HOST_MISSING = "host_missing"
    HOST_AND_DEVICE = "host_and_device"
    BAUD_UNKNOWN = "baud_unknown"
    LINE_DIFFERS = "line_differs"  # the two meters of one serial line disagree about it
    NO_SERIAL_UNIT = "no_serial_unit"
    PORT_RESERVED = "port_reserved"
    PROXY_MISSING = "proxy_missing"
    HOURS_MISSING = "hours_missing"
    NO_OFFER = "no_offer"  # a current that no vehicle can be offered


class Problem(Struct, frozen=True, kw_only=True):
    """One value that conflicts with others."""

    clash: Clash
    got: int | None = None  # bytes of an SSID, a port, a unit, or bauds


def problems(settings: Settings) -> dict[str, Problem]:
    """Return the conflicts between values, by key."""
    found: dict[str, Problem] = {}
    if settings.hotspot.enabled and settings.wlan.enabled:  # WEB-10, NET-1
        found["hotspot.enabled"] = Problem(clash=Clash.WLAN_IS_ON)
        found["wlan.enabled"] = Problem(clash=Clash.HOTSPOT_IS_ON)
    for key, ssid in (("wlan.ssid", settings.wlan.ssid), ("hotspot.ssid", settings.hotspot.ssid)):
        if len(ssid.encode()) > MOST_SSID_BYTES:
            found[key] = Problem(clash=Clash.SSID_TOO_LONG, got=len(ssid.encode()))
    if settings.wlan.enabled and not settings.wlan.ssid:
        found["wlan.ssid"] = Problem(clash=Clash.SSID_MISSING)
    if settings.monitoring.enabled and not settings.house_meter.enabled:  # MET-8
        found["monitoring.enabled"] = Problem(clash=Clash.METER_IS_OFF)
    if settings.solar.enabled and not settings.house_meter.enabled:
        found["solar.enabled"] = Problem(clash=Clash.METER_IS_OFF)
    if settings.monitoring.enabled and settings.main_fuse_a is None:  # MET-1
        found["main_fuse_a"] = Problem(clash=Clash.FUSE_MISSING)
    for section, meter in (
        ("house_meter", settings.house_meter),
        ("solar_meter", settings.solar_meter),
    ):
        if not meter.enabled:
            continue
        if settings.operating_mode is OperatingMode.FLEET:  # MET-6
            found[f"{section}.enabled"] = Problem(clash=Clash.FLEET)
        if not meter.manufacturer:
            found[f"{section}.manufacturer"] = Problem(clash=Clash.MAP_MISSING)
        found |= _problems_of_place(section, meter)
    found |= _problems_of_line(settings.house_meter, settings.solar_meter)
    for section, controller in (("dcs", settings.dcs), ("smart_home", settings.smart_home)):
        if not is_fallback(controller.fallback_a):
            found[f"{section}.fallback_a"] = Problem(clash=Clash.NO_OFFER)
    for key, current_a in (
        ("external_input.limit_a", settings.external_input.limit_a),
        ("solar.minimum_a", settings.solar.minimum_a),
        ("schedule.otherwise_a", settings.schedule.otherwise_a),
    ):
        if not is_fallback(current_a):
            found[key] = Problem(clash=Clash.NO_OFFER)
    if settings.schedule.enabled and not settings.schedule.hours:
        found["schedule.enabled"] = Problem(clash=Clash.HOURS_MISSING)
    proxy = settings.proxy
    if proxy.port in RESERVED_PORTS:  # WEB-12
        found["proxy.port"] = Problem(clash=Clash.PORT_RESERVED, got=proxy.port)
    if proxy.enabled and not proxy.address:
        found["proxy.address"] = Problem(clash=Clash.PROXY_MISSING)
    return found


def _problems_of_place(section: str, meter: ExternalMeter) -> dict[str, Problem]:
    """Return the conflicts about where one meter is read, by key."""
    found: dict[str, Problem] = {}
    if not meter.device:
        if not meter.port:
            found[f"{section}.port"] = Problem(clash=Clash.PORT_MISSING)
        if not meter.host:
            found[f"{section}.host"] = Problem(clash=Clash.HOST_MISSING)
        return found
    if meter.host:
        found[f"{section}.device"] = Problem(clash=Clash.HOST_AND_DEVICE)
    if meter.baud not in BAUDS:
        found[f"{section}.baud"] = Problem(clash=Clash.BAUD_UNKNOWN, got=meter.baud)
    if not LEAST_SERIAL_UNIT <= meter.unit <= MOST_SERIAL_UNIT:
        found[f"{section}.unit"] = Problem(clash=Clash.NO_SERIAL_UNIT, got=meter.unit)
    return found


def _problems_of_line(house: ExternalMeter, solar: ExternalMeter) -> dict[str, Problem]:
    """Return what two meters of one serial line disagree about, by key."""
    if not (house.enabled and solar.enabled and house.device and house.device == solar.device):
        return {}
    pairs = {"baud": house.baud == solar.baud, "framing": house.framing == solar.framing}
    return {
        f"{section}.{key}": Problem(clash=Clash.LINE_DIFFERS)
        for key, is_same in pairs.items()
        for section in ("house_meter", "solar_meter")
        if not is_same
    }
