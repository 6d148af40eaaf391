"""Whom pilot wakes, and how: its rules one by one, and random vehicles that sleep and wake."""

import itertools
import math
import random
from pathlib import Path

import pytest
from msgspec.structs import replace
from msgspec.structs import replace as changed

from bus.moment import Moment
from msgs.card import CardColor
from msgs.pilot import CpState
from nodes.pilot.waking import (
    F_S,
    LEFT_S,
    MOST_WAKES,
    WAKE_AFTER_S,
    X1_S,
    Seen,
    Waking,
    Way,
    begin,
    follow,
    found,
    is_in_f,
    is_waking,
    way_to_wake,
)
from tests.box import AS_DELIVERED, DRAWS_A, Box
from tests.pilot.test_machine import OFFER, SAFETY, SESSION, F, Rig

SEEN = Seen(
    cp_state=CpState.B,
    is_offered=True,
    has_limit=True,
    session_id="1",
    has_energy=False,
    is_card_required=False,
)
IN_C = replace(SEEN, cp_state=CpState.C)
AT_0_A = replace(SEEN, is_offered=False)


def followed(*looks: tuple[float, Seen], waking: Waking | None = None) -> Waking:
    """Return what is remembered after these looks [s]."""
    after = Waking() if waking is None else waking
    for now_s, seen in looks:
        after = follow(after, seen, Moment(now_s))
    return after


def way_at(waking: Waking, now_s: float, seen: Seen = SEEN) -> Way | None:
    return way_to_wake(follow(waking, seen, Moment(now_s)), seen, Moment(now_s))


@pytest.mark.parametrize(
    ("is_card_required", "way"), [(False, Way.F), (True, Way.X1)], ids=["no card", "card"]
)
def test_an_offer_is_woken_for_after_30_s(is_card_required: bool, way: Way) -> None:
    seen = replace(SEEN, is_card_required=is_card_required)
    waking = followed((0.0, seen))
    assert way_at(waking, WAKE_AFTER_S - 0.01, seen) is None
    assert way_at(waking, WAKE_AFTER_S, seen) is way


@pytest.mark.parametrize("between", [replace(SEEN, cp_state=CpState.E), AT_0_A])
def test_what_interrupts_the_wait_begins_the_30_s_again(between: Seen) -> None:
    waking = followed((0.0, SEEN), (20.0, between), (21.0, SEEN))
    assert way_at(waking, 50.99) is None
    assert way_at(waking, 51.0) is Way.F


def test_nobody_is_woken_without_a_session() -> None:
    seen = replace(SEEN, session_id="")
    assert way_at(followed((0.0, seen)), 100.0, seen) is None


def test_state_f_is_the_last_way_for_an_offer() -> None:
    waking = followed((0.0, SEEN), (30.0, SEEN))
    waking = begin(waking, Way.F, 30.0)
    waking = followed((35.0, AT_0_A), (36.0, SEEN), waking=waking)
    assert way_at(waking, 1000.0) is None
    assert waking.wakes == 1


def test_an_offer_that_is_made_again_after_the_waking_is_the_same() -> None:
    waking = begin(followed((0.0, SEEN)), Way.X1, 30.0)
    assert way_at(followed((31.0, AT_0_A), (35.0, SEEN), waking=waking), 65.0) is Way.F
    held = replace(AT_0_A, has_limit=False)
    again = followed((31.0, held), (33.0, AT_0_A), (35.0, SEEN), waking=waking)
    assert (again.ways, again.wakes) == ((), 1)  # it was withheld meanwhile: a new one


@pytest.mark.parametrize("limit_a", [6.0, 16.0])
def test_a_vehicle_that_stays_asleep_is_woken_once_for_an_offer_of_any_current(
    limit_a: float,
) -> None:
    rig = Rig("B").run(100.0, offer=changed(OFFER, limit_a=limit_a))
    wakings = [status.waking for status in rig.said]
    assert sum(now and not before for before, now in itertools.pairwise(wakings)) == 1


def test_a_sixth_wake_up_of_a_plug_in_is_none_and_a_second_way_of_the_fifth_is_done() -> None:
    card = replace(SEEN, is_card_required=True)
    waking = followed((0.0, card), waking=Waking(wakes=MOST_WAKES))
    assert way_at(waking, 100.0, card) is None
    waking = followed((0.0, card), waking=Waking(wakes=MOST_WAKES - 1))
    waking = begin(waking, Way.X1, 30.0)
    waking = followed((31.0, replace(card, is_offered=False)), (36.0, card), waking=waking)
    assert (waking.wakes, way_at(waking, 66.0, card)) == (MOST_WAKES, Way.F)


@pytest.mark.parametrize(("left_for_s", "is_full"), [(LEFT_S - 0.01, False), (LEFT_S, True)])
def test_a_vehicle_is_full_when_it_has_left_c_by_itself(left_for_s: float, is_full: bool) -> None:
    drawn = replace(IN_C, has_energy=True)
    waking = followed((0.0, drawn), (5.0, SEEN), (5.0 + left_for_s, SEEN))
    assert waking.is_full is is_full
    # An offer that ends a moment later is not why it has left.
    waking = followed((0.0, drawn), (5.0, SEEN), (5.1, AT_0_A), (5.0 + left_for_s, AT_0_A))
    assert waking.is_full is is_full


@pytest.mark.parametrize(
    "looks",
    [
        ((0.0, IN_C), (5.0, SEEN), (9.0, SEEN)),  # it has drawn nothing
        ((0.0, replace(IN_C, has_energy=True)), (5.0, AT_0_A), (9.0, SEEN)),
        ((0.0, replace(IN_C, has_energy=True, is_offered=False)), (5.0, SEEN), (9.0, SEEN)),
        (
            (0.0, replace(IN_C, has_energy=True)),
            (5.0, replace(SEEN, cp_state=CpState.E)),
            (6.0, SEEN),
            (9.0, SEEN),
        ),
    ],
    ids=["nothing drawn", "offer ended first", "was not offered", "line in E"],
)
def test_a_vehicle_that_has_not_drawn_or_not_left_by_itself_is_not_full(
    looks: tuple[tuple[float, Seen], ...],
) -> None:
    assert not followed(*looks).is_full


def test_readings_that_are_not_settled_decide_nothing() -> None:
    unsettled = replace(SEEN, cp_state=None)
    waking = followed((0.0, replace(IN_C, has_energy=True)), (1.0, unsettled), (1.1, SEEN))
    assert waking.left_s == 1.1


def test_the_energy_of_the_session_before_the_plug_was_out_makes_nobody_full() -> None:
    out = replace(AT_0_A, cp_state=CpState.A, has_energy=True)
    before = replace(IN_C, has_energy=True)
    waking = followed(
        (0.0, before), (1.0, out), (2.0, out), (3.0, before), (4.0, SEEN), (6.0, SEEN)
    )
    assert not waking.is_full
    assert waking.ended == "1"
    assert followed((7.0, replace(before, session_id="2")), waking=waking).has_drawn


def test_a_session_that_begins_before_pilot_sees_the_plug_is_that_of_the_new_vehicle() -> None:
    # The pilot process has hung for longer than its hold; safety has seen the plug.
    out = replace(AT_0_A, cp_state=CpState.A, session_id="")
    new_out, new = replace(out, session_id="2"), replace(IN_C, session_id="2", has_energy=True)
    assert followed((0.0, SEEN), (1.0, out), (2.0, out), (3.0, new_out), (3.1, new)).has_drawn


def test_a_plug_that_stays_out_keeps_the_session_that_has_ended() -> None:
    out = replace(AT_0_A, cp_state=CpState.A)
    waking = followed((0.0, SEEN), (1.0, out), (2.0, out), (3.0, out))
    later = replace(out, session_id="2")
    after = Waking(out_since_s=1.0, ending="1", ended="1")
    assert waking == followed((4.0, later), (5.0, later), waking=waking) == after


def test_without_a_session_no_energy_counts() -> None:
    nobody = replace(IN_C, session_id="", has_energy=True)
    assert not followed((0.0, nobody), waking=Waking(ended="1")).has_drawn


def test_two_bounces_are_not_one_long_time_without_the_plug() -> None:
    out, waking = replace(AT_0_A, cp_state=CpState.A), Waking(wakes=3)
    assert followed((0.0, out), (0.2, SEEN), (0.25, out), (0.5, out), waking=waking).wakes == 3


def test_a_vehicle_that_has_answered_its_offer_is_not_woken_for_it() -> None:
    assert way_at(followed((0.0, IN_C), (5.0, SEEN)), 100.0) is None
    assert followed((0.0, IN_C), (5.0, AT_0_A)) == Waking(has_answered=True)


def test_an_offer_that_is_withdrawn_and_made_again_begins_with_nothing_known() -> None:
    full = replace(SEEN, has_energy=True)
    assert followed((0.0, AT_0_A), waking=Waking(is_offered=True)) == Waking()
    # It was found at the start, withdrawn to wake the vehicle, and withheld by load_manager.
    waking = Waking(is_same=True, has_answered=True, ways=(Way.X1,), wakes=1, is_found=True)
    held, new = replace(full, has_limit=False), Waking(is_offered=True, wakes=1, unanswered_s=0.0)
    assert followed((0.0, held), waking=waking) == new
    assert followed((0.0, replace(held, is_offered=False)), waking=waking).is_same is False


def test_an_offer_that_is_made_again_after_the_waking_keeps_what_was_tried() -> None:
    waking = Waking(is_same=True, ways=(Way.X1,), wakes=1)
    after = replace(waking, is_offered=True, is_same=False, unanswered_s=0.0)
    assert followed((0.0, SEEN), waking=waking) == after


def test_a_found_offer_is_judged_once() -> None:
    judged = followed((0.0, SEEN), waking=found(is_offered=True))
    assert judged == Waking(is_offered=True, unanswered_s=0.0)


def test_a_waking_withdraws_the_offer() -> None:
    waking = begin(followed((0.0, SEEN)), Way.X1, 30.0)
    assert waking == Waking(ways=(Way.X1,), is_same=True, wakes=1, began_s=30.0)


@pytest.mark.parametrize(
    "seen", [SEEN, IN_C, AT_0_A, replace(AT_0_A, cp_state=CpState.A)], ids=["B", "C", "0 A", "A"]
)
def test_the_same_look_changes_nothing(seen: Seen) -> None:
    waking = followed((0.0, seen), (1.0, seen))
    assert follow(waking, seen, Moment(2.0)) is waking


def test_a_bounce_ends_no_session() -> None:
    before = replace(IN_C, has_energy=True)
    out = replace(AT_0_A, cp_state=CpState.A)
    assert followed((0.0, SEEN), (1.0, out), (1.2, before)).has_drawn


def test_a_plug_that_was_out_longer_than_a_bounce_forgets_the_vehicle() -> None:
    waking = Waking(wakes=3, is_full=True, has_drawn=True, is_offered=True)
    out = replace(AT_0_A, cp_state=CpState.A)
    assert followed((0.0, out), (0.29, out), waking=waking).is_full
    after = followed((0.0, out), (0.3, out), waking=waking)
    assert (after.wakes, after.is_full, after.has_drawn) == (0, False, False)


@pytest.mark.parametrize(
    ("first", "is_full"),
    [
        (SEEN, False),
        (replace(SEEN, has_energy=True), True),
        (replace(IN_C, has_energy=True), False),
        (replace(SEEN, session_id="", has_energy=True), False),  # the session is not known yet
    ],
)
def test_a_found_offer_beside_energy_and_b_is_that_of_a_full_vehicle(
    first: Seen, is_full: bool
) -> None:
    assert followed((0.0, first), waking=found(is_offered=True)).is_full is is_full
    assert not followed((0.0, first), waking=found(is_offered=False)).is_full


def test_a_found_offer_is_judged_as_soon_as_its_session_is_known() -> None:
    waking = followed((0.0, replace(SEEN, session_id="")), waking=found(is_offered=True))
    assert followed((1.0, replace(SEEN, has_energy=True)), waking=waking).is_full


def test_how_long_a_waking_takes() -> None:
    in_f, in_x1 = begin(Waking(), Way.F, 10.0), begin(Waking(), Way.X1, 10.0)
    assert is_in_f(in_f, Moment(10.0 + F_S - 0.01))
    assert not is_in_f(in_f, Moment(10.0 + F_S))
    assert is_waking(in_f, Moment(10.0 + F_S + 0.74))
    assert not is_waking(in_f, Moment(10.0 + F_S + 0.75))
    assert not is_in_f(in_x1, Moment(10.0))
    assert is_in_f(begin(in_x1, Way.F, 45.0), Moment(45.0 + F_S - 0.01))
    assert is_waking(in_x1, Moment(10.0 + X1_S - 0.01))
    assert not is_waking(in_x1, Moment(10.0 + X1_S))
    assert not is_waking(Waking(), Moment(0.0))


# --- random vehicles ------------------------------------------------------------------------------


class Sleeper:
    """A vehicle that falls asleep and wakes by chance, beside pilot's machine, and its judge."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.rig = Rig("A")
        self.energy_wh = 0.0
        self.session = 0
        self.needs_card = False
        self.heard = 0  # messages of pilot that the vehicle has seen
        self.tests_until_s = -math.inf
        self.rig.run(1.0)
        self._plug_out()

    def _plug_out(self) -> None:
        self.is_in = self.is_asleep = self.is_done = self.asks = False
        self.asked_at_s = self.f_since_s = self.waited_since_s = math.inf
        self.wakes_by_x1 = self.was_x1_tried = self.was_f_tried = self.was_waking = False
        self.wakes, self.has_drawn, self.is_full = 0, False, False
        self.energy_wh = 0.0

    @property
    def limit_a(self) -> float:
        assert self.rig.inputs.offer is not None
        return self.rig.inputs.offer.limit_a

    def live(self, seconds: float) -> None:
        end_s = self.rig.now_s + seconds
        while self.rig.now_s < end_s:
            self._act()
            for _ in range(self.chance.randrange(1, 60)):
                self._second()

    def _act(self) -> None:
        what = self.chance.choice(("plug", "pause", "offer", "offer", "sleep", "done", "restart"))
        if what == "plug" and (not self.is_in or self.chance.random() < 0.3):
            is_in = not self.is_in
            self._plug_out()
            self.is_in, self.session = is_in, self.session + 1
            self.rig.show("A").run(1.0, session=changed(SESSION, session_id="", permitted=False))
            self.heard = len(self.rig.said)
            self.was_waking = self.rig.said[-1].waking  # state F hides that the plug is out
            self.needs_card = self.chance.random() < 0.5
            self.wakes_by_x1 = self.chance.random() < 0.3
        elif what in ("pause", "offer"):
            limit_a = 0.0 if what == "pause" else self.chance.choice((6.0, 16.0))
            self.rig.run(0.0, offer=changed(OFFER, limit_a=limit_a))
        elif what == "sleep" and not self.asks:
            self.is_asleep = self.is_in
        elif what == "done":
            self.is_done = not self.is_done
        elif what == "restart" and self.rig.said[-1].offered_a == 0.0 and not self.has_drawn:
            self.rig.restart()
            self.wakes, self.was_x1_tried, self.was_f_tried = 0, False, False
            self.waited_since_s = math.inf  # pilot has forgotten how long it has waited

    def _second(self) -> None:
        """Let a second pass in ten parts."""
        for _ in range(10):
            self._move()
            session = changed(
                SESSION,
                session_id=str(self.session) if self.is_in else "",
                permitted=self.is_in,
                energy_wh=self.energy_wh,
                authorization_required=self.needs_card,
            )
            is_tested = self.rig.now_s >= self.tests_until_s
            safety = changed(SAFETY, permitted=is_tested and self.is_in)
            self.rig.run(0.1, session=session, safety=safety)
            self._judge()

    def _move(self) -> None:
        """Let the vehicle answer what pilot has sent last."""
        now_s, said = self.rig.now_s, self.rig.said[-1]
        if said.duty_percent == F:
            self.f_since_s = min(self.f_since_s, now_s)
            self.asks = False
            self.tests_until_s = now_s + 3.0  # safety sees no plug, and tests again
            if now_s - self.f_since_s >= 3.0:
                self.is_asleep = False
            return
        self.f_since_s = math.inf
        if said.waking and self.wakes_by_x1:
            self.is_asleep = False
        is_offered, was_asking = said.offered_a >= 6.0, self.asks
        self.asks = self.is_in and is_offered and not self.is_asleep and not self.is_done
        self.asked_at_s = min(self.asked_at_s, now_s) if self.asks else math.inf
        if self.asks:
            self.energy_wh += 1.0
            self.has_drawn = True
        if was_asking and self.is_done and is_offered and self.limit_a >= 6.0:
            self.is_full = True
        self.rig.show("A" if not self.is_in else "C" if self.asks else "B")

    def _judge(self) -> None:
        for said in self.rig.said[self.heard :]:
            if said.waking and not self.was_waking:
                self._judge_waking(said.duty_percent)
            self.was_waking = said.waking
            assert said.waking or said.duty_percent != F
        self.heard = len(self.rig.said)
        if self.limit_a < 6.0:
            self.was_x1_tried = self.was_f_tried = False  # the next offer is a new one
        if self.limit_a < 6.0 or not self.is_asleep:
            self.waited_since_s = math.inf
        self.waited_since_s = min(self.waited_since_s, self.rig.now_s)
        if self.limit_a >= 6.0 and self.is_asleep and not self.is_full:
            # Twice 30 s, the waking in X1 and in F, a self-test, and 5 s between changes.
            is_woken = self.rig.now_s - self.waited_since_s < 2.0 * WAKE_AFTER_S + 25.0
            assert is_woken or self.was_f_tried or self.wakes >= MOST_WAKES

    def _judge_waking(self, duty_percent: float) -> None:
        assert self.is_in
        assert not self.is_full
        assert self.rig.now_s - self.asked_at_s < 0.3  # C has to settle; infinity: it asks nothing
        if duty_percent == F:
            assert self.was_x1_tried or not self.needs_card
            assert not self.was_f_tried  # an offer is woken for once
            self.wakes += not self.was_x1_tried
            self.was_x1_tried, self.was_f_tried = False, True
        else:
            assert self.needs_card
            self.was_x1_tried = True
            self.wakes += 1
        assert self.wakes <= MOST_WAKES


@pytest.mark.parametrize("seed", range(2))
def test_a_random_vehicle_is_woken_by_the_rules_and_not_left_asleep(seed: int) -> None:
    Sleeper(seed).live(600.0)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 130))
def test_a_random_vehicle_is_woken_by_the_rules_for_a_day(seed: int) -> None:
    Sleeper(seed).live(20_000.0)


# --- the whole box --------------------------------------------------------------------------------


def duties(box: Box, since: int = 0) -> list[str]:
    return [detail for what, _, detail in box.events[since:] if what == "duty"]


def charging(box: Box) -> None:
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(10.0)


def sleeps_in_a_pause(box: Box, seconds: float = 20.0) -> None:
    box.ask("session", "wish", {"pause": True})
    box.wait(lambda: box.contactor == "open")
    box.act("fault", {"name": "asleep"})
    box.act("clear", {"name": "asleep"})
    box.advance(seconds)
    box.ask("session", "wish", {"pause": False})


@pytest.mark.req("CHG-1", "APP-1")
def test_a_vehicle_that_sleeps_again_and_again_in_a_session_charges_on(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charging(box)
    session_id = box.session_id
    for _ in range(3):
        sleeps_in_a_pause(box)
        box.advance(25.0)
        assert not box.is_drawing
        assert box.is_soon(lambda: box.is_drawing, 25.0)
        assert (box.session_id, box.faults, box.retries) == (session_id, [], 0)
        box.advance(10.0)


@pytest.mark.req("CHG-1", "BUS-3")
def test_a_vehicle_that_sleeps_beside_an_offer_that_a_new_pilot_has_found_is_woken(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    box.act("fault", {"name": "asleep"})
    box.act("plug")
    box.act("ready")
    box.advance(15.0)
    box.restart("pilot")
    assert box.is_soon(lambda: box.is_drawing, 50.0)
    assert box.faults == []


@pytest.mark.req("CHG-2", "BUS-3")
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_full_vehicle_is_never_woken(is_restarted: bool, tmp_path: Path) -> None:
    box = Box(tmp_path)
    charging(box)
    box.act("full")
    box.advance(10.0)
    if is_restarted:
        box.restart("pilot")
    box.advance(60.0)
    box.ask("session", "wish", {"pause": True})
    box.advance(10.0)
    box.ask("session", "wish", {"pause": False})
    box.advance(60.0)
    assert "0" not in duties(box)


@pytest.mark.req("RFID-4", "RFID-5")
def test_where_a_card_is_required_state_f_comes_only_after_x1_has_failed(tmp_path: Path) -> None:
    box = Box(tmp_path, authorization=AS_DELIVERED)
    box.act("fault", {"name": "asleep"})
    box.act("plug")
    box.act("ready")
    box.act("tap", {"uid": box.card(CardColor.GREEN)})
    box.wait(lambda: box.said("pilot/status")["offered_a"] >= 6.0)
    count, offered_s = len(box.events), box.now_s
    assert box.is_soon(lambda: box.said("pilot/status")["waking"], WAKE_AFTER_S + 1.0)
    assert box.now_s - offered_s == pytest.approx(WAKE_AFTER_S, abs=1.0)
    assert box.said("pilot/status")["duty_percent"] == 100.0
    assert box.is_soon(lambda: max(box.currents_a) > DRAWS_A, 60.0)
    assert duties(box, count)[0] == "100"
    assert duties(box, count).count("0") == 1
    assert box.session_id
    assert (box.faults, box.retries) == ([], 0)
