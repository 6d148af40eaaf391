"""The vehicle is asked to stop first: six seconds, and then the contactor opens under load."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState, duty_of_offer
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode
from nodes.safety.reasons import Reason
from tests.safety.machine.rig import ROUND_S, P, closed, meter, pilot, session

ASKED: list[tuple[str, dict[str, Any], bool]] = [
    # what happens, how, whether the pilot may go on offering
    ("session silent", {"inputs": {"session": None}}, False),
    ("authorisation withdrawn", {"inputs": {"session": session(permitted=False)}}, False),
    ("meter silent", {"inputs": {"meter": None}}, False),
    ("meter lost", {"inputs": {"meter": meter(1.0, online=False)}}, False),
    ("too hot", {"reading": {"board_c": 81.0}}, False),
    ("commissioning", {"reading": {"dip2": 0x01}}, False),
    ("restart", {"inputs": {"stop": StopReason.RESTART}}, False),
    ("shutdown", {"inputs": {"stop": StopReason.SHUTDOWN}}, False),
    ("pilot offers nothing", {"offered_a": 0.0}, True),
    (
        "the generator says x1",
        {"reading": {"duty_percent": 100.0, "low_v": 6.0}, "offered_a": 0.0},
        True,
    ),
]


@pytest.mark.req("CHG-2", "ERR-3", "STA-4")
@pytest.mark.parametrize(
    ("changes", "permitted"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED]
)
def test_the_vehicle_has_six_seconds_to_stop_and_then_the_contactor_opens_under_load(
    changes: dict[str, Any], permitted: bool
) -> None:
    rig = closed()
    for name, value in changes.items():
        setattr(rig, name, value)
    rig.until_phase(P.STOPPING, 0.2)
    assert rig.status.permitted is permitted
    rig.run(5.98)
    assert rig.outputs.enable
    rig.run(0.03)
    assert not rig.outputs.enable
    assert rig.run(0.1).status.contactor is Contactor.OPEN
    for _ in range(100):
        assert not rig.tick().outputs.enable


@pytest.mark.parametrize("changes", [row[1] for row in ASKED], ids=[row[0] for row in ASKED])
def test_a_vehicle_that_has_stopped_is_cut_off_at_once(changes: dict[str, Any]) -> None:
    rig = closed()
    for name, value in changes.items():
        setattr(rig, name, value)
    rig.run(1.0)
    assert rig.phase() is P.STOPPING
    rig.draws_a = 0.99
    rig.tick()
    assert not rig.outputs.enable


def test_currents_that_are_unknown_are_not_below_one_ampere() -> None:
    rig = closed()
    rig.draws_a = 0.0
    rig.reading = {"currents_a": None}
    rig.inputs = {"session": None}
    rig.until_phase(P.STOPPING, 0.1)
    rig.run(4.9)
    assert rig.outputs.enable
    rig.run(0.1)  # stale for longer is a fault of its own
    assert not rig.outputs.enable
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)


def test_the_vehicle_has_its_six_seconds_to_the_end_and_no_more() -> None:
    rig = closed()
    rig.inputs = {"session": session(permitted=False)}
    rig.until_phase(P.STOPPING)
    rig.run(rig.config.vehicle_s - ROUND_S)
    assert rig.phase() is P.STOPPING
    assert rig.tick().phase() is P.OPENING


def test_what_opens_at_once_does_so_while_the_vehicle_is_asked_too() -> None:
    rig = closed()
    rig.inputs = {"session": None}
    rig.run(1.0)
    rig.vehicle = "A"
    assert rig.until(lambda: not rig.outputs.enable, 0.1) <= 0.02 + 1e-6
    assert rig.run(0.1).faults() == (FaultCode.UNPLUGGED,)


def test_charging_goes_on_when_the_cause_is_gone_before_the_contactor_opens() -> None:
    rig = closed()
    rig.inputs = {"session": None}
    rig.run(3.0)
    assert rig.phase() is P.STOPPING
    rig.inputs = {}
    assert rig.tick().phase() is P.CLOSED
    assert rig.is_closed


def test_a_new_authorisation_does_not_keep_an_untested_contactor_closed() -> None:
    rig = closed()
    rig.inputs = {"session": session(permitted=False)}
    rig.run(1.0)
    rig.inputs = {}
    assert rig.run(1.0).phase() is P.STOPPING
    rig.run(4.1)
    assert rig.phase() is P.SELF_TEST


@pytest.mark.req("CHG-3", "MET-7")
@pytest.mark.parametrize(
    ("limits", "duty_percent", "opens"),
    [
        ({"dip1": 0b000}, duty_of_offer(10.3), False),  # +/-5 us of pulse width
        ({"dip1": 0b000}, duty_of_offer(10.4), True),
        ({"dip1": 0b000}, duty_of_offer(32.0), True),
        ({"board_c": 75.0}, duty_of_offer(19.0), False),  # derated to 19 A (CHG-5)
        ({"board_c": 75.0}, duty_of_offer(20.0), True),
    ],
)
def test_a_generator_that_offers_more_than_our_own_limits_opens_after_half_a_second(
    limits: dict[str, Any], duty_percent: float, opens: bool
) -> None:
    rig = closed()
    if "board_c" in limits:  # as fast as nothing real warms, and still no leap
        for board_c in (34.0, 43.0, 52.0, 61.0, 70.0):
            rig.reading = {"board_c": board_c}
            rig.run(1.01)
        rig.reading = limits
        rig.run(5.1)  # the limit follows
    rig.reading = {**limits, "duty_percent": duty_percent}
    rig.inputs = {"pilot": replace(pilot(CpState.C, rig.offered_a), duty_percent=duty_percent)}
    rig.run(0.49)
    assert rig.phase() is P.CLOSED
    rig.run(0.1)
    assert (rig.phase() is not P.CLOSED) is opens
    assert rig.outputs.enable is not opens
    if opens:
        rig.run(5.0)
        assert not rig.outputs.enable
        assert rig.says(Reason.OFFER_TOO_HIGH)


def test_a_meter_that_repeats_an_old_value_counts_as_silent() -> None:
    rig = closed()
    rig.inputs = {"meter": meter(rig.now_s - 5.1)}
    assert rig.run(0.05).phase() is P.STOPPING


def test_a_meter_that_fails_counts_as_silent_five_seconds_after_its_last_value() -> None:
    rig = closed()
    last_s = rig.now_s
    rig.inputs = {"meter": meter(last_s)}
    rig.run(4.99)
    assert rig.phase() is P.CLOSED
    rig.run(0.03)
    assert rig.phase() is P.STOPPING
