"""What every bus promises a node, shown on both: the same tests on ZeroMQ and in memory."""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Protocol, TypeVar, cast

import msgspec
import pytest

from bus import Answer, Bus, BusError, Call, Status, Subscription
from bus.memory import MemoryGraph
from bus.place import Place
from bus.run import ZmqBus, open_node
from msgs.heartbeat import Heartbeat, NodeState
from msgs.meter import MeterReading
from msgs.method import ANYBODY, TOOLS, Method
from msgs.methods import LIST_METHODS, STOP
from msgs.pilot import PilotStatus, SimPilotDrive
from msgs.requests import NoArguments, ReasonArguments, StopArguments, StopReason, WishArguments
from msgs.topics import (
    HEARTBEATS,
    METER_HOUSE,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_WISH,
    SIM_EVENT,
    SIM_PILOT_DRIVE,
    Topic,
)
from msgs.wish import Wish, Wishes
from tests.builders import meter_reading, pilot_status

PATIENCE_S = 5.0

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")


class World(Protocol):
    """Several nodes, and a way to let time pass."""

    def bus(self, node: str) -> Bus: ...
    def kill(self, node: str) -> None: ...
    def until(self, condition: Callable[[], bool]) -> None: ...
    def wait(self, seconds: float) -> None: ...
    def stop(self, node: str, reason: StopReason) -> None: ...
    def forget_incarnations(self, node: str) -> None: ...


class MemoryWorld:
    def __init__(self, directory: Path) -> None:
        self.graph = MemoryGraph(seed=1, state_dir=directory)

    def bus(self, node: str) -> Bus:
        return self.graph.bus(node)

    def kill(self, node: str) -> None:
        if node in self.graph.running:  # it has not stopped by itself
            self.graph.kill(node)

    def until(self, condition: Callable[[], bool]) -> None:
        assert self.graph.run_until(self.graph.clock.now_s() + PATIENCE_S, condition)

    def wait(self, seconds: float) -> None:
        self.graph.advance(seconds)

    def stop(self, node: str, reason: StopReason) -> None:
        self.graph.stop(node, reason)

    def forget_incarnations(self, node: str) -> None:
        self.graph.forget_incarnations(node)

    def close(self) -> None:
        pass


class ZmqWorld:
    """Real sockets, with all nodes' rounds run in turn by this thread."""

    def __init__(self, directory: Path) -> None:
        self.place = Place(run_dir=directory, state_dir=directory)
        self.nodes: dict[str, ZmqBus] = {}

    def bus(self, node: str) -> Bus:
        self.nodes[node] = open_node(node, self.place)
        return self.nodes[node]

    def kill(self, node: str) -> None:
        self.nodes.pop(node).close()

    def until(self, condition: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end_s, "it did not happen in time"
            self._spin()

    def wait(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._spin()

    def stop(self, node: str, reason: StopReason) -> None:
        self.nodes[node].stop(reason)

    def forget_incarnations(self, node: str) -> None:
        (self.place.run_dir / f"{node}.lock").unlink()

    def _spin(self) -> None:
        for bus in list(self.nodes.values()):
            bus.spin(time.monotonic_ns() + 500_000)

    def close(self) -> None:
        for bus in self.nodes.values():
            bus.close()


class AsyncWorld(ZmqWorld):
    """Real sockets inside asyncio: every node's loop is a task of one event loop."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.loop = asyncio.new_event_loop()
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def bus(self, node: str) -> Bus:
        bus = super().bus(node)
        self.tasks[node] = self.loop.create_task(self.nodes[node].run_async(signals=False))
        return bus

    def kill(self, node: str) -> None:
        task = self.tasks.pop(node)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            self.loop.run_until_complete(task)
        super().kill(node)

    def _spin(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0.001))

    def close(self) -> None:
        for node in list(self.nodes):
            self.kill(node)
        self.loop.close()


@pytest.fixture(params=["memory", "zeromq", "asyncio"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    kinds: dict[str, Any] = {"memory": MemoryWorld, "zeromq": ZmqWorld, "asyncio": AsyncWorld}
    made = kinds[request.param](tmp_path)
    yield made
    made.close()


def status(high_v: float = 12.0) -> PilotStatus:
    return pilot_status(high_v=high_v, low_v=high_v)


def joined(world: World, reader_bus: Bus, writer_bus: Bus) -> None:
    """Wait until a subscriber hears the writer, so that nothing sent from now on is lost."""
    heard = reader_bus.subscribe(HEARTBEATS[writer_bus.node], lambda _: None)
    world.until(lambda: heard.message is not None)


def test_a_subscription_has_the_newest_message(world: World) -> None:
    pilot, safety = world.bus("pilot"), world.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS)
    joined(world, safety, pilot)
    for high_v in (12.0, 9.0, 6.0):
        pilot.publish(PILOT_STATUS, status(high_v))
    safety.every(0.01, lambda: None)
    world.until(lambda: subscription.message == status(6.0))
    assert subscription.fresh() == status(6.0)


def test_a_callback_gets_every_message_in_order(world: World) -> None:
    pilot, safety = world.bus("pilot"), world.bus("safety")
    got: list[float] = []
    safety.subscribe(PILOT_STATUS, lambda message: got.append(message.high_v))
    joined(world, safety, pilot)
    for index in range(200):
        pilot.publish(PILOT_STATUS, status(index / 100))
    world.until(lambda: len(got) == 200)
    assert got == [index / 100 for index in range(200)]


def test_a_callback_for_changes_gets_no_repeat(world: World) -> None:
    pilot, safety = world.bus("pilot"), world.bus("safety")
    got: list[float] = []
    subscription = safety.subscribe(
        PILOT_STATUS, on_change=lambda message: got.append(message.high_v)
    )
    joined(world, safety, pilot)
    for high_v in (12.0, 12.0, 9.0, 9.0, 12.0, 6.0):
        pilot.publish(PILOT_STATUS, status(high_v))
    world.until(lambda: 6.0 in got)
    assert got == [12.0, 9.0, 12.0, 6.0]
    assert subscription.health.gaps == 0


def test_a_node_looks_on_its_grid_and_repeats_its_messages(world: World) -> None:
    """Between processes each instant is a look; in memory those that find nothing are left out."""
    pilot, safety = world.bus("pilot"), world.bus("safety")
    got: list[float] = []
    safety.subscribe(PILOT_STATUS, lambda message: got.append(message.high_v))
    joined(world, safety, pilot)
    looked_s: list[float] = []
    looks = pilot.look_each(0.01, lambda: looked_s.append(pilot.clock.now_s()))
    looks.plan(-math.inf)
    start_s = pilot.clock.now_s()
    pilot.say(PILOT_STATUS, status(), 0.05)
    world.until(lambda: len(got) >= 8)
    looks.cancel()
    took_s = pilot.clock.now_s() - start_s
    assert len(got) <= took_s / 0.05 + 1.0
    assert 1 <= len(looked_s) <= took_s / 0.01 + 1.0
    world.wait(0.05)
    count = len(got)
    world.wait(0.2)
    assert len(got) == count, "who looks no more repeats nothing"


def test_the_newest_message_is_in_place_before_a_callback_runs(world: World) -> None:
    pilot, safety = world.bus("pilot"), world.bus("safety")
    passive = safety.subscribe(PILOT_STATUS)
    seen: list[PilotStatus | None] = []
    safety.subscribe(SIM_PILOT_DRIVE, lambda _: seen.append(passive.message))
    joined(world, safety, pilot)
    pilot.publish(PILOT_STATUS, status(9.0))
    world.wait(0.05)
    pilot.publish(SIM_PILOT_DRIVE, SimPilotDrive(duty_percent=50.0))
    world.until(lambda: bool(seen))
    assert seen == [status(9.0)]


def test_a_message_goes_stale_at_its_hold(world: World) -> None:
    pilot, safety = world.bus("pilot"), world.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS, lambda _: None)
    assert subscription.message is None
    assert subscription.fresh() is None
    assert subscription.age_s == float("inf")
    joined(world, safety, pilot)
    pilot.publish(PILOT_STATUS, status())
    world.until(lambda: subscription.fresh() is not None)
    world.wait(0.2)
    assert subscription.fresh() is not None
    assert 0.2 <= subscription.age_s < 1.0
    world.wait(1.0)
    assert subscription.fresh() is None, "the topic's own hold is 1 s"
    assert subscription.message == status()


def test_a_subscription_without_a_callback_goes_stale_as_well(world: World) -> None:
    pilot, safety = world.bus("pilot"), world.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS)
    joined(world, safety, pilot)
    pilot.publish(PILOT_STATUS, status())
    seen: list[bool] = []
    safety.every(0.05, lambda: seen.append(subscription.fresh() is not None))
    world.until(lambda: True in seen)
    world.until(lambda: False in seen[seen.index(True) :])
    assert PILOT_STATUS.hold_s < subscription.age_s < PILOT_STATUS.hold_s + 0.5


def reading(poll_s: float) -> MeterReading:
    return meter_reading(poll_s=poll_s)


@pytest.mark.req("MET-3")
def test_a_message_may_say_its_own_hold(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    meter, subscription = graph.bus("meter"), graph.bus("web").subscribe(METER_HOUSE)
    for poll_s, hold_s in ((1.0, 10.0), (30.0, 90.0), (1e9, 180.0), (float("nan"), 10.0)):
        meter.publish(METER_HOUSE, reading(poll_s))
        graph.advance(hold_s - 0.01)
        assert subscription.fresh() is not None
        graph.advance(0.02)
        assert subscription.fresh() is None


def test_only_the_writer_of_the_table_may_publish(world: World) -> None:
    safety = world.bus("safety")
    with pytest.raises(BusError, match="safety does not write pilot/status; pilot does"):
        safety.publish(PILOT_STATUS, status())


def test_a_frame_over_64_kib_is_refused(world: World) -> None:
    session = world.bus("session")
    with pytest.raises(BusError, match="at most 65536"):
        session.publish(
            SESSION_WISH,
            Wishes(wishes=(Wish(name="app", detail="x" * 70_000),)),
        )


def test_a_latched_message_reaches_a_late_subscriber_once(world: World) -> None:
    session = world.bus("session")
    wish = Wishes(wishes=(Wish(name="app", limit_a=10.0),))
    session.publish(SESSION_WISH, wish)
    world.wait(0.05)
    early: list[Wishes] = []
    late: list[Wishes] = []
    world.bus("load_manager").subscribe(SESSION_WISH, early.append)
    world.until(lambda: early == [wish])
    world.bus("led").subscribe(SESSION_WISH, late.append)
    world.until(lambda: late == [wish])
    world.wait(0.05)
    assert early == [wish]


def test_a_topic_that_is_not_latched_does_not_reach_a_late_subscriber(world: World) -> None:
    pilot = world.bus("pilot")
    pilot.publish(PILOT_STATUS, status())
    world.wait(0.05)
    safety = world.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS)
    joined(world, safety, pilot)
    assert subscription.message is None


def heard(subscription: Subscription[PilotStatus], incarnation: int) -> bool:
    return subscription.incarnation == incarnation


def keep_saying(pilot: Bus) -> None:
    pilot.every(0.02, lambda: pilot.publish(PILOT_STATUS, status()))


def test_a_restarted_writer_is_heard_again_under_its_next_incarnation(world: World) -> None:
    safety = world.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS, lambda _: None)
    for incarnation in (1, 2, 3):
        pilot = world.bus("pilot")
        assert pilot.incarnation == incarnation
        keep_saying(pilot)
        world.until(partial(heard, subscription, incarnation))
        world.kill("pilot")
    assert subscription.health.gaps == 0


def test_a_writer_whose_count_was_reset_is_heard(world: World) -> None:
    """The lock file that keeps the count may be lost, with the run directory or by a cleaner."""
    safety = world.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS, lambda _: None)
    for count in (1, 2):
        pilot = world.bus("pilot")
        keep_saying(pilot)
        world.until(partial(heard, subscription, count))
        world.kill("pilot")
    world.forget_incarnations("pilot")
    pilot = world.bus("pilot")
    assert pilot.incarnation == 1
    keep_saying(pilot)
    world.until(partial(heard, subscription, 1))
    assert subscription.fresh() == status()


def test_a_writer_of_another_schema_is_refused_and_both_sides_are_named(world: World) -> None:
    class PilotStatusOfYesterday(msgspec.Struct, frozen=True, kw_only=True):
        cp_state: str
        duty_percent: int

    old = Topic(name="pilot/status", message=PilotStatusOfYesterday, writer="pilot")
    pilot, safety = world.bus("pilot"), world.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS, lambda _: None)
    joined(world, safety, pilot)
    pilot.publish(old, PilotStatusOfYesterday(cp_state="A", duty_percent=100))
    world.until(lambda: subscription.health.refused == 1)
    assert subscription.message is None


def test_deadlines_run_in_order_and_not_before_their_time(world: World) -> None:
    bus = world.bus("led")
    ran: list[tuple[str, float]] = []
    start_s = bus.clock.now_s()
    bus.at(start_s + 0.10, lambda: ran.append(("second", bus.clock.now_s())))
    bus.at(start_s + 0.05, lambda: ran.append(("first", bus.clock.now_s())))
    bus.at(start_s + 0.07, lambda: ran.append(("never", 0.0))).cancel()
    world.until(lambda: len(ran) == 2)
    assert [name for name, _ in ran] == ["first", "second"]
    assert ran[0][1] >= start_s + 0.05
    assert ran[1][1] >= start_s + 0.10


def test_the_clock_has_reached_a_deadline_when_it_runs(world: World) -> None:
    bus = world.bus("led")
    early: list[float] = []
    ran: list[float] = []

    def check(due_s: float) -> None:
        ran.append(due_s)
        if bus.clock.now_s() < due_s:
            early.append(due_s - bus.clock.now_s())

    start_s = bus.clock.now_s()
    for index in range(300):
        due_s = start_s + index * 0.000_333_333_3
        bus.at(due_s, partial(check, due_s))
    world.until(lambda: len(ran) == 300)
    assert early == []


def test_a_period_keeps_its_beat_without_drift(world: World) -> None:
    bus = world.bus("led")
    ran: list[float] = []
    start_s = bus.clock.now_s()
    timer = bus.every(0.02, lambda: ran.append(bus.clock.now_s() - start_s))
    world.until(lambda: len(ran) >= 20)
    timer.cancel()
    count = len(ran)
    slots = [int(at_s / 0.02 + 1e-6) for at_s in ran]
    assert slots == sorted(set(slots)), "one round a slot, missed ones are left out"
    world.wait(0.05)
    assert len(ran) == count


def row(
    name: str,
    arguments: type[A],
    result: type[R],
    callers: tuple[str, ...] = (ANYBODY,),
    timeout_s: float = 1.0,
) -> Method[A, R]:
    return Method(
        name=name,
        server="session",
        arguments=arguments,
        result=result,
        callers=callers,
        text="",
        timeout_s=timeout_s,
    )


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: who asked, and for what."""

    caller: str
    limit_a: Annotated[float, msgspec.Meta(ge=0)] | None = None


WISH = row("wish", WishArguments, Heard)
PLAIN = row("plain", NoArguments, NoneType)
WORD = row("word", NoArguments, str)
START = row("start", ReasonArguments, str)
COUNT = row("count", NoArguments, int)
GUARDED = row("guarded", NoArguments, NoneType, callers=("led", TOOLS))


def untyped(method: Method[Any, Any]) -> Method[Any, Any]:
    """Return a row as a program without types has it: anything goes into it."""
    return method


def ask(
    world: World,
    bus: Bus,
    method: Method[A, R],
    arguments: A,
    timeout_s: float | None = None,
    key: str | None = None,
) -> Answer[R]:
    answers: list[Answer[R]] = []
    bus.request(method, arguments, answers.append, timeout_s=timeout_s, key=key)
    world.until(lambda: bool(answers))
    return answers[0]


def test_a_request_is_answered_with_the_result_of_its_type(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")

    def on_wish(call: Call[WishArguments, Heard]) -> None:
        call.ok(Heard(caller=call.caller, limit_a=call.arguments.limit_a))

    session.serve(WISH, on_wish)
    answer = ask(world, led, WISH, WishArguments(limit_a=10.0))
    assert answer == Answer(status=Status.OK, result=Heard(caller="led", limit_a=10.0))


def test_a_request_may_be_answered_later(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")

    def on_word(call: Call[NoArguments, str]) -> None:
        session.at(session.clock.now_s() + 0.1, lambda: call.ok("late"))

    session.serve(WORD, on_word)
    assert ask(world, led, WORD, NoArguments()).result == "late"


def test_bad_arguments_are_named(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")
    calls: list[Call[Any, Any]] = []
    session.serve(WISH, calls.append)
    answer = ask(world, led, untyped(WISH), {"limit_a": "much"})
    assert answer.status is Status.BAD_ARGUMENTS
    assert "$.limit_a" in answer.reason
    assert "expected limit_a: " in answer.reason
    answer = ask(world, led, untyped(WISH), {"limit": 10})
    assert answer.status is Status.BAD_ARGUMENTS
    assert calls == []


def test_a_method_that_is_not_served_is_answered_with_those_there_are(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")
    session.serve(WISH, lambda call: None)
    answer = ask(world, led, WORD, NoArguments())
    assert answer.status is Status.BAD_ARGUMENTS
    assert "session has no method 'word'; it has methods, schema, stop, wish" in answer.reason


def test_a_result_of_another_type_is_an_error_with_a_reason(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")
    results = iter([{"who": "led"}, {"caller": "led", "limit_a": -1.0}, None, "led"])
    session.serve(untyped(WISH), lambda call: call.ok(next(results)))
    for words in ("caller", "$.limit_a", "null", "str"):
        answer = ask(world, led, WISH, WishArguments())
        assert (answer.status, answer.result) == (Status.ERROR, None)
        assert words in answer.reason
        assert "session has answered wish with another result" in answer.reason
    session.serve(untyped(PLAIN), lambda call: call.ok("done"))
    assert ask(world, led, PLAIN, NoArguments()).status is Status.ERROR


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        ("led", True),
        ("tool-17", True),
        ("web", False),
        ("session", False),  # not even itself
        ("tools", False),
    ],
)
def test_who_may_not_call_is_refused_before_the_handler(
    world: World, caller: str, may: bool
) -> None:
    session = world.bus("session")
    asker = session if caller == "session" else world.bus(caller)
    called: list[str] = []

    def on_guarded(call: Call[NoArguments, None]) -> None:
        called.append(call.caller)
        call.ok(None)

    session.serve(GUARDED, on_guarded)
    answer = ask(world, asker, untyped(GUARDED), {} if may else {"limit_a": "much"}, key="k1")
    assert answer.status is (Status.OK if may else Status.REFUSED)
    assert called == ([caller] if may else [])
    if not may:
        assert answer.reason == (
            f"{caller} may not call guarded of session; led and the command line may"
        )


def test_a_refusal_names_its_problems_by_key(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")
    problems = {"hotspot.channel": "expected 1 to 13", "proxy.port": "expected 0 to 65535"}
    session.serve(PLAIN, lambda call: call.refuse("two values are wrong", problems))
    assert ask(world, led, PLAIN, NoArguments()) == Answer(
        status=Status.REFUSED, reason="two values are wrong", problems=problems
    )


def test_a_refusal_and_a_server_that_is_not_ready_say_why(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")
    session.serve(PLAIN, lambda call: call.refuse("a vehicle is plugged"))
    session.serve(WORD, lambda call: call.not_ready("no meter yet"))
    refused: Answer[None] = Answer(status=Status.REFUSED, reason="a vehicle is plugged")
    assert ask(world, led, PLAIN, NoArguments()) == refused
    assert ask(world, led, WORD, NoArguments()).status is Status.NOT_READY


def test_a_node_serves_its_own_methods_only(world: World) -> None:
    led = world.bus("led")
    with pytest.raises(BusError, match="led does not serve word of session"):
        led.serve(WORD, lambda call: call.ok("mine"))
    with pytest.raises(BusError, match="led does not serve stop"):
        led.serve(STOP, lambda call: None)


def test_a_request_to_every_node_needs_a_node(world: World) -> None:
    led, _ = world.bus("led"), world.bus("session")
    with pytest.raises(BusError, match="every node serves methods"):
        led.request(LIST_METHODS, NoArguments())
    answer = ask(world, led, LIST_METHODS.at("session"), NoArguments())
    assert answer.result is not None
    assert answer.result["schema"] == {"topic": "str"}


@pytest.mark.parametrize(("given_s", "used_s"), [(None, 0.3), (0.1, 0.1)])
def test_a_node_that_does_not_run_is_a_timeout_after_that_of_row_or_request(
    world: World, given_s: float | None, used_s: float
) -> None:
    led = world.bus("led")
    began_s = led.clock.now_s()
    answer = ask(world, led, replace(WORD, timeout_s=0.3), NoArguments(), given_s)
    assert answer.status is Status.TIMEOUT
    assert f"session did not answer word within {used_s:g} s" in answer.reason
    assert used_s - 0.001 <= led.clock.now_s() - began_s < 2.0


def test_an_expired_request_is_never_carried_out(world: World) -> None:
    led = world.bus("led")
    assert ask(world, led, START, ReasonArguments(), timeout_s=0.1).status is Status.TIMEOUT
    session = world.bus("session")
    started: list[str] = []
    session.serve(START, lambda call: started.append(call.caller))
    world.wait(0.3)
    assert started == []


def test_a_request_waits_until_it_expires_for_a_node_that_is_starting(world: World) -> None:
    led = world.bus("led")
    answers: list[object] = []
    for number in range(70):  # more than wait for one node: the oldest are lost
        led.request(
            START,
            ReasonArguments(reason=str(number)),
            lambda answer: answers.append(answer.result),
            timeout_s=2.0,
        )
    world.wait(0.2)
    assert answers == []
    session = world.bus("session")
    session.serve(START, lambda call: call.ok(call.arguments.reason))
    world.until(lambda: len(answers) == 64)
    assert answers == [str(number) for number in range(6, 70)]


def test_requests_of_one_key_are_carried_out_once_and_answered_twice(world: World) -> None:
    session, led = world.bus("session"), world.bus("led")
    done: list[int] = []

    def on_count(call: Call[NoArguments, int]) -> None:
        done.append(1)
        call.ok(len(done))

    session.serve(COUNT, on_count)
    answers = [ask(world, led, COUNT, NoArguments(), key="k1").result for _ in range(2)]
    answers.append(ask(world, led, COUNT, NoArguments(), key="k2").result)
    assert answers == [1, 1, 2]


def test_a_key_does_not_apply_to_another_caller_or_method(world: World) -> None:
    session, led, meter = world.bus("session"), world.bus("led"), world.bus("meter")
    end, begin = replace(WORD, name="end"), replace(WORD, name="begin")
    session.serve(end, lambda call: call.ok(f"end for {call.caller}"))
    session.serve(begin, lambda call: call.ok(f"begin for {call.caller}"))
    answers = [
        ask(world, bus, method, NoArguments(), key="k1").result
        for bus in (led, meter)
        for method in (end, begin)
    ]
    assert answers == ["end for led", "begin for led", "end for meter", "begin for meter"]


def test_offloaded_work_comes_back_in_order_and_in_the_node(world: World) -> None:
    bus = world.bus("session")
    results: list[tuple[object, int]] = []

    def fail() -> int:
        raise ValueError("disk full")

    def keep(result: int | Exception) -> None:
        results.append((result, threading.get_ident()))

    for work in (lambda: 1, fail, lambda: 3):
        bus.offload("work", work, keep)
    world.until(lambda: len(results) == 3)
    values = [value for value, _ in results]
    assert values[0] == 1
    assert isinstance(values[1], ValueError)
    assert values[2] == 3
    assert {thread for _, thread in results} == {threading.get_ident()}


def test_offloaded_work_is_never_done_before_the_callback_that_asks_for_it_is_over(
    world: World,
) -> None:
    bus = world.bus("session")
    order: list[str] = []

    def ask_for_work() -> None:
        bus.offload("work", lambda: order.append("work"), lambda _: order.append("done"))
        order.append("asked")

    bus.at(0.0, ask_for_work)
    world.until(lambda: len(order) == 3)
    assert order.index("done") == 2


def test_no_more_than_64_pieces_of_work_wait(world: World) -> None:
    bus = world.bus("session")
    done: list[object] = []
    for number in range(64):
        bus.offload("work", partial(int, number), done.append)
    with pytest.raises(BusError, match="64 pieces of work wait already"):
        bus.offload("work", lambda: 64, done.append)
    world.until(lambda: len(done) == 64)
    bus.offload("work", lambda: 64, done.append)
    world.until(lambda: len(done) == 65)
    assert done == list(range(65))


def test_what_is_posted_runs_in_the_node_in_order(world: World) -> None:
    bus = world.bus("led")
    ran: list[tuple[int, int]] = []
    for number in range(3):
        bus.post(lambda number=number: ran.append((number, threading.get_ident())))  # type: ignore[misc]
    assert ran == []  # not inside the call
    world.until(lambda: len(ran) == 3)
    assert ran == [(number, threading.get_ident()) for number in range(3)]


def test_other_threads_may_post_to_a_node_that_has_ended(tmp_path: Path) -> None:
    world = ZmqWorld(tmp_path)
    bus = world.bus("led")
    ran: list[int] = []

    def post() -> None:
        for _ in range(100):
            bus.post(lambda: ran.append(threading.get_ident()))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    world.until(lambda: len(ran) == 400)
    for thread in threads:
        thread.join()
    assert set(ran) == {threading.get_ident()}
    world.kill("led")
    bus.post(lambda: ran.append(0))
    assert len(ran) == 400


def test_a_node_that_stops_finishes_the_work_it_has_offloaded(world: World) -> None:
    bus = world.bus("session")
    written: list[int] = []

    def stop(reason: StopReason, done: Callable[[], None]) -> None:
        for number in range(3):
            bus.offload("work", partial(written.append, number), lambda _: None)
        done()

    bus.on_stop(stop)
    world.stop("session", StopReason.SHUTDOWN)
    world.wait(0.05)
    world.kill("session")
    assert written == [0, 1, 2]


def _offload(world: World, bus: Bus, ran: Callable[[], None]) -> None:
    for _ in range(2):
        bus.offload("work", lambda: None, lambda _: ran())


def _post(world: World, bus: Bus, ran: Callable[[], None]) -> None:
    for _ in range(2):
        bus.post(ran)


def _deadlines(world: World, bus: Bus, ran: Callable[[], None]) -> None:
    now_s = bus.clock.now_s()
    for _ in range(2):
        bus.at(now_s, ran)


def _messages(world: World, bus: Bus, ran: Callable[[], None]) -> None:
    pilot = world.bus("pilot")
    bus.subscribe(PILOT_STATUS, lambda _: ran())
    joined(world, bus, pilot)
    for high_v in (12.0, 9.0):
        pilot.publish(PILOT_STATUS, status(high_v))


def _requests(world: World, bus: Bus, ran: Callable[[], None]) -> None:
    bus.serve(PLAIN, lambda call: ran())
    led = world.bus("led")
    joined(world, led, bus)
    for _ in range(2):
        led.request(PLAIN, NoArguments())


def _answers(world: World, bus: Bus, ran: Callable[[], None]) -> None:
    led = world.bus("led")
    asked: list[Call[NoArguments, None]] = []
    led.serve(replace(PLAIN, server="led"), asked.append)
    for _ in range(2):
        bus.request(replace(PLAIN, server="led"), NoArguments(), lambda _: ran())
    world.until(lambda: len(asked) == 2)
    for call in asked:
        call.ok(None)


@pytest.mark.parametrize("ready", [_offload, _post, _deadlines, _messages, _requests, _answers])
def test_nothing_of_a_node_that_has_stopped_runs_for_what_was_ready(
    world: World, ready: Callable[[World, Bus, Callable[[], None]], None]
) -> None:
    """Its devices have been left: nothing may drive them again."""
    bus = world.bus("session")
    left: list[str] = []

    def stop(reason: StopReason, done: Callable[[], None]) -> None:
        left.append("left")
        done()

    def ran() -> None:
        left.append("ran")
        cast(Any, bus).stop(StopReason.SIGNAL)

    bus.on_stop(stop)
    ready(world, bus, ran)
    time.sleep(0.05)  # both are there before the node goes on
    world.wait(0.2)
    assert left == ["ran", "left"]


def test_what_a_node_keeps_open_is_closed_after_its_offloaded_work(world: World) -> None:
    bus = world.bus("session")
    did: list[str] = []

    def stop(reason: StopReason, done: Callable[[], None]) -> None:
        bus.offload("work", partial(did.append, "work"), lambda _: None)
        done()

    bus.on_close(partial(did.append, "opened first"))
    bus.on_close(partial(did.append, "opened last"))
    bus.on_stop(stop)
    world.wait(0.05)
    assert did == []
    world.stop("session", StopReason.SHUTDOWN)
    world.wait(0.05)
    world.kill("session")
    assert did == ["work", "opened last", "opened first"]


def test_a_process_that_fails_closes_nothing_that_offloaded_work_may_use(tmp_path: Path) -> None:
    bus = open_node("session", Place(run_dir=tmp_path, state_dir=tmp_path))
    closed: list[str] = []
    bus.on_close(partial(closed.append, "database"))
    bus.close()
    assert closed == []


def test_a_coroutine_runs_inside_asyncio_and_is_refused_elsewhere(world: World) -> None:
    async def answer() -> int:
        return 7

    pilot = world.bus("pilot")
    results: list[int] = []
    refusals: list[str] = []

    def start() -> None:
        try:
            pilot.spawn(answer(), results.append)
        except BusError as error:
            refusals.append(str(error))

    pilot.at(pilot.clock.now_s(), start)
    world.until(lambda: bool(results or refusals))
    if isinstance(world, AsyncWorld):
        assert (results, refusals) == ([7], [])
    else:
        refusal = "pilot cannot run a coroutine: its loop is not asyncio's"
        assert (results, refusals) == ([], [refusal])


def test_a_heartbeat_has_each_state(world: World) -> None:
    led, session = world.bus("led"), world.bus("session")
    beats: list[Heartbeat] = []
    session.subscribe(HEARTBEATS["led"], beats.append)
    world.until(lambda: bool(beats))
    led.ready()

    def linger(reason: StopReason, done: Callable[[], None]) -> None:
        led.at(led.clock.now_s() + 0.1, done)

    led.on_stop(linger)
    world.wait(0.05)
    world.stop("led", StopReason.SHUTDOWN)
    world.until(lambda: beats[-1].state is NodeState.STOPPED)
    states = list(dict.fromkeys(beat.state for beat in beats))
    assert states == [
        NodeState.STARTING,
        NodeState.READY,
        NodeState.STOPPING,
        NodeState.STOPPED,
    ]
    assert {beat.incarnation for beat in beats} == {1}


def test_a_node_is_stopped_by_the_supervisor_alone(world: World) -> None:
    led, session, launch = world.bus("led"), world.bus("session"), world.bus("launch")
    reasons: list[StopReason] = []
    session.on_stop(lambda reason, done: reasons.append(reason))
    stop = StopArguments(reason=StopReason.RESTART)
    assert ask(world, led, STOP.at("session"), stop).status is Status.REFUSED
    assert reasons == []
    assert ask(world, launch, STOP.at("session"), stop).status is Status.OK
    assert reasons == [StopReason.RESTART]


def test_a_subscriber_that_does_not_read_costs_the_writer_nothing(world: World) -> None:
    plant = world.bus("plant")
    pilot = world.bus("pilot")
    pilot.subscribe(SIM_EVENT)
    joined(world, pilot, plant)
    subscription = pilot.subscribe(SAFETY_STATUS)
    assert subscription.message is None
    assert subscription.stamp_s is None
