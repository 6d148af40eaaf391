"""The conditions of `bench/reaction.py`: an idle machine, and four under load or with faults."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bench.flood import Killer, besieged
from bench.graph import Graph
from bench.slow_disk import SlowDisk
from bus.place import Place
from bus.run import open_node
from msgs.led import DARK, LedFrame
from msgs.topics import Topic

RARE = 24  # injections of 500 with a stopped supervisor
BESIEGED = 60  # while the page is flooded
RARER = 12  # and a slow disk, where each takes 20 s instead of 3
LOAD_HZ = 5000
LOAD = Topic(name="load/test", message=LedFrame, writer="load_writer")
FRAME = LedFrame(
    segments=(DARK, DARK, DARK, DARK), network=DARK, rfid=DARK, frame=DARK, mode=DARK, touch=DARK
)


class Condition(NamedTuple):
    """One condition of the injections."""

    name: str
    injections: int
    silences: int = 6  # times the pilot is stopped
    options: tuple[str, ...] = ()  # of the graph
    environment: Mapping[str, str] = MappingProxyType({})
    around: Callable[[Graph], AbstractContextManager[None]] = lambda graph: contextlib.nullcontext()
    before: Callable[[Graph], None] = lambda graph: None  # each injection, while it charges


def send_load(directory: str) -> None:
    """Publish 5,000 messages a second until killed."""
    bus = open_node("load_writer", Place(run_dir=Path(directory), state_dir=Path(directory)))

    def burst() -> None:
        for _ in range(LOAD_HZ // 200):
            bus.publish(LOAD, FRAME)

    bus.every(0.005, burst)
    bus.run()


def read_load(directory: str) -> None:
    """Read them until killed."""
    bus = open_node("load_reader", Place(run_dir=Path(directory), state_dir=Path(directory)))
    bus.subscribe(LOAD, lambda _: None)
    bus.run()


@contextlib.contextmanager
def loaded(graph: Graph) -> Iterator[None]:
    """Let two other processes exchange 5,000 messages a second."""
    spawn = multiprocessing.get_context("spawn")
    directory = str(graph.place.run_dir)
    processes = [spawn.Process(target=one, args=(directory,)) for one in (send_load, read_load)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


@contextlib.contextmanager
def supervisor_stopped(graph: Graph) -> Iterator[None]:
    """Stop the supervisor with SIGSTOP."""
    pid = graph.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def conditions(count: int, disk: SlowDisk, killer: Killer) -> tuple[Condition, ...]:
    """Return the conditions for a number of injections."""
    rare, rarer, siege = (min(most, count // 5) for most in (RARE, RARER, BESIEGED))
    rest = count - rare - rarer - siege
    return (
        Condition("idle", rest - rest // 2),
        Condition("loaded", rest // 2, options=("--set=meter.box_s=0.001",), around=loaded),
        Condition("page_besieged", siege, around=besieged, before=killer.kill),
        Condition("supervisor_stopped", rare, around=supervisor_stopped),
        Condition(
            "slow_disk",
            rarer,
            silences=2,
            environment=disk.environment,
            around=disk.slow,
            before=disk.keep_busy,
        ),
    )
