"""Wiring of session's wishes: two small files, two requests, one topic."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bus import Bus, Call
from bus.generations import examine, read_and_repair, write_generations
from bus.moment import Moment
from bus.write_behind import write_result
from msgs.methods import SET_ENERGY_LIMIT, SET_WISH
from msgs.pilot import MIN_OFFER_A
from msgs.requests import EnergyLimitArguments, WishArguments
from msgs.stored import Stored
from msgs.topics import SESSION_WISH
from nodes.session import app_wish, energy_limit, wishes, words
from nodes.session.app_wish import AppWish
from nodes.session.disk_requests import DiskRequests
from nodes.session.energy_limit import LOST_LIMIT, ChargeLimit
from nodes.session.state import Inputs
from nodes.session.state import State as SessionState
from nodes.session.wishes import WishesState

WISH_FILE = "session-wish.json"
LIMIT_FILE = "session-energy-limit.json"
LOST_WISH = AppWish(limit_a=MIN_OFFER_A, until_replaced=True, detail=words.WISH_LOST)
"""The wish while the stored one cannot be read: the least current, until the next wish."""


examine(AppWish, ChargeLimit)


class WishKeeper:
    """Keeps the wishes, publishes and stores them, and answers the requests that change them."""

    def __init__(
        self,
        bus: Bus,
        disk: DiskRequests,
        session: Callable[[], SessionState],
        wake: Callable[[], object],
    ) -> None:
        """Read both files.

        :param wake: steps the node's machine.
        """
        self._bus, self._disk, self._session, self._wake = bus, disk, session, wake
        self._wish_path = bus.state_dir / WISH_FILE
        self._limit_path = bus.state_dir / LIMIT_FILE
        self._is_ready = False  # the settings have been heard
        self._writes = 0  # pending, without a request that waits
        warn = partial(bus.log, "error")
        wish = read_and_repair(self._wish_path, AppWish, warn)
        limit = read_and_repair(self._limit_path, ChargeLimit, warn)
        self._state = WishesState(
            app=app_wish.begin(
                LOST_WISH if wish.stored is Stored.LOST else wish.value, bus.clock.now_ns()
            ),
            limit=energy_limit.begin(LOST_LIMIT if limit.stored is Stored.LOST else limit.value),
        )
        bus.serve(SET_WISH, self._on_wish)
        bus.serve(SET_ENERGY_LIMIT, self._on_limit)

    def follow(self, inputs: Inputs) -> float:
        """Publish and store the wishes on change; return when they may change next [s]."""
        before, moment = self._state, Moment(inputs.now_s)
        self._is_ready = inputs.owner is not None
        self._state, outputs = wishes.step(before, self._session(), inputs, moment)
        if outputs.wishes is not None:
            self._bus.publish(SESSION_WISH, outputs.wishes)
        is_wanted = outputs.app is not None or outputs.limit is not None
        is_held_back = self._writes > 0 or self._disk.waiting > 0
        if not is_held_back and outputs.app is not None:
            self._write("app's wish", self._wish_path, outputs.app, self._on_wish_written)
        if not is_held_back and outputs.limit is not None:
            self._write("energy limit", self._limit_path, outputs.limit, self._on_limit_written)
        is_at_rest = self._state == before and not (is_wanted and is_held_back)
        return moment.due_s if is_at_rest else inputs.now_s

    def _write(
        self, name: str, path: Path, value: Any, on_written: Callable[[Any, bool], None]
    ) -> None:
        """Store a value that changed without a request; a failed write is retried later."""
        self._writes += 1

        def on_done(result: Exception | None) -> None:
            self._writes -= 1
            ended = write_result(result)
            if ended.problem is not None:
                self._bus.log("error", f"the {name} could not be stored: {ended.logged}")
            on_written(value, ended.problem is None)
            self._wake()

        self._bus.offload("wish", partial(write_generations, path, value, lowers=True), on_done)

    def _on_wish_written(self, wish: AppWish, is_stored: bool) -> None:
        app = app_wish.written(self._state.app, wish, is_stored, self._bus.clock.now_ns())
        self._state = replace(self._state, app=app)

    def _on_limit_written(self, limit: ChargeLimit, is_stored: bool) -> None:
        now_ns = self._bus.clock.now_ns()
        after = energy_limit.written(self._state.limit, limit, is_stored=is_stored, now_ns=now_ns)
        self._state = replace(self._state, limit=after)

    def _on_wish(self, call: Call[WishArguments, None]) -> None:
        clock, session = self._bus.clock, self._session()
        wish = app_wish.asked(
            call.arguments,
            f"asked for by {words.asker(call.caller)}, {words.how_long(call.arguments)}",
            now_ns=clock.now_ns(),
            utc_ns=clock.utc_ns(),
            is_utc_set=clock.is_utc_set(),
            boot=clock.boot(),
            run=session.run,
            is_plugged=session.plug.is_seated,
        )
        if wish is None:
            call.refuse("until_utc_ns has passed already.")
            return

        def take() -> None:
            self._state = replace(self._state, app=app_wish.take(self._state.app, wish))

        self._store(call, self._wish_path, wish, take)

    def _on_limit(self, call: Call[EnergyLimitArguments, None]) -> None:
        is_plugged = self._session().plug.is_seated
        energy_wh = call.arguments.energy_wh
        limit = energy_limit.asked(self._state.limit, energy_wh, is_plugged=is_plugged)

        def take() -> None:
            after = energy_limit.take(self._state.limit, limit)
            self._state = replace(self._state, limit=after)

        self._store(call, self._limit_path, limit, take)

    def _store(
        self, call: Call[Any, None], path: Path, value: Struct, take: Callable[[], None]
    ) -> None:
        """Store what was asked for, then let it hold and answer.

        It waits for what this node writes already. What equals the present value is stored as well:
        that repairs a damaged generation.
        """
        if not self._is_ready:
            call.not_ready("The settings have not been heard yet.")
            return

        def on_stored(_: None) -> None:
            take()
            self._wake()
            call.ok(None)

        work = partial(write_generations, path, value, lowers=True)
        self._disk.answer_later("wish", call, work, on_stored)
