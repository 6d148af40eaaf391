"""Safety's machine over a small world of contacts, monitor and pilot."""

import math
from collections.abc import Callable
from copy import copy
from functools import cache, lru_cache
from typing import Any, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteResult
from msgs.fault_cause import Cause
from msgs.meter import MeterReading
from msgs.pilot import CpState, PilotStatus, duty_of_offer
from msgs.safety import FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from nodes.safety.chain import ChainReading
from nodes.safety.latch import Latches, Recalled
from nodes.safety.machine import Config, Inputs, Outputs, State, step
from nodes.safety.reasons import AnyReason, is_metering
from nodes.safety.wiring import NONE, Wired
from nodes.safety.words import REASONS
from tests.builders import charging_session, meter_reading, pilot_status

ROUND_S = 0.01
SAMPLE_S = 0.1  # of the meter chip
CHECKED_SPARE = 7  # of the steps that may be left out, each of this number is stepped and checked


PLATEAU_V = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0, "F": -12.0, "between": 7.5}


CP = {name: CpState.E if name == "between" else CpState(name) for name in PLATEAU_V}


P = SafetyPhase


@cache
def session(permitted: bool = True) -> SessionStatus:
    return charging_session(state=WallboxState.READY_FOR_CHARGING, permitted=permitted)


@lru_cache(maxsize=16)
def meter(sampled_s: float, online: bool = True) -> MeterReading:
    return meter_reading(0.0, sampled_s, online=online)


@lru_cache(maxsize=64)
def pilot(cp_state: CpState, offered_a: float) -> PilotStatus:
    return pilot_status(cp_state, offered_a, high_v=0.0, low_v=0.0)


@cache
def plain_fields(struct: type[Struct]) -> dict[str, type]:
    return {
        name: kind
        for name, kind in get_type_hints(struct).items()
        if isinstance(kind, type) and issubclass(kind, bool | int | float | str | Struct)
    }


def assert_typed(state: Struct, checked: Struct | None = None) -> None:
    """Nothing in the state or its parts is what its type does not say: None is not False.

    :param checked: a state that has passed; parts that are the same objects are not checked again.
    """
    if state is checked:
        return
    if type(state) is not type(checked):
        checked = None
    for name, kind in plain_fields(type(state)).items():
        value = getattr(state, name)
        before = None if checked is None else getattr(checked, name)
        if value is before and before is not None:
            continue
        assert isinstance(value, kind), f"{name} is {value!r}"
        if isinstance(value, Struct):
            assert_typed(value, before)


class Rig:
    """The machine over a small world: contacts, monitor and pilot obey the commands.

    What stands in `reading` and `inputs` overrides what the small world would say.
    """

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.state = State()
        self.outputs = Outputs(
            enable=False,
            residual_test=False,
            feeds_watchdog=False,
            clear_reset=False,
            write=None,
            status=None,
            line=None,
            period_s=ROUND_S,
            due_s=0.0,
            is_finished=False,
        )
        self.vehicle = "A"
        self.offered_a = 0.0  # what the generator says
        self.draws_a = 15.0  # what the vehicle draws from closed contacts
        self.is_welded = False  # closed contacts stay closed
        self.is_stuck = False  # open contacts stay open
        self.is_deaf = False  # the monitor does not hear its test line
        self.contact_delay_s = 0.02
        self.config = Config()
        self.disk: Latches = ()  # the latched faults that are kept
        self.asked: str | None = ""  # the newest restart that a person has asked for
        self.disk_wired: Wired = NONE  # and of the phases
        self.is_disk_full = False  # it takes nothing
        self.is_disk_slow = False  # nothing comes back from it
        self.is_reset = False  # the flag of the power-on reset
        self.writes = 0
        self.reading: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.said: list[SafetyStatus] = []
        self.fed: list[float] = []  # when the watchdog was
        self.logged: list[str] = []
        self.left_out = 0  # steps that would have been
        self._before: Inputs | None = None
        self._checked: State | None = None  # the newest state that `assert_typed` has passed
        self._closed = False
        self._moves_at_s: float | None = None
        self._tested_at_s: float | None = None
        self._released_at_s: float | None = None
        self._kept: Recalled | WriteResult | None = Recalled(asked="")

    # --- the small world -----------------------------------------------------------------------

    def _move_contacts(self) -> None:
        wanted = self.outputs.enable and not self.is_stuck
        wanted = wanted or (self._closed and self.is_welded)
        if wanted == self._closed:
            self._moves_at_s = None
        elif self._moves_at_s is None:
            self._moves_at_s = self.now_s + self.contact_delay_s
        elif self.now_s >= self._moves_at_s - 1e-6:
            self._closed, self._moves_at_s = wanted, None

    def _monitor(self) -> bool:
        if self.outputs.residual_test:
            self._released_at_s = None
            if self._tested_at_s is None:
                self._tested_at_s = self.now_s
        elif self._tested_at_s is not None and self._released_at_s is None:
            self._released_at_s = self.now_s
        if self._tested_at_s is None or self.is_deaf:
            return False
        if self._released_at_s is not None and self.now_s >= self._released_at_s + 0.3:
            self._tested_at_s = self._released_at_s = None
            return False
        return self.now_s >= self._tested_at_s + 0.2

    def _look(self) -> ChainReading:
        high_v = PLATEAU_V[self.vehicle]
        voltages_v = self.reading.get("voltages_v") or (230.0, 230.0, 230.0)
        noise_a = 0.001 * (math.floor(self.now_s / SAMPLE_S) % 7) if self.draws_a > 1.0 else 0.0
        drawn_a = self.draws_a + noise_a
        one_a, two_a, three_a = (
            0.0 if not self._closed or volt == 0.0 else drawn_a for volt in voltages_v
        )
        is_tripped = self._monitor()
        reading = ChainReading(
            high_v=high_v,
            low_v=-12.0 if self.offered_a else high_v,
            duty_percent=duty_of_offer(self.offered_a),
            mirror_closed=not self._closed,
            load_voltage=self._closed,
            residual_ac=is_tripped,
            residual_dc=is_tripped,
            earth_ohm=0.8,
            terminal_c=30.0,
            board_c=25.0,
            overtemperature=False,
            dip1=0b101,
            dip2=0,
            external_closed=True,
            power_on_reset=self.is_reset,
            currents_a=(one_a, two_a, three_a),
            voltages_v=(230.0, 230.0, 230.0),
            powers_w=(230.0 * one_a, 230.0 * two_a, 230.0 * three_a),
            frequency_hz=50.0,
        )
        return replace(reading, **self.reading)

    # --- what the tests do ---------------------------------------------------------------------

    def twin(self) -> "Rig":
        """Return another one that goes on from here by itself."""
        twin = copy(self)
        twin.reading, twin.inputs = dict(self.reading), dict(self.inputs)
        twin.said, twin.fed, twin.logged = list(self.said), list(self.fed), list(self.logged)
        return twin

    def tick(self) -> "Rig":
        self.now_s = round(self.now_s + ROUND_S, 6)
        self._move_contacts()
        inputs: dict[str, Any] = {
            "now_s": self.now_s,
            "utc_ns": int(self.now_s * 1e9),
            "since_s": ROUND_S,
            "reading": self._look(),
            "pilot": pilot(CP[self.vehicle], self.offered_a),
            "session": session(),
            "meter": meter(math.floor(self.now_s * 5.0) / 5.0),
            "stop": None,
            "kept": None if self.is_disk_slow else self._kept,
        }
        inputs |= self.inputs
        inputs["is_metering"] = is_metering(inputs.pop("meter"), Moment(self.now_s))
        shown = Inputs(**inputs)
        if shown.kept is not None:
            self._kept = None
        self._step(shown)
        if self.outputs.write is not None:
            assert self._kept is None
            self.writes += self.disk != self.outputs.write.latches
            if self.is_disk_full:
                self._kept = WriteResult(problem="disk full")
            else:
                self.disk, self.disk_wired = self.outputs.write.latches, self.outputs.write.wired
                self._kept = WriteResult()
        if self.outputs.clear_reset:
            self.is_reset = False
        status = self.outputs.status
        if status is not None and (not self.said or status != self.said[-1]):
            self.said.append(status)
        if self.outputs.feeds_watchdog:
            self.fed.append(self.now_s)
        if self.outputs.line is not None:
            self.logged.append(self.outputs.line[1])
        return self

    def _step(self, inputs: Inputs) -> None:
        """Step; one that `bus.rounds` would leave out must change nothing.

        Most of these are left out here as well: what one of them would change, the next one that is
        checked changes too.
        """
        before, said = self.state, self.outputs
        seen = replace(inputs, now_s=0.0, utc_ns=0)
        is_spare = seen == self._before and inputs.now_s < said.due_s
        self.left_out += is_spare
        if is_spare and self.left_out % CHECKED_SPARE:
            return
        self.state, self.outputs = step(self.config, before, inputs)
        assert_typed(self.state, self._checked)
        self._checked = self.state
        if is_spare:
            assert self.state == before
            assert self.outputs == said
        self._before = replace(seen, kept=None)

    def run(self, seconds: float) -> "Rig":
        for _ in range(round(seconds / ROUND_S)):
            self.tick()
        return self

    def restart(self, found: Recalled | None = None) -> "Rig":
        """A new process: its memory is what the disk has kept, or what is found there instead."""
        kept = Recalled(latches=self.disk, wired=self.disk_wired) if found is None else found
        self.state, self._kept = State(), replace(kept, asked=self.asked)
        self.outputs = replace(
            self.outputs, enable=False, residual_test=False, feeds_watchdog=False
        )
        self._before = None
        return self

    def cut_mains(self, seconds: float) -> "Rig":
        """Mains off for a while, and on again."""
        no_mains = {"high_v": 0.0, "low_v": 0.0, "voltages_v": (0.0, 0.0, 0.0), "earth_ohm": 0.0}
        kept, self.reading = self.reading, self.reading | no_mains
        self.run(seconds)
        self.reading, self.is_reset = kept, True
        return self

    def lull(self, seconds: float) -> "Rig":
        """Let time pass in which nothing moves, with two rounds a second."""
        for _ in range(round(seconds * 2.0)):
            self.now_s += 0.5 - ROUND_S
            self.tick()
        return self

    def until(self, holds: Callable[[], bool], within_s: float = 10.0) -> float:
        """Run until something holds; return how long it took [s]."""
        begun_s = self.now_s
        while not holds():
            assert self.now_s < begun_s + within_s, f"{self.phase()}: {self.said[-1]}"
            self.tick()
        return self.now_s - begun_s

    def until_phase(self, phase: SafetyPhase, within_s: float = 10.0) -> float:
        return self.until(lambda: self.phase() is phase, within_s)

    # Methods, not properties: each call is a new look.
    def phase(self) -> SafetyPhase:
        return self.state.phase

    @property
    def status(self) -> SafetyStatus:
        return self.said[-1]

    def faults(self) -> tuple[FaultCode, ...]:
        return self.status.faults

    def causes(self) -> tuple[Cause, ...]:
        """Of the faults that hold."""
        return tuple(record.finding.cause for record in self.state.faults.records)

    def says(self, reason: AnyReason) -> bool:
        """Whether this is published as why the contactor is not closed."""
        return self.status.detail == REASONS[reason]

    @property
    def is_closed(self) -> bool:
        return self._closed


def idle() -> Rig:
    return _idle().twin()


def ready() -> Rig:
    """Plugged, tested, nothing offered yet."""
    return _ready().twin()


def closed() -> Rig:
    return _closed().twin()


# Each begins as all others do: its first seconds are stepped once.


@cache
def _idle() -> Rig:
    return Rig().run(1.0)


@cache
def _ready() -> Rig:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.READY)
    return rig.run(0.1)


@cache
def _closed() -> Rig:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSED)
    return rig.run(1.0)


def forget() -> None:
    """Step everything again from here on, for tests with another version of the product."""
    for cached in (session, meter, pilot, _idle, _ready, _closed):
        cached.cache_clear()
