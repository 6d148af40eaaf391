"""Notifies the service manager (systemd) of the state of the graph, as in sd_notify(3).

A message is a datagram to the socket that NOTIFY_SOCKET names. Without that variable nothing is
sent. A beat (WATCHDOG=1) is sent at half of WATCHDOG_USEC, by the loop of the supervisor: systemd
kills a supervisor whose loop hangs, and starts it again.
"""

import os
import socket
from collections.abc import Callable, Mapping

from bus import Bus
from msgs.launch import GraphStatus, ProcessState

MOST_STATUS = 160  # characters
RETRY_S = 1.0  # while the socket of systemd is full

_READY = "READY=1"
_RELOADING = "RELOADING=1"
_STOPPING = "STOPPING=1"
_BEAT = "WATCHDOG=1"
_STATUS = "STATUS="


class ServiceManager:
    """The service manager that has started this process, or none."""

    def __init__(
        self, bus: Bus, log: Callable[[str, str], None], environment: Mapping[str, str] = os.environ
    ) -> None:
        """Open the socket, and beat from now on.

        :param log: writes a line: level, text.
        """
        self._bus = bus
        self._log = log
        self._waiting: list[str] = []  # not sent yet
        self._has_failed = False
        self._status = ""
        self._is_stopping = False
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        if not self._address:
            return
        if not self._address.startswith(("/", "@")):
            log("warning", f'NOTIFY_SOCKET={self._address}: expected a path, or "@" and a name')
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        bus.every(RETRY_S, self._flush)
        period_s = beat_period_s(environment, os.getpid())
        if period_s is not None:
            self._beat()
            bus.every(period_s, self._beat)

    def close(self) -> None:
        """Close the socket."""
        self._flush()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ready(self, graph: GraphStatus) -> None:
        """Send that all nodes are READY; the line of status comes before."""
        self.show(graph)
        self._send(_READY)

    def stopping(self, *, restarts: bool) -> None:
        """Send that the ordered stop has begun.

        A restart of all in place is a reload to systemd: the process stays the same. After
        STOPPING=1 systemd would end it.
        """
        if not self._is_stopping:
            self._is_stopping = not restarts
            self._send(_RELOADING if restarts else _STOPPING)

    def show(self, graph: GraphStatus) -> None:
        """Send the line of `systemctl status`, if it has changed."""
        text = status_of(graph)
        if text != self._status:
            self._status = text
            # A former line that waits is of no use any more.
            self._waiting = [each for each in self._waiting if not each.startswith(_STATUS)]
            self._send(_STATUS + text)

    def _send(self, message: str) -> None:
        if self._socket is not None:
            self._waiting.append(message)
            self._flush()

    def _beat(self) -> None:
        """Send a beat; it is worthless later, and therefore never waits."""
        self._put(_BEAT)

    def _flush(self) -> None:
        while self._waiting and self._put(self._waiting[0]):
            self._waiting.pop(0)

    def _put(self, message: str) -> bool:
        """Send a message without blocking; return whether it is done with."""
        if self._socket is None:
            return True
        address = self._address
        if address.startswith("@"):  # the abstract name space, see unix(7)
            address = "\0" + address[1:]
        try:
            self._socket.sendto(message.encode(), address)
        except BlockingIOError:
            return False
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                text = f"the service manager is not reached: {self._address}: {error.strerror}"
                self._log("warning", text)
        return True


def beat_period_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Return the period in which the service manager expects a beat, halved [s]; None: none.

    WATCHDOG_PID names the process that is to beat; a child inherits the variable as well.
    """
    try:
        watchdog_us = int(environment.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    if watchdog_us <= 0 or environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    return watchdog_us / 2e6


def status_of(graph: GraphStatus) -> str:
    """Return the state of a graph as one line for a person."""
    ready = [each.node for each in graph.processes if each.state is ProcessState.READY]
    if graph.stopping:
        left = [each.node for each in graph.processes if each.pid]
        text = f"stopping: {', '.join(left)}" if left else "stopped"
    else:
        text = f"{graph.plan}: {len(ready)} of {len(graph.processes)} nodes are ready"
        others = [f"{each.node} {each.state}" for each in graph.processes if each.node not in ready]
        text = "; ".join((text, ", ".join(others))) if others else text
    return text[:MOST_STATUS]
