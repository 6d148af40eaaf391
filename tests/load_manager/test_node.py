"""The load manager on the bus in memory: it reacts in the callback, and a restart is no change."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus import Subscription
from bus.memory import MemoryGraph
from msgs.load_manager import HouseMeter, LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import CpState
from msgs.safety import Contactor
from msgs.session import WallboxState
from msgs.settings import ExternalMeter, Settings, meter_name
from msgs.topics import (
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SESSION_WISH,
    SETTINGS,
)
from msgs.wish import NO_WISHES, Wish, Wishes
from nodes.load_manager.node import Parameters, build
from tests.builders import charging_session, meter_reading, pilot_status, safety_status

HOUSE = ExternalMeter(enabled=True, manufacturer="tq", host="10.0.0.6")
MONITORED: dict[str, Any] = {
    "main_fuse_a": 25.0,
    "monitoring": {"enabled": True},
    "house_meter": msgspec.to_builtins(HOUSE),
}


class Box:
    """A graph with the load manager and, in the others' place, the facts that a test sets."""

    def __init__(self, state_dir: Path, **changes: Any) -> None:
        self.graph = MemoryGraph(seed=1, state_dir=state_dir)
        self.drawn_a = 0.0
        self.others_a = 5.0
        self.is_house_heard = True
        self.contactor = Contactor.CLOSED
        self.writers = {node: self.graph.bus(node) for node in ("safety", "pilot", "meter")}
        self.session = self.graph.bus("session")
        self.session.publish(SESSION_WISH, NO_WISHES)
        self.subscription: Subscription[LoadOffer] = self.session.subscribe(LOAD_OFFER, self._hear)
        self.heard: list[tuple[float, LoadOffer]] = []
        self.offered_a = 0.0
        self.writers["pilot"].every(0.02, self._say_pilot)
        self.writers["safety"].every(0.1, self._say)
        self.writers["meter"].every(0.2, self._box)
        self.writers["meter"].every(1.0, self._house)
        self.system = self.graph.bus("system")
        self.set(**changes)
        self.start()

    def start(self) -> None:
        self.node = self.graph.bus("load_manager")
        build(self.node, Parameters())

    def set(self, **changes: Any) -> None:
        self.system.publish(SETTINGS, msgspec.convert(changes, Settings))

    def _hear(self, offer: LoadOffer) -> None:
        self.heard.append((self.graph.clock.now_s(), offer))
        self.offered_a = offer.limit_a

    def wish(self, **wish: Any) -> None:
        """Have the app wish this."""
        self.session.publish(SESSION_WISH, Wishes(wishes=(Wish(name="app", **wish),)))

    def _say_pilot(self) -> None:
        self.writers["pilot"].publish(
            PILOT_STATUS,
            pilot_status(CpState.C, self.offered_a, duty_percent=0.0),
        )

    def _say(self) -> None:
        self.writers["safety"].publish(
            SAFETY_STATUS,
            safety_status(
                contactor=self.contactor,
                installation_limit_a=16.0,
                limit_a=16.0,
                cp_state=CpState.C,
                offered_a=self.offered_a,
            ),
        )

    def _box(self) -> None:
        self.writers["meter"].publish(METER_BOX, self._reading(self.drawn_a))

    def _house(self) -> None:
        if self.is_house_heard:
            self.writers["meter"].publish(
                METER_HOUSE, self._reading(self.drawn_a + self.others_a, poll_s=1.0)
            )

    def _reading(self, current_a: float, poll_s: float = 0.2) -> MeterReading:
        return meter_reading(
            current_a, self.graph.clock.now_s(), meter=meter_name(HOUSE), poll_s=poll_s
        )

    def show(self) -> None:
        """Have the vehicle draw 10 A for a moment, which the house meter shows."""
        self.graph.advance(3.5)
        self.drawn_a = 10.0
        self.graph.advance(3.0)
        self.drawn_a = 0.0
        self.graph.advance(3.0)

    def now(self) -> LoadOffer:
        offer = self.subscription.fresh()
        assert offer is not None
        return offer


def test_the_offer_comes_twice_a_second(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(2.0)
    before = len(box.heard)
    box.graph.advance(10.0)
    assert 19 <= len(box.heard) - before <= 21
    assert (box.now().limit_a, box.now().house_meter) == (16.0, HouseMeter.OFF)


@pytest.mark.req("MET-1")
def test_an_overload_lowers_the_offer_at_the_instant_of_its_reading(tmp_path: Path) -> None:
    box = Box(tmp_path, **MONITORED)
    box.show()
    assert box.now().limit_a == 16.0
    box.others_a = 12.0
    box.graph.advance(1.0)
    at_s = next(at_s for at_s, offer in box.heard if offer.limit_a == 12.5)
    assert at_s == pytest.approx(1010.0)  # the poll


@pytest.mark.req("MET-3")
def test_a_lost_meter_lowers_the_offer_to_ten_amperes(tmp_path: Path) -> None:
    box = Box(tmp_path, **MONITORED | {"main_fuse_a": 35.0})
    box.show()
    box.is_house_heard = False
    box.graph.advance(12.0)
    assert (box.now().limit_a, box.now().house_meter) == (10.0, HouseMeter.LOST)
    box.is_house_heard = True
    box.graph.advance(15.0)
    assert (box.now().limit_a, box.now().house_meter) == (16.0, HouseMeter.ONLINE)


@pytest.mark.req("APP-1", "MET-7")
def test_a_wish_is_followed_at_once(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(2.1)
    box.wish(limit_a=8.0)
    box.graph.advance(0.001)
    assert (box.now().limit_a, box.now().reason) == (8.0, "app")
    box.wish(pause=True, end_ns=box.graph.clock.now_ns() + 2_000_000_000)
    box.graph.advance(1.999)
    assert box.now().limit_a == 0.0
    box.graph.advance(0.002)  # its end is a deadline, not the next tick
    assert box.now().limit_a == 16.0


@pytest.mark.parametrize("changes", [MONITORED, {}])
def test_a_restart_during_a_charge_offers_no_more_and_no_less(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    box = Box(tmp_path, **changes)
    box.wish(limit_a=9.0)
    box.graph.advance(5.0)
    box.drawn_a = 8.7
    box.graph.advance(5.0)
    assert box.now().limit_a == 9.0
    for delay_s in (0.0, 0.05, 0.15, 0.9):
        box.graph.advance(3.0 + delay_s)
        box.graph.kill("load_manager")
        box.heard.clear()
        box.start()
        box.graph.advance(1.5)
        assert box.heard  # valid again within half of its hold
        assert {offer.limit_a for _, offer in box.heard} == {9.0}
    box.graph.advance(5.0)
    assert box.now().reason == "app"


def test_a_restart_during_a_pause_of_a_charge_goes_on_with_the_pause(tmp_path: Path) -> None:
    box = Box(tmp_path, **MONITORED)
    status = charging_session(state=WallboxState.SUSPENDED, energy_wh=900.0)
    box.session.every(1.0, lambda: box.session.publish(SESSION_STATUS, status))
    box.graph.advance(5.0)
    box.others_a = 22.0
    box.graph.advance(2.0)
    assert (box.now().limit_a, box.now().reason) == (0.0, "fuse")
    box.others_a = 5.0
    box.graph.advance(2.3)
    box.graph.kill("load_manager")
    box.heard.clear()
    box.start()
    box.graph.advance(28.0)
    assert {offer.limit_a for _, offer in box.heard} == {0.0}
    box.graph.advance(6.0)
    assert (box.now().limit_a, box.now().reason) == (10.0, "meter_proof")
    box.show()
    assert box.now().limit_a == 16.0


def test_a_silent_safety_ends_the_offer_and_nothing_else_is_needed_to_go_on(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    box.graph.advance(3.0)
    box.graph.suspend("safety")
    box.graph.advance(2.0)
    assert box.now().limit_a == 0.0
    box.graph.resume("safety")
    box.graph.advance(1.0)
    assert box.now().limit_a == 16.0


@pytest.mark.parametrize(
    "parameters",
    [{"margin_a": -0.1}, {"margin_a": 10.1}, {"main_fuse_a": 35.0}],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(parameters, Parameters)


def test_without_settings_no_more_is_offered_than_before(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    box.graph.advance(5.0)
    assert box.now().limit_a == 16.0
    box.set(main_fuse_a=9.0)
    box.graph.advance(0.001)
    assert (box.now().limit_a, box.now().reason) == (9.0, "fuse")
    box.graph.kill("load_manager")
    box.graph.kill("system")
    box.start()
    box.graph.advance(2.5)
    assert (box.now().limit_a, box.now().reason) == (9.0, "start")
    box.graph.advance(60.0)
    assert (box.now().limit_a, box.now().reason) == (6.0, "fuse")
    box.system = box.graph.bus("system")
    box.set()
    box.graph.advance(1.0)
    assert (box.now().limit_a, box.now().reason) == (16.0, "dip")


@pytest.mark.req("MET-1")
def test_a_smaller_fuse_is_followed_at_the_instant_of_the_setting(tmp_path: Path) -> None:
    box = Box(tmp_path, **MONITORED)
    box.show()
    assert box.now().limit_a == 16.0
    box.set(**MONITORED | {"main_fuse_a": 16.0})
    box.graph.advance(0.001)
    assert (box.now().limit_a, box.now().reason) == (10.5, "fuse")
