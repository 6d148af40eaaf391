"""How late the failsafe of a vanished controller lowers the duty: real processes, real datagrams.

A vehicle charges with what a controller has asked for over UDP, with a failsafe of 10 s and 6 A.
Then the controller is silent; in half of the rounds the node smart_home is stopped as well
(SIGSTOP), so that load_manager alone has to take the fallback of its wish. The time counts from the
last answer to the controller; plant stamps the lower duty, and when the vehicle draws less.

Run `python bench/failsafe.py --json`; ten rounds, 4 minutes. `--short` has two.
"""

# ruff: noqa: E402 - the root has to come first, for bus and launch are called like benchmarks.

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.graph import NO_CARD, Graph, body, running, wait_ready
from bench.report import Aim, percentile, report
from bus.wire import Frame
from msgs.methods import PLUG, READY
from msgs.pilot import offer_of_duty
from msgs.requests import NoArguments

ROUNDS, SHORT = 10, 2
PORTS, UDP_PORT = 4500, 7090
CONTROLLER, BOX = "127.0.0.1", "127.0.0.2"  # answers go to port 7090 of the controller
TIMEOUT_S, HIGH_A, LOW_A = 10.0, 16.0, 6.0
BELOW_A = 7.0  # the vehicle has followed
WATCHED = ("sim/event", "meter/box")


class Controller:
    """One controller, at the port that answers go to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((CONTROLLER, 0))
        self._socket.settimeout(2.0)

    def order(self, text: str) -> None:
        """Send a command until it is confirmed."""
        for _ in range(10):
            self._socket.sendto(text.encode(), (BOX, self._port))
            try:
                if self._socket.recv(512).startswith(b"TCH-OK"):
                    return
            except TimeoutError:
                continue
        raise RuntimeError(f"{text} is not confirmed")


class Watch:
    """What plant and meter have published."""

    def __init__(self, graph: Graph) -> None:
        self.offer_a = self.drawn_a = 0.0
        self.lowered_ns = self.followed_ns = 0
        graph.tool.tap(WATCHED, self._on_frame)

    def begin(self) -> None:
        """Wait for the next lower duty."""
        self.lowered_ns = self.followed_ns = 0

    def _on_frame(self, frame: Frame) -> None:
        message = body(frame)
        if frame.topic == "meter/box":
            self.drawn_a = message["lines"][0]["current_a"]
            if self.lowered_ns and not self.followed_ns and self.drawn_a < BELOW_A:
                self.followed_ns = message["sampled_ns"]
        elif message["what"] == "duty":
            self.offer_a = offer_of_duty(float(message["detail"]))
            if not self.lowered_ns and self.offer_a <= LOW_A:
                self.lowered_ns = message["at_ns"]


class Late(NamedTuple):
    """The seconds of one round."""

    excess_s: float  # of the duty, beyond the time of the failsafe
    follow_s: float  # of the vehicle, after the duty


def one_round(graph: Graph, watch: Watch, controller: Controller, *, is_stopped: bool) -> Late:
    """Charge, vanish, and return how late the duty is."""
    controller.order("failsafe 10 6000 0")
    controller.order("ena 1")
    controller.order(f"curr {HIGH_A * 1000:.0f}")
    is_high = HIGH_A - 1.0
    graph.until(lambda: watch.offer_a > is_high and watch.drawn_a > is_high, 60.0, "the charge")
    watch.begin()
    controller.order(f"curr {HIGH_A * 1000:.0f}")
    last_s = time.monotonic()
    pid = next(each.pid for each in graph.processes() if each.node == "smart_home")
    if is_stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        graph.until(lambda: watch.followed_ns > 0, TIMEOUT_S + 20.0, "the failsafe")
    finally:
        with suppress(ProcessLookupError):  # the supervisor has started another one
            os.kill(pid, signal.SIGCONT)
    return Late(
        excess_s=watch.lowered_ns / 1e9 - last_s - TIMEOUT_S,
        follow_s=(watch.followed_ns - watch.lowered_ns) / 1e9,
    )


def measure(rounds: int) -> tuple[list[Late], list[Late]]:
    """Return the rounds with the node running, and with the node stopped."""
    settings = (
        NO_CARD, "smart_home.udp=on", f"smart_home.host={BOX}", "load_manager.monitoring=false",
        "plant.battery_kwh=1000",
    )  # fmt: skip
    options = [f"--ports={PORTS}", *(f"--set={each}" for each in settings)]
    found: tuple[list[Late], list[Late]] = ([], [])
    with running(*options) as graph:
        wait_ready(graph, time.monotonic())
        watch, controller = Watch(graph), Controller(UDP_PORT + PORTS)
        graph.call(PLUG, NoArguments())
        graph.call(READY, NoArguments())
        for number in range(rounds):
            is_stopped = number % 2 == 1
            found[is_stopped].append(one_round(graph, watch, controller, is_stopped=is_stopped))
    return found


def main() -> None:
    """Measure and report."""
    running_s, stopped_s = measure(SHORT if "--short" in sys.argv else ROUNDS)
    excess_s = [each.excess_s for each in running_s]
    node_gone_s = [each.excess_s for each in stopped_s]
    follow_s = [each.follow_s for each in (*running_s, *stopped_s)]
    report(
        "failsafe",
        {
            "rounds": len(follow_s),
            "excess_s": [round(each, 3) for each in excess_s],
            "excess_node_stopped_s": [round(each, 3) for each in node_gone_s],
            "vehicle_follows_s": [round(each, 2) for each in follow_s],
        },
        [
            Aim("excess_max_s", percentile(excess_s, 1.0), "s", "<=", 0.5),
            Aim("excess_node_stopped_max_s", percentile(node_gone_s, 1.0), "s", "<=", 0.5),
            Aim("vehicle_follows_max_s", percentile(follow_s, 1.0), "s", "<=", 5.0),
        ],
    )


if __name__ == "__main__":
    main()
