"""The bar of each phase: its parts add up to the fuse, as shown."""

import math
import random
import re
from dataclasses import replace

import pytest

from msgs.load_manager import FuseChain, PhaseShare
from tests.builders import load_offer
from tests.view.charge import charging
from tests.view.snapshot import said
from view.amounts import signed_words
from view.shares import PhaseBar, SharePart, phase_bar, phase_bars


def share(
    others_a: float, vehicle_a: float, reserve_a: float = 0.5, budget_a: float = 0.0
) -> PhaseShare:
    return PhaseShare(
        phase="L2",
        others_a=others_a,
        vehicle_a=vehicle_a,
        reserve_a=reserve_a,
        budget_a=budget_a,
    )


def parts_of(bar: PhaseBar) -> dict[SharePart, float]:
    return {each.part: each.amount_a for each in bar.parts}


@pytest.mark.req("MET-7")
def test_the_numbers_of_a_bar_add_up_to_the_fuse() -> None:
    dice = random.Random(5)
    for _ in range(1000):
        fuse_a = dice.choice((16.0, 20.0, 25.0, 35.0, 63.0))
        given = share(
            dice.uniform(-20.0, 40.0),
            dice.choice((0.0, dice.uniform(0.0, 32.0))),
            dice.uniform(0.0, 2.0),
            dice.choice((0.0, dice.uniform(-5.0, 5.0))),
        )
        bar = phase_bar(given, fuse_a, binds=True)
        amounts = parts_of(bar)
        assert sum(round(each * 10) for each in amounts.values()) == round(fuse_a * 10)
        shown = {part: amounts.get(part, 0.0) for part in SharePart}
        true = {
            SharePart.OTHERS: given.others_a,
            SharePart.RESERVE: given.reserve_a,
            SharePart.VEHICLE: given.vehicle_a,
            SharePart.BUDGET: -given.budget_a,
        }
        true[SharePart.FREE] = fuse_a - sum(true.values())
        for part in SharePart:
            assert math.isclose(shown[part], true[part], abs_tol=0.25), part
        for each in bar.parts:
            assert f"{each.name} {signed_words(each.amount_a)} A" in bar.words
        written = re.findall(r" (\N{MINUS SIGN}?)([0-9]+\.[0-9]) A", bar.words)
        assert sum(
            (-1 if sign else 1) * round(float(amount) * 10) for sign, amount in written
        ) == round(fuse_a * 10), bar.words


def test_a_bar_names_what_an_amount_below_zero_means() -> None:
    export = phase_bar(share(-3.0, 16.0), 25.0, binds=False)
    assert "other loads less sun, or an error of measurement \N{MINUS SIGN}3.0 A" in export.words
    assert "grid" not in export.words  # the box does not know where it goes
    carried = phase_bar(share(30.0, 6.0, budget_a=2.0), 35.0, binds=False)
    assert "carried by the fuse for a while \N{MINUS SIGN}2.0 A" in carried.words
    assert "free 0.5 A" in carried.words
    over = phase_bar(share(34.0, 6.0), 35.0, binds=False)
    assert "too much \N{MINUS SIGN}5.5 A" in over.words
    made_up = phase_bar(share(10.0, 6.0, budget_a=-2.0), 35.0, binds=False)
    assert "kept back after a peak 2.0 A" in made_up.words


def test_each_phase_has_a_bar_and_one_of_them_decides() -> None:
    one, two = share(19.0, 16.0), share(5.0, 16.0)
    chain = FuseChain(
        phase="L2", house_a=35.0, vehicle_a=16.0, others_a=19.0, fuse_a=35.0, budget_a=0.0,
        reserve_a=0.5, left_a=15.5, given_a=15.5, rises_ns=None,
        phases=(PhaseShare(phase="L1", others_a=5.0, vehicle_a=16.0, reserve_a=0.5, budget_a=0.0),
                one),
    )  # fmt: skip
    assert two.phase == one.phase
    snapshot = replace(charging(), offer=said("offer", load_offer(15.5, "fuse", fuse=chain)))
    bars = phase_bars(snapshot)
    assert [(bar.phase, bar.fuse_a, bar.binds) for bar in bars] == [
        ("L1", 35.0, False), ("L2", 35.0, True),
    ]  # fmt: skip
    by_hand = replace(charging(), offer=said("offer", load_offer(10.0, "app", fuse=chain)))
    assert not any(bar.binds for bar in phase_bars(by_hand))  # another limit decides
    assert phase_bars(charging()) == ()  # no house is measured
    assert phase_bars(replace(charging(), offer=said("offer"))) == ()
