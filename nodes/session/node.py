"""Wiring of session: look at the inputs, step, store, publish; and six requests."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bus import Bus, Call
from bus.rounds import Instant, Rounds
from bus.slots import Slots
from bus.store import StoreError
from bus.write_behind import write_result
from msgs.methods import AUTHORIZE, END_SESSION, LIST_SESSIONS, START_SESSION
from msgs.requests import NoArguments, ReasonArguments, StopReason
from msgs.rfid import RfidMode
from msgs.session import Authorize, Authorized, SessionRecord, SessionsArguments
from msgs.settings import Settings
from msgs.topics import (
    LAUNCH_GRAPH,
    LOAD_OFFER,
    METER_BOX,
    PILOT_STATUS,
    RFID_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SETTINGS,
)
from nodes.session import words
from nodes.session.answers import Pending, PendingAnswers
from nodes.session.disk_requests import TOO_MANY, DiskRequests
from nodes.session.duration import SET_NS
from nodes.session.entry import Entry
from nodes.session.machine import refusal_to_end, step
from nodes.session.owner_settings import OwnerSettings, owner_settings_of
from nodes.session.records import SessionStore
from nodes.session.revival import begin
from nodes.session.sign import Sign, decode, encode
from nodes.session.state import NO_NAME, CardName, Inputs, Outputs, counter_of
from nodes.session.wish_keeper import WishKeeper

RUNNER: Literal["blocking", "asyncio"] = "blocking"

LOOK_S = 0.2
SIGN_FILE = "session-sign"  # in the state directory
END_FILE = "session-end"  # in the run directory


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: the settings decide whether a card is required."""


class SessionNode:
    """Seven topics, one store, one grid of looks."""

    def __init__(self, bus: Bus) -> None:
        """Open the store and start with its newest session, or without one if it cannot be read."""
        warn = partial(bus.log, "warning")
        self._bus = bus
        self._store = SessionStore(bus.state_dir / "sessions.sqlite", warn)
        bus.on_close(self._store.close)
        self._signs = Slots(bus.state_dir / SIGN_FILE)
        self._end_signs = Slots(bus.run_dir / END_FILE)  # in case that the disk refuses an end
        bus.on_close(self._signs.close)
        bus.on_close(self._end_signs.close)
        newest, problem = self._newest()
        state = begin(
            newest,
            self._stored_signs(),
            now_s=bus.clock.now_s(),
            boot=bus.clock.boot(),
        )
        store = replace(state.store, problem=problem, is_unproven=True)
        self._state = replace(state, store=store)
        self._answers = PendingAnswers()
        self._id_end = self._draw_id_end()
        self._stop: StopReason | None = None
        self._done: Callable[[], None] = lambda: None
        self._graph = bus.subscribe(LAUNCH_GRAPH)
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._offer = bus.subscribe(LOAD_OFFER)
        self._box = bus.subscribe(METER_BOX, uses=counter_of)
        self._rfid = bus.subscribe(RFID_STATUS)
        self._settings = bus.subscribe(SETTINGS)
        self._read_settings: Settings | None = None
        self._owner: OwnerSettings | None = None
        self._disk = DiskRequests(bus)
        self._wishes = WishKeeper(bus, self._disk, lambda: self._state, lambda: self._rounds.run())
        self._offset_ns = 0
        bus.serve(AUTHORIZE, self._on_authorize)
        bus.serve(END_SESSION, self._on_end)
        bus.serve(START_SESSION, self._on_start)
        bus.serve(LIST_SESSIONS, self._on_sessions)
        bus.on_stop(self._on_stop)
        self._rounds: Rounds[Inputs, Outputs] = Rounds(
            bus, LOOK_S, self._look, self._act, is_exact=True
        )

    def _newest(self) -> tuple[Entry | None, str | None]:
        """Return the newest entry of the store, and why it cannot be read."""
        try:
            return self._store.newest(), None
        except StoreError as error:
            self._bus.log("error", words.recording(str(error)))
            return None, error.plain

    def _look(self, instant: Instant) -> Inputs:
        graph = self._graph.message  # at any age: it does not change in a run
        settings = self._settings.message  # at any age: published on change
        rfid = self._rfid.fresh()
        return Inputs(
            now_s=instant.now_s,
            utc_ns=instant.utc_ns,
            since_s=instant.since_s,
            pilot=self._pilot.fresh(),
            safety=self._safety.fresh(),
            offer=self._offer.fresh(),
            counter_wh=counter_of(self._box.fresh()),
            id_end=self._id_end,
            run=0 if graph is None else graph.started_utc_ns,
            series="" if graph is None else graph.series,
            boot=self._bus.clock.boot(),
            is_utc_set=self._bus.clock.is_utc_set(),
            required=None if settings is None else settings.authorization.required,
            named=NO_NAME
            if rfid is None
            else CardName(token=rfid.authorised_uid, name=rfid.authorised_name),
            rfid_mode=RfidMode.READY if rfid is None else rfid.mode,
            stop=self._stop,
            wall_offset_ns=self._wall_offset_ns(instant),
            owner=self._owner_settings(settings),
        )

    def _owner_settings(self, settings: Settings | None) -> OwnerSettings | None:
        """Return what the owner has set; it is read again only when the settings change."""
        if settings is not None and settings is not self._read_settings:
            self._read_settings, self._owner = settings, owner_settings_of(settings)
        return self._owner

    def _wall_offset_ns(self, instant: Instant) -> int:
        """Return UTC minus the monotonic clock [ns]; it changes when UTC is set."""
        offset_ns = instant.utc_ns - round(instant.now_s * 1e9)
        if abs(offset_ns - self._offset_ns) > SET_NS:
            self._offset_ns = offset_ns
        return self._offset_ns

    def _act(self, inputs: Inputs) -> Outputs:
        bus = self._bus
        before = self._state.store.problem
        self._state, outputs = step(self._state, inputs)
        problem = self._state.store.problem
        if (problem is None) is not (before is None):
            logged = None if problem is None else self._state.store.detail or problem
            bus.log("info" if problem is None else "error", words.recording(logged))
        session = self._state.running.session
        if session is not None and session.session_id.endswith(self._id_end):
            self._id_end = self._draw_id_end()
        if outputs.status is not None:
            self._rounds.say(SESSION_STATUS, outputs.status)
        if outputs.over is not None:
            bus.log("warning", words.over(outputs.over))
        if outputs.interrupted is not None:
            bus.log("warning", outputs.interrupted)
        wish_due_s = self._wishes.follow(inputs)
        if outputs.sign is not None:
            bus.offload("sign", partial(self._sign, outputs.sign), self._on_signed)
        if outputs.write is not None:
            bus.offload("session", partial(self._store.save, outputs.write), self._on_written)
        elif outputs.proves:
            bus.offload("session", self._store.prove, self._on_written)
        self._answers.answer(self._state)
        if outputs.done:
            self._rounds.stop()
            self._done()
        return replace(outputs, due_s=min(outputs.due_s, wish_due_s))

    def _draw_id_end(self) -> str:
        """Return the random end of the next session's id: two boxes never share one."""
        return f"{self._bus.random('session id').getrandbits(32):08x}"

    def _on_authorize(self, call: Call[Authorize, Authorized]) -> None:
        token = call.arguments.token
        answer = self._rounds.run(lambda inputs: replace(inputs, card=token)).answer
        if answer.action is not None:
            authorized = Authorized(action=answer.action)
            self._answer_stored(answer.ends, call, lambda: call.ok(authorized), is_end=True)
        elif answer.is_early:
            call.not_ready(words.refusal(answer))
        else:
            call.refuse(words.refusal(answer))

    def _answer_stored(
        self, session_id: str, call: Call[Any, Any], ok: Callable[[], None], *, is_end: bool
    ) -> None:
        """Answer a request once the session that it has ended, or begun, is stored."""
        if not session_id:  # nothing is stored
            ok()
            return
        self._answers.add(Pending(session_id=session_id, call=call, ok=ok, is_end=is_end))
        self._answers.answer(self._state)

    def _sign(self, sign: Sign) -> None:
        """Store a sign, with an end also where it outlives a restart alone. Blocks on the disk."""
        is_end = sign.end_reason is not None
        if is_end:
            with suppress(StoreError):
                self._end_signs.write(encode(sign), revokes=True)
        self._signs.write(encode(sign), revokes=is_end)

    def _stored_signs(self) -> tuple[Sign, ...]:
        """Return the stored signs; one that cannot be read is none."""
        found = []
        for slots in (self._signs, self._end_signs):
            try:
                found.append(decode(slots.newest()))
            except StoreError as error:
                self._bus.log("error", str(error))
        return tuple(sign for sign in found if sign is not None)

    def _on_signed(self, result: Exception | None) -> None:
        before, ended = self._state.signs.problem, write_result(result)
        if ended.problem is not None and before is None:
            self._bus.log("error", ended.logged)
        self._rounds.run(lambda inputs: replace(inputs, signed=ended))

    def _on_written(self, result: Exception | None) -> None:
        ended = write_result(result)
        self._rounds.run(lambda inputs: replace(inputs, written=ended))

    def _on_end(self, call: Call[ReasonArguments, None]) -> None:
        if self._answers.is_full:
            call.not_ready(TOO_MANY)
            return
        refusal = refusal_to_end(self._state)
        if refusal is not None:
            call.refuse(words.END_REFUSALS[refusal])
            return
        session = self._state.running.session
        why = call.arguments.reason or words.asker(call.caller)
        self._rounds.run(lambda inputs: replace(inputs, end=why))
        ends = "" if session is None else session.session_id
        self._answer_stored(ends, call, lambda: call.ok(None), is_end=True)

    def _on_start(self, call: Call[NoArguments, None]) -> None:
        if self._answers.is_full:
            call.not_ready(TOO_MANY)
            return
        answer = self._rounds.run(lambda inputs: replace(inputs, starts=True)).answer
        session = self._state.running.session
        if answer.is_early:
            call.not_ready(words.refusal(answer))
        elif answer.action is None or session is None:
            call.refuse(words.refusal(answer))
        else:
            begun = session.session_id
            self._answer_stored(begun, call, lambda: call.ok(None), is_end=False)

    def _on_sessions(self, call: Call[SessionsArguments, tuple[SessionRecord, ...]]) -> None:
        asked = call.arguments
        work = partial(self._store.records, asked.limit, asked.before)
        self._disk.answer_later("sessions", call, work, call.ok, words.not_read)

    def _on_stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._stop, self._done = reason, done
        self._rounds.wake()


def build(bus: Bus, parameters: Parameters) -> SessionNode:
    """Start the node."""
    node = SessionNode(bus)
    bus.ready()
    return node
