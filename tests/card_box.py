"""A whole box that requires a card, and its four cards."""

from collections.abc import Callable
from pathlib import Path

from msgs.card import CardColor, CardRole
from msgs.session import WallboxState
from tests.box import AS_DELIVERED, Box

LOOK_S = 0.2  # the reader looks each 0.15 s
AGAIN_S = 1.2  # a card that was away for this time is a new event
TAP_S = 0.4
ANSWERED_S = 3.0
CHARGES_S = 20.0
LATE_S = 5.5  # more than the window of a lesson, RFID-8
RISING, FALLING, SINGLE = "rising", "falling", "single"


class CardBox(Box):
    """A box that requires a card, and its four cards."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir, authorization=AS_DELIVERED)
        colors = (CardColor.WHITE, CardColor.RED, CardColor.GREEN, CardColor.BLUE)
        self.master, self.red, self.green, self.blue = map(self.card, colors)
        self.presented_s = 0.0  # when a card was presented last

    def stored(self) -> list[str]:
        """Return the UIDs of the list, the master first."""
        cards = self.ask("rfid", "cards")["cards"]
        assert [card["role"] for card in cards[1:]] == [CardRole.USER] * len(cards[1:])
        return [card["uid"] for card in cards]

    def tap(self, uid: str, *others: str) -> tuple[str, str]:
        """Present cards for a moment; return the tone and the indication of rfid."""
        before = self.said("rfid/status")["tone_count"]
        self.act("tap", {"uid": uid, "others": list(others), "seconds": TAP_S})
        self.presented_s = self.now_s
        self.soon(lambda: self.said("rfid/status")["tone_count"] > before, ANSWERED_S)
        status = self.said("rfid/status")
        self.advance(max(0.0, self.presented_s + TAP_S - self.now_s) + LOOK_S)
        return str(status["tone"]), str(status["indication"])

    def tap_again(self, uid: str) -> tuple[str, str]:
        """Present a card that has just been away."""
        self.advance(AGAIN_S)
        return self.tap(uid)

    def wait_late(self) -> None:
        """Let the window that the last card has opened pass, and half a second."""
        self.advance(self.presented_s + LATE_S - self.now_s)

    def soon(self, holds: Callable[[], bool], within_s: float) -> None:
        assert self.is_soon(holds, within_s), (self.said("session/status"), self.front)

    def is_released(self, released: bool, within_s: float = 2.0) -> None:
        self.soon(lambda: self.said("session/status")["released"] is released, within_s)

    def plug(self) -> None:
        self.act("plug")
        self.act("ready")

    def charges(self) -> None:
        self.soon(lambda: self.state == WallboxState.CHARGING, CHARGES_S)

    @property
    def mode(self) -> str:
        return str(self.said("rfid/status")["mode"])

    @property
    def token(self) -> str:
        return str(self.said("session/status")["token"])

    @property
    def is_authorized(self) -> bool:
        return bool(self.said("session/status")["authorized"])
