"""Wiring of safety: read, step, drive, publish."""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from bus import Bus
from msgs.requests import StopReason
from msgs.topics import METER_BOX, PILOT_STATUS, SAFETY_STATUS, SESSION_STATUS
from nodes.safety.chain import Chain, open_chain
from nodes.safety.machine import Config, Inputs, State, step

RUNNER: Literal["blocking", "asyncio"] = "blocking"


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: what guards people is not configured from outside. The box has its DIP switches."""


class SafetyNode:
    """One chain, three facts, one tick."""

    def __init__(self, bus: Bus, chain: Chain) -> None:
        # The first act, before any edge: whatever a predecessor has left is off.
        chain.drive(enable=False, residual_test=False, edge=False, clear_reset=False)
        self._bus = bus
        self._chain = chain
        self._config = Config()
        self._state = State()
        self._stop_reason: StopReason | None = None
        self._done: Callable[[], None] | None = None
        self._due_s = self._last_s = bus.clock.now_s()
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        self._meter = bus.subscribe(METER_BOX)
        self._timer = bus.at(self._due_s, self._round)
        bus.on_stop(self._stop)

    def _round(self) -> None:
        now_s = self._bus.clock.now_s()
        inputs = Inputs(
            now_s=now_s,
            utc_ns=self._bus.clock.utc_ns(),
            since_s=now_s - self._last_s,
            reading=self._chain.read(),
            pilot=self._pilot.fresh(),
            session=self._session.fresh(),
            meter=self._meter.fresh(),
            stop=self._stop_reason,
        )
        self._last_s = now_s
        self._state, outputs = step(self._config, self._state, inputs)
        self._chain.drive(
            enable=outputs.enable,
            residual_test=outputs.residual_test,
            edge=outputs.edge,
            clear_reset=False,
        )
        if outputs.status is not None:
            self._bus.publish(SAFETY_STATUS, outputs.status)
        if outputs.is_finished and self._done is not None:
            self._chain.shutdown()
            self._done()
            return
        self._due_s = max(self._due_s + outputs.period_s, now_s)
        self._timer = self._bus.at(self._due_s, self._round)

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._timer.cancel()
        self._stop_reason, self._done = reason, done
        self._round()


def build(bus: Bus, parameters: Parameters, drivers: Mapping[str, str]) -> SafetyNode:
    """Open the chain and start the node, its enable line off from the first moment.

    :raises DriverError: the chain cannot be opened.
    """
    node = SafetyNode(bus, open_chain(drivers.get("device", ""), bus))
    bus.ready()
    return node
