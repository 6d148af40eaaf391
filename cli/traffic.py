"""Counts the traffic of topics without decoding it: rate, bytes, delay, gaps. Pure."""

from dataclasses import dataclass, field
from typing import NamedTuple


class TopicTraffic(NamedTuple):
    """One topic over one interval. Times in ms; None where nothing was counted."""

    topic: str
    hz: float
    bytes_per_s: float
    delay_p50_ms: float | None
    delay_p99_ms: float | None
    delay_max_ms: float | None
    gaps: int  # lost messages since the beginning


@dataclass(slots=True)
class _Topic:
    incarnation: int = 0
    sequence: int = 0
    gaps: int = 0
    frames: int = 0
    size_bytes: int = 0
    delays_ns: list[int] = field(default_factory=list)


class Traffic:
    """Counts of every topic."""

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}

    @property
    def gaps(self) -> int:
        """Return the number of lost frames of all topics."""
        return sum(topic.gaps for topic in self._topics.values())

    def is_new(self, name: str, incarnation: int, sequence: int) -> bool:
        """Count a frame's number; return False if it was counted before: latched ones repeat."""
        topic = self._topics.setdefault(name, _Topic())
        if (incarnation, sequence) <= (topic.incarnation, topic.sequence):
            return False
        if incarnation == topic.incarnation:
            topic.gaps += sequence - topic.sequence - 1
        topic.incarnation, topic.sequence = incarnation, sequence
        return True

    def add(self, name: str, size_bytes: int, delay_ns: int) -> None:
        """Count one new frame."""
        topic = self._topics.setdefault(name, _Topic())
        topic.frames += 1
        topic.size_bytes += size_bytes
        topic.delays_ns.append(delay_ns)

    def take(self, elapsed_s: float) -> list[TopicTraffic]:
        """Return the counts since the last call, by topic, and start again at 0."""
        rows = []
        for name, topic in sorted(self._topics.items()):
            delays = sorted(topic.delays_ns)
            rows.append(
                TopicTraffic(
                    topic=name,
                    hz=topic.frames / elapsed_s,
                    bytes_per_s=topic.size_bytes / elapsed_s,
                    delay_p50_ms=_percentile_ms(delays, 50),
                    delay_p99_ms=_percentile_ms(delays, 99),
                    delay_max_ms=_percentile_ms(delays, 100),
                    gaps=topic.gaps,
                )
            )
            topic.frames, topic.size_bytes, topic.delays_ns = 0, 0, []
        return rows


def _percentile_ms(ordered_ns: list[int], percent: int) -> float | None:
    if not ordered_ns:
        return None
    return ordered_ns[(len(ordered_ns) - 1) * percent // 100] / 1e6
