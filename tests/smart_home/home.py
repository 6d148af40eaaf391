"""A simulated box with controllers in its network, under virtual time."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgs.card import CardColor
from nodes.smart_home.datagrams import Datagram
from nodes.smart_home.datagrams_sim import NETWORK
from nodes.smart_home.senders import PORT
from tests.box import AS_DELIVERED, NO_CARD, Box

CONTROLLER = "192.168.2.50"
UDP = "smart_home.udp=on"
OK = "TCH-OK :done\n"
FREE = ("load_manager.monitoring=false",)  # no limit but those of the test


class HomeNetwork:
    """The network: what the box has sent, by address and port."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, str]] = []
        self.is_taken = False  # the port is in use
        self._deliver: Callable[[Datagram], None] | None = None

    @property
    def has_box(self) -> bool:
        return self._deliver is not None

    def join(self, deliver: Callable[[Datagram], None]) -> str:
        if self.is_taken:
            return "UDP port 7090 is in use by another program"
        self._deliver = deliver
        return ""

    def leave(self) -> None:
        self._deliver = None

    def receive(self, datagram: Datagram) -> None:
        text = datagram.content.decode("ascii")
        self.sent.append((datagram.address, datagram.port, text))

    def send(self, content: bytes, address: str, port: int) -> None:
        if self._deliver is not None:
            self._deliver(Datagram(content=content, address=address, port=port))


class Home(Box):
    """The box, and one controller."""

    def __init__(self, state_dir: Path, *settings: str, **words: Any) -> None:
        self.network = HomeNetwork()
        NETWORK[:] = [self.network]
        super().__init__(state_dir, UDP, *FREE, *settings, **words)

    def say(
        self, text: str | bytes, address: str = CONTROLLER, port: int = PORT, wait_s: float = 0.2
    ) -> list[str]:
        """Send a command; return what the box has sent to port 7090 of the sender since."""
        before = len(self.network.sent)
        content = text if isinstance(text, bytes) else text.encode()
        self.network.send(content, address, port)
        self.advance(wait_s)
        since = self.network.sent[before:]
        return [each for to, at, each in since if (to, at) == (address, PORT)]

    def order(self, text: str, wait_s: float = 0.2) -> None:
        """Send a command that is confirmed."""
        answers = [each for each in self.say(text, wait_s=wait_s) if each.startswith("TCH")]
        assert answers == [OK], (text, answers)

    def refuse(self, text: str) -> str:
        """Send a command that is refused; return why."""
        (answer,) = (each for each in self.say(text) if each.startswith("TCH"))
        assert answer.startswith("TCH-ERR :"), (text, answer)
        return answer.removeprefix("TCH-ERR :").strip()

    def report(self, number: int) -> dict[str, Any]:
        """Ask for a report."""
        found = [json.loads(each) for each in self.say(f"report {number}") if "ID" in each]
        assert len(found) == 1, found
        assert found[0]["ID"] == str(number)
        content: dict[str, Any] = found[0]
        return content

    def soon(self, holds: Callable[[], bool], within_s: float = 30.0) -> None:
        assert self.is_soon(holds, within_s), (self.said("session/status"), self.said("load/offer"))

    @property
    def offered_a(self) -> float:
        return float(self.said("pilot/status")["offered_a"])

    @property
    def uid(self) -> str:
        return self.card(CardColor.RED)

    def begin_charge(self) -> None:
        self.act("plug")
        self.act("ready")
        self.soon(lambda: self.state == "Charging", 60.0)


@contextmanager
def at_home(state_dir: Path, *settings: str, card: bool = False) -> Iterator[Home]:
    """Give a box; its network is gone afterwards."""
    try:
        yield Home(state_dir, *settings, authorization=AS_DELIVERED if card else NO_CARD)
    finally:
        NETWORK.clear()
