"""Minutes of real processes that are killed, frozen and restarted at random during charges.

Judged by the simulated world alone: what the contacts did, and when the pilot and the watchdog's
line had last allowed it. The seed is printed; the times of real processes are not repeatable.
"""

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from msgs.launch import ProcessState
from msgs.pilot import CpState, classify_high_v
from msgs.plant import VehicleState
from msgs.topics import SESSION_STATUS, SIM_CONTACTOR_DRIVE, SIM_SIGNALS
from tests.system.box import NOISE_S, QUICK_VEHICLE, Box

pytestmark = [pytest.mark.proof, pytest.mark.timeout(500)]

CHAOS_S = 240.0
NODES = ("safety", "pilot", "session", "meter", "load_manager", "led", "rfid", "system", "web")
KILLS_APART_S = 25.0  # of one node: the supervisor gives up one that dies again and again
OPENS_S = 0.1  # IEC 61851-1, Table A.6, seq. 7 and 8
WATCHDOG_S = 1.0
DROP_OUT_S = 0.018


class Chaos:
    """What is done to one box, and until when safety may have been away."""

    def __init__(self, box: Box, seed: int) -> None:
        self.box = box
        self.chance = random.Random(seed)
        self.counts: dict[str, int] = {}
        self.safety_away: list[tuple[float, float]] = []
        self._killed_s: dict[str, float] = {}

    def run(self) -> None:
        """Do one thing after the other until the time is over."""
        ways: tuple[Callable[[], None], ...] = (self.drive, self.drive, self.house, self.kill,
                                                self.freeze, self.restart)  # fmt: skip
        end_s = time.monotonic() + CHAOS_S
        while time.monotonic() < end_s:
            way = self.chance.choice(ways)
            way()
            self.counts[way.__name__] = self.counts.get(way.__name__, 0) + 1
            self.box.look_for(self.chance.uniform(0.1, 3.0))

    def drive(self) -> None:
        """Do what drivers do."""
        vehicle = self.box.act("status")["vehicle"]
        if vehicle == VehicleState.AWAY:
            self.box.act("plug")
            self.box.act("ready")
            self.box.look_for(4.0)
        else:
            self.box.act(self.chance.choice(("unplug", "pull", "full", "ready")))

    def house(self) -> None:
        """Switch other loads."""
        loads = [self.chance.uniform(0.0, 60.0) for _ in range(3)]
        self.box.act("house", current_a=loads)

    def kill(self) -> None:
        """Take a node away, as `kill -9` does."""
        node = self.chance.choice(NODES)
        now_s = time.monotonic()
        row = self.box.nodes()[node]
        if row.state is not ProcessState.READY or now_s < self._killed_s.get(node, 0.0):
            return
        self._killed_s[node] = now_s + KILLS_APART_S
        os.kill(row.pid, signal.SIGKILL)
        if node == "safety":
            self.safety_away.append((now_s, now_s + WATCHDOG_S))

    def freeze(self) -> None:
        """Hold a node, or the supervisor, for up to a few holds."""
        node = self.chance.choice((*NODES, "launch"))
        began_s = time.monotonic()
        with self.box.frozen(node):
            self.box.look_for(self.chance.uniform(0.05, 6.0))
        if node == "safety":
            self.safety_away.append((began_s, time.monotonic()))

    def restart(self) -> None:
        """Restart a node in place."""
        self.box.wallbox("restart", self.chance.choice(NODES))

    def grace_s(self, at_s: float) -> float:
        """Return how long the contacts may stay closed at a time once nothing allows it."""
        for began_s, ended_s in self.safety_away:
            if began_s - NOISE_S <= at_s <= ended_s + WATCHDOG_S + DROP_OUT_S + 2 * NOISE_S:
                return WATCHDOG_S + DROP_OUT_S + 2 * NOISE_S
        return OPENS_S + 2 * NOISE_S


def test_random_deaths_close_nothing_and_lose_nothing(
    own_box: Box, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "1"))
    record_property("CHAOS_SEED", seed)
    own_box.launch(*QUICK_VEHICLE)
    supervisor = own_box.supervisor
    chaos = Chaos(own_box, seed)
    chaos.run()

    signals, drives = own_box.samples(SIM_SIGNALS), own_box.samples(SIM_CONTACTOR_DRIVE)
    closed = 0
    asked_s = edge_s = float("-inf")
    index = 0
    for sample in signals:
        while index < len(drives) and drives[index].at_s <= sample.at_s:
            if drives[index].message.feeds_watchdog:
                edge_s = drives[index].at_s
            index += 1
        if classify_high_v(sample.message.high_v) in (CpState.C, CpState.D):
            asked_s = sample.at_s
        if sample.message.mirror_closed:
            continue
        closed += 1
        assert sample.at_s - asked_s <= chaos.grace_s(sample.at_s), (seed, sample)
        assert sample.at_s - edge_s <= WATCHDOG_S + DROP_OUT_S + 2 * NOISE_S, (seed, sample)
    record_property("chaos", f"{chaos.counts}, closed in {closed} of {len(signals)} samples")
    assert closed > 500, chaos.counts  # there were charges to disturb

    # Left alone, the box is whole again, and charges.
    own_box.act("house", current_a=[2.0, 2.0, 2.0])
    if own_box.act("status")["vehicle"] != VehicleState.AWAY:
        own_box.act("pull")
    own_box.look_for(KILLS_APART_S)
    assert {row.state for row in own_box.nodes().values()} == {ProcessState.READY}
    assert own_box.supervisor == supervisor
    own_box.charge()
    running = own_box.last(SESSION_STATUS).message.session_id

    # Every session that was published is stored, and only the running one has no end.
    published = {sample.message.session_id for sample in own_box.samples(SESSION_STATUS)} - {""}
    stored = own_box.ask("session", "sessions", {"limit": 100})
    assert len(stored) == len({record["session_id"] for record in stored})
    assert published <= {record["session_id"] for record in stored}
    assert [each["session_id"] for each in stored if not each["ended_utc_ns"]] == [running]
