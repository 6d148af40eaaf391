"""The lowest claim wins, the chain is published, and silence is never headroom (MET-1 to MET-7)."""

import itertools
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import CpState, PilotStatus
from msgs.safety import Contactor, SafetyStatus
from msgs.session import SessionStatus
from msgs.settings import METER_LINES, PhaseAssignment, fits
from msgs.wish import NO_WISHES, Wish, Wishes
from nodes.load_manager.clamps import Clamps, LineProof
from nodes.load_manager.house import MOST_POSSIBLE_A
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.machine import HEAR_S, Config, step
from nodes.load_manager.ramp import RAISE_AFTER_S
from nodes.load_manager.state import start
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.wishes import Source
from tests.builders import (
    charging_safety,
    charging_session,
    load_offer,
    meter_reading,
    pilot_status,
)

METER = "tq@10.0.0.6:502/1"
BEGUN_S = 1000.0
PROVEN = Clamps(lines=(LineProof(is_proven=True),) * 3)
NOTHING_SAID = load_offer(0.0, "nothing said")
Currents = tuple[float, float, float]


Pilot = dict[str, Any]


def pilot(cp_state: CpState = CpState.C, offered_a: float = 0.0) -> Pilot:
    """Return what safety and pilot say of the pilot."""
    return {"cp_state": cp_state, "offered_a": offered_a}


def safety(dip_a: float = 32.0, limit_a: float | None = None) -> SafetyStatus:
    return charging_safety(
        temperature_c=61.0,
        installation_limit_a=dip_a,
        limit_a=dip_a if limit_a is None else limit_a,
    )


def session(energy_wh: float = 0.0) -> SessionStatus:
    return charging_session(energy_wh=energy_wh)


def wish(
    limit_a: float | None = None,
    pause: bool = False,
    end_s: float | None = None,
    detail: str = "by web",
    **hold: Any,
) -> Wishes:
    """Return the app's wish; it ends a time after a desk has begun."""
    end_ns = None if end_s is None else int((BEGUN_S + end_s) * 1e9)
    app = Wish(name="app", limit_a=limit_a, pause=pause, end_ns=end_ns, detail=detail, **hold)
    return Wishes(wishes=(app,))


def reading(
    currents: Currents,
    at_s: float,
    online: bool = True,
    poll_s: float = 1.0,
    voltages: Currents = (230.0, 230.0, 230.0),
) -> MeterReading:
    return meter_reading(
        currents, at_s, voltages, power_w=0.0, online=online, meter=METER, poll_s=poll_s
    )


class Desk:
    """The arbiter and its facts, stepped by hand; the house is read every second."""

    def __init__(
        self,
        monitoring: bool = True,
        phases: PhaseAssignment = PhaseAssignment.L1_L2_L3,
        fuse_a: float = 25.0,
        offered_a: float = 0.0,
    ) -> None:
        self.config = Config(margin_a=0.5)
        self.supply_limits: SupplyLimits | None = SupplyLimits(
            monitoring=monitoring,
            meter=METER if monitoring else "",
            main_fuse_a=fuse_a if monitoring else None,
            phases=phases,
        )
        self.now_s = BEGUN_S
        self.begun_s = self.now_s
        self.state = start(self.now_s)
        self.pilot: Pilot | None = pilot(offered_a=offered_a)
        self.by_pilot: PilotStatus | None = None  # another word than safety's
        self.safety: SafetyStatus | None = safety()
        self.session: SessionStatus | None = session()
        self.wish: Wishes | None = NO_WISHES
        self.sources: tuple[Source, ...] = ()  # beside the app
        self.house: Currents | None = None  # read every second; None: silent
        self.house_v: Currents = (230.0, 230.0, 230.0)
        self.online = True
        self.poll_s = 1.0
        self.box: Currents | None = (0.0, 0.0, 0.0)
        self.said: list[tuple[float, LoadOffer]] = []
        self.due_s = math.inf
        self.is_sent_after_start = True
        self.is_proven = True  # the meter shows the vehicle, see test_clamps.py
        self._heard_wish: Wishes | None = None
        self._wished_s = 0.0
        self._reading: MeterReading | None = None
        self._polled_s = -math.inf
        self._polls = 0

    def step(self) -> None:
        if self.is_proven:
            self.state = replace(self.state, clamps=PROVEN)
        self.state, outputs = step(self.config, self.state, self.inputs())
        self.due_s = outputs.due_s
        if outputs.offer is not None:
            self.said.append((self.now_s, outputs.offer))

    def inputs(self) -> Inputs:
        """Return what is known now."""
        now_s = self.now_s
        if self.house is not None and now_s - self._polled_s >= self.poll_s - 1e-6:
            self._polled_s = now_s
            self._polls += 1
            # as of any real meter, no reading is the same as the one before
            one_v, two_v, three_v = (volts + 1e-6 * (self._polls % 2) for volts in self.house_v)
            voltages = (one_v, two_v, three_v)
            self._reading = reading(self.house, now_s - 0.1, self.online, self.poll_s, voltages)
        if self.wish is not self._heard_wish:
            self._heard_wish, self._wished_s = self.wish, now_s
        app = Source(name="app", wishes=self.wish, said_s=self._wished_s)
        by_pilot = self.by_pilot
        if by_pilot is None and self.pilot is not None:
            by_pilot = pilot_status(duty_percent=0.0, high_v=0.0, low_v=0.0, **self.pilot)
        said = self.pilot or {"cp_state": None}
        is_closed = said["cp_state"] in (CpState.C, CpState.D)
        contactor = Contactor.CLOSED if is_closed else Contactor.OPEN
        return Inputs(
            now_s=now_s,
            supply_limits=self.supply_limits,
            pilot=by_pilot,
            is_sent_after_start=self.is_sent_after_start,
            safety=self.safety and replace(self.safety, contactor=contactor, **said),
            session=self.session,
            box_readings=() if self.box is None else (reading(self.box, now_s),),
            house=self._reading,
            sources=(app, *self.sources),
        )

    def run(self, seconds: float, **facts: Any) -> LoadOffer:
        """Let time pass with these facts; return the last offer."""
        for name, value in facts.items():
            setattr(self, name, value)
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-6:
            self.now_s += 0.2
            self.step()
        return self.said[-1][1] if self.said else NOTHING_SAID


def limit_of(offer: LoadOffer, source: str) -> float | None:
    (limit_a,) = (limit.limit_a for limit in offer.limits if limit.source == source)
    return limit_a


# --- the chain --------------------------------------------------------------------------------


@pytest.mark.req("MET-7", "CHG-3", "CHG-5", "APP-1")
@pytest.mark.parametrize(
    ("facts", "limit_a", "reason", "words"),
    [
        ({}, 32.0, "dip", "The installation allows 32.0 A"),
        ({"safety": safety(16.0)}, 16.0, "dip", "16.0 A"),
        ({"safety": safety(32.0, 20.04)}, 20.0, "temperature", "61 degrees"),
        ({"safety": safety(32.0, 4.0)}, 0.0, "temperature", "less than the 6 A"),
        ({"safety": safety(32.0, 40.0)}, 32.0, "dip", "32.0 A"),
        ({"wish": wish(10.0)}, 10.0, "app", "The app allows 10.0 A (by web)."),
        ({"wish": wish(3.0)}, 0.0, "app", "less than the 6 A"),
        ({"wish": wish(5.95)}, 0.0, "app", "The app allows 5.9 A (by web). That is less than"),
        ({"wish": wish(15.99)}, 15.9, "app", "The app allows 15.9 A (by web)."),
        ({"safety": safety(32.0, 5.99)}, 0.0, "temperature", "5.9 A are left. That is less than"),
        ({"wish": wish(pause=True)}, 0.0, "app", "The app pauses the charge"),
        ({"wish": wish(10.0, end_s=1.0)}, 32.0, "dip", ""),  # over
        ({"wish": wish(10.0, end_s=99.0)}, 10.0, "app", ""),
        ({"wish": wish(63.0)}, 32.0, "dip", ""),
        ({"wish": wish(10.0), "safety": safety(32.0, 8.0)}, 8.0, "temperature", ""),
        # what cannot be, or is not known
        ({"safety": None}, 0.0, "dip", "Nothing is heard from safety"),
        ({"safety": safety(math.nan)}, 0.0, "dip", ""),
        ({"safety": safety(math.inf)}, 0.0, "dip", ""),
        ({"safety": safety(99.0)}, 32.0, "dip", ""),
        ({"wish": wish(math.nan)}, 0.0, "app", ""),
        ({"wish": wish(-5.0)}, 0.0, "app", ""),
    ],
)
def test_the_lowest_claim_wins_and_says_why(
    facts: dict[str, Any], limit_a: float, reason: str, words: str
) -> None:
    offer = Desk(monitoring=False).run(2.0, **facts)
    assert (offer.limit_a, offer.reason) == (limit_a, reason)
    assert words in offer.detail
    assert offer.house_meter is HouseMeter.OFF


@pytest.mark.req("MET-7")
def test_the_whole_chain_is_published_lowest_first() -> None:
    desk = Desk(fuse_a=35.0)
    offer = desk.run(2.0, house=(5.0, 9.0, 1.0), wish=wish(20.0), safety=safety(32.0, 28.0))
    chain = [(limit.source, limit.limit_a) for limit in offer.limits]
    assert chain[:4] == [("app", 20.0), ("fuse", 25.5), ("temperature", 28.0), ("dip", 32.0)]
    without_limit = {"meter_lost", "meter_proof", "phase_search", "rest", "start"}
    assert {source for source, limit_a in chain[4:]} == without_limit
    assert all(limit_a is None for _, limit_a in chain[4:])


# --- the fuse ---------------------------------------------------------------------------------


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize(
    ("phases", "left_a", "phase"),
    [
        # meter's currents 10, 14, 18 of 35 A; the vehicle takes 0, 4, 8 A on the box's lines
        ("L1-L2-L3", 24.5, "L3"),  # others: 10-0 on L1, 14-4 on L2, 18-8 on L3
        ("L2-L3-L1", 20.5, "L3"),  # others: 14-0 on L2, 18-4 on L3, 10-8 on L1
        ("L3-L1-L2", 16.5, "L3"),  # others: 18-0 on L3, 10-4 on L1, 14-8 on L2
        ("L1", 24.5, "L1"),
        ("L2", 20.5, "L2"),
        ("L3", 16.5, "L3"),
    ],
)
def test_each_line_of_the_box_is_held_against_its_phase_of_the_house(
    phases: PhaseAssignment, left_a: float, phase: str
) -> None:
    desk = Desk(phases=phases, fuse_a=35.0)
    box = (0.0, 4.0, 8.0) if len(phases) > 2 else (0.0, 0.0, 0.0)
    offer = desk.run(2.0, house=(10.0, 14.0, 18.0), box=box)
    assert limit_of(offer, "fuse") == left_a
    assert f"on {phase};" in offer.detail


@pytest.mark.req("MET-1")
def test_the_house_and_what_is_left_are_published_with_their_amounts() -> None:
    desk = Desk(fuse_a=25.0)
    offer = desk.run(2.0, house=(19.3, 2.0, 2.0))
    assert (offer.limit_a, offer.reason) == (0.0, "fuse")
    assert offer.detail == (
        "The other loads use 19.3 A of the 25 A on L1; 5.2 A are left, "
        "less than the 6 A that a car needs: paused."
    )
    offer = desk.run(9.0, house=(10.0, 2.0, 2.0))
    assert "paused until 6.5 A have been left for 10 s" in offer.detail
    offer = desk.run(60.0, house=(-3.0, -2.0, -2.5))
    assert limit_of(offer, "fuse") == 26.5
    (fuse,) = (limit for limit in offer.limits if limit.source == "fuse")
    assert fuse.detail.startswith(
        "Beside the car there are \N{MINUS SIGN}2.0 A of the 25 A on L2, by sun or by an error of "
        "measurement; "
    ), fuse.detail
    assert offer.limit_a == 26.5


def test_export_gives_headroom_and_never_more_than_the_installation() -> None:
    offer = Desk().run(2.0, house=(-30.0, -30.0, -30.0), safety=safety(16.0))
    assert (offer.limit_a, offer.reason) == (16.0, "dip")


@pytest.mark.req("MET-1")
def test_less_headroom_lowers_the_offer_with_the_reading_that_shows_it() -> None:
    desk = Desk(fuse_a=35.0)
    desk.run(20.0, house=(5.0, 5.0, 5.0))
    assert desk.said[-1][1].limit_a == 29.5
    desk.house = (5.0, 15.0, 5.0)
    changed_s = desk.now_s
    desk.run(1.2)
    lowered_s = next(at_s for at_s, offer in desk.said if at_s > changed_s and offer.limit_a < 29)
    assert lowered_s <= desk._polled_s + 1e-6
    assert desk.said[-1][1].limit_a == 19.5


def peak(desk: Desk, house_a: float, seconds: float) -> list[float]:
    """Charge with 16 A while the house carries so much on L1; return the offers meanwhile."""
    desk.run(20.0, house=(18.0, 2.0, 2.0), box=(16.0, 16.0, 16.0), pilot=pilot(offered_a=16.0))
    before = len(desk.said)
    desk.run(seconds, house=(house_a, 2.0, 2.0))
    desk.run(0.2, house=(18.0, 2.0, 2.0))
    return [offer.limit_a for _, offer in desk.said[before:]]


@pytest.mark.req("MET-1")
def test_a_peak_of_a_second_opens_no_contactor() -> None:
    desk = Desk(fuse_a=25.0)
    assert min(peak(desk, 36.0, 1.2)) == 6.0
    assert desk.run(RAISE_AFTER_S + 1.2).limit_a > 6.0


@pytest.mark.req("MET-1")
def test_a_load_that_stays_pauses_after_5_s_and_the_wait_is_published() -> None:
    desk = Desk(fuse_a=25.0)
    offers = peak(desk, 36.0, 7.0)
    assert offers.index(0.0) - offers.index(6.0) == 25  # steps of 0.2 s
    desk = Desk(fuse_a=25.0)
    peak(desk, 36.0, 1.2)
    assert "paused if that lasts 5 s" in desk.said[-2][1].detail


@pytest.mark.req("MET-1")
def test_more_than_twice_the_fuse_pauses_with_the_first_reading() -> None:
    offers = peak(Desk(fuse_a=25.0), 51.0, 1.2)
    assert 0.0 in offers
    assert 6.0 not in offers[: offers.index(0.0)]


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("poll_s", [1.0, 5.0])
def test_a_lack_after_which_no_reading_comes_pauses_within_10_s(poll_s: float) -> None:
    desk = Desk(fuse_a=25.0)
    desk.poll_s = poll_s
    desk.run(20.0, house=(18.0, 2.0, 2.0), box=(16.0, 16.0, 16.0), pilot=pilot(offered_a=16.0))
    assert desk.run(poll_s, house=(36.0, 2.0, 2.0)).limit_a == 6.0
    assert desk.run(9.4 - poll_s, house=None).limit_a == 6.0
    assert desk.run(1.0 + poll_s).limit_a == 0.0
    assert desk.run(60.0).limit_a == 0.0


def test_more_headroom_raises_the_offer_after_ten_seconds() -> None:
    desk = Desk(fuse_a=35.0)
    desk.run(20.0, house=(15.0, 5.0, 5.0))
    assert desk.run(9.0, house=(5.0, 5.0, 5.0)).limit_a == 19.5
    assert "until that has lasted 10 s" in desk.said[-1][1].detail
    assert desk.run(3.0).limit_a == 29.5


def test_the_vehicles_own_current_is_not_the_houses() -> None:
    def vehicle_a(at_s: float) -> float:
        """Between 0 and 15 A, 5 A/s up and down, as it likes."""
        return 5.0 * abs((at_s + 3.0) % 6.0 - 3.0)

    desk = Desk(fuse_a=25.0)
    for _ in range(600):
        drawn_a = vehicle_a(desk.now_s + 0.2)
        total_a = 5.0 + vehicle_a(desk.now_s + 0.1)
        desk.run(0.2, house=(total_a,) * 3, box=(drawn_a,) * 3)
    limits_a = {offer.limit_a for at_s, offer in desk.said if at_s > desk.begun_s + 2.0}
    assert min(limits_a) >= 18.9  # half an ampere is lost where a ramp ends between readings


def test_loads_that_rise_while_the_vehicle_falls_are_seen_by_the_second_reading() -> None:
    desk = Desk(fuse_a=25.0)
    desk.run(15.0, house=(20.0, 20.0, 20.0), box=(15.0, 15.0, 15.0))
    assert desk.said[-1][1].limit_a == 19.5
    begun_s = desk.now_s
    while desk.now_s - begun_s < 3.0:  # 2 A/s down
        at_s = desk.now_s - begun_s
        drawn_a, sampled_a = 15.0 - 2.0 * (at_s + 0.2), 15.0 - 2.0 * (at_s + 0.1)
        desk.run(0.2, house=(12.0 + sampled_a,) * 3, box=(drawn_a,) * 3)
    assert desk.said[-1][1].limit_a <= 12.7


def test_a_box_that_cannot_measure_counts_the_vehicle_as_house() -> None:
    desk = Desk(fuse_a=25.0)
    desk.run(20.0, house=(15.0, 15.0, 15.0), box=(10.0, 10.0, 10.0))
    assert desk.said[-1][1].limit_a == 19.5
    assert desk.run(4.0, box=None).limit_a == 19.5  # a meter that restarts stops no charge
    assert desk.run(2.0).limit_a == 9.5


@pytest.mark.parametrize("gap_s", [1.2, 2.0, 3.0])
@pytest.mark.parametrize("is_box_first", [True, False])
def test_a_meter_that_restarts_during_a_charge_changes_no_offer(
    gap_s: float, is_box_first: bool
) -> None:
    desk = Desk(fuse_a=35.0)
    desk.run(20.0, house=(33.7, 33.7, 33.7), box=(31.7, 31.7, 31.7))
    before = len(desk.said)
    desk.run(gap_s, house=None, box=None)
    if is_box_first:
        desk.run(0.2, box=(31.7, 31.7, 31.7))
    desk._polled_s = -math.inf
    desk.run(0.2, house=(33.7, 33.7, 33.7))
    desk.run(10.0, box=(31.7, 31.7, 31.7))
    assert {offer.limit_a for _, offer in desk.said[before:]} == {32.0}


def test_a_box_that_stays_silent_holds_an_overload_for_no_longer_than_its_hold() -> None:
    desk = Desk(fuse_a=25.0)
    desk.poll_s = 0.4  # the next reading comes before the one before it is settled
    desk.run(20.0, house=(15.0, 15.0, 15.0), box=(10.0, 10.0, 10.0))
    assert desk.run(6.0, house=(35.0, 35.0, 35.0), box=None).limit_a == 0.0


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize("phases", ["L1", "L2", "L3"])
def test_a_current_beside_the_assignment_lets_every_phase_of_the_house_count(
    phases: PhaseAssignment,
) -> None:
    for busy in range(3):
        desk = Desk(phases=phases, fuse_a=35.0)
        l1_a, l2_a, l3_a = (30.0 if line == busy else 2.0 for line in range(3))
        desk.run(2.0, house=(2.0, 2.0, 2.0))
        offer = desk.run(1.4, house=(l1_a + 10.0, l2_a + 10.0, l3_a + 10.0), box=(10.0,) * 3)
        assert (offer.limit_a, offer.reason) == (0.0, "fuse")
        assert "draws on the box's L2 and L3, beside the phase assignment" in offer.detail
        # known of this car, also while it draws nothing
        offer = desk.run(120.0, house=(l1_a, l2_a, l3_a), box=(0.0, 0.0, 0.0))
        assert offer.limit_a == 0.0
        # and not of the next one
        desk.run(1.0, pilot=pilot(CpState.A))
        named = int(phases[1]) - 1
        offer = desk.run(60.0, pilot=pilot(CpState.B))
        assert offer.limit_a == (0.0 if named == busy else 32.0)


ONE, TWO, ALL = (True, False, False), (True, False, True), (True, True, True)


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize(
    ("phases", "wired", "limit_a", "is_wrong"),
    [
        # other loads of 2, 10 and 14 A on the phases of a house with 25 A
        (PhaseAssignment.L1, ALL, 10.5, True),
        (PhaseAssignment.L1, TWO, 10.5, True),
        (PhaseAssignment.L1, ONE, 22.5, False),
        (PhaseAssignment.L2, ONE, 14.5, False),
        (PhaseAssignment.L1_L2_L3, ONE, 10.5, True),
        (PhaseAssignment.L2_L3_L1, ALL, 10.5, False),
        (PhaseAssignment.L2_L3_L1, TWO, 10.5, False),
        (PhaseAssignment.L1, (False, False, False), 22.5, False),  # safety does not know yet
    ],
)
def test_of_an_assignment_that_the_wiring_contradicts_every_phase_of_the_house_counts(
    phases: PhaseAssignment, wired: tuple[bool, bool, bool], limit_a: float, is_wrong: bool
) -> None:
    desk = Desk(phases=phases, fuse_a=25.0)
    offer = desk.run(5.0, house=(2.0, 10.0, 14.0), safety=replace(safety(), wired_phases=wired))
    assert offer.limit_a == limit_a
    text = f"The phase assignment {phases} does not fit the phases that are wired to the box"
    assert (text in offer.detail) is is_wrong


@pytest.mark.req("MET-1", "MET-4")
def test_a_wiring_that_contradicts_the_assignment_counts_with_the_message_that_shows_it() -> None:
    desk = Desk(phases=PhaseAssignment.L1, fuse_a=25.0)
    known = replace(safety(), wired_phases=ONE)
    assert desk.run(5.0, house=(2.0, 15.0, 2.0), safety=known).limit_a == 22.5
    desk.safety = replace(known, wired_phases=ALL)
    desk.step()
    assert desk.said[-1][1].limit_a == 9.5
    desk.safety = replace(known, wired_phases=(False, False, False))  # a safety that starts again
    desk.step()
    assert desk.said[-1][1].limit_a == 9.5
    assert desk.run(RAISE_AFTER_S - 1.0, safety=known).limit_a == 9.5
    assert desk.run(3.0).limit_a == 22.5


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize("phases", list(PhaseAssignment))
@pytest.mark.parametrize("wired", [ONE, TWO, ALL])
def test_no_assignment_loads_a_phase_beyond_the_fuse_whatever_is_wired(
    phases: PhaseAssignment, wired: tuple[bool, bool, bool]
) -> None:
    """The box's lines lie on any phases of the house that the assignment leaves possible."""
    others_a = (2.0, 7.0, 12.0)
    known = replace(safety(), wired_phases=wired)
    for feeds in itertools.permutations(range(3)):
        named = METER_LINES[phases]
        is_true = all(feeds[box] == meter for box, meter in enumerate(named))
        if fits(phases, wired) and not is_true:
            continue  # a wrong setting that nothing can see
        desk = Desk(phases=phases, fuse_a=25.0)
        offer_a = 0.0
        for _ in range(120):
            drawn = tuple(max(0.0, offer_a - 0.3) if is_wired else 0.0 for is_wired in wired)
            house = list(others_a)
            for box, meter in enumerate(feeds):
                house[meter] += drawn[box]
            assert max(house) <= 25.0
            offer_a = desk.run(1.0, house=tuple(house), box=drawn, safety=known).limit_a
        assert offer_a >= 6.0


def test_a_house_meter_of_one_phase_says_nothing_of_the_others() -> None:
    desk = Desk(phases=PhaseAssignment.L1, fuse_a=35.0)
    offer = desk.run(10.0, house=(5.0, 0.0, 0.0), house_v=(230.0, 0.0, 0.0))
    assert (offer.limit_a, offer.house_meter) == (29.5, HouseMeter.ONLINE)
    offer = desk.run(12.0, house=(15.0, 0.0, 0.0), box=(10.0, 10.0, 10.0))
    assert (offer.limit_a, offer.house_meter) == (10.0, HouseMeter.LOST)


@pytest.mark.req("MET-1", "MET-3")
def test_a_meter_that_boots_gives_no_headroom() -> None:
    desk = Desk(fuse_a=25.0)
    desk.run(20.0, house=(15.0, 15.0, 15.0), box=(10.0, 10.0, 10.0))
    before = len(desk.said)
    desk.run(60.0, house=(0.0, 0.0, 0.0), house_v=(0.0, 0.0, 0.0))
    assert max(offer.limit_a for _, offer in desk.said[before:]) == 19.5
    assert desk.said[-1][1].limit_a == 10.0


def test_the_sun_may_feed_the_box() -> None:
    desk = Desk(fuse_a=25.0)
    for house_a in (-8.0, -0.01, 0.01, 2.0):
        offer = desk.run(20.0, house=(house_a,) * 3, box=(10.0, 10.0, 10.0))
        assert offer.house_meter is HouseMeter.ONLINE


@pytest.mark.req("MET-1")
def test_a_phase_that_the_vehicle_does_not_draw_on_limits_nothing() -> None:
    desk = Desk(fuse_a=25.0)
    offer = desk.run(20.0, house=(12.0, 3.0, 3.0), box=(10.0, 0.1, 0.1))
    assert limit_of(offer, "fuse") == 21.6
    offer = desk.run(20.0, house=(12.0, 24.0, 24.0))
    assert limit_of(offer, "fuse") == 22.5
    # it draws there after all
    offer = desk.run(2.2, house=(12.0, 25.9, 24.0), box=(10.0, 2.0, 0.1))
    assert limit_of(offer, "fuse") == 0.0
    # and the next vehicle is not this one
    desk = Desk(fuse_a=25.0)
    desk.run(20.0, house=(12.0, 3.0, 3.0), box=(10.0, 0.1, 0.1))
    desk.run(1.0, pilot=pilot(CpState.A), box=(0.0, 0.0, 0.0))
    assert limit_of(desk.run(3.0, house=(2.0, 24.0, 3.0)), "fuse") == 0.0


# --- the least pause ---------------------------------------------------------------------------


def controller(pause: bool, at_s: float) -> Source:
    """Return what a controller beside the app says."""
    wishes = Wishes(wishes=(Wish(name="smart_home", pause=pause),))
    return Source(name="smart_home", wishes=wishes, said_s=at_s)


@pytest.mark.req("MET-7")
def test_a_controller_that_pauses_again_and_again_pauses_two_minutes_at_least() -> None:
    desk = Desk(monitoring=False, offered_a=16.0)
    closings = 0
    for number in range(180):  # each 20 s for an hour
        before_a = desk.said[-1][1].limit_a if desk.said else 0.0
        offer = desk.run(20.0, sources=(controller(number % 2 == 1, desk.now_s),))
        closings += offer.limit_a > 0.0 == before_a
        if number % 2 == 1:
            assert offer.limit_a == 0.0  # it pauses whenever it wants
    assert closings <= 27
    desk.run(600.0, sources=(controller(False, desk.now_s),))
    for wait_s in (1.0, 1.0, 119.0):
        assert desk.run(1.0, sources=(controller(True, desk.now_s),)).limit_a == 0.0
        offer = desk.run(wait_s - 0.8, sources=(controller(False, desk.now_s),))
        assert offer.limit_a == (0.0 if wait_s > 1.0 else 32.0)
        assert ("lasts 120 s at least" in offer.detail) is (wait_s > 1.0)
    assert desk.run(3.0).limit_a == 32.0


@pytest.mark.req("MET-7", "APP-1")
def test_a_person_may_pause_and_resume_as_often_as_wanted() -> None:
    desk = Desk(monitoring=False, offered_a=16.0)
    for _ in range(10):
        assert desk.run(2.0, wish=wish(pause=True)).limit_a == 0.0
        assert desk.run(2.0, wish=NO_WISHES).limit_a == 32.0


# --- the meter that is lost -------------------------------------------------------------------


@pytest.mark.req("MET-3")
@pytest.mark.parametrize(("poll_s", "lost_s"), [(1.0, 10.0), (3.0, 10.0), (5.0, 15.0)])
def test_a_silent_meter_is_lost_after_three_polls_or_ten_seconds(
    poll_s: float, lost_s: float
) -> None:
    desk = Desk()
    desk.run(30.0, house=(5.0, 5.0, 5.0), poll_s=poll_s)
    assert desk.said[-1][1].limit_a == 19.5
    sampled_s = desk._polled_s - 0.1
    desk.house = None
    offer = desk.run(sampled_s + lost_s - desk.now_s - 0.2)
    assert (offer.limit_a, offer.house_meter) == (19.5, HouseMeter.ONLINE)
    offer = desk.run(0.8)
    assert (offer.limit_a, offer.house_meter) == (10.0, HouseMeter.LOST)
    assert offer.reason == "meter_lost"
    assert offer.detail == "The house meter is lost: 10 A at most."


@pytest.mark.req("MET-3")
@pytest.mark.parametrize(
    "bad",
    [
        {"online": False},
        {"house": (math.nan, 5.0, 5.0)},
        {"house": (5.0, math.inf, 5.0)},
        {"house": (5.0, 5.0, MOST_POSSIBLE_A + 1.0)},
        {"house": (0.0, 0.0, 0.0), "house_v": (0.0, 0.0, 0.0)},  # it boots
        {"house_v": (230.0, 0.0, 230.0)},
        {"house_v": (230.0, 230.0, math.nan)},
        {"house_v": (400.0, 230.0, 230.0)},
        {"house": (0.0, 5.0, 5.0), "box": (10.0, 0.1, 0.1)},  # a transformer is off
    ],
)
def test_readings_that_cannot_be_true_are_silence(bad: dict[str, Any]) -> None:
    desk = Desk()
    desk.run(10.0, house=(5.0, 5.0, 5.0))
    offer = desk.run(12.0, **bad)
    assert (offer.limit_a, offer.house_meter) == (10.0, HouseMeter.LOST)


def test_an_old_reading_sent_again_is_silence() -> None:
    desk = Desk()
    desk.run(10.0, house=(5.0, 5.0, 5.0))
    desk._polled_s = math.inf  # the same message, at every step
    assert desk.run(12.0).house_meter is HouseMeter.LOST


@pytest.mark.req("MET-3")
@pytest.mark.parametrize(
    ("others_a", "limit_a", "words"),
    [(17.3, 7.2, "no more than 7.2 A"), (19.5, 0.0, "no more than the pause")],
)
def test_losing_the_meter_never_raises_the_offer_to_the_car_that_is_plugged_in(
    others_a: float, limit_a: float, words: str
) -> None:
    desk = Desk()
    assert desk.run(10.0, house=(others_a, 5.0, 5.0)).limit_a == limit_a
    offer = desk.run(600.0, house=None)
    assert (offer.limit_a, offer.reason) == (limit_a, "meter_lost")
    assert words in offer.detail
    desk.run(1.0, pilot=pilot(CpState.A))
    assert desk.run(1.0, pilot=pilot(CpState.B)).limit_a == 10.0


@pytest.mark.req("MET-3")
def test_other_limits_hold_while_the_meter_is_lost() -> None:
    desk = Desk()
    desk.run(10.0, house=(5.0, 5.0, 5.0))
    offer = desk.run(20.0, house=None, wish=wish(8.0))
    assert (offer.limit_a, offer.reason) == (8.0, "app")
    assert desk.run(1.0, wish=NO_WISHES).limit_a == 10.0


@pytest.mark.req("MET-3")
def test_the_meter_is_back_after_three_good_readings() -> None:
    desk = Desk()
    desk.run(10.0, house=(5.0, 5.0, 5.0))
    desk.run(20.0, house=None)
    assert desk.run(2.0, house=(5.0, 5.0, 5.0)).house_meter is HouseMeter.LOST
    offer = desk.run(1.0)
    assert (offer.house_meter, offer.limit_a) == (HouseMeter.ONLINE, 10.0)
    assert desk.run(12.0).limit_a == 19.5  # and then as always


def test_a_reading_of_a_returning_meter_lowers_at_once() -> None:
    desk = Desk()
    desk.run(10.0, house=(5.0, 5.0, 5.0))
    desk.run(20.0, house=None)
    offer = desk.run(0.8, house=(16.0, 5.0, 5.0))
    assert (offer.house_meter, offer.limit_a) == (HouseMeter.LOST, 8.5)


@pytest.mark.req("MET-3")
def test_a_slow_meter_raises_nothing_before_it_is_back() -> None:
    desk = Desk()
    desk.run(30.0, house=(17.3, 5.0, 5.0), poll_s=12.0)
    desk.run(60.0, house=None)
    offer = desk.run(13.0, house=(2.0, 2.0, 2.0))  # two readings, twelve seconds apart
    assert (offer.house_meter, offer.limit_a) == (HouseMeter.LOST, 7.2)


# --- after a start ----------------------------------------------------------------------------


def test_the_first_offer_waits_for_pilot_and_not_for_long() -> None:
    desk = Desk(monitoring=False)
    desk.pilot = None
    for _ in range(4):
        desk.now_s += 0.2
        desk.step()
    assert desk.said == []
    offer = desk.run(HEAR_S)
    assert (offer.limit_a, offer.reason) == (0.0, "start")


def test_a_cold_start_offers_nothing_before_every_claim_is_heard() -> None:
    desk = Desk()
    offer = desk.run(5.0)
    assert (offer.limit_a, offer.reason) == (0.0, "start")
    assert offer.house_meter is HouseMeter.STARTING
    assert desk.run(1.0, house=(5.0, 5.0, 5.0)).limit_a == 19.5


@pytest.mark.req("MET-3")
def test_a_meter_that_is_never_heard_allows_no_more_than_before_until_the_plug_is_out() -> None:
    desk = Desk(offered_a=16.0)
    offer = desk.run(HEAR_S + 0.2)
    assert (offer.limit_a, offer.reason) == (10.0, "meter_lost")
    assert "has not been read yet" in offer.detail
    offer = desk.run(10.0)
    assert (offer.limit_a, offer.house_meter) == (10.0, HouseMeter.LOST)
    desk = Desk(offered_a=0.0)
    offer = desk.run(600.0)
    assert (offer.limit_a, offer.reason, offer.house_meter) == (0.0, "start", HouseMeter.LOST)
    assert offer.detail == (
        "Just started: no more than was offered before, until these are heard: the house meter."
    )
    desk.run(1.0, pilot=pilot(CpState.A))
    assert desk.run(1.0, pilot=pilot(CpState.B)).limit_a == 10.0


@pytest.mark.req("MET-3")
def test_a_restart_while_the_meter_is_lost_ends_no_pause_of_the_fuse() -> None:
    # 17.7 A of 20 A are used: with the 10 A of MET-3 it would be 27.7 A
    desk = Desk(fuse_a=20.0)
    assert desk.run(10.0, house=(17.7, 2.0, 2.0)).limit_a == 0.0
    assert desk.run(20.0, house=None).house_meter is HouseMeter.LOST
    desk.state = start(desk.now_s)
    before = len(desk.said)
    desk.run(600.0)
    assert {offer.limit_a for _, offer in desk.said[before:]} == {0.0}
    desk.run(5.0, house=(17.7, 2.0, 2.0))
    assert {offer.limit_a for _, offer in desk.said[before:]} == {0.0}
    assert desk.run(60.0, house=(2.0, 2.0, 2.0)).limit_a == 17.5


@pytest.mark.req("MET-3")
def test_a_meter_that_was_lost_before_a_restart_is_lost_at_once_after_it() -> None:
    desk = Desk(offered_a=10.0)
    desk._reading = reading((5.0, 5.0, 5.0), desk.now_s - 60.0, online=False)
    offer = desk.run(0.4)
    assert (offer.limit_a, offer.house_meter) == (10.0, HouseMeter.LOST)


def test_a_restart_during_a_charge_neither_pauses_nor_raises_it() -> None:
    desk = Desk(offered_a=13.2)
    assert desk.run(0.2, house=(5.0, 5.0, 5.0)).limit_a == 13.2
    assert desk.run(7.0).limit_a == 13.2
    assert desk.run(5.0).limit_a == 19.5  # as any raise
    desk = Desk(offered_a=13.2)
    # the house is heard before the box: nothing is said until they can be compared
    assert desk.run(0.2, house=(16.0, 16.0, 16.0), box=None) is NOTHING_SAID
    assert desk.run(0.2, box=(12.9, 12.9, 12.9)).limit_a == 13.2
    desk = Desk(offered_a=7.0)
    offer = desk.run(60.0)  # the meter is lost as well
    assert (offer.limit_a, offer.house_meter) == (7.0, HouseMeter.LOST)


def test_a_restart_during_a_pause_by_the_app_does_not_end_it() -> None:
    desk = Desk(monitoring=False, offered_a=0.0)
    offer = desk.run(600.0, wish=None)
    assert (offer.limit_a, offer.reason) == (0.0, "app")
    assert desk.run(1.0, wish=wish(pause=True)).reason == "app"
    assert desk.run(1.0, wish=NO_WISHES).limit_a == 32.0


def test_a_restart_during_a_pause_does_not_end_it_early() -> None:
    desk = Desk(offered_a=0.0)
    desk.session = session(energy_wh=1500.0)
    offer = desk.run(28.0, house=(5.0, 5.0, 5.0))
    assert (offer.limit_a, offer.reason) == (0.0, "fuse")
    assert "paused until 6.5 A have been left for 30 s." in offer.detail
    assert desk.run(5.0).limit_a == 19.5


@pytest.mark.parametrize("cp_state", [CpState.A, CpState.B, CpState.C])
def test_the_first_charge_after_a_start_waits_for_nothing(cp_state: CpState) -> None:
    desk = Desk(offered_a=0.0)
    desk.session = session(energy_wh=0.0)
    desk.pilot = pilot(cp_state)
    # a vehicle that is not there yet has shown nothing to the meter
    expected_a = 10.0 if cp_state is CpState.A else 19.5
    assert desk.run(2.0, house=(5.0, 5.0, 5.0)).limit_a == expected_a


def test_a_session_that_is_not_heard_delays_the_fuse_by_no_more_than_its_period() -> None:
    desk = Desk(offered_a=0.0)
    assert desk.run(3.0, house=(5.0, 5.0, 5.0), session=None).limit_a == 19.5
    desk = Desk(offered_a=0.0)  # late, but in time
    desk.run(1.0, house=(5.0, 5.0, 5.0), session=None)
    assert desk.run(5.0, session=session(energy_wh=1500.0)).limit_a == 0.0


@pytest.mark.parametrize("witness", ["safety", "pilot"])
def test_each_pause_waits_longer_than_the_one_before_until_the_car_leaves(witness: str) -> None:
    desk = Desk(offered_a=16.0)
    desk.run(25.0, house=(5.0, 5.0, 5.0))
    for wait_s, words in ((30.0, "30 s"), (60.0, "60 s"), (600.0, "10 min")):
        assert desk.run(7.0, house=(22.0, 5.0, 5.0)).limit_a == 0.0
        offer = desk.run(wait_s - 1.0, house=(5.0, 5.0, 5.0))
        assert offer.limit_a == 0.0
        assert f"left for {words}" in offer.detail
        assert ("pause 2 in a row" in offer.detail) is (wait_s == 60.0)
        assert desk.run(5.0).limit_a == 19.5
    assert "come and go, 3 times within 30 min" in offer.detail
    assert "fuse_budget_percent" in offer.detail
    if witness == "safety":
        desk.run(1.0, pilot=pilot(CpState.A))
    else:  # safety is dead, or its last word is still fresh
        out = pilot_status()
        desk.run(1.0, by_pilot=out)
    charging = pilot(CpState.C, 16.0)
    desk.run(12.0, house=(5.0, 5.0, 5.0), pilot=charging, by_pilot=None)
    assert desk.run(7.0, house=(22.0, 5.0, 5.0)).limit_a == 0.0
    assert desk.run(28.0, house=(5.0, 5.0, 5.0)).limit_a == 0.0
    assert desk.run(5.0, house=(5.0, 5.0, 5.0)).limit_a == 19.5


def test_an_offer_on_its_way_through_a_duty_cycle_is_not_worn_down() -> None:
    for tenths in range(60, 321):
        offer_a = tenths / 10.0
        duty_percent = round(offer_a / 0.6, 4)  # as a generator of 1 ns and 1 kHz sets it
        desk = Desk(monitoring=False, offered_a=0.6 * duty_percent)
        desk.supply_limits = None  # no settings: what was offered holds
        assert desk.run(HEAR_S + 0.2).limit_a == offer_a


# --- whatever is said -------------------------------------------------------------------------

ANY_CURRENT = st.one_of(
    st.floats(-40.0, 60.0), st.sampled_from([math.nan, math.inf, -math.inf, 1e9])
)
FACTS = st.one_of(
    st.fixed_dictionaries({"house": st.tuples(ANY_CURRENT, ANY_CURRENT, ANY_CURRENT)}),
    st.fixed_dictionaries({"box": st.tuples(ANY_CURRENT, ANY_CURRENT, ANY_CURRENT)}),
    st.fixed_dictionaries({"online": st.booleans()}),
    st.sampled_from([{"house": None}, {"box": None}, {"safety": None}, {"pilot": None}]),
    st.builds(
        lambda dip_a, limit_a: {"safety": safety(dip_a, limit_a)},
        st.sampled_from([10.0, 13.0, 16.0, 20.0, 25.0, 32.0]),
        ANY_CURRENT,
    ),
    st.builds(
        lambda limit_a, pause, hold: {"wish": wish(limit_a, pause, detail="x" * 400, **hold)},
        st.one_of(st.none(), ANY_CURRENT),
        st.booleans(),
        st.sampled_from([{}, {}, {"hold_s": 2.0, "fallback_a": 6.0}, {"end_s": 20.0}]),
    ),
    st.builds(
        lambda cp_state, offered_a: {"pilot": pilot(cp_state, offered_a)},
        st.sampled_from([CpState.A, CpState.B, CpState.C]),
        st.floats(0.0, 32.0),
    ),
)


EVENTS = st.tuples(FACTS, st.sampled_from([0.2, 1.0, 3.0, 12.0]))


@settings(max_examples=80)
@given(st.lists(EVENTS, max_size=25))
def test_whatever_is_said_the_offer_is_sound_and_below_every_claim(
    events: list[tuple[dict[str, Any], float]],
) -> None:
    _check_offers(events)


@pytest.mark.proof
@settings(max_examples=2000)
@given(st.lists(EVENTS, max_size=25))
def test_whatever_is_said_often_the_offer_is_sound_and_below_every_claim(
    events: list[tuple[dict[str, Any], float]],
) -> None:
    _check_offers(events)


def _check_offers(events: list[tuple[dict[str, Any], float]]) -> None:
    desk = Desk()
    desk.run(0.2)
    for facts, seconds in events:
        before = len(desk.said)
        desk.run(seconds, **facts)
        for at_s, offer in desk.said[before:]:
            assert offer.limit_a == 0.0 or 6.0 <= offer.limit_a <= 32.0
            for limit in offer.limits:
                assert limit.limit_a is None or offer.limit_a <= limit.limit_a + 1e-6
            if offer.house_meter is HouseMeter.LOST:
                assert offer.limit_a <= 10.0
            if desk.safety is None and at_s > desk.begun_s + HEAR_S:
                assert offer.limit_a == 0.0
            if desk.safety is not None:
                assert offer.limit_a <= desk.safety.installation_limit_a
            assert 0 < len(offer.detail) <= 400
            assert all(len(limit.detail) <= 400 for limit in offer.limits)


@settings(max_examples=50)
@given(st.lists(EVENTS, max_size=12))
def test_before_the_deadline_time_alone_changes_nothing(
    events: list[tuple[dict[str, Any], float]],
) -> None:
    desk = Desk()
    for facts, seconds in [({}, 0.2), *events]:
        desk.run(seconds, **facts)
        inputs, state = desk.inputs(), desk.state
        for share in (0.01, 0.5, 0.99):
            later_s = desk.now_s + share * min(desk.due_s - desk.now_s, 3600.0)
            after, _ = step(desk.config, desk.state, replace(inputs, now_s=later_s))
            assert after == state
