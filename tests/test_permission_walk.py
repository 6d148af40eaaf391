"""Random stories of a box that requires cards: no vehicle is charged with another one's card.

Cards, plugs, vehicles changed, power cuts, ordered restarts, a dead session, a disk that refuses.
The oracle knows what was done and what the box has answered, and nothing of its state: a vehicle
may be charged after a card was accepted for its plug-in. That is over once the plug was out, the
card has logged off (green or refused by the disk), the box was restarted in order, power was lost
for more than four hours, or it is not known for how long. It does not see a vehicle that is changed
without mains, as the box does not.
"""

import math
import random
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from launch.series import AWAY_S
from msgs.rfid import RfidMode
from msgs.session import Action
from nodes.rfid.outcome import CardResult
from nodes.rfid.words import OUTCOMES
from nodes.session.resumption import DECIDE_S, LONGEST_S
from tests.card_box import AGAIN_S, CHARGES_S, RISING, CardBox
from tests.closing import close_all
from tests.refusing_disk import Disk, Refuses

pytestmark = pytest.mark.req("PAN-5", "RFID-5")

HOUR_S = 3600.0
DROPS_S = 8.0  # the vehicle drops its load, and the contactor opens, after a permission has ended
RELEASE_S = 61.0  # RFID-4
RETRY_S = 6.0  # the disk is asked again
ACTS = 12
QUICK = range(4)
MANY = range(100, 340)
WORKERS = 2

ANSWERS = {  # of rfid, for a card that was accepted
    OUTCOMES[CardResult.RELEASED]: Action.RELEASED,
    OUTCOMES[CardResult.STARTED]: Action.STARTED,
    OUTCOMES[CardResult.LOGGED_OFF]: Action.LOGGED_OFF,
}


class Story:
    """One box, its visitors, and what they may expect."""

    def __init__(self, state_dir: Path, patch: pytest.MonkeyPatch, seed: int) -> None:
        self.chance = random.Random(f"permission/{seed}")
        self.disk = Disk(patch, state_dir)
        self.box = CardBox(state_dir)
        self.cards = (self.box.red, self.box.green, self.box.master)
        self.is_plugged = False
        self.may_charge = False  # a card was accepted for this plug-in
        self.ended_s = self.box.now_s  # when that was over
        self.released_s = float("-inf")
        self.is_utc_set = True
        self.is_session_dead = False
        self.notes: list[str] = []
        self.resumed = self.charges = 0
        self._seen = 0  # events of the world

    def run(self) -> None:
        self.visit()
        for _ in range(ACTS):
            way = self.chance.choice(self.ways())
            self.notes.append(f"{self.box.now_s:.1f} {way.__name__}")
            way()
            self.watch(self.chance.choice((1.0, 1.0, DROPS_S, CHARGES_S)))
        self.charges_again()

    def ways(self) -> list[Callable[[], None]]:
        """Return what may happen now, each as often as it is likely."""
        ways: list[Callable[[], None]] = [self.lose_power] * 4 + [self.restart, self.tap]
        ways += [self.start] * 3 if self.is_session_dead else [self.kill, self.tap, self.tap]
        is_sound = self.disk.refuses is Refuses.NOTHING
        ways += [self.break_disk] if is_sound else [self.heal_disk] * 2
        return ways + ([self.unplug, *[self.change] * 3] if self.is_plugged else [self.visit] * 6)

    # --- what is done --------------------------------------------------------------------------

    def visit(self) -> None:
        self.plug()
        self.watch(2.0)
        self.tap()
        self.watch(CHARGES_S)

    def tap(self) -> None:
        if self.is_session_dead:
            return  # refused after its time is over
        self.box.advance(AGAIN_S)
        tone, _ = self.box.tap(self.chance.choice(self.cards))
        if self.box.mode != RfidMode.READY:  # the master, which authorises without a second card
            self.box.soon(lambda: self.box.mode == RfidMode.READY, 7.0)
            self.box.advance(1.0)
        said = self.box.said("rfid/status")
        answer = ANSWERS.get(str(said["detail"])) if said["accepted"] else None
        self.notes.append(f"  {tone} {said['detail']}")
        match answer:
            case Action.STARTED:
                self.may_charge = True
            case Action.RELEASED:
                self.released_s = self.box.now_s
            case Action.LOGGED_OFF:
                self.end()
                self.released_s = float("-inf")
            case None if "stopped" in str(said["detail"]):  # but not stored
                self.end()

    def plug(self) -> None:
        if self.is_plugged:
            return
        self.is_plugged = True
        self.may_charge = self.box.now_s - self.released_s < RELEASE_S
        self.released_s = float("-inf")
        self.box.plug()

    def unplug(self) -> None:
        if self.is_plugged:
            self.is_plugged = False
            self.end()
            self.box.act("pull")
            self.watch(1.0)

    def change(self) -> None:
        self.unplug()
        self.plug()

    def restart(self) -> None:
        self.box.restart_all(*(["session"] if self.is_session_dead else []))
        self.end()
        self.released_s = float("-inf")

    def lose_power(self) -> None:
        seconds = self.chance.choice((5.0, 60.0, HOUR_S, 3.9 * HOUR_S, 4.1 * HOUR_S, 720 * HOUR_S))
        is_utc_set = self.chance.random() < 0.7
        is_changed = self.is_plugged and self.chance.random() < 0.3
        was_live = self.is_live
        self.notes.append(f"  {seconds} s, UTC {is_utc_set}, changed {is_changed}")
        self.box.lose_power(
            seconds,
            self.change_unseen if is_changed else lambda: None,
            is_utc_set=is_utc_set,
            absent=("session",) if self.is_session_dead else (),
        )
        self.released_s = float("-inf")
        if seconds > LONGEST_S or not self.is_utc_set:
            self.end()
        self.is_utc_set = is_utc_set
        if not is_utc_set and self.chance.random() < 0.5:
            self.box.advance(self.chance.uniform(0.0, DECIDE_S - 5.0))
            self.box.set_utc(24 * HOUR_S)
            self.is_utc_set = True
        elif not is_utc_set:
            self.end()
        if was_live and self.may_charge and self.box.is_soon(lambda: self.is_live, 90.0):
            self.resumed += 1

    def change_unseen(self) -> None:
        self.box.act("pull")
        self.box.advance(0.5)
        self.box.plug()

    def kill(self) -> None:
        if not self.is_session_dead:
            self.is_session_dead = True
            self.box.kill("session")
            self.watch(AWAY_S + 1.0)

    def start(self) -> None:
        if self.is_session_dead:
            self.is_session_dead = False
            self.box.start("session")
            self.box.advance(3.0)

    def break_disk(self) -> None:
        self.disk.refuses = self.chance.choice(list(Refuses))

    def heal_disk(self) -> None:
        self.disk.refuses = Refuses.NOTHING
        self.watch(RETRY_S)

    # --- what is checked -----------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        moves = [what for what, *_ in self.box.events if what.startswith("contacts_")]
        return moves[-1:] == ["contacts_closed"] and self.box.is_drawing

    def end(self) -> None:
        if self.may_charge:
            self.may_charge, self.ended_s = False, self.box.now_s

    def watch(self, seconds: float) -> None:
        """Let time pass, and compare what flows with what may."""
        for _ in range(math.ceil(seconds)):
            self.box.advance(1.0)
            self.check()

    def check(self) -> None:
        events = self.box.events[self._seen :]
        self._seen = len(self.box.events)
        closed_s = [at_s for what, at_s, _ in events if what == "contacts_closed"]
        self.charges += len(closed_s)
        if self.may_charge:
            return
        late = [at_s for at_s in closed_s if at_s > self.ended_s + 0.5]
        assert not late, self.story()
        assert not self.is_live or self.box.now_s < self.ended_s + DROPS_S, self.story()

    def story(self) -> str:
        return "\n".join([*self.notes, f"{self.box.now_s:.1f} {self.box.reason}"])

    def charges_again(self) -> None:
        """Find the box sound: after what its page asks for it charges."""
        self.notes.append("the end")
        self.start()
        self.heal_disk()
        self.box.set_utc(0.0)
        self.unplug()
        self.box.soon(lambda: not self.box.said("session/status")["released"], RELEASE_S + 1.0)
        self.plug()
        self.watch(3.0)
        tone, _ = self.box.tap(self.box.green)
        assert tone == RISING, self.story()
        self.may_charge = True
        assert self.box.is_soon(lambda: self.is_live, 60.0), self.story()
        self.check()


def play(seed: int) -> tuple[int, int]:
    """Run one story; return how often it has charged, and gone on after a loss of power."""
    with (
        tempfile.TemporaryDirectory(prefix="wallbox-story-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        story = Story(Path(folder), patch, seed)
        try:
            story.run()
        finally:
            close_all()
        return story.charges, story.resumed


@pytest.mark.parametrize("seed", QUICK)
def test_no_vehicle_is_charged_with_the_card_of_another(seed: int) -> None:
    charges, _ = play(seed)
    assert charges > 0


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_in_many_stories_no_vehicle_is_charged_with_the_card_of_another() -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        results = list(pool.map(play, MANY))
    charges, resumed = (sum(column) for column in zip(*results, strict=True))
    assert charges > 2 * len(MANY)
    assert resumed > len(MANY) / 10  # what may go on does
