"""Announces the page by mDNS, with the library zeroconf.

The library is imported at the first announcement: it takes 3.2 MB, and a page that is at 127.0.0.1
only needs none of it. It runs in a thread of its own. If another service has the title already, the
library gives this one a number at its end; the host name stays, since it is made of the label.
"""

import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from bus import Bus
from nodes.web.announcement import Announcement
from nodes.web.announcer import Announcer

if TYPE_CHECKING:
    from zeroconf import Zeroconf

SERVICE = "_http._tcp.local."


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class ZeroconfAnnouncer(Announcer):
    """See `announcer.Announcer`."""

    def __init__(self) -> None:
        self._zeroconf: Zeroconf | None = None

    def announce(self, announcement: Announcement | None) -> str:
        """See `announcer.Announcer.announce`.

        The sockets are opened again each time: they belong to the interfaces of the addresses.
        """
        self.shutdown()
        if announcement is None:
            return ""
        if problem := _problem_with(announcement.addresses):
            return problem
        from zeroconf import Error, IPVersion, ServiceInfo, Zeroconf

        service = ServiceInfo(
            SERVICE,
            f"{announcement.title}.{SERVICE}",
            port=announcement.port,
            properties=dict(announcement.texts),
            server=f"{announcement.host}.local.",
            addresses=[ipaddress.ip_address(each).packed for each in announcement.addresses],
        )
        try:
            self._zeroconf = Zeroconf(
                interfaces=list(announcement.addresses), ip_version=IPVersion.V4Only
            )
            self._zeroconf.register_service(service, allow_name_change=True)
        except (Error, OSError, RuntimeError, TimeoutError) as error:
            self.shutdown()
            return str(error) or type(error).__name__
        return ""

    def shutdown(self) -> None:
        """Say goodbye and close the sockets."""
        if self._zeroconf is not None:
            with suppress(OSError):
                self._zeroconf.close()
            self._zeroconf = None

    def handover(self) -> None:
        """Say goodbye as well: the next incarnation announces by itself."""
        self.shutdown()


def _problem_with(addresses: tuple[str, ...]) -> str:
    """Return which address this machine has not any more; "": none.

    The library would leave a socket open.
    """
    for address in addresses:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            try:
                asking.bind((address, 0))
            except OSError as error:
                return f"{address}: {error.strerror}"
    return ""


def open(bus: Bus, parameters: Parameters) -> Announcer:
    """Return an announcer by mDNS."""
    return ZeroconfAnnouncer()
