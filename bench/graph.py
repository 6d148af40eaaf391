"""A real graph for a benchmark, on directories of its own, stopped at the end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from msgspec import Struct

from bus import Status
from bus.place import Place
from bus.tool import Tool, open_tool
from bus.wire import Frame
from msgs.launch import ProcessState
from msgs.method import Method
from msgs.methods import LIST_NODES
from msgs.requests import NoArguments

A = TypeVar("A", bound=Struct)
R = TypeVar("R")

NO_CARD = "session.authorization=false"  # a vehicle is charged by its plug alone
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
PAGE_MB = PAGE_BYTES / 2**20
PRESENT, OF_FILE = 1 << 63, 1 << 61  # of an entry of /proc/PID/pagemap: proc(5)
WALLBOX = Path(sys.executable).parent / "wallbox"


class Process(NamedTuple):
    """One process of the graph, by node name; the supervisor is "launch"."""

    node: str
    pid: int
    incarnation: int


class Graph:
    """A running graph with a tool connected to it."""

    def __init__(self, place: Place, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.place = place
        self.process = process
        self.tool: Tool = open_tool(place)
        self._log = log

    def call(self, method: Method[A, R], arguments: A) -> R:
        """Send a request and return the result.

        :raises RuntimeError: it was not done.
        """
        answer = self.tool.call(method, arguments)
        if answer.status is not Status.OK:
            raise RuntimeError(f"{method.server} {method.name}: {answer.status} {answer.reason}")
        return cast("R", answer.result)

    def processes(self) -> list[Process]:
        """Return the nodes' processes and the supervisor."""
        rows = self.call(LIST_NODES, NoArguments()).processes
        nodes = [Process(row.node, row.pid, row.incarnation) for row in rows]
        return [Process("launch", self.process.pid, 1), *nodes]

    def until(self, condition: Callable[[], bool], patience_s: float, what: str) -> None:
        """Receive frames until a condition is true.

        :raises RuntimeError: it does not in time; the end of the graph's log goes with it.
        """
        if not self.tool.run_for(patience_s, condition):
            raise RuntimeError(f"{what}: not within {patience_s:g} s; {self.end_of_log()}")

    def end_of_log(self) -> str:
        """Return the last lines of the graph's log, for an error."""
        tail = "\n".join(self._log.read_text().splitlines()[-15:])
        return f"the log ends with\n{tail}"


def body(frame: Frame) -> dict[str, Any]:
    """Return a frame's message as plain data."""
    plain: dict[str, Any] = msgspec.msgpack.decode(frame.body)
    return plain


@contextmanager
def running(
    *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Graph]:
    """Start `wallbox launch` with arguments and yield it when the supervisor answers."""
    with tempfile.TemporaryDirectory(prefix="wallbox-bench-") as name:
        directory = Path(name)
        place = Place(run_dir=directory / "run", state_dir=directory / "state")
        log = directory / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    str(WALLBOX),
                    "launch",
                    *arguments,
                    f"--run-dir={place.run_dir}",
                    f"--state-dir={place.state_dir}",
                ],
                stderr=stream,
                stdout=stream,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            )
        graph = Graph(place, process, log)
        try:
            yield graph
        finally:
            graph.tool.close()
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_ready(graph: Graph, began_s: float) -> float:
    """Return the seconds from `began_s` (monotonic) until every node of the plan was READY."""
    while time.monotonic() < began_s + 30:
        status = graph.tool.call(LIST_NODES, NoArguments(), timeout_s=0.2).result
        if status is not None:
            rows = status.processes
            if rows and all(row.state is ProcessState.READY for row in rows):
                return time.monotonic() - began_s
        if graph.process.poll() is not None:
            raise RuntimeError(f"the graph has ended while starting; {graph.end_of_log()}")
        time.sleep(0.002)
    raise RuntimeError("the graph was not READY within 30 s")


def shares_mb(pids: Collection[int]) -> dict[int, float]:
    """Return each process's share of memory [MB] as if no other processes ran on this machine.

    The kernel divides a page of a file among all processes that map it, so the PSS of a graph falls
    by up to 10 MB while other programs use the same interpreter. Here a page of a file is divided
    among the given processes alone. All other pages are shared within a graph only.
    """
    pages = {pid: _file_pages(pid) for pid in pids}
    users = Counter(page for own in pages.values() for page in own)
    return {
        pid: _anonymous_kb(pid) / 1024 + sum(PAGE_MB / users[page] for page in own)
        for pid, own in pages.items()
    }


def _file_pages(pid: int) -> set[tuple[str, str, int]]:
    """Return the pages of files that a process has mapped: device, inode, number."""
    found = set()
    with open(f"/proc/{pid}/pagemap", "rb") as pagemap:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, _, offset, device, inode = line.split()[:5]
            if inode == "0":
                continue
            first, end = (int(address, 16) // PAGE_BYTES for address in span.split("-"))
            pagemap.seek(8 * first)
            entries = array("Q", pagemap.read(8 * (end - first)))
            number = int(offset, 16) // PAGE_BYTES
            for at, entry in enumerate(entries):
                if entry & PRESENT and entry & OF_FILE:
                    found.add((device, inode, number + at))
    return found


def _anonymous_kb(pid: int) -> int:
    """Return a process's proportional share of memory without a file [kB]."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no Pss_Anon")
