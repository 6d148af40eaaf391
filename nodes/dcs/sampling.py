"""Samples of the meter: while a transaction runs each interval, and at instants of the clock. Pure.

The node reads the meter only when a sample is due, so that a machine that waits is not stepped with
each reading.
"""

import math

from msgspec.structs import replace

from msgs.meter import MeterReading
from nodes.dcs import outbox, transactions
from nodes.dcs.box_asks import Sampled
from nodes.dcs.clock import JUMP_NS
from nodes.dcs.events import MeterSample
from nodes.dcs.measurands import Measurement, sample
from nodes.dcs.state import CONNECTOR, UNKNOWN_PHASES, State, Waiting
from nodes.dcs.turn import Turn
from nodes.dcs.variables import seconds_of, text_of

PERIODIC, ALIGNED, TRIGGERED = "Sample.Periodic", "Sample.Clock", "Trigger"
PHASE_A = 1.0
"""Assumed: a vehicle draws at least so much on each phase that it uses; noise is less."""
PHASES_S = 10.0  # assumed: then the vehicle draws on all phases that it uses
DAY_NS = 86_400_000_000_000
NEAR_NS = 10_000_000  # assumed: no timer is early by more
MOST_COLLECTED = 60  # assumed: samples of one end; then every second one is dropped
MOST_VALUES = 240  # of them together, likewise: a frame of 30 kB, which every service takes


def wants_reading(state: State, now_s: float) -> bool:
    """Return whether the next step uses a reading of the box's meter."""
    sampling = state.sampling
    if state.triggered or state.last_wh is None:
        return True
    return now_s >= min(sampling.next_s, sampling.aligned_s, sampling.phases_s)


def follow_sampling(turn: Turn) -> None:
    """Take the samples that are due."""
    _plan(turn)
    sampling, reading = turn.state.sampling, turn.inputs.reading
    is_due = turn.moment.reached(sampling.next_s)
    is_aligned = turn.moment.reached(sampling.aligned_s)
    sees_phases = turn.moment.reached(sampling.phases_s)
    if reading is None:
        return
    if reading.online and reading.lifetime_wh:
        turn.set(last_wh=reading.lifetime_wh)
    if sees_phases:
        turn.set(sampling=replace(turn.state.sampling, phases_s=turn.now_s + PHASES_S))
        phases = phases_of(reading)
        if phases and phases != turn.state.phases:
            turn.set(phases=phases)
    if turn.state.triggered:
        turn.set(triggered=False)
        _take(turn, reading, TRIGGERED)
    if is_due:
        every_s = seconds_of(turn, "MeterValueSampleInterval") or math.inf
        turn.set(sampling=replace(turn.state.sampling, next_s=turn.now_s + every_s))
        _take(turn, reading, PERIODIC)
        _collect(turn, reading, PERIODIC)
    if is_aligned:
        plan_aligned(turn)
        _take(turn, reading, ALIGNED)
        _collect(turn, reading, ALIGNED)


def phases_of(reading: MeterReading) -> int:
    """Return on how many phases the vehicle draws."""
    return sum(line.current_a >= PHASE_A for line in reading.lines)


def _plan(turn: Turn) -> None:
    """Set when samples are due, by the session that runs and the variables."""
    sampling, transaction = turn.state.sampling, transactions.running(turn)
    every_s = seconds_of(turn, "MeterValueSampleInterval") or math.inf
    session_id = "" if transaction is None else transaction.session_id
    if (sampling.session_id, sampling.every_s) != (session_id, every_s):
        phases_s = sampling.phases_s
        if session_id != sampling.session_id:
            phases_s = turn.now_s + PHASES_S if session_id else math.inf
            turn.set(phases=None)
        sampling = replace(
            sampling,
            session_id=session_id,
            every_s=every_s,
            next_s=turn.now_s + every_s if session_id else math.inf,
            phases_s=phases_s,
        )
        turn.set(sampling=sampling)
    is_moved = sampling.ahead_ns is None or abs(ahead_ns(turn) - sampling.ahead_ns) >= JUMP_NS
    if sampling.aligned_s == math.inf or is_moved:
        plan_aligned(turn)


def plan_aligned(turn: Turn) -> None:
    """Set when the next aligned sample is due: from midnight UTC on (OCPP 1.6, section 9.1.4)."""
    every_s, utc_ns = seconds_of(turn, "ClockAlignedDataInterval"), turn.utc_ns
    aligned_s = math.inf
    if every_s and utc_ns is not None and turn.is_synchronised:
        aligned_s = turn.now_s + until_aligned_s(utc_ns, every_s)
    planned = (aligned_s, ahead_ns(turn))
    if planned != (turn.state.sampling.aligned_s, turn.state.sampling.ahead_ns):
        sampling = replace(turn.state.sampling, aligned_s=planned[0], ahead_ns=planned[1])
        turn.set(sampling=sampling)


def until_aligned_s(utc_ns: int, every_s: float) -> float:
    """Return the time until the next aligned sample [s].

    The intervals of a day begin at midnight, so that the last one of a day may be shorter. An
    instant that is just reached is not the next one.
    """
    every_ns = round(every_s * 1e9)
    today_ns = (utc_ns + NEAR_NS) % DAY_NS
    left_ns = min(every_ns - today_ns % every_ns, DAY_NS - today_ns)
    return (left_ns + NEAR_NS) / 1e9


def ahead_ns(turn: Turn) -> int:
    """Return UTC less the monotonic clock; 0 while UTC is not known."""
    utc_ns = turn.utc_ns
    return 0 if utc_ns is None else utc_ns - round(turn.now_s * 1e9)


def _sample(turn: Turn, reading: MeterReading, context: str, key: str) -> MeterSample | None:
    """Take a sample with the measurands of a key; None: it has none."""
    inputs, utc_ns = turn.inputs, turn.utc_ns
    measured = Measurement(
        reading=reading,
        offered_a=inputs.offer_a,
        phases=turn.state.phases or UNKNOWN_PHASES,
        energy_wh=turn.state.last_wh,
        least_wh=transactions.least_wh(turn),
    )
    stamp_ns = inputs.utc_ns if utc_ns is None else utc_ns
    taken = sample(measured, text_of(turn, key), context, stamp_ns)
    if taken is not None:
        transactions.note_sample(turn, taken)
    return taken


def _take(turn: Turn, reading: MeterReading, context: str) -> None:
    """Send a sample: in the queue of the transaction that runs, else at once or not at all."""
    key = "MeterValuesAlignedData" if context == ALIGNED else "MeterValuesSampledData"
    taken, transaction = _sample(turn, reading, context, key), transactions.running(turn)
    if taken is None:
        return
    is_set = turn.utc_ns is not None
    if transaction is not None and not transaction.is_lost:
        outbox.enqueue(turn, transaction.session_id, taken, is_set=is_set, is_present=True)
    elif is_set:
        sampled = Sampled(connector=CONNECTOR, samples=(taken,))
        is_early = context == TRIGGERED
        turn.wait(Waiting(asked=sampled, key=f"sample {context}", is_early=is_early))


def _collect(turn: Turn, reading: MeterReading, context: str) -> None:
    """Keep a sample for the end of the transaction that runs, if its key has measurands."""
    key = "StopTxnAlignedData" if context == ALIGNED else "StopTxnSampledData"
    transaction = transactions.running(turn)
    if transaction is None or turn.utc_ns is None:
        return
    taken = _sample(turn, reading, context, key)
    if taken is None:
        return
    session_id, samples = turn.state.ended_samples
    samples = samples if session_id == transaction.session_id else ()
    samples = (*samples, taken)
    while len(samples) > MOST_COLLECTED or sum(len(each.values) for each in samples) > MOST_VALUES:
        samples = samples[1::2]
    turn.set(ended_samples=(transaction.session_id, samples))
