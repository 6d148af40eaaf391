"""The settings pages of the box itself: what it does, when, and for whom."""

from msgs.evidence import RecordPart
from msgs.methods import (
    REMOVE_CARD,
    RENAME_CARD,
    RENEW_PART,
    RESTART_BOX,
    SET_BROKER_PASSWORD,
    SET_CLOCK,
    UNPAIR,
)
from msgs.settings import OperatingMode, TimeZone
from web.forms.rows import Button, Choice, Field, Group, Menu, Page, PagePart

OPERATING_MODE = Page(
    name="operating-mode",
    title="Operating Mode",
    lead="What this wallbox does.",
    groups=(
        Group(
            fields=(
                Field(
                    key="operating_mode",
                    label="Operating mode",
                    choices={
                        OperatingMode.CHARGING: Choice(
                            label="Charging",
                            text="This wallbox charges by itself, with external meters and BMW DCS "
                            "where they are set up.",
                        ),
                        OperatingMode.FLEET: Choice(
                            label="Fleet Charging",
                            text="This wallbox is the manager of connected Wallbox Plus boxes, the "
                            "clients. External meters and BMW DCS are off: switch off the external "
                            "meters first.",
                        ),
                    },
                    is_brief=True,
                ),
            )
        ),
    ),
)

UNPAIRING = Page(
    name="bmw-dcs",
    title="BMW DCS",
    lead="The wallbox is paired with BMW DCS at its portal, by a press of the touch key. The "
    "pairing can be ended here, also if the service does not answer or does not accept this "
    "wallbox any more.",
    warning="The wallbox forgets the key, the charging plans and the list of cards of the service. "
    "Charges that the service has not received yet are not sent any more.",
    method=UNPAIR,
    buttons=(Button(label="End the pairing"),),
    said="The pairing is ended. To pair the wallbox again, activate it at the portal.",
)

SCHEDULE = Page(
    name="schedule",
    title="Schedule",
    lead="The hours of the week in which the wallbox charges, in the local time of the time zone "
    "that is set.",
    groups=(
        Group(
            is_switched=True,
            fields=(
                Field(key="schedule.enabled", label="Charge by the schedule", is_brief=True),
                Field(
                    key="schedule.hours",
                    label="Hours",
                    help="An end that is not after the begin is on the next day. Without a limit "
                    "the full current is allowed.",
                    empty="no hours",
                    expected="days, a begin and an end, and no limit or 6 to 32 A",
                    is_brief=True,
                ),
                Field(
                    key="schedule.otherwise_a",
                    label="Current outside these hours",
                    help="0 A: the charge pauses.",
                ),
            ),
        ),
    ),
)

CHARGE_LIMIT = Page(
    name="energy-limit",
    title="Energy limit",
    lead="Each charge pauses when the vehicle has taken so much energy, until it is unplugged.",
    groups=(
        Group(
            fields=(
                Field(
                    key="charge.energy_limit_kwh",
                    label="Energy limit",
                    empty="no limit",
                    is_brief=True,
                ),
            )
        ),
    ),
)

AUTHORIZATION = Page(
    name="authorization",
    title="Authorization & Time Sync",
    lead="Whether a card is needed to charge, and which cards are known. The cards stay in the "
    "list while the authorisation is off.",
    groups=(
        Group(
            fields=(
                Field(
                    key="authorization.required",
                    label="Authorization",
                    help="It can be changed only while no vehicle is plugged in and the "
                    "charge-mode indicator is blue.",
                    is_brief=True,
                ),
                Field(
                    key="time_zone",
                    label="Time zone",
                    help="Summer time as in the European Union.",
                    choices={
                        TimeZone.UTC: Choice(label="UTC", text="No summer time"),
                        TimeZone.WET: Choice(label="Western European", text="Lisbon, London"),
                        TimeZone.CET: Choice(label="Central European", text="Berlin, Oslo"),
                        TimeZone.EET: Choice(label="Eastern European", text="Helsinki, Athens"),
                    },
                    is_brief=True,
                ),
            )
        ),
    ),
    part=PagePart.CARDS,
)

BROWSER_TIME = Page(
    name="browser-time",
    title="Browser Time",
    lead="Sets the clock of the wallbox to the time of this browser.",
    warning="The wallbox restarts then. A running charge ends, and is stored.",
    method=SET_CLOCK,
    is_listed=False,
    groups=(
        Group(
            fields=(
                Field(
                    key="utc",
                    label="Time of the browser, in UTC",
                    help="A browser without JavaScript does not fill it in: type it, as "
                    "2026-11-30 15:30.",
                ),
            )
        ),
    ),
    buttons=(Button(label="Get Browser Time"),),
    parent=AUTHORIZATION.path,
    part=PagePart.CLOCK,
    said="The clock is set, and the wallbox restarts. This page answers again in about a minute.",
    is_last=True,
)

CARD_NAME = Page(
    name="card-name",
    title="Rename a card",
    lead="The name is shown when the card is presented, and beside its charges.",
    method=RENAME_CARD,
    is_listed=False,
    groups=(
        Group(
            fields=(
                Field(key="uid", label="Number", is_hidden=True),
                Field(key="name", label="Name"),
                Field(key="seen_name", label="Name before", is_hidden=True, is_of_part=True),
            )
        ),
    ),
    parent=AUTHORIZATION.path,
    returns=True,
    part=PagePart.CARD,
    said="The card is renamed.",
)

CARD_REMOVAL = Page(
    name="card-removal",
    title="Remove a card",
    lead="The card cannot authorise any more. A charge that it has authorised goes on.",
    warning="It can be stored again only with the master card, at the wallbox.",
    method=REMOVE_CARD,
    is_listed=False,
    groups=(Group(fields=(Field(key="uid", label="Number", is_hidden=True),)),),
    buttons=(Button(label="Remove the card"),),
    parent=AUTHORIZATION.path,
    returns=True,
    part=PagePart.CARD,
    said="The card is removed.",
)

SMART_HOME = Page(
    name="smart-home",
    title="Smart Home Interface",
    lead="A controller in the home network, as an energy manager or a smart home, reads the values "
    "of the wallbox and limits, pauses or ends the charge. It never raises another limit.",
    warning="UDP and Modbus have no password: every device at an address that may send can use "
    "them. MQTT obeys whoever may send to its topics at the broker.",
    part=PagePart.BROKER,
    groups=(
        Group(
            is_switched=True,
            fields=(
                Field(key="smart_home.enabled", label="Use a controller", is_brief=True),
                Field(
                    key="smart_home.udp",
                    label="UDP interface, port 7090",
                    help="The DIP switch DSW1.3 in the wallbox has to be on as well.",
                    is_brief=True,
                ),
                Field(
                    key="smart_home.modbus",
                    label="Modbus interface, TCP port 502",
                    help="The same DIP switch has to be on. One interface is enough for a "
                    "controller; of two controllers the newest order counts.",
                    is_brief=True,
                ),
                Field(
                    key="smart_home.allowed",
                    label="Addresses that may send",
                    help="As 192.168.2.10, or 192.168.2.0/24 for a network. Empty: all devices in "
                    "the networks that the wallbox is in.",
                    empty="the wallbox's own networks",
                ),
                Field(
                    key="smart_home.mqtt_url",
                    label="MQTT broker",
                    help="As mqtt://192.168.2.5, or mqtts://broker.local with TLS. The same DIP "
                    "switch has to be on. Empty: no MQTT.",
                    empty="no MQTT",
                    is_brief=True,
                ),
                Field(
                    key="smart_home.mqtt_user",
                    label="User name at the broker",
                    help="Empty: none. Its password has a page of its own, below.",
                ),
                Field(
                    key="smart_home.mqtt_discovery",
                    label="Show to Home Assistant",
                    help="Home Assistant, at the same broker, then adds it by itself.",
                ),
                Field(
                    key="smart_home.udp_start",
                    label="Start with the number of a card",
                    help="Who knows the number of a card can then start a charge through the "
                    "network. Every card reader can read the number of a card near it.",
                ),
                Field(
                    key="smart_home.udp_tokens",
                    label="Numbers of cards in the reports",
                    help="Every device that may send can then read which card has charged when, "
                    "and can copy its number.",
                ),
                Field(
                    key="smart_home.fallback_a",
                    label="Current until the interface runs",
                    help="After a start of the wallbox, until it is known what the controller has "
                    "asked for. 0 A: the charge waits.",
                ),
            ),
        ),
    ),
)

BROKER_PASSWORD = Page(
    name="broker-password",
    title="Password of the MQTT broker",
    lead="The password of this wallbox at the broker. Empty: none. The wallbox connects with it at "
    "once.",
    method=SET_BROKER_PASSWORD,
    is_listed=False,
    groups=(Group(fields=(Field(key="password", label="Password", is_secret=True),)),),
    parent=SMART_HOME.path,
    returns=True,
    said="The password is stored.",
)

METRICS = Page(
    name="metrics",
    title="Metrics",
    lead="Prometheus, or another program that reads its format, gets the values of the wallbox "
    "at /metrics of this page: power, limits, meters, faults, and the health of each node.",
    groups=(
        Group(
            fields=(
                Field(
                    key="web.metrics",
                    label="Serve metrics",
                    help="A program needs the token below. It can read the metrics and nothing "
                    "else.",
                    is_brief=True,
                ),
            )
        ),
    ),
    part=PagePart.METRICS,
)

PAGE_ADDRESS = Page(
    name="page-address",
    title="Address of this page",
    lead="This page opens at the IP addresses of the wallbox and at its own names in the home "
    "network. At any other name it is refused, unless it stands here.",
    groups=(
        Group(
            fields=(
                Field(
                    key="web.names",
                    label="Further names",
                    help="As charger.example.org.",
                    empty="none",
                    is_brief=True,
                ),
                Field(
                    key="web.origin",
                    label="Address at a reverse proxy",
                    help="As the browser shows it, https://charger.example.org. Empty: there is "
                    "no proxy.",
                    empty="none",
                ),
                Field(
                    key="web.announced",
                    label="Announce in the home network",
                    help="By mDNS (Bonjour, Zeroconf): browsers and apps find the wallbox by a "
                    "name in .local, without its IP address.",
                ),
            )
        ),
    ),
    part=PagePart.ADDRESS,
)

NEW_PART = Page(
    name="new-part",
    title="A new contactor or earth",
    lead="The safety record counts from 0 for a contactor that was replaced, and compares the "
    "earth loop with the next ten self-tests after works at the earth, or at another place.",
    warning="Only after the part was replaced: the warning of a worn contactor depends on it.",
    menu=Menu.SYSTEM,
    is_listed=False,
    method=RENEW_PART,
    groups=(
        Group(
            fields=(
                Field(
                    key="part",
                    label="What is new",
                    choices={
                        RecordPart.CONTACTOR: Choice(label="The contactor"),
                        RecordPart.EARTH: Choice(label="The protective earth"),
                    },
                ),
            )
        ),
    ),
    buttons=(Button(label="It is new"),),
    said="The safety record counts it as new.",
)

RESTART = Page(
    name="restart",
    title="Restart System",
    lead="All parts of the wallbox stop and start again, which takes about a minute.",
    warning="A running charge ends, and is stored.",
    menu=Menu.SYSTEM,
    method=RESTART_BOX,
    buttons=(Button(label="Restart System"),),
    said="The wallbox restarts. This page answers again in about a minute.",
    is_last=True,
)
