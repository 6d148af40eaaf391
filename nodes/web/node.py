"""Wiring of web: the pages and their threads, and the bus."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct

from bus import Answer, Bus, Call
from msgs.method import Method
from msgs.methods import PAGE
from msgs.ports import PagePort
from msgs.requests import NoArguments, StopReason
from msgs.settings import Settings, WebSection
from msgs.topics import SETTINGS
from msgs.web import PageAddress
from nodes.modbus_map.meter_map import map_titles
from nodes.web.announcement import host_of
from nodes.web.announcer import Announcer
from nodes.web.announcing import PageAnnouncement
from nodes.web.bridge import Bridge
from nodes.web.live_updates import LiveUpdates
from nodes.web.server import PageServer, bind
from nodes.web.store import WebStore, read_label
from web.app import create_app
from web.box import ServerConfig, SilentError
from web.browser_logins import BrowserLogins
from web.curve import Curve
from web.hosts import KnownNames, known_names
from web.login_check import LoginCheck
from web.metrics.values import MetricsSnapshot
from web.metrics_token import TokenCheck
from web.page_snapshot import PageSnapshot
from web.streams import Streams

RUNNER: Literal["blocking", "asyncio"] = "blocking"

STOP_S = 1.0
LOOK_EVERY_S = 5.0  # assumed: at connections that may be idle

A = TypeVar("A", bound=Struct)
R = TypeVar("R")
T = TypeVar("T")

meter_maps = cache(map_titles)  # read when a page shows them


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    port: PagePort = 8080  # 0: any free one
    host: Annotated[str, Meta(min_length=1, max_length=255)] = "127.0.0.1"  # 0.0.0.0: all
    panel: Literal["", "plant"] = ""  # the node behind the simulation panel; "": there is none
    # Further whole names of the box, beside its own and those of the settings.
    names: Annotated[tuple[Annotated[str, Meta(max_length=255)], ...], Meta(max_length=16)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of web."""

    announcer: Announcer


class OwnNames(Struct, frozen=True, kw_only=True):
    """The names that do not change while the node runs."""

    box: tuple[str, ...]  # serial number, host name, and the name that is announced
    given: tuple[str, ...]  # by the launch file

    def with_settings(self, web: WebSection) -> KnownNames:
        """Return them with those of the settings."""
        return known_names(self.box, (*self.given, *web.names), web.origin)


class NodeBox:
    """See `web.box.Box`: called by the server's threads."""

    def __init__(self, bus: Bus, updates: LiveUpdates, own_names: OwnNames) -> None:
        self._bus = bus
        self._own_names = own_names
        self._known_names = own_names.with_settings(WebSection())
        self._serves_metrics = False
        bus.subscribe(SETTINGS, on_change=self._on_settings)
        self._bridge = Bridge(bus)
        self._updates = updates
        self.now_s = bus.clock.now_s

    def random(self, count: int) -> bytes:
        """See `web.box.Box.random`."""
        return self._bus.random("secret").randbytes(count)

    def log(self, level: str, text: str) -> None:
        """See `web.box.Box.log`."""
        self._bus.post(partial(self._bus.log, level, text))

    def _on_settings(self, settings: Settings) -> None:
        self._known_names = self._own_names.with_settings(settings.web)
        self._serves_metrics = settings.web.metrics
        if settings.web.metrics:
            self._updates.listen_to_heartbeats()

    def known_names(self) -> KnownNames:
        """See `web.box.Box.known_names`."""
        return self._known_names

    def live(self) -> bytes:
        """See `web.box.Box.live`."""
        return self._call(self._updates.once)

    def snapshot(self) -> PageSnapshot:
        """See `web.box.Box.snapshot`."""
        return self._call(self._updates.snapshot)

    def serves_metrics(self) -> bool:
        """See `web.box.Box.serves_metrics`."""
        return self._serves_metrics

    def metrics(self) -> MetricsSnapshot:
        """See `web.box.Box.metrics`."""
        return self._call(self._updates.metrics)

    def curve(self) -> Curve:
        """See `web.box.Box.curve`."""
        return self._updates.curve

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        """See `web.box.Box.ask`."""
        return self._bridge.ask(method, arguments)

    def _call(self, work: Callable[[], T]) -> T:
        try:
            return self._bridge.call(work)
        except TimeoutError as error:
            raise SilentError("The wallbox does not answer at the moment.") from error


class WebNode:
    """The server, the live updates, and the files of the account."""

    def __init__(self, bus: Bus, parameters: Parameters, drivers: Drivers) -> None:
        """Read the stored files, bind the port, begin to answer.

        :raises StoreError: there is no label, or a file of web cannot be read.
        :raises DriverError: the port cannot be had.
        """
        self._bus = bus
        label = read_label(bus.state_dir)
        store = WebStore(bus.state_dir, partial(bus.log, "warning"))
        account, failures, kept = store.account(label), store.failures(), store.logins()
        bound = bind(parameters.host, parameters.port, bus.clock.now_s)
        self.port: int = bound.getsockname()[1]
        self.streams = Streams(bus.clock.now_s, self._on_watched)
        self.updates = LiveUpdates(bus, label, bool(parameters.panel), self.streams.say)
        own_names = OwnNames(
            box=(label.serial, socket.gethostname(), host_of(label)), given=parameters.names
        )
        box = NodeBox(bus, self.updates, own_names)
        site = ServerConfig(
            label=label,
            is_simulation=bool(parameters.panel),
            port=self.port,
            announced_name=f"{host_of(label)}.local",
            meter_maps=meter_maps,
        )
        login_check = LoginCheck(
            label, account, failures, store.devices(), store, box.now_s, box.random, box.log
        )
        clock = bus.clock
        logins = BrowserLogins(
            kept, store, clock.now_s, clock.utc_ns, clock.boot(), box.random, box.log
        )
        tokens = TokenCheck(store.token(), store, clock.now_s, clock.utc_ns, box.random, box.log)
        app = create_app(box, site, login_check, logins, self.streams, tokens)
        self.server = PageServer(app, bound, box.log, box.now_s)
        self.server.start()
        bus.every(LOOK_EVERY_S, self.server.cut_idle)
        address = str(bound.getsockname()[0])
        self._announcement = PageAnnouncement(bus, label, (address, self.port), drivers.announcer)
        bus.on_stop(self._on_stop)
        host = f"[{parameters.host}]" if ":" in parameters.host else parameters.host
        self._url = f"http://{host}:{self.port}"
        self._login_check = login_check
        bus.serve(PAGE, self._on_page)
        bus.log("info", f"page: {self._url}")

    def _on_page(self, call: Call[NoArguments, PageAddress]) -> None:
        call.ok(PageAddress(url=self._url, is_first=self._login_check.account.must_change))

    def _on_watched(self, is_watched: bool) -> None:
        """Take the calls of the server's threads, in order."""
        self._bus.post(partial(self.updates.watch, is_watched))

    def _on_stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        """Close all; threads that do not end in time end with the process."""
        self.updates.watch(False)
        late = self._bus.at(self._bus.clock.now_s() + STOP_S, done)

        open_parts = {"announcement", "server"}

        def on_closed(part: str) -> None:
            open_parts.discard(part)
            if not open_parts:
                late.cancel()
                done()

        self._announcement.stop(reason, partial(on_closed, "announcement"))
        self.streams.close()
        self.server.stop(partial(self._bus.post, partial(on_closed, "server")))


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> WebNode:
    """Open the page and start the node.

    :raises DriverError: the port cannot be had.
    :raises StoreError: there is no label, or a file of web cannot be read.
    """
    node = WebNode(bus, parameters, drivers)
    bus.ready()
    return node
