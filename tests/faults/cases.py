"""The faults that are made, and the states of a session in which they are made."""

from collections.abc import Callable

from msgspec import Struct

from msgs.plant import SimFault
from tests.box import Box

NO_FAULT = "none"


class Case(Struct, frozen=True, kw_only=True):
    """One fault."""

    name: str
    says: str  # for the reader of the page
    req: str  # the requirement that it belongs to
    code: str  # that is expected; NO_FAULT: none in any state
    breaks: SimFault | None = None  # None: the plug is pulled
    is_gone: bool = False  # pilot reads no vehicle
    grows_s: float = 0.0  # how long a charge lasts until it shows, if longer than a few seconds
    hidden_in: frozenset[str] = frozenset()  # states in which it causes no fault
    # What is done where it causes no fault; returns what it shows, and how long the contactor took.
    follow: Callable[[Box], tuple[str, str]] | None = None


WAS_OPEN = "was open"
VEHICLE_S = 6.0  # in which a vehicle has to drop its load
PATIENCE_S = 90.0  # a vehicle is woken after 30 s, tested, and charges


def _begin_charge(box: Box) -> None:
    """Have a vehicle charge that has just been plugged in, or go on after a pause."""
    if box.state == "Suspended":
        box.ask("session", "wish", {"pause": False})
    if box.is_out:
        box.act("plug")
    box.act("ready")


def _stop_a_charge(box: Box) -> tuple[str, str]:
    """Withdraw the offer of a vehicle that charges, if that was not done before."""
    if box.contactor != "closed":
        _begin_charge(box)
        assert box.is_soon(lambda: box.is_drawing, PATIENCE_S)
        box.advance(6.0)
    if box.said("pilot/status")["offered_a"] > 0.0:
        box.ask("session", "wish", {"pause": True})
    assert box.is_soon(lambda: box.contactor == "open", PATIENCE_S)
    took_s = box.happened("contacts_open") - box.happened("duty")
    shows = "opened under load" if took_s >= VEHICLE_S else "X1 was on the line before"
    return f"no fault: {shows}", f"{took_s:.2f} s"


def _charge_again(box: Box) -> tuple[str, str]:
    """Have a vehicle charge after the next plug-in, or after the pause."""
    if box.contactor == "closed":
        box.act("unplug")
        box.advance(3.0)
    _begin_charge(box)
    assert box.is_soon(lambda: box.is_drawing, PATIENCE_S)
    return "no fault: woken, and charges", WAS_OPEN


def _charge_unseen(box: Box) -> tuple[str, str]:
    """Charge while the meter chip repeats that no current flows."""
    _begin_charge(box)
    assert box.is_soon(lambda: box.contactor == "closed", PATIENCE_S)
    box.advance(30.0)
    return "no fault: it shows 0 A", WAS_OPEN


CASES = (
    Case(name="pull", says="the plug is pulled", req="ERR-1", code="1", is_gone=True),
    Case(
        name="cp_open",
        says="the pilot wire breaks",
        req="ERR-1",
        code="1",
        breaks=SimFault.CP_OPEN,
        is_gone=True,
    ),
    Case(name="hot", says="a terminal overheats", req="ERR-3", code="3", breaks=SimFault.HOT),
    Case(name="ntc_open", says="a sensor is open", req="ERR-3", code="3", breaks=SimFault.NTC_OPEN),
    Case(
        name="no_diode",
        says="a load without a vehicle's diode",
        req="ERR-5",
        code="5",
        breaks=SimFault.NO_DIODE,
    ),
    Case(
        name="cp_short",
        says="pilot shorted to earth",
        req="ERR-8",
        code="8",
        breaks=SimFault.CP_SHORT,
    ),
    Case(name="cp_mid", says="pilot between states", req="ERR-8", code="8", breaks=SimFault.CP_MID),
    Case(
        name="cp_minus",
        says="pilot stuck at -12 V",
        req="ERR-8",
        code="8",
        breaks=SimFault.CP_MINUS,
    ),
    Case(
        name="spi_stuck",
        says="converters answer zeros",
        req="ERR-8",
        code="8",
        breaks=SimFault.SPI_STUCK,
    ),
    Case(
        name="no_close",
        says="the contactor does not close",
        req="ERR-8001",
        code="8001",
        breaks=SimFault.NO_CLOSE,
    ),
    Case(name="sag", says="mains at 150 V", req="ERR-8002", code="8002", breaks=SimFault.SAG),
    Case(name="swell", says="mains at 290 V", req="ERR-8002", code="8002", breaks=SimFault.SWELL),
    Case(
        name="phase_lost",
        says="L2 is gone",
        req="ERR-8002",
        code="8002",
        breaks=SimFault.PHASE_LOST,
    ),
    Case(
        name="chip_dead",
        says="the meter chip is silent",
        req="ERR-8002",
        code="8002",
        breaks=SimFault.CHIP_DEAD,
    ),
    Case(
        name="chip_zero",
        says="the meter chip shows nothing",
        req="ERR-8002",
        code="8002",
        breaks=SimFault.CHIP_ZERO,
    ),
    Case(
        name="chip_frozen",
        says="the meter chip repeats its last values",
        req="ERR-8002",
        code="8002",
        breaks=SimFault.CHIP_FROZEN,
        hidden_in=frozenset({"idle", "self-test", "ready", "paused"}),
        follow=_charge_unseen,
    ),
    Case(
        name="overcurrent",
        says="20 % more than offered",
        req="ERR-4003",
        code="4003",
        breaks=SimFault.OVERCURRENT,
    ),
    Case(
        name="rcm_ac",
        says="150 mA AC to earth",
        req="ERR-8005",
        code="8005",
        breaks=SimFault.RCM_AC,
    ),
    Case(
        name="rcm_dc",
        says="200 mA DC to earth",
        req="ERR-8005",
        code="8005",
        breaks=SimFault.RCM_DC,
    ),
    Case(
        name="rcm_test",
        says="the monitor ignores its test",
        req="ERR-8005",
        code="8005",
        breaks=SimFault.RCM_TEST,
    ),
    Case(
        name="rcm_test, five times",
        says="the monitor ignores its test again and again",
        req="ERR-RED",
        code="red",
        breaks=SimFault.RCM_TEST,
        grows_s=300.0,
    ),
    Case(
        name="mirror_dead",
        says="the mirror contact never closes",
        req="ERR-8007",
        code="8007",
        breaks=SimFault.MIRROR_DEAD,
    ),
    Case(
        name="generator_stuck",
        says="the generator keeps its duty",
        req="ERR-8007",
        code="8007",
        breaks=SimFault.GENERATOR_STUCK,
    ),
    Case(name="weld", says="a pole is welded", req="ERR-RED", code="red", breaks=SimFault.WELD),
    Case(
        name="slow",
        says="the contactor opens after 0.5 s",
        req="ERR-RED",
        code="red",
        breaks=SimFault.SLOW,
    ),
    Case(
        name="pe_open",
        says="no protective earth",
        req="ERR-RED",
        code="red",
        breaks=SimFault.PE_OPEN,
    ),
    Case(
        name="pe_high",
        says="an earth of 2 kohm",
        req="ERR-RED",
        code="red",
        breaks=SimFault.PE_HIGH,
    ),
    Case(
        name="ignores_x1",
        says="the vehicle draws on in X1",
        req="CHG-2",
        code=NO_FAULT,
        breaks=SimFault.IGNORES_X1,
        follow=_stop_a_charge,
    ),
    Case(
        name="asleep",
        says="the vehicle sleeps and takes no offer",
        req="CHG-1",
        code=NO_FAULT,
        breaks=SimFault.ASLEEP,
        follow=_charge_again,
    ),
)


def _idle(box: Box) -> None:
    box.advance(1.0)


def _self_test(box: Box) -> None:
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.phase == "self_test")
    box.advance(0.3)


def _ready(box: Box) -> None:
    box.act("plug")
    box.wait(lambda: box.phase == "ready")
    box.advance(6.0)


def _charging(box: Box) -> None:
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(10.0)


def _paused(box: Box) -> None:
    _charging(box)
    box.ask("session", "wish", {"pause": True})
    box.wait(lambda: box.state == "Suspended" and box.contactor == "open")
    box.advance(6.0)


def _ending(box: Box) -> None:
    _charging(box)
    box.ask("session", "end", {"reason": "the test"})
    box.advance(0.3)


STATES: dict[str, Callable[[Box], None]] = {
    "idle": _idle,
    "self-test": _self_test,
    "ready": _ready,
    "charging": _charging,
    "paused": _paused,
    "ending": _ending,
}
"""How each state of a session is reached."""
