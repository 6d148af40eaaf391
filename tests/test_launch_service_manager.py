"""What systemd is sent, on a real datagram socket."""

import contextlib
import os
import socket
from pathlib import Path

import pytest

from bus.memory import MemoryGraph
from launch.service_manager import MOST_STATUS, RETRY_S, ServiceManager, beat_period_s, status_of
from msgs.launch import GraphStatus, ProcessState
from tests.builders import graph_status, node_process
from tests.closing import at_end, closed_at_end

WATCHDOG_US = 4_000_000


class Systemd:
    """The socket of a service manager, and a supervisor's bus."""

    def __init__(self, address: str, folder: Path) -> None:
        self.graph = closed_at_end(MemoryGraph(seed=1, state_dir=folder / "state"))
        self.address = address
        self.logged: list[str] = []
        self.socket = closed_at_end(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.socket.bind(address.replace("@", "\0"))
        self.socket.setblocking(False)

    def manager(self, **environment: str) -> ServiceManager:
        manager = ServiceManager(
            self.graph.bus("launch"),
            lambda level, text: self.logged.append(f"{level}: {text}"),
            {"NOTIFY_SOCKET": self.address, **environment},
        )
        at_end(manager.close)
        return manager

    def sent(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Systemd:
    address = str(tmp_path / "notify") if request.param == "path" else f"@wb-test-{os.getpid()}"
    return Systemd(address, tmp_path)


def graph_in(states: dict[str, ProcessState], stopping: bool = False) -> GraphStatus:
    processes = (
        node_process(node, state=state, pid=int(state is ProcessState.READY))
        for node, state in states.items()
    )
    return graph_status(*processes, plan="wallbox", stopping=stopping)


READY = graph_in({"led": ProcessState.READY})


def test_ready_follows_its_line_of_status_and_stopping_is_sent_once(systemd: Systemd) -> None:
    manager = systemd.manager()
    manager.ready(READY)
    manager.stopping(restarts=False)
    manager.stopping(restarts=False)
    assert systemd.sent() == [
        "STATUS=wallbox: 1 of 1 nodes are ready",
        "READY=1",
        "STOPPING=1",
    ]


def test_a_restart_in_place_is_a_reload_since_systemd_ends_what_is_stopping(
    systemd: Systemd,
) -> None:
    manager = systemd.manager()
    manager.stopping(restarts=True)
    assert systemd.sent() == ["RELOADING=1"]
    manager.stopping(restarts=False)  # a signal during the restart
    assert systemd.sent() == ["STOPPING=1"]


def test_it_beats_at_half_of_the_time_that_systemd_allows(systemd: Systemd) -> None:
    systemd.manager(WATCHDOG_USEC=str(WATCHDOG_US), WATCHDOG_PID=str(os.getpid()))
    assert systemd.sent() == ["WATCHDOG=1"]
    systemd.graph.advance(WATCHDOG_US / 1e6 * 5 + 0.1)
    assert systemd.sent() == ["WATCHDOG=1"] * 10


@pytest.mark.parametrize(
    ("environment", "period_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "20000000"}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "7"}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "8"}, None),  # meant for the parent
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_period_of_beats(environment: dict[str, str], period_s: float | None) -> None:
    assert beat_period_s(environment, pid=7) == period_s


def test_a_change_of_state_that_finds_the_socket_full_is_sent_later_and_a_beat_is_not(
    systemd: Systemd,
) -> None:
    manager = systemd.manager(WATCHDOG_USEC=str(WATCHDOG_US))
    other = closed_at_end(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    other.setblocking(False)
    with contextlib.suppress(BlockingIOError):  # systemd hangs
        while True:
            other.sendto(b"full", systemd.address.replace("@", "\0"))
    manager.show(graph_in({"led": ProcessState.STARTING}))
    manager.ready(READY)
    systemd.graph.advance(4.5)  # two beats are due
    assert "READY=1" not in systemd.sent()
    systemd.graph.advance(RETRY_S)  # and none
    assert systemd.sent() == ["STATUS=wallbox: 1 of 1 nodes are ready", "READY=1"]


def test_the_status_is_sent_when_it_changes(systemd: Systemd) -> None:
    manager = systemd.manager()
    for state in (ProcessState.READY, ProcessState.READY, ProcessState.FAILED):
        manager.show(graph_in({"led": state, "web": ProcessState.READY}))
    assert systemd.sent() == [
        "STATUS=wallbox: 2 of 2 nodes are ready",
        "STATUS=wallbox: 1 of 2 nodes are ready; led failed",
    ]


def test_the_status_of_a_stop_names_what_still_runs() -> None:
    ready = ProcessState.READY
    stopped = ProcessState.STOPPED
    states = {"safety": ready, "plant": ready, "web": stopped}
    assert status_of(graph_in(states, stopping=True)) == "stopping: safety, plant"
    assert status_of(graph_in({"web": stopped}, stopping=True)) == "stopped"


def test_the_status_of_many_failed_nodes_is_one_line_of_a_limited_length() -> None:
    failed = {f"node_{number:015}": ProcessState.FAILED for number in range(60)}
    assert len(status_of(graph_in(failed))) == MOST_STATUS


def test_without_a_service_manager_nothing_is_opened(tmp_path: Path) -> None:
    graph = closed_at_end(MemoryGraph(seed=1, state_dir=tmp_path / "state"))
    logged: list[str] = []
    before = os.listdir("/proc/self/fd")
    manager = ServiceManager(
        graph.bus("launch"), lambda _, text: logged.append(text), {"WATCHDOG_USEC": "1000000"}
    )
    manager.ready(READY)
    graph.advance(5.0)
    manager.close()
    assert logged == []
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("address", ["vsock:2:1234", "relative"])
def test_an_address_that_it_cannot_use_is_logged_once(address: str, tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"), tmp_path)
    systemd.address = address
    systemd.manager(WATCHDOG_USEC="1000000").ready(READY)
    systemd.graph.advance(5.0)
    expected = f'warning: NOTIFY_SOCKET={address}: expected a path, or "@" and a name'
    assert systemd.logged == [expected]


def test_a_socket_that_is_gone_is_logged_once(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"), tmp_path)
    manager = systemd.manager(WATCHDOG_USEC="1000000")
    (tmp_path / "notify").unlink()
    manager.ready(READY)
    systemd.graph.advance(5.0)
    assert len(systemd.logged) == 1
    assert systemd.logged[0].startswith("warning: the service manager is not reached: ")
