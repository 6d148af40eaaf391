"""The phase assignment is found by the vehicle's own steps, and never a wrong one for sure."""

from collections import Counter
from random import Random

import pytest

from msgs.load_manager import PhaseSearchAction
from msgs.pilot import CpState
from msgs.settings import PhaseAssignment
from nodes.load_manager import search_words as words
from nodes.load_manager.search import IDLE_S, LEVELS_A, SEARCH_S
from tests.load_manager.wired_house import (
    MIRRORED,
    SETTABLE,
    Load,
    TrueWiring,
    Vehicle,
    WiredHouse,
    constant,
    now_and_then,
    pulses,
    random_house,
)

QUIET: list[list[Load]] = [[constant(1.0)], [constant(2.0)], [constant(0.5)]]
KETTLES: list[list[Load]] = [
    [constant(1.0)],
    [constant(2.0), pulses(Random(1), 9.0, 40.0, 0.5)],
    [constant(0.5), pulses(Random(2), 9.0, 33.0, 0.3)],
]
FEW, MANY = 40, 1000  # houses at random


def house(
    wiring: TrueWiring = SETTABLE[PhaseAssignment.L1_L2_L3], seed: int = 1, **changes: object
) -> WiredHouse:
    given = {"loads": QUIET, "vehicle": Vehicle(phases=1), **changes}
    return WiredHouse(wiring=wiring, chance=Random(seed), **given)  # type: ignore[arg-type]


@pytest.mark.req("MET-4")
@pytest.mark.parametrize("assignment", PhaseAssignment)
def test_a_vehicle_with_one_phase_shows_the_assignment(assignment: PhaseAssignment) -> None:
    site = house(SETTABLE[assignment])
    shown = site.search()
    assert (shown.proposal, shown.running) == (assignment, False)
    assert [each.phase_assignment for each in shown.candidates] == [assignment]
    assert shown.candidates[0].confidence > 0.999
    three = len(site.wiring) == 3
    assert ("does not use L2 and L3" in shown.detail) == three
    if assignment is site.limits.phases:
        assert "that is set agrees" in shown.detail
    else:
        assert f"To confirm, set phase_assignment to {assignment}" in shown.detail


@pytest.mark.req("MET-4")
def test_the_measurement_only_lowers_the_offer_and_ends_it_before_two_minutes() -> None:
    site = house(loads=[[now_and_then(Random(1), 11.0, 1.0, 3.0)] for _ in range(3)])
    shown = site.search()
    assert shown.detail.startswith(words.TIMEOUT)
    assert set(site.offers_a[:-1]) == set(LEVELS_A)
    assert site.offers_a[-1] == 16.0
    assert SEARCH_S - 1.0 <= site.now_s - 1000.0 <= SEARCH_S + 1.0
    assert shown.ends_ns / 1e9 == pytest.approx(1000.0 + SEARCH_S, abs=1.0)


@pytest.mark.req("MET-4")
@pytest.mark.parametrize("wiring", [*MIRRORED, SETTABLE[PhaseAssignment.L3_L1_L2]])
def test_a_vehicle_that_draws_alike_shows_no_order_while_the_phases_are_alike(
    wiring: TrueWiring,
) -> None:
    site = house(wiring, vehicle=Vehicle(phases=3), noise_v=0.02)
    shown = site.search()
    assert shown.proposal is None
    assert len(shown.candidates) == 3
    assert words.KETTLE in shown.detail


@pytest.mark.req("MET-4")
@pytest.mark.parametrize("assignment", [each for each in PhaseAssignment if len(each) > 2])
def test_kettles_on_two_phases_show_the_order_of_a_vehicle_that_draws_alike(
    assignment: PhaseAssignment,
) -> None:
    site = house(SETTABLE[assignment], vehicle=Vehicle(phases=3), loads=KETTLES)
    shown = site.search()
    assert shown.proposal is assignment, shown.detail
    assert "L1 on" in shown.detail
    assert "L3 on" in shown.detail


@pytest.mark.req("MET-4")
@pytest.mark.parametrize(
    ("wiring", "phases", "text"),
    [
        ((None, (1, 1), (2, 1)), 1, "The vehicle draws on L1, and not as many clamps show it."),
        (((2, -1), (0, 1), (1, 1)), 1, "The clamp on L3 of the house meter is reversed"),
        (((0, 1), (1, 1), (2, -1)), 3, "The clamp on L3 of the house meter is reversed"),
        (((0, 1), None, (2, 1)), 3, "not the one on L2"),
        (((1, -1),), 1, "The clamp on L2 of the house meter is reversed"),
    ],
)
def test_a_wrong_clamp_is_named_and_nothing_is_proposed(
    wiring: TrueWiring, phases: int, text: str
) -> None:
    shown = house(wiring, vehicle=Vehicle(phases=phases), loads=KETTLES).search()
    assert shown.proposal is None
    assert text in shown.detail


@pytest.mark.req("MET-4")
def test_an_order_that_cannot_be_set_is_named() -> None:
    shown = house(MIRRORED[0], vehicle=Vehicle(phases=3), loads=KETTLES).search()
    assert shown.proposal is None
    assert "in an order that cannot be set: the wallbox's L1 on L1, L2 on L3" in shown.detail


def wrong_proposals(seeds: range) -> tuple[list[int], Counter[str]]:
    """Return the houses with a wrong proposal, and how many of each kind were right."""
    wrong, counts = [], Counter[str]()
    for seed in seeds:
        site = random_house(seed)
        shown = site.search()
        if site.is_wrong(shown):
            wrong.append(seed)
        is_easy = site.wiring in SETTABLE.values() and len(site.used) == 1
        counts["easy"] += is_easy
        counts["found"] += is_easy and shown.proposal is not None
        counts["by voltage"] += len(site.used) == 3 and shown.proposal is not None
    return wrong, counts


@pytest.mark.req("MET-4")
def test_other_loads_and_wrong_wiring_make_no_wrong_proposal() -> None:
    wrong, counts = wrong_proposals(range(FEW))
    assert wrong == []
    assert counts["found"] >= 3


@pytest.mark.proof
@pytest.mark.req("MET-4")
@pytest.mark.timeout(360)
def test_there_is_no_wrong_proposal_in_a_thousand_houses() -> None:
    wrong, counts = wrong_proposals(range(MANY))
    assert wrong == []
    assert counts["found"] >= 0.25 * counts["easy"]
    assert counts["by voltage"] >= 10


# --- how it begins and ends -------------------------------------------------------------------


def begun(seconds: float = 30.0, **changes: float) -> WiredHouse:
    site = house(**changes)  # type: ignore[arg-type]
    site.step(PhaseSearchAction.BEGIN)
    for _ in range(round(4 * seconds)):
        site.step()
    assert site.state.running is not None
    return site


def run(site: WiredHouse, seconds: float) -> str:
    """Run, and return what is shown; the offer is free again after the end."""
    for _ in range(round(4 * seconds)):
        site.step()
    assert site.state.shown is not None
    if not site.state.shown.running:
        assert site.offers_a[-1] == 16.0
    return site.state.shown.detail


def test_progress_is_shown() -> None:
    assert "steps of the vehicle's current so far" in run(begun(), 0.25)


def test_it_ends_when_it_is_stopped() -> None:
    site = begun()
    site.step(PhaseSearchAction.STOP)
    assert run(site, 1.0).startswith(words.STOPPED)


def test_it_ends_with_the_plug() -> None:
    site = begun()
    site.cp_state = CpState.A
    assert run(site, 0.25).startswith(words.UNPLUGGED)


def test_it_ends_when_the_vehicle_draws_nothing_any_more() -> None:
    site = begun()
    site.others_a = 0.0
    assert run(site, IDLE_S + 5.0).startswith(words.NO_CURRENT)


@pytest.mark.parametrize(("poll_s", "hold_s"), [(1.0, 10.0), (6.0, 18.0)])
def test_it_ends_with_the_house_meter(poll_s: float, hold_s: float) -> None:
    site = begun(poll_s=poll_s)
    site.is_online = False
    assert "so far" in run(site, hold_s - poll_s - 1.0)
    assert run(site, poll_s + 2.0).startswith(words.METER_LOST)


def test_it_ends_when_the_settings_change() -> None:
    site = begun()
    site.limits = type(site.limits)(
        monitoring=True,
        meter=site.limits.meter,
        main_fuse_a=25.0,
        phases=PhaseAssignment.L1_L2_L3,
    )
    assert run(site, 0.25).startswith(words.SETTINGS_CHANGED)


def test_it_is_refused_with_the_reason() -> None:
    site = begun()
    site.step(PhaseSearchAction.BEGIN)
    assert site.refused == words.RUNS_ALREADY
    site = house()
    site.step(PhaseSearchAction.SHOW)
    assert site.refused == words.NONE_SHOWN
    site.step(PhaseSearchAction.STOP)
    assert site.refused == words.NONE_SHOWN
    site.others_a = 0.0
    site.step(PhaseSearchAction.BEGIN)
    assert site.refused == words.NO_CHARGE
    assert site.state.running is None
