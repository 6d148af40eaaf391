"""The settings: one typed tree with the defaults of the manual. Rules: `msgs.setting_problems`.

Later overrides earlier: the default, `[factory]` of the launch file, the stored value, `[settings]`
of the launch file or `--set`. A key of the last kind is locked: pages show it but cannot change it.
Keys are written with dots, as "hotspot.channel". Passwords are not settings: they are never on the
bus.
"""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from msgs.meter_address import BAUDS, Framing
from msgs.patterns import matching
from msgs.ports import PeerPort
from msgs.smart_home import AllowList, BrokerUrl
from msgs.stored import Stored
from msgs.units import Name
from msgs.visible import HIDDEN
from msgs.web import PageNames, PageOrigin
from msgs.wish import FallbackAmps

MOST_SSID_BYTES = 32  # IEEE 802.11
RESERVED_PORTS = {53: "DNS", 7090: "the smart-home interface"}  # WEB-12: no proxy there

Ssid = Annotated[
    str,
    matching(
        rf"^[^{HIDDEN}]*\Z",
        "the name of a network, at most 32 characters that can be seen",
        max_length=MOST_SSID_BYTES,
    ),
]
Host = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9._:-]*\Z",
        "an IP address or a host name",
        max_length=253,  # RFC 1035, of a name
    ),
]
# Below /dev alone; no part begins with a dot, so that none leads back.
Device = Annotated[
    str,
    matching(
        r"^(/dev(/[A-Za-z0-9_+@=,:-][A-Za-z0-9._+@=,:-]*)+)?\Z",
        "the path of a serial device, as /dev/ttyUSB0 or one of /dev/serial/by-id",
        max_length=200,  # assumed
    ),
]
MapName = Annotated[str, matching(r"^[a-z0-9_]*\Z", "the name of a meter map", max_length=32)]
User = Annotated[
    str,
    matching(
        rf"^[^{HIDDEN}:]*\Z",  # RFC 7617: a colon ends a user name
        "a user name of at most 64 characters without a colon",
        max_length=64,  # assumed
    ),
]

# The main fuse of each phase of the house: 6 A is the least that a vehicle can be offered, 125 A
# the largest connection without current transformers (assumed).
MOST_FUSE_A = 125.0
FuseAmps = Annotated[
    float,
    Meta(ge=6.0, le=MOST_FUSE_A, extra={"unit": "A"}, description="a current from 6 to 125 A"),
]
# IEC 60898-1: a circuit breaker carries 1.13 times its rated current for an hour.
BudgetPercent = Annotated[
    float,
    Meta(ge=0.0, le=13.0, extra={"unit": "%"}, description="a share from 0 to 13 %"),
]
# A pause ends when 6.5 A are left, which a limit of 6 A never leaves.
UnbalanceAmps = Annotated[
    float, Meta(ge=7.0, le=63.0, extra={"unit": "A"}, description="a current from 7 to 63 A")
]
Port = Annotated[int, Meta(ge=0, le=65535, extra={"unit": "1"})]
Channel = Annotated[int, Meta(ge=1, le=13, extra={"unit": "1"})]  # NET-2
Baud = Annotated[int, Meta(ge=min(BAUDS), le=max(BAUDS), extra={"unit": "Bd"})]
Unit = Annotated[int, Meta(ge=0, le=255, extra={"unit": "1"})]  # a Modbus address
Share = Annotated[int, Meta(ge=0, le=100, extra={"unit": "%"})]


ServiceUrl = Annotated[
    str,
    matching(
        r"^(wss?://[A-Za-z0-9._\[\]:-]+(/[A-Za-z0-9._~%/-]*)?)?\Z",
        "an address as wss://service.example/ocpp, without a user and without a query",
        max_length=300,  # assumed
    ),
]
PlanWait = Annotated[int, Meta(ge=0, le=3600, extra={"unit": "s"})]  # 3600 is assumed
# OCPP 1.6 security whitepaper, 3rd edition, 2.1; 3 is not offered.
SecurityProfile = Annotated[int, Meta(ge=0, le=2, extra={"unit": "1"})]
# Energy that one charge may take; 1000 kWh is assumed: more than any battery takes.
EnergyLimitKwh = Annotated[int, Meta(ge=1, le=1000, extra={"unit": "kWh"})]
_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
_DAYS = f"{_DAY}(-{_DAY})?"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
HOURS_PATTERN = f"^{_DAYS}(,{_DAYS})* {_TIME}-({_TIME}|24:00)( ([6-9]|[12][0-9]|3[0-2]) A)?" + r"\Z"
HOURS_WORDS = 'a text as "mon-fri,sun 22:00-06:00", with " 10 A" at its end for a limit'
HoursText = Annotated[str, matching(HOURS_PATTERN, HOURS_WORDS, max_length=60)]
HoursList = Annotated[
    tuple[HoursText, ...],
    Meta(max_length=16, description=f"a list of at most 16 texts, each {HOURS_WORDS}"),
]


class OcppVersion(StrEnum):
    """The versions of OCPP that dcs speaks."""

    V1_6 = "1.6"


class OperatingMode(StrEnum):
    """Page "Operating Mode" (MET-6)."""

    CHARGING = "charging"
    FLEET = "fleet"  # "Fleet Charging": manages other boxes; no external meters, no DCS


class PhaseAssignment(StrEnum):
    """Page "Phase Assignment" (MET-4): the meter's phases that feed the wallbox's L1, L2, L3."""

    L1_L2_L3 = "L1-L2-L3"
    L2_L3_L1 = "L2-L3-L1"
    L3_L1_L2 = "L3-L1-L2"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


class Grid(StrEnum):
    """How the house is supplied; where only IT is possible, meters have no voltage to a neutral."""

    TN_TT = "TN/TT"
    IT = "IT"


class TimeZone(StrEnum):
    """The local time that the schedule means, with the summer time of the European Union.

    It lasts from the last Sunday of March to that of October, 01:00 UTC (Directive 2000/84/EC).
    """

    UTC = "UTC"  # no summer time
    WET = "WET"  # UTC, as in Lisbon, London and Dublin
    CET = "CET"  # UTC + 1 h, as in Berlin and Oslo
    EET = "EET"  # UTC + 2 h, as in Helsinki and Athens


METER_LINES: dict[PhaseAssignment, tuple[int, ...]] = {
    PhaseAssignment.L1_L2_L3: (0, 1, 2),
    PhaseAssignment.L2_L3_L1: (1, 2, 0),
    PhaseAssignment.L3_L1_L2: (2, 0, 1),
    PhaseAssignment.L1: (0,),
    PhaseAssignment.L2: (1,),
    PhaseAssignment.L3: (2,),
}
"""The house meter's lines (0 is L1) that feed the wallbox's L1, L2 and L3 (MET-4)."""


def fits(assignment: PhaseAssignment, wired: tuple[bool, bool, bool]) -> bool:
    """Return whether an assignment agrees with the phases that safety has found wired to the box.

    An assignment of a single phase is for a box with only L1 wired. While none is known, all agree.
    """
    lines = 1 if wired == (True, False, False) else 3
    return not any(wired) or len(METER_LINES[assignment]) == lines


class Wlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "WLAN / WiFi Connection" (WEB-8): the box as a client of the home network."""

    enabled: bool = False  # assumed: the hotspot is on (WEB-10), and never both (NET-1)
    ssid: Ssid = ""


class Hotspot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "WLAN / WiFi Hotspot" (WEB-10)."""

    enabled: bool = True
    ssid: Ssid = ""  # "": the label's, the serial number, which is published in its place
    channel: Channel = 11


class AuthorizationSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "Authorization & Time Sync" (WEB-9)."""

    required: bool = False  # RFID-6


class InstallationSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the house is connected to."""

    grid: Grid = Grid.TN_TT


class Monitoring(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Domestic connection monitoring (MET-1)."""

    enabled: bool = False


class ExternalMeter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "External TCP Meter" (MET-2): a meter on Modbus TCP, or on a serial line (MET-1)."""

    enabled: bool = False
    manufacturer: MapName = ""  # its register map, as "tq"
    host: Host = ""
    port: PeerPort = 502
    device: Device = ""  # of the serial line; "": over TCP
    baud: Baud = 9600  # of the serial line, one of BAUDS
    framing: Framing = Framing.N8_1  # of the serial line
    unit: Unit = 1  # RS485 address, also behind a gateway; 1 is assumed


class Controller(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node, besides the app, that may limit or pause the charge."""

    enabled: bool = False  # False: its wishes do not count
    # The limit of load_manager from its start until the first message of the node: 0, or 6 to 32 A.
    fallback_a: FallbackAmps = 6.0


class DcsSection(Controller, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The charging service; not on the user's pages (DCS-6)."""

    # "": that of the launch file, once this box has been paired with it. One set here counts as
    # paired.
    url: ServiceUrl = ""
    version: OcppVersion = OcppVersion.V1_6
    plan_wait_s: PlanWait = 60  # low current from the start of a charge, until a plan arrives
    # 0: neither key nor certificates; 1: the box sends its key; 2: TLS as well.
    security_profile: SecurityProfile = 0


class SmartHomeSection(Controller, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "Smart Home Interface" (APP-2): controllers in the local network."""

    udp: bool = False  # port 7090; DSW1.3 has to switch it on as well
    udp_start: bool = False  # `start` with the number of a card authorises as the card does
    udp_tokens: bool = False  # numbers of cards are shown, by Modbus as well
    modbus: bool = False  # TCP port 502; with DSW1.3, and beside UDP
    allowed: AllowList = ()  # who may send; empty: the networks that the box is in
    mqtt_url: BrokerUrl = ""  # of an MQTT broker; "": none
    mqtt_user: User = ""  # of this box at the broker; its password is not a setting
    mqtt_discovery: bool = True  # Home Assistant finds the box at the broker


class Solar(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Charge with the surplus of solar power at the house meter; the lowest claim still counts."""

    enabled: bool = False
    grid_share_percent: Share = 0  # of the charging power, that may come from the grid
    # Offered without any surplus as well; 0: the charge pauses then.
    minimum_a: FallbackAmps = 0.0


class UnbalanceSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The difference that a vehicle on one phase may make between the phases of the connection."""

    enabled: bool = False
    limit_a: UnbalanceAmps = 20.0  # VDE-AR-N 4100: 4.6 kVA at 230 V


class ScheduleSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hours of the week in which the box charges.

    Hours without a current set no limit. Of hours that overlap the lowest limit counts. Hours that
    end at or before their begin end on the next day; their days are those of the begin.
    """

    enabled: bool = False
    hours: HoursList = ()
    otherwise_a: FallbackAmps = 0.0  # outside all hours; 0: paused


class ExternalInputSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contact of a grid operator at the external input, where DSW1.1 switches it on."""

    limit_a: FallbackAmps = 0.0  # while the contact is open; 0: paused


class ChargeSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for each charge, from plug to plug."""

    energy_limit_kwh: EnergyLimitKwh | None = None  # then it pauses; None: no limit


class Proxy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "Proxy" (WEB-12), for DCS and the search for updates."""

    enabled: bool = False
    address: Host = ""
    port: Port = 8080  # assumed
    user: User = ""


class Usb(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page "USB Settings" (WEB-13): what a USB stick is used for."""

    allow_init: bool = False  # configuration and logs are written to an empty stick
    allow_config: bool = False  # the configuration is read from a stick
    allow_update: bool = False


class WebSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the page is reached, beside the box's addresses and its own names (WEB-15)."""

    names: PageNames = ()  # further names of the box; a page of any other name is refused
    origin: PageOrigin = ""  # of the page at a reverse proxy, as the browser shows it; "": no proxy
    # The owner has gone through the Configuration Wizard, or does not want to: it is not offered.
    is_set_up: bool = False
    metrics: bool = False  # /metrics answers a program that has its token
    # By mDNS, with a name in .local, while the page can be opened from other machines.
    announced: bool = True


Keys = Annotated[tuple[Name, ...], Meta(max_length=128)]  # 128 is assumed: more than there are


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration without secrets. Latched, sent on change.

    Silence means that system has not started yet; a node that needs a value waits for it.
    """

    authorization: AuthorizationSection = AuthorizationSection()
    locked: Keys = ()  # as "authorization.required"
    stored: Stored = Stored.CURRENT  # LOST: of some settings it is not known what was stored
    lost: Keys = ()  # those; UNKNOWN or the default applies until somebody sets the key
    operating_mode: OperatingMode = OperatingMode.CHARGING
    phase_assignment: PhaseAssignment = PhaseAssignment.L1_L2_L3
    wlan: Wlan = Wlan()
    main_fuse_a: FuseAmps | None = None  # of each phase (MET-1); None: not set
    # How far above the main fuse a charge of 6 A may go on while the other loads peak; its mean
    # square over ten minutes stays below that of its rated current. 0: never above it.
    fuse_budget_percent: BudgetPercent = 0.0
    lan_dhcp_server: bool = False  # page "LAN DHCP Server" (WEB-8)
    hotspot: Hotspot = Hotspot()
    installation: InstallationSection = InstallationSection()
    monitoring: Monitoring = Monitoring()
    house_meter: ExternalMeter = ExternalMeter()
    solar_meter: ExternalMeter = ExternalMeter()
    dcs: DcsSection = DcsSection()
    smart_home: SmartHomeSection = SmartHomeSection()
    solar: Solar = Solar()
    unbalance: UnbalanceSection = UnbalanceSection()
    external_input: ExternalInputSection = ExternalInputSection()
    time_zone: TimeZone = TimeZone.CET
    schedule: ScheduleSection = ScheduleSection()
    charge: ChargeSection = ChargeSection()
    proxy: Proxy = Proxy()
    usb: Usb = Usb()
    web: WebSection = WebSection()


UNKNOWN: dict[str, Any] = {
    "authorization.required": True,
    "external_input.limit_a": 0.0,
    "fuse_budget_percent": 0.0,
    "house_meter.enabled": False,  # the meter counts as lost
    "main_fuse_a": 6.0,
    "monitoring.enabled": True,
}
"""The values that apply, by key, after no stored setting could be read, until the key is set.

They override the factory settings.
"""


class SetArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `set` of system: all of the changes, or none of them."""

    changes: dict[str, Any]  # {"hotspot": {"channel": 6}}, or {"hotspot.channel": 6}
    # Values that the person saw before the change: it is refused if one of them is another now.
    seen: dict[str, Any] = {}


def meter_name(meter: ExternalMeter) -> str:
    """Return a meter in the form of `--set`; "" if it is switched off.

    MAP@HOST:PORT/UNIT, or MAP@DEVICE:BAUD:FRAMING/UNIT on a serial line.
    """
    if not meter.enabled:
        return ""
    if meter.device:
        line = f"{meter.device}:{meter.baud}:{meter.framing}"
        return f"{meter.manufacturer}@{line}/{meter.unit}"
    return f"{meter.manufacturer}@{meter.host}:{meter.port}/{meter.unit}"
