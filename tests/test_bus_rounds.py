"""Rounds that are left out change nothing: not what is sent, not what is read, not when."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from bus import Bus, BusError, Subscription
from bus.looks import TimerLooks
from bus.memory import START_NS, MemoryGraph
from bus.moment import Moment
from bus.rounds import Instant, Rounds
from bus.timers import Timers
from bus.wire import unpack
from msgs.heartbeat import Heartbeat
from msgs.topics import HEARTBEATS, Topic


class Word(Struct, frozen=True, kw_only=True):
    """A message: what counts, and what drifts."""

    level: int
    drift: float = 0.0


NAMES = ("a", "b", "c", "d")
PERIODS_S = (0.01, 0.025, 0.1, 0.15)
SAID = {
    name: Topic(
        name=f"{name}/word",
        message=Word,
        writer=name,
        period_s=period_s,
        hold_s=hold_s,
        drifts=("drift",),
        latched=name == "c",
    )
    for name, period_s, hold_s in zip(
        NAMES, (0.1, 0.02, 1.0, 0.25), (0.5, 0.05, 3.0, math.inf), strict=True
    )
}


class Inputs(Struct, frozen=True, kw_only=True):
    now_s: float
    since_s: float
    heard: tuple[int | None, ...]
    kick: int = 0


class Outputs(Struct, frozen=True, kw_only=True):
    word: Word
    due_s: float


class State(Struct, frozen=True, kw_only=True):
    level: int = 0
    total: int = 0
    until_s: float = 0.0
    left: int = 0  # steps until it is at rest


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """A machine with a deadline, a counter in motion, and a value that drifts."""
    before, moment = state, Moment(inputs.now_s)
    total = sum(
        index * (value or 0) + (value is None) for index, value in enumerate(inputs.heard, 1)
    )
    if total != state.total or inputs.kick:
        state = replace(state, total=total, until_s=inputs.now_s + 0.05 * (1 + total % 7), left=3)
    elif state.left:
        state = replace(state, left=state.left - 1)
    level = total % 5 + inputs.kick if moment.reached(state.until_s) else state.level
    state = replace(state, level=level % 11)
    word = Word(level=state.level, drift=float(total))
    return state, Outputs(word=word, due_s=moment.due_s if state == before else inputs.now_s)


def _used(word: Word) -> int:
    """Return all that the machine uses of a message."""
    return word.level


class Node:
    """One machine, its subscriptions, and what it has decided."""

    def __init__(self, bus: Bus, index: int, done: list[Any]) -> None:
        self._bus, self._done = bus, done
        self._state = State()
        self._topic = SAID[NAMES[index]]
        others = [SAID[name] for name in NAMES if name != NAMES[index]]
        self.subscriptions: list[Subscription[Word]] = [
            bus.subscribe(
                topic,
                on_change=self._on_change if index == 3 else None,
                uses=_used if index < 2 else None,
            )
            for topic in others
        ]
        self._said: Word | None = None
        self.rounds: Rounds[Inputs, Outputs] = Rounds(
            bus, PERIODS_S[index], self._look, self._act, is_exact=index >= 2
        )

    def kick(self, force: int) -> None:
        self.rounds.run(lambda inputs: replace(inputs, kick=force))

    def change_pace(self, number: int) -> None:
        """Take another period, in which what is repeated still holds."""
        paces_s = [period_s for period_s in PERIODS_S if period_s <= self._topic.hold_s / 2]
        self.rounds.period_s = paces_s[number % len(paces_s)]

    def _on_change(self, _: Word) -> None:
        self.rounds.wake()

    def _look(self, instant: Instant) -> Inputs:
        heard = tuple(
            None if (word := subscription.fresh()) is None else word.level
            for subscription in self.subscriptions
        )
        return Inputs(now_s=instant.now_s, since_s=instant.since_s, heard=heard)

    def _act(self, inputs: Inputs) -> Outputs:
        if inputs.since_s > 2.5 * self.rounds.period_s:
            self._done.append((self._bus.node, "late", inputs.now_s, inputs.since_s))
        self._state, outputs = step(self._state, inputs)
        if outputs.word != self._said:
            self._done.append((self._bus.node, "says", inputs.now_s, outputs.word))
        self._said = outputs.word
        self.rounds.say(self._topic, outputs.word)
        return outputs


class World:
    """Four nodes on one graph, and what may befall them."""

    def __init__(self, folder: Path, leaves_out: bool, is_tapped: bool) -> None:
        self.graph = MemoryGraph(1, folder, leaves_out=leaves_out)
        self.done: list[Any] = []
        self.frames: list[bytes] = []
        if is_tapped:
            self.graph.tap(self.frames.append)
        self._nodes: dict[str, Node] = {}
        self._losses: list[Callable[[], None]] = []
        self._suspended: set[str] = set()
        for index in range(len(NAMES)):
            self._start(index)
            self.graph.advance(0.003)

    def _start(self, index: int) -> None:
        name = NAMES[index]
        bus = self.graph.bus(name)
        self._nodes[name] = Node(bus, index, self.done)
        bus.ready()

    def befall(self, what: str, index: int, wait_ms: float) -> None:
        name = NAMES[index]
        runs = name in self.graph.running
        match what:
            case "kick" if runs and name not in self._suspended:
                self._nodes[name].kick(1 + int(wait_ms) % 3)
            case "pace" if runs and name not in self._suspended:
                self._nodes[name].change_pace(int(wait_ms))
            case "kill" if runs:
                self.graph.kill(name)
                self._suspended.discard(name)
            case "start" if not runs:
                self._start(index)
            case "suspend" if runs and name not in self._suspended:
                self.graph.suspend(name)
                self._suspended.add(name)
            case "resume" if name in self._suspended:
                self.graph.resume(name)
                self._suspended.discard(name)
            case "lose":
                self._losses.append(
                    self.graph.lose(lambda writer, topic, subscriber: subscriber == name)
                )
            case "find" if self._losses:
                self._losses.pop()()
            case _:
                pass
        self.graph.advance(wait_ms / 1000.0)
        self._probe()

    def _probe(self) -> None:
        for name in self.graph.running:
            for subscription in self._nodes[name].subscriptions:
                seen = (
                    subscription.message,
                    subscription.stamp_s,
                    subscription.fresh() is not None,
                )
                self.done.append((name, "probe", self.graph.clock.ns, *seen))


WHATS = (
    *("kick", "kick", "pace", "kill", "start", "start"),
    *("suspend", "resume", "lose", "find", "wait"),
)
ON_THE_GRIDS_MS = (0.0, 10.0, 25.0, 47.0, 100.0, 1000.0, 5000.0)
EVENTS = st.tuples(
    st.sampled_from(WHATS),
    st.integers(0, len(NAMES) - 1),
    st.one_of(st.floats(0.0, 300.0), st.sampled_from(ON_THE_GRIDS_MS)),
)


@settings(max_examples=25)
@given(st.lists(EVENTS, max_size=25), st.booleans())
def test_what_is_left_out_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int, float]], is_tapped: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole, short = (World(folder, leaves_out, is_tapped) for leaves_out in (False, True))
    for event in events:
        whole.befall(*event)
        short.befall(*event)
        assert short.done == whole.done
    assert short.frames == whole.frames


# --- the helper itself ----------------------------------------------------------------------------


class Counting(Struct, frozen=True, kw_only=True):
    """Outputs of a machine that only asks for its next step."""

    due_s: float


class Looker:
    """Counts looks, steps and looks without a step, by the instants at which they took place."""

    def __init__(
        self,
        graph: MemoryGraph,
        period_s: float,
        due_s: float,
        *,
        node: str = "a",
        is_exact: bool = False,
    ) -> None:
        self.value = 0
        self.due_s = due_s
        self.looks: list[float] = []
        self.steps: list[Inputs] = []
        self.same: list[float] = []
        self.bus = graph.bus(node)
        self.rounds: Rounds[Inputs, Counting] = Rounds(
            self.bus,
            period_s,
            self._look,
            self._act,
            on_same=lambda: self.same.append(self.now_s),
            is_exact=is_exact,
        )

    @property
    def now_s(self) -> float:
        return round((self.bus.clock.now_ns() - START_NS) / 1e9, 6)

    def _look(self, instant: Instant) -> Inputs:
        self.looks.append(self.now_s)
        return Inputs(now_s=instant.now_s, since_s=instant.since_s, heard=(self.value,))

    def _act(self, inputs: Inputs) -> Counting:
        self.steps.append(inputs)
        return Counting(due_s=self.due_s)

    @property
    def stepped_s(self) -> list[float]:
        return [round(inputs.now_s - START_NS / 1e9, 6) for inputs in self.steps]


@pytest.fixture
def graph(tmp_path: Path) -> MemoryGraph:
    return MemoryGraph(1, tmp_path)


def test_the_first_look_is_at_once_and_steps(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, math.inf)
    graph.advance(5.0)
    assert looker.stepped_s == [0.0]
    assert looker.looks == [0.0], "nothing has changed since"


def test_a_deadline_is_met_with_the_next_look(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, START_NS / 1e9 + 0.25)
    graph.advance(0.29)
    assert looker.stepped_s == [0.0]
    graph.advance(0.02)
    assert looker.stepped_s == [0.0, 0.3]


def test_an_exact_deadline_is_met_when_it_comes(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, START_NS / 1e9 + 0.25, is_exact=True)
    graph.advance(0.29)
    assert looker.stepped_s == [0.0, 0.25]


def test_an_exact_deadline_that_comes_during_its_own_step_is_met_at_once(
    graph: MemoryGraph,
) -> None:
    looker = Looker(graph, 0.5, START_NS / 1e9 + 0.003, is_exact=True)
    act = looker.rounds._act

    def slow(inputs: Inputs) -> Counting:
        if len(looker.steps) == 0:
            graph.clock.ns += 5_000_000
        return act(inputs)

    looker.rounds._act = slow
    graph.advance(0.4)
    assert looker.stepped_s == [0.0, 0.005]


def test_a_state_in_motion_is_stepped_at_each_look(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, -math.inf)
    graph.advance(0.35)
    assert looker.stepped_s == [0.0, 0.1, 0.2, 0.3]
    assert [round(inputs.since_s, 6) for inputs in looker.steps] == [0.0, 0.1, 0.1, 0.1]


def test_an_event_steps_off_the_grid_and_is_forgotten(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, math.inf)
    graph.advance(0.15)
    looker.rounds.run(lambda inputs: replace(inputs, kick=7))
    graph.advance(0.4)
    assert [inputs.kick for inputs in looker.steps] == [0, 7, 0]
    assert looker.stepped_s == [0.0, 0.15, 0.2], "once more without it, and no more"
    assert round(looker.steps[1].since_s, 6) == 0.05, "since the look that was left out"


def test_what_wakes_the_node_is_looked_at_at_once(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, math.inf)
    graph.advance(0.15)
    looker.value = 1
    looker.rounds.wake()
    assert [inputs.heard for inputs in looker.steps] == [(0,), (1,)]


def test_a_look_without_a_step_calls_back(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, math.inf)
    graph.advance(0.15)
    looker.rounds.wake()
    assert looker.same == [0.15]


def test_a_look_that_was_missed_is_stepped(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, math.inf)
    graph.advance(0.05)
    graph.suspend("a")
    graph.advance(0.3)
    graph.resume("a")
    graph.advance(1.0)
    assert looker.stepped_s == [0.0, 0.35]
    assert round(looker.steps[1].since_s, 6) == 0.35


def test_the_heartbeat_names_the_looks_that_came_late(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.01, -math.inf, node="safety")
    heard: list[Heartbeat] = []
    beats = graph.bus("b").subscribe(HEARTBEATS["safety"], heard.append)
    graph.advance(0.995)
    for gap_s in (0.015, 0.025, 0.3):
        graph.suspend("safety")
        graph.advance(gap_s)
        graph.resume("safety")
        graph.advance(0.2)
    graph.advance(2.0)
    assert looker.rounds.period_s == 0.01
    assert beats.message is not None
    # Of 10 ms grid and hold: 20 ms is no gap, the others are 30 and 300 to 310 ms.
    assert beats.message.look_gaps == (0, 1, 0, 0, 1, 0)
    assert max(beat.look_gap_max_ms for beat in heard) == pytest.approx(305.0, abs=6.0)
    assert heard[-1].look_gap_max_ms == 0.0


@pytest.mark.parametrize("leaves_out", [False, True])
@pytest.mark.parametrize("looks", ["wake", "run", "instant"])
def test_the_heartbeat_has_the_same_gap_as_the_inputs_of_the_machine(
    tmp_path: Path, looks: str, leaves_out: bool
) -> None:
    graph = MemoryGraph(1, tmp_path, leaves_out=leaves_out)
    looker = Looker(graph, 0.01, -math.inf, node="safety")
    heard: list[Heartbeat] = []
    graph.bus("b").subscribe(HEARTBEATS["safety"], heard.append)
    graph.advance(0.5)
    graph.suspend("safety")
    graph.advance(0.2534)
    graph.resume("safety")
    if looks == "wake":
        looker.rounds.wake()
    elif looks == "run":
        looker.rounds.run()
    graph.advance(1.0)
    longest_s = max(inputs.since_s for inputs in looker.steps)
    assert longest_s == pytest.approx(0.2584, abs=0.0051)
    assert [beat.look_gap_max_ms for beat in heard if beat.look_gap_max_ms] == [
        pytest.approx(longest_s * 1e3, abs=1e-3)
    ]
    assert heard[-1].look_gaps == (0, 0, 0, 0, 1, 0)


@pytest.mark.parametrize("leaves_out", [False, True])
def test_an_event_after_a_suspension_has_the_gap_since_the_last_look(
    tmp_path: Path, leaves_out: bool
) -> None:
    graph = MemoryGraph(1, tmp_path, leaves_out=leaves_out)
    looker = Looker(graph, 0.1, math.inf)
    graph.advance(0.05)
    graph.suspend("a")
    graph.advance(0.3)
    graph.resume("a")
    looker.rounds.run(lambda inputs: replace(inputs, kick=7))
    graph.advance(0.01)
    assert [round(inputs.since_s, 6) for inputs in looker.steps] == [0.0, 0.35, 0.0]


def test_the_period_is_changed_from_the_newest_instant_on(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, -math.inf)
    graph.advance(0.15)
    looker.rounds.period_s = 0.02
    graph.advance(0.03)
    assert looker.looks == [0.0, 0.1, 0.16]
    assert looker.rounds.period_s == 0.02


@pytest.mark.parametrize("leaves_out", [False, True])
def test_a_grid_that_is_changed_between_two_looks_has_missed_none(
    tmp_path: Path, leaves_out: bool
) -> None:
    graph = MemoryGraph(1, tmp_path, leaves_out=leaves_out)
    hearer, looker = Hearer(graph), Looker(graph, 0.1, -math.inf)
    looker.rounds.say(SAID["a"], Word(level=1))
    graph.advance(0.195)
    looker.rounds.period_s = 0.03
    graph.advance(0.001)
    assert looker.looks == [0.0, 0.1]
    graph.advance(0.03)
    assert looker.looks == [0.0, 0.1, 0.22]
    assert [at_s for at_s, _ in hearer.heard] == [0.0, 0.1, 0.22], "0.19 was no instant"


def test_a_node_that_has_stopped_looks_no_more(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, -math.inf)
    graph.advance(0.05)
    looker.rounds.stop()
    looker.rounds.wake()
    graph.advance(1.0)
    assert looker.looks == [0.0]


def test_a_node_looks_on_one_grid(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.1, math.inf)
    with pytest.raises(BusError, match="a looks already"):
        looker.bus.look_each(0.1, lambda: None)


class SteppedClock:
    """A clock that jumps by 300 ms at each reading, once switched on."""

    def __init__(self) -> None:
        self.ns, self.is_stalling = START_NS, False

    def now_ns(self) -> int:
        self.ns += 300_000_000 if self.is_stalling else 0
        return self.ns

    def now_s(self) -> float:
        return self.now_ns() / 1e9

    def utc_ns(self) -> int:
        return self.ns

    def boot(self) -> str:
        return "this boot"

    def is_utc_set(self) -> bool:
        return True

    def set_utc(self, utc_ns: int) -> None:
        self.ns = utc_ns


def test_a_stall_within_a_look_is_in_the_gap_of_the_next() -> None:
    clock, timers = SteppedClock(), Timers()
    gaps_ns: list[int] = []
    looks = TimerLooks(timers, clock, 10_000_000, lambda: None, gaps_ns.append)
    assert looks.note_look(clock.now_ns()) == 0
    clock.ns += 10_000_000
    clock.is_stalling = True
    looked_ns = clock.now_ns()
    assert looks.note_look(looked_ns) == 310_000_000
    assert gaps_ns == [310_000_000]
    assert looks.looked_ns == looked_ns, "the reading that the look was judged by"


@pytest.mark.parametrize("uses", [None, lambda _: None])
def test_a_message_that_is_there_again_is_looked_at(
    graph: MemoryGraph, uses: Callable[[Word], object] | None
) -> None:
    bus, writer = graph.bus("b"), graph.bus("a")
    subscription = bus.subscribe(SAID["a"], uses=uses)
    seen: list[bool] = []

    def look(instant: Instant) -> Inputs:
        level = None if subscription.fresh() is None else 1
        return Inputs(now_s=instant.now_s, since_s=0.0, heard=(level,))

    def act(inputs: Inputs) -> Counting:
        seen.append(inputs.heard == (1,))
        return Counting(due_s=math.inf)

    Rounds(bus, 0.1, look, act)
    for level in (1, 2, 3):
        writer.publish(SAID["a"], Word(level=level))
        graph.advance(1.05)
    assert seen == [True, False] * 3


# --- messages ------------------------------------------------------------------------------------


class Hearer:
    """Another node that has each frame of `a/word`."""

    def __init__(self, graph: MemoryGraph) -> None:
        self.heard: list[tuple[float, Word]] = []
        self._clock = graph.clock
        graph.bus("b").subscribe(SAID["a"], self._on_word)

    def _on_word(self, word: Word) -> None:
        self.heard.append((round((self._clock.ns - START_NS) / 1e9, 6), word))


def test_a_message_is_repeated_at_its_period_and_a_change_is_sent_at_once(
    graph: MemoryGraph,
) -> None:
    hearer, looker = Hearer(graph), Looker(graph, 0.025, math.inf)
    graph.advance(0.01)
    looker.rounds.say(SAID["a"], Word(level=1))
    graph.advance(0.25)
    looker.rounds.say(SAID["a"], Word(level=1, drift=2.0))
    graph.advance(0.1)
    looker.rounds.say(SAID["a"], Word(level=2, drift=2.0))
    graph.advance(0.001)
    assert hearer.heard == [
        (0.01, Word(level=1)),
        (0.1, Word(level=1)),
        (0.2, Word(level=1)),
        (0.3, Word(level=1, drift=2.0)),
        (0.36, Word(level=2, drift=2.0)),
    ]


def test_a_node_that_looks_no_more_repeats_nothing(graph: MemoryGraph) -> None:
    hearer, looker = Hearer(graph), Looker(graph, 0.025, math.inf)
    looker.rounds.say(SAID["a"], Word(level=1))
    graph.advance(0.01)
    looker.rounds.stop()
    graph.advance(5.0)
    assert hearer.heard == [(0.0, Word(level=1))]


def test_another_period_counts_from_the_last_message_on(graph: MemoryGraph) -> None:
    hearer, looker = Hearer(graph), Looker(graph, 0.025, math.inf)
    looker.rounds.say(SAID["a"], Word(level=1), 1.0)
    graph.advance(0.19)
    looker.rounds.say(SAID["a"], Word(level=1), 0.2)
    graph.advance(0.1)
    assert [at_s for at_s, _ in hearer.heard] == [0.0, 0.2]


def test_repeats_that_are_left_out_are_counted(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.025, math.inf)
    subscription = graph.bus("b").subscribe(SAID["a"])
    looker.rounds.say(SAID["a"], Word(level=1))
    graph.advance(10.01)
    assert looker.looks == [0.0]
    assert subscription.stamp_s == START_NS / 1e9 + 10.0
    assert subscription.fresh() == Word(level=1)
    frames: list[bytes] = []
    graph.tap(frames.append)
    graph.advance(0.1)
    assert unpack(frames[0]).header.sequence == 102, "one message and its repeats"
    assert subscription.health.gaps == 0


@pytest.mark.parametrize("period_s", [0.26, 0.6])
def test_repeats_are_counted_only_where_looks_come_twice_in_a_hold(
    graph: MemoryGraph, period_s: float
) -> None:
    looker = Looker(graph, 0.25, math.inf)
    looker.rounds.say(SAID["a"], Word(level=1))
    graph.advance(3.0)
    looker.rounds.period_s = period_s
    with pytest.raises(
        BusError, match=rf"a looks each {period_s:g} s .* a/word, which holds 0\.5 s"
    ):
        graph.advance(3.0)


def test_a_message_without_a_hold_is_repeated_on_any_grid(graph: MemoryGraph) -> None:
    looker = Looker(graph, 30.0, math.inf, node="d")
    looker.rounds.say(SAID["d"], Word(level=1), 60.0)
    graph.advance(300.0)
    assert looker.looks == [0.0]


@pytest.mark.parametrize("ends", ["publishes no more", "looks no more"])
def test_a_running_writer_that_ends_its_repeats_goes_stale(graph: MemoryGraph, ends: str) -> None:
    looker = Looker(graph, 0.025, math.inf)
    bus = graph.bus("b")
    subscription = bus.subscribe(SAID["a"])
    seen: list[float] = []

    def act(inputs: Inputs) -> Counting:
        if inputs.heard == (None,) and inputs.now_s > START_NS / 1e9:
            seen.append(round(inputs.now_s - START_NS / 1e9, 6))
        return Counting(due_s=math.inf)

    def look(instant: Instant) -> Inputs:
        word = subscription.fresh()
        return Inputs(
            now_s=instant.now_s, since_s=0.0, heard=(None if word is None else word.level,)
        )

    if ends == "looks no more":
        looker.rounds.say(SAID["a"], Word(level=1))
    Rounds(bus, 0.01, look, act)
    graph.advance(1.005)
    if ends == "looks no more":
        looker.rounds.stop()
    else:
        seen.clear()
        looker.bus.publish(SAID["a"], Word(level=1))
    graph.advance(10.0)
    assert seen == [1.51], "0.5 s after the last message"


def test_a_latched_message_that_comes_late_does_not_replace_a_newer_one(
    graph: MemoryGraph,
) -> None:
    writer, bus = graph.bus("c"), graph.bus("b")
    writer.publish(SAID["c"], Word(level=1))
    subscription = bus.subscribe(SAID["c"])  # the latched message is being sent
    writer.publish(SAID["c"], Word(level=2))
    graph.advance(0.1)
    assert subscription.message == Word(level=2)


def test_reading_stamps_while_a_message_is_sent_hides_it_from_no_subscriber(
    graph: MemoryGraph,
) -> None:
    looker = Looker(graph, 0.025, math.inf)
    subscription = graph.bus("b").subscribe(SAID["a"])
    looker.rounds.say(SAID["a"], Word(level=1))
    stamps: list[float | None] = []
    graph.tap(lambda _: stamps.append(graph.stamp_s("b", SAID["a"])), repeats=False)
    graph.advance(10.0)
    looker.rounds.say(SAID["a"], Word(level=2))
    assert subscription.message == Word(level=2)
    assert stamps[-1] == pytest.approx(START_NS / 1e9 + 9.9)
    assert subscription.health.gaps == 0


def test_a_tap_without_repeats_lets_them_be_left_out(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.025, math.inf)
    reader_bus = graph.bus("b")
    frames: list[bytes] = []
    heard: list[bytes] = []
    graph.tap(frames.append, repeats=False)
    graph.tap_subscriber("b", heard.append, repeats=False)
    reader_bus.subscribe(SAID["a"])
    assert graph.stamp_s("b", SAID["a"]) is None
    looker.rounds.say(SAID["a"], Word(level=1))
    graph.advance(10.01)
    assert len(frames) == len(heard) == 1
    assert looker.looks == [0.0]
    assert graph.stamp_s("b", SAID["a"]) == START_NS / 1e9 + 10.0
    assert graph.stamp_s("nobody", SAID["a"]) is None


def test_an_ended_writer_goes_stale_after_its_last_repeat(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.025, math.inf)
    bus = graph.bus("b")
    subscription = bus.subscribe(SAID["a"])
    seen: list[float] = []

    def look(instant: Instant) -> Inputs:
        word = subscription.fresh()
        return Inputs(
            now_s=instant.now_s, since_s=0.0, heard=(None if word is None else word.level,)
        )

    def act(inputs: Inputs) -> Counting:
        if inputs.heard == (None,):
            seen.append(round(inputs.now_s - START_NS / 1e9, 6))
        return Counting(due_s=math.inf)

    looker.rounds.say(SAID["a"], Word(level=1))
    rounds = Rounds(bus, 0.01, look, act)
    graph.advance(10.05)
    assert rounds.period_s == 0.01
    assert seen == []
    graph.kill("a")
    graph.advance(10.0)
    assert seen == [10.51], "0.5 s after 10.0 s"


@pytest.mark.parametrize("leaves_out", [True, False])
def test_a_hushed_topic_goes_stale_after_its_last_repeat_until_its_next_message(
    tmp_path: Path, leaves_out: bool
) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path, leaves_out=leaves_out)
    looker = Looker(graph, 0.025, math.inf)
    bus = looker.bus
    subscription = graph.bus("b").subscribe(SAID["a"])
    bus.say(SAID["a"], Word(level=1))
    graph.advance(10.05)
    bus.hush(SAID["a"])
    bus.hush(SAID["a"])
    graph.advance(10.0)
    assert subscription.stamp_s == START_NS / 1e9 + 10.0
    assert subscription.fresh() is None
    bus.say(SAID["a"], Word(level=1))
    graph.advance(10.0)
    assert subscription.fresh() == Word(level=1)
    assert subscription.health.gaps == 0


def test_a_tap_that_reads_stamps_hides_no_message_from_a_subscription(graph: MemoryGraph) -> None:
    looker = Looker(graph, 0.025, math.inf)
    subscription = graph.bus("b").subscribe(SAID["a"])
    stamps: list[float | None] = []
    graph.tap(lambda _: stamps.append(graph.stamp_s("b", SAID["a"])), repeats=False)
    for level in range(3):
        looker.rounds.say(SAID["a"], Word(level=level))
        graph.advance(1.0)
        assert subscription.fresh() == Word(level=level)
    assert subscription.health.gaps == 0
