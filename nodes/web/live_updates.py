"""The values of the page, made in the node's loop while a stream is open or for one request."""

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from bus import Answer, Bus, Status, Subscription, Timer
from msgs.heartbeat import Heartbeat
from msgs.label import Label
from msgs.led import LedFrame
from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.methods import WORLD
from msgs.plant import WorldStatus
from msgs.requests import NoArguments
from msgs.session import SessionStatus
from msgs.topics import HEARTBEATS
from nodes.web.addresses import addresses
from view.limits import source_name
from view.meters import with_meters_that_count
from view.snapshot import SOURCES, SnapshotSource, received
from web.curve import POINT_S, Curve, add_point, add_span
from web.live import Live, encoded, live_of
from web.metrics.values import MetricsSnapshot
from web.page_snapshot import PageSnapshot

ROUND_S = 0.25
REPEAT_S = 1.0  # assumed: without an event for longer the page shows that it is stale
WORLD_S = 1.0
ADDRESSES_S = 10.0  # assumed: addresses change seldom


class LiveUpdates:
    """The subscriptions, one value for all streams, and the curve. All runs in the loop."""

    def __init__(
        self, bus: Bus, label: Label, has_world: bool, say: Callable[[bytes], None]
    ) -> None:
        """`has_world`: there is a simulated world; `say` feeds the streams."""
        self._bus = bus
        self._label = label
        self._has_world = has_world
        self._say = say
        self._began_s = bus.clock.now_s()
        wakes: dict[str, Callable[[Any], None]] = {
            "session": self._on_session,
            "front": self._on_front,
        }
        self._newest: dict[str, Subscription[Any]] = {
            field: bus.subscribe(source.topic, wakes.get(field))
            for field, source in SOURCES.items()
        }
        self._heartbeats: dict[str, Subscription[Heartbeat]] = {}
        self._session: Subscription[SessionStatus] = self._newest["session"]
        self._box: Subscription[MeterReading] = self._newest["box"]
        self._offer: Subscription[LoadOffer] = self._newest["offer"]
        self.timers: list[Timer] = []
        self._said: Live | None = None
        self._world: WorldStatus | None = None
        self._world_s = float("-inf")
        self._addresses = addresses()
        self._addresses_s = self._began_s
        self._curve_timer: Timer | None = None
        self._curve_began_s = 0.0
        self.curve = Curve()  # replaced as a whole: any thread may read it

    def watch(self, is_watched: bool) -> None:
        """Begin or stop sending to the streams."""
        for timer in self.timers:
            timer.cancel()
        self.timers = []
        if is_watched:
            self.timers.append(self._bus.every(ROUND_S, self._round))
            if self._has_world:
                self.timers.append(self._bus.every(WORLD_S, self._ask_world))
                self._ask_world()

    def once(self) -> bytes:
        """Return the present values as JSON."""
        return encoded(live_of(self.snapshot()))

    def snapshot(self) -> PageSnapshot:
        """Return the newest messages with their ages."""
        now_s = self._bus.clock.now_s()
        if now_s - self._addresses_s > ADDRESSES_S:
            self._addresses, self._addresses_s = addresses(), now_s
        snapshot = PageSnapshot(
            now_s=now_s,
            utc_ns=self._bus.clock.utc_ns(),
            began_s=self._began_s,
            **received(SOURCES, self._newest),
            label=self._label,
            addresses=self._addresses,
            world=self._world if now_s - self._world_s < 2 * WORLD_S else None,
        )
        return with_meters_that_count(snapshot)

    def listen_to_heartbeats(self) -> None:
        """Subscribe to the heartbeats of all nodes; no effect the next time.

        Only once the metrics are switched on: else nobody needs them.
        """
        for node, topic in HEARTBEATS.items():
            if node not in self._heartbeats:
                self._heartbeats[node] = self._bus.subscribe(topic)

    def metrics(self) -> MetricsSnapshot:
        """Return the newest messages, and the heartbeats of all nodes."""
        sources = {node: SnapshotSource(HEARTBEATS[node]) for node in self._heartbeats}
        return MetricsSnapshot(page=self.snapshot(), heartbeats=received(sources, self._heartbeats))

    # --- the streams ---------------------------------------------------------------------------

    def _on_front(self, _: LedFrame) -> None:
        if self.timers:
            self._round()

    def _on_session(self, session: SessionStatus) -> None:
        if session.session_id and self._curve_timer is None:
            self._begin_curve(session)
        if self.timers:
            self._round()

    def _round(self) -> None:
        """Send the present values if they have changed, and every REPEAT_S."""
        live = live_of(self.snapshot())
        said = self._said
        if said is not None and live.clock_s - said.clock_s < REPEAT_S:
            same = replace(live, clock_s=said.clock_s, now_utc_ns=said.now_utc_ns)
            if same == said:
                return
        self._said = live
        self._say(encoded(live))

    # --- the simulated world -------------------------------------------------------------------

    def _ask_world(self) -> None:
        self._bus.request(WORLD, NoArguments(), self._on_world)

    def _on_world(self, answer: Answer[WorldStatus]) -> None:
        if answer.result is not None:
            self._world = answer.result
            self._world_s = self._bus.clock.now_s()
        elif answer.status is Status.ERROR:
            self._bus.log("warning", answer.reason)

    # --- the curve -----------------------------------------------------------------------------

    def _begin_curve(self, session: SessionStatus) -> None:
        """Record the power from now on; the session may be older than this process."""
        now_s = self._bus.clock.now_s()
        self._curve_began_s = now_s if session.started_ns is None else session.started_ns / 1e9
        self._curve_timer = self._bus.every(POINT_S, partial(self._draw, session.session_id))
        self._draw(session.session_id)

    def _draw(self, session_id: str) -> None:
        session, box, offer = self._session.fresh(), self._box.fresh(), self._offer.fresh()
        if session is not None and session.session_id != session_id:
            if self._curve_timer is not None:
                self._curve_timer.cancel()
            self._curve_timer = None
            return
        if box is not None and box.online:
            since_s = self._bus.clock.now_s() - self._curve_began_s
            curve = add_point(self.curve, session_id, since_s, box.power_w)
            if offer is not None:
                source = source_name(offer.reason)
                curve = add_span(curve, session_id, since_s, offer.limit_a, source)
            self.curve = curve
