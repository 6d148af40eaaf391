"""The node on a real bus, its server on a real port, with real readers."""

import contextlib
import http.client
import json
import logging
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import waitress.server
from msgspec.structs import replace
from waitress.task import ErrorTask

from bus import Call, DriverError
from bus.generations import previous_of
from bus.run import ZmqBus, open_node
from bus.store import StoreError
from msgs import methods
from msgs.led import Color, Effect, Light
from msgs.methods import PLUG, POWER
from msgs.plant import Power, VehicleState, WorldStatus
from msgs.session import SessionStatus, WallboxState
from msgs.settings import Settings, WebSection
from msgs.topics import LED_FRAME, METER_BOX, SESSION_STATUS, SETTINGS
from nodes.web import connections, live_updates, server
from nodes.web import node as node_module
from nodes.web.announcer_sim import SimAnnouncer
from nodes.web.node import Drivers, Parameters, build
from nodes.web.threads import MOST_THREADS
from tests.builders import led_frame, meter_reading, session_status
from tests.web.conftest import LABEL, PASSWORD, PATIENCE_S, Reader, RunningNode, token_of, until
from web.backoff import FREE
from web.login_check import LoginCheck
from web.streams import MOST_PER_ADDRESS, MOST_STREAMS

IDLE = session_status(reason="No vehicle.")
CHARGING = replace(
    IDLE, state=WallboxState.CHARGING, plugged=True, authorized=True, session_id="s1"
)
FRAME = led_frame()
WHITE = Light(color=Color.WHITE, effect=Effect.STEADY)
BOX = meter_reading(power_w=11_000.0)
QUICK_S = 2.0  # the machine is busy with other tests


@pytest.fixture
def _hashes() -> None:
    """Hash passwords as the box does."""


def say_session(node: RunningNode, status: SessionStatus) -> ZmqBus:
    """Have the session say this from now on."""
    return node.other(
        "session", lambda bus: _every(bus, 0.05, lambda: bus.publish(SESSION_STATUS, status))
    )


def _every(bus: ZmqBus, period_s: float, action: Any) -> None:
    bus.every(period_s, action)


def opened(stack: ExitStack, node: RunningNode, cookies: dict[str, str], source: str) -> Reader:
    reader = node.stream(cookies, source)
    stack.callback(reader.close)
    return reader


@pytest.mark.req("WEB-15")
def test_the_page_is_reached_by_plain_http(node: RunningNode) -> None:
    answer = node.ask("/login")
    assert answer.status == 200
    assert "Login" in answer.text
    assert "server" not in {name.lower() for name in answer.headers}
    assert node.ask("/health").text == "ok\n"
    for host in (f"{LABEL.serial}.local", socket.gethostname(), "192.168.2.1"):
        assert node.ask("/login", headers={"Host": host}).status == 200
    assert node.ask("/login", headers={"Host": "evil.example"}).status == 421


@pytest.mark.req("WEB-3")
def test_the_overview_is_shown_with_the_state_as_session_says_it(node: RunningNode) -> None:
    say_session(node, CHARGING)
    jar = node.sign_in()
    until(lambda: node.ask("/api/v1/live", cookies=jar).json()["state"] == "Charging")
    overview = node.ask("/api/v1/live", cookies=jar).json()["overview"]
    assert overview["serial"] == LABEL.serial
    assert overview["mac"] in (LABEL.lan_mac, LABEL.wlan_mac)
    assert overview["dcs_link"] == "Unreachable"
    assert all(each["ip"] for each in overview["addresses"])


@pytest.mark.req("WEB-1")
def test_who_has_signed_in_stays_so_when_the_node_is_restarted(tmp_path: Path) -> None:
    node = RunningNode(tmp_path)
    jar = node.sign_in()
    port = node.port
    node.stop()
    node.parameters = Parameters(port=port)
    node.start()
    assert node.ask("/api/v1/live", cookies=jar).status == 200
    assert node.ask("/login", "POST", {"username": "admin", "password": PASSWORD}).status == 403
    node.close()


def test_a_stream_begins_with_all_values_and_sends_a_change_at_once(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_updates, "ROUND_S", 3600.0)  # what comes comes by itself
    led = node.other("led", lambda bus: None)
    jar = node.sign_in()
    with ExitStack() as stack:
        reader = opened(stack, node, jar, "127.0.0.1")
        assert reader.status() == 200
        assert "text/event-stream" in reader.head()
        first = reader.event()
        assert first["front"] is None
        assert first["overview"]["serial"] == LABEL.serial
        until(lambda: bool(node.node.updates.timers))
        led.post(lambda: led.publish(LED_FRAME, FRAME))
        assert reader.event()["front"]["touch"] == {"color": "off", "effect": "off"}
        led.post(lambda: led.publish(LED_FRAME, replace(FRAME, touch=WHITE)))
        assert reader.event()["front"]["touch"]["color"] == "white"
        say_session(node, CHARGING)
        assert reader.event()["state"] == "Charging"


def test_an_idle_page_repeats_itself(node: RunningNode) -> None:
    """How often and how soon: test_live_updates.py, under virtual time."""
    jar = node.sign_in()
    with ExitStack() as stack:
        reader = opened(stack, node, jar, "127.0.0.1")
        clocks = [reader.event()["clock_s"] for _ in range(4)]
        assert clocks == sorted(set(clocks))


def test_a_hundred_streams_do_not_hurt(node: RunningNode) -> None:
    jar = node.sign_in()
    with ExitStack() as stack:
        readers = [opened(stack, node, jar, f"127.0.0.{2 + number % 10}") for number in range(100)]
        codes = [reader.status() for reader in readers]
        assert codes.count(200) == MOST_STREAMS
        assert codes.count(503) == 100 - MOST_STREAMS
        refused = readers[codes.index(503)]
        assert "Retry-After: 10" in refused.head()
        assert refused.is_ended()
        for _ in range(5):
            began_s = time.monotonic()
            assert node.ask("/health").status == 200
            assert node.ask("/", cookies=jar).status == 200
            assert time.monotonic() - began_s < QUICK_S
        for reader, code in zip(readers, codes, strict=True):
            if code == 200:
                assert reader.event()["overview"]["serial"] == LABEL.serial
    until(lambda: node.node.streams.count == 0)


def test_one_address_leaves_streams_to_the_others(node: RunningNode) -> None:
    jar = node.sign_in()
    with ExitStack() as stack:
        tries = MOST_PER_ADDRESS + 2
        codes = [opened(stack, node, jar, "127.0.0.7").status() for _ in range(tries)]
        assert codes == [200] * MOST_PER_ADDRESS + [503] * 2
        assert opened(stack, node, jar, "127.0.0.8").status() == 200


def test_readers_that_vanish_give_their_places_free(node: RunningNode) -> None:
    jar = node.sign_in()
    for _ in range(3):
        with ExitStack() as stack:
            for number in range(MOST_STREAMS):
                reader = opened(stack, node, jar, f"127.0.0.{2 + number % 4}")
                assert reader.status() == 200
            assert node.node.streams.count == MOST_STREAMS
            assert node.ask("/live", cookies=jar).status == 503
        until(lambda: node.node.streams.count == 0)


def test_nothing_is_timed_while_nobody_watches(node: RunningNode) -> None:
    jar = node.sign_in()
    node.ask("/api/v1/live", cookies=jar)
    before = len(node.node.updates.timers)
    with ExitStack() as stack:
        opened(stack, node, jar, "127.0.0.1").event()
        until(lambda: len(node.node.updates.timers) == 1)
    until(lambda: len(node.node.updates.timers) == 0)
    assert before == 0


def test_a_reader_that_takes_nothing_is_cut_off_and_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALLED_S", 1.0)
    node = RunningNode(tmp_path)
    jar = node.sign_in()
    with ExitStack() as stack:
        slow = socket.socket()
        stack.callback(slow.close)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect(("127.0.0.1", node.port))
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        slow.sendall(f"GET /live HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        until(lambda: node.node.streams.count == 1)
        quick = opened(stack, node, jar, "127.0.0.1")
        quick.event()
        large = b'{"filler":"' + b"x" * 20_000 + b'"}'
        most_held = 0
        began_s = time.monotonic()
        while node.node.streams.count == 2:
            assert time.monotonic() - began_s < PATIENCE_S
            node.bus.post(lambda: node.node.streams.say(large))
            quick.event()  # this one, or a newer one
            most_held = max(most_held, *(each.total_outbufs_len for each in channels(node)))
            assert node.ask("/health").status == 200
        # The rest is what no buffer of the system took; nothing more was made for it.
        assert connections.BUFFER_BYTES < most_held < connections.BUFFER_BYTES + 2 * len(large)
        assert quick.event()
    node.close()


def channels(node: RunningNode) -> list[Any]:
    """Return the open connections, as waitress has them."""
    return list(node.node.server._server.active_channels.values())


def test_idle_connections_shut_nobody_out(node: RunningNode) -> None:
    with ExitStack() as stack:
        for _ in range(2 * connections.MOST_CONNECTIONS):
            idle = socket.create_connection(("127.0.0.1", node.port))
            stack.callback(idle.close)
            idle.sendall(b"GET /health HTTP/1.1\r\n")  # and no more
        for _ in range(5):
            assert node.ask("/health").status == 200


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_flood_of_connections_displaces_no_stream(node: RunningNode, sent: bytes) -> None:
    """Whether they say nothing or are answered, and though they all are younger."""
    jar = node.sign_in()
    with ExitStack() as stack:
        readers = [opened(stack, node, jar, f"127.0.0.{2 + number % 4}") for number in range(12)]
        for reader in readers:
            reader.event()
        for _ in range(4 * connections.MOST_CONNECTIONS):
            flood = socket.create_connection(("127.0.0.1", node.port), PATIENCE_S)
            stack.callback(flood.close)
            flood.sendall(sent)
        for reader in readers:
            for _ in range(3):
                assert reader.event()
        assert node.node.streams.count == len(readers)


def test_half_a_request_holds_no_thread(node: RunningNode) -> None:
    halves = (
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nuser",
    )
    with ExitStack() as stack:
        for number in range(2 * MOST_THREADS):
            half = socket.create_connection(("127.0.0.1", node.port), PATIENCE_S)
            stack.callback(half.close)
            half.sendall(halves[number % 2])
        for _ in range(5):
            began_s = time.monotonic()
            assert node.ask("/health").status == 200
            assert time.monotonic() - began_s < QUICK_S


def test_those_who_ask_on_without_reading_hold_no_thread(node: RunningNode) -> None:
    asked = b"GET /static/css/base.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(MOST_THREADS):
            unread_connection(stack, node).sendall(asked * 100)
        for _ in range(5):
            began_s = time.monotonic()
            assert node.ask("/health").status == 200
            assert time.monotonic() - began_s < QUICK_S
    patient = http.client.HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE_S)
    for _ in range(5):  # who reads may ask on
        patient.request("GET", "/static/css/base.css")
        assert patient.getresponse().read().startswith(b"/*")
    patient.close()


def test_answers_that_nobody_reads_shut_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (server, connections):
        monkeypatch.setattr(module, "BUFFER_BYTES", 4096)  # one answer fills it
    node = RunningNode(tmp_path)
    asked = b"GET /static/css/base.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(connections.MOST_CONNECTIONS + server.SPARE_CONNECTIONS):
            unread_connection(stack, node).sendall(asked)
        until(lambda: unread(node) >= connections.MOST_CONNECTIONS)
        for _ in range(5):
            began_s = time.monotonic()
            assert node.ask("/health").status == 200
            assert time.monotonic() - began_s < QUICK_S
    node.close()


def unread(node: RunningNode) -> int:
    """Return on how many connections an answer waits for its reader."""
    return sum(bool(channel.total_outbufs_len) for channel in channels(node))


def unread_connection(stack: ExitStack, node: RunningNode) -> socket.socket:
    """Return a connection that takes next to nothing of what is answered."""
    connection = socket.socket()
    stack.callback(connection.close)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", node.port))
    return connection


def test_who_breaks_off_is_no_news(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also one who has sent nonsense, which waitress itself trips over."""
    serve = ErrorTask.service

    def late(task: Any) -> None:
        until(lambda: not task.channel.connected)
        serve(task)

    monkeypatch.setattr(ErrorTask, "service", late)
    with socket.create_connection(("127.0.0.1", node.port)) as rude:
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        rude.sendall(b"nonsense\r\n\r\n")
        until(lambda: any(channel.requests for channel in channels(node)))
    until(lambda: not channels(node))
    assert node.ask("/health").status == 200
    node.stop()
    assert "Traceback" not in capfd.readouterr().err


def test_a_wall_clock_that_is_set_back_keeps_no_idle_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(connections, "IDLE_S", 1.0)
    node = RunningNode(tmp_path)
    now_s = time.time
    with socket.create_connection(("127.0.0.1", node.port)) as idle:
        until(lambda: len(channels(node)) == 1)
        monkeypatch.setattr(time, "time", lambda: now_s() - 3600.0)
        idle.settimeout(PATIENCE_S)
        assert idle.recv(1) == b""
    node.close()


def test_a_crowd_writes_one_line_of_the_log(
    node: RunningNode, capfd: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        for _ in range(4 * connections.MOST_CONNECTIONS):
            idle = socket.create_connection(("127.0.0.1", node.port))
            stack.callback(idle.close)
        assert node.ask("/health").status == 200
    node.stop()
    said = [line for line in capfd.readouterr().err.splitlines() if "http: " in line]
    assert len(said) <= 1, said[:3]


def test_a_flood_of_logins_leaves_the_pages_alive(node: RunningNode) -> None:
    jar = node.sign_in()
    page = node.ask("/login")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = f"csrf_token={token}&username=admin&password=wrong"
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    head = (
        f"POST /login HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form}"
    )
    with ExitStack() as stack:
        sockets = []
        for _ in range(60):
            flood = socket.create_connection(("127.0.0.1", node.port), 10.0)
            stack.callback(flood.close)
            flood.sendall(head.encode())
            sockets.append(flood)
        began_s = time.monotonic()
        assert node.ask("/api/v1/live", cookies=jar).status == 200
        assert time.monotonic() - began_s < QUICK_S
        codes = [int(flood.recv(65536).split(b" ", 2)[1]) for flood in sockets]
    assert codes.count(403) + codes.count(429) == 60
    assert codes.count(403) < 10  # judged: five, and one more for each wait that has passed


def test_logins_that_wait_for_their_turn_leave_threads_to_the_pages(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = node.sign_in()
    page = node.ask("/login")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = f"csrf_token={token}&username=admin&password=wrong"
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    request = (
        f"POST /login HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form}"
    )
    is_judged, may_end = threading.Event(), threading.Event()

    def judge_slowly(login_check: LoginCheck, password: str) -> bool:
        is_judged.set()
        return may_end.wait(PATIENCE_S) and False

    monkeypatch.setattr(LoginCheck, "_is_password", judge_slowly)
    with ExitStack() as stack:
        stack.callback(may_end.set)
        for _ in range(MOST_THREADS * 2 // 3):
            login = socket.create_connection(("127.0.0.1", node.port), PATIENCE_S)
            stack.callback(login.close)
            login.sendall(request.encode())
        assert is_judged.wait(PATIENCE_S)
        began_s = time.monotonic()
        assert node.ask("/api/v1/live", cookies=jar).status == 200
        assert time.monotonic() - began_s < QUICK_S


def test_the_node_stops_within_a_second_with_streams_open(node: RunningNode) -> None:
    jar = node.sign_in()
    with ExitStack() as stack:
        readers = [opened(stack, node, jar, f"127.0.0.{2 + number % 4}") for number in range(12)]
        for reader in readers:
            reader.event()
        assert node.stop() < 1.5
        assert all(reader.is_ended() for reader in readers)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", node.port))


def test_the_node_stops_within_a_second_beside_readers_that_take_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (server, connections):
        monkeypatch.setattr(module, "BUFFER_BYTES", 4096)
    node = RunningNode(tmp_path)
    jar = node.sign_in()
    cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
    asked = f"GET /live HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(8):
            unread_connection(stack, node).sendall(asked)
        large = b'{"filler":"' + b"x" * 20_000 + b'"}'
        while unread(node) < 8:
            node.bus.post(lambda: node.node.streams.say(large))
            time.sleep(0.01)
        threads = node.node.server._server.task_dispatcher.threads
        assert node.stop() < 1.5
        until(lambda: not threads)  # those that waited for a reader as well


def test_a_server_that_wakes_by_itself_while_it_is_being_stopped_stops_all_the_same(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = waitress.server.TcpWSGIServer.pull_trigger

    def slowly(self: object) -> None:
        """Wake the server by a connection first, and by its trigger after it could have closed."""
        socket.create_connection(("127.0.0.1", node.port)).close()
        time.sleep(0.2)
        pull(self)

    monkeypatch.setattr(waitress.server.TcpWSGIServer, "pull_trigger", slowly)
    assert node.stop() < 1.5


# --- the panel and the curve -------------------------------------------------------------------

WORLD = WorldStatus(
    vehicle=VehicleState.AWAY,
    contacts_closed=(False, False, False),
    coil=False,
    current_a=(0.0, 0.0, 0.0),
    house_a=(2.0, 2.0, 2.0),
    sun_w=0.0,
    mains=True,
    duty_percent=100.0,
    faults=(),
    lights="dark",
    ports={},
)


def act(node: RunningNode, jar: dict[str, str], name: str, body: str) -> tuple[int, Any]:
    page = node.ask("/user", cookies=jar)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=10.0)
    headers = {
        "Cookie": "; ".join(f"{key}={value}" for key, value in jar.items()),
        "X-CSRF-Token": token,
        "Content-Type": "application/json",
    }
    connection.request("POST", f"/api/v1/panel/{name}", body, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_the_panel_reaches_the_simulated_world_and_brings_its_words_back(
    tmp_path: Path,
) -> None:
    node = RunningNode(tmp_path, panel="plant")
    asked: list[object] = []

    def prepare(plant: ZmqBus) -> None:
        def on_power(call: Call[Power, None]) -> None:
            asked.append(call.arguments)
            call.ok(None)

        plant.serve(POWER, on_power)
        plant.serve(PLUG, lambda call: call.refuse("it is plugged in already", {"plug": "is in"}))
        plant.serve(methods.WORLD, lambda call: call.ok(WORLD))

    jar = node.sign_in()
    status, answer = act(node, jar, "plug", "{}")  # nobody there
    assert (status, list(answer)) == (504, ["problems", "reason"])
    node.other("plant", prepare)
    assert act(node, jar, "power", '{"on": false}') == (200, {"ok": True})
    assert asked == [Power(on=False)]
    refusal = {"reason": "it is plugged in already", "problems": {"plug": "is in"}}
    assert act(node, jar, "plug", "{}") == (409, refusal)
    with ExitStack() as stack:
        reader = opened(stack, node, jar, "127.0.0.1")
        while (world := reader.event()["world"]) is None:
            pass
        assert world["vehicle"] == "away"
    node.close()


NO_CURVE = {"session_id": "", "points": [], "spans": []}


def test_the_curve_begins_with_the_session(node: RunningNode) -> None:
    node.other("meter", lambda bus: _every(bus, 0.05, lambda: bus.publish(METER_BOX, BOX)))
    jar = node.sign_in()
    assert node.ask("/api/v1/curve", cookies=jar).json() == NO_CURVE
    until(lambda: node.ask("/api/v1/live", cookies=jar).json()["meter_online"])
    began = replace(CHARGING, started_ns=node.bus.clock.now_ns() - 60_000_000_000)
    say_session(node, began)
    until(lambda: bool(node.ask("/api/v1/curve", cookies=jar).json()["session_id"]))
    curve = node.ask("/api/v1/curve", cookies=jar).json()
    assert curve["session_id"] == "s1"
    ((since_s, power_w),) = curve["points"]
    assert (since_s, power_w) == (pytest.approx(60.0, abs=3.0), 11_000.0)


# --- what keeps it from starting ---------------------------------------------------------------


def refused(node: RunningNode, parameters: Parameters) -> DriverError:
    bus = open_node("web", node.place)
    try:
        with pytest.raises(DriverError) as error:
            build(bus, parameters, Drivers(announcer=SimAnnouncer()))
    finally:
        bus.close()
    return error.value


def test_a_port_that_is_taken_is_named_in_the_error(tmp_path: Path) -> None:
    node = RunningNode(tmp_path)
    node.stop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = refused(node, Parameters(port=port))
    assert error.parameter == "port"
    assert str(error) == (
        f"port {port} cannot be had on 127.0.0.1 (Address already in use); "
        "expected a free one, or 0 for any"
    )


def test_a_host_of_another_machine_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    node = RunningNode(tmp_path)
    node.stop()
    for host in ("203.0.113.1", "no such host"):
        error = refused(node, Parameters(host=host, port=0))
        assert error.parameter == "host"
        assert "expected" in str(error)


def test_a_box_without_a_label_has_no_page(tmp_path: Path) -> None:
    node = RunningNode(tmp_path)
    node.stop()
    label = node.place.state_dir / "label.json"
    previous_of(label).unlink()
    for content in (None, b"{}", b"\0"):
        label.unlink(missing_ok=True)
        if content is not None:
            label.write_bytes(content)
        bus = open_node("web", node.place)
        try:
            with pytest.raises(StoreError, match=r"label\.json"):
                build(bus, Parameters(port=0), Drivers(announcer=SimAnnouncer()))
        finally:
            bus.close()
    assert label.read_bytes() == b"\0"  # it is system's


def test_the_address_of_the_page_is_logged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    node = RunningNode(tmp_path)
    node.close()
    assert f"<6>page: http://127.0.0.1:{node.port}\n" in capfd.readouterr().err


def test_no_secret_is_logged(node: RunningNode, capfd: pytest.CaptureFixture[str]) -> None:
    jar = node.sign_in()
    page = node.ask("/login")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "username": "my real name", "password": "my real password"}
    assert node.ask("/login", "POST", form, page.cookies).status == 403
    node.ask(f"/{LABEL.recovery_key}", cookies=jar)
    node.stop()
    said = capfd.readouterr().err
    assert "a login from 127.0.0.1 was wrong; 1 in a row" in said
    for secret in (PASSWORD, LABEL.recovery_key, LABEL.serial, "my real", *jar.values()):
        assert secret not in said


def test_what_waitress_says_goes_to_the_log(
    node: RunningNode, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("waitress").warning("something is %s", "odd")
    said = ""
    end_s = time.monotonic() + PATIENCE_S
    while "http: something is odd" not in said and time.monotonic() < end_s:
        said += capfd.readouterr().err
    assert "<4>http: something is odd\n" in said


@pytest.mark.req("WEB-1")
def test_the_owner_signs_in_on_a_known_device_while_ten_clients_guess(
    node: RunningNode, record_property: Callable[[str, object], None]
) -> None:
    """The wait is recorded, as it depends on the machine: `-o junit_logging=all --junit-xml`."""
    device = {
        name: value for name, value in node.sign_in().items() if name.startswith("wallbox_device")
    }
    is_over = threading.Event()
    statuses: Counter[int] = Counter()

    def guess(number: int) -> None:
        while not is_over.is_set():
            statuses[node.log_in({}, f"guess {number}")] += 1

    guessers = [threading.Thread(target=guess, args=(number,)) for number in range(10)]
    for guesser in guessers:
        guesser.start()
    try:
        until(lambda: statuses[429] > 100)
        began_s = time.perf_counter()
        assert node.log_in(device, PASSWORD) == 303
        record_property("wait_s", round(time.perf_counter() - began_s, 3))
    finally:
        is_over.set()
        for guesser in guessers:
            guesser.join()
    assert statuses[403] >= FREE
    assert set(statuses) == {403, 429}


@pytest.mark.req("WEB-15")
def test_a_name_of_the_settings_opens_the_page_at_once(node: RunningNode) -> None:
    host = {"Host": "charger.example.org"}
    assert node.ask("/login", headers=host).status == 421
    settings = Settings(web=WebSection(names=("Charger.example.org",)))
    node.other("system", lambda bus: bus.publish(SETTINGS, settings))
    until(lambda: node.ask("/login", headers=host).status == 200)
    assert node.ask("/login", headers={"Host": f"{LABEL.serial}.fritz.box"}).status == 200
    assert node.ask("/login", headers={"Host": "evil.example"}).status == 421


@pytest.mark.req("WEB-15")
def test_the_page_about_an_unknown_name_links_the_address_of_the_connection(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.errors.is_local", lambda ip: False)  # this machine's is 127.0.0.1
    page = node.ask("/", headers={"Host": "evil.example"})
    assert f'href="http://127.0.0.1:{node.port}/"' in page.text


def test_bodies_that_never_end_hold_neither_threads_nor_memory(node: RunningNode) -> None:
    """Sixty clients send as much as the page reads, in chunks or at once, and a little more."""
    heads = (
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n",
    )
    with ExitStack() as stack:
        for number in range(60):
            client = socket.create_connection(("127.0.0.1", node.port), PATIENCE_S)
            stack.callback(client.close)
            client.sendall(heads[number % 2])
            with contextlib.suppress(OSError):  # it is refused, or waits for its last byte
                client.sendall(b"fff0\r\n" + b"x" * 0xFFF0 if number % 2 == 0 else b"x" * 65_535)
        assert node.ask("/health").status == 200
        kept = [
            len(channel.request.body_rcv)
            for channel in channels(node)
            if channel.request is not None and channel.request.body_rcv is not None
        ]
        assert len(kept) >= 30
        assert max(kept) <= server.BODY_BYTES


def test_metrics_that_are_switched_on_have_the_heartbeats_of_the_nodes(node: RunningNode) -> None:
    cookies = node.sign_in()
    path = "/configuration/metrics/token"
    sent = token_of(node.ask(path, cookies=cookies).text)
    form = {"csrf_token": sent, "current_password": PASSWORD}
    page = node.ask(path, "POST", form, cookies).text
    token = page.partition('<code id="metrics-token">')[2].partition("<")[0]
    headers = {"Authorization": f"Bearer {token}"}
    assert node.ask("/metrics", headers=headers).status == 403
    say_session(node, CHARGING)
    on = Settings(web=WebSection(metrics=True))
    node.other("system", lambda bus: bus.publish(SETTINGS, on))
    until(lambda: node.ask("/metrics", headers=headers).status == 200)

    def is_said(line: str) -> bool:
        return line in node.ask("/metrics", headers=headers).text

    for each in ("session", "web"):
        until(partial(is_said, f'wallbox_node_cpu_ratio{{node="{each}"}}'))
    until(partial(is_said, 'wallbox_state{state="Charging"} 1'))
