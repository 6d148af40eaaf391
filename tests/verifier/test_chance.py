"""Visits and disturbances: random, repeated by the same seed, and of every kind."""

import random
from itertools import product

import pytest

from bus.disk import Refusal
from bus.memory import START_UTC_NS
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN
from msgs.card import CardColor
from msgs.plant import SimFault
from verifier.disturbances import (
    CLOCK_ERRORS_S,
    CUTS_S,
    GLITCH_S,
    GLITCHES,
    HUNG_S,
    LATCHING,
    NAMES,
    BoxRestart,
    Cause,
    ClockError,
    DiskRefusal,
    Disturbance,
    Loss,
    NodeDeath,
    NodeFreeze,
    NodeRestart,
    Outage,
    PowerCut,
    Targets,
    WorldFault,
    is_harmless,
    random_disturbances,
    random_glitch,
)
from verifier.users import Visit, random_installation, random_visit

TARGETS = Targets(nodes=("pilot", "safety"), links=(("pilot/status", "safety"), ("?", "plant")))


CARD = "card"


def names(visit: Visit) -> list[str]:
    """Return the acts of a visit, in order: a card, or the method of the request."""
    return [CARD if isinstance(act.does, CardColor) else act.does.method.name for act in visit.acts]


def test_a_visit_begins_with_a_plug_and_ends_without() -> None:
    for seed in range(200):
        visit = random_visit(random.Random(seed))
        times_s = [act.at_s for act in visit.acts]
        assert times_s == sorted(times_s)
        assert times_s[-1] <= visit.length_s
        assert next(each for each in names(visit) if each != CARD) == "plug"
        assert names(visit)[-1] == "pull"
        assert visit == random_visit(random.Random(seed))


def test_every_house_is_one_that_the_plan_allows() -> None:
    houses = [random_installation(random.Random(seed)) for seed in range(50)]
    for house in houses:
        plan = load_plan(VIRTUAL_PLAN, house.settings)
        assert plan.node("plant").parameters["dip_a"] == house.dip_a
        given = plan.node("system").parameters["settings"]
        assert house.fuse_a == (given["main_fuse_a"] if given["monitoring"]["enabled"] else None)
        assert given["authorization"]["required"] is house.needs_card
    assert len({house.dip_a for house in houses}) == 6
    assert {house.needs_card for house in houses} == {True, False}


def test_a_card_of_the_box_is_presented_before_or_after_the_plug_in_every_visit() -> None:
    orders = set()
    for seed in range(50):
        acts = [each for each in names(random_visit(random.Random(seed))) if each != "wish"]
        orders.add(tuple(acts[:2]))
    assert orders == {(CARD, "plug"), ("plug", CARD)}


def test_disturbances_are_of_every_kind_and_only_on_given_targets() -> None:
    chance = random.Random(1)
    disturbances = [
        disturbance
        for _ in range(2000)
        for disturbance in random_disturbances(chance, TARGETS, 60.0, (0.0, 30.0))
    ]
    assert {type(disturbance.cause) for disturbance in disturbances} == {
        WorldFault, Loss, NodeDeath, NodeFreeze, NodeRestart, Outage, PowerCut, BoxRestart,
        DiskRefusal, ClockError,
    }  # fmt: skip
    assert {disturbance.in_charge for disturbance in disturbances} == {True, False}
    faults = [
        disturbance.cause.name
        for disturbance in disturbances
        if isinstance(disturbance.cause, WorldFault)
    ]
    assert set(faults) == set(NAMES)
    assert sum(name in LATCHING for name in faults) < len(faults) / 4
    for disturbance in disturbances:
        match disturbance.cause:
            case Loss(topic=topic, reader=reader, ratio=ratio):
                assert (topic, reader) in TARGETS.links or reader == "*"
                assert 0.0 < ratio <= 1.0
            case NodeDeath(node=node) | NodeRestart(node=node):
                assert node in TARGETS.nodes
            case NodeFreeze(node=node):
                assert node in TARGETS.nodes
                assert disturbance.lasts_s <= HUNG_S
            case _:
                pass


def causes_of(seed: int, count: int = 5000) -> list[Disturbance]:
    chance = random.Random(seed)
    return [
        disturbance
        for _ in range(count)
        for disturbance in random_disturbances(chance, TARGETS, 60.0, (0.0, 30.0))
    ]


def test_every_sensor_has_short_disturbances_from_10_ms_to_5_s() -> None:
    least_s, most_s = GLITCH_S
    disturbances = causes_of(3)
    for name in GLITCHES:
        lasted_s = [each.lasts_s for each in disturbances if each.cause == WorldFault(name=name)]
        short_s = [lasts_s for lasts_s in lasted_s if lasts_s <= most_s]
        assert min(short_s) < 10 * least_s, name
        assert max(short_s) > most_s / 3, name


def test_a_glitch_is_short_and_of_any_sensor() -> None:
    glitches = [random_glitch(random.Random(seed)) for seed in range(500)]
    assert {each.cause for each in glitches} == {
        Outage(),
        *(WorldFault(name=name) for name in GLITCHES),
    }
    assert all(GLITCH_S[0] <= each.lasts_s <= GLITCH_S[1] for each in glitches)


def test_power_is_cut_for_seconds_and_for_days_with_and_without_another_vehicle() -> None:
    cuts = [each.cause for each in causes_of(4) if isinstance(each.cause, PowerCut)]
    assert {cut.seconds for cut in cuts} == set(CUTS_S)
    assert {(cut.changes_vehicle, cut.is_utc_set) for cut in cuts} == set(
        product((True, False), repeat=2)
    )


def test_the_box_is_restarted_with_and_without_session_and_another_vehicle() -> None:
    restarts = [each.cause for each in causes_of(5) if isinstance(each.cause, BoxRestart)]
    assert {(each.is_session_dead, each.changes_vehicle) for each in restarts} == set(
        product((True, False), repeat=2)
    )


def test_utc_is_set_back_ahead_and_to_1970() -> None:
    errors_s = {each.cause.ahead_s for each in causes_of(6) if isinstance(each.cause, ClockError)}
    assert errors_s == set(CLOCK_ERRORS_S)
    assert min(errors_s) == -START_UTC_NS / 1e9
    assert max(errors_s) > 0.0


def test_a_visit_has_no_disturbance_or_one_or_several() -> None:
    chance = random.Random(2)
    counts = [len(random_disturbances(chance, TARGETS, 60.0, (0.0,))) for _ in range(200)]
    assert {0, 1, 2, 3} < set(counts)
    assert max(counts) == 10


@pytest.mark.parametrize(
    ("cause", "lasts_s", "harmless"),
    [
        (NodeRestart(node="pilot"), 60.0, True),
        (NodeRestart(node="safety"), 0.1, False),
        (NodeDeath(node="pilot"), 0.4, True),
        (NodeDeath(node="pilot"), 0.6, False),
        (NodeFreeze(node="session"), 1.4, True),
        (NodeFreeze(node="session"), 1.6, False),
        (NodeDeath(node="led"), 100.0, True),
        (NodeFreeze(node="safety"), 0.01, False),
        (Loss(topic="load/offer", reader="pilot", ratio=1.0), 1.4, True),
        (Loss(topic="load/offer", reader="pilot", ratio=1.0), 1.6, False),
        (Loss(topic="sim/signals", reader="safety", ratio=1.0), 0.01, False),
        (WorldFault(name=SimFault.SAG), 0.01, False),
        (Outage(), 0.01, False),
        (PowerCut(seconds=10.0, changes_vehicle=False, is_utc_set=True), 0.01, False),
        (BoxRestart(is_session_dead=False, changes_vehicle=False), 0.01, False),
        (DiskRefusal(refusal=Refusal.ALL), 60.0, True),
        (ClockError(ahead_s=-10.0), 60.0, True),
    ],
)
def test_a_disturbance_is_harmless_within_half_of_the_hold(
    cause: Cause, lasts_s: float, harmless: bool
) -> None:
    disturbance = Disturbance(cause=cause, in_charge=True, after_s=0.0, lasts_s=lasts_s)
    assert is_harmless(disturbance) is harmless
