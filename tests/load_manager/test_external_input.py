"""The claim of the external input: at once while the contact is open, and 10 s longer (MET-7)."""

import random
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.safety import SafetyStatus
from nodes.load_manager.external_input import CLOSED_S, SOURCE, ExternalInput, claims_of, follow
from tests.box import Box
from tests.builders import safety_status

LOOK_S = 0.5
IS_OPEN = (
    "The contact at the external input is open, by which the grid operator or a switch limits the "
    "charge: {} until it closes."
)
OPEN, CLOSED, UNUSED, SILENT = "open", "closed", "unused", "silent"
ENABLE = {OPEN: False, CLOSED: True, UNUSED: None}


def said(contact: str) -> SafetyStatus | None:
    if contact == SILENT:
        return None
    return safety_status(cp_state=CpState.C, external_enable=ENABLE[contact])


class Contact:
    """The claim, looked at each half second and at its deadline."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.state = ExternalInput()
        self.contact = UNUSED
        self.due_s = 0.0

    def run(self, contact: str, seconds: float) -> "Contact":
        self.contact = contact
        end_s = self.now_s + seconds
        self._look()
        while self.now_s < end_s:
            self.now_s = min(end_s, self.now_s + LOOK_S, self.due_s)
            self._look()
        return self

    def _look(self) -> None:
        moment = Moment(self.now_s)
        self.state = follow(self.state, said(self.contact), moment)
        self.due_s = moment.due_s

    def limit_a(self, allowed_a: float = 0.0) -> float | str | None:
        claims = claims_of(self.state, said(self.contact), allowed_a)
        assert all(claim.source == SOURCE for claim in claims)
        return claims[0].limit_a if claims else "no claim"

    def words(self, allowed_a: float = 0.0) -> str:
        return claims_of(self.state, said(self.contact), allowed_a)[0].detail


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("allowed_a", [0.0, 6.0, 10.0, 32.0])
def test_an_open_contact_limits_to_what_is_set(allowed_a: float) -> None:
    assert Contact().run(OPEN, 0.0).limit_a(allowed_a) == allowed_a


@pytest.mark.req("MET-7")
def test_the_limit_ends_when_the_contact_has_been_closed_for_10_s() -> None:
    contact = Contact().run(OPEN, 1.0).run(CLOSED, CLOSED_S - 0.01)
    assert contact.limit_a() == 0.0
    assert contact.due_s == pytest.approx(contact.now_s + 0.01)
    assert contact.run(CLOSED, 0.02).limit_a() is None


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("between", [OPEN, SILENT])
def test_the_10_s_begin_again_with_each_interruption(between: str) -> None:
    contact = Contact().run(OPEN, 1.0)
    for _ in range(5):
        contact.run(CLOSED, CLOSED_S - 1.0).run(between, 0.0)
        assert contact.limit_a() == 0.0
    assert contact.run(CLOSED, CLOSED_S - 1.0).limit_a() == 0.0
    assert contact.run(CLOSED, 1.5).limit_a() is None


@pytest.mark.req("MET-7")
def test_a_silent_safety_ends_no_limit_and_begins_none() -> None:
    assert Contact().run(OPEN, 1.0).run(SILENT, 100.0).limit_a() == 0.0
    assert Contact().run(CLOSED, 1.0).run(SILENT, 100.0).limit_a() == "no claim"


@pytest.mark.req("MET-7")
def test_an_input_that_is_not_used_is_no_claim_and_ends_one() -> None:
    assert Contact().run(UNUSED, 100.0).limit_a() == "no claim"
    assert Contact().run(OPEN, 1.0).run(UNUSED, CLOSED_S - 1.0).limit_a() == 0.0
    assert Contact().run(OPEN, 1.0).run(UNUSED, CLOSED_S + 1.0).limit_a() == "no claim"


@pytest.mark.req("MET-7")
def test_the_words_say_what_the_contact_does_and_what_is_waited_for() -> None:
    contact = Contact().run(CLOSED, 1.0)
    assert contact.words() == "The contact at the external input is closed."
    contact.run(OPEN, 1.0)
    assert contact.words() == IS_OPEN.format("paused")
    assert contact.words(10.0) == IS_OPEN.format("10.0 A at most")
    contact.run(CLOSED, 1.0)
    assert contact.words() == (
        "The contact at the external input was open: paused until it has been closed for 10 s."
    )


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_contact_does_it_limits_exactly_while_open_and_10_s_longer(seed: int) -> None:
    chance = random.Random(f"contact/{seed}")
    contact = Contact()
    opened_s = closed_s = None  # when it was last seen open; since when it is closed after that
    for _ in range(60):
        now = chance.choice((OPEN, CLOSED, CLOSED, UNUSED, SILENT))
        if now == OPEN:
            opened_s, closed_s = contact.now_s, None
        elif now == SILENT:
            closed_s = None
        elif closed_s is None:
            closed_s = contact.now_s
        contact.run(now, chance.choice((0.0, 0.1, 2.0, 6.0, 12.0)))
        if now == SILENT:
            closed_s = None
        is_over = closed_s is not None and contact.now_s >= closed_s + CLOSED_S
        if is_over:
            opened_s = None
        limits = contact.limit_a() == 0.0
        assert limits is (opened_s is not None), (now, contact.now_s)


# --- the whole box --------------------------------------------------------------------------------

USED = "plant.external_input=true"
X1_PERCENT = 100.0
REACTION_S = 0.5


def charging(folder: Path, *settings: str, used: str = USED) -> Box:
    """Give a box that charges."""
    box = Box(folder, used, *settings)
    box.act("plug")
    box.act("ready")
    assert box.is_soon(lambda: max(box.currents_a) > 31.0, 60.0)
    return box


def move(box: Box, position: str) -> None:
    box.act("input", {"position": position})


def offer(box: Box) -> Any:
    return box.said("load/offer")


def duty_percent(box: Box) -> float:
    return float(box.said("pilot/status")["duty_percent"])


@pytest.mark.req("MET-7")
def test_an_open_contact_pauses_a_charge_and_a_closed_one_lets_it_go_on(tmp_path: Path) -> None:
    box = charging(tmp_path)
    assert offer(box)["reason"] == "dip"
    session = box.said("session/status")["session_id"]
    for _ in range(2):  # the third pause within 10 minutes lasts 2 minutes
        move(box, "open")
        assert box.is_soon(lambda: box.said("safety/status")["external_enable"] is False, 0.1)
        assert box.is_soon(lambda: duty_percent(box) == X1_PERCENT, REACTION_S)
        assert (offer(box)["limit_a"], offer(box)["reason"]) == (0.0, "external_input")
        assert offer(box)["detail"] == IS_OPEN.format("paused")
        assert box.is_soon(lambda: not box.is_drawing, 10.0)
        assert box.said("safety/status")["faults"] == []
        assert IS_OPEN.format("paused") in box.said("session/status")["reason"]
        box.advance(30.0)
        move(box, "closed")
        box.advance(CLOSED_S - 0.5)
        assert offer(box)["limit_a"] == 0.0
        assert box.is_soon(lambda: max(box.currents_a) > 31.0, 30.0)
        assert box.said("session/status")["session_id"] == session


@pytest.mark.req("MET-7")
def test_an_open_contact_lowers_the_current_to_what_is_set(tmp_path: Path) -> None:
    box = charging(tmp_path, "factory.external_input.limit_a=6")
    move(box, "open")
    box.advance(10.0)
    assert offer(box)["limit_a"] == 6.0
    assert max(box.currents_a) == pytest.approx(6.0, abs=1.0)
    box.ask("system", "set", {"changes": {"external_input.limit_a": 10.0}})
    box.advance(10.0)
    assert (offer(box)["limit_a"], offer(box)["reason"]) == (10.0, "external_input")
    assert max(box.currents_a) == pytest.approx(10.0, abs=1.0)
    for node in ("load_manager", "system"):
        box.crash(node)
        assert not box.is_soon(lambda: not 9.0 < max(box.currents_a) < 11.0, 15.0)
    refusal = box.refused("system", "set", {"changes": {"external_input.limit_a": 3.0}})
    assert "external_input.limit_a: expected 0 A, or a current" in refusal


@pytest.mark.req("MET-7")
def test_with_dsw1_1_off_the_contact_does_nothing(tmp_path: Path) -> None:
    box = charging(tmp_path, used="plant.external_input=false")
    move(box, "open")
    box.advance(30.0)
    assert box.said("safety/status")["external_enable"] is None
    assert all(limit["source"] != SOURCE for limit in offer(box)["limits"])
    assert max(box.currents_a) > 31.0


@pytest.mark.req("MET-7")
def test_a_contact_that_bounces_opens_no_contactor_and_ends_closed(tmp_path: Path) -> None:
    box = charging(tmp_path)
    opened = box.happened("contacts_closed")
    node: Any = box._graph.node("safety")
    read, looks = node._chain.read, iter(range(1000))

    def bounced() -> Any:
        reading = read()
        return reading if next(looks) % 3 else replace(reading, external_closed=False)

    node._chain.read = bounced  # each third read shows it open
    box.advance(2.0)
    node._chain.read = read
    assert box.said("safety/status")["external_enable"] is True
    assert box.happened("contacts_closed") == opened
    assert max(box.currents_a) > 31.0


@pytest.mark.req("MET-7")
@pytest.mark.parametrize(
    ("node", "dead_s"),
    [("load_manager", 0.0), ("load_manager", 2.0), ("safety", 0.0), ("safety", 2.0)],
)
def test_no_death_of_a_node_charges_while_the_contact_is_open(
    tmp_path: Path, node: str, dead_s: float
) -> None:
    box = charging(tmp_path)
    move(box, "open")
    assert box.is_soon(lambda: not box.is_drawing, 10.0)
    box.crash(node, dead_s)
    assert not box.is_soon(lambda: box.is_drawing, 60.0)
    assert offer(box)["reason"] == "external_input"
    move(box, "closed")
    assert box.is_soon(lambda: max(box.currents_a) > 31.0, 90.0)


WALKS = range(1)
MANY = range(100, 130)
ACTS = 12
STOPS_S = 7.0  # safety opens 6 s after a withdrawn offer


def walk(folder: Path, seed: int) -> None:
    """Move the contact, kill nodes; the vehicle draws only while the input has enabled it."""
    chance = random.Random(f"external input/{seed}")
    box = charging(folder)
    position = "closed"
    for _ in range(ACTS):
        position = chance.choice(("open", "closed"))
        move(box, position)
        for _ in range(chance.choice((0, 0, 1, 5))):
            box.advance(chance.uniform(0.0, 0.3))
            position = "open" if position == "closed" else "closed"
            move(box, position)
        box.advance(STOPS_S)
        if chance.random() < 0.4:
            nodes = ("load_manager", "safety", "pilot", "session")
            box.crash(chance.choice(nodes), chance.choice((0.0, 1.0)))
        length_s = chance.choice((1.0, 10.0, 30.0))
        if position == "open":
            assert not box.is_soon(lambda: box.is_drawing, length_s), seed
            assert duty_percent(box) == X1_PERCENT, seed
        else:
            box.advance(length_s)
    move(box, "closed")
    assert box.is_soon(lambda: max(box.currents_a) > 31.0, 200.0), seed  # a least pause of 2 min


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("seed", WALKS)
def test_the_contact_moved_at_random(tmp_path: Path, seed: int) -> None:
    walk(tmp_path, seed)


@pytest.mark.proof
@pytest.mark.req("MET-7")
@pytest.mark.parametrize("seed", MANY)
def test_the_contact_moved_at_random_many_times(tmp_path: Path, seed: int) -> None:
    walk(tmp_path, seed)
