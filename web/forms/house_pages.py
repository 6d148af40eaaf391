"""The settings pages of the house: its connection, its meters, its sun."""

from msgs.meter_address import BAUDS
from msgs.methods import FIND_PHASES
from msgs.settings import METER_LINES, Grid, PhaseAssignment
from web.forms.rows import Button, Choice, Field, Group, Page, PagePart

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
    said="",
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
                    key="installation.grid",
                    label="Grid",
                    help="Where there is no neutral, a meter has no voltage to it.",
                    choices={
                        Grid.TN_TT: Choice(
                            label="TN or TT", text="Three phases and neutral, 400 V"
                        ),
                        Grid.IT: Choice(
                            label="IT", text="Three phases without neutral, 230 V: parts of Norway"
                        ),
                    },
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
