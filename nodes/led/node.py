"""Wiring of led: look at the facts, step, show, publish; and what the keys ask for."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from msgspec import Struct

from bus import Answer, Bus, leave
from bus.interface import Timer
from msgs.led import Tone
from msgs.requests import StopReason
from msgs.rfid import RfidStatus
from msgs.session import SessionStatus
from msgs.topics import (
    DCS_STATUS,
    HEARTBEATS,
    LAUNCH_GRAPH,
    LED_FRAME,
    LED_KEY,
    LOAD_OFFER,
    RFID_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
)
from nodes.led import fingers
from nodes.led.fingers import Acts, Ask
from nodes.led.front import Front
from nodes.led.machine import Inputs, start, step

RUNNER: Literal["blocking", "asyncio"] = "blocking"

ROUND_S = 0.25


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: the front follows the manual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of led."""

    front: Front


class LedNode:
    """Six facts, one front, one tick; and a deadline for as long as a key or a tone needs it."""

    def __init__(self, bus: Bus, front: Front) -> None:
        self._bus = bus
        self._front = front
        self._state = start(bus.clock.now_s())
        self._fingers = fingers.State()
        self._session = bus.subscribe(SESSION_STATUS, self._on_session)
        self._rfid = bus.subscribe(RFID_STATUS, self._on_rfid)
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._offer = bus.subscribe(LOAD_OFFER)
        self._dcs = bus.subscribe(DCS_STATUS)
        self._graph = bus.subscribe(LAUNCH_GRAPH)
        self._module = bus.subscribe(HEARTBEATS["system"])
        self._wake = _Alarm(bus, self._round)
        self._look = _Alarm(bus, self._on_keys)
        self._timer = bus.every(ROUND_S, self._round)
        front.on_edge(self._on_keys)
        self._look.set(bus.clock.now_s())
        bus.on_stop(self._stop)

    def _on_session(self, _: SessionStatus) -> None:
        self._round()

    def _on_rfid(self, said: RfidStatus) -> None:
        self._round(said=said)

    def _round(self, said: RfidStatus | None = None, tone: Tone = Tone.NONE) -> None:
        inputs = Inputs(
            now_s=self._bus.clock.now_s(),
            session=self._session.fresh(),
            safety=self._safety.fresh(),
            offer=self._offer.fresh(),
            rfid=self._rfid.fresh(),
            dcs=self._dcs.fresh(),
            has_module=self._module.fresh() is not None,
            box_up_s=self._box_up_s(),
            said=said,
            tone=tone,
        )
        self._state, outputs = step(self._state, inputs)
        if outputs.show is not None:
            self._front.show(outputs.show)
        if outputs.publish is not None:
            self._bus.publish(LED_FRAME, outputs.publish)
        self._wake.set(outputs.wake_s)

    def _box_up_s(self) -> float:
        """Return how long the graph has been up [s], however old its word: a life begins once."""
        graph = self._graph.message
        if graph is None or not graph.started_utc_ns:
            return math.inf
        return (self._bus.clock.utc_ns() - graph.started_utc_ns) / 1e9

    def _on_keys(self) -> None:
        safety = self._safety.fresh()
        self._fingers, acts = fingers.look(
            self._fingers,
            self._front.keys(),
            self._bus.clock.now_s(),
            is_powered=safety is None or safety.has_mains,
            is_touch_lit=self._state.is_touch_lit,
        )
        self._act(acts)

    def _on_answer(self, ask: Ask[Any], answer: Answer[None]) -> None:
        self._fingers, acts = fingers.answered(self._fingers, ask, answer)
        self._act(acts)

    def _act(self, acts: Acts) -> None:
        bus = self._bus
        for press in acts.press:
            bus.publish(LED_KEY, press)
        if acts.failure is not None:
            what, reason = acts.failure.ask.what, acts.failure.reason
            bus.log("warning", f"service key: could not {what}: {reason}")
        if acts.ask is not None:
            ask = acts.ask
            bus.log("info", f"service key: {ask.what}")
            bus.request(ask.method, ask.arguments, partial(self._on_answer, ask))
        self._look.set(self._fingers.look_s)
        self._round(tone=acts.tone)

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._timer.cancel()
        self._wake.set(None)
        self._look.set(None)
        leave(self._front, reason)
        done()


class _Alarm:
    """One deadline of the node, which may move."""

    def __init__(self, bus: Bus, action: Callable[[], None]) -> None:
        self._bus = bus
        self._action = action
        self._timer: Timer | None = None

    def set(self, when_s: float | None) -> None:
        """Have the action run at a time [s], and not before it; None: not at all."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when_s is None else self._bus.at(when_s, self._action)


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> LedNode:
    """Start the node."""
    node = LedNode(bus, drivers.front)
    bus.ready()
    return node
