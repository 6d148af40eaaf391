"""One node on the bus: the common part of both implementations.

A `Carrier` (ZeroMQ, or memory) moves frames, requests and answers; `Peer` handles their content:
sequence and incarnation, subscriptions, deadlines, requests, heartbeats and the stop sequence.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec import Struct

from bus.envelope import Once, OpenCall, Request, Response
from bus.interface import BusError, Call, Clock, Looks, Spawned, Subscription
from bus.measure import LookGaps, LoopTimes, Usage
from bus.publisher import NEVER_NS, Publisher, RepeatedMessage
from bus.schema import Description, breaking_changes, describe, schema_hash, type_name
from bus.subscription import TopicSubscription
from bus.timers import Deadline, Schedule
from bus.wire import HEADER, HEADER_LENGTH, MAX_FRAME_BYTES, UNREADABLE, VERSION, topic_key
from msgs.heartbeat import Heartbeat, NodeState
from msgs.method import EVERY_NODE, Method
from msgs.methods import LIST_METHODS, SCHEMA, STOP
from msgs.patterns import plain
from msgs.requests import Answer, NoArguments, Status, StopArguments, StopReason, TopicName
from msgs.topics import HEARTBEATS, TOPICS, Topic
from msgs.units import MOST_TEXT

M = TypeVar("M", bound=Struct)
A = TypeVar("A", bound=Struct)
R = TypeVar("R")

HEARTBEAT_PERIOD_S = 1.0
MAX_OPEN_REQUESTS = 256

_pack_header = HEADER.pack
_encode = msgspec.msgpack.Encoder().encode
_REQUEST_DECODER = msgspec.msgpack.Decoder(Request)
_RESPONSE_DECODER = msgspec.msgpack.Decoder(Response)


class Carrier(Protocol):
    """Moves the bytes of one peer."""

    def send(self, row: Publisher, frame: bytes) -> bool:
        """Send a frame to all subscribers; keep a latched one for late subscribers.

        Return whether its repeats need not be sent: the subscriptions then renew the stamp.
        """

    def end_repeats(self, row: Publisher) -> None:
        """Set the stamp of the last counted repeat in all subscriptions to a topic."""

    def send_again(self) -> None:
        """Send repeats from now on: subscriptions have their own stamps, which may become old."""

    def listen(self, writer: str, key: bytes, active: bool) -> None:
        """Subscribe to a topic of a writer; only an active subscription wakes the node."""

    def ask(self, node: str, request: bytes, expires_ns: int) -> None:
        """Send a request, at the latest when it expires."""

    def answer(self, address: bytes, response: bytes) -> None:
        """Send an answer to the address of its request."""

    def offload(
        self, name: str, work: Callable[[], R], done: Callable[[R | Exception], None]
    ) -> None:
        """Run work beside the node, then `done` in it."""

    def usage(self) -> Usage:
        """Return the usage of this node's process."""

    def post(self, action: Callable[[], None]) -> None:
        """Run an action in the node's loop; other threads may call this."""

    def log(self, level: str, text: str) -> None:
        """Write one line; never blocks."""


class _Asked(NamedTuple):
    """An open request."""

    method: Method[Any, Any]
    on_answer: Callable[[Answer[Any]], None]
    expiry: Deadline


class Peer:
    """See `bus.interface.Bus`; the carrier calls the methods under "calls of the carrier"."""

    def __init__(
        self,
        node: str,
        incarnation: int,
        pid: int,
        clock: Clock,
        randomness: Callable[[str], Random],
        state_dir: Path,
        run_dir: Path,
        carrier: Carrier,
        timers: Schedule,
        looks: Callable[[int, Callable[[], None], Callable[[int], None]], Looks],
    ) -> None:
        self.node = node
        self.incarnation = incarnation
        self.clock = clock
        self.random = randomness  # see `bus.interface.Bus.random`
        self.state_dir = state_dir
        self.run_dir = run_dir
        self.state = NodeState.STARTING
        self.times = LoopTimes()
        self._gaps = LookGaps()
        self.timers = timers
        self._pid = pid
        self._carrier = carrier
        self._publishers: dict[str, Publisher] = {}
        self._repeated: dict[str, RepeatedMessage] = {}
        self._new_looks = looks  # from a period [ns], a look and a callback for late looks
        self._looks: Looks | None = None
        self._subscriptions: dict[bytes, list[TopicSubscription[Any]]] = {}
        self._fired: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._handlers: dict[str, tuple[Method[Any, Any], Callable[[Call[Any, Any]], None]]] = {}
        self._asked: dict[int, _Asked] = {}
        self._ask_count = 0
        self._once = Once()
        self._stop_action: Callable[[StopReason, Callable[[], None]], None] | None = None
        self._on_close = ExitStack()
        self._state_callbacks: list[Callable[[NodeState], None]] = []
        self._logged: dict[str, int] = {}  # topic -> the refused schema that was logged last
        self._drops = 0
        self._error = ""
        self._heartbeat: Heartbeat | None = None  # the newest, with the figures in `_beaten`
        self._beaten: tuple[object, ...] = ()
        self._used = Usage(cpu_ns=0, memory_kb=0)
        self._used_at_ns = clock.now_ns()
        self.serve(STOP.at(node), self._on_stop_request)
        self.serve(LIST_METHODS.at(node), self._on_methods_request)
        self.serve(SCHEMA.at(node), self._on_schema_request)

    def begin(self) -> None:
        """Publish the first heartbeat, and repeat it from now on."""
        self._used = self._carrier.usage()
        self.every(HEARTBEAT_PERIOD_S, self._beat)
        self._beat()

    # --- bus.interface.Bus ---------------------------------------------------------------------

    def publish(self, topic: Topic[M], message: M) -> None:
        """See `bus.interface.Bus.publish`."""
        row = self._publishers.get(topic.name)
        if row is None:
            row = self._new_publisher(topic)
        if row.are_repeats_counted:
            self._carrier.end_repeats(row)
        row.sequence += 1
        if message is not row.message:  # it is frozen: the same object has the same bytes
            row.body = _encode(message)
            row.message = message
        row.stamp_ns = self.clock.now_ns()
        frame = self.frame(row, self.clock.utc_ns())
        if len(frame) > MAX_FRAME_BYTES:
            raise BusError(
                f"a frame on {topic.name} has {len(frame)} bytes; at most {MAX_FRAME_BYTES}"
            )
        row.are_repeats_counted = self._carrier.send(row, frame)

    def say(self, topic: Topic[M], message: M, period_s: float | None = None) -> None:
        """See `bus.interface.Bus.say`."""
        repeated = self._repeated.get(topic.name)
        if repeated is None:
            repeated = self._repeated[topic.name] = RepeatedMessage(topic)
        if self._looks is not None:
            self._looks.catch_up()
        repeated.repeat_each(topic.period_s if period_s is None else period_s)
        row = self._publishers.get(topic.name) or self._new_publisher(topic)
        row.is_repeated = repeated.period_ns is not None and self._looks is not None
        if repeated.take(message):
            self.publish(topic, message)
            repeated.published(self.clock.now_ns())
        if self._looks is not None:
            self._looks.note_said()

    def hush(self, topic: Topic[M]) -> None:
        """See `bus.interface.Bus.hush`."""
        repeated = self._repeated.get(topic.name)
        if repeated is None or repeated.said is None:
            return
        self._carrier.send_again()
        repeated.hush()
        self._publishers[topic.name].is_repeated = False
        if self._looks is not None:
            self._looks.note_said()

    def subscribe(
        self,
        topic: Topic[M],
        on_message: Callable[[M], None] | None = None,
        *,
        on_change: Callable[[M], None] | None = None,
        uses: Callable[[M], object] | None = None,
    ) -> Subscription[M]:
        """See `bus.interface.Bus.subscribe`."""
        callback = on_message or on_change
        subscription = TopicSubscription(
            topic,
            self.clock,
            callback,
            self._on_refused,
            changes_only=on_message is None,
            uses=uses,
        )
        key = topic_key(topic.name)
        self._subscriptions.setdefault(key, []).append(subscription)
        self._carrier.listen(topic.writer, key, callback is not None)
        return subscription

    def look_each(self, period_s: float, look: Callable[[], None]) -> Looks:
        """See `bus.interface.Bus.look_each`."""
        if self._looks is not None:
            raise BusError(f"{self.node} looks already")

        def on_instant() -> None:
            look()
            self._repeat(looks)

        looks = self._looks = self._new_looks(round(period_s * 1e9), on_instant, self._gaps.add)
        return looks

    def at(self, when_s: float, action: Callable[[], None]) -> Deadline:
        """See `bus.interface.Bus.at`. Rounded up: when it runs, now_s() has reached when_s."""
        return self.timers.add(int(when_s * 1e9) + 1, action)

    def every(self, period_s: float, action: Callable[[], None]) -> Deadline:
        """See `bus.interface.Bus.every`."""
        period_ns = int(period_s * 1e9)
        return self.timers.add(self.clock.now_ns() + period_ns, action, period_ns)

    def serve(self, method: Method[A, R], handler: Callable[[Call[A, R]], None]) -> None:
        """See `bus.interface.Bus.serve`. A later handler of a method replaces the earlier one."""
        if method.server != self.node:
            raise BusError(f"{self.node} does not serve {method.name} of {method.server}")
        self._handlers[method.name] = (method, handler)

    def request(
        self,
        method: Method[A, R],
        arguments: A,
        on_answer: Callable[[Answer[R]], None] | None = None,
        *,
        timeout_s: float | None = None,
        key: str | None = None,
    ) -> None:
        """See `bus.interface.Bus.request`."""
        if method.server == EVERY_NODE:
            raise BusError(f"every node serves {method.name}: expected the row of one, by `at`")
        if len(self._asked) >= MAX_OPEN_REQUESTS:
            raise BusError(f"{self.node} has {MAX_OPEN_REQUESTS} requests open")
        self._ask_count += 1
        number = self._ask_count
        patience_s = method.timeout_s if timeout_s is None else timeout_s
        expires_ns = self.clock.now_ns() + int(patience_s * 1e9)
        request = Request(
            id=number,
            caller=self.node,
            method=method.name,
            expires_ns=expires_ns,
            key=key,
            arguments=arguments,
        )
        data = _encode(request)  # first: if it cannot be encoded, nothing is open
        late: Answer[Any] = Answer(
            status=Status.TIMEOUT,
            reason=f"{method.server} did not answer {method.name} within {patience_s:g} s",
        )
        expiry = self.timers.add(expires_ns, lambda: self._finish(number, late))
        self._asked[number] = _Asked(method, on_answer or (lambda answer: None), expiry)
        self._carrier.ask(method.server, data, expires_ns)

    def offload(
        self, name: str, work: Callable[[], R], done: Callable[[R | Exception], None]
    ) -> None:
        """See `bus.interface.Bus.offload`."""
        self._carrier.offload(name, work, partial(self._finish_work, done))

    def _finish_work(self, done: Callable[[Any], None], result: object) -> None:
        if not self.stopped:  # else its devices have been left
            done(result)

    def spawn(
        self, coroutine: Coroutine[Any, Any, R], done: Callable[[R], None] | None = None
    ) -> Spawned:
        """See `bus.interface.Bus.spawn`; only the loop inside asyncio has them."""
        coroutine.close()
        raise BusError(f"{self.node} cannot run a coroutine: its loop is not asyncio's")

    def post(self, action: Callable[[], None]) -> None:
        """See `bus.interface.Bus.post`."""

        def act() -> None:
            if not self.stopped:
                action()

        self._carrier.post(act)

    def ready(self) -> None:
        """See `bus.interface.Bus.ready`."""
        if self.state is NodeState.STARTING:
            self._enter(NodeState.READY)

    def on_stop(self, action: Callable[[StopReason, Callable[[], None]], None]) -> None:
        """See `bus.interface.Bus.on_stop`."""
        self._stop_action = action

    def on_close(self, action: Callable[[], None]) -> None:
        """See `bus.interface.Bus.on_close`."""
        self._on_close.callback(action)

    def log(self, level: str, text: str) -> None:
        """See `bus.interface.Bus.log`. The heartbeat contains the last error."""
        if level == "error":
            self._error = text[:MOST_TEXT]
        self._carrier.log(level, text)

    # --- calls of the carrier ------------------------------------------------------------------

    def accept(self, data: bytes, now_ns: int) -> bool:
        """Pass a frame to its subscriptions. Return whether a callback waits."""
        end = data.find(b"\0") + 1
        for subscription in self._subscriptions.get(data[:end], ()):
            message = subscription.accept(data, end, now_ns)
            if message is not None:
                self._fired.append((subscription.on_message, message))  # type: ignore[arg-type]
        return bool(self._fired)

    def run_callbacks(self) -> None:
        """Run the callbacks of all accepted messages, in order."""
        while self._fired and not self.stopped:
            on_message, message = self._fired.popleft()
            on_message(message)

    def accept_request(self, address: bytes, data: bytes) -> None:
        """Carry out one request, or answer why not. An expired one is discarded."""

        def send(answer: Answer[Any]) -> None:
            self._carrier.answer(address, _encode(Response(id=request.id, answer=answer)))

        try:
            request = _REQUEST_DECODER.decode(data)
        except UNREADABLE as error:
            self.log("warning", f"a request could not be read: {error}")
            return
        if request.expires_ns <= self.clock.now_ns():
            self._drops += 1
            return
        if self.stopped:
            send(Answer(status=Status.NOT_READY, reason=f"{self.node} has stopped"))
            return
        known = self._handlers.get(request.method)
        if known is None:
            methods = ", ".join(sorted(self._handlers))
            send(
                Answer(
                    status=Status.BAD_ARGUMENTS,
                    reason=f"{self.node} has no method {request.method!r}; it has {methods}",
                )
            )
            return
        method, handler = known
        refusal = method.refusal(request.caller)
        if refusal:
            send(Answer(status=Status.REFUSED, reason=refusal))
            return
        try:
            arguments = msgspec.convert(request.arguments, method.arguments)
        except msgspec.ValidationError as error:
            expected = ", ".join(f"{name}: {type_}" for name, type_ in _arguments(method).items())
            reason = f"{request.method}: {plain(error)}; expected {expected or 'no arguments'}"
            send(Answer(status=Status.BAD_ARGUMENTS, reason=reason))
            return
        finish = self._once.begin(request, send)
        if finish is None:
            return
        call: OpenCall[Any, Any] = OpenCall(arguments, request.caller, finish)
        try:
            handler(call)
        except Exception as error:
            call.error(f"{self.node} failed in {request.method}: {error!r}")
            raise

    def accept_response(self, data: bytes) -> None:
        """Pass an answer to the callback of its request; a late one is dropped."""
        if self.stopped:
            return
        try:
            response = _RESPONSE_DECODER.decode(data)
        except UNREADABLE as error:
            self.log("warning", f"an answer could not be read: {error}")
            return
        self._finish(response.id, response.answer)

    def stop(self, reason: StopReason) -> None:
        """Begin to stop; a second call while stopping counts only for a signal."""
        if self.state is NodeState.STOPPED:
            return
        if self.state is NodeState.STOPPING and reason is not StopReason.SIGNAL:
            return
        if self.state is not NodeState.STOPPING:
            self._enter(NodeState.STOPPING)
        if self._stop_action is None:
            self._stopped()
        else:
            self._stop_action(reason, self._stopped)

    def close_owned(self) -> None:
        """Run the node's closing actions; see `bus.interface.Bus.on_close`."""
        self._on_close.close()

    @property
    def stopped(self) -> bool:
        """Return whether the stop sequence has ended."""
        return self.state is NodeState.STOPPED

    def on_state(self, callback: Callable[[NodeState], None]) -> None:
        """Call back at each change of this node's own state."""
        self._state_callbacks.append(callback)

    def count_drop(self, count: int = 1) -> None:
        """Count messages that could not be sent or kept."""
        self._drops += count

    # --- for a carrier that leaves repeats out ---------------------------------------------------

    def subscriptions(self) -> Iterator[TopicSubscription[Any]]:
        """Return all subscriptions."""
        for subscriptions in self._subscriptions.values():
            yield from subscriptions

    def subscriptions_of(self, key: bytes) -> list[TopicSubscription[Any]]:
        """Return the subscriptions to one topic."""
        return self._subscriptions.get(key, [])

    def rows(self) -> Iterable[Publisher]:
        """Return the publishers of all topics that were sent."""
        return self._publishers.values()

    def frame(self, row: Publisher, utc_ns: int) -> bytes:
        """Return the newest frame of a topic, with a time of UTC."""
        header = _pack_header(
            VERSION,
            0,
            HEADER_LENGTH,
            row.schema_hash,
            self.incarnation,
            row.sequence,
            row.stamp_ns,
            utc_ns,
        )
        return row.key + header + row.body

    def first_repeat_ns(self, after_ns: int, step_ns: int) -> int:
        """Return the first instant of a grid at which a message has to be sent again [ns].

        :raises BusError: see `RepeatedMessage.check_grid`.
        """
        first_ns = NEVER_NS
        for name, repeated in self._repeated.items():
            if repeated.is_pending or not self._publishers[name].are_repeats_counted:
                first_ns = min(first_ns, repeated.first_ns(after_ns, step_ns))
            else:
                repeated.check_grid(step_ns)
        return first_ns

    def pass_instants(self, after_ns: int, last_ns: int, step_ns: int) -> None:
        """Count the repeats at the left-out instants of a grid."""
        for name, repeated in self._repeated.items():
            count, repeated_ns = repeated.pass_instants(after_ns, last_ns, step_ns)
            if count:
                row = self._publishers[name]
                row.sequence += count
                row.stamp_ns = repeated_ns

    # --- inside --------------------------------------------------------------------------------

    def _new_publisher(self, topic: Topic[Any]) -> Publisher:
        if topic.writer != self.node:
            raise BusError(f"{self.node} does not write {topic.name}; {topic.writer} does")
        row = self._publishers[topic.name] = Publisher(topic, self._catch_up)
        return row

    def _catch_up(self) -> None:
        if self._looks is not None:
            self._looks.catch_up()

    def _repeat(self, looks: Looks) -> None:
        """Repeat the messages that are due at this instant of the grid."""
        for name, repeated in self._repeated.items():
            if not repeated.is_due(looks.instant_ns, looks.step_ns):
                continue
            row = self._publishers[name]
            if row.are_repeats_counted and not repeated.is_pending:
                row.sequence += 1
                row.stamp_ns = self.clock.now_ns()
            elif repeated.newest is not None:
                self.publish(repeated.topic, repeated.newest)
            repeated.published(looks.instant_ns)

    def _finish(self, number: int, answer: Answer[Any]) -> None:
        asked = self._asked.pop(number, None)
        if asked is not None:
            asked.expiry.cancel()
            asked.on_answer(_decoded(asked.method, answer))

    def _stopped(self) -> None:
        if self.state is not NodeState.STOPPED:
            self._enter(NodeState.STOPPED)

    def _enter(self, state: NodeState) -> None:
        self.state = state
        self._beat()
        for callback in self._state_callbacks:
            callback(state)

    def _beat(self) -> None:
        topic = HEARTBEATS.get(self.node)
        if topic is None:
            return
        used, now_ns = self._carrier.usage(), self.clock.now_ns()
        elapsed_ns = now_ns - self._used_at_ns
        cpu_ns = used.cpu_ns - self._used.cpu_ns
        self._used, self._used_at_ns = used, now_ns
        cpu_percent = round(100.0 * cpu_ns / elapsed_ns, 2) if elapsed_ns > 0 else 0.0
        gaps = late = refused = 0
        for subscription in self.subscriptions():
            gaps += subscription.health.gaps
            late += subscription.health.late
            refused += subscription.health.refused
        times, late_looks, counts = self.times.take(), self._gaps.take(), (gaps, late, refused)
        figures = (self.state, used, cpu_percent, times, late_looks, counts, self._drops)
        if (figures, self._error) != self._beaten or self._heartbeat is None:
            self._beaten = (figures, self._error)
            self._heartbeat = Heartbeat(
                state=self.state,
                incarnation=self.incarnation,
                pid=self._pid,
                cpu_percent=cpu_percent,
                memory_kb=used.memory_kb,
                loop_p50_ms=times[0],
                loop_p99_ms=times[1],
                loop_max_ms=times[2],
                gaps=gaps,
                drops=self._drops,
                late=late,
                refused=refused,
                error=self._error,
                look_gap_max_ms=late_looks[0],
                look_gaps=late_looks[1],
            )
        self.publish(topic, self._heartbeat)

    def _on_refused(self, topic: Topic[Any], why: str, code: int) -> None:
        """Log a refused schema once, with its differences, which are requested from the writer."""
        if self._logged.get(topic.name) == code:
            return
        self._logged[topic.name] = code
        message: type[Struct] = topic.message
        mine = schema_hash(message)
        if code == mine:
            self.log("error", f"{topic.name} from {topic.writer} cannot be decoded: {why}")
            return

        def explain(answer: Answer[Description]) -> None:
            if answer.result is not None:
                fields = breaking_changes(answer.result, describe(message))
                differ = "; ".join(fields) or "in the order or meaning of its fields"
            else:
                differ = f"unknown, as the writer did not answer ({answer.reason})"
            self.log(
                "error",
                f"{topic.name} refused: {topic.writer} sends schema {code:08x}, "
                f"{self.node} expects {mine:08x}; they differ: {differ}",
            )

        if len(self._asked) < MAX_OPEN_REQUESTS // 2:
            self.request(SCHEMA.at(topic.writer), TopicName(topic=topic.name), explain)

    def _on_stop_request(self, call: Call[StopArguments, None]) -> None:
        call.ok(None)
        self.stop(call.arguments.reason)

    def _on_methods_request(self, call: Call[NoArguments, dict[str, dict[str, str]]]) -> None:
        handlers = sorted(self._handlers.items())
        call.ok({name: _arguments(method) for name, (method, _) in handlers})

    def _on_schema_request(self, call: Call[TopicName, Description]) -> None:
        topic = TOPICS.get(call.arguments.topic)
        if topic is None or topic.writer != self.node:
            call.refuse(f"{self.node} does not write {call.arguments.topic}")
            return
        call.ok(describe(topic.message))


def _decoded(method: Method[Any, Any], answer: Answer[Any]) -> Answer[Any]:
    """Return the answer with a typed result; ERROR if the result is of another type."""
    if answer.status is not Status.OK:
        return answer
    try:
        result = msgspec.convert(answer.result, method.result)
    except msgspec.ValidationError as error:
        reason = (
            f"{method.server} has answered {method.name} with another result: {plain(error)}; "
            f"expected {type_name(method.result)}"
        )
        return Answer(status=Status.ERROR, reason=reason)
    return msgspec.structs.replace(answer, result=result)


@cache
def _arguments(method: Method[Any, Any]) -> dict[str, str]:
    """Return the types of a method's arguments by their names."""
    kind = method.arguments
    return {name: field["type"] for name, field in describe(kind)[kind.__name__].items()}
