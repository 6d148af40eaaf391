"""Coil chain, contact times, mirror contact, and contacts that fail."""

from typing import Any

import pytest

from msgs.plant import SimFault
from nodes.plant import acts

ALL, NONE = (True, True, True), (False, False, False)


def moves(box: Any) -> list[tuple[str, float]]:
    return [(what, at_ms) for what, at_ms in box.events if what.startswith(("coil", "contacts"))]


def test_poles_follow_the_coil_a_little_later(box: Any) -> None:
    box.run(0.5)
    box.drive(enable=True)
    box.run(0.5)
    box.drive(enable=False)
    box.run(0.5)
    assert moves(box) == [
        ("coil_on", 500.0),
        ("contacts_closed", 525.0),
        ("coil_off", 1000.0),
        ("contacts_open", 1018.0),
    ]


def test_a_coil_that_is_off_before_the_poles_moved_closes_nothing(box: Any) -> None:
    box.run(0.5)
    box.drive(enable=True)
    box.run(0.02)
    box.drive(enable=False)
    box.run(1.0)
    assert moves(box) == [("coil_on", 500.0), ("coil_off", 520.0)]


def test_mirror_and_load_voltage_show_the_poles(box: Any) -> None:
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (True, False)
    box.run(0.1)
    box.drive(enable=True)
    box.run(0.1)
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (False, True)


def close(box: Any) -> None:
    box.run(0.1)
    box.drive(enable=True)
    box.run(0.5)
    assert box.world.contactor.poles == ALL


def break_watchdog(box: Any) -> None:
    box.edges = False


def fault(name: SimFault) -> Any:
    return lambda box: box.act(acts.fault, name)


@pytest.mark.parametrize(
    ("breaks", "after_s"),
    [
        (lambda box: box.drive(enable=False), 0.0),
        (break_watchdog, 0.9),  # the last edge was 0.1 s earlier
        (fault(SimFault.RCM_AC), 0.02),
        (fault(SimFault.RCM_DC), 0.06),
        (lambda box: box.drive(residual_test=True), 0.2),
        (lambda box: box.act(acts.power, False), 0.0),
    ],
)
def test_any_link_of_the_chain_drops_the_coil(box: Any, breaks: Any, after_s: float) -> None:
    close(box)
    broken_s = box.world.now_s
    breaks(box)
    box.run(2.0)
    coil_off = next(one for one in box.world.events if one.what == "coil_off")
    assert coil_off.at_s - broken_s == pytest.approx(after_s, abs=1e-6)
    assert box.world.contactor.poles == NONE


def test_a_hot_switch_drops_the_coil(box: Any) -> None:
    box.charge(32.0)
    box.act(acts.fault, SimFault.HOT)
    box.run(900.0)
    assert box.signals.overtemperature
    assert not box.world.contactor.coil
    box.act(acts.clear, SimFault.HOT)
    box.run(60.0)
    assert not box.signals.overtemperature


@pytest.mark.parametrize("edges", [True, False])
def test_the_coil_needs_an_edge_and_not_only_enable(box: Any, edges: bool) -> None:
    box.edges = edges
    box.drive(enable=True)
    box.run(0.5)
    assert box.world.contactor.coil is edges


def test_a_welded_pole_stays_closed_and_blocks_the_mirror(box: Any) -> None:
    close(box)
    box.act(acts.fault, SimFault.WELD)
    box.drive(enable=False)
    box.run(0.5)
    assert box.world.contactor.poles == (True, False, False)
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (False, True)
    box.act(acts.power, False)
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (False, False)
    box.act(acts.power, True)
    box.act(acts.clear, SimFault.WELD)
    box.run(0.5)
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (True, False)


def test_a_slow_contactor_opens_half_a_second_after_its_coil(box: Any) -> None:
    box.act(acts.fault, SimFault.SLOW)
    box.run(0.5)
    box.drive(enable=True)
    box.run(0.5)
    box.drive(enable=False)
    box.run(1.0)
    assert moves(box) == [
        ("coil_on", 500.0),
        ("contacts_closed", 525.0),
        ("coil_off", 1000.0),
        ("contacts_open", 1500.0),
    ]


def test_a_dead_mirror_contact_never_proves_the_poles_open(box: Any) -> None:
    box.act(acts.fault, SimFault.MIRROR_DEAD)
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (False, False)
    close(box)
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (False, True)
    box.drive(enable=False)
    box.run(0.5)
    assert box.world.contactor.poles == NONE
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (False, False)


def test_a_weld_closes_nothing_that_is_open(box: Any) -> None:
    box.act(acts.fault, SimFault.WELD)
    box.run(0.5)
    assert box.world.contactor.poles == NONE


def test_a_contactor_that_does_not_close_shows_it_and_closes_when_mended(box: Any) -> None:
    box.run(0.1)
    box.act(acts.fault, SimFault.NO_CLOSE)
    box.drive(enable=True)
    box.run(0.5)
    assert box.world.contactor.coil
    assert (box.signals.mirror_closed, box.signals.load_voltage) == (True, False)
    box.act(acts.clear, SimFault.NO_CLOSE)
    box.run(0.5)
    assert box.world.contactor.poles == ALL
