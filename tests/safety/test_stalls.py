"""A whole box whose safety node is held up, while the world goes on."""

import errno
import random
from pathlib import Path

import pytest

from nodes.safety.chain import ChainReading
from nodes.safety.opening import OPENED
from tests.box import Box

GAP_S = 0.1  # a look that is later opens a closed contactor


def charging(folder: Path, seed: int = 1) -> Box:
    box = Box(folder, seed=seed)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(2.0)
    return box


@pytest.mark.parametrize("gap_s", [0.03, 0.08])
def test_a_short_stall_leaves_a_charge_alone(tmp_path: Path, gap_s: float) -> None:
    box = charging(tmp_path)
    box.stall("safety", gap_s)
    box.advance(5.0)
    assert box.phase == "closed"
    assert (box.faults, box.warnings) == ([], [])


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("gap_s", [0.12, 0.3, 0.45, 0.7])
def test_a_long_stall_opens_is_published_and_charging_goes_on_after_ten_seconds(
    tmp_path: Path, gap_s: float
) -> None:
    box = charging(tmp_path)
    session_id = box.session_id
    box.stall("safety", gap_s)
    box.advance(0.2)
    assert box.contactor == "open"
    assert box.faults == ["8001"]
    assert box.detail.startswith("own cycle late: 0.")
    (line,) = box.warnings
    assert line.startswith(OPENED)
    assert box.detail in line
    box.advance(9.0)
    assert not box.is_drawing
    box.wait(lambda: box.is_drawing)
    assert (box.faults, box.retries, box.session_id) == ([], 1, session_id)


@pytest.mark.parametrize("gap_s", [0.03, 0.05, 0.09, 0.15, 0.3, 0.45, 0.7])
def test_a_plug_that_is_pulled_in_a_stall_opens_with_the_first_look_after_it(
    tmp_path: Path, gap_s: float
) -> None:
    box = charging(tmp_path)
    box.suspend("safety")
    box.advance(0.01)
    box.act("pull")
    box.advance(gap_s - 0.01)
    box.resume("safety")
    released_s = box.now_s
    box.advance(0.1)
    assert box.happened("coil_off") - released_s <= 0.001
    assert "1" in box.faults


def test_four_short_stalls_within_ten_seconds_open(tmp_path: Path) -> None:
    box = charging(tmp_path)
    for _ in range(3):
        box.stall("safety", 0.03)
        box.advance(2.0)
        assert box.phase == "closed"
    box.stall("safety", 0.03)
    box.advance(0.2)
    assert box.faults == ["8001"]


@pytest.mark.parametrize("seed", range(2))
def test_stalls_during_self_tests_are_bounded_and_named(tmp_path: Path, seed: int) -> None:
    """Stalls of 0.1 to 0.3 s without end: three self-tests at most before each retry."""
    dice = random.Random(seed)
    box = Box(tmp_path, seed=seed + 1)
    box.act("plug")
    box.act("ready")
    began_s = box.now_s
    while box.now_s < began_s + 60.0:
        box.stall("safety", dice.uniform(0.1, 0.3))
        box.advance(dice.uniform(0.02, 0.3))
    begins = [event for event in box.events if event[0] == "residual" and event[1] > began_s]
    assert 1 <= len(begins) <= 9  # three at once, and three for each retry after 10 s and 30 s
    assert any("own cycle late: 0." in line for line in box.warnings)
    assert box.retries >= 1


@pytest.mark.parametrize("seed", range(3))
def test_random_stalls_never_leave_a_pulled_plug_live(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    box = charging(tmp_path, seed=seed + 1)
    pulled = 0
    for _ in range(8):
        box.stall("safety", dice.choice((0.02, 0.03, 0.06, 0.12, 0.4, 0.9)))
        box.advance(dice.uniform(0.0, 15.0))
        if not box.is_drawing:
            continue
        pulled += 1
        pulls_s, gap_s = dice.uniform(0.0, 0.1), dice.choice((0.0, 0.03, 0.12, 0.4, 0.9))
        box.suspend("safety")
        box.advance(pulls_s)
        box.act("pull")
        box.advance(gap_s)
        box.resume("safety")
        box.advance(0.1)
        assert box.happened("coil_off") - box.happened("pulled") <= gap_s + 0.05
        box.advance(1.0)
        box.act("plug")
        box.act("ready")
        box.advance(10.0)
    assert pulled >= 3


# --- devices that hang while they are read ------------------------------------------------------


def hang_once(box: Box, seconds: float) -> list[tuple[float, bool, bool]]:
    """Let the next reading of the devices take a time; return what is driven from then on."""
    node, driven = box.safety, []
    read, drive = node._chain.read, node._drivers.coil.drive
    waits_s = [seconds]

    def slow() -> ChainReading | None:
        reading: ChainReading | None = read()
        if waits_s:
            box.let_the_clock_go_on(waits_s.pop())
        return reading

    def noted(*, enable: bool, feeds_watchdog: bool, **lines: bool) -> None:
        driven.append((box.now_s, enable, feeds_watchdog))
        drive(enable=enable, feeds_watchdog=feeds_watchdog, **lines)

    node._chain.read, node._drivers.coil.drive = slow, noted
    return driven


@pytest.mark.parametrize("seconds", [0.06, 0.11, 0.3, 0.9, 3.0])
def test_a_reading_that_took_too_long_closes_nothing_and_feeds_no_watchdog(
    tmp_path: Path, seconds: float
) -> None:
    box = charging(tmp_path)
    driven = hang_once(box, seconds)
    began_s = box.now_s
    box.advance(0.05)
    first_s, *lines = driven[0]
    assert first_s >= began_s + seconds
    assert lines == [False, False]
    assert not any(enable for _, enable, _ in driven)


def test_a_reading_that_took_a_while_leaves_a_charge_alone(tmp_path: Path) -> None:
    box = charging(tmp_path)
    driven = hang_once(box, 0.03)
    box.advance(1.0)
    assert all(enable and feeds for _, enable, feeds in driven)
    assert box.phase == "closed"


def test_a_device_that_raises_leaves_no_coil_on(tmp_path: Path) -> None:
    box = charging(tmp_path)

    broken_s: list[float] = []

    def broken() -> ChainReading | None:
        broken_s.append(box.now_s)
        raise OSError(errno.EIO, "the bus is gone")

    box.safety._chain.read = broken
    with pytest.raises(OSError, match="the bus is gone"):
        box.advance(1.0)
    box.advance(0.03)
    (off_s,) = [at_s for what, at_s, _ in box.events if what == "coil_off" and at_s >= broken_s[0]]
    assert off_s <= broken_s[0] + 0.02
