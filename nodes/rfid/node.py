"""Wiring of rfid: look at the reader, step, ask, store, publish; and five requests."""

import dataclasses
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bus import Answer, Bus, Call, leave
from bus.disk_words import not_changed
from bus.moment import Moment
from bus.rounds import Instant, Rounds
from bus.write_behind import WriteResult, write_result
from msgs.dcs import CardDecision
from msgs.methods import (
    AUTHORIZE,
    CHECK_CARD,
    ERASE_CARDS,
    LIST_CARDS,
    PRESENT_CARD,
    REMOVE_CARD,
    RENAME_CARD,
)
from msgs.requests import NoArguments, StopReason
from msgs.rfid import CardList, NamedCard, RemoveCard, RenameCard
from msgs.session import Authorize, Authorized
from msgs.topics import DCS_STATUS, RFID_STATUS, SESSION_STATUS
from nodes.rfid import words
from nodes.rfid.changes import erase, remove, rename
from nodes.rfid.field import POLL_S, ReaderField, look
from nodes.rfid.machine import start, step
from nodes.rfid.outcome import Naming, Refused
from nodes.rfid.reader import CardReader
from nodes.rfid.state import Inputs, ListWrite, Outputs, SessionView, has_service, view_of
from nodes.rfid.store import load, save

RUNNER: Literal["blocking", "asyncio"] = "blocking"


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of rfid."""

    reader: CardReader


class PollInputs(Struct, frozen=True, kw_only=True):
    """What one look reads, and what has happened."""

    now_s: float
    texts_read: (
        tuple[str, ...] | None
    )  # of the cards in the field; None: the reader does not answer
    vehicle: SessionView | None
    has_service: bool
    decision: Answer[CardDecision] | None = None
    answer: Answer[Authorized] | None = None
    written: WriteResult | None = None
    change: ListWrite | None = None
    named: str | None = None


class RfidNode:
    """One reader, one list of cards, one machine."""

    def __init__(self, bus: Bus, reader: CardReader) -> None:
        """Load the list of cards.

        :raises StoreError: there is none, and the label cannot be read.
        """
        self._bus = bus
        self._reader = reader
        self._field = ReaderField()
        cards, read_generation = load(bus.state_dir, bus.log)
        self._state = start(cards, bus.clock.now_s(), read_generation)
        # Requests, in the order of their lists.
        self._asked: deque[Callable[[str | None], None]] = deque()
        self._session = bus.subscribe(SESSION_STATUS, uses=view_of)
        self._dcs = bus.subscribe(DCS_STATUS, uses=has_service)
        self._named: Call[NamedCard, None] | None = None  # a card that is being asked about
        bus.serve(PRESENT_CARD, self._on_present)
        bus.serve(LIST_CARDS, self._on_cards)
        bus.serve(RENAME_CARD, self._on_rename)
        bus.serve(REMOVE_CARD, self._on_remove)
        bus.serve(ERASE_CARDS, self._on_erase)
        bus.on_stop(self._stop)
        self._rounds: Rounds[PollInputs, Outputs] = Rounds(bus, POLL_S, self._look, self._act)

    def _look(self, instant: Instant) -> PollInputs:
        return PollInputs(
            now_s=instant.now_s,
            texts_read=self._reader.poll(),
            vehicle=view_of(self._session.fresh()),
            has_service=has_service(self._dcs.fresh()),
        )

    def _act(self, seen: PollInputs) -> Outputs:
        bus = self._bus
        moment = Moment(seen.now_s)
        self._field, event = look(self._field, seen.texts_read, moment)
        inputs = Inputs(
            now_s=seen.now_s,
            works=self._field.works,
            vehicle=seen.vehicle,
            has_service=seen.has_service,
            decision=seen.decision,
            event=event,
            answer=seen.answer,
            written=seen.written,
            change=seen.change,
            named=seen.named,
        )
        self._state, outputs = step(self._state, inputs)
        if outputs.naming not in (Naming.NONE, Naming.AWAITED):
            self._answer_naming(outputs)
        if outputs.check_for is not None:
            bus.request(CHECK_CARD, outputs.check_for, self._on_decision)
        if outputs.request_for is not None:
            bus.request(AUTHORIZE, Authorize(token=outputs.request_for), self._on_answer)
        if outputs.write is not None:
            work = partial(save, bus.state_dir, outputs.write.cards, lowers=outputs.revokes)
            bus.offload("cards", work, partial(self._on_written, outputs.write))
        self._rounds.say(RFID_STATUS, outputs.status)
        for level, text in outputs.lines:
            bus.log(level, text)
        due_s = min(outputs.due_s, moment.due_s, self._reader.due_s())
        return dataclasses.replace(outputs, due_s=due_s)

    def _on_decision(self, answer: Answer[CardDecision]) -> None:
        self._rounds.run(lambda seen: replace(seen, decision=answer))

    def _on_answer(self, answer: Answer[Authorized]) -> None:
        self._rounds.run(lambda seen: replace(seen, answer=answer))

    def _on_written(self, write: ListWrite, result: Exception | None) -> None:
        ended = write_result(result)
        self._rounds.run(lambda seen: replace(seen, written=ended))
        if not write.is_taught:
            self._asked.popleft()(ended.problem)

    def _on_present(self, call: Call[NamedCard, None]) -> None:
        if self._named is not None:
            call.refuse(words.naming(Naming.BUSY, ""))
            return
        self._named = call
        self._rounds.run(lambda seen: replace(seen, named=call.arguments.tag))

    def _answer_naming(self, outputs: Outputs) -> None:
        call, self._named = self._named, None
        if call is None:
            return
        if outputs.naming is Naming.ACCEPTED:
            call.ok(None)
        else:
            call.refuse(words.naming(outputs.naming, outputs.status.detail))

    def _on_cards(self, call: Call[NoArguments, CardList]) -> None:
        call.ok(CardList(cards=self._state.cards))

    def _on_rename(self, call: Call[RenameCard, None]) -> None:
        self._change(call, rename(self._state, call.arguments), call.arguments.uid)

    def _on_remove(self, call: Call[RemoveCard, None]) -> None:
        self._change(call, remove(self._state, call.arguments), call.arguments.uid)

    def _on_erase(self, call: Call[NoArguments, None]) -> None:
        self._change(call, erase(self._state))

    def _change(self, call: Call[Any, None], asked: ListWrite | Refused, uid: str = "") -> None:
        """Answer a request that changes the list: refused now, or after the disk."""

        def on_stored(problem: str | None) -> None:
            if problem is None:
                call.ok(None)
            else:
                call.refuse(not_changed(problem))

        if isinstance(asked, Refused):
            call.refuse(words.refusal(asked, uid))
        else:
            self._asked.append(on_stored)
            self._rounds.run(lambda seen: replace(seen, change=asked))

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._rounds.stop()
        leave(self._reader, reason)
        done()


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> RfidNode:
    """Load the list and start the node.

    :raises StoreError: there is no list, and the label cannot be read.
    """
    node = RfidNode(bus, drivers.reader)
    bus.ready()
    return node
