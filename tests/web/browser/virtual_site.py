"""The real page before a box under virtual time: every state is reached within a moment.

All nodes are real, and the node of the page too: it serves on a port of this machine. They are in
this process, on the memory bus. A thread lets virtual time pass as fast as real time, so that the
page is followed by a browser as any other; `skip` lets it pass at once.
"""

import http.client
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace
from playwright.sync_api import StorageState

from msgs.label import LABEL_FILE, Label
from msgs.launch import ProcessState
from msgs.topics import LAUNCH_GRAPH
from nodes.web.announcer_sim import SimAnnouncer
from nodes.web.node import Drivers, Parameters, WebNode, build
from tests.box import AS_DELIVERED, Box
from tests.builders import node_process
from tests.web.browser.visit import PASSWORD

STEP_S = 0.02
SLOWLY = 0.02  # of real time; requests need a few milliseconds of virtual time
REPEAT_S = 0.5
CLOSING_S = 10.0
LOGIN_FILES = "web-*.json*"
OWNER = "owner"

_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')
_COOKIE = re.compile(r"(wallbox_\w+?)_(\d+)=([^;]*)")

FAILED = "started 5 times in 10 minutes; the device cannot be opened: [Errno 13] /dev/spidev0.0"
"""Why a killed node does not run, as the supervisor has it of a node that fails at its start."""


class Login:
    """What one box has stored of its owner's first login: other boxes of the label take it over."""

    def __init__(self, folder: Path, cookies: dict[str, str]) -> None:
        self.folder = folder
        self.cookies = cookies  # without the port in their names


class VirtualSite:
    """A box, its page, and the pump of its time."""

    def __init__(
        self, *settings: str, authorization: str = AS_DELIVERED, login: Login | None = None
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="wb-page-"))
        state_dir = self.home / "state"
        state_dir.mkdir(mode=0o700)
        if login is not None:
            for file in login.folder.glob(LOGIN_FILES):
                shutil.copy(file, state_dir / file.name)
        self.box = Box(state_dir, *settings, authorization=authorization)
        self.label = msgspec.json.decode((state_dir / LABEL_FILE).read_bytes(), type=Label)
        self._bus = self.box.join("web")
        self._node: WebNode = build(
            self._bus,
            Parameters(port=0, panel="plant"),
            Drivers(announcer=SimAnnouncer()),
        )
        self._cookies = login.cookies if login else {}
        self._lock = threading.RLock()
        self._is_slow = False
        self._serves = True
        self._ends = threading.Event()
        self._say_processes()
        self._pump = threading.Thread(target=self._run, name="virtual time", daemon=True)
        self._pump.start()

    @property
    def url(self) -> str:
        """Return the page's address."""
        return f"http://127.0.0.1:{self._node.port}"

    def _say_processes(self) -> None:
        """Have the supervisor publish each second which nodes run, as that of real processes."""
        graph = self.box._graph
        supervisor, plan = graph._supervisor, [each.name for each in graph.plan.nodes]
        said = self._bus.subscribe(LAUNCH_GRAPH)

        def say() -> None:
            if said.message is None:
                return
            running = {*graph.memory.running}
            processes = tuple(
                node_process(node, state=ProcessState.READY)
                if node in running
                else node_process(node, state=ProcessState.FAILED, detail=FAILED)
                for node in (*plan, "web")
            )
            supervisor.publish(LAUNCH_GRAPH, replace(said.message, processes=processes))

        supervisor.every(1.0, say)
        self.box.advance(1.5)

    # --- time ----------------------------------------------------------------------------------

    def _run(self) -> None:
        before_s = said_s = time.monotonic()
        while not self._ends.wait(STEP_S):
            now_s = time.monotonic()
            passed_s, before_s = now_s - before_s, now_s
            with self._lock:
                self.box.advance(min(passed_s, 1.0) * (SLOWLY if self._is_slow else 1.0))
                if self._is_slow and now_s - said_s > REPEAT_S:  # the page is not left alone
                    said_s = now_s
                    self._node.streams.say(self._node.updates.once())

    def skip(self, seconds: float) -> None:
        """Let virtual time pass at once [s]."""
        with self._lock:
            self.box.advance(seconds)

    def skip_until(self, holds: Callable[[Box], object], within_s: float = 120.0) -> None:
        """Let virtual time pass at once until something holds.

        :raises AssertionError: it does not in time [s].
        """
        assert self.is_soon(holds, within_s), (self.box.state, self.box.phase, self.box.faults)

    def is_soon(self, holds: Callable[[Box], object], within_s: float) -> bool:
        """Let virtual time pass at once until something holds; return whether it does in time."""
        with self._lock:
            return self.box.is_soon(lambda: bool(holds(self.box)), within_s)

    def slow_down(self) -> None:
        """Let time pass so slowly from now on that a state of some seconds can be looked at."""
        with self._lock:
            self._is_slow = True

    # --- what is done --------------------------------------------------------------------------

    def act(self, method: str, **arguments: Any) -> None:
        """Act on the simulated world."""
        with self._lock:
            self.box.act(method, arguments)

    def ask(self, node: str, method: str, **arguments: Any) -> Any:
        """Send a request that must succeed; return its result as plain data."""
        with self._lock:
            return self.box.ask(node, method, arguments)

    def set(self, **changes: Any) -> None:
        """Change settings: `__` stands for a dot."""
        words = {key.replace("__", "."): value for key, value in changes.items()}
        self.ask("system", "set", changes=words)

    def tap(self, color: str) -> None:
        """Present a card of the label."""
        card = next(each for each in self.label.rfid if each.color == color)
        self.act("tap", uid=card.uid)

    def kill(self, node: str) -> None:
        """Kill a node; it is not started again."""
        with self._lock:
            self.box.kill(node)

    def use(self, work: Callable[[Box], None]) -> None:
        """Do something with the box while its time stands still."""
        with self._lock:
            work(self.box)

    def stop_serving(self) -> None:
        """End the page's server and its connections, as a box that has lost its supply."""
        if not self._serves:
            return
        self._serves = False
        closed = threading.Event()
        self._node.streams.close()
        self._node.server.stop(closed.set)
        assert closed.wait(CLOSING_S)

    def close(self) -> None:
        """End everything, and remove what was stored."""
        self._ends.set()
        self._pump.join(CLOSING_S)
        self.stop_serving()
        self.box.cut()
        shutil.rmtree(self.home, ignore_errors=True)

    # --- the login -----------------------------------------------------------------------------

    def storage_state(self) -> StorageState:
        """Return what a browser keeps of the owner's login, for a new context."""
        port = self._node.port
        return {
            "cookies": [
                {
                    "name": f"{name}_{port}",
                    "value": value,
                    "domain": "127.0.0.1",
                    "path": "/",
                    "expires": -1,
                    "httpOnly": True,
                    "secure": False,
                    "sameSite": "Strict",
                }
                for name, value in self._cookies.items()
            ],
            "origins": [],
        }

    def sign_in(self, folder: Path) -> Login:
        """Choose the password, and keep the login in a folder for other boxes."""
        self._send("/login", username=self.label.web_user, password=self.label.web_password)
        self._send(
            "/user",
            new_username=self.label.web_user,
            current_password=self.label.web_password,
            new_password=PASSWORD,
            new_password_again=PASSWORD,
        )
        for file in (self.home / "state").glob(LOGIN_FILES):
            shutil.copy(file, folder / file.name)
        return Login(folder, dict(self._cookies))

    def _send(self, path: str, **form: str) -> None:
        found = _TOKEN.search(self._ask("GET", path))
        assert found, path
        self._ask("POST", path, urlencode({"csrf_token": found[1], **form}))

    def _ask(self, method: str, path: str, body: str | None = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._node.port, timeout=60.0)
        cookies = "; ".join(f"{k}_{self._node.port}={v}" for k, v in self._cookies.items())
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status in (200, 303), (path, answer.status, text)
        for line in answer.headers.get_all("Set-Cookie", []):
            if (match := _COOKIE.match(line)) is not None:
                self._cookies[match[1]] = match[3]
        connection.close()
        return text
