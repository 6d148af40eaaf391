"""Visits and troubles: random, the same for the same chance, and of every kind."""

import random

import pytest

from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN
from msgs.card import CardColor
from msgs.plant import SimFault
from verifier.troubles import (
    FATAL,
    HUNG_S,
    NAMES,
    Cause,
    Death,
    Fault,
    Loss,
    Outage,
    Restart,
    Scene,
    Sleep,
    Trouble,
    is_harmless,
    random_troubles,
)
from verifier.users import Visit, random_house, random_visit

SCENE = Scene(nodes=("pilot", "safety"), links=(("pilot/status", "safety"), ("?", "plant")))


CARD = "card"


def names(visit: Visit) -> list[str]:
    """Return what is done in a visit, in order: a card, or the method that is asked for."""
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
    houses = [random_house(random.Random(seed)) for seed in range(50)]
    for house in houses:
        plan = load_plan(VIRTUAL_PLAN, house.settings)
        assert plan.node("plant").parameters["dip_a"] == house.dip_a
        given = plan.node("system").parameters["settings"]
        assert house.fuse_a == (given["main_fuse_a"] if given["monitoring"]["enabled"] else None)
        assert given["authorization"]["required"] is house.needs_card
    assert len({house.dip_a for house in houses}) == 6
    assert {house.needs_card for house in houses} == {True, False}


def test_a_card_of_the_box_is_held_before_the_plug_or_after_it_in_every_visit() -> None:
    orders = set()
    for seed in range(50):
        acts = [each for each in names(random_visit(random.Random(seed))) if each != "wish"]
        orders.add(tuple(acts[:2]))
    assert orders == {(CARD, "plug"), ("plug", CARD)}


def test_troubles_are_of_every_kind_and_only_on_what_there_is() -> None:
    chance = random.Random(1)
    troubles = [
        trouble
        for _ in range(2000)
        for trouble in random_troubles(chance, SCENE, 60.0, (0.0, 30.0))
    ]
    assert {type(trouble.cause) for trouble in troubles} == {
        Fault, Loss, Death, Sleep, Restart, Outage,
    }  # fmt: skip
    assert {trouble.in_charge for trouble in troubles} == {True, False}
    faults = [trouble.cause.name for trouble in troubles if isinstance(trouble.cause, Fault)]
    assert set(faults) == set(NAMES)
    assert sum(name in FATAL for name in faults) < len(faults) / 20
    for trouble in troubles:
        match trouble.cause:
            case Loss(topic=topic, reader=reader, ratio=ratio):
                assert (topic, reader) in SCENE.links or reader == "*"
                assert 0.0 < ratio <= 1.0
            case Death(node=node) | Restart(node=node):
                assert node in SCENE.nodes
            case Sleep(node=node):
                assert node in SCENE.nodes
                assert trouble.lasts_s <= HUNG_S
            case _:
                pass


def test_a_visit_may_go_without_any_trouble_or_with_one_alone() -> None:
    chance = random.Random(2)
    counts = [len(random_troubles(chance, SCENE, 60.0, (0.0,))) for _ in range(200)]
    assert {0, 1, 2, 3} < set(counts)
    assert max(counts) == 10


@pytest.mark.parametrize(
    ("cause", "lasts_s", "harmless"),
    [
        (Restart(node="pilot"), 60.0, True),
        (Restart(node="safety"), 0.1, False),
        (Death(node="pilot"), 0.4, True),
        (Death(node="pilot"), 0.6, False),
        (Sleep(node="session"), 1.4, True),
        (Sleep(node="session"), 1.6, False),
        (Death(node="led"), 100.0, True),
        (Sleep(node="safety"), 0.01, False),
        (Loss(topic="load/offer", reader="pilot", ratio=1.0), 1.4, True),
        (Loss(topic="load/offer", reader="pilot", ratio=1.0), 1.6, False),
        (Loss(topic="sim/signals", reader="safety", ratio=1.0), 0.01, False),
        (Fault(name=SimFault.SAG), 0.01, False),
        (Outage(), 0.01, False),
    ],
)
def test_a_trouble_is_harmless_within_half_of_the_hold(
    cause: Cause, lasts_s: float, harmless: bool
) -> None:
    trouble = Trouble(cause=cause, in_charge=True, after_s=0.0, lasts_s=lasts_s)
    assert is_harmless(trouble) is harmless
