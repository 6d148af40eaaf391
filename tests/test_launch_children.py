"""What becomes of an order when processes die between it and the node: real forks, real deaths."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, select, signal, sys
from launch import children, process, process_messages, warm
from launch.node_entry import NodeEntry

fork = os.fork


def kill_self_after_first_fork():
    pid = fork()
    if pid:
        os.kill(os.getpid(), signal.SIGKILL)
    os.fork = fork
    return pid


def kill_warm_parent_after_second_fork():
    pid = fork()
    if not pid:
        os.fork = kill_parent_after_fork
    return pid


def kill_parent_after_fork():
    pid = fork()
    if pid:
        os.kill(os.getppid(), signal.SIGKILL)
    return pid


def refuse():
    raise OSError(11, "Resource temporarily unavailable")


def refuse_second():
    pid = fork()
    if not pid:
        os.fork = refuse
    return pid


class Forker(warm.NodeForker):
    def fork(self, order, fds):
        match instant:
            case "read": os._exit(1)
            case "first fork": os.fork = kill_self_after_first_fork
            case "second fork": os.fork = kill_warm_parent_after_second_fork
            case "refused": os.fork = refuse
            case "refused between": os.fork = refuse_second
            case "process": warm._become_node = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        super().fork(order, fds)


class Loop:
    def __init__(self):
        self.poll, self.readers = select.poll(), {}

    def watch(self, fd, on_readable):
        self.readers[fd] = on_readable
        self.poll.register(fd, select.POLLIN)

    def unwatch(self, fd):
        if self.readers.pop(fd, None):
            self.poll.unregister(fd)


instant = sys.argv[1]
process.adopt_orphans()
near, far = process_messages.pair()
pid = fork()
if not pid:
    near.close()
    os.setpgid(0, 0)
    warm.serve(far, Forker(process_messages.NodeList(nodes=(), folders=())), first=())
    os._exit(0)
far.close()
parent = children.WarmParent(pid, None, near, 2)
entry = NodeEntry(node="pilot", module="no.such", drivers={}, parameters={}, sources={}, file="",
                  ports=0)
order = process_messages.Order(
    entry=entry, run_dir="", state_dir="", peers=(), supervisor=os.getpid(), parent_death=9,
    cpu=(), nice=0, scheduling="", realtime=False)
loop, outcomes = Loop(), []
child = children.ChildProcess(
    loop, print, lambda code, why: outcomes.append(f"exit {code} {why}"), lambda *_: None,
    lambda: outcomes.append("lost"))
if instant == "unsent":
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
if instant in ("unread", "signalled"):
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
child.order(parent, order)
if instant == "signalled":
    child.signal(signal.SIGKILL)
if instant in ("unread", "signalled"):
    os.kill(pid, signal.SIGKILL)
while not outcomes:
    for fd, _ in loop.poll.poll(20_000):
        if fd in loop.readers:
            loop.readers[fd]()
parent.close()
try:
    while True:  # a process that still came would be waited for, and would send its pid
        os.wait()
except ChildProcessError:
    print(*outcomes, bool(child.pid))
"""


def outcome(instant: str) -> str:
    """Return how an order ends: "lost", or the exit of its process; and whether a pid was sent."""
    done = subprocess.run(
        (sys.executable, "-c", SCRIPT, instant),
        capture_output=True, text=True, timeout=30.0, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("instant", ["unsent", "unread", "read", "process"])
def test_an_order_without_a_process_is_lost(instant: str) -> None:
    assert outcome(instant) == "lost False"


@pytest.mark.parametrize("instant", ["none", "first fork", "second fork"])
def test_an_order_is_carried_out_once_though_the_warm_parent_dies_after_a_fork(
    instant: str,
) -> None:
    assert outcome(instant).startswith("exit 78 ")
    assert outcome(instant).endswith(" True")


@pytest.mark.parametrize(
    ("instant", "why"),
    [
        ("refused", "Resource temporarily unavailable"),
        ("refused between", "the process that forks it has ended"),
    ],
)
def test_a_fork_that_is_refused_says_why_and_is_not_repeated(instant: str, why: str) -> None:
    assert outcome(instant) == f"exit 1 it could not be forked: {why} False"


def test_an_order_whose_process_shall_end_is_not_repeated() -> None:
    assert outcome("signalled") == "exit 1 it could not be forked False"
