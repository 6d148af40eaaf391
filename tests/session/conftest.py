"""What the tests of the session machine share: messages, store, a scenario step by step."""

from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from bus.write_behind import WriteResult
from msgs.meter import MeterReading
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.session import SessionRecord, SessionStatus
from nodes.session.entry import Entry
from nodes.session.machine import step
from nodes.session.node import LOOK_S
from nodes.session.reasons import CardAnswer, Over
from nodes.session.revival import begin
from nodes.session.sign import Sign
from nodes.session.state import Inputs, Outputs, counter_of
from tests.builders import load_offer, meter_reading, pilot_status, safety_status

SERIES = "the first"  # of runs
UTC_NS = 1_767_225_600_000_000_000
OFFER = load_offer()
SAFETY = safety_status()


AT_ONCE_WH = 10.0  # that may come with one reading
CHECKED_SPARE = 7  # of the steps that may be left out, each of this number is stepped and checked


class Signals(NamedTuple):
    """What safety and pilot read of the line; None: it says nothing of it."""

    by_safety: CpState | None
    by_pilot: CpState | None
    since_utc_ns: int = 0
    is_waking: bool = False


SILENT = Signals(None, None)


def pilot(cp_state: CpState, since_utc_ns: int = 0) -> Signals:
    """Return what both read."""
    return Signals(cp_state, cp_state, since_utc_ns)


def box(lifetime_wh: float, online: bool = True) -> MeterReading:
    return meter_reading(online=online, lifetime_wh=lifetime_wh)


class Scenario:
    """A session node's machine, its store and its facts, stepped by hand."""

    def __init__(
        self,
        last: Entry | None = None,
        graph_run: int = 1,
        required: bool | None = False,
        now_s: float = 100.0,
        sign: Sign | None = None,
    ) -> None:
        self.now_s = self.looked_s = now_s
        self.graph_run = graph_run
        self.series = SERIES
        self.boot = f"boot {graph_run}"  # power was lost before each run
        self.is_utc_set = True
        self.ahead_s = 0.0  # of UTC
        self.facts: dict[str, Any] = {
            "pilot": pilot(CpState.A),
            "safety": SAFETY,
            "offer": OFFER,
            "box": box(1000.0),
            "required": required,
        }
        self._seen: Inputs | None = None  # of the last step, without times; None: it had an event
        self._outputs = Outputs(due_s=now_s)
        self._spare = 0  # steps that may be left out
        self._published_facts: dict[str, Any] = {}
        self._published: dict[str, Any] = {}
        self.state = begin(last, () if sign is None else (sign,), self.now_s, self.boot)
        self.sign = sign  # the newest that is stored
        self.sign_disk_works = True
        self.disk: dict[str, Entry] = {} if last is None else {last.record.session_id: last}
        self.disk_works = True
        self.writes: list[Entry] = []
        self.said: list[SessionStatus] = []
        self.over: list[Over] = []
        self.done = False
        self.stop: StopReason | None = None
        self.count = 0

    @property
    def utc_ns(self) -> int:
        return UTC_NS + int((self.now_s - 100.0 + self.ahead_s) * 1e9)

    def messages(self) -> dict[str, Any]:
        """Return the messages that the nodes publish: the pilot's with safety's."""
        if self.facts != self._published_facts:
            self._published_facts = dict(self.facts)
            self._published = self._publish()
        return dict(self._published)

    def _publish(self) -> dict[str, Any]:
        facts = dict(self.facts)
        seen: Signals = facts["pilot"] or SILENT
        facts["pilot"] = seen.by_pilot and pilot_status(seen.by_pilot, waking=seen.is_waking)
        facts["safety"] = facts["safety"] and replace(
            facts["safety"], cp_state=seen.by_safety, plugged_since_utc_ns=seen.since_utc_ns
        )
        return facts

    def step(
        self,
        end: str | None = None,
        written: WriteResult | None = None,
        card: str | None = None,
        signed: WriteResult | None = None,
        starts: bool = False,
    ) -> CardAnswer:
        """Step, unless `bus.rounds` would leave it out; of these some must change nothing."""
        self.count += 1
        messages = self.messages()
        inputs = Inputs(
            now_s=self.now_s,
            utc_ns=self.utc_ns,
            since_s=self.now_s - self.looked_s,
            run=self.graph_run,
            series=self.series,
            boot=self.boot,
            is_utc_set=self.is_utc_set,
            id_end=f"{self.now_s:.1f}-{self.count}",
            counter_wh=counter_of(messages.pop("box")),
            card=card,
            end=end,
            stop=self.stop,
            written=written,
            signed=signed,
            starts=starts,
            **messages,
        )
        self.looked_s = self.now_s
        seen = replace(
            inputs,
            now_s=0.0,
            utc_ns=0,
            since_s=0.0,
            id_end="",
            wall_offset_ns=int(self.ahead_s * 1e9),
        )
        is_spare = (
            seen == self._seen and inputs.since_s <= LOOK_S and self.now_s < self._outputs.due_s
        )
        self._spare += is_spare
        if is_spare and self._spare % CHECKED_SPARE:
            if self._outputs.status is not None:
                self.said.append(self._outputs.status)
            return CardAnswer()
        before, said = self.state, self._outputs
        self.state, outputs = step(before, inputs)
        if is_spare:
            assert self.state == before
            assert replace(outputs, due_s=said.due_s) == said
            assert outputs.due_s == pytest.approx(said.due_s)
        has_event = starts or any(each is not None for each in (end, written, card, signed))
        self._seen, self._outputs = None if has_event else seen, outputs
        if outputs.status is not None:
            self.said.append(outputs.status)
            assert outputs.status.authorized or not outputs.status.permitted
            if outputs.status.permitted and not (
                outputs.status.unrecorded and not outputs.status.token
            ):  # permission stands on the disk, whatever happens
                assert self.disk[outputs.status.session_id].record.end_reason is None
                assert self.disk[outputs.status.session_id].record.token == outputs.status.token
        self.done = self.done or outputs.done
        if outputs.sign is not None:
            if self.sign_disk_works:
                self.sign = outputs.sign
            problem = None if self.sign_disk_works else "the disk is full"
            self.step(signed=WriteResult(problem=problem))
        if outputs.over is not None:
            self.over.append(outputs.over)
        if outputs.write is not None:
            self.writes.append(outputs.write)
            if self.disk_works:
                self.disk[outputs.write.record.session_id] = outputs.write
            self.step(written=self.disk_answer)
        elif outputs.proves:
            self.step(written=self.disk_answer)
        return outputs.answer

    @property
    def disk_answer(self) -> WriteResult:
        return WriteResult(problem=None if self.disk_works else "the disk is full")

    def hold(self, token: str) -> CardAnswer:
        """Present a card that rfid or the service knows."""
        return self.step(card=token)

    def run(self, seconds: float, **facts: Any) -> SessionStatus:
        """Let time pass with these facts; return what was said last.

        More energy than `AT_ONCE_WH` flows evenly meanwhile.
        """
        before, after = self.facts["box"], facts.get("box")
        self.facts.update(facts)
        began_s, end_s = self.now_s, self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(self.now_s + 0.1, end_s)
            if before and after and before.lifetime_wh + AT_ONCE_WH < after.lifetime_wh:
                part = (self.now_s - began_s) / seconds
                grown_wh = (after.lifetime_wh - before.lifetime_wh) * part
                self.facts["box"] = replace(after, lifetime_wh=before.lifetime_wh + grown_wh)
            self.step()
        return self.said[-1]

    def record(self) -> SessionRecord:
        (entry,) = self.disk.values()
        return entry.record

    def stored(self, session_id: str) -> SessionRecord:
        return self.disk[session_id].record

    def restarted(self, first: bool = False) -> "Scenario":
        """Return the next incarnation; the first one of another scenario of the graph, or not."""
        newest = list(self.disk.values())[-1]
        scenario = Scenario(
            last=newest,
            graph_run=self.graph_run + first,
            required=self.facts["required"],
            now_s=self.now_s,
            sign=self.sign,
        )
        scenario.ahead_s = self.ahead_s
        scenario.facts = dict(self.facts)
        scenario.disk = dict(self.disk)
        return scenario


def sign_of(entry: Entry, scenario: Scenario) -> Sign:
    """Return the sign of a session, as the session node stores it now."""
    return Sign(
        session_id=entry.record.session_id,
        series=SERIES,
        boot=scenario.boot,
        now_ns=round(scenario.now_s * 1e9),
        utc_ns=scenario.utc_ns,
        is_utc_set=True,
        start_energy_wh=entry.record.start_energy_wh,
        energy_wh=entry.record.energy_wh,
    )


def plugged_in(**facts: Any) -> Scenario:
    scenario = Scenario()
    scenario.run(1.0)
    scenario.run(1.0, pilot=pilot(CpState.B), **facts)
    return scenario


NO_MAINS: dict[str, Any] = {
    "safety": replace(SAFETY, has_mains=False),
    "pilot": pilot(CpState.E),
    "box": None,
}
"""What the nodes say while the box has no mains."""
