"""Wiring of pilot: look, step, drive, publish."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from bus import Bus, leave
from bus.rounds import Instant, Rounds
from msgs.requests import StopReason
from msgs.topics import LOAD_OFFER, PILOT_STATUS, SAFETY_STATUS, SESSION_STATUS
from nodes.pilot.cp_line import CpLine
from nodes.pilot.machine import Config, Inputs, Outputs, State, look, step

RUNNER: Literal["blocking", "asyncio"] = "blocking"


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set; all else follows the standard."""

    wake_up: bool = True  # False: never state F, since some old vehicles take it for a defect


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of pilot."""

    cp_line: CpLine


class PilotNode:
    """One line, three topics, one grid of looks."""

    def __init__(self, bus: Bus, parameters: Parameters, cp_line: CpLine) -> None:
        self._bus = bus
        self._cp_line = cp_line
        self._config = Config(wake_up=parameters.wake_up)
        self._state = State()
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        self._offer = bus.subscribe(LOAD_OFFER)
        self._rounds = Rounds(bus, self._config.period_s, self._look, self._act)
        bus.on_stop(self._stop)

    def _look(self, instant: Instant) -> Inputs:
        safety, session = self._safety.fresh(), self._session.fresh()
        offer, reading = self._offer.fresh(), self._cp_line.read()
        return look(instant.now_s, reading, safety, session, offer, instant.since_s)

    def _act(self, inputs: Inputs) -> Outputs:
        self._state, outputs = step(self._config, self._state, inputs)
        if outputs.duty_percent is not None:
            self._cp_line.drive(outputs.duty_percent)
        if outputs.line is not None:
            self._bus.log(*outputs.line)
        if outputs.status is not None:
            self._rounds.say(PILOT_STATUS, outputs.status, outputs.say_s)
        self._rounds.period_s = outputs.period_s
        return outputs

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._rounds.stop()
        leave(self._cp_line, reason)
        done()


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> PilotNode:
    """Start the node."""
    node = PilotNode(bus, parameters, drivers.cp_line)
    bus.ready()
    return node
