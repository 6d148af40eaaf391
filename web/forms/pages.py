"""The table of settings pages, with the titles of the manual where it has the page."""

from msgs.meter_address import BAUDS
from msgs.methods import FIND_PHASES, REMOVE_CARD, RENAME_CARD, RESTART_BOX
from msgs.settings import METER_LINES, OperatingMode, PhaseAssignment, TimeZone
from web.forms.rows import Button, Choice, Field, Group, Menu, Page, PagePart

ELECTRICIAN = (
    "Change this only together with the electrician who has installed the wallbox: a wrong value "
    "can overload a fuse of the house."
)


def _assigned(assignment: PhaseAssignment) -> Choice:
    """Return a phase assignment, phase by phase (MET-9)."""
    lines = METER_LINES[assignment]
    pairs = (f"Meter L{meter + 1} to Wallbox L{box + 1}" for box, meter in enumerate(lines))
    count = "3 phases" if len(lines) > 1 else "1 phase"
    return Choice(label=f"{count}: {assignment}", text=", ".join(pairs))


PHASE_CHOICES = {assignment.value: _assigned(assignment) for assignment in PhaseAssignment}

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

PHASE_ASSIGNMENT = Page(
    name="phase-assignment",
    title="Phase Assignment",
    lead="Which phases of the house meter feed the wallbox. The monitoring of the main fuse needs "
    "it.",
    warning=ELECTRICIAN,
    groups=(
        Group(
            fields=(
                Field(
                    key="phase_assignment",
                    label="Meter to Wallbox",
                    help="Two phases are not possible.",
                    choices=PHASE_CHOICES,
                    is_brief=True,
                ),
            )
        ),
    ),
    part=PagePart.PHASE_SEARCH,
)

PHASE_SEARCH = Page(
    name="phase-search",
    title="Find the phase assignment",
    lead="The wallbox changes the current of a charging vehicle between 6 and 10 A for two minutes "
    "at most, and sees on which phases the house meter follows. It proposes, and changes nothing.",
    method=FIND_PHASES,
    is_listed=False,
    groups=(Group(fields=(Field(key="action", label="Action", is_hidden=True),)),),
    buttons=(Button(label="Begin the measurement", name="action", value="begin"),),
    parent=PHASE_ASSIGNMENT.path,
    part=PagePart.PHASE_SEARCH,
    done="",
)

MAIN_FUSE = Page(
    name="main-fuse",
    title="Main Fuse",
    lead="What the connection of the house may carry. The monitoring of the house needs it.",
    warning=ELECTRICIAN,
    groups=(
        Group(
            fields=(
                Field(
                    key="main_fuse_a",
                    label="Main fuse",
                    help="The rated current of each phase, as it is printed on the main fuse of "
                    "the house.",
                    is_brief=True,
                ),
                Field(
                    key="fuse_budget_percent",
                    label="Short time above the fuse",
                    help="How far above the main fuse a charge of 6 A may go on while other loads "
                    "peak. Over ten minutes the fuse carries no more than its rated current. "
                    "0: never above it.",
                ),
            )
        ),
    ),
)


def _meter(section: str, title: str, help: str) -> Group:
    return Group(
        title=title,
        is_switched=True,
        meter=section,
        fields=(
            Field(key=f"{section}.enabled", label="Use this meter", help=help, is_brief=True),
            Field(key=f"{section}.manufacturer", label="Manufacturer", are_meter_maps=True),
            Field(
                key=f"{section}.host",
                label="IP address",
                help="Of the meter or of its gateway, in the same network as the wallbox.",
            ),
            Field(key=f"{section}.port", label="TCP port", help="502 with nearly all meters."),
            Field(
                key=f"{section}.unit",
                label="RS485 Modbus address",
                help="Of the meter, also behind a gateway. Most meters have 1.",
            ),
        ),
        folded_title="The meter is on a serial line (RS485) of the wallbox",
        folded=(
            Field(
                key=f"{section}.device",
                label="Serial line",
                help="The path of the adapter, as /dev/ttyUSB0. The IP address is empty then.",
            ),
            Field(
                key=f"{section}.baud",
                label="Speed",
                choices={str(baud): Choice(label=f"{baud} baud") for baud in BAUDS},
            ),
            Field(key=f"{section}.framing", label="Data bits, parity, stop bits"),
        ),
    )


EXTERNAL_METER = Page(
    name="external-meter",
    title="External TCP Meter",
    lead="A meter at the house connection shows what the other loads use; a second one what the "
    "solar system delivers.",
    groups=(
        Group(
            title="Domestic Connection Monitoring",
            fields=(
                Field(
                    key="monitoring.enabled",
                    label="Monitoring",
                    help="The vehicle gets, at any time, what the other loads of the house leave "
                    "of the main fuse. It needs the domestic connection meter below and the main "
                    "fuse. Meters can be set up without it.",
                    is_brief=True,
                ),
            ),
        ),
        _meter(
            "house_meter",
            "Domestic Connection TCP Meter",
            "At the connection of the house: it measures all loads, the wallbox included.",
        ),
        _meter("solar_meter", "Solar TCP Meter", "Of the solar system, for the display."),
    ),
)

SOLAR = Page(
    name="solar",
    title="Solar",
    lead="The vehicle is charged with what the solar system delivers beyond the house. It needs a "
    "house meter.",
    groups=(
        Group(
            is_switched=True,
            fields=(
                Field(key="solar.enabled", label="Charge with solar surplus", is_brief=True),
                Field(
                    key="solar.grid_share_percent",
                    label="Share from the grid",
                    help="So much of the charging power may come from the grid.",
                ),
                Field(
                    key="solar.minimum_a",
                    label="Minimum current",
                    help="Charged with at least this current, also without surplus. 0 A: the "
                    "charge pauses then.",
                ),
            ),
        ),
    ),
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

UNBALANCE = Page(
    name="unbalance",
    title="Unbalance",
    lead="How much more current one phase of the house may carry than another, where the grid "
    "operator limits it. It needs a house meter.",
    groups=(
        Group(
            is_switched=True,
            fields=(
                Field(key="unbalance.enabled", label="Limit the unbalance", is_brief=True),
                Field(
                    key="unbalance.limit_a",
                    label="Largest difference",
                    help="20 A is the rule of VDE-AR-N 4100.",
                ),
            ),
        ),
    ),
)

EXTERNAL_INPUT = Page(
    name="external-input",
    title="External input",
    lead="A contact of the grid operator at the external input enables the charge while it is "
    "closed. DIP switch DSW1.1 in the wallbox switches the input on.",
    groups=(
        Group(
            fields=(
                Field(
                    key="external_input.limit_a",
                    label="Current while the contact is open",
                    help="0 A: the charge pauses.",
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
            )
        ),
    ),
    parent=AUTHORIZATION.path,
    returns=True,
    part=PagePart.CARD,
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
    done="The card is removed.",
)

RESTART = Page(
    name="restart",
    title="Restart System",
    lead="All parts of the wallbox stop and start again, which takes about a minute.",
    warning="A running charge ends, and is stored.",
    menu=Menu.SYSTEM,
    method=RESTART_BOX,
    buttons=(Button(label="Restart System"),),
    done="The wallbox restarts. This page answers again in about a minute.",
    is_last=True,
)

PAGES: tuple[Page, ...] = (
    OPERATING_MODE,
    MAIN_FUSE,
    PHASE_ASSIGNMENT,
    PHASE_SEARCH,
    EXTERNAL_METER,
    AUTHORIZATION,
    CARD_NAME,
    CARD_REMOVAL,
    SOLAR,
    SCHEDULE,
    CHARGE_LIMIT,
    UNBALANCE,
    EXTERNAL_INPUT,
    RESTART,
)
"""All of them, in the order of the menus."""
