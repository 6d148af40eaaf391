"""Wiring of led: look, step, show, publish; and the requests of the keys."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bus import Answer, Bus, leave
from bus.rounds import Instant, Rounds
from msgs.requests import StopReason
from msgs.rfid import RfidStatus
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
from nodes.led.front import Front
from nodes.led.key_actions import Acts, Answered, PendingRequest
from nodes.led.machine import Inputs, Outputs, start, step
from nodes.led.messages import used_of_offer, used_of_safety, used_of_session

RUNNER: Literal["blocking", "asyncio"] = "blocking"

LOOK_S = 0.25


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of led."""

    front: Front


class LedNode:
    """Wiring of the front and its machine."""

    def __init__(self, bus: Bus, front: Front) -> None:
        self._bus = bus
        self._front = front
        self._state = start(bus.clock.now_s())
        self._session = bus.subscribe(SESSION_STATUS, on_change=lambda _: self._rounds.wake())
        self._rfid = bus.subscribe(RFID_STATUS, on_change=self._on_rfid)
        self._safety = bus.subscribe(SAFETY_STATUS, uses=used_of_safety)
        self._offer = bus.subscribe(LOAD_OFFER, uses=used_of_offer)
        self._dcs = bus.subscribe(DCS_STATUS)
        self._graph = bus.subscribe(LAUNCH_GRAPH)
        self._module = bus.subscribe(HEARTBEATS["system"], uses=lambda _: None)
        self._rounds: Rounds[Inputs, Outputs] = Rounds(
            bus, LOOK_S, self._look, self._act, is_exact=True
        )
        front.on_edge(self._rounds.wake)
        bus.on_stop(self._stop)

    def _look(self, instant: Instant) -> Inputs:
        session, safety = self._session.fresh(), self._safety.fresh()
        offer = self._offer.fresh()
        return Inputs(
            now_s=instant.now_s,
            since_s=instant.since_s,
            session=None if session is None else used_of_session(session),
            safety=None if safety is None else used_of_safety(safety),
            offer=None if offer is None else used_of_offer(offer),
            rfid=self._rfid.fresh(),
            dcs=self._dcs.fresh(),
            has_module=self._module.fresh() is not None,
            box_since_s=self._box_since_s(),
            keys=self._front.keys(),
        )

    def _box_since_s(self) -> float:
        """Return when the box started [s], by the newest message of any age."""
        graph = self._graph.message
        if graph is None or graph.started_ns is None:
            return -math.inf
        return graph.started_ns / 1e9

    def _act(self, inputs: Inputs) -> Outputs:
        self._state, outputs = step(self._state, inputs)
        if outputs.show is not None:
            self._front.show(outputs.show)
        if outputs.publish is not None:
            self._rounds.say(LED_FRAME, outputs.publish)
        self._act_for_keys(outputs.acts)
        return outputs

    def _act_for_keys(self, acts: Acts) -> None:
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

    def _on_rfid(self, status: RfidStatus) -> None:
        self._rounds.run(lambda inputs: replace(inputs, arrived=status))

    def _on_answer(self, ask: PendingRequest[Any], answer: Answer[None]) -> None:
        answered = Answered(ask=ask, answer=answer)
        self._rounds.run(lambda inputs: replace(inputs, answered=answered))

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._rounds.stop()
        leave(self._front, reason)
        done()


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> LedNode:
    """Start the node."""
    node = LedNode(bus, drivers.front)
    bus.ready()
    return node
