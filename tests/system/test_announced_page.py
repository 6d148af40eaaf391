"""A launched box whose page is at all addresses: found by mDNS, read by Prometheus, and gone."""

import http.client
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, Zeroconf

from nodes.web.addresses import addresses
from tests.system.box import HOUSE_PORT, Box
from tests.system.listener import PATIENCE_S

SERVICE = "_http._tcp.local."
WEB_PORT = 8080

pytestmark = pytest.mark.system


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.1)


def finder_at(address: str) -> Zeroconf:
    """Return a peer in the network of an address.

    It is made in a thread: in this one Playwright may have left its loop, which the library would
    take for its own, and which does not run.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(Zeroconf, interfaces=[address], ip_version=IPVersion.V4Only).result()


def answers(address: str, name: str) -> bool:
    """Return whether somebody in the network answers for a service now."""
    finder = finder_at(address)
    try:
        return finder.get_service_info(SERVICE, name, 1000) is not None
    finally:
        finder.close()


@pytest.mark.req("WEB-15")
@pytest.mark.skipif(not addresses(), reason="this machine is in no network")
def test_a_box_is_announced_while_it_runs_and_its_page_opens_by_that_name(own_box: Box) -> None:
    address = addresses()[0].ip
    finder = finder_at(address)
    names: set[str] = set()

    def on_change(name: str, state_change: object, **_: object) -> None:
        if getattr(state_change, "name", "") == "Removed":
            names.discard(name)
        else:
            names.add(name)

    browser = ServiceBrowser(finder, SERVICE, handlers=[on_change])
    try:
        own_box.launch("web.host=0.0.0.0", "web.metrics=on")
        port = WEB_PORT + own_box.port - HOUSE_PORT

        def mine() -> list[ServiceInfo]:
            """Return what is known of this box; a question that is not answered is asked again."""
            infos = [finder.get_service_info(SERVICE, name, 1000) for name in tuple(names)]
            return [each for each in infos if each is not None and each.port == port]

        until(lambda: len(mine()) == 1)
        (info,) = mine()
        assert address in info.parsed_addresses()
        assert info.server is not None
        assert re.fullmatch(r"wallbox-[0-9a-f]{6}\.local\.", info.server)
        connection = http.client.HTTPConnection(address, port, timeout=PATIENCE_S)
        host = f"{info.server.removesuffix('.')}:{port}"
        for path, status in (("/login", 200), ("/metrics", 401)):
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            answer.read()
            assert (path, answer.status) == (path, status)
        connection.close()
        own_box.do("restart", "web")
        until(lambda: len(mine()) == 1)
        own_box.kill("web")  # without a goodbye, and back by itself under the same name
        until(lambda: answers(address, info.name))
        assert len(mine()) == 1
        own_box.end()
        until(lambda: info.name not in names)
    finally:
        browser.cancel()
        finder.close()
