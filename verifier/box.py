"""One run of a box: visits and disturbances one after the other, checked all the time.

Two topics are never disturbed: sim/contactor_drive and sim/pilot_drive stand for wires and a
register of the hardware. The simulated world itself (plant) is never killed or frozen.

Everything follows from the seed. Visit number n is the same in a long run and in a short one, so
that a breach can be repeated without the visits after it.
"""

import heapq
import random
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from bus.generations import read_valid_or_raise
from bus.memory import START_NS
from launch.plan_file import load_plan
from launch.restarts import Again, History, ended, started
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.card import CardColor
from msgs.label import LABEL_FILE, Label
from msgs.methods import HOUSE, LIST_SESSIONS, PLUG, POWER, PULL, READY, SUN, TAP, UNPLUG
from msgs.plant import HouseLoad, Power, Sun, Tap
from msgs.requests import NoArguments
from msgs.safety import FaultCode
from msgs.session import SessionRecord, SessionsArguments
from verifier.disturbances import (
    REQUEST,
    Disturbance,
    PowerCut,
    Targets,
    random_disturbances,
    random_glitch,
)
from verifier.injector import FaultInjector
from verifier.invariants import Broken
from verifier.observer import Observer
from verifier.rules import is_latched
from verifier.users import Act, UserRequest, random_installation, random_visit

PATIENCE_S = 120.0  # a box without faults charges within: retry, cooling, ramp
CHARGES_A = 0.5
CHARGE_S = 5.0
STOPS_S = 8.0  # a vehicle has had 6 s to drop its load
REST_S = 15.0  # after a visit: the plug is out, meters are heard again
CUT_S = 60.0
JUDGED_S = 6.0  # a proof of open, three seconds of it, after a start
CARD_S = 10.0  # until a card that was not accepted is presented again
PLANT = PLUG.server  # never disturbed
IDLE_HOUSE_A = 2.0
PAGE = 100  # records in one answer
EXIT_FAILED = 1  # of a process whose node has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One invariant that was broken, with all that is needed to repeat it."""

    invariant: str
    detail: str
    seed: int
    visit: int  # the visit during or after which it was seen, counted from 1
    at_s: float  # virtual time since the box began
    timeline: tuple[str, ...]  # the newest lines before it


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRun:
    """The result of one box."""

    seed: int
    visits: int  # visits begun
    stored: int  # session records
    virtual_s: float
    real_s: float
    counts: dict[str, int]  # of faults, kills, ... and of charges
    violations: tuple[Violation, ...]


def run_box(seed: int, visits: int) -> BoxRun:
    """Run one box for a number of visits."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="wallbox-soak-") as state_dir:
        with closing(SimulatedBox(seed, Path(state_dir))) as box:
            box.run(visits)
        return BoxRun(
            seed=seed,
            visits=box.visits,
            stored=box.stored,
            virtual_s=box.now_s,
            real_s=time.perf_counter() - began,
            counts={**box.counts, **box.injector.counts, "closings": box.observer.closings},
            violations=tuple(box.violations),
        )


class SimulatedBox:
    """A graph, its observer, and the agenda of visits and disturbances."""

    def __init__(self, seed: int, state_dir: Path) -> None:
        house = random_installation(random.Random(f"{seed}/house"))
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()
        self.visits = 0  # visits begun
        self.stored = 0
        self._seed = seed
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._entries = 0
        self._in_charge: list[Disturbance] = []  # that begin with a charge
        self._crashes: dict[str, History] = {}
        self.graph = VirtualGraph(load_plan(VIRTUAL_PLAN, house.settings), seed, state_dir)
        self.observer = Observer(
            self.graph.memory,
            self._on_broken,
            self._on_closed,
            dip_a=house.dip_a,
            fuse_a=house.fuse_a,
            needs_card=house.needs_card,
        )
        self.injector = FaultInjector(self.graph, self.observer, seed, self._on_crash)
        self.graph.memory.on_crash(self._on_crash)
        self.observer.note(f"house: {' '.join(house.settings)}")
        self.graph.start_all()
        self._uids = _uids(state_dir)
        self._targets = Targets(
            nodes=tuple(node.name for node in self.graph.plan.nodes if node.name != PLANT),
            links=(
                *((topic, reader) for topic, reader in self.graph.memory.links if reader != PLANT),
                (REQUEST, PLANT),
            ),
        )

    @property
    def now_s(self) -> float:
        """Return virtual time since the box began [s]."""
        return self.graph.now_s - START_NS / 1e9

    def run(self, visits: int) -> None:
        """Run the visits; then check what is stored."""
        for index in range(visits):
            self.visits += 1
            chance = random.Random(f"{self._seed}/{index}")
            self._visit(chance)
            is_latching = is_latched(self.observer.seen)
            if is_latching:
                self._clear_latched(chance)
            if is_latching or chance.random() < 0.4 or index + 1 == visits:
                self._prove_alive(chance)
        self._stop(random.Random(f"{self._seed}/end"))
        self._check_stored()

    def close(self) -> None:
        """Close what the nodes that still run have open."""
        self.graph.close()

    # --- a visit -------------------------------------------------------------------------------

    def _visit(self, chance: random.Random) -> None:
        began_s = self.graph.now_s
        visit = random_visit(chance)
        disturbances = random_disturbances(
            chance, self._targets, visit.length_s, [act.at_s for act in visit.acts]
        )
        for act in visit.acts:
            self._plan(began_s + act.at_s, partial(self._act, act))
        self._in_charge = [disturbance for disturbance in disturbances if disturbance.in_charge]
        for disturbance in disturbances:
            if not disturbance.in_charge:
                self._plan(began_s + disturbance.after_s, partial(self._begin, disturbance))
        self._plan(began_s + visit.length_s, lambda: None)
        while self._agenda:
            next_s = self._agenda[0][0]
            if not self.graph.memory.run_until(next_s, partial(self._is_before, next_s)):
                heapq.heappop(self._agenda)[2]()
                self.injector.restart_if_asked()
        self._in_charge = []

    def _is_before(self, when_s: float) -> bool:
        """Return whether something has been planned before a time [s]."""
        return self._agenda[0][0] < when_s

    def _on_closed(self) -> None:
        """Plan the disturbances of a charge at the first closing of a visit."""
        disturbances, self._in_charge = self._in_charge, []
        for disturbance in disturbances:
            self._plan(self.graph.now_s + disturbance.after_s, partial(self._begin, disturbance))

    def _begin(self, disturbance: Disturbance) -> None:
        alone_s = self._agenda[0][0] - self.graph.now_s if self._agenda else 0.0
        end = self.injector.begin(disturbance, alone_s)
        self._plan(self.graph.now_s + disturbance.lasts_s, end)

    def _plan(self, at_s: float, action: Callable[[], None]) -> None:
        self._entries += 1
        heapq.heappush(self._agenda, (at_s, self._entries, action))

    def _act(self, act: Act) -> None:
        does = act.does
        if isinstance(does, CardColor):
            does = UserRequest(method=TAP, arguments=Tap(uid=self._uids[does]))
        words = msgspec.json.encode(does.arguments).decode()
        self.observer.note(f"act: {does.method.name} {words}")
        self.counts["acts"] += 1
        if does.method.server == PLANT:
            self.graph.ask(does.method, does.arguments)
        else:
            self.graph.send(does.method, does.arguments)

    # --- checks --------------------------------------------------------------------------------

    def _on_broken(self, broken: Broken, timeline: tuple[str, ...] | None = None) -> None:
        self.observer.note(f"BROKEN: {broken.name}: {broken.detail}")
        if any(known.invariant == broken.name for known in self.violations):
            return  # later breaches often follow from the first
        self.violations.append(
            Violation(
                invariant=broken.name,
                detail=broken.detail,
                seed=self._seed,
                visit=self.visits,
                at_s=round(self.now_s, 6),
                timeline=timeline or tuple(self.observer.timeline),
            )
        )

    def _on_crash(self, node: str, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error)[-3:])
        self._on_broken(Broken("no_crash", f"{node} ended by itself: {trace}"))
        self.observer.note_stopped(node)
        policy, now_s = self.graph.plan.node(node).restart, self.graph.now_s
        history = started(self._crashes.get(node, History()), now_s)
        self._crashes[node], next_start = ended(history, policy, EXIT_FAILED, 0.0, now_s)
        if isinstance(next_start, Again):
            self._plan(next_start.at_s, partial(self.injector.start, node))

    def _prove_alive(self, chance: random.Random) -> None:
        """With all faults cleared, plug a vehicle in: it must charge, also after a short fault."""
        world = self.injector.world
        world(PULL, NoArguments())
        world(HOUSE, HouseLoad(current_a=(IDLE_HOUSE_A, IDLE_HOUSE_A, IDLE_HOUSE_A)))
        world(SUN, Sun(power_w=0.0))
        self.graph.advance(REST_S)
        world(PLUG, NoArguments())
        world(READY, NoArguments())
        if self._charges_by(self.graph.now_s + PATIENCE_S):
            self.counts["charges"] += 1
            if chance.random() < 0.5:
                self._prove_retried(chance)
        else:
            self._on_broken(Broken("alive", f"no charge within {PATIENCE_S:g} s: {self._why()}"))
        self.graph.advance(CHARGE_S)
        world(UNPLUG, NoArguments())
        self.graph.advance(REST_S)
        world(PULL, NoArguments())
        self.graph.advance(1.0)

    def _prove_retried(self, chance: random.Random) -> None:
        """Disturb a sensor in a charge for a moment: the vehicle must be charged again."""
        self.graph.advance(chance.uniform(0.0, CHARGE_S))
        disturbance = random_glitch(chance)
        end = self.injector.begin(disturbance, 0.0)
        self.graph.advance(disturbance.lasts_s)
        end()
        self.graph.advance(STOPS_S)
        if is_latched(self.observer.seen):
            self._clear_latched(chance)
        if self._charges_by(self.graph.now_s + PATIENCE_S):
            self.counts["retries"] += 1
        else:
            why = f"{disturbance.cause} for {disturbance.lasts_s:.3f} s: {self._why()}"
            self._on_broken(Broken("retried", why))

    def _charges_by(self, when_s: float) -> bool:
        """Return whether the vehicle charges by a time [s]; present a card if one is needed."""
        while self.graph.now_s < when_s:
            if self.observer.waits_for_card:
                self.injector.world(TAP, Tap(uid=self._uids[CardColor.GREEN]))
            until_s = min(when_s, self.graph.now_s + CARD_S)
            if self.graph.memory.run_until(until_s, self._is_charging):
                return True
        return False

    def _is_charging(self) -> bool:
        return max(self.observer.seen.drawn_a) > CHARGES_A

    def _why(self) -> str:
        status = self.observer.seen.safety.status
        return "no message from safety" if status is None else f"{status.phase}: {status.detail}"

    def _clear_latched(self, chance: random.Random) -> None:
        """Let nodes crash under a latched fault, which keeps it; then do what the page asks for.

        All faults of the world are cleared.
        """
        self.counts["latched"] += 1
        for _ in range(chance.randint(0, 3)):
            node = chance.choice(("safety", "safety", "session", "system"))
            self.observer.note(f"crash: {node}")
            self.injector.crash(node)
            self.graph.advance(chance.uniform(0.02, 3.0))
            self.injector.start(node)
            self.graph.advance(chance.uniform(0.1, 3.0))
        is_red_alone = self.observer.seen.kept == {FaultCode.RED}
        if chance.random() < 0.4:
            self.injector.cut_power(PowerCut(seconds=CUT_S, changes_vehicle=False, is_utc_set=True))
        elif is_red_alone and chance.random() < 0.6:
            self.injector.restart_box()
        else:
            self.injector.world(POWER, Power(on=False))
            self.graph.advance(REST_S)
            self.injector.world(POWER, Power(on=True))
        self.graph.advance(JUDGED_S)
        if is_latched(self.observer.seen):
            self._on_broken(Broken("alive", f"a latched fault is not cleared: {self._why()}"))

    def _stop(self, chance: random.Random) -> None:
        """Stop the whole graph in order, in half of the runs during a charge."""
        if chance.random() < 0.5:
            self.injector.world(PLUG, NoArguments())
            self.injector.world(READY, NoArguments())
            self.injector.world(TAP, Tap(uid=self._uids[CardColor.GREEN]))
            self.graph.advance(chance.uniform(0.0, CHARGE_S + REST_S))
        self.observer.note("act: stop")
        self.graph.stop()
        seen = self.observer.seen
        if seen.coil or (seen.closed and not seen.may_stick):
            self._on_broken(Broken("stopped_open", "the graph has stopped, its contactor has not"))

    def _check_stored(self) -> None:
        """Read the store as the next run would, and compare it with what was observed."""
        self.observer.audit.take_running("", self.graph.now_s)
        self.graph.start("session")
        records = self._records()
        self.stored = len(records)
        for finding in self.observer.audit.check(records):
            broken = Broken(finding.invariant, f"{finding.session_id} {finding.detail}")
            self._on_broken(broken, self.observer.endings.get(finding.session_id))
        self.graph.kill("session")

    def _records(self) -> list[SessionRecord]:
        """Return all stored sessions, oldest first."""
        records: list[SessionRecord] = []
        while True:
            before = records[-1].session_id if records else ""
            asked = SessionsArguments(limit=PAGE, before=before)
            answer = self.graph.ask(LIST_SESSIONS, asked)
            if answer.result is None:
                self._on_broken(Broken("stored_once", f"the store does not answer: {answer}"))
                return records
            records += answer.result
            if len(answer.result) < PAGE:
                return records[::-1]


def _uids(state_dir: Path) -> dict[CardColor, str]:
    """Return the UIDs of the box's own cards, from its label."""
    label = read_valid_or_raise(state_dir / LABEL_FILE, Label)
    assert label is not None, "system provisions the label before it is READY"
    return {card.color: card.uid for card in label.rfid}
