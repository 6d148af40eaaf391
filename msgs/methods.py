"""The table of methods: server, callers, arguments and result of each request.

Both ends of a request use the row: `bus.serve(AUTHORIZE, handler)` and
`bus.request(AUTHORIZE, arguments, on_answer)`. `wallbox call`, `wallbox methods`, `wallbox sim`,
the simulation panel and the golden file derive from the table.
"""

from types import NoneType
from typing import Any, TypeVar

from msgspec import Struct

from msgs import plant
from msgs.clock import SetClock
from msgs.dcs import CardDecision, CheckCard
from msgs.evidence import RenewPart, SafetyRecord, SafetyRecordArguments
from msgs.launch import GraphStatus, Restarted
from msgs.load_manager import FindPhases, PhaseSearch
from msgs.meter import MeterReading, MeterToTest
from msgs.method import ANYBODY, EVERY_NODE, TOOLS, Method
from msgs.requests import (
    EnergyLimitArguments,
    NoArguments,
    NodeName,
    ReasonArguments,
    StopArguments,
    TopicName,
    WishArguments,
)
from msgs.rfid import CardList, NamedCard, RemoveCard, RenameCard
from msgs.session import Authorize, Authorized, SessionRecord, SessionsArguments
from msgs.settings import SetArguments, Settings
from msgs.smart_home import BrokerPasswordArguments
from msgs.web import PageAddress

A = TypeVar("A", bound=Struct)

# --- every node -----------------------------------------------------------------------------------

STOP = Method(
    name="stop",
    server=EVERY_NODE,
    arguments=StopArguments,
    result=NoneType,
    callers=("launch",),
    text="Stop this node; the reason decides the state of its outputs.",
)
LIST_METHODS = Method(
    name="methods",
    server=EVERY_NODE,
    arguments=NoArguments,
    result=dict[str, dict[str, str]],
    callers=(ANYBODY,),
    text="List what this node answers, with the types of the arguments.",
)
SCHEMA = Method(
    name="schema",
    server=EVERY_NODE,
    arguments=TopicName,
    result=dict[str, dict[str, Any]],
    callers=(ANYBODY,),
    text="Describe the message of a topic that this node writes.",
)

# --- launch ---------------------------------------------------------------------------------------

STOP_GRAPH = Method(
    name="stop",
    server="launch",
    arguments=ReasonArguments,
    result=NoneType,
    callers=("system", TOOLS),
    text="Stop all nodes in order.",
    timeout_s=60.0,
)
RESTART_NODE = Method(
    name="restart",
    server="launch",
    arguments=NodeName,
    result=Restarted,
    callers=("system", TOOLS),
    text="Restart one node in place; answered when it is READY.",
    timeout_s=60.0,
)
RESTART_GRAPH = Method(
    name="restart_all",
    server="launch",
    arguments=ReasonArguments,
    result=NoneType,
    callers=("system", TOOLS),
    text="Stop all nodes in order and start them again; answered before that.",
    timeout_s=5.0,
)
LIST_NODES = Method(
    name="nodes",
    server="launch",
    arguments=NoArguments,
    result=GraphStatus,
    callers=(ANYBODY,),
    text="List the supervised processes.",
    timeout_s=5.0,  # a busy machine; an idle one answers within milliseconds
)

# --- meter ----------------------------------------------------------------------------------------

TEST_CONNECTION = Method(
    name="test_connection",
    server="meter",
    arguments=MeterToTest,
    result=MeterReading,
    callers=("web", TOOLS),
    text="Read a Modbus meter once; refused with what is wrong if it cannot be read.",
    timeout_s=3.0,  # longer than meter waits for the other end
)

# --- load_manager ---------------------------------------------------------------------------------

FIND_PHASES = Method(
    name="find_phases",
    server="load_manager",
    arguments=FindPhases,
    result=PhaseSearch,
    callers=("web", TOOLS),
    text="Begin, stop or show the measurement that proposes a phase assignment.",
)

# --- session --------------------------------------------------------------------------------------

AUTHORIZE = Method(
    name="authorize",
    server="session",
    arguments=Authorize,
    result=Authorized,
    callers=("rfid", "dcs"),  # the list decides, or the service (RFID-11)
    text="Authorise with a card that the list or the service knows, or log off with it.",
)
END_SESSION = Method(
    name="end",
    server="session",
    arguments=ReasonArguments,
    result=NoneType,
    callers=("web", "dcs", "smart_home", TOOLS),
    text="End the running session; answered once that is stored.",
    timeout_s=5.0,  # assumed: a slow disk
)
START_SESSION = Method(
    name="start",
    server="session",
    arguments=NoArguments,
    result=NoneType,
    callers=("web", "dcs", "smart_home", TOOLS),
    text="Begin a session again after a stop, where no card is required; never authorises.",
    timeout_s=5.0,  # assumed: a slow disk
)
SET_WISH = Method(
    name="wish",
    server="session",
    arguments=WishArguments,
    result=NoneType,
    callers=("web", "dcs", TOOLS),
    text="Set the app's limit or pause; replaces the previous one.",
)
SET_ENERGY_LIMIT = Method(
    name="energy_limit",
    server="session",
    arguments=EnergyLimitArguments,
    result=NoneType,
    callers=("web", "dcs", TOOLS),
    text="Pause this charge when it has taken so much energy [Wh]; null: no limit.",
)
LIST_SESSIONS = Method(
    name="sessions",
    server="session",
    arguments=SessionsArguments,
    result=tuple[SessionRecord, ...],
    callers=("web", "dcs", "smart_home", "system", TOOLS),
    text="List the stored sessions, the newest first.",
)

# --- smart_home -----------------------------------------------------------------------------------

SET_BROKER_PASSWORD = Method(
    name="broker_password",
    server="smart_home",
    arguments=BrokerPasswordArguments,
    result=NoneType,
    callers=("web", TOOLS),
    text="Store the password of this box at the MQTT broker.",
)

# --- rfid -----------------------------------------------------------------------------------------

PRESENT_CARD = Method(
    name="present",
    server="rfid",
    arguments=NamedCard,
    result=NoneType,
    callers=("smart_home", TOOLS),
    text="Authorise with a card of the list, as if it was held to the reader; it never teaches.",
    timeout_s=15.0,  # longer than dcs waits for the service
)
LIST_CARDS = Method(
    name="cards",
    server="rfid",
    arguments=NoArguments,
    result=CardList,
    callers=("web", "dcs", "system", TOOLS),
    text="List the stored cards.",
)
RENAME_CARD = Method(
    name="rename",
    server="rfid",
    arguments=RenameCard,
    result=NoneType,
    callers=("web", TOOLS),
    text="Give a stored card another name.",
)
REMOVE_CARD = Method(
    name="remove",
    server="rfid",
    arguments=RemoveCard,
    result=NoneType,
    callers=("web", TOOLS),
    text="Take a user's card out of the list; never the master.",
    timeout_s=5.0,  # assumed: a slow disk
)
ERASE_CARDS = Method(
    name="erase",
    server="rfid",
    arguments=NoArguments,
    result=NoneType,
    callers=("led", TOOLS),  # the service key (PAN-3)
    text="Erase every card, the master included.",
    timeout_s=5.0,  # assumed: a slow disk
)

# --- dcs ------------------------------------------------------------------------------------------

CHECK_CARD = Method(
    name="check_card",
    server="dcs",
    arguments=CheckCard,
    result=CardDecision,
    callers=("rfid",),
    text="Ask whether a card may charge, as far as the charging service decides (RFID-11).",
    timeout_s=12.0,  # longer than dcs waits for the service
)

UNPAIR = Method(
    name="unpair",
    server="dcs",
    arguments=NoArguments,
    result=NoneType,
    callers=("web", TOOLS),
    text="End the pairing with the charging service; refused while a vehicle is plugged in.",
    timeout_s=5.0,  # assumed: a slow disk
)

# --- system ---------------------------------------------------------------------------------------

GET_SETTINGS = Method(
    name="get",
    server="system",
    arguments=NoArguments,
    result=Settings,
    callers=(ANYBODY,),
    text="Show the whole configuration without secrets.",
)
SET_SETTINGS = Method(
    name="set",
    server="system",
    arguments=SetArguments,
    result=Settings,
    callers=("web", "dcs", TOOLS),
    text="Change settings: all of the changes, or none of them.",
)
RESTART_BOX = Method(
    name="restart",
    server="system",
    arguments=ReasonArguments,
    result=NoneType,
    callers=("web", "led", "dcs", TOOLS),  # each acts for a person
    text="Restart the whole box, after the running session has been ended and stored.",
    timeout_s=6.0,  # longer than system waits for launch
)

SET_CLOCK = Method(
    name="set_clock",
    server="system",
    arguments=SetClock,
    result=NoneType,
    callers=("web", TOOLS),
    text="Set the clock, where no time server does; the box restarts then as by `restart`.",
    timeout_s=6.0,  # as restart
)

SHOW_SAFETY_RECORD = Method(
    name="safety_record",
    server="system",
    arguments=SafetyRecordArguments,
    result=SafetyRecord,
    callers=("web", TOOLS),
    text="Show what was counted of self-tests and contactor, the newest first.",
)
RENEW_PART = Method(
    name="renew",
    server="system",
    arguments=RenewPart,
    result=NoneType,
    callers=("web", TOOLS),
    text="Count from 0 for a contactor that was replaced, or compare with another earth.",
    timeout_s=5.0,  # assumed: a slow disk
)

# --- web ------------------------------------------------------------------------------------------

PAGE = Method(
    name="page",
    server="web",
    arguments=NoArguments,
    result=PageAddress,
    callers=(TOOLS,),
    text="Show the address of the page, and whether anyone has signed in yet.",
)

# --- plant: the simulated world -------------------------------------------------------------------


def _act(name: str, arguments: type[A], text: str) -> Method[A, None]:
    """Return the row of an act, which the panel of the page and `wallbox sim` can request."""
    return Method(
        name=name,
        server="plant",
        arguments=arguments,
        result=NoneType,
        callers=("web", TOOLS),
        text=text,
        timeout_s=5.0,  # a busy machine; an idle one answers within milliseconds
        is_act=True,
    )


PLUG = _act("plug", NoArguments, "Put the plug into the vehicle.")
UNPLUG = _act("unplug", NoArguments, "The vehicle stops and opens S2; the plug is out 1 s later.")
PULL = _act("pull", NoArguments, "Pull the plug out under load.")
READY = _act("ready", NoArguments, "The vehicle wants energy.")
FULL = _act("full", NoArguments, "The vehicle stops wanting energy.")
TAP = _act("tap", plant.Tap, "Present cards to the reader; the box's own are on its label.")
TOUCH = _act("touch", NoArguments, "Press the touch key.")
SERVICE = _act("service", plant.ServicePress, "Press the service key for a time [s].")
HOUSE = _act("house", plant.HouseLoad, "Set the other loads of the house on L1, L2 and L3 [A].")
SUN = _act("sun", plant.Sun, "Set the solar power [W].")
POWER = _act("power", plant.Power, "Switch the mains of the box.")
INPUT = _act("input", plant.ExternalContact, "Open or close the contact at the external input.")
FAULT = _act("fault", plant.FaultName, "Break something.")
CLEAR = _act("clear", plant.FaultName, "Repair what `fault` has broken.")

WORLD = Method(
    name="status",
    server="plant",
    arguments=NoArguments,
    result=plant.WorldStatus,
    callers=("web", TOOLS),
    text="Show the simulated world.",
    timeout_s=5.0,
)
MODBUS_READ = Method(
    name="modbus_read",
    server="plant",
    arguments=plant.ModbusRead,
    result=plant.Registers,
    callers=("meter",),
    text="Read registers of a simulated meter, where there are no sockets.",
)

# --- the table ------------------------------------------------------------------------------------

METHODS: dict[tuple[str, str], Method[Any, Any]] = {
    (method.server, method.name): method
    for method in globals().values()
    if isinstance(method, Method)
}
"""The whole table by server and name: every row above."""

ACTS: dict[str, Method[Any, None]] = {
    method.name: method for method in METHODS.values() if method.is_act
}
"""The acts on the simulated world, by name."""


def method_of(node: str, name: str) -> Method[Any, Any] | None:
    """Return a node's row of this name, its own or that of every node; None: no such row."""
    own = METHODS.get((node, name))
    if own is not None:
        return own
    common = METHODS.get((EVERY_NODE, name))
    return None if common is None else common.at(node)
