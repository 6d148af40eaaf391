"""When a meter is polled, what is published of it, and what is logged.

Pure. Not responsible for registers, sockets or the chip: the machine gets the outcome of a poll.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteResult
from msgs.meter import NO_LINE, MeterReading
from msgs.units import MOST_TEXT
from nodes.meter.chip import ChipSample
from nodes.meter.lifetime import Jump, Lifetime, Register, count, keep
from nodes.modbus_map.codec import Values

LONGEST_RETRY_S = 4.0  # assumed: a meter that answers again is read within load_manager's 10 s

LOGGED_MISSES = 4  # assumed: a chip may need three readings to begin

LogLines = tuple[tuple[str, str], ...]  # level, text


class Config(Struct, frozen=True, kw_only=True):
    """One meter: how often it is read, and its names for readers and for the log."""

    poll_s: float
    source: str  # for a person: "Home Grid Meter - Import, tq at 10.0.0.6:502/1"
    place: str  # for the log: "10.0.0.6:502 unit 1", "/dev/ttyUSB0:9600:8N1 unit 1"
    meter: str  # as `msgs.settings.meter_name`


class PollOutcome(Struct, frozen=True, kw_only=True):
    """The outcome of one poll: values, or why there are none. Monotonic times."""

    values: Values | None
    error: str = ""
    began_ns: int
    ended_ns: int


class Inputs(Struct, frozen=True, kw_only=True):
    """The time, and the outcome of a poll if one has just ended."""

    now_s: float
    outcome: PollOutcome | None = None


class State(Struct, frozen=True, kw_only=True):
    """What the machine remembers of one meter."""

    next_poll_s: float = 0.0
    is_polling: bool = False
    failures: int = 0  # in a row
    reading: MeterReading | None = None  # the newest that was published


class Outputs(Struct, frozen=True, kw_only=True):
    """What to do now, and when the next step is due; infinity while a poll is running."""

    begins_poll: bool = False
    reading: MeterReading | None = None
    log: LogLines = ()
    due_s: float = math.inf


class BoxInputs(Struct, frozen=True, kw_only=True):
    """The time, and a sample of the box's own chip; None: it cannot be read."""

    now_s: float
    sample: ChipSample | None
    written: WriteResult | None = None  # of the register


class BoxState(Struct, frozen=True, kw_only=True):
    """What the machine remembers of the box's own chip."""

    misses: int = 0  # readings that failed, in a row; at most LOGGED_MISSES
    lifetime: Lifetime = Lifetime()


class BoxOutputs(Struct, frozen=True, kw_only=True):
    """What to publish, to store and to log now."""

    reading: MeterReading | None = None
    write: Register | None = None  # `BoxInputs.written` follows
    log: LogLines = ()
    due_s: float = math.inf


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Handle the outcome of a poll, or begin a poll that is due."""
    now_s = inputs.now_s
    if inputs.outcome is not None:
        return _take(config, state, now_s, inputs.outcome)
    if state.is_polling:
        return state, Outputs()
    moment = Moment(now_s)
    if not moment.reached(state.next_poll_s):
        return state, Outputs(due_s=moment.due_s)
    # Polls keep their grid unless one is late by a whole period.
    is_on_grid = now_s < state.next_poll_s + config.poll_s
    state = replace(state, is_polling=True, next_poll_s=state.next_poll_s if is_on_grid else now_s)
    return state, Outputs(begins_poll=True)


def step_box(state: BoxState, inputs: BoxInputs, period_s: float) -> tuple[BoxState, BoxOutputs]:
    """Return the reading of the box's chip; None while it cannot be read, which is logged once."""
    moment, sample, lifetime = Moment(inputs.now_s), inputs.sample, state.lifetime
    jump = None
    if sample is not None:
        lifetime, jump = count(lifetime, sample.lines, inputs.now_s)
    lifetime, write = keep(lifetime, inputs.written, moment)
    log = _log_register(state.lifetime, lifetime, jump)
    if sample is None:
        return _miss(replace(state, lifetime=lifetime), BoxOutputs(write=write, log=log), moment)
    one, two, three = sample.lines
    reading = MeterReading(
        lines=sample.lines,
        power_w=one.power_w + two.power_w + three.power_w,
        online=True,
        source="Wallbox Meter, built in",
        sampled_ns=sample.sampled_ns,
        imported_wh=one.imported_wh + two.imported_wh + three.imported_wh,
        exported_wh=one.exported_wh + two.exported_wh + three.exported_wh,
        lifetime_wh=0.0 if lifetime.register is None else lifetime.register.lifetime_wh,
        poll_s=period_s,
    )
    if state.misses == LOGGED_MISSES:
        log = (*log, ("info", "the meter chip can be read again"))
    # Due at each look: the next sample has another time.
    outputs = BoxOutputs(reading=reading, write=write, log=log, due_s=inputs.now_s)
    return BoxState(lifetime=lifetime), outputs


def _miss(state: BoxState, outputs: BoxOutputs, moment: Moment) -> tuple[BoxState, BoxOutputs]:
    """Count a reading that failed."""
    if state.misses == LOGGED_MISSES:
        return state, replace(outputs, due_s=moment.due_s)
    state = replace(state, misses=state.misses + 1)
    log = outputs.log
    if state.misses == LOGGED_MISSES:
        log = (*log, ("error", "the meter chip cannot be read"))
    return state, replace(outputs, log=log, due_s=moment.now_s)


def _log_register(before: Lifetime, after: Lifetime, jump: Jump | None) -> LogLines:
    """Return the lines about the box's register of energy."""
    lines: list[tuple[str, str]] = []
    if jump is not None:
        what = "was reset" if jump.grown_wh < 0.0 else f"jumped by {jump.grown_wh:.0f} Wh"
        text = f"the counter of the meter chip {what}, where {jump.can_wh:.0f} Wh can have flowed"
        lines.append(("warning", f"{text}; the register goes on, further changes are not logged"))
    was, problem = before.store.problem, after.store.problem
    if problem is not None and was is None:
        lines.append(
            ("error", f"the box's energy cannot be stored: {after.store.detail or problem}")
        )
    if problem is None and was is not None:
        lines.append(("info", "the box's energy is stored again"))
    return tuple(lines)


def _take(
    config: Config, state: State, now_s: float, outcome: PollOutcome
) -> tuple[State, Outputs]:
    failures = 0 if outcome.values is not None else state.failures + 1
    # The first retry comes after one period, each further one after twice the time, up to a limit.
    doublings = min(max(failures - 1, 0), 16)
    after_s = min(config.poll_s * 2.0**doublings, max(config.poll_s, LONGEST_RETRY_S))
    next_poll_s = max(now_s, state.next_poll_s + after_s)
    reading = reading_of(config, state.reading, outcome)
    log = _log(config, state, outcome)
    state = State(next_poll_s=next_poll_s, failures=failures, reading=reading)
    return state, Outputs(reading=reading, log=log, due_s=next_poll_s)


def reading_of(config: Config, last: MeterReading | None, outcome: PollOutcome) -> MeterReading:
    """Return the reading after a poll; a failed poll changes neither values nor their time."""
    values = outcome.values
    if values is not None:
        return MeterReading(
            lines=values.lines,
            power_w=values.power_w,
            online=True,
            source=config.source,
            meter=config.meter,
            sampled_ns=(outcome.began_ns + outcome.ended_ns) // 2,
            imported_wh=values.imported_wh,
            exported_wh=values.exported_wh,
            poll_s=config.poll_s,
            contradictions=values.contradictions,
        )
    if last is None:
        last = MeterReading(
            lines=(NO_LINE, NO_LINE, NO_LINE),
            power_w=0.0,
            online=False,
            source=config.source,
            meter=config.meter,
            poll_s=config.poll_s,
        )
    return replace(last, online=False, error=outcome.error[:MOST_TEXT])


def _log(config: Config, state: State, outcome: PollOutcome) -> LogLines:
    """Return the lines of a poll (LOG-1).

    They are above debug if a meter first answers, is lost or back, begins to contradict itself or
    does not any more.
    """
    duration_ms = (outcome.ended_ns - outcome.began_ns) / 1e6
    text = f"{config.source}: {config.place} ({duration_ms:.0f} ms)"
    if outcome.values is None:
        return (("warning" if state.failures == 0 else "debug", f"{text}: {outcome.error}"),)
    lines = _log_contradictions(config, state.reading, outcome.values)
    if state.failures:
        return (("info", f"{text}: answers again after {state.failures} failed polls"), *lines)
    return (("info" if state.reading is None else "debug", text), *lines)


def _log_contradictions(config: Config, last: MeterReading | None, values: Values) -> LogLines:
    """Return a line for each phase that contradicts itself now, and did not in the last reading."""
    before = {} if last is None else {each.phase: each.text for each in last.contradictions}
    now = {each.phase: each.text for each in values.contradictions}
    begun = [
        ("warning", f"{config.source}: {text}")
        for phase, text in now.items()
        if phase not in before
    ]
    over = [
        ("info", f"{config.source}: {phase} contradicts itself no more")
        for phase in before
        if phase not in now
    ]
    return (*begun, *over)
