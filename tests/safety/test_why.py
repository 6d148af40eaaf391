"""What speaks against current: each reason alone, which one is told first, each edge."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from msgs.meter import NO_LINE, MeterReading
from msgs.pilot import CpState, PilotStatus
from msgs.requests import StopReason
from msgs.safety import FaultCode, SafetyPhase
from msgs.session import SessionStatus, WallboxState
from nodes.safety.faults import CLEAN, Ledger, raise_fault
from nodes.safety.judge import Blind
from nodes.safety.latch import Memory
from nodes.safety.state import Config, Inputs, State
from nodes.safety.why import Reasons, why_blind, why_not, why_not_closed
from tests.safety.facts import PLUGGED

P = SafetyPhase
PILOT = PilotStatus(cp_state=CpState.C, duty_percent=26.7, offered_a=16.0, high_v=6.0, low_v=-12.0)
SESSION = SessionStatus(
    state=WallboxState.CHARGING,
    plugged=True,
    authorized=True,
    session_id="1",
    energy_wh=0.0,
    reason="",
)
METER = MeterReading(
    lines=(NO_LINE, NO_LINE, NO_LINE),
    power_w=0.0,
    online=True,
    source="box",
    sampled_ns=999_800_000_000,
)
INPUTS = Inputs(
    now_s=1000.0,
    utc_ns=7,
    since_s=0.01,
    reading=None,
    pilot=PILOT,
    session=SESSION,
    meter=METER,
    stop=None,
)
KEPT = Memory(is_recalled=True, is_proven=True)
NOTHING = Reasons("", "", "")


def faulty(*codes: FaultCode) -> Ledger:
    ledger = CLEAN
    for code in codes:
        ledger = raise_fault(ledger, code, f"seen {code.name}", 7)
    return ledger


def why(
    config: Mapping[str, Any] = {},
    state: Mapping[str, Any] = {},
    facts: Mapping[str, Any] = {},
    inputs: Mapping[str, Any] = {},
) -> Reasons:
    """Return what speaks against current in a box that charges, but for these changes."""
    return why_not(
        replace(Config(), **config),
        replace(State(), **state),
        replace(PLUGGED, **facts),
        replace(INPUTS, **inputs),
    )


Changes = dict[str, dict[str, Any]]

# Most serious first.
WITHHOLDING: tuple[tuple[Changes, str], ...] = (
    ({"state": {"ledger": faulty(FaultCode.TOO_HOT, FaultCode.RED)}}, "seen TOO_HOT"),
    ({"inputs": {"stop": StopReason.RESTART}}, "stopped"),
    ({"facts": {"is_commissioning": True}}, "commissioning"),
    ({"config": {"showroom": True}}, "showroom"),
    ({"facts": {"cp": CpState.F}}, "state F"),
    ({"facts": {"is_plugged": False}}, "no vehicle"),
    ({"state": {"waits_until_s": 1000.01}}, "mains are back"),
    ({"inputs": {"session": None}}, "session node is silent"),
    ({"inputs": {"session": replace(SESSION, authorized=False)}}, "not authorised"),
    ({"inputs": {"meter": None}}, "meter is silent"),
)
OPENING: tuple[tuple[Changes, str], ...] = (
    ({"state": {"ledger": faulty(FaultCode.TOO_HOT, FaultCode.RED)}}, "seen RED"),
    ({"facts": {"is_switched_off": True}}, "over-temperature"),
    ({"facts": {"exceeds_limit": True}}, "more than"),
    ({"facts": {"asks": False}}, "vehicle does not ask"),
    ({"inputs": {"pilot": None}}, "pilot node is silent"),
    ({"inputs": {"pilot": replace(PILOT, cp_state=CpState.B)}}, "pilot node does not see"),
    ({"inputs": {"stop": StopReason.SIGNAL}}, "stopped"),
)


def together(first: Changes, second: Changes) -> Changes:
    """Return both, the first where they differ."""
    return {name: second.get(name, {}) | first.get(name, {}) for name in first | second}


def test_a_sound_box_with_a_vehicle_that_asks_has_no_reason() -> None:
    assert why() == NOTHING


@pytest.mark.parametrize(("changes", "words"), WITHHOLDING)
def test_each_reason_to_withhold_alone(changes: Changes, words: str) -> None:
    assert words in why(**changes).to_withhold


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(WITHHOLDING)))
def test_the_most_serious_reason_to_withhold_is_told(
    first: tuple[Changes, str], second: tuple[Changes, str]
) -> None:
    assert first[1] in why(**together(first[0], second[0])).to_withhold


@pytest.mark.parametrize(("changes", "words"), OPENING)
def test_each_reason_to_open_alone(changes: Changes, words: str) -> None:
    assert words in why(**changes).to_open


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(OPENING)))
def test_the_most_serious_reason_to_open_is_told(
    first: tuple[Changes, str], second: tuple[Changes, str]
) -> None:
    assert first[1] in why(**together(first[0], second[0])).to_open


@pytest.mark.parametrize("code", list(FaultCode))
def test_every_fault_withholds_and_all_but_heat_open(code: FaultCode) -> None:
    reasons = why(state={"ledger": faulty(code)})
    assert reasons.to_withhold == f"seen {code.name}"
    assert reasons.to_open == ("" if code is FaultCode.TOO_HOT else f"seen {code.name}")


@pytest.mark.parametrize(
    ("stop", "opens"),
    [(StopReason.RESTART, False), (StopReason.SHUTDOWN, False), (StopReason.SIGNAL, True)],
)
def test_a_vehicle_has_its_time_unless_a_signal_stops_the_box(
    stop: StopReason, opens: bool
) -> None:
    reasons = why(inputs={"stop": stop})
    assert reasons.to_withhold
    assert bool(reasons.to_open) is opens


@pytest.mark.parametrize(
    ("waits_until_s", "is_waiting"), [(1000.0, False), (1000.001, True), (0.0, False)]
)
def test_mains_that_are_back_withhold_until_the_wait_is_over(
    waits_until_s: float, is_waiting: bool
) -> None:
    assert bool(why(state={"waits_until_s": waits_until_s}).to_withhold) is is_waiting


@pytest.mark.req("ERR-8002", "ERR-4003")
@pytest.mark.parametrize(
    ("sampled_ns", "now_s", "is_seeing"),
    [
        (995_000_000_000, 1000.0, True),  # 5 s, to the point
        (994_999_000_000, 1000.0, False),
        (0, 4.0, False),  # never read, in a box that has just started
        (1, 4.0, True),
        (1_000_000_000_000, 1000.0, True),
    ],
)
@pytest.mark.parametrize("online", [False, True])
def test_a_meter_sees_for_five_seconds_whatever_it_says_of_itself(
    sampled_ns: int, now_s: float, is_seeing: bool, online: bool
) -> None:
    meter = replace(METER, sampled_ns=sampled_ns, online=online)
    words = why(inputs={"meter": meter, "now_s": now_s}).to_withhold
    assert ("meter is silent" in words) is not is_seeing


@pytest.mark.parametrize(
    ("offered_a", "waits"),
    [(6.0, False), (32.0, False), (5.99, True), (0.0, True), (math.nan, True)],
)
def test_a_pilot_that_offers_less_than_a_duty_can_say_offers_nothing(
    offered_a: float, waits: bool
) -> None:
    reasons = why(inputs={"pilot": replace(PILOT, offered_a=offered_a)})
    assert bool(reasons.to_wait) is waits
    assert (reasons.to_withhold, reasons.to_open) == ("", "")


def test_no_current_by_choice_of_the_pilot_is_told_before_a_generator_without_pwm() -> None:
    nothing = replace(PILOT, offered_a=0.0)
    assert "pilot offers no" in why(inputs={"pilot": nothing}, facts={"has_pwm": False}).to_wait
    assert "generator" in why(facts={"has_pwm": False}).to_wait
    assert "generator" in why(inputs={"pilot": None}, facts={"has_pwm": False}).to_wait
    assert not why(inputs={"pilot": None}).to_wait


@pytest.mark.parametrize("cp_state", list(CpState))
def test_the_contactor_opens_unless_the_pilot_node_sees_c_or_d_too(cp_state: CpState) -> None:
    reasons = why(inputs={"pilot": replace(PILOT, cp_state=cp_state)})
    assert bool(reasons.to_open) is (cp_state not in (CpState.C, CpState.D))
    assert (reasons.to_withhold, reasons.to_wait) == ("", "")


@pytest.mark.parametrize("blind", list(Blind))
def test_without_sight_everything_speaks_against_current(blind: Blind) -> None:
    assert why_blind(blind) == (blind, blind, blind)


# --- for a person ------------------------------------------------------------------------------

WITHHELD, WAITED, OPENED = Reasons("held", "", "o"), Reasons("", "wait", "o"), Reasons("", "", "o")


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (P.START, "not proven open"),
        (P.SELF_TEST, "monitor is being tested"),
        (P.CLOSING, "is closing"),
        (P.STOPPING, "until the vehicle draws nothing"),
        (P.IDLE, "diode"),
        (P.READY, "diode"),
        (P.OPENING, "diode"),
        (P.FAULT, "diode"),
    ],
)
def test_every_phase_but_closed_says_why(phase: SafetyPhase, words: str) -> None:
    assert words in why_not_closed(phase, None, KEPT, NOTHING, False)
    assert why_not_closed(P.CLOSED, None, KEPT, NOTHING, False) == ""
    assert why_not_closed(P.CLOSED, Blind.DARK, KEPT, WITHHELD, True) == ""


@pytest.mark.parametrize(
    ("memory", "words"),
    [
        (KEPT, "the contactor is not proven open yet"),
        (Memory(), "the disk has not answered yet"),
        (Memory(problem="disk full"), "cannot be stored: disk full"),
        (Memory(is_proven=True, problem="disk full"), "cannot be stored: disk full"),
    ],
)
def test_a_start_says_what_it_waits_for(memory: Memory, words: str) -> None:
    assert words in why_not_closed(P.START, None, memory, WITHHELD, False)


def test_a_start_says_that_it_wants_a_proof_or_sight() -> None:
    assert (
        why_not_closed(P.START, None, KEPT, WITHHELD, False)
        == "the contactor is not proven open yet"
    )
    assert why_not_closed(P.START, Blind.DARK, KEPT, WITHHELD, False) == Blind.DARK


@pytest.mark.parametrize("phase", [P.IDLE, P.READY, P.OPENING, P.FAULT, P.STOPPING])
@pytest.mark.parametrize(
    ("reasons", "words"), [(WITHHELD, "held"), (WAITED, "wait"), (OPENED, "o")]
)
@pytest.mark.parametrize("is_resting", [False, True])
def test_the_first_reason_is_told(
    phase: SafetyPhase, reasons: Reasons, words: str, is_resting: bool
) -> None:
    said = why_not_closed(phase, None, KEPT, reasons, is_resting)
    if phase is P.STOPPING:
        assert said.endswith(f": {words}")
    else:
        assert said == words


@pytest.mark.parametrize("phase", [P.IDLE, P.READY, P.OPENING, P.FAULT])
def test_a_contactor_that_rests_says_so_when_nothing_else_speaks_against_it(
    phase: SafetyPhase,
) -> None:
    assert "rests" in why_not_closed(phase, None, KEPT, NOTHING, True)
