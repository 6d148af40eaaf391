"""An offer that ends has a line in the log, with the writer that is silent and for how long."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState
from nodes.pilot.cp_line import CpLineReading
from nodes.pilot.machine import (
    Config,
    Inputs,
    Outputs,
    SafetyPermission,
    SessionPermission,
    State,
    step,
)

CONFIG = Config()
LINE = CpLineReading(high_v=6.0, low_v=-12.0, duty_percent=26.67)
SAFETY = SafetyPermission(may_offer=True, limit_a=32.0, installation_limit_a=32.0)
SESSION = SessionPermission(
    permitted=True, session_id="s1", has_energy=True, is_card_required=False
)
INPUTS = Inputs(now_s=1000.0, reading=LINE, safety=SAFETY, session=SESSION, offer_a=16.0)


def offering() -> State:
    """Return the state of a vehicle that charges at 16 A."""
    state = State()
    for number in range(4):
        state, outputs = step(CONFIG, state, replace(INPUTS, now_s=990.0 + 0.02 * number))
    assert outputs.status is not None
    assert (outputs.status.cp_state, outputs.status.offered_a) == (CpState.C, 16.0)
    return state


def then(state: State, now_s: float = 1000.0, **inputs: Any) -> tuple[State, Outputs]:
    return step(CONFIG, state, replace(INPUTS, now_s=now_s, **inputs))


@pytest.mark.parametrize(
    ("inputs", "level", "words"),
    [
        ({"safety": None}, "warning", "safety has been silent for more than 1000 ms"),
        ({"session": None}, "warning", "session has been silent for more than 3000 ms"),
        ({"offer_a": None}, "warning", "load_manager has been silent for more than 3000 ms"),
        ({"reading": None, "since_s": 0.9}, "warning", "not be read; the look before was 900 ms"),
        ({"offer_a": 0.0}, "info", "the lowest limit is 0.0 A, below 6 A"),
        ({"safety": replace(SAFETY, may_offer=False)}, "info", "safety withholds it"),
        ({"session": replace(SESSION, permitted=False)}, "info", "session does not permit"),
    ],
)
def test_the_end_of_an_offer_is_logged_once_with_its_cause(
    inputs: dict[str, Any], level: str, words: str
) -> None:
    state, outputs = then(offering(), **inputs)
    assert outputs.line is not None
    assert outputs.line[0] == level
    assert words in outputs.line[1]
    assert "16 A before" in outputs.line[1]
    assert then(state, 1000.02, **inputs)[1].line is None


@pytest.mark.parametrize(("high_v", "words"), [(0.0, "in state E, +0.0 V"), (-12.0, "in state F")])
def test_a_line_without_a_vehicle_s_state_is_named(high_v: float, words: str) -> None:
    state, lines = offering(), []
    reading = CpLineReading(high_v=high_v, low_v=-12.0, duty_percent=26.67)
    for number in range(10):
        state, outputs = then(state, 1000.0 + 0.02 * number, reading=reading)
        lines += [] if outputs.line is None else [outputs.line[1]]
    (line,) = lines
    assert words in line


def test_a_plug_that_is_pulled_and_a_lowered_offer_are_not_logged() -> None:
    state = offering()
    reading = CpLineReading(high_v=12.0, low_v=-12.0, duty_percent=26.67)
    for number in range(10):
        state, outputs = then(state, 1000.0 + 0.02 * number, reading=reading)
        assert outputs.line is None
    assert state.offered_a == 0.0
    assert then(offering(), offer_a=6.0)[1].line is None
