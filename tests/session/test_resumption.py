"""When a session may go on, by its sign; and what is stored of that while it runs."""

from typing import Any

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor
from msgs.session import Action, EndReason, WallboxState
from msgs.state_reason import Wait
from nodes.session.entry import Entry
from nodes.session.reasons import CardRefusal, Resumption
from nodes.session.resumption import DECIDE_S, EARLY_S, LONGEST_S, resumption
from nodes.session.revival import begin
from nodes.session.sign import SIGN_S, Sign, decode, encode
from nodes.session.start_deadline import LAPSE_S
from nodes.session.state import Found, Inputs, State
from nodes.session.words import WAITS
from tests.builders import session_record
from tests.session.conftest import (
    NO_MAINS,
    SAFETY,
    SILENT,
    Scenario,
    box,
    pilot,
)

SEATED, OUT = pilot(CpState.B), pilot(CpState.A)
CLOSED = replace(SAFETY, contactor=Contactor.CLOSED)
RED, BLUE = "04000001", "04000002"


def charged(token: str = RED) -> Scenario:
    """Return a scenario in which a card has begun a session that was started."""
    scenario = Scenario(required=True)
    scenario.run(1.0)
    scenario.run(1.0, pilot=SEATED, safety=replace(CLOSED, phase="closed", offered_a=16.0))
    assert scenario.step(card=token).action is Action.STARTED
    scenario.run(LAPSE_S + 1.0)
    assert scenario.said[-1].permitted
    return scenario


def next_boot(old: Scenario, seconds: float, **changes: Any) -> Scenario:
    """Return the first incarnation after a loss of power, the plug not seen yet.

    :param changes: of the new scenario.
    """
    new = old.restarted(first=True)
    new.facts |= {"pilot": SILENT, "safety": SAFETY}
    new.ahead_s = old.ahead_s + seconds
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def goes_on(scenario: Scenario, seconds: float = 2.0) -> bool:
    """Return whether the session goes on with its plug; else it has ended."""
    status = scenario.run(seconds, pilot=SEATED)
    (before, *others) = scenario.disk.values()
    assert not others
    is_over = before.record.end_reason is not None
    assert status.permitted is (not is_over)
    assert status.authorized is (not is_over)
    return not is_over


# --- the sign ----------------------------------------------------------------------------------


def test_a_sign_is_stored_each_minute_while_the_session_runs() -> None:
    scenario = charged()
    signs = []
    for _ in range(10):
        scenario.run(SIGN_S)
        signs.append(scenario.sign)
    assert len(set(map(str, signs))) == 10
    assert all(sign is not None and sign.end_reason is None for sign in signs)
    assert len([write for write in scenario.writes if write.record.end_reason is None]) == 2
    newest = scenario.sign
    assert newest is not None
    assert (newest.series, newest.boot, newest.is_utc_set) == (
        scenario.series,
        scenario.boot,
        True,
    )
    assert abs(newest.utc_ns - scenario.utc_ns) <= (SIGN_S + 1.0) * 1e9


@pytest.mark.parametrize(
    "facts",
    [
        NO_MAINS,
        {"pilot": SILENT},
        {"pilot": pilot(CpState.E)},
        {"pilot": pilot(CpState.F)},
        {"safety": None},
    ],
)
def test_while_nobody_sees_the_plug_there_is_no_sign(facts: dict[str, Any]) -> None:
    scenario = charged()
    scenario.run(0.1, **facts)
    before = scenario.sign
    scenario.run(10 * SIGN_S)
    assert scenario.sign == before
    scenario.run(1.0, pilot=SEATED, safety=CLOSED)
    assert scenario.sign != before


def test_a_session_that_is_not_stored_has_no_sign() -> None:
    scenario = Scenario(required=True)
    scenario.disk_works = False
    scenario.run(1.0)
    scenario.run(1.0, pilot=SEATED)
    scenario.step(card=RED)
    scenario.run(10.0)
    assert scenario.sign is None


@pytest.mark.parametrize("refused", [b"", b"{}", b"garbage", b'{"session_id": 7}'])
def test_what_cannot_be_decoded_is_no_sign(refused: bytes) -> None:
    assert decode(refused) is None
    assert decode(None) is None
    sign = Sign(session_id="x", end_reason=EndReason.STOPPED, energy_wh=1.5)
    assert decode(encode(sign)) == sign


def test_what_flowed_is_known_from_the_sign() -> None:
    old = charged()
    old.run(600.0, box=box(2000.0))
    assert old.record().energy_wh < 100.0
    new = next_boot(old, 60.0)
    assert new.run(2.0, pilot=SEATED, box=None).energy_wh == pytest.approx(1000.0, abs=110.0)


# --- after a loss of power ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "is_allowed"),
    [
        (0.0, True),
        (3600.0, True),
        (LONGEST_S - SIGN_S - 5.0, True),
        (LONGEST_S + 5.0, False),
        (30 * 86_400.0, False),
        (-EARLY_S + 20.0, True),  # UTC was corrected
        (-EARLY_S - SIGN_S - 5.0, False),
    ],
)
def test_the_age_of_the_sign_decides(seconds: float, is_allowed: bool) -> None:
    new = next_boot(charged(), seconds)
    assert goes_on(new) is is_allowed
    assert [over.why for over in new.over] == (
        [] if is_allowed else [Resumption.TOO_OLD if seconds > 0.0 else Resumption.UNKNOWN]
    )


UPTIME_S = 1e7  # four months


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (-60.1, Resumption.UNKNOWN),
        (-60.0, Resumption.ALLOWED),
        (LONGEST_S - 0.001, Resumption.ALLOWED),
        (LONGEST_S, Resumption.TOO_OLD),
    ],
)
@pytest.mark.parametrize("is_same_boot", [False, True])
def test_the_age_of_the_sign_decides_to_the_point(
    age_s: float, expected: Resumption, is_same_boot: bool
) -> None:
    age_ns = round(age_s * 1e9)
    entry = Entry(record=session_record(session_id="a"), seated=True, seen_utc_ns=1, run=7)
    sign = Sign(
        session_id="a",
        series="the first",
        boot="one",
        now_ns=round(UPTIME_S * 1e9) - age_ns,
        utc_ns=2 * 10**18 - age_ns,
        is_utc_set=True,
    )
    inputs = Inputs(
        now_s=UPTIME_S,
        utc_ns=2 * 10**18,
        boot="one" if is_same_boot else "another",
        pilot=None,
        safety=None,
        offer=None,
        counter_wh=None,
        id_end="",
    )
    state = State(hear_by_s=0.0, series="the first", run=8)
    found = resumption(Found(entry=entry, sign=sign), state, inputs, Moment(UPTIME_S))
    assert found is expected


def test_it_may_become_too_old_while_the_plug_is_waited_for() -> None:
    new = next_boot(charged(), 3600.0)
    new.run(LONGEST_S - 3600.0 - SIGN_S - 5.0)
    assert new.said[-1].token == RED
    new.run(SIGN_S + 10.0)
    assert new.record().end_reason is EndReason.POWER_LOSS
    assert not goes_on(new)


def test_where_no_card_is_required_a_new_session_begins() -> None:
    old = Scenario()
    before = old.run(2.0, pilot=SEATED).session_id
    new = old.restarted(first=True)
    new.ahead_s = LONGEST_S + 60.0
    status = new.run(2.0, pilot=SEATED)
    assert status.permitted
    assert status.session_id not in ("", before)
    assert new.stored(before).end_reason is EndReason.POWER_LOSS


@pytest.mark.parametrize("set_after_s", [1.0, DECIDE_S - 1.0, DECIDE_S + 1.0])
def test_utc_that_is_not_set_is_waited_for_a_minute(set_after_s: float) -> None:
    new = next_boot(charged(), 60.0, is_utc_set=False)
    waited_s = min(set_after_s, DECIDE_S - 1.0)
    status = new.run(waited_s, pilot=SEATED)
    assert (status.permitted, status.token, status.authorized) == (False, RED, True)
    assert status.reason == WAITS[Wait.CLOCK]
    new.run(set_after_s - waited_s)
    new.is_utc_set = True
    assert goes_on(new) is (set_after_s < DECIDE_S)


def test_in_the_same_boot_utc_does_not_matter() -> None:
    """The supervisor has been killed and started again."""
    old = charged()
    new = next_boot(old, 30 * 86_400.0, is_utc_set=False, boot=old.boot)
    assert goes_on(new)
    new = next_boot(old, 0.0, boot=old.boot, now_s=old.now_s + LONGEST_S + 1.0)
    assert not goes_on(new)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"series": "another"}, Resumption.STOPPED),
        ({"is_utc_set": False}, Resumption.UNKNOWN),  # in the boot of the sign
        ({"session_id": "another"}, Resumption.UNKNOWN),
        (None, Resumption.UNKNOWN),
    ],
)
def test_a_sign_that_proves_nothing_ends_the_session(
    changes: dict[str, Any] | None, why: Resumption
) -> None:
    old = charged()
    assert old.sign is not None
    old.sign = None if changes is None else replace(old.sign, **changes)
    new = next_boot(old, 60.0)
    assert not goes_on(new)
    assert [over.why for over in new.over] == [why]
    reason = EndReason.RESTART if why is Resumption.STOPPED else EndReason.POWER_LOSS
    assert new.record().end_reason is reason


def test_an_unknown_boot_is_another_one() -> None:
    old = charged()
    assert old.sign is not None
    old.sign = replace(old.sign, boot="", is_utc_set=False)
    assert not goes_on(next_boot(old, 60.0, boot=""))


def test_without_a_supervisor_nothing_goes_on() -> None:
    new = next_boot(charged(), 60.0, series="", graph_run=0)
    assert not new.run(DECIDE_S - 5.0, pilot=SEATED).permitted
    assert new.record().end_reason is None
    new.run(10.0)
    assert new.record().end_reason is EndReason.POWER_LOSS


def test_what_the_disk_does_not_take_again_is_over_also_once_it_does() -> None:
    new = next_boot(charged(), 60.0)
    new.disk_works = False
    new.run(3.0, pilot=SEATED)
    assert not any(said.permitted for said in new.said)
    assert [over.why for over in new.over] == [Resumption.REFUSED]
    new.disk_works = True
    assert not new.run(20.0).permitted
    assert new.record().end_reason is EndReason.POWER_LOSS
    assert new.step(card=BLUE).action is Action.STARTED


# --- the same run ------------------------------------------------------------------------------


def test_a_node_that_is_restarted_goes_on_at_once_and_signs() -> None:
    old = charged()
    new = old.restarted()
    status = new.run(0.1)
    assert (status.permitted, status.token) == (True, RED)
    assert new.sign != old.sign


def test_a_node_that_was_away_too_long_does_not_go_on() -> None:
    old = charged()
    new = old.restarted()
    new.series = "another"
    assert not goes_on(new)
    assert new.record().end_reason is EndReason.RESTART


def test_a_session_that_runs_follows_its_series() -> None:
    """Another node was away for long."""
    scenario = charged()
    scenario.series = "another"
    scenario.run(0.1)
    assert scenario.sign is not None
    assert scenario.sign.series == "another"
    assert scenario.restarted().state.found is not None
    new = scenario.restarted()
    new.series = "another"
    assert new.run(0.1).permitted


# --- mains off, the node on --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "is_allowed", "is_restarted"),
    [
        (LONGEST_S - SIGN_S - 5.0, True, False),
        (LONGEST_S + 5.0, False, True),
        pytest.param(LONGEST_S - SIGN_S - 5.0, True, True, marks=pytest.mark.proof),
        pytest.param(LONGEST_S + 5.0, False, False, marks=pytest.mark.proof),
    ],
)
def test_mains_that_are_off_for_long_are_as_long_for_a_node_that_goes_on(
    seconds: float, is_allowed: bool, is_restarted: bool
) -> None:
    scenario = charged()
    scenario.run(seconds / 2, **NO_MAINS)
    if is_restarted:
        scenario = scenario.restarted()
    scenario.run(seconds / 2, **NO_MAINS)
    scenario.facts |= {"safety": SAFETY, "box": box(1000.0)}
    assert goes_on(scenario) is is_allowed


# --- an end is stored in two places ------------------------------------------------------------


@pytest.mark.req("RFID-5", "CHG-2")
@pytest.mark.parametrize("way", ["card", "app", "plug", "fault", "shutdown"])
@pytest.mark.parametrize("first", [False, True])
def test_an_end_that_the_store_refuses_is_known_by_the_sign(way: str, first: bool) -> None:
    old = charged()
    old.disk_works = False
    match way:
        case "card":
            assert old.step(card=RED).ends == old.record().session_id
        case "app":
            old.step(end="the app")
        case "plug":
            old.run(1.0, pilot=OUT)
        case "fault":
            old.run(0.1, safety=replace(SAFETY, faults=("8007",)))
        case _:
            old.stop = StopReason.SHUTDOWN
            old.step()
    assert old.record().end_reason is None  # the store does not know of it
    new = old.restarted(first)
    new.run(20.0, pilot=SEATED, safety=SAFETY)
    assert not any(said.permitted for said in new.said)
    assert new.record().end_reason is not None
    assert new.record().ended_utc_ns > 0


def test_an_end_that_is_stored_nowhere_is_no_end_for_the_next_incarnation_of_the_run() -> None:
    """So it is not confirmed: see test_node."""
    old = charged()
    old.disk_works = old.sign_disk_works = False
    old.step(card=RED)
    assert not old.said[-1].permitted
    assert old.restarted().state.found is not None


def test_why_a_charge_was_stopped_is_known_after_a_restart() -> None:
    old = charged()
    old.step(end="the app: enough")
    old.run(1.0, safety=SAFETY)
    assert "the app: enough" in old.restarted().run(2.0).reason
    old = charged()
    old.step(card=RED)
    old.run(1.0, safety=SAFETY)
    status = old.restarted().run(2.0)
    assert "logged off by the card" in status.reason
    assert status.state is WallboxState.READY_FOR_CHARGING


def test_the_sign_of_an_ended_session_is_replaced_by_the_next_one() -> None:
    scenario = charged()

    def newest() -> Sign:
        assert scenario.sign is not None
        return scenario.sign

    scenario.step(card=RED)
    scenario.run(1.0, safety=SAFETY)
    assert newest().end_reason is EndReason.STOPPED
    assert scenario.step(card=BLUE).refusal is not CardRefusal.ENDING
    status = scenario.run(1.0)
    assert status.permitted
    assert newest().session_id == status.session_id
    scenario.run(1.0, pilot=OUT)
    assert newest().end_reason is EndReason.UNPLUGGED


# --- the same run, or the same boot ------------------------------------------------------------


def test_in_the_same_boot_a_sign_has_the_age_of_the_monotonic_clock() -> None:
    old = charged()
    old.now_s += 5 * 3600.0  # the box has run for long
    old.run(SIGN_S + 1.0)
    new = old.restarted()
    assert goes_on(new)


@pytest.mark.parametrize(("run", "is_same"), [(1, True), (7, True), (2, False)])
@pytest.mark.parametrize("has_sign", [False, True])
def test_in_its_own_run_a_session_goes_on_without_a_sign_and_without_a_known_boot(
    run: int, is_same: bool, has_sign: bool
) -> None:
    old = charged()
    (entry,) = old.disk.values()
    entry = replace(entry, run=run if is_same else run + 1)
    new = Scenario(last=entry, graph_run=run, required=True, now_s=old.now_s)
    if has_sign:
        assert old.sign is not None
        sign = replace(old.sign, boot="", is_utc_set=False)
        new.state = begin(entry, (sign,), new.now_s)
    new.boot = ""
    new.facts |= {"safety": SAFETY}
    assert goes_on(new) is is_same
