"""How long the app's wish holds: plugs, times, restarts, a clock that is set, a disk that fails."""

from pathlib import Path
from typing import Any

import pytest

from bus import Status
from bus.moment import Moment
from bus.store import StoreError
from msgs.pilot import CpState
from msgs.topics import SESSION_WISH
from msgs.wish import NO_WISHES, Wish
from nodes.session.app_wish import AppWish, WishInputs, begin, step
from tests.session.box import Box

HOUR_S = 3600.0
HOUR_NS = 3600 * 10**9
MINUTE_S = 60.0
MINUTE_NS = 60 * 10**9


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path)
    box.graph.advance(1.0)
    return box


DETAIL = "asked for by the command line, for one charge"


def plug(box: Box, cp_state: CpState, seconds: float = 1.0) -> None:
    box.cp_state = cp_state
    box.graph.advance(seconds)


def wish(box: Box) -> Wish | None:
    """Return what is wished; None: nothing. A wish that is over counts as none."""
    assert box.wish.message is not None
    for each in box.wish.message.wishes:
        if each.end_ns is None or each.end_ns > box.graph.clock.now_ns():
            return each
    return None


def limit_a(box: Box) -> float | None:
    holds = wish(box)
    return None if holds is None else holds.limit_a


def ask(box: Box, **arguments: Any) -> None:
    answer = box.ask("wish", arguments)
    assert answer.status is Status.OK, answer


def restart(box: Box, seconds: float = 0.1) -> None:
    box.graph.kill("session")
    box.start()
    box.graph.advance(seconds)


def set_clock(box: Box, by_s: float, seconds: float = 1.0) -> None:
    graph = box.graph
    graph.set_utc(graph.clock.utc_ns() + int(by_s * 1e9))
    box.graph.advance(seconds)


@pytest.mark.req("APP-1")
def test_it_is_published_stored_and_restored(box: Box) -> None:
    assert box.wish.message == NO_WISHES
    ask(box, limit_a=10.0)
    held = wish(box)
    assert held == Wish(name="app", limit_a=10.0, detail=DETAIL)
    restart(box)
    assert box.wish.incarnation == 2
    assert wish(box) == held


@pytest.mark.req("APP-1")
@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("asked", [{"limit_a": 10.0}, {"pause": True}])
def test_for_this_charge_it_ends_with_the_plug(
    box: Box, asked: dict[str, Any], is_restarted: bool
) -> None:
    plug(box, CpState.C)
    ask(box, **asked)
    plug(box, CpState.B, HOUR_S)
    assert wish(box) is not None
    if is_restarted:
        restart(box)
    plug(box, CpState.A, 0.2)
    assert wish(box) is not None  # a bounce
    plug(box, CpState.C)
    assert wish(box) is not None
    plug(box, CpState.A)
    assert wish(box) is None
    restart(box)
    assert wish(box) is None
    plug(box, CpState.C)
    assert wish(box) is None


@pytest.mark.req("APP-1")
@pytest.mark.parametrize("is_restarted", [False, True])
def test_asked_for_without_a_plug_it_holds_for_the_next_charge(
    box: Box, is_restarted: bool
) -> None:
    ask(box, limit_a=10.0)
    box.graph.advance(HOUR_S)
    if is_restarted:
        restart(box, HOUR_S)
    assert limit_a(box) == 10.0
    plug(box, CpState.C, HOUR_S)
    if is_restarted:
        restart(box)
    assert limit_a(box) == 10.0
    plug(box, CpState.A)
    assert wish(box) is None


def test_it_ends_with_a_plug_that_went_out_while_session_did_not_run(box: Box) -> None:
    plug(box, CpState.C)
    ask(box, limit_a=10.0)
    box.graph.kill("session")
    plug(box, CpState.A)
    box.start()
    box.graph.advance(1.0)
    assert wish(box) is None


@pytest.mark.req("APP-1")
def test_until_replaced_it_outlives_plugs_and_restarts(box: Box) -> None:
    ask(box, limit_a=10.0, until_replaced=True)
    for _ in range(3):
        plug(box, CpState.C)
        plug(box, CpState.A)
        restart(box, 1.0)
    assert limit_a(box) == 10.0
    ask(box)
    assert box.wish.message == NO_WISHES


@pytest.mark.req("APP-1")
def test_a_duration_ends_by_itself_whatever_the_clock_says(box: Box) -> None:
    ask(box, limit_a=10.0, for_s=HOUR_S)
    ends_ns = box.graph.clock.now_ns() + HOUR_NS
    for by_s in (2 * HOUR_S, -2 * HOUR_S, -9 * HOUR_S, 9 * HOUR_S):
        set_clock(box, by_s)
        restart(box, 1.0)  # in the same run of the graph
        held = wish(box)
        assert held is not None
        assert held.end_ns == pytest.approx(ends_ns, abs=2e9)
    plug(box, CpState.C)
    plug(box, CpState.A)
    assert limit_a(box) == 10.0
    box.graph.advance(HOUR_S)
    assert wish(box) is None
    set_clock(box, -5 * HOUR_S)
    restart(box, 5.0)
    assert wish(box) is None


@pytest.mark.req("APP-1")
def test_a_time_of_the_wall_is_converted_again_when_the_clock_is_set(box: Box) -> None:
    ask(box, limit_a=10.0, until_utc_ns=box.graph.clock.utc_ns() + HOUR_NS)
    for by_s, is_held in (
        (0.5 * HOUR_S, True),
        (-0.5 * HOUR_S, True),
        (2 * HOUR_S, False),  # by the clock that is right now, it is over
        (-2 * HOUR_S, True),  # and not by one that has been set back
        (-5 * HOUR_S, True),
        (5 * HOUR_S, True),
    ):
        set_clock(box, by_s)
        assert (wish(box) is not None) is is_held, by_s
    box.graph.advance(HOUR_S - 20.0)
    assert limit_a(box) == 10.0
    box.graph.advance(20.0)
    assert wish(box) is None


def test_a_time_of_the_wall_is_said_again_only_when_the_clock_is_set(box: Box) -> None:
    said: list[object] = []
    box.launch.subscribe(SESSION_WISH, said.append)
    ask(box, limit_a=10.0, until_utc_ns=box.graph.clock.utc_ns() + HOUR_NS)
    box.graph.advance(600.0)
    before = len(said)
    set_clock(box, 0.05)
    assert len(said) == before
    set_clock(box, 60.0)
    assert len(said) == before + 1


@pytest.mark.parametrize("term", ["for_s", "until_utc_ns"])
def test_after_another_start_of_the_box_the_time_of_the_wall_counts(
    tmp_path: Path, term: str
) -> None:
    box = Box(tmp_path)
    box.graph.advance(1.0)
    utc_ns = box.graph.clock.utc_ns()
    ask(box, pause=True, **{term: HOUR_S if term == "for_s" else utc_ns + HOUR_NS})
    after = Box(tmp_path, graph_run=2)  # monotonic time begins again
    clock = after.graph.clock
    after.graph.set_utc(0)  # no battery: 1970, until the time is known
    after.graph.advance(10.0)
    assert wish(after) is not None
    after.graph.set_utc(utc_ns + HOUR_NS // 2)
    after.graph.advance(1.0)
    held = wish(after)
    assert held is not None
    assert held.end_ns == pytest.approx(clock.now_ns() + HOUR_NS // 2, abs=3e9)
    after.graph.set_utc(utc_ns + 2 * HOUR_NS)
    after.graph.advance(1.0)
    assert wish(after) is None
    restart(after, 5.0)
    after.graph.set_utc(0)
    after.graph.advance(5.0)
    assert wish(after) is None  # it was stored as over


@pytest.mark.parametrize("was_set", [False, True])
def test_in_a_boot_without_the_time_a_duration_begins_again(tmp_path: Path, was_set: bool) -> None:
    box = Box(tmp_path)
    box.graph.begin_boot("boot 1", is_utc_set=was_set)
    box.graph.advance(1.0)
    utc_ns = box.graph.clock.utc_ns()
    ask(box, pause=True, for_s=MINUTE_S)
    after = Box(tmp_path, graph_run=2)
    after.graph.set_utc(0)
    after.graph.begin_boot("boot 2", is_utc_set=False)
    after.graph.advance(10.0)
    held = wish(after)
    assert held is not None
    assert held.end_ns == pytest.approx(after.graph.clock.now_ns() + MINUTE_NS, abs=12e9)
    if was_set:  # the time is known at both ends now
        after.graph.set_utc(utc_ns + MINUTE_NS // 2)
        after.graph.advance(1.0)
        held = wish(after)
        assert held is not None
        assert held.end_ns == pytest.approx(after.graph.clock.now_ns() + MINUTE_NS // 2, abs=3e9)
    after.graph.advance(MINUTE_S + 1.0)
    assert wish(after) is None


def test_a_duration_that_begins_again_in_a_boot_goes_on_over_restarts_of_the_node() -> None:
    hour_ns = 3600 * 10**9
    wish = AppWish(
        limit_a=6.0,
        until_utc_ns=hour_ns,
        end_ns=hour_ns,
        for_ns=hour_ns,
        boot="boot 1",
        run=1,
        is_utc_set=False,
    )
    left_s = []
    for number in range(3):  # a restart each 20 minutes
        state = begin(wish, number * hour_ns // 3)
        now_ns = number * hour_ns // 3 + 10**9
        seen = WishInputs(
            now_ns=now_ns,
            utc_ns=10**18 + now_ns,
            is_utc_set=True,
            boot="boot 2",
            run=2,
            is_run_decided=True,
            is_plugged=True,
            is_out=False,
            unplugs=0,
        )
        state, outputs = step(state, seen, Moment(now_ns / 1e9))
        assert outputs.wish is not None
        end_ns = outputs.wish.end_ns
        assert end_ns is not None
        left_s.append(round((end_ns - now_ns) / 1e9))
        wish = outputs.write or wish
    assert left_s == [3600, 2400, 1200]


def test_in_another_run_of_the_same_boot_a_duration_goes_on_by_its_clock(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(1.0)
    end_ns = box.graph.clock.now_ns() + HOUR_NS
    ask(box, pause=True, for_s=HOUR_S)
    after = Box(tmp_path, graph_run=2)
    after.graph.set_utc(after.graph.clock.utc_ns() + 3 * HOUR_NS)
    after.graph.begin_boot("boot 1", is_utc_set=True)
    after.graph.advance(10.0)
    held = wish(after)
    assert held is not None
    assert held.end_ns == pytest.approx(end_ns, abs=2e9)


def test_a_time_that_has_passed_is_refused(box: Box) -> None:
    answer = box.ask("wish", {"pause": True, "until_utc_ns": box.graph.clock.utc_ns() - 1})
    assert answer.status is Status.REFUSED
    assert "passed" in answer.reason
    assert box.wish.message == NO_WISHES


def test_an_end_that_the_disk_refuses_is_stored_later(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(box, CpState.C)
    ask(box, limit_a=10.0)

    def fails(*_: object, lowers: bool) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("nodes.session.wish_keeper.write_generations", fails)
    answer = box.ask("wish", {"limit_a": 8.0})
    assert answer.status is Status.REFUSED
    assert limit_a(box) == 10.0
    plug(box, CpState.A)
    assert wish(box) is None
    assert any("the app's wish could not be stored" in line.text for line in box.graph.lines)
    monkeypatch.undo()
    box.graph.advance(10.0)
    box.graph.kill("session")
    plug(box, CpState.C)
    box.start()
    box.graph.advance(1.0)
    assert wish(box) is None


def test_no_disk_is_written_while_nothing_changes(box: Box, tmp_path: Path) -> None:
    path = tmp_path / "session-wish.json"
    for arguments in ({"limit_a": 10.0}, {"pause": True, "for_s": 9 * HOUR_S}):
        ask(box, **arguments)
        plug(box, CpState.C, 2.0)
        written_ns = path.stat().st_mtime_ns
        box.graph.advance(HOUR_S)
        assert path.stat().st_mtime_ns == written_ns
        plug(box, CpState.A)


def test_an_end_that_comes_while_the_disk_is_asked_for_something_else_is_stored(
    box: Box,
) -> None:
    plug(box, CpState.C)
    ask(box, pause=True)
    box.node._disk.waiting = 1  # a list of sessions is being read
    plug(box, CpState.A)
    assert wish(box) is None
    box.node._disk.waiting = 0
    box.graph.advance(1.0)
    box.graph.kill("session")
    box.cp_state = CpState.C
    box.start()
    box.graph.advance(1.0)
    assert wish(box) is None
