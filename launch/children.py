"""The processes of a graph: the warm parent, and the nodes that it forks.

Everything here reports through callbacks and decides nothing.
"""

import contextlib
import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Protocol

from launch import process, process_messages, warm
from launch.log import READ_BYTES, LineSplitter
from launch.program_pages import release_program_pages

NOT_FORKED = "it could not be forked"
CONNECTION_FD = 3  # of a warm parent that is spawned, not forked

OnLine = Callable[[str, str], None]  # level, text


class EventLoop(Protocol):
    """The part of an event loop that is used for pipes and processes."""

    def watch(self, fd: int, on_readable: Callable[[], None]) -> None:
        """Call back whenever a descriptor is readable or at its end."""

    def unwatch(self, fd: int) -> None:
        """End the callbacks for a descriptor."""


def log_pipe() -> tuple[int, int]:
    """Return a pipe, reading end first, of which neither end blocks."""
    return os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)


class LogReader:
    """The reading end of the pipe that a process logs to."""

    def __init__(self, loop: EventLoop, fd: int, on_line: OnLine) -> None:
        self._loop = loop
        self._fd = fd
        self._on_line = on_line
        self._lines = LineSplitter()
        loop.watch(fd, self.drain)

    def drain(self) -> None:
        """Read what is in the pipe."""
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._loop.unwatch(self._fd)
        for level, text in self._lines.feed(data):
            self._on_line(level, text)

    def close(self) -> None:
        """Read the rest, and close."""
        self.drain()
        for level, text in self._lines.end():
            self._on_line(level, text)
        self._loop.unwatch(self._fd)
        os.close(self._fd)


class WarmParent:
    """The process that forks nodes; see `launch.warm`. Made by `fork` or `spawn`."""

    def __init__(
        self, pid: int, node_list: process_messages.NodeList, connection: socket.socket, log: int
    ) -> None:
        self.pid = pid
        self.node_list = node_list
        self.log = log  # the descriptor of its log
        self._connection = connection
        self._connection.setblocking(False)
        self._is_gone = False

    @property
    def is_alive(self) -> bool:
        """Return whether it still runs."""
        if not self._is_gone:
            self._is_gone = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return not self._is_gone

    def send(self, order: process_messages.Order, fds: tuple[int, int]) -> None:
        """Send an order.

        :raises OSError: it is gone, or has too many orders waiting.
        """
        process_messages.send_order(self._connection, order, fds)

    def kill(self) -> None:
        """Kill it; its pending orders are lost."""
        process.signal_group(self.pid, signal.SIGKILL)

    def abandon(self) -> None:
        """Leave it running: it ends the nodes' process groups after this process, then itself."""
        self._connection.close()

    def close(self) -> None:
        """End it and wait for that."""
        self._connection.close()
        self.kill()
        if not self._is_gone:
            os.waitpid(self.pid, 0)


def fork(node_list: process_messages.NodeList) -> WarmParent:
    """Fork a warm parent, which shares all modules imported by this process."""
    forker = warm.NodeForker(node_list)
    own_end, child_end = process_messages.pair()
    log, writing = log_pipe()
    gc.freeze()
    pid = os.fork()
    if pid:
        with contextlib.suppress(OSError):  # in both processes: either may be first
            os.setpgid(pid, pid)  # so that Ctrl-C of the terminal reaches the supervisor only
        child_end.close()
        os.close(writing)
        release_program_pages()  # a child does not get them at its fork
        return WarmParent(pid, node_list, own_end, log)
    try:
        os.setpgid(0, 0)
        process.take_outputs(writing)
        process.keep_descriptor(child_end.fileno())
        warm.serve(child_end, forker, first=forker.plain)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def spawn(node_list: process_messages.NodeList) -> WarmParent:
    """Start a warm parent as a new program, since this process has threads by now."""
    own_end, child_end = process_messages.pair()
    log, writing = log_pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    given = ((nothing, 0), (writing, 1), (writing, 2), (child_end.fileno(), CONNECTION_FD))
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-m", "launch.warm", str(CONNECTION_FD)],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in given],
        setpgroup=0,
    )
    child_end.close()
    os.close(writing)
    os.close(nothing)
    process_messages.send_node_list(own_end, node_list)
    return WarmParent(pid, node_list, own_end, log)


class ChildProcess:
    """One process of a node, from its order to its end.

    An order is lost if its connection ends without a word: with the warm parent, at whatever
    instant that dies, or with the process itself before it has sent its pid. The process keeps its
    end of the connection as long as it runs. So a process of a lost order runs no more and will
    never run, and the order can be repeated. A warm parent that cannot fork sends a reason.
    """

    def __init__(
        self,
        loop: EventLoop,
        on_message: Callable[[process_messages.ProcessMessage], None],
        on_exit: Callable[[int, str], None],
        on_line: OnLine,
        on_lost: Callable[[], None] | None,
    ) -> None:
        """Make its connections.

        `on_exit` gets the exit code (negative for a signal) and the reason that it sent, if any.
        `on_lost` is called in its place when the order is lost and nobody has sent a signal.
        """
        self.pid = 0
        self._loop = loop
        self._on_message = on_message
        self._on_exit = on_exit
        self._on_lost = on_lost
        self._connection, self._child_end = process_messages.pair()
        self._connection.setblocking(False)
        reading, self._log_writing = log_pipe()
        self._log = LogReader(loop, reading, on_line)
        self._pidfd = -1
        self._pending_signal = 0
        self._why = ""
        self._is_over = False
        loop.watch(self._connection.fileno(), self._hear)

    def order(self, warm: WarmParent, order: process_messages.Order) -> None:
        """Have the warm parent fork it. A failure is reported as a lost order."""
        with contextlib.suppress(OSError):
            warm.send(order, (self._child_end.fileno(), self._log_writing))
        self._child_end.close()
        os.close(self._log_writing)

    def go(self) -> None:
        """Let it open its sockets and drivers."""
        process_messages.send_message(self._connection, process_messages.Go())

    def signal(self, number: int) -> None:
        """Send a signal to its process group, as soon as its pid is known."""
        self._pending_signal = number
        if self.pid:
            process.signal_group(self.pid, number)

    def _hear(self) -> None:
        """Read its messages."""
        while not self._is_over:
            try:
                message = process_messages.receive_message(self._connection)
            except BlockingIOError:
                return
            match message:
                case None:
                    self._loop.unwatch(self._connection.fileno())
                    if not self.pid:
                        self._end_without_process()
                    return
                case process_messages.Forked():
                    self.pid = message.pid
                    self._why = ""
                    try:
                        self._pidfd = os.pidfd_open(message.pid)
                    except ProcessLookupError:
                        self._why = "it ended when it was forked"
                        self._end(1)
                        return
                    self._loop.watch(self._pidfd, self._reap)
                    if self._pending_signal:
                        process.signal_group(self.pid, self._pending_signal)
                case process_messages.Failed():
                    self._why = message.why
                case _:
                    self._on_message(message)

    def _reap(self) -> None:
        """Read its exit status, and kill the rest of its process group."""
        self._hear()
        # While the leader is not reaped, the kernel gives its group's number to no other process.
        process.signal_group(self.pid, signal.SIGKILL)
        status = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        if status is not None:
            exited = status.si_code == os.CLD_EXITED
            self._end(status.si_status if exited else -status.si_status)

    def _end_without_process(self) -> None:
        if self._on_lost is None or self._why or self._pending_signal:
            self._why = self._why or NOT_FORKED
            self._end(1)
        else:
            self._close()
            self._on_lost()

    def _end(self, code: int) -> None:
        if not self._is_over:
            self._close()
            self._on_exit(code, self._why)

    def _close(self) -> None:
        self._is_over = True
        self._loop.unwatch(self._connection.fileno())
        self._connection.close()
        if self._pidfd >= 0:
            self._loop.unwatch(self._pidfd)
            os.close(self._pidfd)
        self._log.close()


def reap_strays(known: frozenset[int]) -> None:
    """Reap adopted processes that are not nodes."""
    with contextlib.suppress(ChildProcessError):
        while True:
            status = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if status is None or status.si_pid in known:
                return
            os.waitid(os.P_PID, status.si_pid, os.WEXITED | os.WNOHANG)
