"""Carry out the orders of local controllers, as wishes and requests. Pure; see the package.

An order acts at once and is answered when what it changes is stored, or when the node that it
needed has answered.
"""

from typing import Any

from msgspec.structs import replace

from bus import Status
from bus.moment import Moment
from bus.write_behind import WriteResult, hand_out, queue, replaces_all, settle
from msgs.card import tag_of
from msgs.method import Method
from msgs.methods import END_SESSION, PRESENT_CARD, START_SESSION
from msgs.pilot import MAX_OFFER_A
from msgs.requests import NoArguments, ReasonArguments
from msgs.rfid import NamedCard
from msgs.smart_home import SmartHomeOrder, SmartHomeStatus
from msgs.wish import NO_WISHES, Wish, Wishes
from nodes.smart_home import words
from nodes.smart_home.control import (
    LEAST,
    MOST_MA,
    NO_CONTROL,
    Control,
    Failsafe,
    apply,
    current_ma,
    follow,
    is_allowed,
    is_enabled,
    is_free,
    restarted,
)
from nodes.smart_home.kept import Kept, Lasting
from nodes.smart_home.orders import Order, Outcome, SetFailsafe, StartOrder, StopOrder
from nodes.smart_home.state import (
    Inputs,
    OrderCall,
    OrderRequest,
    Outputs,
    State,
    Stores,
    UnconfirmedOrder,
)

NAME, FULL = "controller", "energy"  # names of wishes
REPEAT_S = 3.0  # of wishes with a hold, of which the shortest is 10 s
MOST_OPEN = 16  # orders that wait for a disk or a node; more are refused


def start(kept: Kept | None, lasting: Lasting, now_s: float, *, is_lost: bool = False) -> State:
    """Return the state to start with.

    :param kept: of the run before; it counts if the box was not started since.
    :param is_lost: what was kept is damaged: no more than 6 A, until an order.
    """
    first = LEAST if is_lost else NO_CONTROL
    control = replace(first, failsafe=lasting.failsafe, word_s=now_s)
    return State(control=control, lasting=lasting, found=kept)


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state and the outputs."""
    moment = Moment(inputs.now_s)
    turn = _Turn(state, inputs)
    turn.recall()
    if inputs.written is not None:
        turn.take_write(inputs.written)
    if inputs.replied is not None:
        turn.take_reply()
    if inputs.order is not None:
        turn.take_order(inputs.order)
    turn.follow(moment)
    store, write = hand_out(turn.state.store, moment)
    state = replace(turn.state, store=store)
    wishes = _wishes(state.control) if inputs.is_used else NO_WISHES
    has_hold = any(each.hold_s is not None for each in wishes.wishes)
    is_known = inputs.is_used is not None and state.found is None
    is_due = wishes != state.said or (has_hold and moment.reached(state.repeat_s))
    is_sent = is_known and is_due
    if is_sent:
        state = replace(state, said=wishes, repeat_s=moment.now_s + REPEAT_S)
        if has_hold:
            moment.wake_at(state.repeat_s)
    return state, Outputs(
        wishes=wishes if is_sent else None,
        status=_status(state, inputs),
        answers=tuple(turn.answers),
        requests=tuple(turn.requests),
        write=write,
        lines=tuple(turn.lines),
        due_s=moment.due_s,
    )


class _Turn:
    """One step: the state as it changes, and what it gives."""

    def __init__(self, state: State, inputs: Inputs) -> None:
        self.state, self.inputs = state, inputs
        self.answers: list[tuple[int, Outcome]] = []
        self.requests: list[OrderRequest] = []
        self.lines: list[tuple[str, str]] = []

    def recall(self) -> None:
        """Take up what the run before has kept, once it is known that the box goes on."""
        state, inputs = self.state, self.inputs
        if not inputs.series or inputs.series == state.series:
            return
        self.state = state = replace(state, series=inputs.series)
        found = state.found
        if found is None:
            return
        self.state = replace(state, found=None)
        if (found.boot, found.series) == (inputs.boot, inputs.series):
            control = restarted(found.control, inputs.now_s)
            self.state = replace(self.state, control=control)
            self.lines.append(("info", words.recalled(control)))

    def take_order(self, call: OrderCall) -> None:
        """Carry out an order, or refuse it."""
        state = self.state
        self._note(call)
        if len(state.waiting) + len(state.asked) >= MOST_OPEN:
            self._answer(call, Outcome(refusal=words.TOO_MANY))
        elif isinstance(call.order, StartOrder):
            self._start(call, call.order)
        elif isinstance(call.order, StopOrder):
            self._stop(call, call.order)
        else:
            self._change(call, call.order)

    def _change(self, call: OrderCall, order: Order) -> None:
        before = self.state.control
        control = apply(before, order, self.inputs.now_s)
        lasting = self.state.lasting
        if isinstance(order, SetFailsafe) and order.is_lasting:
            lasting = Lasting(failsafe=control.failsafe)
        self.state = replace(self.state, control=control, lasting=lasting)
        stores = self._stores()
        if _is_same(stores, self.state.store.newest):
            self._answer(call, Outcome())
        else:
            self._store(stores)
            waiting = (*self.state.waiting, UnconfirmedOrder(call=call, stores=stores))
            self.state = replace(self.state, waiting=waiting)

    def _start(self, call: OrderCall, order: StartOrder) -> None:
        session = self.inputs.session
        if session is None:
            self._answer(call, Outcome(refusal=words.SESSION_SILENT))
        elif not session.authorization_required:
            if session.authorized:
                self._answer(call, Outcome())
            else:
                self._request(call, START_SESSION, NoArguments())
        elif not call.may_start:
            self._answer(call, Outcome(refusal=words.NO_CARDS_HERE))
        elif order.tag is None:
            self._answer(call, Outcome(refusal=words.CARD_NEEDED))
        else:
            self._request(call, PRESENT_CARD, NamedCard(tag=order.tag))

    def _stop(self, call: OrderCall, order: StopOrder) -> None:
        session = self.inputs.session
        if session is None:
            self._answer(call, Outcome(refusal=words.SESSION_SILENT))
        elif not (session.session_id or session.released):
            self._answer(call, Outcome())
        elif order.tag is not None and order.tag != tag_of(session.token):
            self._answer(call, Outcome(refusal=words.OTHER_CARD, is_wrong_card=True))
        else:
            self._request(call, END_SESSION, ReasonArguments(reason=words.stopped(call.sender)))

    def _request(self, call: OrderCall, method: Method[Any, Any], arguments: Any) -> None:
        request = OrderRequest(number=call.number, method=method, arguments=arguments)
        self.requests.append(request)
        self.state = replace(self.state, asked=(*self.state.asked, call))

    def take_reply(self) -> None:
        """Answer the order for which another node was asked."""
        replied = self.inputs.replied
        if replied is None:
            return
        asked = self.state.asked
        call = next((each for each in asked if each.number == replied.number), None)
        if call is None:
            return
        self.state = replace(self.state, asked=tuple(each for each in asked if each is not call))
        answer = replied.answer
        refusal = "" if answer.status is Status.OK else answer.reason or str(answer.status)
        is_wrong = answer.status is Status.REFUSED and isinstance(call.order, StartOrder)
        self._answer(call, Outcome(refusal=refusal, is_wrong_card=is_wrong))

    def take_write(self, written: WriteResult) -> None:
        """Answer the orders that are stored now, or could not be."""
        stored = self.state.store.writing
        self.state = replace(self.state, store=settle(self.state.store, written))
        is_last = self.state.store.is_idle
        for each in self.state.waiting:
            if each.stores == stored or is_last:
                refusal = "" if written.problem is None else words.not_stored(written.problem)
                self._answer(each.call, Outcome(refusal=refusal))
        waiting = (
            () if is_last else tuple(each for each in self.state.waiting if each.stores != stored)
        )
        self.state = replace(self.state, waiting=waiting)

    def follow(self, moment: Moment) -> None:
        """Let time and plug act."""
        session, before = self.inputs.session, self.state.control
        control = follow(
            before,
            moment,
            plugged=None if session is None else session.plugged,
            session_id="" if session is None else session.session_id,
            energy_wh=0.0 if session is None else session.energy_wh,
        )
        self.state = replace(self.state, control=control)
        if control.is_failsafe != before.is_failsafe:
            self.lines.append(("warning", words.failsafe(control)))
        stores = self._stores()
        if not _is_same(stores, self.state.store.newest) and control != before:
            self._store(stores)

    def _stores(self) -> Stores:
        state, inputs = self.state, self.inputs
        kept = Kept(control=state.control, boot=inputs.boot, series=state.series)
        return Stores(kept=kept, lasting=state.lasting)

    def _store(self, stores: Stores) -> None:
        store = queue(self.state.store, stores, replaces_all)
        self.state = replace(self.state, store=store)

    def _answer(self, call: OrderCall, outcome: Outcome) -> None:
        self.answers.append((call.number, outcome))
        if self.state.last_number == call.number and self.state.last is not None:
            last = replace(self.state.last, refusal=outcome.refusal, is_open=False)
            self.state = replace(self.state, last=last)
        if outcome.refusal:
            self.lines.append(("warning", words.refused(call.sender, call.words, outcome.refusal)))

    def _note(self, call: OrderCall) -> None:
        last = SmartHomeOrder(
            sender=call.sender, words=call.words, utc_ns=self.inputs.utc_ns, is_open=True
        )
        self.state = replace(self.state, last=last, last_number=call.number)


def _is_same(stores: Stores, other: Stores | None) -> bool:
    """Return whether nothing has changed but the time of the last order."""
    if other is None:
        return False
    control = replace(stores.kept.control, word_s=other.kept.control.word_s)
    return replace(stores, kept=replace(stores.kept, control=control)) == other


def _wishes(control: Control) -> Wishes:
    """Return what is asked for as wishes; the failsafe is the fallback of a silent node as well."""
    found: list[Wish] = []
    failsafe = control.failsafe
    if failsafe is not None and control.is_failsafe:
        limit_a, pause, detail = (
            failsafe.current_ma / 1000.0,
            failsafe.current_ma == 0,
            words.SILENT,
        )
    else:
        limit_a, pause, detail = current_ma(control) / 1000.0, not is_allowed(control), ""
    if not is_free(control) or control.is_failsafe:
        found.append(
            Wish(
                name=NAME,
                limit_a=None if pause or limit_a * 1000.0 >= MOST_MA else limit_a,
                pause=pause,
                hold_s=None if failsafe is None else float(failsafe.timeout_s),
                fallback_a=None if failsafe is None else _fallback_a(failsafe),
                detail=detail,
            )
        )
    if control.charge.is_full:
        found.append(Wish(name=FULL, pause=True, detail=words.FULL))
    return Wishes(wishes=tuple(found)) if found else NO_WISHES


def _fallback_a(failsafe: Failsafe) -> float:
    return min(failsafe.current_ma / 1000.0, MAX_OFFER_A)


def _status(state: State, inputs: Inputs) -> SmartHomeStatus:
    control = state.control
    failsafe, charge = control.failsafe, control.charge
    asked_ma = current_ma(control)
    return SmartHomeStatus(
        has_udp=inputs.has_udp,
        udp=inputs.udp,
        has_modbus=inputs.has_modbus,
        modbus=inputs.modbus,
        has_mqtt=inputs.has_mqtt,
        mqtt=inputs.mqtt,
        limit_a=None if asked_ma >= MOST_MA else asked_ma / 1000.0,
        is_enabled=is_enabled(control),
        failsafe_s=None if failsafe is None else float(failsafe.timeout_s),
        failsafe_a=0.0 if failsafe is None else failsafe.current_ma / 1000.0,
        is_failsafe=control.is_failsafe,
        energy_limit_wh=charge.energy_dwh / 10.0 if charge.energy_dwh else None,
        last=state.last,
    )
