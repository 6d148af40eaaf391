"""What pilot drives and publishes: least limit, holds at their edges, IEC 61851-1."""

import itertools
import math
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace
from msgspec.structs import replace as changed

from bus.publisher import RepeatedMessage
from msgs.load_manager import LoadOffer
from msgs.pilot import CpState, PilotStatus
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus, WallboxState
from msgs.topics import PILOT_STATUS
from nodes.pilot.cp_line import CpLineReading
from nodes.pilot.machine import Config, Inputs, Outputs, State, look, step
from tests.builders import charging_session, load_offer, safety_status

ROUND_S = 0.02
X1, F = 100.0, 0.0
HIGH_V = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0, "F": -12.0, "between": 7.5}

SAFETY = safety_status(temperature_c=30.0)
SESSION = charging_session(state=WallboxState.READY_FOR_CHARGING)
OFFER = load_offer(16.0, "fuse")


class Messages(Struct, frozen=True, kw_only=True):
    """The line, and what has been heard; None: silent."""

    reading: CpLineReading | None
    safety: SafetyStatus | None
    session: SessionStatus | None
    offer: LoadOffer | None


FIELDS = Messages.__struct_fields__


class Rig:
    """The machine with facts that stay until they are changed; the generator obeys it."""

    def __init__(self, state: str = "C", duty_percent: float = X1) -> None:
        self.now_s = 1000.0
        self.config = Config()
        self.vehicle = state
        self.state = State()
        self.inputs = Messages(
            reading=CpLineReading(high_v=HIGH_V[state], low_v=-12.0, duty_percent=duty_percent),
            safety=SAFETY,
            session=SESSION,
            offer=OFFER,
        )
        self.outputs: Outputs
        self.next_s = 1000.01  # of the next look
        self.said: list[PilotStatus] = []
        self.left_out = 0  # steps that would have been
        self._repeated = RepeatedMessage(PILOT_STATUS)
        self._before: Inputs | None = None
        self._due_s = -math.inf

    def run(self, seconds: float, **changes: Any) -> "Rig":
        self.inputs = replace(self.inputs, **changes)
        end_s = self.now_s + seconds
        while self.next_s <= end_s + 1e-6:
            self.now_s = round(self.next_s, 6)
            self._step(look(self.now_s, *(getattr(self.inputs, name) for name in FIELDS)))
            self.next_s = self.now_s + self.outputs.period_s
            duty_percent = self.outputs.duty_percent
            if duty_percent is not None and self.inputs.reading is not None:
                reading = replace(self.inputs.reading, duty_percent=duty_percent)
                if duty_percent == F:
                    reading = replace(reading, high_v=-12.0)
                elif self.inputs.reading.duty_percent == F:
                    reading = replace(reading, high_v=HIGH_V[self.vehicle])
                self.inputs = replace(self.inputs, reading=reading)
        self.now_s = end_s
        return self

    def _step(self, inputs: Inputs) -> None:
        """Step; one that `bus.rounds` would leave out must change nothing."""
        before, is_same = self.state, replace(inputs, now_s=0.0) == self._before
        said = self.outputs if is_same else None
        self.state, self.outputs = step(self.config, before, inputs)
        if said is not None and inputs.now_s < self._due_s:
            assert self.state == before
            assert self.outputs == said
            self.left_out += 1
        self._before, self._due_s = replace(inputs, now_s=0.0), self.outputs.due_s
        if self.outputs.status is not None:
            self._say(self.outputs.status, self.outputs.say_s, self.outputs.period_s)

    def _say(self, status: PilotStatus, say_s: float, period_s: float) -> None:
        """Publish as `bus.say` does."""
        now_ns = round(self.now_s * 1e9)
        self._repeated.repeat_each(say_s)
        if self._repeated.take(status) or self._repeated.is_due(now_ns, round(period_s * 1e9)):
            self.said.append(status)
            self._repeated.published(now_ns)

    def at(self, now_s: float, **changes: Any) -> Outputs:
        """One round at exactly this time."""
        self.now_s = self.next_s = now_s
        return self.run(0.0, **changes).outputs

    def restart(self) -> "Rig":
        """A new process: its memory is gone, the generator goes on."""
        self.state, self._before = State(), None
        return self

    def show(self, state: str) -> "Rig":
        assert self.inputs.reading is not None
        self.vehicle = state
        self.inputs = replace(
            self.inputs, reading=replace(self.inputs.reading, high_v=HIGH_V[state])
        )
        return self

    @property
    def offered_a(self) -> float:
        return self.said[-1].offered_a


@pytest.mark.req("MET-7", "CHG-3")
@pytest.mark.parametrize(
    ("offer_a", "limit_a", "installation_a", "said_a"),
    [
        (16.0, 32.0, 32.0, 16.0),
        (32.0, 20.0, 32.0, 20.0),
        (32.0, 32.0, 13.0, 13.0),
        (63.0, 63.0, 63.0, 32.0),  # the product's own most
        (6.0, 32.0, 32.0, 6.0),
        (5.9, 32.0, 32.0, 0.0),  # there is no duty below 6 A
        (16.0, 5.0, 32.0, 0.0),
        (0.0, 32.0, 32.0, 0.0),
        (-5.0, 32.0, 32.0, 0.0),
        (math.nan, 32.0, 32.0, 0.0),
        (16.0, math.nan, 32.0, 0.0),
        (16.0, 32.0, math.nan, 0.0),
        (math.inf, 32.0, 16.0, 16.0),
    ],
)
def test_the_least_limit_is_offered(
    offer_a: float, limit_a: float, installation_a: float, said_a: float
) -> None:
    rig = Rig().run(
        0.1,
        offer=changed(OFFER, limit_a=offer_a),
        safety=changed(SAFETY, limit_a=limit_a, installation_limit_a=installation_a),
    )
    assert rig.offered_a == said_a
    assert rig.said[-1].duty_percent == pytest.approx(said_a / 0.6 if said_a else X1)
    assert rig.outputs.duty_percent == rig.said[-1].duty_percent


@pytest.mark.parametrize(
    ("state", "cp_state", "said_a"),
    [
        ("A", CpState.A, 0.0),
        ("B", CpState.B, 16.0),
        ("C", CpState.C, 16.0),
        ("D", CpState.D, 16.0),
        ("E", CpState.E, 0.0),
        ("F", CpState.F, 0.0),
        ("between", CpState.E, 0.0),
    ],
)
def test_current_is_offered_to_a_plugged_vehicle_only(
    state: str, cp_state: CpState, said_a: float
) -> None:
    rig = Rig(state).run(0.1)
    assert rig.said[-1].cp_state is cp_state
    assert rig.offered_a == said_a


@pytest.mark.parametrize(
    "refusal",
    [
        {"safety": changed(SAFETY, permitted=False)},
        {"session": changed(SESSION, permitted=False)},
        {"offer": changed(OFFER, limit_a=0.0)},
        {"safety": None},  # older than its hold
        {"session": None},
        {"offer": None},
        {"reading": None},
    ],
)
def test_every_refusal_and_every_silence_is_on_the_line_with_the_next_round(
    refusal: dict[str, Any],
) -> None:
    rig = Rig().run(0.1)
    assert rig.offered_a == 16.0
    rig.run(ROUND_S, **refusal)
    assert rig.outputs.duty_percent == X1
    assert rig.offered_a == 0.0


@pytest.mark.parametrize(
    "reading",
    [
        CpLineReading(high_v=math.nan, low_v=-12.0, duty_percent=30.0),
        CpLineReading(high_v=6.0, low_v=math.nan, duty_percent=30.0),
        CpLineReading(high_v=6.0, low_v=-12.0, duty_percent=math.nan),
        CpLineReading(high_v=None, low_v=-12.0, duty_percent=30.0),  # type: ignore[arg-type]
        CpLineReading(high_v=6.0, low_v="x", duty_percent=30.0),  # type: ignore[arg-type]
        CpLineReading(high_v=6.0, low_v=-12.0, duty_percent=()),  # type: ignore[arg-type]
        CpLineReading(high_v=14.05, low_v=-12.0, duty_percent=30.0),
        CpLineReading(high_v=-14.05, low_v=-14.05, duty_percent=30.0),
        CpLineReading(high_v=6.0, low_v=-12.0, duty_percent=101.0),
        CpLineReading(high_v=math.inf, low_v=-math.inf, duty_percent=-1.0),
    ],
)
def test_impossible_values_of_the_line_are_no_reading(reading: CpLineReading) -> None:
    rig = Rig().run(0.1)
    rig.run(ROUND_S, reading=reading)
    assert rig.said[-1].cp_state is CpState.E
    assert rig.outputs.duty_percent == X1
    assert (rig.said[-1].high_v, rig.said[-1].low_v) == (0.0, 0.0)


@pytest.mark.parametrize("high_v", [-13.5, 13.5])
@pytest.mark.parametrize("low_v", [-13.5, 13.5])
def test_the_rails_themselves_can_be_measured(high_v: float, low_v: float) -> None:
    rig = Rig().run(0.1)
    rig.run(0.1, reading=CpLineReading(high_v=high_v, low_v=low_v, duty_percent=X1))
    assert (rig.said[-1].high_v, rig.said[-1].low_v) == (high_v, low_v)


# --- IEC 61851-1, Table A.6 -----------------------------------------------------------------------


def test_a_raise_waits_five_seconds_after_the_last_change() -> None:
    rig = Rig().run(0.1)
    rig.run(4.9, offer=changed(OFFER, limit_a=20.0))
    assert rig.offered_a == 16.0
    rig.run(0.2)
    assert rig.offered_a == 20.0


@pytest.mark.parametrize(("after_s", "said_a"), [(4.99, 10.0), (5.0, 20.0)])
def test_a_raise_comes_with_the_fifth_second_and_not_before(after_s: float, said_a: float) -> None:
    rig = Rig().run(10.0)
    rig.at(1024.0, offer=OFFER, safety=changed(SAFETY, limit_a=10.0))
    assert rig.offered_a == 10.0
    rig.at(1024.0 + after_s, offer=changed(OFFER, limit_a=20.0), safety=SAFETY)
    assert rig.offered_a == said_a


def test_a_reduction_comes_at_once_and_the_next_raise_five_seconds_later() -> None:
    rig = Rig().run(10.0)
    rig.run(ROUND_S, offer=changed(OFFER, limit_a=10.0))
    assert rig.offered_a == 10.0
    rig.run(4.98, offer=OFFER)
    assert rig.offered_a == 10.0
    rig.run(0.03)
    assert rig.offered_a == 16.0


def test_current_withdrawn_comes_back_five_seconds_later() -> None:
    rig = Rig().run(10.0)
    rig.run(1.0, offer=changed(OFFER, limit_a=0.0))
    rig.run(3.98, offer=OFFER)
    assert rig.offered_a == 0.0
    rig.run(0.04)
    assert rig.offered_a == 16.0


def test_the_next_vehicle_does_not_wait_for_the_change_of_the_last_one() -> None:
    rig = Rig().run(10.0)
    rig.show("A").run(0.1)
    assert rig.offered_a == 0.0
    rig.show("B").run(0.1)
    assert rig.offered_a == 16.0


@pytest.mark.parametrize(
    ("before", "after", "within_s"),
    [
        ("C", "A", 0.025),
        ("B", "A", 0.025),
        ("C", "B", 0.03),
        ("B", "C", 0.03),
        ("A", "B", 0.06),
        ("C", "E", 0.03),
        ("C", "between", 0.035),
    ],
)
@pytest.mark.parametrize("late_s", [0.0, 0.004, 0.013, 0.0199])
def test_a_change_on_the_line_is_known_in_time_whenever_it_falls(
    before: str, after: str, within_s: float, late_s: float
) -> None:
    rig = Rig(before).run(1.0 + late_s)
    rig.show(after).run(within_s)
    known = CpState.E if after == "between" else CpState(after)
    assert rig.said[-1].cp_state is known
    if after in ("A", "E", "between"):
        assert rig.outputs.duty_percent == X1


def test_a_quiet_line_is_read_and_published_every_20_ms() -> None:
    rig = Rig().run(1.0)
    said = len(rig.said)
    rig.run(1.0)
    assert len(rig.said) - said == 50


def test_after_a_stray_reading_the_line_is_read_every_5_ms_until_the_state_is_confirmed() -> None:
    rig = Rig().run(1.0)
    rig.show("B").at(1002.0)
    rig.show("C")
    periods_s = [rig.outputs.period_s] + [rig.at(rig.next_s).period_s for _ in range(3)]
    assert periods_s == [0.005, 0.005, 0.02, 0.02]


def test_without_a_vehicle_the_line_is_read_every_50_ms() -> None:
    rig = Rig("A").run(1.0)
    assert rig.outputs.period_s == 0.05
    assert rig.show("B").at(1002.0).period_s == 0.005


def test_a_line_without_a_state_is_read_every_20_ms() -> None:
    rig = Rig("between").run(1.0)
    assert rig.outputs.period_s == ROUND_S
    assert rig.at(1002.0).period_s == ROUND_S


@pytest.mark.parametrize(("state", "say_s"), [("A", 0.1), ("B", 0.02), ("between", 0.02)])
def test_without_a_vehicle_the_same_status_is_published_less_often(
    state: str, say_s: float
) -> None:
    assert Rig(state).run(1.0).outputs.say_s == say_s


def test_a_change_is_published_at_once_and_stray_readings_are_not() -> None:
    rig = Rig().run(1.0)
    said = len(rig.said)
    rig.show("B").run(0.02)
    assert len(rig.said) - said == 1  # the round that saw the first stray
    rig.run(0.01)
    assert rig.said[-1].cp_state is CpState.B
    assert len(rig.said) - said == 2


# --- a restart in place ---------------------------------------------------------------------------

ADOPTED = 16.0 / 0.6


def silent(**heard: Any) -> dict[str, Any]:
    return {"safety": None, "session": None, "offer": None} | heard


@pytest.mark.req("BUS-3")
def test_a_restart_adopts_the_duty_read_back_and_keeps_it_until_all_inputs_have_arrived() -> None:
    rig = Rig(duty_percent=ADOPTED).run(0.9, **silent())
    assert all(status.offered_a == pytest.approx(16.0) for status in rig.said)
    rig.run(1.0, safety=SAFETY, session=SESSION, offer=OFFER)
    assert all(status.offered_a == pytest.approx(16.0) for status in rig.said)
    assert all(status.cp_state is CpState.C for status in rig.said)


@pytest.mark.parametrize(("missing", "hold_s"), [("safety", 1.0), ("session", 3.0), ("offer", 3.0)])
def test_an_input_that_never_comes_is_silence_after_its_hold_and_not_before(
    missing: str, hold_s: float
) -> None:
    heard = {"safety": SAFETY, "session": SESSION, "offer": OFFER} | {missing: None}
    rig = Rig(duty_percent=ADOPTED).run(hold_s, **heard)
    assert rig.offered_a == pytest.approx(16.0)
    rig.run(0.02)
    assert rig.offered_a == 0.0


@pytest.mark.parametrize(("missing", "hold_s"), [("safety", 1.0), ("session", 3.0), ("offer", 3.0)])
def test_a_hold_after_a_start_ends_exactly(missing: str, hold_s: float) -> None:
    rig = Rig(duty_percent=ADOPTED)
    for after_s in (0.0, 0.125, 0.25, 0.375, hold_s - 0.001):
        assert rig.at(1024.0 + after_s, **{missing: None}).duty_percent == pytest.approx(ADOPTED)
    assert rig.at(1024.0 + hold_s).duty_percent == X1


@pytest.mark.req("BUS-3")
@pytest.mark.parametrize("missing", ["safety", "session", "offer"])
def test_a_restart_offers_nothing_new_before_everything_is_known(missing: str) -> None:
    rig = Rig().run(0.9, **{missing: None})
    assert rig.said[-1].cp_state is CpState.C
    assert all(status.offered_a == 0.0 for status in rig.said)
    rig.run(ROUND_S, safety=SAFETY, session=SESSION, offer=OFFER)
    assert rig.offered_a == 16.0


@pytest.mark.parametrize("missing", ["safety", "session", "offer"])
def test_an_input_that_has_arrived_once_has_no_hold_of_the_start(missing: str) -> None:
    heard = {"safety": SAFETY, "session": SESSION, "offer": OFFER}
    rig = Rig(duty_percent=ADOPTED).run(0.1, **silent(**{missing: heard[missing]}))
    assert rig.offered_a == pytest.approx(16.0)
    rig.run(ROUND_S, **silent())
    assert rig.offered_a == 0.0


@pytest.mark.parametrize(
    ("first", "then"), list(itertools.permutations(["safety", "session", "offer"], 2))
)
def test_each_input_is_remembered_whichever_came_first(first: str, then: str) -> None:
    heard = {"safety": SAFETY, "session": SESSION, "offer": OFFER}
    rig = Rig(duty_percent=ADOPTED).run(0.1, **silent(**{first: heard[first]}))
    assert rig.run(0.1, **{then: heard[then]}).offered_a == pytest.approx(16.0)
    assert rig.run(ROUND_S, **{then: None}).offered_a == 0.0


def test_an_adopted_duty_counts_as_a_change_of_its_own() -> None:
    rig = Rig(duty_percent=ADOPTED)
    for after_s in (0.0, 0.125, 0.25, 4.99):
        outputs = rig.at(1024.0 + after_s, offer=changed(OFFER, limit_a=32.0))
        assert outputs.duty_percent == pytest.approx(ADOPTED)
    rig.at(1029.0)
    assert rig.offered_a == 32.0


@pytest.mark.parametrize(
    ("heard", "said_a"),
    [
        ({"session": changed(SESSION, permitted=False)}, 0.0),
        ({"safety": changed(SAFETY, permitted=False)}, 0.0),
        ({"offer": changed(OFFER, limit_a=10.0)}, 10.0),
        ({"safety": changed(SAFETY, limit_a=8.0)}, 8.0),
        ({"offer": changed(OFFER, limit_a=32.0)}, 16.0),  # nothing rises before all is known
    ],
)
def test_what_is_known_counts_during_the_hold_of_the_start(
    heard: dict[str, Any], said_a: float
) -> None:
    rig = Rig(duty_percent=ADOPTED).run(0.5, **silent(**heard))
    assert rig.offered_a == pytest.approx(said_a)


def test_a_refusal_counts_before_the_state_is_known() -> None:
    rig = Rig(duty_percent=ADOPTED).run(0.01, **silent(safety=changed(SAFETY, permitted=False)))
    assert rig.outputs.duty_percent == X1
    assert not rig.said


@pytest.mark.parametrize(
    ("duty_percent", "said_a"),
    [
        (X1, 0.0),
        (0.0, 0.0),  # state F is not adopted
        (5.0, 0.0),  # neither is digital communication, which this box does not do
        (98.0, 0.0),
        (90.0, 32.0),  # nor more than the product may offer
        (10.0, 6.0),
        (ADOPTED, 16.0),
    ],
)
def test_only_a_duty_of_this_box_is_adopted(duty_percent: float, said_a: float) -> None:
    rig = Rig(duty_percent=duty_percent).run(0.5, **silent())
    assert rig.offered_a == pytest.approx(said_a)


def test_an_adopted_duty_falls_when_no_vehicle_is_there() -> None:
    assert Rig("A", duty_percent=ADOPTED).run(0.1, **silent()).offered_a == 0.0


def test_the_generator_is_left_alone_until_it_has_been_read() -> None:
    rig = Rig(duty_percent=ADOPTED)
    reading = rig.inputs.reading
    rig.run(0.4, reading=None, **silent())
    assert rig.outputs.duty_percent is None
    assert not rig.said
    rig.run(0.1, reading=reading)
    assert rig.offered_a == pytest.approx(16.0)


def test_the_hold_of_the_start_ends_exactly_for_a_line_that_cannot_be_read() -> None:
    rig = Rig(duty_percent=ADOPTED)
    for after_s in (0.0, 0.25, 0.499):
        assert rig.at(1024.0 + after_s, reading=None).duty_percent is None
    assert rig.at(1024.5).duty_percent == X1


@pytest.mark.parametrize(
    "refusal",
    [{"safety": changed(SAFETY, permitted=False)}, {"session": changed(SESSION, permitted=False)}],
)
def test_a_refusal_is_on_a_line_that_has_not_been_read_yet(refusal: dict[str, Any]) -> None:
    rig = Rig(duty_percent=ADOPTED).run(ROUND_S, reading=None, **silent(**refusal))
    assert rig.outputs.duty_percent == X1


def test_a_line_that_cannot_be_read_after_a_start_goes_to_x1() -> None:
    rig = Rig().run(0.55, reading=None)
    assert rig.outputs.duty_percent == X1
    assert rig.said[-1].cp_state is CpState.E


def test_a_first_offer_does_not_wait() -> None:
    assert Rig().run(0.05).offered_a == 16.0


def test_without_a_vehicle_rounds_are_left_out_until_something_is_new() -> None:
    rig = Rig("A").run(1.0)
    rig.left_out = 0
    said = len(rig.said)
    rig.run(2.0)
    assert rig.left_out >= 39
    assert len(rig.said) - said == 20
    for changes in ({"safety": None}, {"session": None}, {"offer": None}, {"reading": None}):
        idle = Rig("A").run(1.0)
        idle.left_out = 0
        idle.run(0.02, **changes)
        assert idle.left_out == 0
    rig.show("B").run(0.1)
    assert rig.said[-1].cp_state is CpState.B


def test_the_first_status_with_a_vehicle_waits_for_no_period() -> None:
    rig = Rig("A").run(1.03)
    rig.show("B")
    began_s, said = rig.now_s, len(rig.said)
    while rig.said[-1].cp_state is not CpState.B:
        rig.run(0.005)
        assert rig.now_s - began_s <= 0.06
    rig.run(1.0)
    assert len(rig.said) - said >= 48


def test_the_voltages_published_without_a_vehicle_are_those_measured() -> None:
    rig = Rig("A").run(1.0)
    assert rig.inputs.reading is not None
    for high_v in (11.0, 12.6):
        reading = replace(rig.inputs.reading, high_v=high_v)
        rig.run(0.03, reading=reading)
    rig.run(0.2)
    assert rig.said[-1].high_v == 12.6


# --- a vehicle that sleeps ----------------------------------------------------------------------


def duties(rig: Rig, since: int = 0) -> list[float]:
    """Return the duties that were said, each once."""
    said = [status.duty_percent for status in rig.said[since:]]
    return [duty for number, duty in enumerate(said) if number == 0 or said[number - 1] != duty]


def test_a_vehicle_that_does_not_answer_for_30_s_is_woken() -> None:
    rig = Rig("B").run(29.9)
    assert rig.said[-1].duty_percent == pytest.approx(26.7, abs=0.1)
    rig.run(0.3)
    assert rig.said[-1].duty_percent == F
    assert (rig.offered_a, rig.said[-1].waking) == (0.0, True)
    rig.run(3.6)
    assert (rig.said[-1].duty_percent, rig.said[-1].cp_state) == (F, CpState.F)
    rig.run(0.4)
    assert (rig.said[-1].duty_percent, rig.said[-1].waking) == (X1, True)
    rig.run(0.5)
    assert (rig.said[-1].duty_percent, rig.said[-1].cp_state) == (X1, CpState.B)
    rig.run(0.4)
    assert not rig.said[-1].waking
    rig.run(0.3)  # 5 s after the duty was changed
    assert rig.said[-1].duty_percent == pytest.approx(26.7, abs=0.1)
    in_f = [status for status in rig.said if status.duty_percent == F]
    assert len(in_f) == pytest.approx(4.0 / ROUND_S, abs=2)


def waking_at(now_s: float) -> Rig:
    """Return a vehicle that does not answer its offer from this time on."""
    rig = Rig("B")
    for early_s in (0.25, 0.125, 0.0):
        assert rig.at(now_s - early_s).status is None or early_s == 0.0
    assert rig.offered_a == 16.0
    return rig


@pytest.mark.parametrize(("after_s", "duty_percent"), [(29.99, ADOPTED), (30.0, F)])
def test_a_vehicle_has_the_whole_30_s_to_answer(after_s: float, duty_percent: float) -> None:
    outputs = waking_at(1024.0).at(1024.0 + after_s)
    assert outputs.duty_percent == pytest.approx(duty_percent)


@pytest.mark.parametrize(
    ("after_s", "duty_percent", "is_waking"),
    [
        (3.999, F, True),
        (4.0, X1, True),
        (4.749, X1, True),
        (4.75, X1, False),
    ],
)
def test_state_f_takes_4_s_and_the_waking_in_x1_three_quarters_of_one(
    after_s: float, duty_percent: float, is_waking: bool
) -> None:
    rig = waking_at(1024.0)
    for wakes_s in (0.0, 0.02, 0.04, 0.06):
        rig.at(1054.0 + wakes_s)
    rig.at(1054.0 + after_s)
    assert rig.outputs.duty_percent == duty_percent
    assert rig.said[-1].waking is is_waking


@pytest.mark.parametrize("is_followed", [True, False])
def test_nothing_is_offered_while_a_vehicle_is_woken_and_for_a_second_in_x1(
    is_followed: bool,
) -> None:
    rig = waking_at(1024.0)
    reading = rig.inputs.reading
    end_s = 1058.95
    rig.at(1054.0)
    first = len(rig.said) - 1
    while rig.next_s < end_s:
        rig.at(rig.next_s, **({} if is_followed else {"reading": reading}))
    said = rig.said[first:]
    assert said[0].duty_percent == F
    assert {status.offered_a for status in said} == {0.0}
    assert {status.duty_percent for status in said} == {F, X1}


def test_no_vehicle_is_woken_for_a_session_that_has_ended() -> None:
    rig = Rig("B").run(40.0)
    said = len(rig.said)
    rig.run(120.0, session=changed(SESSION, session_id=""))
    assert F not in duties(rig, said)


def test_an_offer_is_woken_for_once_and_one_after_0_a_is_a_new_one() -> None:
    rig = Rig("B").run(40.0)
    said = len(rig.said)
    rig.run(600.0)
    rig.run(60.0, session=changed(SESSION, session_id="2"))
    rig.run(60.0, offer=changed(OFFER, limit_a=6.0)).run(60.0, offer=OFFER)
    assert F not in duties(rig, said)
    rig.run(1.0, offer=changed(OFFER, limit_a=0.0)).run(36.0, offer=OFFER)
    assert F in duties(rig, said)


def test_a_plug_in_is_woken_five_times_at_most() -> None:
    rig = Rig("B")
    for _ in range(8):
        rig.run(60.0, offer=OFFER).run(10.0, offer=changed(OFFER, limit_a=0.0))
    assert duties(rig).count(F) == 5
    rig.show("A").run(1.0).show("B").run(60.0, offer=OFFER)
    assert duties(rig).count(F) == 6


def test_a_bounce_of_the_plug_is_no_new_plug_in() -> None:
    rig = Rig("B")
    for _ in range(7):
        rig.run(60.0, offer=OFFER).run(10.0, offer=changed(OFFER, limit_a=0.0))
        rig.show("A").run(0.2).show("B")
    assert duties(rig).count(F) == 5


@pytest.mark.parametrize("answer", ["C", "D"])
def test_a_vehicle_that_has_answered_is_left_alone_when_it_has_enough(answer: str) -> None:
    rig = Rig("B").run(1.0).show(answer).run(5.0).show("B").run(600.0)
    assert F not in duties(rig)


def test_a_vehicle_that_sleeps_after_a_pause_is_woken() -> None:
    rig = Rig("C").run(5.0).run(10.0, offer=changed(OFFER, limit_a=0.0)).show("B")
    rig.run(60.0)
    assert F not in duties(rig)  # nothing is offered: nothing to answer
    rig.run(31.0, offer=OFFER)
    assert rig.said[-1].duty_percent == F


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        ("A", {}),
        ("C", {}),
        ("B", {"session": changed(SESSION, permitted=False)}),
        ("B", {"session": changed(SESSION, session_id="")}),
        ("B", {"safety": changed(SAFETY, permitted=False)}),
        ("B", {"offer": None}),
    ],
)
def test_no_vehicle_is_woken_without_an_offer_or_a_session(
    state: str, changes: dict[str, Any]
) -> None:
    assert F not in duties(Rig(state).run(120.0, **changes))


def test_waking_can_be_switched_off() -> None:
    rig = Rig("B")
    rig.config = Config(wake_up=False)
    assert F not in duties(rig.run(120.0))


def test_an_answer_in_the_30th_second_counts() -> None:
    rig = Rig("B").run(29.0).show("C").run(0.2).show("B").run(600.0)
    assert F not in duties(rig)


def test_a_vehicle_that_leaves_while_it_is_woken_is_seen_out_afterwards() -> None:
    rig = Rig("B").run(31.0)
    rig.vehicle = "A"
    rig.run(4.0)
    assert (rig.said[-1].cp_state, rig.said[-1].duty_percent) == (CpState.A, X1)
    rig.run(2.0)
    assert not rig.said[-1].waking


def test_a_vehicle_beside_an_offer_that_a_restart_has_found_is_woken() -> None:
    rig = Rig("B", duty_percent=26.7).run(29.0)
    assert F not in duties(rig)
    assert F in duties(rig.run(2.0))


def test_a_vehicle_beside_a_found_offer_is_full_if_its_session_has_energy() -> None:
    rig = Rig("B", duty_percent=26.7)
    rig.run(120.0, session=changed(SESSION, energy_wh=5_000.0))
    assert F not in duties(rig)
    rig.run(5.0, offer=changed(OFFER, limit_a=0.0)).run(120.0, offer=OFFER)
    assert F not in duties(rig)


def test_a_restart_in_a_pause_leaves_a_vehicle_that_has_drawn_to_be_woken() -> None:
    rig = Rig("B").run(10.0, offer=changed(OFFER, limit_a=0.0))
    rig.run(40.0, offer=OFFER, session=changed(SESSION, energy_wh=5_000.0))
    assert F in duties(rig)


@pytest.mark.parametrize("energy_wh", [1.0, 20_000.0])
def test_a_vehicle_that_has_drawn_and_left_by_itself_is_full(energy_wh: float) -> None:
    session = changed(SESSION, energy_wh=energy_wh)
    rig = Rig("C").run(5.0, session=session).show("B").run(5.0)
    for _ in range(3):
        rig.run(10.0, offer=changed(OFFER, limit_a=0.0)).run(120.0, offer=OFFER)
    assert F not in duties(rig)
    rig.show("A").run(1.0, session=changed(SESSION, session_id="")).show("B")
    rig.run(40.0, session=changed(SESSION, session_id="2"))
    assert F in duties(rig)


@pytest.mark.parametrize("away_s", [0.1, 0.8])
def test_a_disturbance_of_the_line_makes_no_vehicle_full(away_s: float) -> None:
    rig = Rig("C").run(5.0, session=changed(SESSION, energy_wh=900.0))
    rig.show("B").run(away_s).show("C").run(5.0)
    rig.run(3.0, offer=changed(OFFER, limit_a=0.0)).show("B").run(40.0, offer=OFFER)
    assert F in duties(rig)


def test_a_vehicle_that_leaves_because_of_0_a_is_not_full() -> None:
    rig = Rig("C").run(5.0, session=changed(SESSION, energy_wh=900.0))
    rig.run(0.1, offer=changed(OFFER, limit_a=0.0)).show("B").run(60.0).run(40.0, offer=OFFER)
    assert F in duties(rig)


# Where a card is required, state F hides the plug from the card: X1 and the duty come first.
CARD = changed(SESSION, authorization_required=True)


def test_where_a_card_is_required_x1_is_tried_before_state_f() -> None:
    rig = Rig("B").run(30.3, session=CARD)
    assert (rig.said[-1].duty_percent, rig.said[-1].waking) == (X1, True)
    assert duties(rig) == pytest.approx([26.7, X1], abs=0.1)
    rig.run(5.0)
    assert rig.said[-1].duty_percent == pytest.approx(26.7, abs=0.1)
    rig.run(29.0)
    assert F not in duties(rig)
    rig.run(2.0)
    assert rig.said[-1].duty_percent == F


@pytest.mark.parametrize(("after_s", "is_waking"), [(2.999, True), (3.0, False)])
def test_the_waking_in_x1_alone_takes_3_s(after_s: float, is_waking: bool) -> None:
    rig = Rig("B")
    rig.inputs = replace(rig.inputs, session=CARD)
    for early_s in (0.25, 0.125, 0.0):
        rig.at(1024.0 - early_s)
    rig.at(1054.0)
    rig.at(1054.0 + after_s)
    assert (rig.outputs.duty_percent, rig.said[-1].waking) == (X1, is_waking)


def test_a_vehicle_that_x1_has_woken_sees_no_state_f() -> None:
    rig = Rig("B").run(37.0, session=CARD).show("C").run(60.0).show("B").run(600.0)
    assert F not in duties(rig)


def test_x1_and_state_f_for_one_offer_are_one_wake_up() -> None:
    rig = Rig("B")
    rig.inputs = replace(rig.inputs, session=CARD)
    for _ in range(8):
        rig.run(100.0, offer=OFFER).run(10.0, offer=changed(OFFER, limit_a=0.0))
    assert duties(rig).count(F) == 5


@pytest.mark.parametrize("away_s", [1.0, 60.0])
def test_an_offer_that_is_paused_while_a_vehicle_is_woken_is_a_new_one(away_s: float) -> None:
    rig = Rig("B").run(31.0).run(away_s, offer=changed(OFFER, limit_a=0.0))
    rig.run(45.0, offer=OFFER)
    assert duties(rig).count(F) == 2


def test_the_self_test_after_state_f_makes_no_new_offer() -> None:
    rig = Rig("B").run(32.0).run(6.0, safety=changed(SAFETY, permitted=False))
    rig.run(120.0, safety=SAFETY)
    assert duties(rig).count(F) == 1


def test_a_restart_in_state_f_ends_it() -> None:
    rig = Rig("B", duty_percent=F)
    rig.inputs = replace(
        rig.inputs, reading=CpLineReading(high_v=-12.0, low_v=-12.0, duty_percent=F)
    )
    rig.run(1.0)
    assert rig.said[-1].cp_state is CpState.B
    assert F not in duties(rig)


def test_a_generator_that_cannot_be_read_is_left_as_it_is_for_half_a_second() -> None:
    rig = Rig()
    left = Outputs(duty_percent=None, status=None, say_s=0.02, period_s=0.02, due_s=1000.0)
    assert rig.at(1000.0, reading=None) == left
    assert rig.at(1000.02) == replace(left, due_s=1000.5)
    assert rig.at(1000.48) == replace(left, due_s=1000.5)
    outputs = rig.at(1000.5)
    assert outputs.status is not None
    assert (outputs.status.cp_state, outputs.duty_percent) == (CpState.E, X1)


def test_an_offer_at_its_limit_has_no_deadline() -> None:
    assert Rig().run(1.0).outputs.due_s == math.inf
