"""Wiring of a box with a service: look, step, carry out."""

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from bus import Answer, Bus, Call
from bus.generations import read_valid_or_raise
from bus.rounds import Instant, Rounds
from bus.store import StoreError
from bus.write_behind import write_result
from msgs.dcs import CardDecision, CheckCard
from msgs.label import LABEL_FILE, Label
from msgs.led import Key, KeyPress
from msgs.load_manager import LoadOffer
from msgs.pilot import CpState
from msgs.requests import NoArguments, StopReason
from msgs.safety import Contactor, SafetyStatus
from msgs.session import SessionStatus
from msgs.topics import (
    DCS_STATUS,
    DCS_WISH,
    LED_KEY,
    LOAD_OFFER,
    METER_BOX,
    SAFETY_STATUS,
    SESSION_STATUS,
)
from msgs.version import VERSION
from nodes.dcs.dialect import Dialect, Message, ServiceFailure, UnsendableError
from nodes.dcs.dialect_16 import dialect
from nodes.dcs.kept import Durable
from nodes.dcs.link import FrameReceived, LinkEvent, LongFrame, Uplink
from nodes.dcs.machine import start, step
from nodes.dcs.pairing import KEY
from nodes.dcs.sampling import wants_reading
from nodes.dcs.service import Service
from nodes.dcs.state import (
    BusRequest,
    CardCall,
    Inputs,
    Outputs,
    Replied,
    SafetyView,
    Sent,
    SessionSeen,
)
from nodes.dcs.store import Records, Rows, load_secret
from nodes.dcs.turn import SECRET

STORE_FILE = "dcs.sqlite"  # in the state directory
JUMP_NS = 100_000_000  # as nodes/session/duration.py: UTC was set


class ChargePoint:
    """One machine, one link, one store."""

    def __init__(self, bus: Bus, look_s: float, uplink: Uplink) -> None:
        """Read the store; an unreadable one is set aside, and what is in session's store remains.

        :raises StoreError: the label cannot be read.
        """
        self._bus, self._uplink = bus, uplink
        self._dialect: Dialect = dialect()
        self._records = Records(bus.state_dir / STORE_FILE, partial(bus.log, "error"))
        bus.on_close(self._records.close)
        label = read_valid_or_raise(bus.state_dir / LABEL_FILE, Label)
        self._serial = "" if label is None else label.serial
        self._firmware = VERSION
        self._secret = self._read(lambda: load_secret(bus.state_dir, KEY), b"")
        prefix = f"{bus.random('message id').getrandbits(48):012x}"
        self._state = start(self._read(self._records.load, Durable()), prefix)
        self._jitter = self._draw()
        self._service: Service | None = None
        self._cards: dict[int, Call[CheckCard, CardDecision]] = {}
        self._card_number = 0
        self._unpairs: list[Call[NoArguments, None]] = []
        self._offset_ns = 0
        self._stop: StopReason | None = None
        self._done: Callable[[], None] = lambda: None
        self._session = bus.subscribe(SESSION_STATUS, on_change=self._on_change, uses=view_of)
        self._safety = bus.subscribe(SAFETY_STATUS, uses=safety_view)
        self._offer = bus.subscribe(LOAD_OFFER, uses=offer_of)
        self._box = bus.subscribe(METER_BOX, uses=lambda _: None)
        bus.subscribe(LED_KEY, self._on_key)
        self._rounds: Rounds[Inputs, Outputs] = Rounds(
            bus, look_s, self._look, self._act, is_exact=True
        )

    def use(self, service: Service | None) -> None:
        """Use a service from now on; None: none."""
        self._service = service
        self._rounds.wake()

    def check_card(self, call: Call[CheckCard, CardDecision]) -> None:
        """Decide about a card, now or once the service has answered."""
        self._card_number += 1
        self._cards[self._card_number] = call
        card = CardCall(
            number=self._card_number,
            token=call.arguments.token,
            is_taught=call.arguments.is_taught,
        )
        self._rounds.run(lambda inputs: replace(inputs, card=card))

    def unpair(self, call: Call[NoArguments, None]) -> None:
        """End the pairing; answered once that is stored."""
        self._unpairs.append(call)
        self._rounds.run(lambda inputs: replace(inputs, unpairs=True))

    def stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        """End the connection, and write what waits for the disk."""
        self._stop, self._done = reason, done
        self._rounds.wake()

    # --- looks ---------------------------------------------------------------------------------

    def _read(self, read: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return read()
        except StoreError as error:
            self._bus.log("error", str(error))
            return otherwise

    def _look(self, instant: Instant) -> Inputs:
        session, safety = self._session.fresh(), self._safety.fresh()
        offer = self._offer.fresh()
        is_sampled = wants_reading(self._state, instant.now_s)
        return Inputs(
            now_s=instant.now_s,
            utc_ns=instant.utc_ns,
            since_s=instant.since_s,
            wall_offset_ns=self._wall_offset_ns(instant),
            boot=self._bus.clock.boot(),
            is_utc_set=self._bus.clock.is_utc_set(),
            jitter=self._jitter,
            serial=self._serial,
            firmware=self._firmware,
            service=self._service,
            session=None if session is None else view_of(session),
            safety=None if safety is None else safety_view(safety),
            offer_a=None if offer is None else offer_of(offer),
            reading=self._box.fresh() if is_sampled else None,
            session_wh=session.energy_wh if is_sampled and session is not None else 0.0,
            stop=self._stop,
        )

    def _wall_offset_ns(self, instant: Instant) -> int:
        """Return UTC minus the monotonic clock [ns]; it changes when UTC is set."""
        offset_ns = instant.utc_ns - round(instant.now_s * 1e9)
        if abs(offset_ns - self._offset_ns) > JUMP_NS:
            self._offset_ns = offset_ns
        return self._offset_ns

    def _draw(self) -> float:
        return self._bus.random("jitter").random()

    def _on_change(self, _: SessionStatus) -> None:
        self._rounds.wake()

    def _on_key(self, press: KeyPress) -> None:
        if press.key is Key.TOUCH:
            self._rounds.run(lambda inputs: replace(inputs, is_pressed=True))

    def _on_link(self, event: LinkEvent) -> None:
        message: Message | None = None
        if isinstance(event, FrameReceived):
            call = self._state.outbox.call
            message = self._dialect.decode(
                event.text,
                "" if call is None else call.message_id,
                None if call is None else call.asked,
            )
        elif isinstance(event, LongFrame):
            message = self._dialect.decode_head(event.head, event.length)
        self._rounds.run(lambda inputs: replace(inputs, link=event, message=message))

    # --- acts ----------------------------------------------------------------------------------

    def _act(self, inputs: Inputs) -> Outputs:
        bus = self._bus
        self._state, outputs = step(self._state, inputs)
        for level, text in outputs.lines:
            bus.log(level, text)
        if outputs.uses_jitter:
            self._jitter = self._draw()
        unsent = [sent for sent in outputs.sends if not self._send(sent)]
        if outputs.disconnects:
            self._uplink.close()
        if outputs.connect is not None:
            secret = self._secret if outputs.connect.is_password_sent else b""
            self._uplink.open(outputs.connect, self._dialect.subprotocol, secret, self._on_link)
        if outputs.pings:
            self._uplink.ping()
        for request in outputs.requests:
            bus.request(request.method, request.arguments, partial(self._on_answer, request))
        for number, decision in outputs.decisions:
            self._cards.pop(number).ok(decision)
        if outputs.unpaired is not None:
            self._answer_unpairs(outputs.unpaired)
        if outputs.write is not None:
            self._write(outputs.write)
        self._publish(outputs)
        for sent in unsent:
            failure = ServiceFailure(message_id=sent.message_id, text="it cannot be sent")
            bus.at(bus.clock.now_s(), partial(self._fail, failure))
        if outputs.done:
            self._rounds.stop()
            self._done()
        return outputs

    def _answer_unpairs(self, reason: str) -> None:
        calls, self._unpairs = self._unpairs, []
        for call in calls:
            if reason:
                call.refuse(reason)
            else:
                call.ok(None)

    def _fail(self, failure: ServiceFailure) -> None:
        self._rounds.run(lambda inputs: replace(inputs, message=failure))

    def _send(self, sent: Sent) -> bool:
        """Send a frame; return whether it has a valid form, as all but a bug's have."""
        try:
            self._uplink.send(self._frame(sent))
        except UnsendableError as error:
            self._bus.log("error", f"a message is not sent: {error}")
            return False
        return True

    def _frame(self, sent: Sent) -> str:
        if sent.call is not None:
            return self._dialect.call(sent.message_id, sent.call)
        if sent.request is not None:
            return self._dialect.answer(sent.request, sent.reply)
        assert sent.fault is not None, "a frame is a call, an answer or an error"
        return self._dialect.refuse(sent.message_id, sent.fault, sent.text)

    def _publish(self, outputs: Outputs) -> None:
        if outputs.status is None:
            self._bus.hush(DCS_STATUS)
        else:
            self._rounds.say(DCS_STATUS, outputs.status)
        if outputs.wishes is not None:
            self._bus.publish(DCS_WISH, outputs.wishes)

    def _on_answer(self, request: BusRequest, answer: Answer[Any]) -> None:
        replied = Replied(key=request.key, answer=answer)
        self._rounds.run(lambda inputs: replace(inputs, replied=replied))

    def _write(self, changed: Rows) -> None:
        def on_done(result: Exception | None) -> None:
            if result is None and (SECRET, KEY) in changed:
                self._secret = changed[SECRET, KEY] or b""
            written = write_result(result)
            self._rounds.run(lambda inputs: replace(inputs, written=written))

        self._bus.offload("service", partial(self._records.save, changed), on_done)


def view_of(session: SessionStatus) -> SessionSeen:
    """Return what dcs uses of session/status."""
    return SessionSeen(
        state=session.state,
        plugged=session.plugged,
        authorized=session.authorized,
        permitted=session.permitted,
        session_id=session.session_id,
        released=session.released,
        token=session.token,
        authorization_required=session.authorization_required,
        started_ns=session.started_ns,
    )


def safety_view(safety: SafetyStatus) -> SafetyView:
    """Return what dcs uses of safety/status."""
    return SafetyView(
        faults=safety.faults,
        is_closed=safety.contactor is Contactor.CLOSED,
        phase=safety.phase,
        is_unplugged=safety.cp_state is CpState.A,
    )


def offer_of(offer: LoadOffer) -> float:
    """Return what dcs uses of load/offer [A]."""
    return offer.limit_a
