"""The duration of a session of a whole box, among settings of the clock and interruptions."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from launch.virtual import OFF_S
from msgs.session import EndReason, WallboxState
from nodes.session.resumption import DECIDE_S
from nodes.session.revival import HEAR_S
from nodes.session.sign import SIGN_S
from tests.box import Box
from tests.closing import close_all

HOUR_S = 3600.0
WITHIN_S = 1.0
CHARGES_S = 40.0  # after an interruption
ACTS = 5
QUICK = range(2)
MANY = range(100, 160, 10)


class Charge:
    """A box that charges, and how long its session has lasted in the world."""

    def __init__(self, state_dir: Path, seed: int) -> None:
        self.chance = random.Random(f"durations/{seed}")
        self.box = Box(state_dir)
        self.off_s = 0.0  # that the world has not seen of losses of power
        self.began_s = self.seen_s = 0.0  # of the present session
        self.ended: dict[str, tuple[float, float]] = {}  # the least and the most duration [s]
        if self.chance.random() < 0.5:
            self.to_1970()
        self.box.act("plug")
        self.box.act("ready")
        self.session_id = ""
        self.look()

    @property
    def world_s(self) -> float:
        return self.box.now_s + self.off_s

    def to_1970(self) -> None:
        self.box.set_utc(-self.box.utc_ns / 1e9 + self.chance.uniform(1.0, 100.0))

    def look(self) -> None:
        """Wait until the box charges; take its session, and compare the published duration."""
        assert self.box.is_soon(lambda: self.box.state == WallboxState.CHARGING, CHARGES_S)
        said = self.box.said("session/status")
        if said["session_id"] != self.session_id:
            if self.session_id:  # it has ended with a loss of power
                self.ended[self.session_id] = (self.lasted_s - SIGN_S, self.lasted_s)
            self.session_id = said["session_id"]
            self.began_s = self.world_s - (self.box.now_s - said["started_ns"] / 1e9)
        self.seen_s = self.world_s
        assert self.box.now_s - said["started_ns"] / 1e9 == pytest.approx(
            self.lasted_s, abs=WITHIN_S
        )

    @property
    def lasted_s(self) -> float:
        return self.seen_s - self.began_s

    def set_clock(self) -> None:
        if self.chance.random() < 0.3:
            self.to_1970()
        else:
            ahead_s = self.chance.uniform(-3.0, 3.0) * HOUR_S
            self.box.set_utc(max(ahead_s, 1.0 - self.box.utc_ns / 1e9))  # not before 1970

    def restart(self) -> None:
        self.box.restart(self.chance.choice(["session", "safety", "pilot", "meter"]))

    def crash(self) -> None:
        self.box.kill("session")
        self.box.advance(self.chance.uniform(0.0, 5.0))
        if self.chance.random() < 0.5:
            self.set_clock()
        self.box.start("session")

    def switch_mains_off(self) -> None:
        self.box.act("power", {"on": False})
        self.box.advance(self.chance.uniform(1.0, 60.0))
        self.set_clock()
        self.box.act("power", {"on": True})

    def lose_power(self) -> None:
        self.box.advance(1.0)  # the clock that was set is on the disk
        self.seen_s = self.world_s
        seconds = self.chance.uniform(10.0, 3 * HOUR_S)
        off_utc_ns, off_s = self.box.utc_ns, self.box.now_s
        is_set = self.chance.random() < 0.5
        self.box.lose_power(seconds, is_utc_set=is_set)
        self.off_s += seconds - OFF_S
        self.box.advance(HEAR_S + 1.0)  # the newest message is of this boot
        if not is_set:
            self.box.advance(self.chance.choice([10.0, 30.0, DECIDE_S + 10.0]))
            passed_s = seconds + self.box.now_s - off_s - OFF_S
            self.box.set_utc((off_utc_ns - self.box.utc_ns) / 1e9 + passed_s)

    def end(self) -> None:
        self.box.act("unplug")
        self.box.wait(lambda: not self.box.said("session/status")["plugged"])
        lasted_s = self.world_s - self.began_s
        self.ended[self.session_id] = (lasted_s, lasted_s)


def charge_and_compare(seed: int, state_dir: Path) -> None:
    charge = Charge(state_dir, seed)
    acts: list[Callable[[], None]] = [
        charge.set_clock,
        charge.restart,
        charge.crash,
        charge.switch_mains_off,
        charge.lose_power,
    ]
    for _ in range(ACTS):
        charge.box.advance(charge.chance.uniform(1.0, 100.0))
        charge.chance.choice(acts)()
        charge.look()
    charge.end()
    charge.box.advance(3.0)
    records = {each.session_id: each for each in charge.box.sessions()}
    assert set(records) == set(charge.ended)
    for session_id, (least_s, most_s) in charge.ended.items():
        record = records[session_id]
        assert record.end_reason in (EndReason.UNPLUGGED, EndReason.POWER_LOSS), seed
        assert record.duration_s is not None
        assert least_s - WITHIN_S <= record.duration_s <= most_s + WITHIN_S, seed


@pytest.mark.parametrize("seed", QUICK)
def test_a_session_lasts_as_long_as_in_the_world(tmp_path: Path, seed: int) -> None:
    charge_and_compare(seed, tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", MANY)
def test_each_of_many_sessions_lasts_as_long_as_in_the_world(first: int) -> None:
    for seed in range(first, first + 10):
        with tempfile.TemporaryDirectory() as state_dir:
            charge_and_compare(seed, Path(state_dir))
            close_all()
