"""A real graph for a benchmark, on directories of its own, stopped at the end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
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
from msgs.methods import LIST_NODES, Method
from msgs.requests import NoArguments

A = TypeVar("A", bound=Struct)
R = TypeVar("R")

NO_CARD = "session.authorization=false"  # a vehicle is charged by its plug alone
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
        """Ask a node and return the result.

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
        """Let frames arrive until a condition holds.

        :raises RuntimeError: it does not in time; the end of the graph's log goes with it.
        """
        if not self.tool.run_for(patience_s, condition):
            tail = "\n".join(self._log.read_text().splitlines()[-15:])
            raise RuntimeError(f"{what}: not within {patience_s:g} s; the log ends with\n{tail}")


def body(frame: Frame) -> dict[str, Any]:
    """Return a frame's message as plain data."""
    plain: dict[str, Any] = msgspec.msgpack.decode(frame.body)
    return plain


@contextmanager
def running(
    *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Graph]:
    """Start `wallbox launch` with arguments and give it when the supervisor answers."""
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
            raise RuntimeError("the graph has ended while starting")
        time.sleep(0.002)
    raise RuntimeError("the graph was not READY within 30 s")


def pss_mb(pid: int) -> float:
    """Return a process's proportional share of memory [MB]."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no Pss")
