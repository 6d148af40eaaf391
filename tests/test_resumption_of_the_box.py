"""What a whole box goes on with after a restart or a loss of power: never without a proof."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from msgs.card import CardColor
from msgs.session import EndReason, WallboxState
from msgs.state_reason import Wait
from nodes.session.resumption import DECIDE_S, LONGEST_S
from nodes.session.words import WAITS
from tests.box import Box
from tests.card_box import FALLING, RISING, CardBox
from tests.refusing_disk import Disk, Refuses

HOUR_S = 3600.0
SURE_S = 60.0  # by then a session that goes on has closed the contactor again


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with pytest.MonkeyPatch.context() as patch:
        yield Disk(patch, tmp_path)


@pytest.fixture
def box(tmp_path: Path, disk: Disk) -> CardBox:
    return CardBox(tmp_path)


def charge(box: CardBox) -> str:
    """Charge the first vehicle with the red card; return the session."""
    box.plug()
    box.advance(2.0)
    assert box.tap(box.red)[0] == RISING
    box.charges()
    return box.session_id


def change_vehicles(box: Box) -> None:
    box.act("pull")
    box.advance(1.0)
    box.act("plug")
    box.act("ready")


def is_live(box: Box) -> bool:
    """Return whether the contacts are closed and current flows."""
    moves = [what for what, *_ in box.events if what.startswith("contacts_")]
    return moves[-1:] == ["contacts_closed"] and box.is_drawing


def is_charged(box: Box) -> bool:
    """Return whether the vehicle is charged without a card that is presented now."""
    return box.is_soon(lambda: is_live(box), SURE_S)


def end_of(box: Box, session_id: str) -> EndReason | None:
    (record,) = [each for each in box.sessions() if each.session_id == session_id]
    return record.end_reason


# --- an ordered restart ------------------------------------------------------------------------


@pytest.mark.req("PAN-5")
def test_after_an_ordered_restart_the_vehicle_that_stayed_needs_a_card(box: CardBox) -> None:
    session_id = charge(box)
    box.restart_all()
    assert not is_charged(box)
    assert box.said("session/status")["plugged"]
    assert box.reason == WAITS[Wait.CARD]
    assert end_of(box, session_id) is EndReason.RESTART
    assert box.tap(box.red)[0] == RISING
    box.charges()


@pytest.mark.req("PAN-5", "RFID-6")
def test_after_an_ordered_restart_a_vehicle_that_needs_no_card_has_a_new_session(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.state == WallboxState.CHARGING)
    before = box.session_id
    box.restart_all()
    box.wait(lambda: box.state == WallboxState.CHARGING)
    assert box.session_id not in ("", before)
    assert end_of(box, before) is EndReason.RESTART


@pytest.mark.req("PAN-5")
@pytest.mark.parametrize(("dead_s", "restarts"), [(0.0, 1), (60.0, 3)])
def test_an_ordered_restart_while_session_is_dead_revives_nothing(
    box: CardBox, dead_s: float, restarts: int
) -> None:
    session_id = charge(box)
    box.kill("session")
    box.advance(dead_s)
    for _ in range(restarts - 1):
        box.restart_all("session")
        box.advance(1.0)
    box.restart_all()
    assert not is_charged(box)
    assert end_of(box, session_id) is EndReason.RESTART


@pytest.mark.req("PAN-5", "RFID-5")
@pytest.mark.parametrize(
    ("refuses", "is_healed"),
    [
        (Refuses.SESSIONS, False),
        (Refuses.NEW_BLOCKS, False),
        (Refuses.ALL, False),
        (Refuses.ALL, True),
    ],
)
def test_a_log_off_that_the_disk_refused_charges_no_other_vehicle_after_a_restart(
    box: CardBox, disk: Disk, refuses: Refuses, is_healed: bool
) -> None:
    charge(box)
    disk.refuses = refuses
    tone, _ = box.tap(box.red)
    # Green only if it is on the disk; in place it is, also on a full one.
    assert tone == (FALLING if refuses is Refuses.ALL else RISING)
    box.advance(8.0)
    change_vehicles(box)
    box.advance(5.0)
    if is_healed:
        disk.refuses = Refuses.NOTHING
    box.restart_all()
    assert not is_charged(box)
    disk.refuses = Refuses.NOTHING
    box.advance(10.0)
    assert box.tap(box.green)[0] == RISING
    box.charges()


@pytest.mark.req("PAN-5")
def test_a_restart_that_no_disk_takes_is_known_all_the_same(box: CardBox, disk: Disk) -> None:
    charge(box)
    disk.refuses = Refuses.ALL
    box.kill("session")
    box.restart_all()
    assert not is_charged(box)


# --- a loss of power ---------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [60.0, LONGEST_S - 120.0])
def test_after_a_loss_of_power_the_vehicle_that_stayed_is_charged_on_with_its_card(
    box: CardBox, seconds: float
) -> None:
    session_id = charge(box)
    box.advance(150.0)  # two signs
    box.lose_power(seconds)
    assert is_charged(box)
    assert (box.session_id, box.token) == (session_id, box.red)
    assert end_of(box, session_id) is None


@pytest.mark.parametrize("seconds", [LONGEST_S + 60.0, 30 * 24 * HOUR_S])
def test_after_a_long_loss_of_power_a_card_is_needed(box: CardBox, seconds: float) -> None:
    session_id = charge(box)
    box.lose_power(seconds, lambda: change_vehicles(box))
    assert not is_charged(box)
    assert box.reason == WAITS[Wait.CARD]
    assert end_of(box, session_id) is EndReason.POWER_LOSS
    assert any("does not go on: the box had no mains for too long" in line for line in box.lines)
    assert box.tap(box.blue)[0] == RISING
    box.charges()
    assert box.token == box.blue


def test_after_a_long_loss_of_power_a_vehicle_that_needs_no_card_has_a_new_session(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.state == WallboxState.CHARGING)
    before = box.session_id
    box.lose_power(30 * 24 * HOUR_S)
    assert is_charged(box)
    assert box.session_id not in ("", before)
    assert end_of(box, before) is EndReason.POWER_LOSS


@pytest.mark.parametrize("set_after_s", [10.0, DECIDE_S + 10.0])
def test_a_box_without_a_battery_waits_a_minute_for_the_time(
    box: CardBox, set_after_s: float
) -> None:
    charge(box)
    box.lose_power(HOUR_S, is_utc_set=False)
    box.advance(set_after_s)
    assert not is_live(box)
    is_in_time = set_after_s < DECIDE_S
    assert box.is_authorized is is_in_time
    if is_in_time:
        assert box.reason == WAITS[Wait.CLOCK]
        assert box.token == box.red
    box.set_utc(24 * HOUR_S)
    assert is_charged(box) is is_in_time


@pytest.mark.req("RFID-5")
@pytest.mark.parametrize("refuses", [Refuses.NEW_BLOCKS, Refuses.ALL])
def test_a_log_off_that_was_confirmed_is_not_undone_by_a_loss_of_power(
    box: CardBox, disk: Disk, refuses: Refuses
) -> None:
    charge(box)
    disk.refuses = refuses
    is_confirmed = box.tap(box.red)[0] == RISING
    assert is_confirmed is (refuses is not Refuses.ALL)
    box.lose_power(60.0)
    assert not is_charged(box)
    disk.refuses = Refuses.NOTHING
    assert not is_charged(box)


def test_what_the_disk_does_not_take_again_does_not_go_on(box: CardBox, disk: Disk) -> None:
    """It has perhaps not taken an end either."""
    charge(box)
    disk.refuses = Refuses.ALL
    box.lose_power(60.0)
    box.advance(30.0)
    assert not is_live(box)
    disk.refuses = Refuses.NOTHING
    assert not is_charged(box)
    assert box.reason == WAITS[Wait.CARD]


@pytest.mark.req("PAN-5")
def test_a_restart_after_a_loss_of_power_counts_as_well(box: CardBox) -> None:
    charge(box)
    box.lose_power(60.0, absent=("session",))
    box.restart_all()
    assert not is_charged(box)


# --- session is away ---------------------------------------------------------------------------


def test_after_a_short_death_session_goes_on(box: CardBox) -> None:
    session_id = charge(box)
    box.kill("session")
    box.advance(2.0)
    box.start("session")
    assert is_charged(box)
    assert box.session_id == session_id


@pytest.mark.parametrize("way", ["start", "power"])
def test_a_vehicle_that_came_while_session_was_dead_is_not_charged_with_the_card_before(
    box: CardBox, way: str
) -> None:
    charge(box)
    box.kill("session")
    box.advance(5.0)
    change_vehicles(box)
    box.advance(60.0)
    if way == "power":  # safety does not know any more when the plug went in
        box.lose_power(60.0)
    else:
        box.restart("safety")
        box.advance(5.0)
        box.start("session")
    assert not is_charged(box)


# --- mains off, nodes on -----------------------------------------------------------------------


def test_a_box_that_goes_on_without_mains_for_a_moment_keeps_its_session(box: CardBox) -> None:
    session_id = charge(box)
    box.act("power", {"on": False})
    box.advance(30.0)
    box.act("power", {"on": True})
    assert is_charged(box)
    assert box.session_id == session_id


def test_a_card_of_the_box_is_named_after_a_loss_of_power(box: CardBox) -> None:
    charge(box)
    box.lose_power(60.0)
    box.soon(lambda: box.reason.startswith("The session goes on, authorised by Red card."), SURE_S)
    rfid = box.said("rfid/status")
    assert (rfid["authorised_uid"], rfid["authorised_name"]) == (
        box.card(CardColor.RED),
        "Red card",
    )
    box.charges()
    assert not box.reason.startswith("The session goes on")


# --- with the house monitored --------------------------------------------------------------------


@pytest.mark.req("MET-1")
def test_after_a_loss_of_power_a_charge_goes_on_without_a_pause_of_the_fuse(tmp_path: Path) -> None:
    """No current was offered because the box did not run, and not because the fuse was full."""
    box = Box(tmp_path, "load_manager.main_fuse_a=35")
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.state == WallboxState.CHARGING)
    box.advance(60.0)
    session_id = box.session_id
    box.lose_power(30.0)
    begun_s = box.now_s
    box.wait(lambda: is_live(box))
    assert box.session_id == session_id
    assert box.now_s - begun_s < 20.0
