"""Wiring of led: look at the facts, step, show, publish."""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from bus import Bus
from msgs.requests import StopReason
from msgs.session import SessionStatus
from msgs.topics import LED_FRAME, LOAD_OFFER, SAFETY_STATUS, SESSION_STATUS
from nodes.led.front import Front, open_front
from nodes.led.machine import Inputs, start, step

RUNNER: Literal["blocking", "asyncio"] = "blocking"

ROUND_S = 0.25


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: the front follows the manual."""


class LedNode:
    """Three facts, one front, one tick."""

    def __init__(self, bus: Bus, front: Front) -> None:
        self._bus = bus
        self._front = front
        self._state = start(bus.clock.now_s())
        self._session = bus.subscribe(SESSION_STATUS, self._on_session)
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._offer = bus.subscribe(LOAD_OFFER)
        self._timer = bus.every(ROUND_S, self._round)
        bus.on_stop(self._stop)

    def _on_session(self, _: SessionStatus) -> None:
        self._round()

    def _round(self) -> None:
        inputs = Inputs(
            now_s=self._bus.clock.now_s(),
            session=self._session.fresh(),
            safety=self._safety.fresh(),
            offer=self._offer.fresh(),
        )
        self._state, outputs = step(self._state, inputs)
        if outputs.show is not None:
            self._front.show(outputs.show)
        if outputs.publish is not None:
            self._bus.publish(LED_FRAME, outputs.publish)

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._timer.cancel()
        if reason is StopReason.RESTART:
            self._front.handover()
        else:
            self._front.shutdown()
        done()


def build(bus: Bus, parameters: Parameters, drivers: Mapping[str, str]) -> LedNode:
    """Open the front and start the node.

    :raises DriverError: the front cannot be opened.
    """
    node = LedNode(bus, open_front(drivers.get("device", ""), bus))
    bus.ready()
    return node
