"""The table of topics: message, writer, period and hold of each.

Endpoints, freshness, `wallbox topics`, `wallbox sniff` and the golden file derive from it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct

from msgs.dcs import DcsStatus
from msgs.evidence import SafetyEvidence, SafetyRecordStatus
from msgs.heartbeat import Heartbeat
from msgs.launch import GraphStatus
from msgs.led import KeyPress, LedFrame
from msgs.load_manager import LoadOffer
from msgs.meter import METER_HOLD_S, MeterReading, meter_hold_s
from msgs.pilot import PilotStatus, SimPilotDrive
from msgs.plant import SimCards, SimEvent, SimKeys, SimPower, SimSignals
from msgs.rfid import RfidStatus
from msgs.safety import SafetyStatus, SimContactorDrive
from msgs.session import SessionStatus
from msgs.settings import Controller, Settings
from msgs.smart_home import SmartHomeStatus
from msgs.wish import Wishes

M = TypeVar("M", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic(Generic[M]):
    """One row of the table.

    `period_s` None means "on change"; `idle_period_s` is the period while no vehicle is plugged in,
    if that differs. `hold_s` is how long a subscriber may use the newest message: more than two
    periods, or infinity if a message counts until the next one. `own_hold_s` derives a longer or
    shorter hold from the message itself. `drifts` names fields whose change alone is sent with the
    next repeat only. `latched` topics are sent again to late subscribers. A recording contains the
    `recorded` ones.
    """

    name: str
    message: type[M]
    writer: str
    period_s: float | None = None
    idle_period_s: float | None = None
    hold_s: float = math.inf
    own_hold_s: Callable[[M], float] | None = None
    drifts: tuple[str, ...] = ()
    latched: bool = False
    recorded: bool = True

    def hold_of(self, message: M | None) -> float:
        """Return how long a message holds [s]; None: the hold of the row."""
        if message is None or self.own_hold_s is None:
            return self.hold_s
        return self.own_hold_s(message)


PILOT_STATUS = Topic(
    name="pilot/status",
    message=PilotStatus,
    writer="pilot",
    period_s=0.02,
    idle_period_s=0.1,
    hold_s=1.0,
    drifts=("high_v", "low_v"),
)
SAFETY_STATUS = Topic(
    name="safety/status",
    message=SafetyStatus,
    writer="safety",
    period_s=0.1,
    hold_s=1.0,
    drifts=("temperature_c", "retry_in_s", "starts_in_s"),
)
SAFETY_EVIDENCE = Topic(
    name="safety/evidence", message=SafetyEvidence, writer="safety", latched=True
)
SESSION_STATUS = Topic(
    name="session/status",
    message=SessionStatus,
    writer="session",
    period_s=1.0,
    hold_s=3.0,
    drifts=("energy_wh", "reason"),  # the reason may contain amounts that follow each reading
)
SESSION_WISH = Topic(name="session/wish", message=Wishes, writer="session", latched=True)
DCS_WISH = Topic(name="dcs/wish", message=Wishes, writer="dcs", latched=True)
SMART_HOME_WISH = Topic(name="smart_home/wish", message=Wishes, writer="smart_home", latched=True)
SMART_HOME_STATUS = Topic(
    name="smart_home/status",
    message=SmartHomeStatus,
    writer="smart_home",
    period_s=1.0,
    hold_s=3.0,
    latched=True,
)
METER_BOX = Topic(name="meter/box", message=MeterReading, writer="meter", period_s=0.2, hold_s=5.0)
METER_HOUSE = Topic(
    name="meter/house",
    message=MeterReading,
    writer="meter",
    period_s=1.0,
    hold_s=METER_HOLD_S,
    own_hold_s=meter_hold_s,
    latched=True,  # so that a load_manager that starts between two slow polls has the last one
)
METER_SOLAR = Topic(
    name="meter/solar",
    message=MeterReading,
    writer="meter",
    period_s=1.0,
    hold_s=METER_HOLD_S,
    own_hold_s=meter_hold_s,
)
LOAD_OFFER = Topic(
    name="load/offer",
    message=LoadOffer,
    writer="load_manager",
    period_s=0.5,
    hold_s=3.0,
    # limits that do not bind, and amounts that follow each reading
    drifts=("limits", "detail", "fuse"),
)
LED_FRAME = Topic(
    name="led/frame", message=LedFrame, writer="led", period_s=1.0, hold_s=3.0, latched=True
)
LED_KEY = Topic(name="led/key", message=KeyPress, writer="led")
RFID_STATUS = Topic(
    name="rfid/status", message=RfidStatus, writer="rfid", period_s=1.0, hold_s=3.0, latched=True
)
DCS_STATUS = Topic(
    name="dcs/status", message=DcsStatus, writer="dcs", period_s=1.0, hold_s=3.0, latched=True
)
SETTINGS = Topic(name="settings", message=Settings, writer="system", latched=True)
SAFETY_RECORD = Topic(
    name="system/safety_record", message=SafetyRecordStatus, writer="system", latched=True
)
LAUNCH_GRAPH = Topic(
    name="launch/graph",
    message=GraphStatus,
    writer="launch",
    period_s=1.0,
    hold_s=3.0,
    latched=True,
)
SIM_SIGNALS = Topic(
    name="sim/signals",
    message=SimSignals,
    writer="plant",
    period_s=0.02,
    hold_s=0.05,
    recorded=False,
)
SIM_POWER = Topic(
    name="sim/power", message=SimPower, writer="plant", period_s=0.1, hold_s=0.5, recorded=False
)
SIM_CARDS = Topic(
    name="sim/cards",
    message=SimCards,
    writer="plant",
    period_s=1.0,
    hold_s=3.0,
    latched=True,
    recorded=False,
)
SIM_KEYS = Topic(
    name="sim/keys",
    message=SimKeys,
    writer="plant",
    period_s=1.0,
    hold_s=3.0,
    latched=True,
    recorded=False,
)
SIM_EVENT = Topic(name="sim/event", message=SimEvent, writer="plant")
SIM_PILOT_DRIVE = Topic(
    name="sim/pilot_drive", message=SimPilotDrive, writer="pilot", latched=True, recorded=False
)
SIM_CONTACTOR_DRIVE = Topic(
    name="sim/contactor_drive",
    message=SimContactorDrive,
    writer="safety",
    period_s=0.1,
    hold_s=1.0,
    recorded=False,
)
SIM_LIGHTS = Topic(name="sim/lights", message=LedFrame, writer="led", latched=True, recorded=False)

NODES = (
    "dcs",
    "launch",
    "led",
    "load_manager",
    "meter",
    "pilot",
    "plant",
    "rfid",
    "safety",
    "session",
    "smart_home",
    "system",
    "web",
)
"""All writers on the bus, including the supervisor."""

HEARTBEATS: dict[str, Topic[Heartbeat]] = {
    node: Topic(
        name=f"{node}/heartbeat",
        message=Heartbeat,
        writer=node,
        period_s=1.0,
        hold_s=3.0,
        latched=True,
    )
    for node in NODES
}

TOPICS: dict[str, Topic[Any]] = {
    topic.name: topic
    for topic in (
        *(value for value in globals().values() if isinstance(value, Topic)),
        *HEARTBEATS.values(),
    )
}
"""The whole table by topic name: every row above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WishSource:
    """A source of wishes: its name in load/offer, its topic and its section of the settings."""

    name: str
    topic: Topic[Wishes]
    controller: Callable[[Settings], Controller]


WISHES = (
    WishSource(name="app", topic=SESSION_WISH, controller=lambda _: Controller(enabled=True)),
    WishSource(name="dcs", topic=DCS_WISH, controller=lambda settings: settings.dcs),
    WishSource(
        name="smart_home", topic=SMART_HOME_WISH, controller=lambda settings: settings.smart_home
    ),
)
"""The sources of wishes that load_manager subscribes to."""
