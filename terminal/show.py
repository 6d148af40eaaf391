"""The front in a terminal: draws the newest messages and reads keys, until the end."""

import functools
from collections.abc import Callable

from bus import Answer, Status
from bus.tool import Tool
from msgs.card import CardRole
from msgs.methods import LIST_CARDS, TAP
from msgs.plant import Tap
from msgs.requests import NoArguments
from msgs.rfid import CardList
from terminal.looks import every_look, on_signals
from terminal.screen import STDIN, Screen
from terminal.subscriptions import Subscriptions
from terminal.view import CARD_KEY, WORLD_KEYS, Footer, front_lines

NOTE_S = 5.0  # how long the result of a key is shown


class Show:
    """The front on this terminal.

    `keys` says what q does; `on_leave` does it, at each q and each Ctrl-C, and returns a note to
    show.
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
        self._subscriptions = Subscriptions(tool)
        self._keys = keys
        self._hints = hints
        self._page = page
        self._on_leave = on_leave
        self._note = ""
        self._note_until_s = 0.0
        self._screen = Screen()

    def run(self, is_over: Callable[[], bool]) -> None:
        """Show the front until `is_over`."""
        on_signals(self._leave)
        with self._screen:
            if self._screen.hears_keys:
                self._tool.watch(STDIN, self._hear)
            every_look(self._tool, self._draw)
            self._tool.run_for(until=is_over)

    def _draw(self) -> None:
        snapshot = self._subscriptions.snapshot()
        if snapshot.now_s > self._note_until_s:
            self._note = ""
        keys = self._keys if self._screen.hears_keys else ""
        footer = Footer(page=self._page, keys=keys, note=self._note, hints=self._hints)
        self._screen.draw(front_lines(snapshot, self._screen.width, self._screen.height, footer))

    def _hear(self) -> None:
        keys = self._screen.keys()
        if keys is None:
            self._tool.unwatch(STDIN)
            self._leave()
            return
        for key in keys.lower():
            if key == "q":
                self._leave()
            elif not self._subscriptions.snapshot().has_plant:
                pass
            elif key == CARD_KEY:
                self._tool.request(LIST_CARDS, NoArguments(), self._on_cards)
            elif key in WORLD_KEYS:
                act = WORLD_KEYS[key]
                on_answer = functools.partial(self._on_answer, act.name)
                self._tool.request(act, NoArguments(), on_answer)

    def _on_cards(self, answer: Answer[CardList]) -> None:
        """Present the first user's card, if one is stored."""
        if answer.result is None:
            self._note_for_a_time(f"card: {answer.reason}")
            return
        cards = answer.result.cards
        card = next((card for card in cards if card.role is CardRole.USER), None)
        if card is None:
            self._note_for_a_time("card: no user card is stored")
            return
        on_answer = functools.partial(self._on_answer, card.name or "card")
        self._tool.request(TAP, Tap(uid=card.uid), on_answer)

    def _on_answer(self, act: str, answer: Answer[None]) -> None:
        result = "done" if answer.status is Status.OK else answer.reason
        self._note_for_a_time(f"{act}: {result}")

    def _leave(self) -> None:
        self._note_for_a_time(self._on_leave())

    def _note_for_a_time(self, note: str) -> None:
        self._note = note
        self._note_until_s = self._tool.clock.now_s() + NOTE_S
