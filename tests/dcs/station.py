"""A simulated box with a charging service in memory, under virtual time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgs.card import CardColor
from msgs.methods import LIST_SESSIONS
from msgs.session import SessionRecord, SessionsArguments
from tests.box import AS_DELIVERED, Box
from tests.dcs.host import URL, Answer, Host

ONLINE_S = 30.0


class Station(Box):
    """The box, and its service."""

    def __init__(
        self, state_dir: Path, *settings: str, url: str = URL, online: bool = True, **words: Any
    ) -> None:
        self.host = Host(url)
        words = {"authorization": AS_DELIVERED} | words
        super().__init__(state_dir, f"dcs.url={url}", *settings, **words)
        if online:
            self.soon(lambda: self.link == "Online", ONLINE_S)

    def soon(self, holds: Callable[[], bool], within_s: float = 30.0) -> None:
        assert self.is_soon(holds, within_s), (self.said("dcs/status"), self.said("session/status"))

    def ask_box(self, action: str, **payload: Any) -> dict[str, Any]:
        """Send a call of the service; return the payload of its answer."""
        answer = self.host.ask(action, **payload)
        self.soon(lambda: answer.payload is not None or answer.error is not None)
        assert answer.payload is not None, answer
        return answer.payload

    def send_box(self, action: str, payload: Any) -> Answer:
        """Send a call that may be wrong; return what was answered."""
        answer = self.host.send(action, payload)
        self.soon(lambda: answer.payload is not None or answer.error is not None)
        return answer

    def begin_charge(self, token: str | None = None) -> None:
        """Charge with a card, by the reader."""
        self.act("tap", {"uid": token or self.card_uid})
        self.act("plug")
        self.act("ready")
        self.soon(lambda: self.state == "Charging", 60.0)

    def end_charge(self) -> None:
        self.act("unplug")
        self.soon(lambda: not self.said("session/status")["plugged"], 30.0)

    def sessions(self) -> tuple[SessionRecord, ...]:
        """Return the newest hundred sessions, the newest first."""
        answer = self._graph.ask(LIST_SESSIONS, SessionsArguments(limit=100))
        assert answer.result is not None, answer
        return answer.result

    @property
    def card_uid(self) -> str:
        """Return the UID of a card that is no master."""
        return self.card(CardColor.RED)

    @property
    def link(self) -> str:
        return str(self.dcs["link"])

    @property
    def dcs(self) -> dict[str, Any]:
        said: dict[str, Any] = self._said.get("dcs/status", {"link": ""})
        return said
