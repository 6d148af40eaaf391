"""The residual-current monitor: leaks behind the contactor, and its self-test."""

from typing import Any

import pytest

from msgs.plant import SimFault
from nodes.plant import acts


def outputs(box: Any) -> tuple[bool, bool]:
    return box.signals.residual_ac, box.signals.residual_dc


@pytest.mark.parametrize(
    ("fault", "tripped", "within_s"),
    [
        (SimFault.RCM_AC, (True, False), 0.04),  # 150 mA AC: IEC 61008-1
        (SimFault.RCM_DC, (False, True), 0.1),  # 200 mA DC: IEC 62955
    ],
)
def test_a_leak_trips_its_output_in_time_and_cuts_the_coil(
    box: Any, fault: SimFault, tripped: tuple[bool, bool], within_s: float
) -> None:
    box.charge(16.0)
    began_s = box.world.now_s
    box.act(acts.fault, fault)
    box.run(within_s)
    assert outputs(box) == tripped
    residual = next(one for one in box.world.events if one.what == "residual")
    coil_off = next(one for one in box.world.events if one.what == "coil_off")
    assert began_s < residual.at_s == coil_off.at_s <= began_s + within_s


def test_a_leak_behind_an_open_contactor_trips_nothing(box: Any) -> None:
    box.act(acts.fault, SimFault.RCM_DC)
    box.run(5.0)
    assert outputs(box) == (False, False)


def test_the_output_clears_with_the_current_and_trips_again_at_the_next_closing(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.fault, SimFault.RCM_AC)
    box.run(0.05)
    box.drive(enable=False)
    box.run(1.0)
    assert outputs(box) == (False, False)
    box.drive(enable=True)
    box.run(0.1)
    assert outputs(box) == (True, False)


def test_a_tripped_output_holds_long_enough_that_the_coil_cannot_chatter(box: Any) -> None:
    box.charge(16.0)
    box.act(acts.fault, SimFault.RCM_AC)
    box.run(0.3)  # enable stays on
    assert [what for what, _ in box.events].count("coil_on") == 1


@pytest.mark.parametrize("pulse_s", [0.06, 0.4, 2.0])
def test_the_test_line_trips_both_outputs_which_clear_after_it(box: Any, pulse_s: float) -> None:
    box.drive(residual_test=True)
    box.run(pulse_s)
    box.drive(residual_test=False)
    box.run(0.74 - pulse_s if pulse_s < 0.74 else 0.0)
    assert outputs(box) == (True, True)  # to be seen 740 ms after the line rose
    box.run(2.0)
    assert outputs(box) == (False, False)
    begin_s, end_s = box.when("residual"), box.when("residual_clear")
    assert 0.02 <= begin_s <= 0.7
    assert end_s <= max(pulse_s, 0.5) + 0.31


def test_a_monitor_that_ignores_its_test_line_trips_at_a_leak(box: Any) -> None:
    box.act(acts.fault, SimFault.RCM_TEST)
    box.drive(residual_test=True)
    box.run(2.0)
    assert outputs(box) == (False, False)
    box.drive(residual_test=False)
    box.charge(16.0)
    box.act(acts.fault, SimFault.RCM_AC)
    box.run(0.1)
    assert outputs(box) == (True, False)


def test_without_mains_no_output_of_the_monitor_is_active(box: Any) -> None:
    box.drive(residual_test=True)
    box.run(0.5)
    box.act(acts.power, False)
    assert outputs(box) == (False, False)
