"""The announcement as another machine finds it: a browser of the library, over the loopback."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf

from nodes.web.announcement import Announcement
from nodes.web.announcer_zeroconf import SERVICE, ZeroconfAnnouncer
from tests.web.conftest import until

LOOPBACK = "127.0.0.1"


def announcement(title: str) -> Announcement:
    host = title.lower().replace(" ", "-")
    return Announcement(
        title=title,
        host=host,
        port=8080,
        addresses=(LOOPBACK,),
        texts=(("path", "/"), ("id", "1a2b3c")),
    )


class Finder:
    """Another machine: which pages there are in the network."""

    def __init__(self) -> None:
        self.zeroconf = Zeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only)
        self.names: set[str] = set()
        self.changes: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._browser = ServiceBrowser(self.zeroconf, SERVICE, handlers=[self._on_change])

    def _on_change(self, name: str, state_change: ServiceStateChange, **_: Any) -> None:
        with self._lock:
            self.changes.append((state_change.name, name.removesuffix(f".{SERVICE}")))
            if state_change is ServiceStateChange.Added:
                self.names.add(name.removesuffix(f".{SERVICE}"))
            elif state_change is ServiceStateChange.Removed:
                self.names.discard(name.removesuffix(f".{SERVICE}"))

    def ask(self, title: str) -> ServiceInfo:
        info = self.zeroconf.get_service_info(SERVICE, f"{title}.{SERVICE}", timeout=5000)
        assert info is not None
        return info

    def mine(self, title: str) -> set[str]:
        """Return what is found with a title, whatever else is in this network."""
        with self._lock:
            return {each for each in self.names if each.startswith(title)}


@pytest.fixture
def finder() -> Iterator[Finder]:
    made = Finder()
    yield made
    made.zeroconf.close()


@pytest.fixture
def announcer() -> Iterator[ZeroconfAnnouncer]:
    made = ZeroconfAnnouncer()
    yield made
    made.shutdown()


def test_a_page_is_found_with_its_address_port_and_texts_and_says_goodbye(
    finder: Finder, announcer: ZeroconfAnnouncer
) -> None:
    page = announcement("Wallbox found")
    assert announcer.announce(page) == ""
    until(lambda: finder.mine(page.title) == {page.title})
    found = finder.ask(page.title)
    assert (found.parsed_addresses(), found.port) == ([LOOPBACK], 8080)
    assert found.server == "wallbox-found.local."
    assert found.decoded_properties == {"path": "/", "id": "1a2b3c"}
    assert announcer.announce(replace(page, port=8081)) == ""
    until(lambda: finder.mine(page.title) == {page.title})
    until(lambda: finder.ask(page.title).port == 8081)
    assert announcer.announce(None) == ""
    until(lambda: finder.mine(page.title) == set())


def test_a_restarted_page_is_found_once(finder: Finder, announcer: ZeroconfAnnouncer) -> None:
    page = announcement("Wallbox restarted")
    assert announcer.announce(page) == ""
    until(lambda: finder.mine(page.title) == {page.title})
    announcer.handover()
    assert announcer.announce(page) == ""
    until(lambda: finder.mine(page.title) == {page.title})


def test_a_page_whose_title_is_taken_gets_a_number_and_keeps_its_host_name(
    finder: Finder, announcer: ZeroconfAnnouncer
) -> None:
    # Each machine has its own address, since an answer to one alone goes there.
    page = replace(announcement("Wallbox taken"), addresses=("127.0.0.2",))
    other = ZeroconfAnnouncer()
    try:
        taken = replace(page, host="another", port=9999, addresses=("127.0.0.3",))
        assert other.announce(taken) == ""
        assert announcer.announce(page) == ""
        until(lambda: len(finder.mine(page.title)) == 2)
        (renamed,) = finder.mine(page.title) - {page.title}
        assert finder.ask(renamed).server == "wallbox-taken.local."
        assert finder.ask(page.title).port == 9999
    finally:
        other.shutdown()


def test_an_address_that_has_gone_is_a_problem_and_no_failure(
    announcer: ZeroconfAnnouncer,
) -> None:
    page = replace(announcement("Wallbox gone"), addresses=("203.0.113.77",))
    assert announcer.announce(page) != ""
    assert announcer.announce(None) == ""


def test_the_library_is_imported_only_for_an_announcement() -> None:
    words = (
        "import sys; from nodes.web.announcer_zeroconf import ZeroconfAnnouncer as Z; "
        "z = Z(); z.announce(None); z.shutdown(); print('zeroconf' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_socket_of_mdns_is_shared_with_other_programs(announcer: ZeroconfAnnouncer) -> None:
    """As with avahi-daemon, which has the port on many machines."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("", 5353))
        assert announcer.announce(announcement("Wallbox shared")) == ""
