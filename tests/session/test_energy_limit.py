"""So many kilowatt-hours, then pause: plugs, stops, restarts, settings, a disk that fails."""

import random
from pathlib import Path

import pytest

from bus import Status
from bus.generations import previous_of
from msgs.pilot import CpState
from msgs.settings import ChargeSection, Settings
from msgs.wish import ENERGY_LIMIT, Wish
from tests.disk import disk_is_full
from tests.session.box import Box

pytestmark = pytest.mark.req("APP-1", "MET-7")

FILE = "session-energy-limit.json"


class Limited(Box):
    """A session node that counts energy against a limit."""

    def default(self, limit_kwh: int | None) -> None:
        self.configure(Settings(charge=ChargeSection(energy_limit_kwh=limit_kwh)))
        self.graph.advance(1.0)

    def limit(self, energy_wh: float | None) -> None:
        answer = self.ask("energy_limit", {"energy_wh": energy_wh})
        assert answer.status is Status.OK, answer

    def take(self, energy_wh: float) -> None:
        self.lifetime_wh += energy_wh
        self.graph.advance(1.0)

    def plug(self, cp_state: CpState) -> None:
        self.cp_state = cp_state
        self.graph.advance(1.0)

    def restart(self, seconds: float = 1.0) -> None:
        self.graph.kill("session")
        self.start()
        self.graph.advance(seconds)

    @property
    def said(self) -> Wish | None:
        assert self.wish.message is not None
        return next((each for each in self.wish.message.wishes if each.name == ENERGY_LIMIT), None)

    @property
    def reached(self) -> Wish | None:
        return self.said if self.said is not None and self.said.pause else None


@pytest.fixture
def box(tmp_path: Path) -> Limited:
    box = Limited(tmp_path)
    box.charge()
    return box


@pytest.mark.parametrize("way", ["app", "setting"])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_it_pauses_when_the_charge_has_taken_so_much_and_ends_with_the_plug(
    box: Limited, way: str, is_restarted: bool
) -> None:
    box.take(1000.0)
    if way == "app":
        box.limit(5000.0)  # the whole charge counts
    else:
        box.default(5)
    box.take(3999.0)
    assert box.reached is None
    if is_restarted:
        box.restart()
    box.take(1.0)
    assert box.reached == Wish(name=ENERGY_LIMIT, pause=True, detail="5 kWh are charged")
    if is_restarted:
        box.restart()
    assert box.reached is not None
    box.plug(CpState.A)
    assert box.reached is None
    box.plug(CpState.C)
    box.take(4999.0)
    assert box.reached is None
    box.take(1.0)
    assert (box.reached is not None) is (way == "setting")


def test_a_limit_that_is_not_reached_is_said_and_limits_nothing(box: Limited) -> None:
    assert box.said is None
    box.limit(5000.0)
    box.take(1.0)
    assert box.said == Wish(name=ENERGY_LIMIT, detail="a pause at 5 kWh, for one charge")
    box.limit(None)
    box.default(7)
    box.take(1.0)
    assert box.said is None
    box.plug(CpState.A)
    assert box.said == Wish(name=ENERGY_LIMIT, detail="a pause at 7 kWh, by the settings")


def test_without_a_plug_it_is_for_the_next_charge_alone(box: Limited) -> None:
    box.plug(CpState.A)
    box.limit(2000.0)
    box.graph.advance(600.0)
    box.restart(5.0)
    box.plug(CpState.C)
    box.take(2000.0)
    assert box.reached is not None
    box.plug(CpState.A)
    box.plug(CpState.C)
    box.take(9000.0)
    assert box.reached is None


def test_the_app_replaces_the_setting_for_one_charge(box: Limited) -> None:
    box.default(5)
    box.limit(None)
    box.take(20_000.0)
    assert box.reached is None
    box.limit(8000.0)
    assert box.reached is not None
    box.limit(25_000.0)
    assert box.reached is None
    box.plug(CpState.A)
    box.plug(CpState.C)
    box.take(5000.0)
    assert box.reached is not None


def test_a_setting_that_is_raised_or_taken_away_lets_the_charge_go_on(box: Limited) -> None:
    box.default(5)
    box.take(6000.0)
    assert box.reached is not None
    box.default(10)
    assert box.reached is None
    box.take(4000.0)
    assert box.reached is not None
    box.default(None)
    assert box.reached is None


def test_a_stop_and_a_new_start_do_not_begin_it_again(box: Limited) -> None:
    box.limit(5000.0)
    box.take(4000.0)
    assert box.ask("end", {"reason": "a test"}, seconds=9.0).status is Status.OK
    assert box.ask("start").status is Status.OK
    box.take(999.0)
    assert box.reached is None
    box.take(1.0)
    assert box.reached is not None


@pytest.mark.parametrize("sessions", [1, 2])
def test_a_register_that_has_lost_its_last_minute_forgets_nothing(
    box: Limited, sessions: int
) -> None:
    box.limit(5000.0)
    box.take(4000.0)
    if sessions == 2:
        assert box.ask("end", {"reason": "a test"}, seconds=9.0).status is Status.OK
        assert box.ask("start").status is Status.OK
    box.take(-300.0)
    box.take(999.0)
    assert box.reached is None
    box.take(2.0)
    assert box.reached is not None


def test_while_the_register_or_the_settings_are_silent_it_stays(box: Limited) -> None:
    box.default(5)
    box.take(6000.0)
    box.graph.kill("system")
    box.graph.kill("meter")
    box.restart(10.0)
    assert box.reached is not None


@pytest.mark.parametrize("is_plugged", [True, False])
def test_a_lost_file_counts_as_reached_until_the_plug_is_out(
    tmp_path: Path, is_plugged: bool
) -> None:
    box = Limited(tmp_path)
    box.charge()
    box.limit(50_000.0)
    if not is_plugged:
        box.plug(CpState.A)
    box.graph.kill("session")
    path = tmp_path / FILE
    for each in (path, previous_of(path)):
        each.write_bytes(b"{")
    box.start()
    box.graph.advance(2.0)
    held = box.reached
    assert held is not None
    assert held.detail == "it cannot be read"
    box.plug(CpState.C)
    box.take(1.0)
    assert box.reached is not None
    box.plug(CpState.A)
    assert box.reached is None


def test_it_can_be_set_again_after_its_file_was_lost(tmp_path: Path) -> None:
    box = Limited(tmp_path)
    box.charge()
    box.limit(50_000.0)
    box.graph.kill("session")
    for each in (tmp_path / FILE, previous_of(tmp_path / FILE)):
        each.write_bytes(b"{")
    box.start()
    box.graph.advance(2.0)
    box.limit(5000.0)
    assert box.reached is None


def test_a_disk_that_refuses_refuses_the_request(
    box: Limited, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.limit(5000.0)

    def fails(*_: object, lowers: bool) -> None:
        raise disk_is_full(Path("energy-limit.json"))

    monkeypatch.setattr("nodes.session.wish_keeper.write_generations", fails)
    answer = box.ask("energy_limit", {"energy_wh": 9000.0})
    assert answer.status is Status.REFUSED
    assert answer.reason.startswith("Nothing was changed: the disk of the box is full. Try again;")
    box.take(5000.0)
    assert box.reached is not None
    assert any("the energy limit could not be stored" in line.text for line in box.graph.lines)
    monkeypatch.undo()
    box.graph.advance(10.0)
    box.graph.kill("meter")
    box.restart(5.0)
    assert box.reached is not None  # it was stored later


def test_no_disk_is_written_while_a_charge_takes_energy(box: Limited, tmp_path: Path) -> None:
    box.limit(50_000.0)
    box.take(10.0)
    written_ns = (tmp_path / FILE).stat().st_mtime_ns
    for _ in range(100):
        box.take(333.3)
    assert (tmp_path / FILE).stat().st_mtime_ns == written_ns


def test_a_box_without_limits_has_no_file(box: Limited, tmp_path: Path) -> None:
    box.take(5000.0)
    box.plug(CpState.A)
    assert not (tmp_path / FILE).exists()


class Count:
    """What a plug-in has taken, and what it may take: from the acts alone."""

    def __init__(self) -> None:
        self.asked_wh: float | None = None
        self.is_asked = False
        self.default_wh: float | None = None
        self.taken_wh = 0.0
        self.is_begun = False  # a limit counts in this plug-in: a new session does not begin again

    @property
    def limit_wh(self) -> float | None:
        return self.asked_wh if self.is_asked else self.default_wh

    def note(self, is_in: bool) -> None:
        if self.limit_wh is None and not self.is_asked:
            self.is_begun = False
        elif self.limit_wh is not None and is_in:
            self.is_begun = True

    def begin_session(self) -> None:
        if not self.is_begun:
            self.taken_wh = 0.0

    def unplug(self) -> None:
        self.is_asked, self.is_begun, self.taken_wh = False, False, 0.0


@pytest.mark.parametrize("seed", range(6))
def test_at_random_a_charge_pauses_exactly_at_its_limit(tmp_path: Path, seed: int) -> None:
    chance = random.Random(f"energy/{seed}")
    box, count = Limited(tmp_path), Count()
    box.default(None)
    acts: list[str] = []
    for _ in range(60):
        is_in = box.cp_state is not CpState.A
        act = chance.choice(("take", "take", "take", "limit", "default", "restart", "plug", "stop"))
        acts.append(act)
        match act:
            case "take" if is_in and box.reached is None:
                some_wh = chance.uniform(1.0, 1500.0)
                box.take(some_wh)
                count.taken_wh += some_wh
            case "limit":
                count.asked_wh, count.is_asked = chance.choice((None, 1000.0, 4000.0)), True
                box.limit(count.asked_wh)
            case "default":
                limit_kwh = chance.choice((None, 1, 4))
                count.default_wh = None if limit_kwh is None else limit_kwh * 1000.0
                box.default(limit_kwh)
            case "restart":
                box.restart()
            case "plug" if is_in:
                box.plug(CpState.A)
                count.unplug()
            case "plug":
                box.plug(CpState.C)
                box.graph.advance(1.0)
            case "stop" if is_in:
                assert box.ask("end", {"reason": "a test"}, seconds=9.0).status is Status.OK
                assert box.ask("start", seconds=2.0).status is Status.OK
                count.begin_session()
        is_in = box.cp_state is not CpState.A
        count.note(is_in)
        is_full = is_in and count.limit_wh is not None and count.taken_wh >= count.limit_wh
        assert (box.reached is not None) is is_full, acts
