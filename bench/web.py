"""The cost of the page while thirty streams are open: answers, first paint, weight, memory.

The whole simulated graph runs; thirty connections read every event of the live page. The first
paint is that of Chromium on a phone's screen, with its processor slowed down four times. The weight
is all that the browser fetches for the live page at a first visit, as sent. Run
`python bench/web.py --json`.
"""

# ruff: noqa: E402 - this file is called like a package of the project; the root has to come first.

import contextlib
import http.client
import math
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

sys.path[0] = str(Path(__file__).resolve().parents[1])

from playwright.sync_api import sync_playwright

from bench.flood import Visitor
from bench.graph import Graph, running, shares_mb, wait_ready
from bench.report import Aim, report
from bus.generations import read_valid_or_raise
from msgs.label import LABEL_FILE, Label
from msgs.methods import PAGE
from msgs.requests import NoArguments

STREAMS = 30
PAGES = 500
PAINTS = 5
SLOWER = 4
PHONE = (390, 844)
CHROMIUM = "/usr/bin/chromium"
PORTS = "--ports=4300"


@contextlib.contextmanager
def streams(address: str, visitor: Visitor) -> Iterator[None]:
    """Open thirty streams of the live page and read them.

    :raises RuntimeError: a stream is refused.
    """
    host, _, port = address.rpartition(":")
    request = f"GET /live HTTP/1.1\r\nHost: {address}\r\nCookie: {visitor.cookie}\r\n\r\n".encode()
    opened: list[socket.socket] = []
    for _ in range(STREAMS):
        stream = socket.create_connection((host, int(port)), timeout=10.0)
        stream.sendall(request)
        if not stream.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"stream {len(opened) + 1} of {STREAMS} is not let in")
        opened.append(stream)
        threading.Thread(target=_drain, args=(stream,), daemon=True).start()
    try:
        yield
    finally:
        for stream in opened:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)


def _drain(stream: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while stream.recv(65536):
            pass


def page_ms(visitor: Visitor) -> list[float]:
    """Return how long each answer of the live page took, by a connection of its own [ms]."""
    took_ms = []
    for _ in range(PAGES):
        began_s = time.perf_counter()
        status, _ = visitor.ask("/")
        took_ms.append((time.perf_counter() - began_s) * 1e3)
        if status != http.client.OK:
            raise RuntimeError(f"the live page answers {status}")
        time.sleep(0.005)
    return sorted(took_ms)


def painted(url: str, visitor: Visitor) -> tuple[list[float], float]:
    """Return the first paint of each visit [s], and what one visit fetches [kB]."""
    paints_s, weights_kb = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        for _ in range(PAINTS):
            width, height = PHONE
            context = browser.new_context(viewport={"width": width, "height": height})
            context.add_cookies(
                [
                    {"name": name, "value": value, "url": url}
                    for name, _, value in (c.partition("=") for c in visitor.cookie.split("; "))
                ]
            )
            page = context.new_page()
            tools = context.new_cdp_session(page)
            tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            tools.send("Network.enable")
            received: list[float] = []
            tools.on("Network.loadingFinished", lambda e: received.append(e["encodedDataLength"]))  # noqa: B023 - called within this round
            page.goto(url, wait_until="load")
            page.wait_for_selector("[data-light]")
            (entry,) = page.evaluate(
                "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"
            )
            paints_s.append(entry / 1e3)
            weights_kb.append(sum(received) / 1024)
            context.close()
        browser.close()
    return paints_s, max(weights_kb)


def measure(graph: Graph) -> None:
    """Measure one running graph and report."""
    wait_ready(graph, time.monotonic())
    url = graph.call(PAGE, NoArguments()).url
    label = read_valid_or_raise(graph.place.state_dir / LABEL_FILE, Label)
    assert label is not None, "system has provisioned the box"
    visitor = Visitor(urlsplit(url).netloc, label)
    with streams(urlsplit(url).netloc, visitor):
        took_ms = page_ms(visitor)
        pids = {row.node: row.pid for row in graph.processes()}
        memory_mb = shares_mb(pids.values())[pids["web"]]
    paints_s, weight_kb = painted(url, visitor)
    p99_ms = took_ms[math.ceil(len(took_ms) * 0.99) - 1]
    report(
        "web",
        {
            "streams": STREAMS,
            "page_p50_ms": round(statistics.median(took_ms), 2),
            "first_paints_s": [round(value, 3) for value in paints_s],
        },
        [
            Aim("page_p99_ms", p99_ms, "ms", "<=", 50.0),
            Aim("first_paint_s", statistics.median(paints_s), "s", "<=", 1.5),
            Aim("page_kb", weight_kb, "kB", "<=", 300.0),
            Aim("pss_mb", memory_mb, "MB", "<=", 60.0),
        ],
    )


def main() -> None:
    """Measure, and report."""
    with running(PORTS) as graph:
        measure(graph)


if __name__ == "__main__":
    main()
