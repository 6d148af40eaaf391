"""The duration of a session: by the monotonic clock, whatever is done to UTC meanwhile."""

import random

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor
from msgs.session import EndReason, SessionRecord
from nodes.session.duration import LastSeen, began_s, seen_of
from nodes.session.entry import Entry
from nodes.session.sign import SIGN_S
from tests.builders import session_record
from tests.session.conftest import SAFETY, SILENT, UTC_NS, Scenario, box, pilot

SEATED, OUT = pilot(CpState.C), pilot(CpState.A)
CLOSED = replace(SAFETY, contactor=Contactor.CLOSED)
HOUR_S = 3600.0
WITHIN_S = 1.0
IN_1970_S = -(UTC_NS / 1e9)  # UTC of a machine that does not know the time


def charging(is_utc_set: bool = True, ahead_s: float = 0.0) -> Scenario:
    scenario = Scenario()
    scenario.is_utc_set, scenario.ahead_s = is_utc_set, ahead_s
    scenario.run(1.0)
    scenario.run(1.0, pilot=SEATED, safety=CLOSED)
    assert scenario.said[-1].permitted
    return scenario


def ended(scenario: Scenario) -> SessionRecord:
    scenario.run(2.0, pilot=OUT, safety=SAFETY)
    return next(iter(scenario.disk.values())).record


def after_power_cut(old: Scenario, off_s: float, up_s: float = 5.0) -> Scenario:
    """Return the first incarnation in another boot, whose monotonic clock shows `up_s`."""
    utc_ns = old.utc_ns + round(off_s * 1e9)
    old.now_s = up_s
    new = old.restarted(first=True)
    new.facts |= {"pilot": SILENT, "safety": SAFETY}
    new.ahead_s += (utc_ns - new.utc_ns) / 1e9
    return new


@pytest.mark.parametrize("ahead_s", [3 * HOUR_S, -3 * HOUR_S, 57 * 365 * 24 * HOUR_S])
def test_a_clock_that_is_set_changes_no_duration(ahead_s: float) -> None:
    scenario = charging()
    scenario.run(6.0)
    scenario.ahead_s += ahead_s
    scenario.run(6.0)
    record = ended(scenario)
    assert record.duration_s == pytest.approx(13.0, abs=WITHIN_S)
    assert (record.is_start_utc_set, record.is_end_utc_set) == (True, True)


def test_a_record_says_whether_the_clock_was_set_at_its_start_and_at_its_end() -> None:
    scenario = charging(is_utc_set=False, ahead_s=IN_1970_S)
    assert not scenario.record().is_start_utc_set
    scenario.run(6.0)
    scenario.ahead_s, scenario.is_utc_set = 0.0, True
    scenario.run(6.0)
    record = ended(scenario)
    assert (record.is_start_utc_set, record.is_end_utc_set) == (False, True)
    assert record.duration_s == pytest.approx(13.0, abs=WITHIN_S)


def test_a_session_that_runs_has_no_duration_yet_and_publishes_when_it_began() -> None:
    scenario = charging()
    assert scenario.record().duration_s is None
    began_ns = scenario.said[-1].started_ns
    assert began_ns == pytest.approx((scenario.now_s - 1.0) * 1e9, abs=2e8)
    scenario.ahead_s += HOUR_S
    scenario.run(70.0)
    assert scenario.said[-1].started_ns == began_ns
    ended(scenario)
    assert scenario.said[-1].started_ns is None


@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.SIGNAL, None])
@pytest.mark.parametrize("ahead_s", [0.0, 3 * HOUR_S, -3 * HOUR_S])
def test_restarted_in_place_the_duration_goes_on_by_the_same_clock(
    reason: StopReason | None, ahead_s: float
) -> None:
    scenario = charging()
    scenario.run(100.0)
    if reason is not None:
        scenario.stop = reason
        scenario.step()
    scenario.now_s += 4.0
    scenario.ahead_s += ahead_s
    scenario = scenario.restarted()
    scenario.run(10.0)
    assert ended(scenario).duration_s == pytest.approx(115.0, abs=WITHIN_S)


@pytest.mark.parametrize("up_s", [2.0, 5000.0])
def test_over_a_loss_of_power_the_gap_is_that_of_utc(up_s: float) -> None:
    scenario = charging()
    scenario.run(100.0)
    scenario = after_power_cut(scenario, 600.0, up_s)
    scenario.run(2.0)
    scenario.run(48.0, pilot=SEATED)
    assert ended(scenario).duration_s == pytest.approx(751.0, abs=WITHIN_S)


def test_a_clock_that_is_set_between_a_sign_and_a_loss_of_power_is_no_gap() -> None:
    scenario = charging()
    scenario.run(SIGN_S / 2)
    scenario.ahead_s += 2 * HOUR_S
    scenario.run(5.0)
    scenario = after_power_cut(scenario, 60.0)
    scenario.run(10.0, pilot=SEATED)
    assert ended(scenario).duration_s == pytest.approx(SIGN_S / 2 + 76.0, abs=WITHIN_S)


def test_until_the_gap_is_known_no_beginning_is_published() -> None:
    scenario = charging()
    scenario.run(100.0)
    scenario = after_power_cut(scenario, 600.0)
    scenario.is_utc_set = False
    utc_ns, scenario.ahead_s = scenario.utc_ns, IN_1970_S
    status = scenario.run(20.0, pilot=SEATED)
    assert (status.permitted, status.session_id != "", status.started_ns) == (False, True, None)
    scenario.is_utc_set = True
    scenario.ahead_s += (utc_ns + 20 * 10**9 - scenario.utc_ns) / 1e9
    status = scenario.run(10.0)
    assert status.permitted
    assert status.started_ns is not None
    assert status.started_ns < 0  # before this boot
    assert ended(scenario).duration_s == pytest.approx(731.0, abs=WITHIN_S)


@pytest.mark.parametrize("ahead_s", [0.0, 3 * HOUR_S, -3 * HOUR_S])
def test_a_session_that_ends_with_the_loss_of_power_has_the_duration_of_its_sign(
    ahead_s: float,
) -> None:
    scenario = charging()
    scenario.run(100.0)
    scenario = after_power_cut(scenario, 600.0)
    scenario.ahead_s += ahead_s
    record = ended(scenario)
    assert record.end_reason is EndReason.POWER_LOSS
    assert record.duration_s is not None
    assert 101.0 - SIGN_S - WITHIN_S <= record.duration_s <= 101.0


def test_what_was_being_ended_before_a_loss_of_power_has_ended_then() -> None:
    scenario = charging()
    scenario.run(100.0)
    scenario.step(end="asked for by the app")
    scenario.run(1.0)
    (entry,) = scenario.disk.values()
    scenario = after_power_cut(scenario, 600.0)
    scenario.run(10.0, pilot=SEATED, box=box(1000.0))
    record = scenario.record()
    assert record.end_reason is EndReason.STOPPED
    assert record.duration_s == pytest.approx(101.0, abs=WITHIN_S)
    assert record.ended_utc_ns == entry.seen_utc_ns


def test_mains_that_are_off_while_the_node_runs_count() -> None:
    scenario = charging()
    scenario.run(10.0)
    scenario.run(600.0, safety=replace(SAFETY, has_mains=False), pilot=pilot(CpState.E))
    scenario.ahead_s += HOUR_S
    scenario.run(10.0, safety=SAFETY, pilot=SEATED)
    assert ended(scenario).duration_s == pytest.approx(621.0, abs=WITHIN_S)


@pytest.mark.parametrize("boot", ["a", "another", ""])
def test_a_session_of_an_older_version_has_no_duration(boot: str) -> None:
    entry = Entry(record=session_record(), seated=True, seen_utc_ns=UTC_NS, run=1, seen_boot=boot)
    assert seen_of(entry) == LastSeen(
        utc_ns=UTC_NS, is_utc_set=False, now_ns=0, boot=boot, duration_s=None
    )
    began = began_s(
        entry, now_s=50.0, utc_ns=UTC_NS, is_utc_set=True, is_same_boot=boot == "another"
    )
    assert began is None


@pytest.mark.parametrize(
    ("is_seen_utc_set", "is_utc_set", "utc_s", "is_same_boot", "expected_s"),
    [
        (True, True, 100.0, True, 30.0),  # 10 s at 40 s of this boot
        (True, True, 100.0, False, 60.0),
        (True, True, -100.0, False, 160.0),  # UTC was set back: there is no negative gap
        (False, True, 100.0, False, 160.0),
        (True, False, 100.0, False, 160.0),
    ],
)
def test_the_gap_counts_by_utc_only_if_it_is_known_at_both_ends(
    is_seen_utc_set: bool, is_utc_set: bool, utc_s: float, is_same_boot: bool, expected_s: float
) -> None:
    entry = Entry(
        record=session_record(),
        seated=True,
        seen_utc_ns=UTC_NS,
        seen_ns=40 * 10**9,
        seen_duration_s=10.0,
        is_seen_utc_set=is_seen_utc_set,
    )
    began = began_s(
        entry,
        now_s=170.0,
        utc_ns=UTC_NS + round(utc_s * 1e9),
        is_utc_set=is_utc_set,
        is_same_boot=is_same_boot,
    )
    assert began == pytest.approx(expected_s)


@pytest.mark.parametrize("is_same_boot", [False, True])
def test_a_beginning_is_exact_after_months(is_same_boot: bool) -> None:
    up_s = 200 * 86_400
    entry = Entry(
        record=session_record(),
        seated=True,
        seen_utc_ns=UTC_NS,
        seen_ns=up_s * 10**9,
        seen_duration_s=10.0,
        is_seen_utc_set=True,
    )
    began = began_s(
        entry,
        now_s=up_s,
        utc_ns=UTC_NS + up_s * 10**9,
        is_utc_set=True,
        is_same_boot=is_same_boot,
    )
    assert began == (up_s - 10.0 if is_same_boot else -10.0)


# --- any order ---------------------------------------------------------------------------------


class Walk:
    """A session among settings of the clock, restarts, kills and power cuts, in any order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.scenario = charging(is_utc_set=False, ahead_s=IN_1970_S) if seed % 3 else charging()
        self.true_s = 1.0  # since its start
        self.right_s = 0.0  # UTC of this boot, if it is the same clock as before
        self.session_id = self.scenario.said[-1].session_id

    def run(self, seconds: float) -> None:
        self.scenario.run(seconds)
        self.true_s += seconds

    def set_clock(self) -> None:
        if not self.is_permitted:  # a gap is counted by the clock that was set before it
            self.scenario.ahead_s = self.right_s
        else:
            self.scenario.ahead_s = self.random.choice(
                [0.0, IN_1970_S, self.random.uniform(-3.0, 3.0) * HOUR_S]
            )
        self.scenario.is_utc_set = self.scenario.is_utc_set or self.random.random() < 0.7
        self.run(0.2)

    def restart(self) -> None:
        scenario = self.scenario
        scenario.stop = self.random.choice([StopReason.RESTART, StopReason.SIGNAL, None])
        if scenario.stop is not None:
            scenario.step()
        away_s = self.random.uniform(0.0, 5.0)
        self.true_s += away_s
        scenario.now_s += away_s
        if self.random.random() < 0.3:
            scenario.ahead_s += self.random.uniform(-3.0, 3.0) * HOUR_S
        is_utc_set = scenario.is_utc_set
        self.scenario = scenario.restarted()
        self.scenario.is_utc_set = is_utc_set
        self.run(0.2)

    def lose_power(self) -> None:
        off_s = self.random.uniform(1.0, 2 * HOUR_S)
        was_set = self.scenario.is_utc_set
        self.scenario = after_power_cut(self.scenario, off_s, self.random.uniform(1.0, 1e5))
        self.true_s += off_s
        self.scenario.is_utc_set = False
        self.right_s = self.scenario.ahead_s
        self.scenario.ahead_s = IN_1970_S
        self.scenario.facts["pilot"] = SEATED
        self.scenario.facts["safety"] = CLOSED
        if self.random.random() < 0.8:
            self.run(self.random.uniform(0.2, 20.0))
            self.scenario.is_utc_set = was_set or self.random.random() < 0.5
            self.scenario.ahead_s = self.right_s
        self.run(0.2)

    @property
    def is_permitted(self) -> bool:
        said = self.scenario.said
        return bool(said) and said[-1].permitted and said[-1].session_id == self.session_id

    def is_running(self) -> bool:
        return self.scenario.stored(self.session_id).end_reason is None


def walk(seed: int) -> None:
    box = Walk(seed)
    least_s = most_s = 0.0
    for _ in range(box.random.randint(2, 8)):
        box.run(box.random.uniform(1.0, 90.0))
        if box.is_permitted:  # else it was seen last before: it still waits, or has ended
            least_s, most_s = box.true_s - SIGN_S, box.true_s  # if it ends with a loss now
        box.random.choice([box.set_clock, box.restart, box.lose_power])()
        if not box.is_running():
            break
    else:
        box.run(70.0)  # what was not decided yet is decided
        if box.is_running():
            ended(box.scenario)
            least_s = most_s = box.true_s
    box.run(1.0)
    record = box.scenario.stored(box.session_id)
    assert record.duration_s is not None
    assert least_s - WITHIN_S <= record.duration_s <= most_s + WITHIN_S
    assert record.duration_s >= 0.0
    assert record.ended_utc_ns >= record.started_utc_ns


@pytest.mark.parametrize("seed", range(12))
def test_in_any_order_of_clocks_restarts_and_power_cuts_the_duration_is_true(seed: int) -> None:
    walk(seed)


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(100, 1700, 100))
def test_in_many_orders_of_clocks_restarts_and_power_cuts_the_duration_is_true(first: int) -> None:
    for seed in range(first, first + 100):
        walk(seed)
