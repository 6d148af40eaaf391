"""Claims on the whole box under virtual time: sources that die, restarts, clocks, lost meters."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from bus.wire import unpack
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.load_manager import LoadOffer
from msgs.methods import CLEAR, FAULT, HOUSE, PLUG, PULL, READY, SET_SETTINGS, SET_WISH
from msgs.pilot import PilotStatus, duty_of_offer
from msgs.plant import FaultName, HouseLoad, SimFault
from msgs.requests import NoArguments, WishArguments
from msgs.settings import SetArguments
from msgs.topics import DCS_WISH, SMART_HOME_WISH, Topic
from msgs.wish import Wish, Wishes
from tests.box import NO_CARD
from tests.builders import load_offer
from tests.closing import closed_at_end

NOTHING = NoArguments()
LOST = FaultName(name=SimFault.METER_LOST)
TOPICS: dict[str, Topic[Wishes]] = {"dcs": DCS_WISH, "smart_home": SMART_HOME_WISH}
HOLD_S = 2.0
TICK_S = 0.25  # a look of the tests
DEAF_S = 0.6  # an offer that is older is no word of a load_manager that runs


class StandIn:
    """A node in place of one of the graph: it wishes, and repeats what has a hold."""

    def __init__(self, graph: VirtualGraph, node: str) -> None:
        self.node = node
        self.wishes: tuple[Wish, ...] = ()
        self.said_s = 0.0
        self.is_alive = False
        self._graph = graph
        self._runs = 0

    def start(self, *wishes: Wish) -> None:
        self._bus = self._graph.memory.bus(self.node)
        self._runs += 1
        self.is_alive = True
        self.wish(*wishes)
        self._bus.every(0.7, self._repeat)

    def wish(self, *wishes: Wish) -> None:
        self.wishes = wishes
        self._say()

    def kill(self) -> None:
        self.is_alive = False
        self._graph.memory.kill(self.node)

    def _repeat(self) -> None:
        if any(wish.hold_s is not None for wish in self.wishes):
            self._say()

    def _say(self) -> None:
        self.said_s = self._graph.now_s
        self._bus.publish(TOPICS[self.node], Wishes(wishes=self.wishes))


class House:
    """A box that charges, its offers, its duty, and two controllers."""

    def __init__(self, folder: Path, seed: int = 1, **changes: Any) -> None:
        plan = load_plan(VIRTUAL_PLAN, ["plant.wander_percent=0", NO_CARD])
        self.graph = closed_at_end(VirtualGraph(plan, seed, folder))
        self.offer = load_offer(0.0, "")
        self.offer_s = 0.0
        self.offers: list[tuple[float, LoadOffer]] = []
        self.pilot: PilotStatus | None = None
        self.duties: list[tuple[float, float]] = []  # each change
        self.graph.memory.tap(self._on_frame)
        self.graph.start_all(absent=TOPICS)
        self.sources = {node: StandIn(self.graph, node) for node in TOPICS}
        self.graph.advance(2.0)
        self.configure(**changes)
        self.graph.act(PLUG, NOTHING)
        self.graph.act(READY, NOTHING)
        self.graph.advance(20.0)

    def _on_frame(self, frame: bytes) -> None:
        topic, header, body = unpack(frame)
        at_s = header.stamp_ns / 1e9
        if topic == "load/offer":
            self.offer, self.offer_s = msgspec.msgpack.decode(body, type=LoadOffer), at_s
            self.offers.append((at_s, self.offer))
        elif topic == "pilot/status":
            self.pilot = msgspec.msgpack.decode(body, type=PilotStatus)
            if not self.duties or self.duties[-1][1] != self.pilot.duty_percent:
                self.duties.append((at_s, self.pilot.duty_percent))

    @property
    def now_s(self) -> float:
        return self.graph.now_s

    @property
    def offered_a(self) -> float:
        assert self.pilot is not None
        return self.pilot.offered_a

    def configure(self, **changes: Any) -> None:
        named = {name.replace("__", "."): value for name, value in changes.items()}
        answer = self.graph.ask(SET_SETTINGS, SetArguments(changes=named))
        assert answer.result is not None, answer

    def app(self, **arguments: Any) -> None:
        answer = self.graph.ask(SET_WISH, WishArguments(**arguments))
        assert answer.status == "ok", answer

    def restart(self, node: str) -> None:
        """Kill a node and start its next incarnation."""
        self.graph.kill(node)
        self.graph.start(node)

    def set_clock(self, by_s: float) -> None:
        memory = self.graph.memory
        memory.set_utc(memory.clock.utc_ns() + int(by_s * 1e9))

    def limit_of(self, source: str) -> Any:
        return next(limit for limit in self.offer.limits if limit.source == source)

    def offers_since(self, since_s: float) -> set[float]:
        return {offer.limit_a for at_s, offer in self.offers if at_s >= since_s}


def held(limit_a: float, fallback_a: float) -> Wish:
    return Wish(name="udp", limit_a=limit_a, hold_s=HOLD_S, fallback_a=fallback_a)


# --- a controller that dies ---------------------------------------------------------------------


@pytest.mark.req("APP-2", "MET-7")
@pytest.mark.parametrize("killed_after_s", [5.0, 5.3, 5.85])
def test_the_fallback_of_a_source_that_is_killed_holds_after_its_hold(
    tmp_path: Path, killed_after_s: float
) -> None:
    house = House(tmp_path, smart_home__enabled=True)
    source = house.sources["smart_home"]
    source.start(held(16.0, 10.0))
    house.graph.advance(killed_after_s)
    assert house.offer.limit_a == 16.0
    house.set_clock(2 * 3600.0)
    source.kill()
    killed_s = house.now_s
    house.graph.advance(1.0)
    house.set_clock(-2 * 3600.0)
    house.graph.advance(4.0)
    taken_s, offer = next(
        (at_s, offer) for at_s, offer in house.offers if at_s >= killed_s and offer.limit_a == 10.0
    )
    assert HOLD_S <= taken_s - source.said_s <= HOLD_S + 0.2
    assert offer.reason == "smart_home"
    assert "The smart home has not been heard for 2 s: its fallback of 10.0 A" in offer.detail
    assert house.limit_of("smart_home").fallback
    duty_s, duty_percent = house.duties[-1]
    assert duty_percent == pytest.approx(duty_of_offer(10.0), abs=0.1)
    assert duty_s - taken_s <= 0.5
    house.graph.advance(20.0)
    assert house.offers_since(taken_s) == {10.0}
    # restarted, load_manager cannot know of it: the setting of the box holds
    house.restart("load_manager")
    restarted_s = house.now_s
    house.graph.advance(30.0)
    assert house.offers_since(restarted_s) == {6.0}
    assert "The smart home has not been heard since the start" in house.offer.detail
    source.start(held(20.0, 10.0))
    house.graph.advance(10.0)
    assert house.offer.limit_a == 20.0


@pytest.mark.parametrize("way", ["off", "unplugged"])
def test_a_source_that_is_not_heard_is_waited_for_until_it_is_off_or_the_plug_is_out(
    tmp_path: Path, way: str
) -> None:
    house = House(tmp_path, dcs__enabled=True, dcs__fallback_a=8.0)
    house.restart("load_manager")
    house.graph.advance(20.0)
    assert house.offer.limit_a == 8.0
    if way == "off":
        house.configure(dcs__enabled=False)
    else:
        house.graph.act(PULL, NOTHING)
        house.graph.advance(5.0)
        house.graph.act(PLUG, NOTHING)
    house.graph.advance(20.0)
    # A vehicle that is new has shown nothing to the meter.
    expected = (32.0, "dip") if way == "off" else (10.0, "meter_proof")
    assert (house.offer.limit_a, house.offer.reason) == expected


# --- the clock ----------------------------------------------------------------------------------


@pytest.mark.req("APP-1")
@pytest.mark.parametrize("by_s", [2 * 3600.0, -2 * 3600.0])
def test_a_duration_of_the_app_is_the_same_under_a_clock_that_is_set(
    tmp_path: Path, by_s: float
) -> None:
    house = House(tmp_path)
    house.app(limit_a=10.0, for_s=60.0)
    ends_s = house.now_s + 60.0
    house.graph.advance(3.0)
    since_s = house.now_s
    for each_s in (by_s, -by_s, -by_s, by_s):
        house.set_clock(each_s)
        house.graph.advance(3.0)
        house.restart("session")
        house.graph.advance(3.0)
        house.restart("load_manager")
        house.graph.advance(3.0)
    house.graph.memory.run_until(ends_s - 1.0)
    assert house.offers_since(since_s) == {10.0}
    house.graph.advance(10.0)
    assert house.offer.limit_a == 32.0


@pytest.mark.req("APP-1")
def test_a_time_of_the_wall_is_as_before_once_the_clock_is_set_back(tmp_path: Path) -> None:
    house = House(tmp_path)
    utc_ns = house.graph.memory.clock.utc_ns()
    house.app(limit_a=10.0, until_utc_ns=utc_ns + 60 * 10**9)
    house.graph.advance(5.0)
    house.set_clock(2 * 3600.0)
    house.graph.advance(8.0)
    house.set_clock(-2 * 3600.0)
    house.graph.advance(1.0)
    assert house.offer.limit_a == 10.0
    house.graph.advance(40.0)
    assert house.offer.limit_a == 10.0
    house.graph.advance(20.0)
    assert house.offer.limit_a == 32.0


# --- restarts of load_manager -------------------------------------------------------------------


@pytest.mark.req("MET-3", "MET-1")
def test_a_restart_while_the_meter_is_lost_raises_no_pause(tmp_path: Path) -> None:
    house = House(tmp_path, main_fuse_a=20.0)
    house.graph.act(HOUSE, HouseLoad(current_a=(17.7, 2.0, 2.0)))
    house.graph.advance(20.0)
    assert house.offer.limit_a == 0.0
    house.graph.act(FAULT, LOST)
    house.graph.advance(30.0)
    for _ in range(3):
        house.restart("load_manager")
        since_s = house.now_s
        house.graph.advance(30.0)
        assert house.offers_since(since_s) == {0.0}
    house.graph.act(CLEAR, LOST)
    house.graph.advance(30.0)
    assert house.offer.limit_a == 0.0
    house.graph.act(HOUSE, HouseLoad(current_a=(2.0, 2.0, 2.0)))
    house.graph.advance(60.0)
    assert 17.0 <= house.offer.limit_a <= 17.5


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.3, 0.9])
def test_a_load_manager_killed_in_the_instant_of_a_reading_offers_the_old_current_no_more(
    tmp_path: Path, delay_s: float
) -> None:
    house = House(tmp_path, main_fuse_a=25.0)
    assert 22.0 <= house.offer.limit_a <= 22.5
    house.graph.act(HOUSE, HouseLoad(current_a=(10.0, 2.0, 2.0)))
    seen = len(house.offers)
    house.graph.memory.run_until(
        house.now_s + 10.0, lambda: house.offers[-1][1].limit_a < 22.0 and len(house.offers) > seen
    )
    lowered_a = house.offer.limit_a
    house.graph.kill("meter")  # no further reading helps
    house.graph.kill("load_manager")
    since_s = house.now_s
    house.graph.advance(delay_s)
    house.graph.start("load_manager")
    house.graph.advance(8.0)
    assert max(house.offers_since(since_s)) <= lowered_a


@pytest.mark.parametrize("node", ["session", "dcs", "smart_home"])
def test_a_start_forgets_no_source(tmp_path: Path, node: str) -> None:
    house = House(tmp_path, dcs__enabled=True, smart_home__enabled=True)
    for source in house.sources.values():
        source.start()
    wish = Wish(name="plan", limit_a=9.0)
    if node == "session":
        house.app(limit_a=9.0)
    else:
        house.sources[node].wish(wish)
    house.graph.advance(5.0)
    assert house.offer.limit_a == 9.0
    house.restart("load_manager")
    since_s = house.now_s
    house.graph.advance(15.0)
    assert house.offers_since(since_s) == {9.0}
    house.graph.kill("load_manager")
    if node == "session":
        house.graph.kill(node)
    else:
        house.sources[node].kill()
    house.graph.start("load_manager")
    since_s = house.now_s
    house.graph.advance(15.0)
    assert max(house.offers_since(since_s)) <= 6.0


# --- whatever happens ---------------------------------------------------------------------------


class Model:
    """What may be offered at most, by what was asked, killed and restarted."""

    def __init__(self, house: House, chance: Random) -> None:
        self.house = house
        self.chance = chance
        self.app_a: float | None = None
        self.app_end_s = float("inf")
        self.app_is_for_charge = False
        self.is_plugged = True
        self.is_session_alive = True
        self.lost_s: float | None = None  # the house's meter
        self.unheard: set[str] = set()  # sources, since the start of load_manager
        self.before_a = float("inf")  # offered when it started
        self.restarted_s = 0.0
        self.is_lifted = False  # the plug has been out since
        self.log: list[str] = []

    def most_a(self, now_s: float) -> float:
        limits = [32.0]
        if self.unheard and not self.is_lifted:
            limits += [self.before_a] if self.unheard == {"meter"} else [self.before_a, 6.0]
        for node, source in self.house.sources.items():
            if node not in self.unheard:
                limits += self._wished_a(source, now_s)
        if "session" not in self.unheard and self.app_a is not None and now_s < self.app_end_s:
            limits.append(self.app_a)
        if self.lost_s is not None and now_s - self.lost_s > 12.0:
            limits.append(10.0)
        return min(limits)

    def _wished_a(self, source: StandIn, now_s: float) -> Iterator[float]:
        for wish in source.wishes:
            silent_s = float("inf") if wish.hold_s is None else source.said_s + wish.hold_s
            end_s = float("inf") if wish.end_ns is None else wish.end_ns / 1e9
            if now_s < min(end_s, silent_s):
                if wish.pause:
                    yield 0.0
                elif wish.limit_a is not None:
                    yield wish.limit_a
            elif silent_s < end_s:
                assert wish.fallback_a is not None
                yield wish.fallback_a

    def acts(self) -> list[Callable[[], None]]:
        """Return what may happen, each as often as it is likely."""
        return [
            *(self._wish, self._wish, self._wish, self._kill, self._kill, self._revive),
            *(self._app, self._restart_load_manager, self._restart_load_manager),
            *(self._kill_session, self._start_session, self._set_clock, self._plug),
            self._lose_meter,
        ]

    def _source(self) -> StandIn:
        return self.chance.choice(list(self.house.sources.values()))

    def _some(self) -> tuple[Wish, ...]:
        chance = self.chance
        wishes = []
        for number in range(chance.choice((0, 1, 1, 2, 3))):
            hold: dict[str, Any] = {}
            if chance.random() < 0.7:
                hold = {
                    "hold_s": chance.choice((1.0, 2.0, 4.0)),
                    "fallback_a": chance.choice((0.0, 6.0, 10.0, 32.0)),
                }
            end_ns = None
            if chance.random() < 0.5:
                end_ns = int((self.house.now_s + chance.uniform(0.5, 20.0)) * 1e9)
            wishes.append(
                Wish(
                    name=f"wish {number}",
                    limit_a=chance.choice((None, 10.0, 16.0, 20.0)),
                    pause=chance.random() < 0.1,
                    end_ns=end_ns,
                    **hold,
                )
            )
        return tuple(wishes)

    def _wish(self) -> None:
        source = self._source()
        if source.is_alive:
            source.wish(*self._some())
            self.unheard.discard(source.node)

    def _kill(self) -> None:
        source = self._source()
        if source.is_alive:
            source.kill()

    def _revive(self) -> None:
        source = self._source()
        if not source.is_alive:
            source.start(*self._some())
            self.unheard.discard(source.node)

    def _app(self) -> None:
        if not self.is_session_alive:
            return
        chance = self.chance
        limit_a = chance.choice((None, None, 12.0, 20.0))
        term: dict[str, Any] = chance.choice(
            ({}, {"until_replaced": True}, {"for_s": chance.uniform(1.0, 30.0)})
        )
        self.house.app(limit_a=limit_a, **term)
        self.app_a = limit_a
        self.app_is_for_charge = not term
        self.app_end_s = self.house.now_s + term.get("for_s", float("inf")) - 0.01

    def _restart_load_manager(self) -> None:
        self.before_a = self.house.offered_a
        dead = {node for node, source in self.house.sources.items() if not source.is_alive}
        if not self.is_session_alive:
            dead.add("session")
        if self.lost_s is not None and self.house.now_s - self.lost_s > 12.0:
            dead.add("meter")
        self.unheard, self.is_lifted = dead, not self.is_plugged
        self.house.restart("load_manager")
        self.restarted_s = self.house.now_s
        self.house.graph.advance(0.15)  # pilot follows what load_manager said last
        self.before_a = max(self.before_a, self.house.offered_a)

    def _kill_session(self) -> None:
        if self.is_session_alive:
            self.house.graph.kill("session")
            self.is_session_alive = False

    def _start_session(self) -> None:
        if not self.is_session_alive:
            self.house.graph.start("session")
            self.is_session_alive = True
            self.unheard.discard("session")

    def _set_clock(self) -> None:
        self.house.set_clock(self.chance.choice((-7200.0, -60.0, 0.7, 60.0, 7200.0)))

    def _plug(self) -> None:
        if self.is_plugged:
            self.house.graph.act(PULL, NOTHING)
            self.is_lifted = True
            if self.app_is_for_charge:
                self.app_a = None
        else:
            self.house.graph.act(PLUG, NOTHING)
        self.is_plugged = not self.is_plugged

    def _lose_meter(self) -> None:
        if self.lost_s is None:
            self.house.graph.act(FAULT, LOST)
            self.lost_s = self.house.now_s
        else:
            self.house.graph.act(CLEAR, LOST)
            self.lost_s = None
            self.unheard.discard("meter")


@pytest.mark.req("MET-7")
@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(3, 20))]
)
def test_in_any_order_the_offer_is_below_each_wish_that_holds_or_its_fallback(
    tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    house = House(tmp_path, seed, dcs__enabled=True, smart_home__enabled=True)
    for source in house.sources.values():
        source.start()
    house.graph.advance(5.0)
    model = Model(house, chance)
    checked = 0
    for _ in range(40):
        act = chance.choice(model.acts())
        model.log.append(f"{house.now_s:.2f} {act.__name__}")
        act()
        house.graph.advance(0.3)
        for _ in range(chance.choice((1, 6, 18))):
            house.graph.advance(TICK_S)
            if house.offer_s < max(house.now_s - DEAF_S, model.restarted_s):
                continue
            most_a = max(model.most_a(house.now_s), model.most_a(house.now_s - TICK_S))
            assert house.offer.limit_a <= most_a, (house.offer, most_a, model.log[-12:])
            checked += 1
    assert checked > 100
