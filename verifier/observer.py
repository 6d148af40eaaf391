"""The observer of one box: takes frames off the bus, updates the observation, has it checked.

It receives everything that is sent, and separately what reaches safety, pilot and session: a
message that was lost on its way is no error of its reader. It decodes the bytes itself and sends
nothing.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from bus.memory import START_NS, MemoryGraph
from bus.wire import CHECKED, HEADER_LENGTH, topic_key
from msgs.heartbeat import Heartbeat, NodeState
from msgs.meter import MeterReading
from msgs.pilot import (
    MIN_OFFER_A,
    PLUGGED,
    X1_PERCENT,
    CpState,
    SimPilotDrive,
    classify_high_v,
    offer_of_duty,
)
from msgs.plant import SimEvent, SimFault, SimPower, SimSignals
from msgs.safety import FaultCode, SafetyStatus, SimContactorDrive
from msgs.session import SessionStatus
from msgs.topics import (
    HEARTBEATS,
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_CONTACTOR_DRIVE,
    SIM_EVENT,
    SIM_PILOT_DRIVE,
    SIM_POWER,
    SIM_SIGNALS,
    Topic,
)
from verifier.causes import Causes
from verifier.invariants import INVARIANTS, Broken, InvariantMonitor
from verifier.observation import (
    NEVER_S,
    NewestMessage,
    Observation,
    PilotObservation,
    SafetyObservation,
)
from verifier.rules import LATCHED, POWER_HOLD_S, SIGNALS_HOLD_S, UNDISTURBED_S, is_trip_reported
from verifier.selftest import NOT_TESTED, after_drive, after_signals
from verifier.sessions import SessionRules
from verifier.store_audit import StoreAudit
from verifier.users import FOREIGN

HIDE_COUNTER = frozenset({SimFault.CHIP_DEAD, SimFault.CHIP_FROZEN})  # the chip counts on
JUDGED_S = 10.0  # in which a latched fault that is judged again is cleared, or stays
OUT_S = 0.5  # safety takes a plug for out after 0.3 s
MOST_LINES = 60  # of the timeline that goes with a breach

HEARD_BY_SAFETY: dict[Topic[Any], str] = {
    SIM_POWER: "power",
    PILOT_STATUS: "pilot",
    SESSION_STATUS: "session",
    METER_BOX: "meter",
}
HEARD_WITH_SIGNALS: dict[Topic[Any], str] = {SIM_SIGNALS: "signals", **HEARD_BY_SAFETY}
HEARD_BY_PILOT: dict[Topic[Any], str] = {
    SAFETY_STATUS: "safety",
    SESSION_STATUS: "session",
    LOAD_OFFER: "offer",
}

Take = Callable[[Any, float], None]  # message, when it was sent [s]


class _Row:
    """How frames of one topic are taken; a repeat of the same body is not decoded."""

    __slots__ = ("body", "decode", "message", "take")

    def __init__(self, topic: Topic[Any], take: Take) -> None:
        self.take = take
        self.decode = msgspec.msgpack.Decoder(topic.message).decode
        self.body = b""
        self.message: Any = None


class Observer:
    """Observes one graph; calls back at every breach and at every closing of the contactor."""

    def __init__(
        self,
        graph: MemoryGraph,
        on_broken: Callable[[Broken], None],
        on_closed: Callable[[], None],
        *,
        dip_a: float,
        fuse_a: float | None = None,
        needs_card: bool = False,
    ) -> None:
        now_s = graph.clock.now_s()
        self.seen = Observation(
            since_s=now_s,
            dip_a=dip_a,
            fuse_a=fuse_a,
            needs_card=needs_card,
            undisturbed_since_s=now_s,
        )
        self.audit = StoreAudit()
        self.endings: dict[str, tuple[str, ...]] = {}  # the timeline at each session's end
        self.closings = 0  # of the contactor
        self.timeline: deque[str] = deque(maxlen=MOST_LINES)
        self._graph = graph
        self._clock = graph.clock
        self._on_broken = on_broken
        self._on_closed = on_closed
        self._monitor = InvariantMonitor(INVARIANTS)
        self._test = NOT_TESTED
        self._causes = Causes()
        self._rules = SessionRules(needs_card)
        self._judged_s = NEVER_S  # latched faults are judged again from then on
        self._session: SessionStatus | None = None  # the newest that session has published
        self._pulsed_s = NEVER_S  # when a self-test began last
        self._incarnations: dict[str, int] = {}
        self._noted: dict[str, object] = {}
        graph.tap(self._tap(self._of_all()), repeats=False)
        heard_by_safety = self._heard_by("safety", HEARD_BY_SAFETY)
        heard_by_safety[SIM_SIGNALS] = self._on_signals_in_safety
        heard_by_safety[SIM_POWER] = self._on_power_in_safety
        graph.tap_subscriber("safety", self._tap(heard_by_safety), repeats=False)
        heard_by_pilot = self._heard_by("pilot", HEARD_BY_PILOT)
        graph.tap_subscriber("pilot", self._tap(heard_by_pilot), repeats=False)
        heard_by_session: dict[Topic[Any], Take] = {METER_BOX: self._on_meter_in_session}
        graph.tap_subscriber("session", self._tap(heard_by_session), repeats=False)

    def note(self, text: str) -> None:
        """Add a line to the timeline."""
        self.timeline.append(f"{self._clock.now_s() - START_NS / 1e9:10.3f} {text}")

    @property
    def waits_for_card(self) -> bool:
        """Return whether session requires a card, and none has authorised."""
        status = self._session
        return (
            status is not None
            and status.authorization_required
            and not (status.authorized or status.session_id)
        )

    def note_stopped(self, node: str) -> None:
        """Note that a node is killed or frozen."""
        self._look()
        if node == "safety":
            self._causes.take_stopped(True, self.seen.since_s)
            self.seen.safety.runs_since_s = None
        elif node == "pilot":
            self.seen.pilot.runs_since_s = None

    def note_running(self, node: str) -> None:
        """Note that a frozen node runs again."""
        self._look()
        if node == "safety":
            self._causes.take_stopped(False, self.seen.since_s)
            self._leave_test()
            self.seen.safety.runs_since_s = self.seen.since_s
        elif node == "pilot":
            self.seen.pilot.runs_since_s = self.seen.since_s

    def note_box_restart(self) -> None:
        """Note that all nodes have been stopped in order, because a person has asked for it."""
        self._look()
        self._rules.note_restart()
        self.seen.card_since_s = self.seen.since_s
        self.seen.kept -= {FaultCode.RED}
        self._judged_s = self.seen.since_s

    def note_cut(self, seconds: float, *, is_utc_set: bool) -> None:
        """Note that all nodes end with the mains, for a time [s]."""
        self._look()
        now_s = self.seen.since_s
        self._rules.note_cut(seconds, is_utc_set=is_utc_set, now_s=now_s)
        if not is_utc_set:
            self.audit.note_utc_set()

    def note_utc_set(self, *, is_right: bool) -> None:
        """Note that UTC was set, to the right time or to a wrong one."""
        self._look()
        self._rules.note_utc_set(is_right=is_right, now_s=self.seen.since_s)
        self.audit.note_utc_set()

    def note_disk(self, *, refuses: bool) -> None:
        """Note whether the disk takes writes."""
        self._look()
        self.audit.note_disk(refuses=refuses, now_s=self.seen.since_s)

    def note_disturbance(self, is_active: bool, harmless_s: float = 0.0) -> bool:
        """Note that a disturbance begins, or that the last one has ended.

        For `harmless_s` after a harmless disturbance of an undisturbed charge the contactor must
        stay closed; return whether this rule applies now.
        """
        self._look()
        seen = self.seen
        since_s = seen.undisturbed_since_s
        is_undisturbed = since_s is not None and seen.since_s > since_s + UNDISTURBED_S
        is_offered = offer_of_duty(seen.duty_percent) >= MIN_OFFER_A
        is_charging = seen.coil and is_offered and max(seen.drawn_a) >= MIN_OFFER_A - 1.0
        must_stay = bool(harmless_s) and is_undisturbed and is_charging
        if must_stay:
            seen.stays_until_s = seen.since_s + harmless_s
        elif is_active:
            seen.stays_until_s = NEVER_S
        seen.undisturbed_since_s = None if is_active else seen.since_s
        return must_stay

    # --- frames --------------------------------------------------------------------------------

    def _tap(self, table: dict[Topic[Any], Take]) -> Callable[[bytes], None]:
        rows = {topic_key(topic.name): _Row(topic, take) for topic, take in table.items()}

        def tap(frame: bytes) -> None:
            end = frame.find(b"\0") + 1
            row = rows.get(frame[:end])
            if row is None:
                return
            self._look()
            body = frame[end + HEADER_LENGTH :]
            if body != row.body:
                row.message, row.body = row.decode(body), body
            row.take(row.message, CHECKED.unpack_from(frame, end)[5] / 1e9)

        return tap

    def _look(self) -> None:
        """Check the time since the last change, before the next one is applied."""
        now_s, seen = self._clock.now_s(), self.seen
        if now_s > seen.since_s:
            self._renew("safety", seen.safety, HEARD_WITH_SIGNALS)
            self._renew("pilot", seen.pilot, HEARD_BY_PILOT)
            edge_s = self._graph.stamp_s("plant", SIM_CONTACTOR_DRIVE)
            if seen.is_fed and edge_s is not None:
                seen.edge_s = edge_s
            for broken in self._monitor.look(seen, now_s):
                self._on_broken(broken)
            seen.since_s = now_s

    def _renew(
        self,
        node: str,
        heard_by: SafetyObservation | PilotObservation,
        names: dict[Topic[Any], str],
    ) -> None:
        """Take the stamps of repeats that the virtual graph counts without sending them."""
        for topic, name in names.items():
            heard: NewestMessage[Any] = getattr(heard_by, name)
            if heard.message is not None:
                stamp_s = self._graph.stamp_s(node, topic)
                if stamp_s is not None:
                    heard.stamp_s = stamp_s

    def _of_all(self) -> dict[Topic[Any], Take]:
        return {
            SIM_SIGNALS: self._on_signals,
            SIM_POWER: self._on_power,
            SIM_EVENT: self._on_event,
            SIM_CONTACTOR_DRIVE: self._on_contactor_drive,
            SIM_PILOT_DRIVE: self._on_pilot_drive,
            SAFETY_STATUS: self._on_safety_status,
            SESSION_STATUS: self._on_session_status,
            METER_HOUSE: self._on_meter_house,
            PILOT_STATUS: lambda status, _: self._note_change("offer", f"{status.offered_a:g} A"),
            **{row: self._follow_incarnations_of(node) for node, row in HEARTBEATS.items()},
        }

    def _heard_by(self, node: str, names: dict[Topic[Any], str]) -> dict[Topic[Any], Take]:
        """Return the functions that keep the newest message of each topic that a node reads."""

        def keeper(name: str) -> Take:
            def keep(message: Any, stamp_s: float) -> None:
                heard: NewestMessage[Any] = getattr(getattr(self.seen, node), name)
                heard.message = message
                heard.stamp_s = stamp_s

            return keep

        return {topic: keeper(name) for topic, name in names.items()}

    def _on_signals_in_safety(self, signals: SimSignals, stamp_s: float) -> None:
        safety = self.seen.safety
        if stamp_s - safety.signals.stamp_s > SIGNALS_HOLD_S:
            safety.out_since_s = None
        cp_state = classify_high_v(signals.high_v)
        if cp_state is CpState.A:
            if safety.out_since_s is None:
                safety.out_since_s = stamp_s
        elif cp_state in PLUGGED and safety.out_since_s is not None:
            runs_since_s = stamp_s if safety.runs_since_s is None else safety.runs_since_s
            if stamp_s - max(safety.out_since_s, runs_since_s) >= OUT_S:
                self.seen.plug += 1
                self.seen.plugged_s = stamp_s
            safety.out_since_s = None
        safety.signals.message, safety.signals.stamp_s = signals, stamp_s
        if (signals.residual_ac or signals.residual_dc) and signals.load_voltage:
            self.seen.is_tripped |= safety.runs_since_s is not None and not is_trip_reported(
                self.seen
            )

    def _on_power_in_safety(self, power: SimPower, stamp_s: float) -> None:
        safety = self.seen.safety
        if power != safety.power.message:
            safety.chip_since_s = stamp_s
        safety.power.message, safety.power.stamp_s = power, stamp_s

    def _on_meter_in_session(self, reading: MeterReading, stamp_s: float) -> None:
        self.audit.take_heard_counter(reading.lifetime_wh, stamp_s)

    # --- what is sent --------------------------------------------------------------------------

    def _on_signals(self, signals: SimSignals, stamp_s: float) -> None:
        self._causes.take_signals(signals, stamp_s)
        self._test = after_signals(self._test, signals, stamp_s)
        self.seen.is_tested = self._test.has_passed

    def _on_power(self, power: SimPower, stamp_s: float) -> None:
        one, two, three = power.lines
        self.seen.drawn_a = (one.current_a, two.current_a, three.current_a)
        self.audit.take_world_counter(sum(line.imported_wh for line in power.lines), stamp_s)

    def _on_event(self, event: SimEvent, stamp_s: float) -> None:
        self.note(f"world: {event.what} {event.detail}".rstrip())
        if event.what in ("fault", "clear") and event.detail in HIDE_COUNTER:
            self.audit.note_hidden(event.detail, is_hidden=event.what == "fault")
        self._causes.take_event(event, stamp_s)
        seen = self.seen
        match event.what:
            case "coil_on":
                seen.coil = True
                for broken in self._monitor.look_at_closing(seen, seen.since_s):
                    self._on_broken(broken)
            case "coil_off":
                seen.coil = False
            case "s2_opened" if seen.duty_percent != X1_PERCENT:
                seen.stays_until_s = NEVER_S  # the vehicle ends the charge; in X1 it has to
            case "contacts_closed":
                self.closings += 1
                seen.closed = True
                self._on_closed()
            case "contacts_open":
                seen.closed = event.detail != ""  # names the poles that are still closed
            case "card":
                self._rules.note_presented(event.detail, stamp_s)
                if event.detail != FOREIGN:
                    seen.carded_s = stamp_s
            case "power" if event.detail == "on":
                seen.kept = frozenset()  # all is judged again
                self._judged_s = stamp_s
            case "fault" if event.detail == SimFault.WELD:
                seen.may_stick = True
            case "clear" if event.detail == SimFault.WELD:
                seen.may_stick = False
            case _:
                pass

    def _on_contactor_drive(self, drive: SimContactorDrive, stamp_s: float) -> None:
        seen = self.seen
        if drive.residual_test and not self._test.is_on:
            self._pulsed_s = stamp_s
        self._test = after_drive(self._test, drive)
        seen.safety.enable = drive.enable
        if drive.feeds_watchdog or seen.is_fed:
            seen.edge_s = stamp_s
        seen.is_fed = drive.feeds_watchdog

    def _on_pilot_drive(self, drive: SimPilotDrive, stamp_s: float) -> None:
        self.seen.duty_percent = drive.duty_percent

    def _on_safety_status(self, status: SafetyStatus, stamp_s: float) -> None:
        before, self.seen.safety.status = self.seen.safety.status, status
        faults = " ".join(status.faults) or "no fault"
        self._note_change(
            "safety", f"{status.phase}, {status.contactor}, {faults}, {status.detail}"
        )
        self.seen.is_tripped &= not is_trip_reported(self.seen)
        safety = self.seen.safety
        self._causes.take_own_inputs(
            are_inputs_stale=stamp_s - safety.signals.stamp_s > SIGNALS_HOLD_S,
            is_chip_silent=stamp_s - safety.power.stamp_s > POWER_HOLD_S,
            now_s=stamp_s,
        )
        for code in set(status.faults).difference(before.faults if before else ()):
            if not self._causes.explain(code, stamp_s):
                self._on_broken(Broken("no_false_fault", f"{code}: {status.detail}"))
            self._causes.take_fault(code)
            if before is not None:
                self.seen.kept |= LATCHED & {code}
        if stamp_s > self._judged_s + JUDGED_S:
            self.seen.kept |= LATCHED.intersection(status.faults)

    def _on_session_status(self, status: SessionStatus, stamp_s: float) -> None:
        before = self.audit.running
        self.audit.take_running(status.session_id, stamp_s)
        if status.permitted and status.token:
            self.audit.note_permitted(status.session_id)
        seen = self.seen
        before_status, self._session = self._session, status
        for name, detail in self._rules.check(before_status, status, stamp_s):
            self._on_broken(Broken(name, detail))
        if status.session_id != seen.session_id:
            seen.session_id = status.session_id
            seen.session_plug = seen.plug
        if before and before != status.session_id:
            self.endings[before] = tuple(self.timeline)
        self._note_change("session", f"{status.state} {status.session_id}")

    def _on_meter_house(self, reading: MeterReading, stamp_s: float) -> None:
        self.seen.house = reading

    def _follow_incarnations_of(self, node: str) -> Take:
        """Return what follows the incarnations of a node by its heartbeats."""

        def follow(beat: Heartbeat, stamp_s: float) -> None:
            if beat.refused:
                self._on_broken(Broken("understood", f"{node}: {beat.error}"))
            if beat.state is NodeState.STOPPED:
                self.note_stopped(node)
            elif beat.incarnation != self._incarnations.get(node):
                self._incarnations[node] = beat.incarnation
                self._begin_incarnation(node)

        return follow

    def _begin_incarnation(self, node: str) -> None:
        """Begin a node's next incarnation: no message received or published, nothing tested."""
        seen = self.seen
        match node:
            case "safety":
                self._causes.take_stopped(False, seen.since_s)
                self._leave_test()
                seen.safety = SafetyObservation(
                    runs_since_s=seen.since_s, enable=seen.safety.enable
                )
                self._test = NOT_TESTED
                seen.is_tested = False
            case "pilot":
                seen.pilot = PilotObservation(runs_since_s=seen.since_s)
            case "session":
                self.audit.forget_heard()
            case _:
                pass

    def _leave_test(self) -> None:
        """Note that safety was stopped: the answer to its last self-test may come late."""
        back_s = self.seen.since_s if self._test.is_on else None
        self._causes.take_broken_test(self._pulsed_s, back_s)

    def _note_change(self, who: str, what: str) -> None:
        """Add what a node publishes to the timeline, if it has changed."""
        if self._noted.get(who) != what:
            self._noted[who] = what
            self.note(f"{who}: {what}")
