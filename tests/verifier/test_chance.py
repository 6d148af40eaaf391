"""Visits and disturbances: random, repeated by the same seed, and of every kind."""

import random

import pytest

from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN
from msgs.card import CardColor
from msgs.plant import SimFault
from verifier.disturbances import (
    FATAL,
    HUNG_S,
    NAMES,
    Cause,
    Disturbance,
    Loss,
    NodeDeath,
    NodeFreeze,
    NodeRestart,
    Outage,
    Targets,
    WorldFault,
    is_harmless,
    random_disturbances,
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
        WorldFault, Loss, NodeDeath, NodeFreeze, NodeRestart, Outage,
    }  # fmt: skip
    assert {disturbance.in_charge for disturbance in disturbances} == {True, False}
    faults = [
        disturbance.cause.name
        for disturbance in disturbances
        if isinstance(disturbance.cause, WorldFault)
    ]
    assert set(faults) == set(NAMES)
    assert sum(name in FATAL for name in faults) < len(faults) / 20
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
    ],
)
def test_a_disturbance_is_harmless_within_half_of_the_hold(
    cause: Cause, lasts_s: float, harmless: bool
) -> None:
    disturbance = Disturbance(cause=cause, in_charge=True, after_s=0.0, lasts_s=lasts_s)
    assert is_harmless(disturbance) is harmless
