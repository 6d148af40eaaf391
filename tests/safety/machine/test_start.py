"""The start: the contactor is proven open first; an idle box leaves rounds out."""

import math
from typing import Any

import pytest

from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode
from nodes.safety.evaluation import Stale
from nodes.safety.machine import Config
from tests.safety.machine.rig import P, Rig, closed, idle, session


def test_a_start_proves_the_contactor_open_first() -> None:
    rig = Rig().run(0.02)
    assert rig.phase() is P.START
    assert not rig.said  # nothing is published before it is believed
    assert rig.tick().phase() is P.IDLE
    assert rig.status.contactor is Contactor.OPEN
    assert rig.status.installation_limit_a == 32.0
    assert not rig.outputs.enable
    assert not rig.status.permitted


def test_rounds_are_far_apart_only_while_nothing_could_be_opened() -> None:
    rig = idle()
    config = Config()
    assert rig.outputs.period_s == config.idle_s
    rig.vehicle = "B"
    assert rig.tick().outputs.period_s == config.period_s  # from the first other reading on

    def is_closed_at_full_pace() -> bool:
        assert rig.outputs.period_s == config.period_s
        rig.offered_a, rig.vehicle = (16.0, "C") if rig.status.permitted else (0.0, "B")
        return rig.phase() is P.CLOSED

    rig.until(is_closed_at_full_pace)
    rig.vehicle = "A"
    rig.until_phase(P.FAULT, 1.0)
    assert rig.outputs.period_s == config.period_s


def test_what_safety_reads_of_the_pilot_is_published_with_its_status() -> None:
    rig = idle()
    assert (rig.status.cp_state, rig.status.offered_a) == (CpState.A, 0.0)
    rig = closed()
    assert (rig.status.cp_state, rig.status.offered_a) == (CpState.C, 16.0)
    rig.reading["high_v"] = math.nan
    assert rig.run(0.1).status.cp_state is None
    rig.reading["high_v"] = 7.5  # between the windows
    assert rig.run(0.2).status.cp_state is CpState.E


def test_a_plug_in_is_distinguished_from_the_one_before_by_when_it_began() -> None:
    rig = Rig()
    rig.vehicle = "B"
    assert rig.run(1.0).status.plugged_since_utc_ns == 0  # it was in before
    rig.vehicle = "A"
    rig.run(0.2)  # a bounce
    rig.vehicle = "B"
    assert rig.run(0.5).status.plugged_since_utc_ns == 0
    rig.vehicle = "A"
    rig.run(0.5)
    rig.vehicle, begun_s = "B", rig.now_s
    since_s = rig.run(2.0).status.plugged_since_utc_ns / 1e9
    assert begun_s < since_s <= begun_s + 0.05
    rig.reading["high_v"] = 0.0  # shorted
    rig.run(1.0)
    del rig.reading["high_v"]
    assert rig.run(1.0).status.plugged_since_utc_ns / 1e9 == since_s
    rig.vehicle = "A"
    assert rig.run(1.0).status.plugged_since_utc_ns == 0


def test_an_idle_box_needs_no_step_and_feeds_the_watchdog_all_the_same() -> None:
    rig = idle()
    said, fed = len(rig.said), len(rig.fed)
    rig.left_out = 0
    rig.run(10.0)
    assert rig.left_out == 1000
    assert len(rig.said) - said == 0
    assert len(rig.fed) - fed == 1000
    assert rig.outputs.period_s == 0.025


@pytest.mark.parametrize(
    ("part", "news"),
    [
        ("vehicle", "B"),
        ("reading", {"residual_dc": True}),
        ("reading", {"mirror_closed": False}),
        ("reading", {"earth_ohm": 5000.0}),
        ("inputs", {"reading": None}),
        ("inputs", {"session": session(permitted=False)}),
        ("inputs", {"stop": StopReason.SIGNAL}),
        ("inputs", {"since_s": 2.0}),
    ],
)
def test_an_idle_box_judges_whatever_is_new_at_once(part: str, news: Any) -> None:
    rig = idle()
    rig.left_out = 0
    setattr(rig, part, news)
    rig.tick()
    assert rig.left_out == 0


def test_a_start_waits_for_a_predecessors_contactor_to_drop() -> None:
    rig = Rig()
    rig.reading = {"mirror_closed": False, "load_voltage": True}
    rig.run(1.45)
    assert rig.phase() is P.START
    assert rig.status.contactor is Contactor.CLOSED
    assert not rig.fed
    rig.reading = {}
    assert rig.tick().phase() is P.IDLE
    assert rig.faults() == ()


@pytest.mark.req("ERR-RED", "ERR-8007")
@pytest.mark.parametrize(
    ("load_voltage", "code"), [(True, FaultCode.RED), (False, FaultCode.SAFETY_CIRCUIT)]
)
def test_a_start_with_a_contactor_that_stays_closed_is_latched(
    load_voltage: bool, code: FaultCode
) -> None:
    rig = Rig()
    rig.reading = {"mirror_closed": False, "load_voltage": load_voltage}
    rig.run(1.55)
    assert rig.phase() is P.FAULT
    assert rig.faults() == (code,)
    assert rig.run(0.1).status.contactor is Contactor.WELDED


def test_a_start_with_stale_inputs_closes_nothing_and_publishes_so_after_half_its_hold() -> None:
    rig = Rig()
    rig.inputs = {"reading": None}
    rig.run(0.48)
    assert not rig.said
    rig.run(0.1)
    assert rig.phase() is P.START
    assert rig.status.contactor is Contactor.CLOSED  # not proven open counts as closed
    assert not rig.status.permitted
    assert rig.says(Stale.SILENT)
    assert not rig.fed
    rig.inputs = {}
    assert rig.run(0.03).phase() is P.IDLE
