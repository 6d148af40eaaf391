"""Commands of the UDP interface in their order: pauses, repeats, timers, and each session state."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.smart_home.control import MOST_DELAY_S, MOST_ENERGY_DWH
from nodes.smart_home.senders import PORT
from tests.smart_home.home import CONTROLLER, OK, Home, at_home

pytestmark = pytest.mark.req("APP-2")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with at_home(tmp_path) as home:
        yield home


def at_once(home: Home, *texts: str) -> list[str]:
    """Send commands without a pause between them; return how they are confirmed."""
    before = len(home.network.sent)
    for text in texts:
        home.network.send(text.encode(), CONTROLLER, PORT)
    home.advance(0.2)
    return [text for _, _, text in home.network.sent[before:] if text.startswith("TCH")]


# --- pauses and repeats ---------------------------------------------------------------------------


def test_commands_without_the_pause_of_the_guide_act_in_their_order(home: Home) -> None:
    """A controller waits 100 ms between two; the box does not need it."""
    assert at_once(home, "curr 20000", "curr 12000", "curr 16000") == [OK] * 3
    assert home.report(2)["Curr user"] == 16_000
    assert at_once(home, "ena 0", "ena 1", "ena 0") == [OK] * 3
    assert home.report(2)["Enable user"] == 0


def test_two_commands_in_one_datagram_are_none(home: Home) -> None:
    assert home.refuse("ena 0\nena 1")
    assert home.refuse("curr 6000 curr 7000")
    seen = home.report(2)
    assert (seen["Enable user"], seen["Curr user"]) == (1, 63_000)


def test_a_repeated_command_is_confirmed_each_time_and_changes_nothing(home: Home) -> None:
    home.begin_charge()
    assert at_once(home, *["curr 16000"] * 5) == [OK] * 5
    home.soon(lambda: home.offered_a == 16.0)
    for _ in range(10):
        home.order("curr 16000", wait_s=0.1)
        assert home.offered_a == 16.0


def test_enabling_at_once_after_disabling_charges_on(home: Home) -> None:
    """A controller waits 2 s after a disable; without it nothing is stuck."""
    home.begin_charge()
    assert at_once(home, "ena 0", "ena 1") == [OK] * 2
    home.soon(lambda: home.offered_a == 32.0, 60.0)
    home.order("ena 0", wait_s=0.1)
    home.order("ena 1", wait_s=0.1)
    home.soon(lambda: home.offered_a == 32.0 and home.state == "Charging", 60.0)


# --- currtime -------------------------------------------------------------------------------------

STOPPED, ENABLED = 0, 1
WAITS, NONE_WAITS = True, False


@pytest.mark.parametrize(
    ("texts", "enabled", "current_ma", "waits"),
    [
        (["currtime 6000 0"], ENABLED, 6_000, NONE_WAITS),
        (["currtime 63000 0"], ENABLED, 63_000, NONE_WAITS),
        ([f"currtime 16000 {MOST_DELAY_S}"], ENABLED, 63_000, WAITS),
        (["currtime 16000 60", "currtime 0 0"], ENABLED, 63_000, NONE_WAITS),
        (["currtime 0 0"], ENABLED, 63_000, NONE_WAITS),
        (["currtime 16000 60", "currtime 10000 0"], ENABLED, 10_000, NONE_WAITS),
        (["currtime 16000 1", "currtime 10000 60"], ENABLED, 63_000, WAITS),  # one timer
        (["currtime 16000 0", "curr 10000"], ENABLED, 10_000, NONE_WAITS),
        (["curr 10000", "currtime 16000 0"], ENABLED, 16_000, NONE_WAITS),
        (["currtime 16000 60", "curr 10000"], ENABLED, 10_000, WAITS),
        (["ena 0", "currtime 16000 60"], STOPPED, 63_000, WAITS),
        (["ena 0", "currtime 16000 0"], ENABLED, 16_000, NONE_WAITS),
        (["ena 0", "curr 16000"], STOPPED, 16_000, NONE_WAITS),
        (["currtime 0 1"], STOPPED, 63_000, NONE_WAITS),
        (["currtime 16000 0", "currtime 0 1"], STOPPED, 16_000, NONE_WAITS),
        (["currtime 0 1", "currtime 0 0"], ENABLED, 63_000, NONE_WAITS),  # it was cancelled
        (["currtime 0 60"], ENABLED, 63_000, WAITS),
    ],
    ids=lambda each: ", ".join(each) if isinstance(each, list) else "",
)
def test_the_last_of_several_currents_counts(
    home: Home, texts: list[str], enabled: int, current_ma: int, waits: bool
) -> None:
    home.act("plug")
    home.advance(3.0)
    assert at_once(home, *texts) == [OK] * len(texts)
    home.advance(2.0)
    seen = home.report(2)
    assert (seen["Enable user"], seen["Curr user"]) == (enabled, current_ma)
    assert (seen["Tmo CT"] > 0) is waits


# --- setenergy ------------------------------------------------------------------------------------


def test_an_energy_limit_without_a_session_is_confirmed_and_forgotten_with_the_plug(
    home: Home,
) -> None:
    """The guide has it only during a session; its energy begins with the next one."""
    home.order("setenergy 100")
    home.advance(1.0)
    assert home.report(2)["Setenergy"] == 0
    home.begin_charge()
    home.advance(30.0)
    assert home.offered_a == 32.0


@pytest.mark.parametrize("energy_dwh", [1, MOST_ENERGY_DWH])
def test_both_edges_of_an_energy_limit(home: Home, energy_dwh: int) -> None:
    home.begin_charge()
    home.advance(10.0)
    home.order(f"setenergy {energy_dwh}")
    home.advance(2.0)
    is_reached = energy_dwh == 1
    assert home.report(2)["Enable user"] == (0 if is_reached else 1)
    assert home.report(2)["Setenergy"] == (0 if is_reached else energy_dwh)
    home.order("setenergy 0")
    assert home.report(2)["Setenergy"] == 0


# --- failsafe -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "timeout_s", "current_ma"),
    [
        ("failsafe 10 0 0", 10, 0),
        ("failsafe 10 6000 0", 10, 6_000),
        ("failsafe 600 63000 1", 600, 63_000),
        ("failsafe 0 63000 0", 0, 0),
        ("failsafe 0 0 1", 0, 0),
    ],
)
def test_both_edges_of_a_failsafe(home: Home, text: str, timeout_s: int, current_ma: int) -> None:
    home.order("failsafe 30 10000 0")
    home.order(text)
    seen = home.report(2)
    assert (seen["Tmo FS"], seen["Curr FS"]) == (timeout_s, current_ma)


def test_a_refused_command_does_not_keep_the_failsafe_away(home: Home) -> None:
    home.begin_charge()
    home.order("failsafe 10 6000 0")
    for _ in range(5):
        home.advance(2.0)
        home.refuse("curr 5999")
    home.soon(lambda: home.offered_a == 6.0, 3.0)


# --- start and stop -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["unplugged", "waits", "charging", "paused", "full"])
def test_start_and_stop_in_each_state_of_a_session(home: Home, state: str) -> None:
    """Each is confirmed, and a charge can always be started again."""
    if state == "waits":
        home.act("plug")
        home.advance(10.0)
    elif state != "unplugged":
        home.begin_charge()
    if state == "paused":
        home.order("ena 0")
        home.soon(lambda: home.offered_a == 0.0)
    elif state == "full":
        home.act("full")
        home.advance(20.0)
    home.order("start", wait_s=2.0)
    home.order("stop", wait_s=12.0)
    assert home.state != "Charging"
    home.order("stop", wait_s=2.0)
    if state == "paused":
        home.order("ena 1")
    if state == "unplugged":
        home.act("plug")
    home.act("ready")
    home.order("start", wait_s=2.0)
    home.soon(lambda: home.state == "Charging", 60.0)
