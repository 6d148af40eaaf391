"""Wiring of system: label, settings and their file, clock, safety record; their requests."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from bus import Answer, Bus, Call, ClockSetError, Status
from bus.disk_words import not_changed
from bus.generations import (
    decoder,
    examine,
    read_and_repair,
    read_newest_valid,
    try_to_write_generations,
    write_generations,
)
from bus.moment import Moment
from bus.store import StoreError
from bus.write_behind import WriteBehind, hand_out, queue, settle, write_result
from msgs.clock import SetClock
from msgs.methods import GET_SETTINGS, RESTART_BOX, RESTART_GRAPH, SET_CLOCK, SET_SETTINGS
from msgs.requests import NoArguments, ReasonArguments, StopReason
from msgs.restart import RESTART_FILE, AskedRestart
from msgs.setting_keys import flatten
from msgs.setting_problems import problems
from msgs.settings import SetArguments, Settings
from msgs.stored import Stored
from msgs.topics import LED_FRAME, SAFETY_STATUS, SESSION_STATUS, SETTINGS
from msgs.units import MOST_TEXT
from nodes.modbus_map.meter_map import map_names
from nodes.system import words
from nodes.system.box_clock import BoxClock
from nodes.system.label import own_label
from nodes.system.machine import (
    Config,
    Messages,
    RefusedError,
    State,
    begin,
    change,
    content_of,
    lowers,
    settings_of,
    utc_of,
    wrong_in_plan,
)
from nodes.system.record_keeper import RecordKeeper

RUNNER: Literal["blocking", "asyncio"] = "blocking"

SETTINGS_FILE = "settings.json"  # in the state directory
SUPERVISOR = "launch"
STORE_S = 2.0  # assumed: a disk that takes longer does not keep the box from being restarted
MOST_WAITING = 16  # changes that wait for the disk


examine(AskedRestart)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    factory: dict[str, Any] = {}  # [factory] of the launch file: the settings of a new box
    settings: dict[str, Any] = {}  # [settings] of the launch file, and --set: locked

    def __post_init__(self) -> None:
        """Check the trees.

        :raises ValueError: the first error, its key first.
        """
        wrong = wrong_in_plan(self.factory, self.settings, map_names())
        if wrong is not None:
            raise ValueError(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The devices of system."""

    box_clock: BoxClock


class SystemNode:
    """The label, the settings, and the file of what was set."""

    def __init__(self, bus: Bus, parameters: Parameters, box_clock: BoxClock) -> None:
        """Make the label if the box is new, and read the settings.

        :raises PlaceError: the label can neither be read nor made.
        """
        label = own_label(bus.state_dir, bus.random("label"), partial(bus.log, "error"))
        self._bus = bus
        self._box_clock = box_clock
        self._config = Config(
            ssid=label.wlan_ssid,
            manufacturers=frozenset(map_names()),
            factory=flatten(parameters.factory),
            given=flatten(parameters.settings),
        )
        self._path = bus.state_dir / SETTINGS_FILE
        self._restart_path = bus.state_dir / RESTART_FILE
        self._state = self._first_state()
        self._store: WriteBehind[State] = WriteBehind()
        self._is_restarting = False  # until launch has answered
        self._is_storing_restart = False  # until the disk has answered
        self._waiting: deque[Call[SetArguments, Settings]] = deque()
        self._safety = bus.subscribe(SAFETY_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        self._led = bus.subscribe(LED_FRAME)
        bus.serve(GET_SETTINGS, self._on_get)
        bus.serve(SET_SETTINGS, self._on_set)
        bus.serve(RESTART_BOX, self._on_restart)
        bus.serve(SET_CLOCK, self._on_set_clock)
        self._published = settings_of(self._config, self._state)
        for complaint in words.lines_of(words.expected(problems(self._published))):
            bus.log("info", complaint)
        bus.publish(SETTINGS, self._published)
        self._record = RecordKeeper(bus)
        bus.on_stop(self._stop)

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._record.stop()
        done()

    # --- the start -----------------------------------------------------------------------------

    def _first_state(self) -> State:
        """Return what is stored; create the file of a new box."""
        warn = partial(self._bus.log, "error")
        found = read_and_repair(self._path, dict[str, Any], warn)
        if found.value is None and found.stored is Stored.CURRENT:
            try_to_write_generations(self._path, {}, warn, lowers=True)
        state, unknown = begin(self._config, found.value or {}, found.stored)
        for complaint in words.lines_of(unknown):
            self._bus.log("warning", f"{SETTINGS_FILE}: {complaint}; it is kept, and not used")
        return state

    # --- requests ------------------------------------------------------------------------------

    def _on_get(self, call: Call[NoArguments, Settings]) -> None:
        call.ok(self._published)

    def _on_set(self, call: Call[SetArguments, Settings]) -> None:
        """Queue a change: each is checked against the result of the previous one."""
        if len(self._waiting) >= MOST_WAITING:
            call.not_ready(f"{MOST_WAITING} other changes wait for the disk")
        else:
            self._waiting.append(call)
            self._go_on()

    def _go_on(self) -> None:
        """Check the changes that wait, until one has to be written."""
        while self._waiting and self._store.is_idle:
            call = self._waiting.popleft()
            messages = Messages(
                safety=self._safety.fresh(),
                session=self._session.fresh(),
                led=self._led.fresh(),
            )
            asked = call.arguments
            try:
                after = change(self._config, self._state, asked.changes, messages, asked.seen)
            except RefusedError as error:
                call.refuse(str(error), error.problems)
                continue
            if after == self._state:
                call.ok(settings_of(self._config, self._state))
                continue
            self._store, _ = hand_out(queue(self._store, after), Moment(self._bus.clock.now_s()))
            is_lowering = lowers(self._config, self._state, after)
            work = partial(write_generations, self._path, content_of(after), lowers=is_lowering)
            self._bus.offload("settings", work, partial(self._on_written, call, after))

    def _on_written(
        self, call: Call[SetArguments, Settings], after: State, result: Exception | None
    ) -> None:
        self._store = settle(self._store, write_result(result))
        if self._store.problem is None:
            self._state = after
            call.ok(self._publish())
        else:
            self._bus.log("error", f"a setting could not be stored: {self._store.detail}")
            call.refuse(not_changed(self._store.problem))
        self._go_on()

    def _on_restart(self, call: Call[ReasonArguments, None]) -> None:
        if self._is_restarting:
            call.not_ready(words.RESTARTING)
        else:
            self._begin_restart(call, call.arguments.reason)

    def _on_set_clock(self, call: Call[SetClock, None]) -> None:
        """Set the clock; the restart has every part begin with the new time (WEB-9)."""
        if self._is_restarting:
            call.not_ready(words.RESTARTING)
            return
        try:
            utc_ns = utc_of(call.arguments.utc)
            self._box_clock.set_utc(utc_ns)
        except RefusedError as error:
            call.refuse(str(error), error.problems)
        except ClockSetError as error:
            call.refuse(words.not_set(str(error)))
        else:
            self._bus.log("info", f"{call.caller} has set the clock to {call.arguments.utc}")
            self._begin_restart(call, words.CLOCK_SET)

    def _begin_restart(self, call: Call[Any, None], why: str) -> None:
        """Store that a person has asked for a restart; then, or after `STORE_S`, begin it.

        One at a time: of two, each would take back the other, and one that does not take place
        would stay stored.
        """
        self._is_restarting = True
        if self._is_storing_restart:  # the disk has not even answered an earlier one
            self._restart(call, why, None)
            return
        self._is_storing_restart = True
        asked = AskedRestart(id=f"{self._bus.random('asked restart').getrandbits(64):016x}")
        waiting = [call]

        def begin(before: AskedRestart | Exception | None) -> None:
            if waiting:
                self._restart(waiting.pop(), why, before)

        def on_stored(before: AskedRestart | Exception | None) -> None:
            self._is_storing_restart = False
            begin(before)

        self._bus.offload("restart", partial(_exchange, self._restart_path, asked), on_stored)
        self._bus.at(self._bus.clock.now_s() + STORE_S, partial(begin, None))

    def _restart(
        self, call: Call[Any, None], why: str, before: AskedRestart | Exception | None
    ) -> None:
        """Restart the graph: launch stops all in order, the session first (PAN-5).

        :param why: why the person has asked for it; "": not said.
        :param before: the restart that was asked for before this one; None: it is not known, or
            the disk has not answered. A StoreError: this one is not stored, and all red stays.
        """
        if isinstance(before, StoreError):
            self._bus.log("error", f"the restart is not stored, all red stays: {before}")
        elif isinstance(before, Exception):
            raise before

        def on_answer(answer: Answer[None]) -> None:
            self._is_restarting = False
            if answer.status is Status.OK:
                call.ok(None)
                return
            if isinstance(before, AskedRestart):  # this one does not take place
                work = partial(_exchange, self._restart_path, before)
                self._bus.offload("restart", work, self._on_taken_back)
            if answer.status is Status.NOT_READY:
                call.not_ready(answer.reason)
            else:
                call.refuse(f"launch does not restart the box: {answer.reason}")

        reason = f"asked by {call.caller}"
        if why:
            reason = f"{why} ({reason})"
        because = ReasonArguments(reason=reason[:MOST_TEXT])
        self._bus.request(RESTART_GRAPH, because, on_answer)

    def _on_taken_back(self, result: AskedRestart | Exception | None) -> None:
        if isinstance(result, StoreError):
            self._bus.log("error", f"a restart that did not take place stays stored: {result}")
        elif isinstance(result, Exception):
            raise result

    # --- what is published ---------------------------------------------------------------------

    def _publish(self) -> Settings:
        """Publish the settings if they have changed."""
        settings = settings_of(self._config, self._state)
        if settings != self._published:
            self._published = settings
            self._bus.publish(SETTINGS, settings)
        return settings


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> SystemNode:
    """Make or read label and settings, and start the node.

    :raises PlaceError: the label can neither be read nor made.
    """
    node = SystemNode(bus, parameters, drivers.box_clock)
    bus.ready()
    return node


def _exchange(path: Path, asked: AskedRestart) -> AskedRestart | None:
    """Store a restart that a person has asked for; return the one before, None if it is not known.

    :raises StoreError: it is not stored.
    """
    found = read_newest_valid(path, decoder(AskedRestart))
    write_generations(path, asked, lowers=True)
    if found.value is not None:
        return found.value
    return None if found.stored is Stored.LOST else AskedRestart()
