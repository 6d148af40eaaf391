"""Announces the page in the home network."""

from typing import Protocol

from bus import Driver
from nodes.web.announcement import Announcement


class Announcer(Driver, Protocol):
    """One announcement at most. Its methods may take two seconds: they run beside the node."""

    def announce(self, announcement: Announcement | None) -> str:
        """Announce this in place of what was announced before; None: nothing any more.

        Return why that is not possible, "" if it is; then nothing is announced.
        """
