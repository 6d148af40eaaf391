"""Controllers that vanish, and nodes that are restarted, killed or without a disk."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from bus.disk import Refusal, refuse
from msgs.safety import Contactor
from nodes.smart_home.control import Control
from nodes.smart_home.kept import NO_LASTING, RUN_FILE, STATE_FILE, Kept
from nodes.smart_home.machine import start, step
from nodes.smart_home.state import Inputs
from tests.smart_home.home import Home, at_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with at_home(tmp_path / "state") as home:
        yield home


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Return the run directory of the box: see `bus.memory`."""
    return tmp_path / "state-run"


@pytest.mark.req("APP-2", "MET-7")
@pytest.mark.parametrize(("current_ma", "offered_a"), [(10_000, 10.0), (0, 0.0), (63_000, 32.0)])
def test_the_duty_follows_the_failsafe_within_half_a_second(
    home: Home, current_ma: int, offered_a: float
) -> None:
    home.begin_charge()
    home.order("curr 16000")
    home.soon(lambda: home.offered_a == 16.0)
    home.order("ena 1")
    home.order(f"failsafe 20 {current_ma} 0")
    said_s = home.now_s - 0.2
    home.advance(19.9 - (home.now_s - said_s))
    assert home.offered_a == 16.0
    home.advance(0.7)  # 0.5 s, and the way of the datagram
    if offered_a < 16.0:
        assert home.offered_a == offered_a
    home.soon(lambda: home.offered_a == offered_a)
    assert home.said("load/offer")["reason"] == "smart_home" or current_ma == 63_000
    seen = home.report(2)
    assert (seen["Enable sys"], seen["Curr FS"], seen["Tmo FS"]) == (0, current_ma, 20)
    home.advance(5.0)
    drawn_a = home.said("sim/power")["lines"][0]["current_a"]
    assert drawn_a <= offered_a + 0.5
    home.order("curr 12000")
    home.advance(2.0)
    assert home.said("smart_home/status")["is_failsafe"]
    home.order("ena 1")
    home.soon(lambda: home.offered_a == 12.0)


@pytest.mark.req("MET-7")
def test_a_controller_that_repeats_its_order_keeps_the_current(home: Home) -> None:
    home.begin_charge()
    home.order("failsafe 10 6000 0")
    for _ in range(12):
        home.order("curr 20000", wait_s=5.0)
    assert home.offered_a == 20.0


@pytest.mark.req("MET-7")
def test_a_silent_node_is_replaced_by_the_fallback_of_its_wish(home: Home) -> None:
    home.begin_charge()
    home.order("curr 20000")
    home.order("failsafe 10 8000 0")
    home.soon(lambda: home.offered_a == 20.0)
    home.kill("smart_home")
    home.advance(6.9)
    assert home.offered_a == 20.0
    home.advance(3.7)
    assert home.offered_a == 8.0


@pytest.mark.req("MET-7")
def test_a_restart_of_the_node_keeps_what_was_ordered(home: Home) -> None:
    home.begin_charge()
    for text in ("curr 20000", "currtime 10000 1", "setenergy 100000", "failsafe 60 8000 0"):
        home.order(text)
    home.soon(lambda: home.offered_a == 10.0)
    for dead_s in (0.0, 0.5):
        home.crash("smart_home", dead_s)
        home.advance(3.0)
        assert (home.offered_a, home.said("safety/status")["contactor"]) == (10.0, "closed")
        seen = home.report(2)
        kept = {"Curr user": 10_000, "Setenergy": 100_000, "Curr FS": 8000, "Tmo FS": 60}
        assert seen | kept == seen
    home.act("unplug")
    home.advance(20.0)
    assert home.report(2)["Curr user"] == 20_000


@pytest.mark.req("MET-7")
def test_a_paused_charge_stays_paused_over_a_restart_of_the_node(home: Home) -> None:
    home.begin_charge()
    for text in ("ena 0", "ena 1", "currtime 0 1"):
        home.order(text, wait_s=2.0)
    home.soon(lambda: home.offered_a == 0.0)
    home.restart("smart_home")
    for _ in range(50):
        home.advance(0.2)
        assert home.offered_a == 0.0


@pytest.mark.req("MET-7")
def test_a_start_of_the_box_clears_what_was_ordered_but_a_lasting_failsafe(home: Home) -> None:
    for text in ("curr 20000", "ena 0", "failsafe 60 8000 1"):
        home.order(text)
    home.restart_all()
    home.advance(5.0)
    seen = home.report(2)
    cleared = {"Curr user": 63_000, "Enable user": 1, "Curr FS": 8000, "Tmo FS": 60}
    assert seen | cleared == seen
    home.order("failsafe 0 0 1")
    home.lose_power(3600.0)
    home.advance(5.0)
    assert home.report(2)["Tmo FS"] == 0


def test_a_failsafe_that_is_not_lasting_is_cleared_by_a_start(home: Home) -> None:
    home.order("failsafe 60 8000 0")
    home.lose_power(3600.0)
    home.advance(5.0)
    assert home.report(2)["Tmo FS"] == 0


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 50, b'{"control": 5}'])
def test_a_damaged_file_of_the_run_allows_no_more_than_6_a(
    home: Home, run_dir: Path, content: bytes
) -> None:
    home.begin_charge()
    home.order("curr 20000")
    home.soon(lambda: home.offered_a == 20.0)
    home.kill("smart_home")
    for path in run_dir.glob(f"{RUN_FILE}*"):
        path.write_bytes(content)
    home.start("smart_home")
    home.advance(1.0)
    home.soon(lambda: home.offered_a == 6.0)
    home.order("curr 20000")
    home.soon(lambda: home.offered_a == 20.0)


@pytest.mark.parametrize("number", range(6))
def test_any_damage_to_the_newest_file_never_allows_more(
    home: Home, run_dir: Path, number: int
) -> None:
    home.begin_charge()
    home.order("curr 20000")
    home.order("curr 10000")
    home.soon(lambda: home.offered_a == 10.0)
    home.kill("smart_home")
    path, chance = run_dir / RUN_FILE, Random(number)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(content[: chance.randrange(len(content))] if number % 2 else content))
    home.start("smart_home")
    home.advance(20.0)
    assert home.offered_a in (6.0, 10.0)


def test_a_lost_file_of_what_lasts_is_a_careful_failsafe(home: Home, tmp_path: Path) -> None:
    home.order("failsafe 60 16000 1")
    home.kill("smart_home")
    for path in (tmp_path / "state").glob(f"{STATE_FILE}*"):
        path.write_bytes(b"x")
    home.start("smart_home")
    home.advance(2.0)
    home.restart_all()
    home.advance(5.0)
    seen = home.report(2)
    assert (seen["Curr FS"], seen["Tmo FS"]) == (6000, 600)


def test_what_the_disk_refuses_is_in_force_and_not_confirmed(home: Home, run_dir: Path) -> None:
    home.begin_charge()
    refuse(run_dir, Refusal.ALL)
    try:
        assert "not stored" in home.refuse("curr 10000")
        home.soon(lambda: home.offered_a == 10.0)
    finally:
        refuse(run_dir, None)
    home.order("curr 10000")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.req("APP-2", "MET-7")
def test_no_order_closes_without_a_card_or_raises_another_limit(tmp_path: Path, seed: int) -> None:
    """Any order of messages, with the plug moving, nodes restarted and cards that are wrong."""
    chance = Random(seed)
    words = [
        "i", "report 1", "report 2", "report 3", "report 100", "report 117", "curr 63000",
        "curr 6000", "curr 0", "currtime 63000 0", "currtime 63000 3", "currtime 0 1",
        "currtime 0 0", "ena 0", "ena 1", "setenergy 0", "setenergy 10", "failsafe 10 63000 0",
        "failsafe 10 63000 1", "failsafe 0 0 0", "output 1", "start", "start 04AABBCC", "stop",
        "stop 04AABBCC", "unlock", "x2 1", "setdatetime 0", "display 0 0 0 0 a", "ena 9", "\0",
    ]  # fmt: skip
    with at_home(tmp_path, "smart_home.udp_start=on", "plant.dip_a=16", card=True) as home:
        acts: list[Callable[[], None]] = [
            lambda: home.act("plug"), lambda: home.act("ready"), lambda: home.act("full"),
            lambda: home.restart("smart_home"), lambda: home.crash("smart_home", 1.0),
        ]  # fmt: skip
        is_plugged = False
        for _ in range(150):
            if chance.random() < 0.1:
                act = chance.choice(acts)
                if act is acts[0] and is_plugged:
                    continue
                is_plugged = is_plugged or act is acts[0]
                if is_plugged or act in acts[3:]:
                    act()
            home.say(chance.choice(words), wait_s=chance.choice([0.05, 0.2, 1.0, 5.0]))
            assert home.said("safety/status")["contactor"] == Contactor.OPEN
            assert not home.said("session/status")["authorized"]
        home.act("tap", {"uid": home.uid})
        for _ in range(100):
            home.say(chance.choice(words), wait_s=chance.choice([0.05, 0.2, 1.0, 5.0]))
            assert home.offered_a <= 16.0


def test_what_came_of_the_last_order_is_published(home: Home) -> None:
    home.order("currtime 10000 20")
    last = home.said("smart_home/status")["last"]
    assert last["words"] == "limit 10 A for this charge in 20 s"
    assert (last["sender"], last["refusal"], last["is_open"]) == ("192.168.2.50", "", False)
    home.begin_charge()
    home.refuse("stop 04AABBCC")
    last = home.said("smart_home/status")["last"]
    assert (last["words"], last["refusal"]) == ("stop with a card", "another card has authorised")


@pytest.mark.req("MET-7")
def test_a_new_node_lifts_nothing_before_the_settings_are_known(home: Home) -> None:
    home.begin_charge()
    home.order("curr 10000")
    home.soon(lambda: home.offered_a == 10.0)
    home.kill("system")
    home.restart("smart_home")
    for _ in range(40):
        home.advance(0.1)
        assert home.offered_a == 10.0
    home.start("system")
    home.advance(3.0)
    assert home.offered_a == 10.0


@pytest.mark.req("MET-7")
@pytest.mark.parametrize(
    ("is_used", "series", "is_said"),
    [(None, "s", False), (True, "", False), (True, "s", True), (False, "s", True)],
)
def test_no_wish_is_sent_before_it_is_known_what_counts(
    is_used: bool | None, series: str, is_said: bool
) -> None:
    control = Control(lasting_ma=10_000)
    state = start(Kept(control=control, boot="b", series="s"), NO_LASTING, 5.0)
    inputs = Inputs(now_s=5.0, utc_ns=0, boot="b", series=series, is_used=is_used)
    state, outputs = step(state, inputs)
    assert (outputs.wishes is not None) is is_said
    if is_used and outputs.wishes is not None:
        assert [wish.limit_a for wish in outputs.wishes.wishes] == [10.0]


@pytest.mark.req("APP-2", "MET-7")
def test_what_was_ordered_counts_no_more_while_no_interface_is_on(tmp_path: Path) -> None:
    with at_home(tmp_path) as home:
        home.begin_charge()
        home.order("curr 10000")
        home.soon(lambda: home.offered_a == 10.0)
        home.restart_all()
    with at_home(tmp_path, "plant.smart_home=false") as home:
        home.begin_charge()
        home.soon(lambda: home.offered_a == 32.0)
