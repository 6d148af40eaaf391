"""How the metrics are read from the nodes' messages. Pure.

A message counts for the hold of its topic. What is not known then, or was not read, has no sample:
Prometheus marks a series that has none as stale, so an old value is never repeated.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgs.dcs import Link
from msgs.evidence import SafetyRecordStatus
from msgs.heartbeat import Heartbeat
from msgs.launch import ProcessState
from msgs.meter import PHASES, MeterReading
from msgs.safety import FaultCode, SafetyStatus
from msgs.session import SessionStatus
from view.charge import lasted_s
from view.meters import online
from view.snapshot import Received
from web.metrics.exposition import MetricSample
from web.page_snapshot import PageSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSnapshot:
    """All that is measured, at one instant."""

    page: PageSnapshot
    heartbeats: Mapping[str, Received[Heartbeat]]  # by node


Samples = Iterable[MetricSample]

# --- one message each ----------------------------------------------------------------------------


def safety(read: Callable[[SafetyStatus], Samples]) -> Callable[[MetricsSnapshot], Samples]:
    """Return a reader of the status of safety, while that is fresh."""

    def samples(snapshot: MetricsSnapshot) -> Samples:
        safety = snapshot.page.safety.fresh
        return () if safety is None else read(safety)

    return samples


def session(read: Callable[[SessionStatus], Samples]) -> Callable[[MetricsSnapshot], Samples]:
    """Return a reader of the status of session, while that is fresh."""

    def samples(snapshot: MetricsSnapshot) -> Samples:
        session = snapshot.page.session.fresh
        return () if session is None else read(session)

    return samples


def record(
    read: Callable[[SafetyRecordStatus], Samples],
) -> Callable[[MetricsSnapshot], Samples]:
    """Return a reader of the safety record, which is sent on change."""

    def samples(snapshot: MetricsSnapshot) -> Samples:
        record = snapshot.page.record.fresh
        return () if record is None else read(record)

    return samples


def box(read: Callable[[MeterReading], Samples]) -> Callable[[MetricsSnapshot], Samples]:
    """Return a reader of the box's own meter, while that is online."""

    def samples(snapshot: MetricsSnapshot) -> Samples:
        reading = online(snapshot.page.box)
        return () if reading is None else read(reading)

    return samples


def one(value: float | None) -> Samples:
    """Return a single value without labels; none if it is not known."""
    return () if value is None else (MetricSample(value),)


def of_phases(
    reading: MeterReading, value: str, *labels: tuple[str, str]
) -> Iterator[MetricSample]:
    """Return a value of each phase, by its name in the reading."""
    for phase, line in zip(PHASES, reading.lines, strict=True):
        yield MetricSample(getattr(line, value), (*labels, ("phase", phase.value)))


def states(states: type[StrEnum], now: StrEnum | None) -> Iterator[MetricSample]:
    """Return a sample for each state: 1 for the present one, 0 for the others."""
    if now is not None:
        for each in states:
            yield MetricSample(float(each is now), (("state", each.value),))


# --- current -------------------------------------------------------------------------------------


def limit(snapshot: MetricsSnapshot) -> Samples:
    """Return the lowest limit [A]."""
    offer = snapshot.page.offer.fresh
    return () if offer is None else one(offer.limit_a)


def limits(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
    """Return the limit of each source that sets one [A]."""
    offer = snapshot.page.offer.fresh
    lowest: dict[str, float] = {}
    for each in offer.limits if offer else ():
        if each.limit_a is not None:
            lowest[each.source] = min(each.limit_a, lowest.get(each.source, each.limit_a))
    for source, limit_a in lowest.items():
        yield MetricSample(limit_a, (("source", source),))


def binding(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
    """Return which source the lowest limit is of."""
    offer = snapshot.page.offer.fresh
    if offer is not None:
        for source in dict.fromkeys(each.source for each in offer.limits):
            yield MetricSample(float(source == offer.reason), (("source", source),))


# --- session -------------------------------------------------------------------------------------


def session_duration(snapshot: MetricsSnapshot) -> Samples:
    """Return how long the session has lasted [s]."""
    seconds = lasted_s(snapshot.page)
    return () if seconds is None else one(seconds)


def faults(safety: SafetyStatus) -> Iterator[MetricSample]:
    """Return for each code whether it is raised."""
    for code in FaultCode:
        yield MetricSample(float(code in safety.faults), (("code", code.value),))


# --- meters --------------------------------------------------------------------------------------


def _meters(page: PageSnapshot) -> dict[str, Received[MeterReading]]:
    return {"box": page.box, "house": page.house, "solar": page.solar}


def meter_online(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
    """Return whether each meter is read; nothing of one that was never heard."""
    for meter, heard in _meters(snapshot.page).items():
        if heard.message is not None:
            yield MetricSample(float(online(heard) is not None), (("meter", meter),))


def meter_age(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
    """Return how long ago each meter was read; it goes on rising while the meter is lost."""
    for meter, heard in _meters(snapshot.page).items():
        if heard.message is not None and heard.message.sampled_ns:
            age_s = max(0.0, snapshot.page.now_s - heard.message.sampled_ns / 1e9)
            yield MetricSample(age_s, (("meter", meter),))


def meter(value: str, factor: float = 1.0) -> Callable[[MetricsSnapshot], Samples]:
    """Return a reader of one value of the house and the solar meter, by its name."""

    def samples(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
        for meter, heard in _meters(snapshot.page).items():
            if (reading := online(heard)) is not None and meter != "box":
                yield MetricSample(getattr(reading, value) * factor, (("meter", meter),))

    return samples


def meter_phases(value: str) -> Callable[[MetricsSnapshot], Samples]:
    """Return a reader of one value of each phase of both meters, by its name."""

    def samples(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
        for meter, heard in _meters(snapshot.page).items():
            if (reading := online(heard)) is not None and meter != "box":
                yield from of_phases(reading, value, ("meter", meter))

    return samples


# --- other parties -------------------------------------------------------------------------------


def dcs_link(snapshot: MetricsSnapshot) -> Samples:
    """Return the state of the link to the charging service."""
    dcs = snapshot.page.dcs.fresh
    return states(Link, None if dcs is None else dcs.link)


def dcs_unsent(snapshot: MetricsSnapshot) -> Samples:
    """Return how many messages the charging service has not acknowledged."""
    dcs = snapshot.page.dcs.fresh
    return () if dcs is None else one(dcs.unsent)


def failsafe(snapshot: MetricsSnapshot) -> Samples:
    """Return whether the failsafe of the smart-home interface counts."""
    home = snapshot.page.smart_home.fresh
    return () if home is None else one(home.is_failsafe)


def asked(snapshot: MetricsSnapshot) -> Samples:
    """Return the current that a controller has asked for [A]."""
    home = snapshot.page.smart_home.fresh
    return () if home is None or home.limit_a is None else one(home.limit_a)


# --- nodes ---------------------------------------------------------------------------------------


def node_up(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
    """Return whether each node is ready and heard."""
    for process in snapshot.page.processes:
        is_ready = process.state is ProcessState.READY
        heard = snapshot.heartbeats.get(process.node)
        if heard is not None and heard.message is not None:
            is_ready = is_ready and heard.fresh is not None
        yield MetricSample(float(is_ready), (("node", process.node),))


def node_restarts(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
    """Return how often each node was restarted."""
    for process in snapshot.page.processes:
        yield MetricSample(process.restarts, (("node", process.node),))


def node(value: str, factor: float = 1.0) -> Callable[[MetricsSnapshot], Samples]:
    """Return a reader of one value of each node's heartbeat, by its name."""

    def samples(snapshot: MetricsSnapshot) -> Iterator[MetricSample]:
        for node, heard in snapshot.heartbeats.items():
            if (heartbeat := heard.fresh) is not None:
                yield MetricSample(getattr(heartbeat, value) * factor, (("node", node),))

    return samples
