"""The front in a terminal: draws what the bus says, hears keys, until it is over."""

import functools
from collections.abc import Callable

from bus import Answer, Status
from bus.tool import Tool
from msgs.card import CardRole
from msgs.methods import LIST_CARDS, TAP
from msgs.plant import Tap
from msgs.requests import NoArguments
from msgs.rfid import CardList
from terminal.listener import Listener
from terminal.looks import every_look, on_signals
from terminal.screen import STDIN, Screen
from terminal.view import CARD_KEY, WORLD_KEYS, Footer, front_lines

NOTE_S = 5.0  # how long it stands there what became of a key


class Show:
    """The front on this terminal.

    `keys` says what q does; `on_leave` does it, at each q and each Ctrl-C, and returns what to
    tell.
    """

    def __init__(
        self,
        tool: Tool,
        keys: str,
        on_leave: Callable[[], str],
        hints: tuple[str, ...] = (),
        page: str = "",
    ) -> None:
        self._tool = tool
        self._listener = Listener(tool)
        self._keys = keys
        self._hints = hints
        self._page = page
        self._on_leave = on_leave
        self._note = ""
        self._note_until_s = 0.0
        self._screen = Screen()

    def run(self, is_over: Callable[[], bool]) -> None:
        """Show it until it is over."""
        on_signals(self._leave)
        with self._screen:
            if self._screen.hears_keys:
                self._tool.watch(STDIN, self._hear)
            every_look(self._tool, self._draw)
            self._tool.run_for(until=is_over)

    def _draw(self) -> None:
        facts = self._listener.facts()
        if facts.now_s > self._note_until_s:
            self._note = ""
        keys = self._keys if self._screen.hears_keys else ""
        footer = Footer(page=self._page, keys=keys, note=self._note, hints=self._hints)
        self._screen.draw(front_lines(facts, self._screen.width, self._screen.height, footer))

    def _hear(self) -> None:
        keys = self._screen.keys()
        if keys is None:
            self._tool.unwatch(STDIN)
            self._leave()
            return
        for key in keys.lower():
            if key == "q":
                self._leave()
            elif not self._listener.facts().has_plant:
                pass
            elif key == CARD_KEY:
                self._tool.request(LIST_CARDS, NoArguments(), self._on_cards)
            elif key in WORLD_KEYS:
                act = WORLD_KEYS[key]
                told = functools.partial(self._told, act.name)
                self._tool.request(act, NoArguments(), told)

    def _on_cards(self, answer: Answer[CardList]) -> None:
        """Hold the first user's card, as a person would; a list without one has none to hold."""
        if answer.result is None:
            self._tell(f"card: {answer.reason}")
            return
        cards = answer.result.cards
        card = next((card for card in cards if card.role is CardRole.USER), None)
        if card is None:
            self._tell("card: no user card is stored")
            return
        told = functools.partial(self._told, card.name or "card")
        self._tool.request(TAP, Tap(uid=card.uid), told)

    def _told(self, act: str, answer: Answer[None]) -> None:
        self._tell(f"{act}: {'done' if answer.status is Status.OK else answer.reason}")

    def _leave(self) -> None:
        self._tell(self._on_leave())

    def _tell(self, note: str) -> None:
        self._note = note
        self._note_until_s = self._tool.clock.now_s() + NOTE_S
