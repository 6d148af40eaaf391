"""The states of the live page: what each shows, and how a box comes into it (`virtual_site`).

The pictures and the tests of every state go over STATES. `test_states.py` compares it with the
codes of faults and with the states and reasons that session can publish.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from bus.disk import Refusal, refuse
from tests.box import AS_DELIVERED, NO_CARD
from tests.faults.cases import CASES, NO_FAULT, Case
from tests.web.browser.virtual_site import VirtualSite

FUSE = "factory.main_fuse_a=25"
LARGE_FUSE = "factory.main_fuse_a=63"  # the vehicle gets its full current
SUNNY = "factory.solar.enabled=true"
UNKNOWN_CARD = "04DEADBEEF0102"
SHAPED_S = 240.0  # until the curve has a shape
SETTLED_S = 25.0
SILENT_S = 8.0  # longer than every hold

Reach = Callable[[VirtualSite], None]
Seen = Callable[[VirtualSite, list[Page]], None]


def _nothing(site: VirtualSite) -> None:
    pass


def _as_it_is(site: VirtualSite, pages: list[Page]) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state: how a box is launched, what happens to it, and what then happens before a page."""

    name: str
    says: str  # for a reader of the pictures
    reach: Reach = _nothing
    then: Seen = _as_it_is  # when its pages are open
    settings: tuple[str, ...] = (FUSE,)
    authorization: str = NO_CARD
    is_passing: bool = False  # time is slowed down, for it would be over soon
    scripts: bool = True
    complaints: tuple[str, ...] = ()  # parts of what the browser notes of it


# --- steps ----------------------------------------------------------------------------------------


def in_turn(*steps: Reach) -> Reach:
    def go(site: VirtualSite) -> None:
        for step in steps:
            step(site)

    return go


def skip(seconds: float) -> Reach:
    return lambda site: site.skip(seconds)


def act(method: str, **arguments: object) -> Reach:
    return lambda site: site.act(method, **arguments)


def ask(node: str, method: str, **arguments: object) -> Reach:
    def send(site: VirtualSite) -> None:
        site.ask(node, method, **arguments)

    return send


def put(**changes: object) -> Reach:
    return lambda site: site.set(**changes)


def tap(color: str) -> Reach:
    return in_turn(lambda site: site.tap(color), skip(3.0))


def fault(name: str) -> Reach:
    return act("fault", name=name)


def until_state(state: str, within_s: float = 120.0) -> Reach:
    return lambda site: site.skip_until(lambda box: box.state == state, within_s)


def until_phase(phase: str) -> Reach:
    return lambda site: site.skip_until(lambda box: box.phase == phase)


def until_fault(code: str, within_s: float = 120.0) -> Reach:
    return lambda site: site.skip_until(lambda box: code in box.faults, within_s)


def charging(seconds: float = SHAPED_S) -> Reach:
    draws: Reach = lambda site: site.skip_until(lambda box: box.is_drawing)  # noqa: E731
    return in_turn(act("plug"), act("ready"), draws, skip(seconds))


def charging_then(*steps: Reach) -> Reach:
    return in_turn(charging(), *steps, skip(SETTLED_S))


PLUGGED = in_turn(act("plug"), skip(8.0))


def silent(*nodes: str) -> Reach:
    def kill(site: VirtualSite) -> None:
        for node in nodes:
            site.kill(node)

    return in_turn(charging(60.0), kill, skip(SILENT_S))


def broken(case: Case) -> Reach:
    """Return how the fault of a case of docs/faults.md is raised, from a charge."""

    def go(site: VirtualSite) -> None:
        if case.breaks is None:
            site.act("pull")
            site.skip(1.0)
            return
        site.act("fault", name=case.breaks)
        if not site.is_soon(lambda box: case.code in box.faults, 40.0):
            site.act("unplug")
            site.skip(5.0)
        if not site.is_soon(lambda box: case.code in box.faults, 0.1):
            site.act("plug")
            site.act("ready")
            site.skip_until(lambda box: case.code in box.faults, 40.0 + case.grows_s)
        site.skip(3.0)

    return in_turn(charging(60.0), go)


def disk_full(site: VirtualSite) -> None:
    refuse(site.home / "state", Refusal.NEW_BLOCKS)


def lose_power(site: VirtualSite) -> None:
    site.use(lambda box: box.lose_power(600.0, is_utc_set=False))


# --- before an open page --------------------------------------------------------------------------


def tapped(uid_or_color: str) -> Seen:
    def go(site: VirtualSite, pages: list[Page]) -> None:
        if uid_or_color == UNKNOWN_CARD:
            site.act("tap", uid=UNKNOWN_CARD)
        else:
            site.tap(uid_or_color)
        pages[0].wait_for_timeout(700)

    return go


def server_ended(site: VirtualSite, pages: list[Page]) -> None:
    site.stop_serving()
    for page in pages:
        page.locator("#live[data-stale]").wait_for()


# --- the table ------------------------------------------------------------------------------------

STATES: tuple[State, ...] = (
    State(name="idle", says="no vehicle, and no card is needed"),
    State(name="idle-card", says="a card is needed", authorization=AS_DELIVERED),
    State(
        name="card-refused",
        says="an unknown card is refused",
        authorization=AS_DELIVERED,
        then=tapped(UNKNOWN_CARD),
    ),
    State(
        name="card-accepted",
        says="a card is accepted",
        authorization=AS_DELIVERED,
        then=tapped("blue"),
    ),
    State(
        name="card-logged-off",
        says="a card logs off",
        authorization=AS_DELIVERED,
        reach=tap("blue"),
        then=tapped("blue"),
    ),
    State(
        name="authorised",
        says="waits for the plug",
        authorization=AS_DELIVERED,
        reach=tap("blue"),
    ),
    State(
        name="lapsed",
        says="authorised, and nothing was plugged in for a minute",
        authorization=AS_DELIVERED,
        reach=in_turn(tap("blue"), skip(61.0)),
    ),
    State(
        name="authorised-plugged",
        says="authorised, the vehicle takes nothing",
        authorization=AS_DELIVERED,
        reach=in_turn(tap("blue"), PLUGGED, skip(90.0)),
    ),
    State(
        name="plugged-card",
        says="plugged in, waits for a card",
        authorization=AS_DELIVERED,
        reach=PLUGGED,
    ),
    State(name="waiting-for-car", says="the vehicle takes nothing yet", reach=PLUGGED),
    State(
        name="self-test",
        says="the residual-current monitor is tested",
        reach=in_turn(act("plug"), act("ready"), until_phase("self_test"), skip(0.3)),
        is_passing=True,
    ),
    # --- charging
    State(name="charging", says="full current", reach=charging(), settings=(LARGE_FUSE,)),
    State(
        name="charging-house",
        says="beside other loads",
        reach=in_turn(charging(), act("house", current_a=[19.0, 6.0, 3.0]), skip(120.0)),
        settings=("factory.main_fuse_a=35",),
    ),
    State(
        name="charging-card",
        says="begun by a card",
        authorization=AS_DELIVERED,
        settings=(LARGE_FUSE,),
        reach=in_turn(tap("blue"), charging()),
    ),
    State(
        name="charging-no-meter",
        says="the house is not measured",
        settings=("factory.monitoring.enabled=false", "factory.house_meter.enabled=false"),
        reach=charging(),
    ),
    State(
        name="charging-one-phase",
        says="a box on one phase",
        settings=(FUSE, "plant.phases=1", "factory.phase_assignment=L1"),
        reach=charging(),
    ),
    State(
        name="limited-by-house",
        says="other loads leave a part",
        reach=charging_then(act("house", current_a=[14.0, 6.0, 3.0])),
    ),
    State(
        name="paused-by-house",
        says="other loads leave nothing",
        reach=charging_then(act("house", current_a=[24.0, 6.0, 3.0])),
    ),
    State(
        name="solar-wait",
        says="not enough sun",
        settings=(FUSE, SUNNY),
        reach=in_turn(act("sun", power_w=500.0), PLUGGED, act("ready"), skip(60.0)),
    ),
    State(
        name="solar-charging",
        says="the sun alone",
        settings=(FUSE, SUNNY),
        reach=in_turn(act("sun", power_w=9000.0), charging()),
    ),
    State(
        name="meter-lost",
        says="the house meter is lost",
        reach=charging_then(fault("meter_lost")),
    ),
    State(
        name="derated",
        says="less current because of heat",
        settings=(LARGE_FUSE,),
        reach=in_turn(charging(60.0), fault("hot"), until_state("Degraded")),
        is_passing=True,
    ),
    State(
        name="wish-limit",
        says="limited by hand",
        reach=charging_then(ask("session", "wish", limit_a=10.0)),
    ),
    State(
        name="wish-pause",
        says="paused by hand",
        reach=charging_then(ask("session", "wish", pause=True)),
    ),
    State(
        name="stopped",
        says="stopped by hand, still plugged in",
        reach=charging_then(ask("session", "end", reason="the page")),
    ),
    State(
        name="logged-off",
        says="stopped by the card that began it",
        authorization=AS_DELIVERED,
        reach=in_turn(tap("blue"), charging(60.0), tap("blue"), skip(10.0)),
    ),
    State(name="full", says="the vehicle wants no more", reach=charging_then(act("full"))),
    State(
        name="energy-limit",
        says="1 kWh was wanted",
        reach=in_turn(charging(), ask("session", "energy_limit", energy_wh=1000.0), skip(600.0)),
    ),
    State(
        name="schedule",
        says="outside of the hours",
        reach=charging_then(put(schedule__enabled=True, schedule__hours=["mon-sun 05:00-06:00"])),
    ),
    State(
        name="external-input",
        says="the contact of the grid operator is open",
        settings=(FUSE, "plant.external_input=true"),
        reach=charging_then(act("input", position="open")),
    ),
    State(
        name="fleet",
        says="fleet charging",
        settings=(
            "factory.operating_mode=fleet",
            "factory.monitoring.enabled=false",
            "factory.house_meter.enabled=false",
        ),
        reach=charging(),
    ),
    State(
        name="asleep",
        says="the vehicle answers no offer",
        reach=in_turn(PLUGGED, fault("asleep"), act("ready"), skip(5.0)),
    ),
    State(
        name="waking",
        says="the vehicle is woken",
        reach=in_turn(PLUGGED, fault("asleep"), act("ready"), until_phase("idle"), skip(1.0)),
        is_passing=True,
    ),
    # --- cards
    State(
        name="teaching",
        says="cards are taught",
        authorization=AS_DELIVERED,
        reach=in_turn(lambda site: site.tap("white"), until_state("TokenProgrammingMode")),
        is_passing=True,
    ),
    State(
        name="no-cards",
        says="all cards are erased",
        authorization=AS_DELIVERED,
        reach=in_turn(ask("rfid", "erase"), skip(3.0)),
    ),
    State(
        name="master-wanted",
        says="the first card becomes the master",
        authorization=AS_DELIVERED,
        reach=in_turn(
            ask("rfid", "erase"), lambda site: site.use(lambda box: box.restart("rfid")), skip(3.0)
        ),
    ),
    State(
        name="reader-dead",
        says="the card reader does not answer",
        authorization=AS_DELIVERED,
        reach=in_turn(fault("reader_dead"), skip(10.0)),
    ),
    # --- the box itself
    State(
        name="service-mode",
        says="commissioning",
        settings=(FUSE, "plant.dip2=1"),
        reach=PLUGGED,
    ),
    State(name="showroom", says="showroom", settings=(FUSE, "safety.showroom=true"), reach=PLUGGED),
    State(name="mains-off", says="no mains", reach=charging_then(act("power", on=False))),
    State(
        name="mains-off-idle",
        says="no mains, no vehicle",
        reach=in_turn(act("power", on=False), skip(5.0)),
    ),
    State(
        name="mains-off-in-a-fault",
        says="8002, and then no mains",
        reach=in_turn(
            charging(60.0), fault("sag"), until_fault("8002"), act("power", on=False), skip(5.0)
        ),
    ),
    State(
        name="several-faults",
        says="a residual current, and no earth",
        reach=in_turn(
            charging(60.0), fault("rcm_dc"), until_fault("8005"), fault("pe_open"), skip(8.0)
        ),
    ),
    State(
        name="retries-used",
        says="all retries are used",
        reach=in_turn(
            charging(60.0), fault("rcm_ac"), until_state("UnrecoverableError", 3600.0), skip(3.0)
        ),
    ),
    State(
        name="not-stored",
        says="the disk is full",
        authorization=AS_DELIVERED,
        reach=in_turn(disk_full, PLUGGED, tap("blue"), skip(10.0)),
    ),
    State(
        name="clock-not-set",
        says="after a loss of power, the clock not set",
        reach=in_turn(charging(60.0), lose_power, skip(8.0)),
    ),
    # --- nodes that are silent
    State(name="session-silent", says="session is dead", reach=silent("session")),
    State(name="safety-silent", says="safety is dead", reach=silent("safety")),
    State(name="pilot-silent", says="pilot is dead", reach=silent("pilot")),
    State(name="load-manager-silent", says="load_manager is dead", reach=silent("load_manager")),
    State(name="meter-silent", says="meter is dead", reach=silent("meter")),
    State(name="led-silent", says="led is dead", reach=silent("led")),
    State(
        name="all-silent",
        says="all but the page is dead",
        reach=silent(
            "session", "load_manager", "meter", "led", "rfid", "pilot", "safety", "system"
        ),
    ),
    State(
        name="box-lost",
        says="the box does not answer",
        reach=charging(),
        then=server_ended,
        complaints=("ERR_", "Failed to load"),
    ),
    State(name="no-javascript", says="without JavaScript", reach=charging(), scripts=False),
    *(
        State(
            name=f"fault-{case.code}-{case.name}".replace(",", "").replace(" ", "-"),
            says=f"{case.code}: {case.says}",
            reach=broken(case),
        )
        for case in CASES
        if case.code != NO_FAULT
    ),
)
"""Every state, in the order of a charge."""


def named(name: str) -> State:
    """Return the state of a name."""
    return next(state for state in STATES if state.name == name)
