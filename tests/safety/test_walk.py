"""Pilot and safety together through a long random run; what must never happen does not.

The oracle knows the signals and what was sent, and nothing of either machine's state. Times are
counted in rounds of 10 ms.
"""

import math
import random
from collections import Counter, deque

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteResult
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import CpState, PilotStatus, offer_of_duty
from msgs.safety import DIP_LIMIT_A, Contactor, SafetyStatus
from msgs.session import SessionStatus
from nodes.pilot import machine as pilot
from nodes.pilot.cp_line import CpLineReading
from nodes.safety import machine as safety
from nodes.safety.chain import ChainReading
from nodes.safety.latch import Latches, Recalled
from nodes.safety.reasons import is_metering
from nodes.safety.wiring import NONE, Wired
from tests.builders import charging_session, load_offer, meter_reading

ROUNDS = 20_000
ROUND_S = 0.01
EPSILON_S = 1e-6
SURELY_WIRED = 200  # rounds with voltage after which a phase has to be known as wired
SURELY_FROZEN = 502  # rounds in which the chip repeats its values under load
EARTH_ROUNDS = 11  # in which a bad earth may be unseen, in a row
PLATEAU_V = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0}
ASKING_V = ((4.75, 7.25), (1.75, 4.25))  # the windows of C and D
TROUBLES = (
    "short", "middle", "wire", "no_diode", "noise", "weld", "stuck", "deaf", "leak", "stale", "nan",
    "chip", "hot", "earth", "mirror", "pilot_silent", "safety_silent", "session_silent",
    "meter_silent", "offer_silent", "unpermitted", "no_offer", "generator", "stall",
    "no_mains", "sag", "swell", "phase", "chip_nan", "excess", "stray", "minus", "late", "dip",
    "frozen", "toggles",
)  # fmt: skip


def has_diode(reading: ChainReading) -> bool:
    return abs(reading.low_v + 12.0) <= 1.25


def asks(reading: ChainReading | None) -> bool:
    return reading is not None and any(
        least_v <= reading.high_v <= most_v for least_v, most_v in ASKING_V
    )


class Post:
    """The newest message of one writer, and how long it holds."""

    def __init__(self, hold_s: float) -> None:
        self.hold_s = hold_s
        self.message: object = None
        self.sent_s = -math.inf

    def send(self, message: object, now_s: float) -> None:
        self.message, self.sent_s = message, now_s

    def age_s(self, now_s: float) -> float:
        return now_s - self.sent_s

    def is_fresh(self, now_s: float) -> bool:
        return self.message is not None and self.age_s(now_s) <= self.hold_s + EPSILON_S


class Walk:
    """A vehicle, a box, its messages, and trouble that comes and goes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_s = 1000.0
        self.troubles: dict[str, float] = {}  # until when
        self.plug = "A"
        self.moves_at_s = 0.0  # when the vehicle next does what it likes
        self.obeys_after_s = 1.0
        self.x1_since_s: float | None = None
        self.duty_percent = 100.0
        self.is_closed = False
        self.contact_moves_s: float | None = None
        self.test_on_s: float | None = None
        self.test_off_s: float | None = None
        self.dip1 = 0b101
        self.has_no_mains = False
        self.is_reset = False  # the flag of the power-on reset
        self.disk: Latches = ()  # the latched faults that safety keeps
        self.disk_wired: Wired = NONE  # and of the phases
        self.kept: Recalled | WriteResult | None = Recalled()
        self.posts = {
            "pilot": Post(1.0),
            "safety": Post(1.0),
            "session": Post(3.0),
            "meter": Post(5.0),
            "offer": Post(3.0),
        }
        self.pilot_state = pilot.State()
        self.safety_state = safety.State()
        self.outputs: safety.Outputs | None = None
        self.reading: ChainReading | None = None
        self.past_inputs: safety.Inputs | None = None
        self.chip = ((0.0, 0.0, 0.0), (230.0, 230.0, 230.0))  # what it last showed
        self.late_at_s: list[float] = []  # looks that came late with the contactor closed
        # the oracle's memory
        self.past: deque[ChainReading | None] = deque(maxlen=8)
        self.has_answered = False  # the monitor, to its test line, in this round
        self.is_tested = False  # the monitor has answered a test since the plug went in
        self.is_welded = False
        self.faults: set[str] = set()
        self.outside_rounds = self.excess_rounds = self.silent_rounds = 0
        self.frozen_rounds = self.unearthed_rounds = 0
        self.shown: object = None  # by the chip, in the round before
        self.live_rounds = [0, 0, 0]  # of each phase, with 50 V or more
        self.latched: set[str] = set()  # 8007 and all red, as published; restarts keep them
        self.mains_on_s = -math.inf  # when they came on last
        self.withheld_since_s: float | None = None
        self.since_s = ROUND_S
        self.seen: Counter[str] = Counter()

    def troubled(self, name: str) -> bool:
        return self.troubles.get(name, 0.0) > self.now_s

    # --- the world -----------------------------------------------------------------------------

    def live(self) -> None:
        self.now_s = round(self.now_s + ROUND_S, 6)
        dice = self.random
        if dice.random() < 0.003:
            trouble = dice.choice(TROUBLES)
            self.troubles[trouble] = self.now_s + dice.choice((0.02, 0.06, 0.2, 1.1, 3.3, 8.0))
        if dice.random() < 0.0003:
            self.dip1 = dice.randrange(8)
        if dice.random() < 0.0002:
            self.restart_safety()
        if dice.random() < 0.0005:
            self.pilot_state = pilot.State()  # restarted in place
        # Somebody sees the light, reads the remedy, and helps.
        if self.outputs is not None and self.faults and dice.random() < 0.01:
            self.troubles.clear()
            self.plug, self.moves_at_s = "A", self.now_s + 0.5
            if self.faults & {"red", "8007"}:
                self.restart_safety()
                self.is_reset, self.mains_on_s = True, self.now_s
        if self.troubled("no_mains") and not self.has_no_mains:
            self.has_no_mains = True
        elif self.has_no_mains and not self.troubled("no_mains"):
            self.has_no_mains, self.is_reset, self.mains_on_s = False, True, self.now_s
        self._drive_vehicle()
        self._move_contacts()

    def restart_safety(self) -> None:
        """A killed safety: what it drove goes to its safe state, its memory is gone."""
        self.safety_state = safety.State()
        self.kept = Recalled(latches=self.disk, wired=self.disk_wired)
        self.outputs = None
        self.late_at_s = []
        self.test_on_s = self.test_off_s = None
        self.is_tested = self.is_welded = False
        self.faults = set()
        self.outside_rounds = self.excess_rounds = self.silent_rounds = 0
        self.frozen_rounds = self.unearthed_rounds = 0
        self.withheld_since_s = None

    def _drive_vehicle(self) -> None:
        dice = self.random
        offered = offer_of_duty(self.duty_percent) > 0.0
        if offered or self.plug not in "CD":
            self.x1_since_s = None
        elif self.x1_since_s is None:
            self.x1_since_s, self.obeys_after_s = self.now_s, dice.choice((0.1, 1.0, 2.9, 9.0))
        elif self.now_s >= self.x1_since_s + self.obeys_after_s:
            self.plug = "B"
        if self.now_s < self.moves_at_s:
            return
        wishes = {"A": "BBBC", "B": "CCCCCDAB" if offered else "BBBA", "C": "CCCCBAD", "D": "CDBA"}
        self.plug = dice.choice(wishes[self.plug])
        self.moves_at_s = self.now_s + dice.choice((0.03, 0.5, 3.0, 6.0, 9.0))

    def _move_contacts(self) -> None:
        enable = self.outputs is not None and self.outputs.enable
        wanted = enable and not any(map(self.troubled, ("leak", "stuck", "no_mains")))
        wanted = wanted or (self.is_closed and self.troubled("weld"))
        if wanted == self.is_closed:
            self.contact_moves_s = None
        elif self.contact_moves_s is None:
            self.contact_moves_s = self.now_s + 0.02
        elif self.now_s >= self.contact_moves_s - EPSILON_S:
            self.is_closed, self.contact_moves_s = wanted, None

    def _monitor(self) -> bool:
        is_on = self.outputs is not None and self.outputs.residual_test
        if is_on and (self.test_on_s is None or self.test_off_s is not None):
            self.test_on_s, self.test_off_s = self.now_s, None
        if not is_on and self.test_on_s is not None and self.test_off_s is None:
            self.test_off_s = self.now_s
        if self.test_on_s is None or self.troubled("deaf"):
            return False
        end_s = math.inf if self.test_off_s is None else self.test_off_s + 0.3
        is_active = self.test_on_s + 0.2 <= self.now_s < end_s
        self.has_answered = is_on and is_active
        return is_active

    def look(self) -> ChainReading | None:
        self.has_answered = False
        dice = self.random
        if self.troubled("stale") or (self.troubled("late") and dice.random() < 0.3):
            return None
        high_v = PLATEAU_V[self.plug]
        for trouble, value_v in (("short", 0.0), ("middle", 7.5), ("wire", 12.0)):
            if self.troubled(trouble):
                high_v = value_v
        if self.troubled("toggles") and self.plug in "BC":
            high_v = PLATEAU_V["BC"[round(self.now_s / ROUND_S) // 2 % 2]]
        if self.troubled("noise") and dice.random() < 0.5:
            high_v = dice.choice((0.0, 7.5, 12.0, 9.0))
        duty_percent = 100.0 if self.troubled("generator") else self.duty_percent
        low_v = -12.0 if duty_percent < 100.0 else high_v
        if self.troubled("no_diode") and duty_percent < 100.0:
            low_v = -high_v
        if self.troubled("nan"):
            high_v, low_v = dice.choice(((math.nan, low_v), (high_v, math.nan), (-14.05, -14.05)))
        if self.troubled("minus"):
            high_v = low_v = -12.0
        answers = self._monitor()
        leaks = self.troubled("leak")
        current_a = (
            offer_of_duty(self.duty_percent) if self.is_closed and self.plug in "CD" else 0.0
        )
        if self.is_closed and self.x1_since_s is not None:
            current_a = 10.0
        if self.troubled("excess"):
            current_a *= 1.3
        if self.troubled("stray"):
            current_a = 3.0
        voltages_v = self._voltages_v()
        if self.has_no_mains:
            high_v = low_v = current_a = 0.0
        if current_a > 0.0:
            current_a += dice.choice((0.0, 0.001, 0.002))  # the chip's noise
        chip = ((current_a, current_a, 0.0), voltages_v)
        if self.troubled("frozen"):
            chip = self.chip
        self.chip = chip
        nonsense = (math.nan, math.nan, math.nan) if self.troubled("chip_nan") else None
        dip1 = dice.randrange(256) if self.troubled("dip") else self.dip1
        return ChainReading(
            high_v=high_v,
            low_v=low_v,
            duty_percent=duty_percent,
            mirror_closed=not self.is_closed and not self.troubled("mirror"),
            load_voltage=self.is_closed and not self.has_no_mains,
            residual_ac=answers,
            residual_dc=answers or leaks,
            earth_ohm=1e6 if self.troubled("earth") else 0.8,
            terminal_c=dice.choice((95.0, math.nan)) if self.troubled("hot") else 40.0,
            board_c=40.0 + 0.004 * (self.now_s % 10_000.0),
            overtemperature=False,
            dip1=dip1,
            dip2=0,
            external_closed=True,
            power_on_reset=self.is_reset,
            currents_a=None if self.troubled("chip") else nonsense or chip[0],
            voltages_v=None if self.troubled("chip") else nonsense or chip[1],
            powers_w=(0.0, 0.0, 0.0),
            frequency_hz=50.0,
        )

    def _voltages_v(self) -> tuple[float, float, float]:
        if self.has_no_mains:
            return (0.0, 0.0, 0.0)
        volts = 150.0 if self.troubled("sag") else 310.0 if self.troubled("swell") else 230.0
        return (volts, 0.0 if self.troubled("phase") else volts, volts)

    # --- the nodes -----------------------------------------------------------------------------

    def talk(self) -> None:
        """session, meter and load_manager say what they have to say."""
        number = round(self.now_s / ROUND_S)
        if number % 100 == 0 and not self.troubled("session_silent"):
            self._say_session()
        if self.troubled("unpermitted") and number % 10 == 0:
            self._say_session()
        if number % 20 == 0 and not self.troubled("meter_silent"):
            reading = meter_reading(0.0, self.now_s)
            self.posts["meter"].send(reading, self.now_s)
        if number % 50 == 0 and not self.troubled("offer_silent"):
            limit_a = 0.0 if self.troubled("no_offer") else self.random.choice((6.0, 16.0, 40.0))
            self.posts["offer"].send(load_offer(limit_a, "fuse"), self.now_s)

    def _say_session(self) -> None:
        status = charging_session(permitted=not self.troubled("unpermitted"))
        self.posts["session"].send(status, self.now_s)

    def fresh(self, writer: str) -> object:
        post = self.posts[writer]
        return post.message if post.is_fresh(self.now_s) else None

    def run_pilot(self) -> None:
        reading = self.reading
        line = None
        if reading is not None:
            line = CpLineReading(
                high_v=reading.high_v, low_v=reading.low_v, duty_percent=reading.duty_percent
            )
        status, session, offer = (self.fresh(name) for name in ("safety", "session", "offer"))
        assert status is None or isinstance(status, SafetyStatus)
        assert session is None or isinstance(session, SessionStatus)
        assert offer is None or isinstance(offer, LoadOffer)
        inputs = pilot.look(self.now_s, line, status, session, offer)
        before_percent = self.duty_percent
        self.pilot_state, outputs = pilot.step(pilot.Config(), self.pilot_state, inputs)
        if outputs.duty_percent is not None:
            self.duty_percent = outputs.duty_percent
        if outputs.status is not None and not self.troubled("pilot_silent"):
            self.posts["pilot"].send(outputs.status, self.now_s)
        self._check_pilot(inputs, offer_of_duty(before_percent), offer_of_duty(self.duty_percent))

    def run_safety(self) -> None:
        since_s = ROUND_S
        if self.troubled("stall") and self.random.random() < 0.05:
            since_s = self.random.choice((0.02, 0.021, 0.05, 0.1, 0.11, 0.45, 0.51, 1.2))
        status, session, meter = (self.fresh(name) for name in ("pilot", "session", "meter"))
        assert status is None or isinstance(status, PilotStatus)
        assert session is None or isinstance(session, SessionStatus)
        assert meter is None or isinstance(meter, MeterReading)
        before, remembered = self.outputs, self.safety_state
        inputs = safety.Inputs(
            now_s=self.now_s,
            utc_ns=int(self.now_s * 1e9),
            since_s=since_s,
            reading=self.reading,
            pilot=status,
            session=session,
            is_metering=is_metering(meter, Moment(self.now_s)),
            stop=None,
            kept=self.kept,
        )
        self.kept = None
        self.safety_state, self.outputs = safety.step(safety.Config(), remembered, inputs)
        self._check_left_out(before, remembered, inputs)
        if self.outputs.write is not None:
            self.disk, self.disk_wired = self.outputs.write.latches, self.outputs.write.wired
            self.kept = WriteResult()
        if self.outputs.clear_reset:
            self.is_reset = False
        if self.outputs.status is not None and not self.troubled("safety_silent"):
            self.posts["safety"].send(self.outputs.status, self.now_s)
        was_enabled = before is not None and before.enable
        self._check_safety(was_enabled, since_s, status, session, meter)

    # --- what must never happen ----------------------------------------------------------------

    def _check_left_out(
        self, before: safety.Outputs | None, remembered: safety.State, inputs: safety.Inputs
    ) -> None:
        """A step that `bus.rounds` would leave out changes nothing."""
        seen = replace(inputs, now_s=0.0, utc_ns=0)
        if before is not None and seen == self.past_inputs and inputs.now_s < before.due_s:
            assert self.safety_state == remembered
            assert self.outputs == before
            self.seen["left out"] += 1
        self.past_inputs = replace(seen, kept=None)

    def _check_pilot(self, inputs: pilot.Inputs, before_a: float, offered_a: float) -> None:
        assert offered_a == 0.0 or 6.0 <= round(offered_a, 9) <= 32.0
        status = inputs.safety
        if status is not None:
            most_a = min(status.installation_limit_a, status.limit_a)
            assert offered_a == 0.0 or offered_a <= most_a + EPSILON_S
            assert status.may_offer or offered_a == 0.0
        if offered_a > before_a + EPSILON_S:
            assert inputs.reading is not None
            assert status is not None
            assert status.may_offer
            assert inputs.session is not None
            assert inputs.session.permitted
            assert inputs.offer_a is not None
            assert offered_a <= inputs.offer_a + EPSILON_S
            assert offered_a <= DIP_LIMIT_A.get(self._dip(), 10.0) + EPSILON_S or self._dip_is_new()
            self.seen["raised"] += 1

    def _dip(self) -> tuple[bool, bool, bool]:
        return (bool(self.dip1 & 4), bool(self.dip1 & 2), bool(self.dip1 & 1))

    def _dip_is_new(self) -> bool:
        """The switches were moved in the last tenth of a second: safety has not said it yet."""
        return any(past is None or past.dip1 != self.dip1 for past in self.past)

    def _check_safety(
        self,
        was_enabled: bool,
        since_s: float,
        status: PilotStatus | None,
        session: SessionStatus | None,
        meter: MeterReading | None,
    ) -> None:
        assert self.outputs is not None
        reading, outputs = self.reading, self.outputs
        self.past.append(reading)
        past = list(self.past)
        if [asks_a(past_one) for past_one in past[-2:]] == [True, True]:
            self.is_tested = False
        if session is not None and not session.permitted:
            self.is_tested = False
        if outputs.residual_test:
            assert not outputs.enable
        self.is_tested = self.is_tested or self.has_answered
        if outputs.status is not None:
            self._count(outputs.status)
        if outputs.feeds_watchdog:
            assert reading is not None
            assert not self.is_welded
        self._count_supply(reading)
        self._count_earth(reading)
        if not outputs.enable:
            self.withheld_since_s = None
            return

        self.seen["enabled"] += 1
        assert not self.disk
        assert not self.has_no_mains
        assert self.outside_rounds <= 100
        assert self.excess_rounds <= 700
        assert self.silent_rounds <= 500
        assert self.frozen_rounds <= SURELY_FROZEN
        assert self.unearthed_rounds <= EARTH_ROUNDS
        assert not self.is_welded
        assert reading is not None
        if was_enabled and since_s > 0.02:
            assert since_s <= 0.1
            assert asks(reading)
            assert has_diode(reading) or reading.duty_percent >= 97.0
            self.late_at_s = [one for one in self.late_at_s if self.now_s - one < 10.0]
            self.late_at_s.append(self.now_s)
            assert len(self.late_at_s) <= 3
        assert self.is_tested or was_enabled
        assert not math.isnan(reading.high_v)
        assert not math.isnan(reading.low_v)
        assert any(asks(earlier) for earlier in past[-4:])  # left C and D: open within 40 ms
        assert not all(asks_a(earlier) for earlier in past[-2:])  # left to A: within 20 ms
        assert not reading.residual_ac
        assert not reading.residual_dc
        assert status is not None
        assert status.cp_state in (CpState.C, CpState.D)
        with_pwm = [one for one in past[-4:] if one is not None and one.duty_percent < 97.0]
        assert len(with_pwm) < 4 or any(has_diode(one) for one in with_pwm)
        is_wanted = (
            session is not None
            and session.permitted
            and meter is not None
            and status.offered_a >= 6.0
            and offer_of_duty(reading.duty_percent) >= 6.0
        )
        if not was_enabled:
            self.seen["closed"] += 1
            assert is_wanted
            assert all(asks(earlier) for earlier in past[-1:])
            assert all(one is not None and has_diode(one) for one in past[-3:])
            assert reading.mirror_closed
            assert not reading.load_voltage
        if is_wanted:
            self.withheld_since_s = None
        elif self.withheld_since_s is None:
            self.withheld_since_s = self.now_s
        else:
            assert self.now_s - self.withheld_since_s <= 6.0 + 2 * ROUND_S

    def _count_supply(self, reading: ChainReading | None) -> None:
        """Count how long mains, current and chip have been wrong in a row."""
        if reading is None or reading.voltages_v is None or reading.currents_a is None:
            self.silent_rounds += reading is not None
            self.outside_rounds = self.excess_rounds = 0
            return
        is_silent = math.isnan(reading.voltages_v[0])
        if self.is_reset:  # what a predecessor has kept is dropped
            self.live_rounds = [0, 0, 0]
        is_outside = False
        for line, volt in enumerate(reading.voltages_v):
            self.live_rounds[line] += volt >= 50.0
            is_wired = self.live_rounds[line] >= SURELY_WIRED
            is_outside = is_outside or (is_wired and not 160.0 <= volt <= 280.0)
        offered_a = offer_of_duty(reading.duty_percent)
        is_excess = max(reading.currents_a) > (offered_a + 0.5) * 1.1 and offered_a >= 6.0
        self.silent_rounds = (self.silent_rounds + 1) * is_silent
        self.outside_rounds = (self.outside_rounds + 1) * (is_outside and not is_silent)
        self.excess_rounds = (self.excess_rounds + 1) * is_excess

        shown = (reading.currents_a, reading.voltages_v)
        is_repeated = shown == self.shown and max(reading.currents_a) > 1.0
        self.frozen_rounds = (self.frozen_rounds + 1) * is_repeated
        self.shown = shown

    def _count_earth(self, reading: ChainReading | None) -> None:
        """Count how long the earth has been bad in a row."""
        is_bad = reading is not None and reading.earth_ohm > 500.0
        self.unearthed_rounds = (self.unearthed_rounds + 1) * is_bad

    def _count(self, status: SafetyStatus) -> None:
        # Judged again: 1.5 s for the proof of open, 3 s of it for all red, and lost readings.
        may_forget = self.now_s - self.mains_on_s < 20.0
        assert may_forget or self.latched.issubset(status.faults)
        self.latched = {"8007", "red"} & set(status.faults)
        if self.is_welded and not may_forget:
            assert status.contactor is Contactor.WELDED
        self.is_welded = status.contactor is Contactor.WELDED
        assert status.retries <= 5
        assert status.contactor is Contactor.CLOSED or not self.is_closed or self.is_welded
        self.faults = set(status.faults)
        for code in status.faults:
            self.seen[f"fault {code}"] += 1
        if status.permitted:
            self.seen["permitted"] += 1
            assert not status.faults
            assert self.is_tested


def asks_a(reading: ChainReading | None) -> bool:
    return reading is not None and 10.75 <= reading.high_v <= 13.25


@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_must_never_happen_happens_in_a_random_run(seed: int) -> None:
    run(seed)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(2, 20))
def test_nothing_that_must_never_happen_happens_in_many_random_runs(seed: int) -> None:
    run(seed)


def run(seed: int) -> None:
    """Live through some minutes of a box with troubles; each round is judged."""
    walk = Walk(seed)
    for _ in range(ROUNDS):
        walk.live()
        walk.talk()
        walk.reading = walk.look()
        nodes = [walk.run_pilot, walk.run_safety]
        walk.random.shuffle(nodes)
        for node in nodes:
            node()
    # A run in which nothing happened would have shown nothing.
    assert walk.seen["closed"] >= 1
    assert walk.seen["raised"] >= 3
    assert len([event for event in walk.seen if event.startswith("fault")]) >= 4
