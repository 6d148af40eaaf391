"""What controllers have asked for, as time goes on and the plug moves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bus.moment import Moment
from nodes.smart_home.control import (
    NO_CHARGE,
    NO_CONTROL,
    Control,
    apply,
    current_ma,
    follow,
    is_enabled,
    is_free,
)
from nodes.smart_home.orders import (
    CancelTimer,
    Enable,
    LimitEnergy,
    Order,
    SetCurrent,
    SetCurrentLater,
    SetFailsafe,
)

ON, OFF = Enable(is_on=True), Enable(is_on=False)


def later(control: Control, now_s: float, **seen: Any) -> Control:
    known: dict[str, Any] = {"plugged": True, "session_id": "s1", "energy_wh": 0.0}
    return follow(control, Moment(now_s), **(known | seen))


def after(*orders: Order, now_s: float = 0.0, control: Control = NO_CONTROL) -> Control:
    for order in orders:
        control = apply(control, order, now_s)
    return control


def test_a_lasting_current_outlives_the_charge_and_one_of_the_charge_does_not() -> None:
    control = after(SetCurrent(current_ma=16_000), SetCurrentLater(current_ma=8000, delay_s=0))
    assert current_ma(control) == 8000
    control = later(control, 1.0)
    control = later(control, 2.0, plugged=False, session_id="")
    assert current_ma(control) == 16_000


def test_a_new_lasting_current_replaces_that_of_the_charge() -> None:
    control = after(SetCurrentLater(current_ma=8000, delay_s=0), SetCurrent(current_ma=16_000))
    assert current_ma(control) == 16_000


def test_a_limit_stays_over_pause_and_enabling() -> None:
    control = after(SetCurrent(current_ma=10_000), OFF)
    assert not is_enabled(control)
    control = after(ON, control=control)
    assert (is_enabled(control), current_ma(control)) == (True, 10_000)


def test_a_current_of_the_charge_comes_into_force_after_its_time_and_enables() -> None:
    control = after(OFF, SetCurrentLater(current_ma=9000, delay_s=30), now_s=100.0)
    control = later(control, 129.9)
    assert (is_enabled(control), current_ma(control)) == (False, 63_000)
    control = later(control, 130.0)
    assert (is_enabled(control), current_ma(control)) == (True, 9000)
    assert control.charge.next_ma is None


def test_a_timer_is_forgotten_by_the_order_and_with_the_plug() -> None:
    waiting = after(SetCurrentLater(current_ma=9000, delay_s=30))
    assert after(CancelTimer(), control=waiting).charge == NO_CHARGE
    assert later(later(waiting, 1.0), 2.0, plugged=False, session_id="").charge == NO_CHARGE


def test_a_stop_by_currtime_is_ended_by_currtime_and_the_plug_alone() -> None:
    control = later(after(SetCurrentLater(current_ma=0, delay_s=1)), 1.0)
    assert not is_enabled(control)
    assert not is_enabled(after(ON, SetCurrent(current_ma=9000), control=control))
    assert is_enabled(after(SetCurrentLater(current_ma=9000, delay_s=0), control=control))
    assert is_enabled(later(control, 2.0, plugged=False, session_id=""))


def test_an_energy_limit_pauses_until_it_is_enabled_again() -> None:
    control = after(LimitEnergy(energy_dwh=1000))
    control = later(control, 1.0, energy_wh=99.9)
    assert is_enabled(control)
    control = later(control, 2.0, energy_wh=100.0)
    assert (is_enabled(control), control.charge.energy_dwh) == (False, 0)
    control = later(after(ON, control=control), 3.0, energy_wh=500.0)
    assert is_enabled(control)


def test_another_session_begins_without_what_counted_for_the_last() -> None:
    control = later(after(SetCurrentLater(current_ma=9000, delay_s=0)), 1.0)
    assert current_ma(later(control, 2.0, session_id="s2")) == 63_000


@pytest.mark.req("MET-7")
def test_the_failsafe_counts_exactly_when_its_time_is_over() -> None:
    control = after(SetFailsafe(timeout_s=10, current_ma=6000), now_s=5.0)
    assert not later(control, 14.99).is_failsafe
    moment = Moment(14.0)
    follow(control, moment, plugged=True, session_id="", energy_wh=0.0)
    assert moment.due_s == 15.0
    assert later(control, 15.0).is_failsafe


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("word", [SetCurrent(current_ma=9000), ON, OFF,
                                  SetCurrentLater(current_ma=9000, delay_s=5)])  # fmt: skip
def test_the_failsafe_waits_again_after_an_order(word: Order) -> None:
    control = after(SetFailsafe(timeout_s=10, current_ma=6000))
    control = after(word, now_s=9.0, control=control)
    assert not later(control, 18.9).is_failsafe
    assert later(control, 19.0).is_failsafe


@pytest.mark.req("MET-7")
def test_the_failsafe_does_not_wait_for_an_energy_limit() -> None:
    control = after(SetFailsafe(timeout_s=10, current_ma=6000))
    control = after(LimitEnergy(energy_dwh=5), now_s=9.0, control=control)
    assert later(control, 10.0).is_failsafe


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("orders", [
    (SetCurrent(current_ma=9000), ON), (ON, SetCurrent(current_ma=9000)),
    (OFF, SetCurrentLater(current_ma=9000, delay_s=0)),
])  # fmt: skip
def test_the_failsafe_ends_when_current_and_enabling_were_ordered(
    orders: tuple[Order, ...],
) -> None:
    control = later(after(SetFailsafe(timeout_s=10, current_ma=6000)), 10.0)
    control = after(orders[0], control=control, now_s=11.0)
    assert control.is_failsafe
    control = after(orders[1], control=control, now_s=11.5)
    assert not control.is_failsafe
    assert later(control, 21.5).is_failsafe


def test_a_failsafe_that_is_switched_off_counts_no_more() -> None:
    control = later(after(SetFailsafe(timeout_s=10, current_ma=6000)), 10.0)
    control = after(SetFailsafe(timeout_s=0, current_ma=0), control=control)
    assert (control.is_failsafe, control.failsafe) == (False, None)


ORDERS = st.one_of(
    st.builds(SetCurrent, current_ma=st.just(0) | st.integers(6000, 63_000)),
    st.builds(
        SetCurrentLater,
        current_ma=st.just(0) | st.integers(6000, 63_000),
        delay_s=st.integers(0, 30),
    ),
    st.just(CancelTimer()),
    st.builds(Enable, is_on=st.booleans()),
    st.builds(LimitEnergy, energy_dwh=st.integers(0, 5000)),
    st.builds(
        SetFailsafe,
        timeout_s=st.just(0) | st.integers(10, 40),
        current_ma=st.just(0) | st.integers(6000, 63_000),
    ),
)
SEEN = st.tuples(
    st.sampled_from([True, False, None]), st.sampled_from(["", "s1", "s2"]), st.floats(0, 1000)
)


@given(st.lists(st.tuples(st.floats(0.0, 20.0), ORDERS | SEEN), max_size=25))
def test_whatever_happens_it_is_free_only_without_limit_pause_and_failsafe(
    steps: list[tuple[float, Any]],
) -> None:
    control, now_s = NO_CONTROL, 0.0
    for wait_s, what in steps:
        now_s += wait_s
        plugged, session_id, energy_wh = what if isinstance(what, tuple) else (None, "", 0.0)
        if not isinstance(what, tuple):
            control = apply(control, what, now_s)
        moment = Moment(now_s)
        control = follow(
            control, moment, plugged=plugged, session_id=session_id, energy_wh=energy_wh
        )
        again = follow(
            control, Moment(now_s), plugged=plugged, session_id=session_id, energy_wh=energy_wh
        )
        assert again == control  # a step without a change changes nothing
        assert 0 <= current_ma(control) <= 63_000
        if is_free(control):
            assert (is_enabled(control), current_ma(control)) == (True, 63_000)
            assert control.failsafe is None
        if control.charge.next_ma is not None:
            assert now_s < control.charge.next_s
            assert moment.due_s <= control.charge.next_s
        if plugged is False:
            assert replace(control.charge) == NO_CHARGE
