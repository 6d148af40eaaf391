"""Wiring of safety: look, step, drive, publish."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from bus import Bus
from bus.generations import (
    decoder,
    examine,
    read_newest_valid,
    read_spare_or_newest_valid,
    write_generations_or_spare,
)
from bus.moment import Moment
from bus.rounds import Instant, Rounds
from bus.store import StoreError
from bus.write_behind import WriteResult, write_result
from msgs.evidence import SafetyEvidence
from msgs.requests import StopReason
from msgs.restart import RESTART_FILE, AskedRestart
from msgs.stored import Stored
from msgs.topics import (
    METER_BOX,
    PILOT_STATUS,
    SAFETY_EVIDENCE,
    SAFETY_STATUS,
    SESSION_STATUS,
)
from msgs.units import Name
from nodes.safety.chain import Chain, Drivers
from nodes.safety.cycle import is_driven_in_time, is_read_in_time
from nodes.safety.evidence import Evidence
from nodes.safety.latch import LatchWrite, Recalled, decode, recalled, unread
from nodes.safety.machine import Config, Inputs, Outputs, State, step
from nodes.safety.reasons import is_metering

A = TypeVar("A")
R = TypeVar("R")

RUNNER: Literal["blocking", "asyncio"] = "blocking"

LATCH_FILE = "safety-latch.json"  # in the state directory; in the run directory while that refuses


examine(AskedRestart, LatchWrite)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the electrician has wired the box: in the launch file, on no page.

    Protection of persons cannot be configured; the current limit is set by the DIP switches.
    """

    earth_loop: bool = True  # False: a grid whose earth loop cannot be measured (IT)
    showroom: bool = False  # STA-2: vehicles are never charged
    jitter_s: Annotated[float, Meta(ge=0, le=1800)] = 0.0  # longest wait when mains are back


class SafetyNode:
    """One chain of devices, three topics, one grid of looks."""

    def __init__(self, bus: Bus, parameters: Parameters, drivers: Drivers) -> None:
        self._bus = bus
        self._drivers = drivers
        self._chain = Chain(drivers)
        self._config = Config(
            earth_loop=parameters.earth_loop,
            showroom=parameters.showroom,
            wait_s=parameters.jitter_s * bus.random("wait for mains").random(),
        )
        self._latch_path = bus.state_dir / LATCH_FILE
        self._spare_path = bus.run_dir / LATCH_FILE
        asked_path = bus.state_dir / RESTART_FILE
        process = f"{bus.random('process of safety').getrandbits(64):016x}"
        self._evidence = SafetyEvidence(process=process)  # as published last
        self._state = State(evidence=Evidence(message=self._evidence))
        self._outputs: Outputs | None = None
        self._looked_s = -math.inf
        self._metered_until_s = math.inf
        self._stop_reason: StopReason | None = None
        self._done: Callable[[], None] | None = None
        self._pilot = bus.subscribe(PILOT_STATUS)
        self._session = bus.subscribe(SESSION_STATUS)
        # Only its age counts; `_metered_until_s` is when it becomes too old.
        self._meter = bus.subscribe(METER_BOX, uses=lambda _: None)
        self._rounds = Rounds(
            bus,
            self._config.period_s,
            self._or_off(self._look),
            self._or_off(self._act),
            on_same=self._drive_again,
        )
        bus.publish(SAFETY_EVIDENCE, self._evidence)
        bus.on_stop(self._stop)
        paths = (self._latch_path, self._spare_path, asked_path)
        work = partial(_recall, *paths, bus.clock.utc_ns())
        bus.offload("recall", work, self._on_recalled)

    def _or_off(self, work: Callable[[A], R]) -> Callable[[A], R]:
        """Return work that switches the coil off before its failure ends the process."""

        def guarded(argument: A) -> R:
            try:
                return work(argument)
            except BaseException:
                self._drivers.coil.shutdown()
                raise

        return guarded

    def _look(self, instant: Instant) -> Inputs:
        moment = Moment(instant.now_s)
        is_metered = is_metering(self._meter.fresh(), moment)
        self._metered_until_s = moment.due_s
        self._looked_s = instant.now_s
        reading, contacts = self._chain.read(), self._chain.contacts
        read_s, slow_read_s = self._bus.clock.now_s(), None
        if not is_read_in_time(instant.now_s, read_s):
            reading, contacts, slow_read_s = None, None, read_s - instant.now_s
        return Inputs(
            now_s=instant.now_s,
            utc_ns=instant.utc_ns,
            since_s=instant.since_s,
            reading=reading,
            pilot=self._pilot.fresh(),
            session=self._session.fresh(),
            is_metering=is_metered,
            stop=self._stop_reason,
            silent=self._chain.silent,
            contacts=contacts,
            slow_read_s=slow_read_s,
        )

    def _act(self, inputs: Inputs) -> Outputs:
        self._state, outputs = step(self._config, self._state, inputs)
        self._drive(outputs)
        if outputs.line is not None:
            self._bus.log(*outputs.line)
        if outputs.write is not None:
            # Every write goes to both generations.
            work = partial(
                write_generations_or_spare, self._latch_path, self._spare_path, outputs.write
            )
            self._bus.offload("latch", work, self._on_written)
        if outputs.status is not None:
            self._rounds.say(SAFETY_STATUS, outputs.status)
        if outputs.evidence is not self._evidence:
            self._evidence = outputs.evidence
            self._bus.publish(SAFETY_EVIDENCE, self._evidence)
        self._rounds.period_s = outputs.period_s
        if outputs.is_finished and self._done is not None:
            self._rounds.stop()
            self._shutdown()
            self._done()
        return replace(
            outputs, due_s=min(outputs.due_s, self._metered_until_s, self._chain.due_s())
        )

    def _drive(self, outputs: Outputs) -> None:
        self._outputs = outputs
        is_in_time = is_driven_in_time(self._looked_s, self._bus.clock.now_s())
        self._drivers.coil.drive(
            enable=outputs.enable and is_in_time,
            residual_test=outputs.residual_test,
            feeds_watchdog=outputs.feeds_watchdog and is_in_time,
            clear_reset=outputs.clear_reset,
        )

    def _drive_again(self) -> None:
        """Drive as before: a look that shows the same has the same result."""
        if self._outputs is not None:
            self._drive(self._outputs)

    def _on_recalled(self, found: Recalled | Exception) -> None:
        if isinstance(found, Exception):
            raise found
        if found.problem is not None:
            self._bus.log(
                "error",
                f"{self._latch_path}: {found.problem}; 8007 is raised until mains have been "
                "switched off and on",
            )
        self._hear_disk(found)

    def _on_written(self, result: Exception | None) -> None:
        ended = write_result(result)
        if ended.problem is not None:
            text = f"latched faults and wired phases could not be stored: {ended.logged}"
            self._bus.log("error", text)
        self._hear_disk(ended)

    def _hear_disk(self, kept: Recalled | WriteResult) -> None:
        self._rounds.run(lambda inputs: replace(inputs, kept=kept))

    def _stop(self, reason: StopReason, done: Callable[[], None]) -> None:
        self._stop_reason, self._done = reason, done
        self._rounds.wake()

    def _shutdown(self) -> None:
        """Leave all devices in their safe state; safety hands none over."""
        drivers = self._drivers
        drivers.coil.shutdown()
        for driver in (drivers.analog, drivers.generator, drivers.shift_register, drivers.chip):
            driver.shutdown()


def build(bus: Bus, parameters: Parameters, drivers: Drivers) -> SafetyNode:
    """Start the node; opening the coil has switched its enable line off."""
    node = SafetyNode(bus, parameters, drivers)
    bus.ready()
    return node


def _recall(path: Path, spare: Path, asked_path: Path, utc_ns: int) -> Recalled:
    """Return what the previous process has stored; an unreadable file stays until replaced."""
    try:
        kept = recalled(read_spare_or_newest_valid(path, spare, decode), utc_ns)
    except StoreError as error:
        kept = unread(utc_ns, str(error))
    return replace(kept, asked=_asked_restart(asked_path))


def _asked_restart(path: Path) -> Name | None:
    """Return the newest restart that a person has asked for; None: it cannot be read.

    The previous generation is as good as the newest: all is written to both, to it first.
    """
    try:
        found = read_newest_valid(path, decoder(AskedRestart))
    except StoreError:
        return None
    if found.value is not None:
        return found.value.id
    return None if found.stored is Stored.LOST else AskedRestart().id
