"""Cuts at random instants while a box charges: every session reaches the service once."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from launch.virtual import ActError
from tests.dcs.station import Station
from tests.dcs.test_transactions import check


class Disturbed:
    """A station, and what can happen to it."""

    def __init__(self, state_dir: Path, seed: int) -> None:
        self.station = Station(state_dir, seed=seed)
        self.random = Random(seed)
        self.done: list[str] = []

    def run(self, sessions: int, disturbances: int) -> None:
        each = [self.random.randrange(sessions) for _ in range(disturbances)]
        for number in range(sessions):
            self._charge(each.count(number))
        self.station.host.come()
        self.station.advance(5.0)
        self._try("unplug")
        charges = check(self.station)
        assert all(charge.stop is not None for charge in charges)

    def _charge(self, disturbances: int) -> None:
        """Charge once, and let disturbances come at any instant of it."""
        station = self.station
        steps: list[Callable[[], object]] = [
            lambda: self._try("tap", {"uid": station.card_uid}),
            lambda: self._try("plug"),
            lambda: self._try("ready"),
            lambda: station.advance(60.0),
            lambda: self._try("unplug"),
            lambda: station.advance(5.0),
        ]
        for _ in range(disturbances):
            steps.insert(self.random.randrange(len(steps) + 1), self._disturb)
        for step in steps:
            step()
            station.advance(self.random.choice([0.0, 0.02, 0.1, 1.0, 20.0]))
        self._try("unplug")
        station.soon(lambda: not station.said("session/status")["plugged"], 60.0)
        station.advance(1.0)

    def _try(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Act; what a new world does not allow is left out, as an unplug of what is out already."""
        with suppress(ActError):
            self.station.act(name, arguments or {})

    def _disturb(self) -> None:
        station, host = self.station, self.station.host
        name, act = self.random.choice(
            [
                ("cut", host.cut),
                ("go", host.go),
                ("come", host.come),
                ("mute", self._mute),
                ("dead", self._kill_link),
                ("kill", lambda: station.crash("dcs", self.random.choice([0.0, 2.0, 30.0]))),
                ("restart", lambda: station.restart("dcs")),
                ("power", lambda: station.lose_power(self.random.choice([10.0, 20_000.0]))),
                ("power, counter", self._lose_counter),
            ]
        )
        self.done.append(f"{station.now_s:.2f} {name}")
        act()

    def _mute(self) -> None:
        host = self.station.host
        host.is_mute = True
        self.station.advance(self.random.uniform(0.0, 40.0))
        host.is_mute = False

    def _lose_counter(self) -> None:
        """Lose the mains with the meter chip's counter: the register falls back to what is stored.

        The vehicle is in a new world, too: it is not plugged in.
        """
        self.station.lose_power(10.0, meanwhile=lambda: self.station.restart("plant"))

    def _kill_link(self) -> None:
        if self.station.host.connection is not None:
            self.station.host.connection.is_dead = True


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("seed", range(1))
def test_every_session_reaches_the_service_once(tmp_path: Path, seed: int) -> None:
    Disturbed(tmp_path, seed).run(sessions=4, disturbances=16)


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("seed", range(100, 104))
def test_50_sessions_with_200_disturbances_reach_the_service_once(
    tmp_path: Path, seed: int
) -> None:
    Disturbed(tmp_path, seed).run(sessions=50, disturbances=200)
