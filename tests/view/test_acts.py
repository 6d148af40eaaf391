"""What can be asked of the charge now, and what is in force."""

from dataclasses import replace
from typing import Any

import pytest

from msgs.safety import LATCHED, FaultCode
from msgs.state_reason import StateReason, Wait
from msgs.wish import ENERGY_LIMIT, SCHEDULE, Wish, Wishes
from tests.view.charge import NOW_S, but, charging, silent
from tests.view.snapshot import said
from view.acts import ChargeAct, InForce, offered_acts
from view.snapshot import Snapshot

EVER = {ChargeAct.LIMIT, ChargeAct.DELAY, ChargeAct.ENERGY_LIMIT}


def wished(snapshot: Snapshot, *wishes: Wish) -> Snapshot:
    return replace(snapshot, wish=said("wish", Wishes(wishes=wishes)))


def app(**fields: Any) -> Wish:
    return Wish(name="app", **{"detail": "asked for by the page, for one charge", **fields})


@pytest.mark.req("APP-1")
def test_a_charge_can_be_paused_stopped_and_limited() -> None:
    assert set(offered_acts(charging()).possible) == {ChargeAct.STOP, ChargeAct.PAUSE, *EVER}


@pytest.mark.req("APP-1")
def test_a_paused_charge_can_go_on() -> None:
    acts = offered_acts(wished(charging(), app(pause=True, limit_a=10.0)))
    assert set(acts.possible) == {ChargeAct.STOP, ChargeAct.CONTINUE, *EVER}
    assert (acts.is_paused, acts.limit_a, acts.until_replaced) == (True, 10.0, False)


@pytest.mark.req("APP-1")
@pytest.mark.parametrize("reason", list(StateReason))
@pytest.mark.parametrize("needs_card", [False, True])
def test_a_start_is_offered_after_a_stop_where_no_card_is_required(
    reason: StateReason, needs_card: bool
) -> None:
    stopped = but("session", because=reason, session_id="", authorization_required=needs_card)
    possible = offered_acts(stopped).possible
    is_offered = reason is StateReason.STOPPED and not needs_card
    assert (ChargeAct.START in possible) is is_offered
    may_wait = not is_offered and reason is not StateReason.NOT_STORED  # then no act would help
    assert (ChargeAct.PAUSE in possible) is may_wait
    assert ChargeAct.STOP not in possible


def test_the_acts_say_which_charge_they_are_for() -> None:
    assert offered_acts(charging()).title == "This charge"
    assert offered_acts(but("session", session_id="", plugged=True)).title == "This charge"
    assert offered_acts(but("session", session_id="", plugged=False)).title == "The next charge"
    assert offered_acts(silent("session")).title == "This charge"


def test_a_session_that_is_ending_is_not_stopped_again() -> None:
    ending = but("session", because=StateReason.WAITING, waits_for=Wait.END)
    assert ChargeAct.STOP not in offered_acts(ending).possible


@pytest.mark.parametrize(
    ("snapshot", "why"),
    [
        (silent("session"), "The charge control does not answer."),
        (silent("safety"), "The protection of the box does not answer."),
        (but("safety", has_mains=False), "The box has no mains."),
        (but("safety", commissioning=True), "The box is in service mode."),
        (but("safety", showroom=True), "The box is in showroom mode."),
        *((but("safety", faults=(code,)), "A fault has ended the charge.") for code in LATCHED),
    ],
)
def test_nothing_is_offered_that_is_not_possible_now(snapshot: Snapshot, why: str) -> None:
    acts = offered_acts(snapshot)
    assert (acts.possible, acts.why_not) == ((), why)


def test_a_fault_that_passes_leaves_the_acts() -> None:
    assert offered_acts(but("safety", faults=(FaultCode.RESIDUAL_CURRENT,))).possible


@pytest.mark.req("APP-3")
def test_what_is_in_force_is_said_with_who_has_set_it_and_for_how_long() -> None:
    in_90_min_ns = round((NOW_S + 5400.0) * 1e9)
    acts = offered_acts(
        wished(
            charging(),
            Wish(name=SCHEDULE, pause=True, detail="at night alone"),
            app(limit_a=10.0, end_ns=in_90_min_ns, detail="asked for by the page, for 5400 s"),
            Wish(name=ENERGY_LIMIT, detail="a pause at 5 kWh, for one charge"),
        )
    )
    assert acts.in_force == (
        InForce(
            name="By hand",
            words="10.0 A at most, asked for by the page, for 5400 s",
            ends_in="1 h 30 min",
        ),
        InForce(name="Energy limit", words="a pause at 5 kWh, for one charge", ends_in=""),
        InForce(name="Schedule", words="paused, at night alone", ends_in=""),
    )
    assert offered_acts(wished(charging(), app(limit_a=8.0, until_replaced=True))).until_replaced


@pytest.mark.parametrize(
    ("left_s", "words"),
    [(1.0, "1 min"), (60.0, "1 min"), (61.0, "2 min"), (3600.0, "1 h"), (7321.0, "2 h 3 min")],
)
def test_a_time_is_rounded_up_to_minutes(left_s: float, words: str) -> None:
    wish = app(pause=True, end_ns=round((NOW_S + left_s) * 1e9))
    assert offered_acts(wished(charging(), wish)).in_force[0].ends_in == words


def test_a_wish_that_is_over_is_not_in_force() -> None:
    over = wished(charging(), app(pause=True, limit_a=8.0, end_ns=round((NOW_S - 1.0) * 1e9)))
    acts = offered_acts(over)
    assert (acts.in_force, acts.is_paused, acts.limit_a) == ((), False, None)
