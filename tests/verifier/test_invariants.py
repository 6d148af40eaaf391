"""No invariant is broken in a charge; each allows a breach for its time, and no longer."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from msgs.meter import NO_LINE
from msgs.pilot import duty_of_offer
from msgs.plant import SimPower
from msgs.safety import Contactor, FaultCode
from tests.builders import (
    charging_pilot,
    charging_safety,
    charging_session,
    load_offer,
    meter_reading,
)
from tests.verifier.conftest import SIGNALS
from verifier.invariants import INVARIANTS, OF_A_RUN, SLACK_S, Invariant, InvariantMonitor
from verifier.observation import (
    NEVER_S,
    NewestMessage,
    Observation,
    PilotObservation,
    SafetyObservation,
)

NOW_S = 1000.0
STEP_S = 0.001

CHARGING = replace(
    SIGNALS,
    high_v=6.0,
    duty_percent=duty_of_offer(16.0),
    mirror_closed=False,
    load_voltage=True,
    terminal_c=40.0,
    board_c=35.0,
)
LINE = replace(NO_LINE, current_a=15.7, voltage_v=230.0)
POWER = SimPower(lines=(LINE, LINE, LINE))
PILOT = charging_pilot()
SESSION = charging_session()
METER = meter_reading(0.0, NOW_S, lines=(LINE, LINE, LINE), power_w=10_000.0)
SAFETY = charging_safety(temperature_c=40.0, installation_limit_a=16.0, limit_a=16.0)
OFFER = load_offer()


def charging() -> Observation:
    """Return a box that charges with 16 A."""
    return Observation(
        since_s=NOW_S,
        dip_a=16.0,
        fuse_a=35.0,
        needs_card=True,
        plugged_s=NOW_S - 50.0,
        carded_s=NOW_S - 100.0,
        undisturbed_since_s=0.0,
        coil=True,
        closed=True,
        duty_percent=duty_of_offer(16.0),
        edge_s=NOW_S,
        is_tested=True,
        drawn_a=(15.7, 15.7, 15.7),
        house=METER,
        safety=SafetyObservation(
            runs_since_s=0.0,
            signals=NewestMessage(CHARGING, NOW_S),
            power=NewestMessage(POWER, NOW_S),
            chip_since_s=NOW_S,
            pilot=NewestMessage(PILOT, NOW_S),
            session=NewestMessage(SESSION, NOW_S),
            meter=NewestMessage(METER, NOW_S),
            enable=True,
            status=SAFETY,
        ),
        pilot=PilotObservation(
            runs_since_s=0.0,
            safety=NewestMessage(SAFETY, NOW_S),
            session=NewestMessage(SESSION, NOW_S),
            offer=NewestMessage(OFFER, NOW_S),
        ),
    )


def keep_fresh(seen: Observation, now_s: float) -> None:
    """Renew the stamps of all messages but those that the test has made older."""
    for heard in (
        seen.safety.signals,
        seen.safety.power,
        seen.safety.pilot,
        seen.safety.session,
        seen.safety.meter,
        seen.pilot.safety,
        seen.pilot.session,
        seen.pilot.offer,
    ):
        if heard.stamp_s == seen.since_s:
            heard.stamp_s = now_s
    if seen.safety.chip_since_s == seen.since_s:
        seen.safety.chip_since_s = now_s
    if seen.edge_s == seen.since_s:
        seen.edge_s = now_s


def broken_after_s(seen: Observation, name: str, most_s: float = 22.0) -> float | None:
    """Return after which time a breach of an invariant is returned [s]; None if it is not."""
    watch = InvariantMonitor(INVARIANTS)
    begin_s = seen.since_s
    while seen.since_s < begin_s + most_s:
        now_s = seen.since_s + STEP_S
        keep_fresh(seen, now_s)
        if name in {broken.name for broken in watch.look(seen, now_s)}:
            return now_s - begin_s
        seen.since_s = now_s
    return None


def unplug(seen: Observation) -> None:
    seen.safety.signals.message = replace(CHARGING, high_v=12.0)


def lose_diode(seen: Observation) -> None:
    seen.safety.signals.message = replace(CHARGING, low_v=-6.0)


def forget_test(seen: Observation) -> None:
    seen.is_tested = False


def silence(what: str) -> Callable[[Observation], None]:
    def act(seen: Observation) -> None:
        heard = getattr(seen.safety, what)
        heard.stamp_s = seen.since_s - 1e-6

    return act


def withdraw(seen: Observation) -> None:
    seen.safety.session.message = replace(SESSION, permitted=False)


def go_offline(seen: Observation) -> None:
    seen.safety.meter.message = replace(METER, online=False)


def pause(seen: Observation) -> None:
    seen.safety.pilot.message = replace(PILOT, offered_a=0.0)


def stop_pwm(seen: Observation) -> None:
    seen.safety.signals.message = replace(CHARGING, duty_percent=100.0)


def withdraw_unloaded(seen: Observation) -> None:
    withdraw(seen)
    seen.safety.power.message = SimPower(lines=(NO_LINE, NO_LINE, NO_LINE))


def lose_earth(seen: Observation) -> None:
    seen.safety.signals.message = replace(CHARGING, earth_ohm=600.0)


def heat(seen: Observation) -> None:
    seen.safety.signals.message = replace(CHARGING, board_c=80.5)


def latch(seen: Observation) -> None:
    seen.safety.status = replace(SAFETY, faults=(FaultCode.RED,))


def forget_cards(seen: Observation) -> None:
    seen.carded_s = NEVER_S


def use_an_old_card(seen: Observation) -> None:
    seen.carded_s = seen.plugged_s - 71.0


def restart_the_box(seen: Observation) -> None:
    seen.card_since_s = seen.since_s


def freeze_the_chip(seen: Observation) -> None:
    seen.safety.chip_since_s -= 1e-6


def forget_all_red(seen: Observation) -> None:
    seen.kept = frozenset({FaultCode.RED})


def publish_nothing(seen: Observation) -> None:
    forget_all_red(seen)
    seen.safety.status = None


def stop_edges(seen: Observation) -> None:
    seen.edge_s -= 1e-6
    seen.safety.runs_since_s = None


def leak(seen: Observation) -> None:
    seen.safety.signals.message = replace(CHARGING, residual_dc=True)


def trip(seen: Observation) -> None:
    seen.is_tripped = True


def hang(seen: Observation) -> None:
    seen.coil = False


def weld(seen: Observation) -> None:
    hang(seen)
    seen.may_stick = True


def lie(seen: Observation) -> None:
    seen.safety.status = replace(SAFETY, contactor=Contactor.OPEN)


def offer_beyond(message: str, value: object) -> Callable[[Observation], None]:
    def act(seen: Observation) -> None:
        getattr(seen.pilot, message).message = value

    return act


def offer_on_silence(message: str) -> Callable[[Observation], None]:
    def act(seen: Observation) -> None:
        getattr(seen.pilot, message).stamp_s = seen.since_s - 1e-6

    return act


def offer_unheard(seen: Observation) -> None:
    seen.pilot = PilotObservation(
        runs_since_s=seen.since_s,
        safety=NewestMessage(SAFETY, seen.since_s),
        session=NewestMessage(SESSION, seen.since_s),
    )


def exceed_dip(seen: Observation) -> None:
    seen.duty_percent = duty_of_offer(16.1)


def overload(seen: Observation) -> None:
    line = replace(LINE, current_a=36.5)
    seen.house = replace(METER, lines=(LINE, LINE, line))


def change_the_vehicle(seen: Observation) -> None:
    seen.session_id, seen.session_plug = "1", 7
    seen.plug = 8


def open_without_cause(seen: Observation) -> None:
    seen.stays_until_s = seen.since_s + 1.0
    seen.coil = seen.closed = False


BREACHES: list[tuple[str, Callable[[Observation], None], float]] = [
    ("vehicle", unplug, 0.06),
    ("diode", lose_diode, 0.06),
    ("self_test", forget_test, 0.06),
    ("sensors", silence("signals"), 0.06),
    ("pilot_node", silence("pilot"), 1.01),
    ("permission", withdraw, 6.01),
    ("permission", silence("session"), 9.01),
    ("permission", silence("meter"), 11.01),
    ("permission", go_offline, 11.01),
    ("permission", pause, 6.01),
    ("permission", stop_pwm, 6.01),
    ("unloaded", withdraw_unloaded, 0.02),
    ("permitted", withdraw, 0.02),
    ("permitted", silence("session"), 3.02),
    ("permitted", silence("meter"), 5.02),
    ("permitted", go_offline, 5.02),
    ("earth", lose_earth, 0.11),
    ("heat", heat, 6.11),
    ("carded", forget_cards, 6.01),
    ("carded", use_an_old_card, 6.01),
    ("carded", restart_the_box, 6.01),
    ("frozen", freeze_the_chip, 5.01),
    ("latched", latch, 0.01),
    ("kept", forget_all_red, 1.0),
    ("kept", publish_nothing, 1.0),
    ("watchdog", stop_edges, 1.0),
    ("residual", leak, 0.01),
    ("trip", trip, 0.6),
    ("contacts", hang, 0.025),
    ("truth", lie, 0.07),
    ("weld", weld, 2.0),
    ("offer", offer_beyond("safety", replace(SAFETY, permitted=False)), 0.02),
    ("offer", offer_beyond("safety", replace(SAFETY, limit_a=15.9)), 0.02),
    ("offer", offer_beyond("session", replace(SESSION, permitted=False)), 0.02),
    ("offer", offer_beyond("offer", replace(OFFER, limit_a=15.9)), 0.02),
    ("offer", offer_on_silence("safety"), 1.02),
    ("offer", offer_on_silence("session"), 3.02),
    ("offer", offer_on_silence("offer"), 3.02),
    ("offer", offer_unheard, 3.02),
    ("dip", exceed_dip, 0.0),
    ("fuse", overload, 21.0),
    ("undisturbed", open_without_cause, 0.0),
    ("one_plug", change_the_vehicle, 2.0),
]


def test_nothing_is_broken_in_a_charge() -> None:
    seen = charging()
    watch = InvariantMonitor(INVARIANTS)
    for _ in range(3000):
        now_s = seen.since_s + 0.01
        keep_fresh(seen, now_s)
        assert watch.look(seen, now_s) == []
        seen.since_s = now_s
    assert watch.look_at_closing(seen, seen.since_s) == []


@pytest.mark.parametrize(
    ("name", "act", "after_s"),
    BREACHES,
    ids=[f"{name}-{act.__name__}" for name, act, _ in BREACHES],
)
def test_a_breach_is_returned_when_its_time_is_over(
    name: str, act: Callable[[Observation], None], after_s: float
) -> None:
    seen = charging()
    act(seen)
    broken_s = broken_after_s(seen, name)
    assert broken_s == pytest.approx(after_s + SLACK_S + STEP_S, abs=2 * STEP_S)


def test_every_invariant_has_a_breach_here() -> None:
    assert {name for name, _, _ in BREACHES} == {rule.name for rule in INVARIANTS}


def test_no_card_is_needed_where_none_is_required() -> None:
    seen = charging()
    forget_cards(seen)
    seen.needs_card = False
    assert broken_after_s(seen, "carded") is None


def test_a_latched_fault_that_is_published_is_not_forgotten() -> None:
    seen = charging()
    latch(seen)
    forget_all_red(seen)
    assert broken_after_s(seen, "kept") is None


@pytest.mark.parametrize("current_a", [0.0, 1.0])
def test_a_chip_may_repeat_itself_without_a_current(current_a: float) -> None:
    seen = charging()
    freeze_the_chip(seen)
    line = replace(LINE, current_a=current_a)
    seen.safety.power.message = SimPower(lines=(line, line, line))
    assert broken_after_s(seen, "frozen") is None


def test_other_loads_may_overload_the_house_by_themselves() -> None:
    seen = charging()
    line = replace(LINE, current_a=51.0)
    seen.house = replace(METER, lines=(LINE, LINE, line))
    assert broken_after_s(seen, "fuse") is None


def test_a_breach_that_ends_in_time_is_none() -> None:
    seen = charging()
    unplug(seen)
    assert broken_after_s(seen, "vehicle", most_s=0.05) is None
    seen.safety.signals.message = CHARGING
    watch = InvariantMonitor(INVARIANTS)
    assert watch.look(seen, seen.since_s + 0.05) == []


def test_a_node_that_was_frozen_gets_the_full_time_again() -> None:
    seen = charging()
    unplug(seen)
    seen.safety.runs_since_s = None
    assert broken_after_s(seen, "vehicle", most_s=0.5) is None
    seen.safety.runs_since_s = seen.since_s
    assert broken_after_s(seen, "vehicle") == pytest.approx(0.063, abs=2 * STEP_S)


@pytest.mark.parametrize("rule", [rule for rule in INVARIANTS if rule.closing_s is not None])
def test_a_coil_gets_no_current_while_a_rule_is_broken(rule: Invariant) -> None:
    name = rule.name
    seen = charging()
    seen.coil = False
    next(act for each, act, _ in BREACHES if each == name)(seen)
    assert broken_after_s(seen, name, most_s=0.01) is None
    watch = InvariantMonitor(INVARIANTS)
    stale_s = seen.since_s + 2.0
    watch.look(seen, stale_s)
    seen.since_s = stale_s
    seen.coil = True
    assert name in {broken.name for broken in watch.look_at_closing(seen, stale_s)}


def test_the_page_lists_every_invariant_as_the_code_has_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "invariants.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?)(?: \| (.+?))? \|$", page, flags=re.MULTILINE)
    assert [(name, says, within) for name, says, within in rows] == [
        *((rule.name, rule.says, f"{rule.within_s:g} s") for rule in INVARIANTS),
        *((name, says, "") for name, says in OF_A_RUN.items()),
    ]
