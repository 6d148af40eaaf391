"""What sources wish, and what holds when they are not heard: ends, holds, fallbacks, starts."""

import math
from typing import Any

import pytest
from msgspec import ValidationError, msgpack
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import HouseMeter, Limit, LoadOffer
from msgs.pilot import CpState
from msgs.wish import MOST_WISHES, NO_WISHES, Wish, Wishes
from nodes.load_manager.claims import arbitrate, fuse
from nodes.load_manager.house import MOST_COMPLAINT, Headroom, Share
from nodes.load_manager.machine import HEAR_S
from nodes.load_manager.ramp import Ramp
from nodes.load_manager.state import start
from nodes.load_manager.wishes import Source, claim
from tests.load_manager.test_machine import Desk, pilot, wish

SAID_S = 1000.0


def named(name: str = "a", **fields: Any) -> Wish:
    return Wish(name=name, **fields)


def held(limit_a: float | None = None, fallback_a: float = 10.0, **fields: Any) -> Wish:
    return named(limit_a=limit_a, hold_s=2.0, fallback_a=fallback_a, **fields)


def at(now_s: float, *wishes: Wish) -> tuple[float | None, bool, float]:
    """Return the limit, whether it is a fallback, and the next deadline."""
    moment = Moment(now_s)
    source = Source(name="smart_home", wishes=Wishes(wishes=wishes), said_s=SAID_S)
    limit = claim(source, moment)
    assert limit.source == "smart_home"
    assert bool(limit.detail) is (limit.limit_a is not None)
    return limit.limit_a, limit.fallback, moment.due_s


@pytest.mark.req("MET-7", "APP-2")
@pytest.mark.parametrize(
    ("now_s", "wishes", "expected"),
    [
        (1000.0, (), (None, False, math.inf)),
        (1000.0, (named(),), (None, False, math.inf)),
        (9999.0, (named(limit_a=8.0),), (8.0, False, math.inf)),
        (9999.0, (named(pause=True, limit_a=8.0),), (0.0, False, math.inf)),
        # several of one source: the lowest
        (1000.0, (named("x", limit_a=16.0), named("y", limit_a=8.0)), (8.0, False, math.inf)),
        (1000.0, (named("x", pause=True), named("y", limit_a=8.0)), (0.0, False, math.inf)),
        # an end
        (1004.9, (named(limit_a=8.0, end_ns=1005 * 10**9),), (8.0, False, 1005.0)),
        (1005.0, (named(limit_a=8.0, end_ns=1005 * 10**9),), (None, False, math.inf)),
        # a hold: the fallback replaces the wish, be it lower or higher
        (1001.9, (held(8.0),), (8.0, False, 1002.0)),
        (1002.0, (held(8.0),), (10.0, True, math.inf)),
        (1002.0, (held(16.0),), (10.0, True, math.inf)),
        (9999.0, (held(16.0, fallback_a=0.0),), (0.0, True, math.inf)),
        (1001.9, (held(),), (None, False, 1002.0)),  # nothing wished, and to be kept alive
        (1002.0, (held(),), (10.0, True, math.inf)),
        (1002.0, (held(pause=True), named("y", limit_a=8.0)), (8.0, False, math.inf)),
        # an end before the silence leaves nothing to fall back from; one after it lifts nothing
        (1002.0, (held(8.0, end_ns=1001 * 10**9),), (None, False, math.inf)),
        (1002.0, (held(8.0, end_ns=1002 * 10**9),), (None, False, math.inf)),
        (9999.0, (held(8.0, end_ns=1003 * 10**9),), (10.0, True, math.inf)),
    ],
)
def test_the_lowest_of_the_wishes_that_hold_counts(
    now_s: float, wishes: tuple[Wish, ...], expected: tuple[float | None, bool, float]
) -> None:
    assert at(now_s, *wishes) == expected


@pytest.mark.parametrize(
    "broken",
    [
        {"name": ""},
        {"limit_a": -0.1},
        {"limit_a": 63.1},
        {"limit_a": math.nan},
        {"limit_a": math.inf},
        {"end_ns": -1},
        {"hold_s": 2.0},
        {"fallback_a": 6.0},
        {"hold_s": 0.5, "fallback_a": 6.0},
        {"hold_s": math.nan, "fallback_a": 6.0},
        {"hold_s": 2.0, "fallback_a": 5.9},
        {"hold_s": 2.0, "fallback_a": 32.1},
        {"hold_s": 2.0, "fallback_a": -1.0},
        {"hold_s": 2.0, "fallback_a": math.nan},
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_where_it_is_decoded(broken: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        msgpack.decode(msgpack.encode({"wishes": [{"name": "a", **broken}]}), type=Wishes)


def test_a_list_has_each_name_once_and_a_bound() -> None:
    with pytest.raises(ValueError, match="each name once"):
        Wishes(wishes=(named("x"), named("x")))
    many = {"wishes": [{"name": str(number)} for number in range(MOST_WISHES + 1)]}
    with pytest.raises(ValidationError):
        msgpack.decode(msgpack.encode(many), type=Wishes)


@pytest.mark.parametrize(
    ("wished", "after_s", "words"),
    [
        (named("udp", limit_a=8.0, detail="curr"), 0.0, "The smart home allows 8.0 A (udp: curr)."),
        (named("modbus", pause=True), 0.0, "The smart home pauses the charge (modbus)."),
        (
            replace(held(8.0), name="udp"),
            2.0,
            "The smart home has not been heard for 2 s: its fallback of 10.0 A until it is (udp).",
        ),
        (named("smart_home", limit_a=8.0), 0.0, "The smart home allows 8.0 A."),
    ],
)
def test_a_claim_names_its_source_and_its_wish(wished: Wish, after_s: float, words: str) -> None:
    source = Source(name="smart_home", wishes=Wishes(wishes=(wished,)), said_s=SAID_S)
    assert claim(source, Moment(SAID_S + after_s)).detail == words


# --- a source that stops, and a load_manager that starts ----------------------------------------


def controller(**changes: Any) -> Source:
    """Return a source beside the app that has not been heard."""
    return replace(Source(name="smart_home"), **changes)


@pytest.mark.req("APP-2", "MET-7")
def test_a_fallback_holds_until_the_source_is_heard_again() -> None:
    desk = Desk(monitoring=False, offered_a=16.0)
    said_s = desk.now_s
    desk.sources = (controller(wishes=Wishes(wishes=(held(16.0),)), said_s=said_s),)
    assert desk.run(1.8).limit_a == 16.0
    offer = desk.run(0.2)
    assert (offer.limit_a, offer.reason) == (10.0, "smart_home")
    assert [limit.source for limit in offer.limits if limit.fallback] == ["smart_home"]
    desk.run(60.0, pilot=pilot(CpState.A))  # a plug that is out ends a start, no fallback
    assert desk.run(600.0, pilot=pilot(CpState.C)).limit_a == 10.0
    desk.sources = (controller(wishes=Wishes(wishes=(held(20.0),)), said_s=desk.now_s),)
    assert desk.run(0.2).limit_a == 20.0
    desk.sources = (controller(is_configured=False, wishes=Wishes(wishes=(named(pause=True),))),)
    assert desk.run(0.2).limit_a == 32.0  # it is switched off in the settings


@pytest.mark.parametrize(
    ("offered_a", "fallback_a", "limit_a"),
    [(16.0, 6.0, 6.0), (16.0, 10.0, 10.0), (8.0, 10.0, 8.0), (0.0, 10.0, 0.0), (16.0, 0.0, 0.0)],
)
def test_a_configured_source_that_is_not_heard_after_a_start_caps_without_an_end(
    offered_a: float, fallback_a: float, limit_a: float
) -> None:
    unheard = controller(fallback_a=fallback_a)
    desk = Desk(monitoring=False, offered_a=offered_a)
    desk.sources = (unheard,)
    offer = desk.run(900.0)
    assert (offer.limit_a, offer.reason) == (limit_a, "smart_home")
    assert "has not been heard since the start" in offer.detail
    for ended in (
        {"sources": (replace(unheard, wishes=NO_WISHES),)},
        {"sources": (replace(unheard, is_configured=False),)},
        {"pilot": pilot(CpState.A)},
    ):
        other = Desk(monitoring=False, offered_a=offered_a)
        other.sources = (unheard,)
        assert other.run(5.0).limit_a == limit_a
        assert other.run(0.6, **ended).limit_a == 32.0
        assert other.run(60.0, pilot=pilot(CpState.C)).limit_a == 32.0


def test_a_bounce_of_the_plug_lifts_nothing() -> None:
    desk = Desk(monitoring=False, offered_a=16.0)
    desk.sources = (controller(),)
    desk.run(5.0)
    for _ in range(5):
        desk.run(0.2, pilot=pilot(CpState.A))
        assert desk.run(0.2, pilot=pilot(CpState.C)).limit_a == 6.0


def test_a_source_that_is_switched_on_and_not_heard_caps_from_then_on() -> None:
    desk = Desk(monitoring=False, offered_a=16.0)
    desk.sources = (controller(is_configured=False),)
    assert desk.run(5.0).limit_a == 32.0
    desk.sources = (controller(fallback_a=8.0),)
    assert desk.run(5.0).limit_a == 8.0


@pytest.mark.parametrize("silent", ["app", "smart_home"])
def test_a_restart_waits_for_each_source_and_then_takes_what_is_offered(silent: str) -> None:
    desk = Desk(monitoring=False, offered_a=12.0)
    desk.wish = None if silent == "app" else wish(20.0)
    heard = Wishes(wishes=(named(limit_a=20.0),))
    desk.sources = (controller(wishes=None if silent == "smart_home" else heard),)
    desk.run(HEAR_S - 0.2)
    assert desk.said == []
    offer = desk.run(0.4)
    assert (offer.limit_a, offer.reason) == (6.0, silent)
    start_claim = next(limit for limit in offer.limits if limit.source == "start")
    assert start_claim.limit_a == 12.0
    assert silent in start_claim.detail


def test_the_offer_before_a_start_is_taken_once_the_last_one_has_reached_the_duty() -> None:
    desk = Desk(monitoring=False)
    desk.supply_limits = None
    desk.pilot = pilot(offered_a=16.0)
    desk.is_sent_after_start = False  # pilot/status of before the last offer
    desk.now_s += 0.01
    desk.step()
    desk.is_sent_after_start = True
    desk.pilot = pilot(offered_a=12.0)
    desk.now_s += 0.02
    desk.step()
    desk.pilot = pilot(offered_a=16.0)
    assert desk.run(HEAR_S).limit_a == 12.0


def test_a_load_manager_that_starts_again_and_again_never_raises_the_offer() -> None:
    desk = Desk(monitoring=False, offered_a=16.0)
    desk.sources = (controller(fallback_a=10.0),)
    for fallback_a, limit_a in ((10.0, 10.0), (12.0, 10.0), (8.0, 8.0), (32.0, 8.0)):
        desk.sources = (controller(fallback_a=fallback_a),)
        desk.state = start(desk.now_s)
        offer = desk.run(HEAR_S + 0.4)
        assert offer.limit_a == limit_a
        desk.pilot = pilot(offered_a=offer.limit_a)


@pytest.mark.req("MET-7")
def test_the_owners_wishes_are_claims_by_their_own_names() -> None:
    desk = Desk(monitoring=False)
    app = Wish(name="app", limit_a=16.0, detail="by web")
    schedule = Wish(name="schedule", limit_a=10.0, detail="until Mon 22:00")
    full = Wish(name="energy_limit", pause=True, detail="5 kWh are charged")
    offer = desk.run(2.0, wish=Wishes(wishes=(app, schedule)))
    assert (offer.limit_a, offer.reason) == (10.0, "schedule")
    assert offer.detail == "The schedule allows 10.0 A (until Mon 22:00)."
    chain = [(limit.source, limit.limit_a) for limit in offer.limits[:3]]
    assert chain == [("schedule", 10.0), ("app", 16.0), ("dip", 32.0)]
    offer = desk.run(2.0, wish=Wishes(wishes=(app, schedule, full)))
    assert (offer.limit_a, offer.reason) == (0.0, "energy_limit")
    assert offer.detail == "The energy limit pauses the charge (5 kWh are charged)."
    offer = desk.run(2.0, wish=NO_WISHES)
    assert (offer.limit_a, offer.reason) == (32.0, "dip")
    assert not {"schedule", "energy_limit"} & {limit.source for limit in offer.limits}


@pytest.mark.req("MET-7")
def test_an_owners_wish_ends_by_itself_and_only_session_has_some() -> None:
    desk = Desk(monitoring=False)
    end_ns = round((desk.now_s + 5.0) * 1e9)
    schedule = Wish(name="schedule", pause=True, end_ns=end_ns)
    assert desk.run(4.6, wish=Wishes(wishes=(schedule,))).limit_a == 0.0
    assert desk.due_s == pytest.approx(end_ns / 1e9)
    assert desk.run(0.6).limit_a == 32.0
    smart_home = Source(name="smart_home", wishes=Wishes(wishes=(replace(schedule, end_ns=None),)))
    desk.sources = (smart_home,)
    assert desk.run(1.0).reason == "smart_home"


SHARE = Share(phase="L1", house_a=112.3, vehicle_a=0.0, fuse_a=62.5, budget_a=-12.5, reserve_a=0.5)
HEADROOM = Headroom(share=SHARE, held=SHARE, most_left_a=1.0, held_left_a=1.0, is_certain=True)
LONG_WISH = Wish(name="n" * 64, limit_a=3.0, detail="x" * 400)


@pytest.mark.parametrize(
    "long",
    [
        fuse(
            HouseMeter.ONLINE,
            HEADROOM,
            Ramp(value_a=0.0, is_pulsing=True),
            62.5,
            "x" * MOST_COMPLAINT,
        ),
        claim(Source(name="smart_home", wishes=Wishes(wishes=(LONG_WISH,))), Moment(10.0)),
        claim(
            Source(
                name="smart_home",
                wishes=Wishes(wishes=(replace(LONG_WISH, hold_s=3599.5, fallback_a=10.0),)),
                said_s=-9999.0,
            ),
            Moment(10.0),
        ),
    ],
    ids=["fuse", "wish", "fallback"],
)
def test_no_text_makes_an_offer_that_pilot_and_safety_refuse(long: Limit) -> None:
    offer = arbitrate([long], HouseMeter.ONLINE)
    assert msgpack.decode(msgpack.encode(offer), type=LoadOffer) == offer
    assert offer.detail.startswith(long.detail[:300])
