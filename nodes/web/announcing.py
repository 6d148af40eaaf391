"""Keeps the announcement of the page as the settings and the addresses of this machine want it."""

from collections.abc import Callable
from functools import partial

from bus import Bus, leave
from msgs.label import Label
from msgs.requests import StopReason
from msgs.settings import Settings
from msgs.topics import SETTINGS
from nodes.web.addresses import addresses
from nodes.web.announcement import Announcement, Announcing, begin, end, wanted
from nodes.web.announcer import Announcer

LOOK_EVERY_S = 5.0  # assumed: at the addresses: a cable is pulled, or WLAN has an address


class PageAnnouncement:
    """The announcement of one page. All runs in the loop; the announcer's work beside it."""

    def __init__(
        self, bus: Bus, label: Label, bound: tuple[str, int], announcer: Announcer
    ) -> None:
        """`bound`: address and port of the page."""
        self._bus = bus
        self._label = label
        self._bound = bound
        self._announcer = announcer
        self._state = Announcing()
        self._is_on = False  # until the settings are heard
        self._is_stopping = False
        bus.subscribe(SETTINGS, on_change=self._on_settings)
        self._timer = bus.every(LOOK_EVERY_S, self._look)

    def stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        """End the announcement, beside the loop; then run `done`."""
        self._is_stopping = True
        self._timer.cancel()
        self._bus.offload("announce", partial(leave, self._announcer, reason), lambda _: done())

    def _on_settings(self, settings: Settings) -> None:
        self._is_on = settings.web.announced
        self._look()

    def _look(self) -> None:
        if self._is_stopping:
            return
        found = tuple(each.ip for each in addresses()) if self._is_on else ()
        announcement = wanted(self._label, *self._bound, self._is_on, found)
        self._state, is_due = begin(self._state, announcement, self._bus.clock.now_s())
        if is_due:
            self._bus.offload(
                "announce",
                partial(self._announcer.announce, announcement),
                partial(self._on_done, announcement),
            )

    def _on_done(self, announcement: Announcement | None, result: str | Exception) -> None:
        problem = result if isinstance(result, str) else f"{type(result).__name__}: {result}"
        self._state = end(self._state, problem, self._bus.clock.now_s())
        if problem:
            self._bus.log("warning", f"the page cannot be announced in the network: {problem}")
        elif announcement is not None:
            where = ", ".join(announcement.addresses)
            url = f"http://{announcement.host}.local:{announcement.port}"
            self._bus.log("info", f"the page is announced as {url} at {where}")
        self._look()
