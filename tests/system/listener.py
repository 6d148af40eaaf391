"""What a graph publishes, received and kept as any tool may receive it."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import pytest

from bus.place import Place
from bus.tool import Tool, open_tool
from bus.wire import Frame
from msgs.plant import SimEvent
from msgs.topics import LOAD_OFFER, SIM_EVENT, TOPICS, Topic

M = TypeVar("M", bound=msgspec.Struct)

PATIENCE_S = 60.0  # for what takes seconds on an idle machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Generic[M]):
    """One message, with the time at which it was sent [monotonic s]."""

    at_s: float
    incarnation: int
    message: M


class Wanted(Generic[M]):
    """What the newest message of a topic is waited for to fulfil."""

    def __init__(self, topic: Topic[M], holds: Callable[[M], object]) -> None:
        self.topic = topic
        self._holds = holds

    def is_said(self, listener: "Listener", since_s: float) -> bool:
        """Return whether the newest message is of a time on [monotonic s], and fulfils it."""
        newest = listener.newest(self.topic)
        return newest is not None and newest.at_s >= since_s and bool(self._holds(newest.message))


class Listener:
    """Every message of the graph on a run directory since `listen`."""

    def __init__(self, place: Place, log_file: Path) -> None:
        self.place = place
        self._log_file = log_file
        self._tool: Tool | None = None
        self._samples: dict[str, list[Sample[Any]]] = defaultdict(list)
        self._newest: dict[str, tuple[int, int]] = {}
        self._taken = 0

    def listen(self) -> None:
        """Receive everything from now on; no effect if it does already."""
        if self._tool is None:
            self._tool = open_tool(self.place)
            self._tool.tap(None, self._take)

    def close(self) -> None:
        """Receive nothing any more; what was received stays."""
        if self._tool is not None:
            self._tool.close()
            self._tool = None

    @property
    def log(self) -> str:
        """Return what the launch has written."""
        return self._log_file.read_text() if self._log_file.exists() else ""

    @property
    def tool(self) -> Tool:
        """Return the peer of this test on the bus."""
        assert self._tool is not None
        return self._tool

    def samples(self, topic: Topic[M], since_s: float = 0.0) -> list[Sample[M]]:
        """Return what was said on a topic from a time on [monotonic s]."""
        return [sample for sample in self._samples[topic.name] if sample.at_s >= since_s]

    def last(self, topic: Topic[M]) -> Sample[M]:
        """Return what was said last on a topic, as far as it has been looked at.

        If nothing was said yet, as just after a launch, the first message is waited for.
        """
        samples: list[Sample[M]] = self._samples[topic.name]
        return samples[-1] if samples else self.until(topic, lambda _: True, since_s=0.0)

    def newest(self, topic: Topic[M]) -> Sample[M] | None:
        """Return what was said last on a topic; None if nothing was."""
        samples: list[Sample[M]] = self._samples[topic.name]
        return samples[-1] if samples else None

    def until(
        self,
        topic: Topic[M],
        holds: Callable[[M], object],
        seconds: float = PATIENCE_S,
        since_s: float | None = None,
    ) -> Sample[M]:
        """Return the first message sent from a time on (else: from now on) that fulfils it."""
        samples: list[Sample[M]] = self._samples[topic.name]
        since_s = time.monotonic() if since_s is None else since_s
        index = 0
        found: list[Sample[M]] = []

        def look() -> bool:
            nonlocal index
            while index < len(samples) and not found:
                sample = samples[index]
                index += 1
                if sample.at_s >= since_s and holds(sample.message):
                    found.append(sample)
            return bool(found)

        if not self.tool.run_for(seconds, look):
            tail = "\n".join(self.log.splitlines()[-8:])
            said = samples[-1].message if samples else "nothing"
            offers = self._samples[LOAD_OFFER.name]
            offer = offers[-1].message if offers else "none"
            pytest.fail(
                f"{topic.name}: not within {seconds:g} s; last: {said}\noffer: {offer}\n{tail}"
            )
        return found[0]

    def until_all(self, *wanted: Wanted[Any], since_s: float) -> None:
        """Wait until the newest messages, sent from a time on, fulfil what is wanted of each."""
        self.catch_up()

        def missing() -> list[Wanted[Any]]:
            return [each for each in wanted if not each.is_said(self, since_s)]

        if not self.tool.run_for(PATIENCE_S, lambda: not missing()):
            last = [f"{each.topic.name}: {self.newest(each.topic)}" for each in missing()]
            tail = self.log.splitlines()[-8:]
            pytest.fail("\n".join([f"not within {PATIENCE_S:g} s", *last, *tail]))

    def event(self, what: str, since_s: float, seconds: float = PATIENCE_S) -> float:
        """Return when something happened in the simulated world from a time on [monotonic s]."""

        def is_it(event: SimEvent) -> bool:
            return event.what == what and event.at_ns >= since_s * 1e9

        return self.until(SIM_EVENT, is_it, seconds, since_s).message.at_ns / 1e9

    def look_for(self, seconds: float) -> None:
        """Let the graph run and listen to it."""
        self.tool.run_for(seconds)

    def catch_up(self) -> None:
        """Take all that was sent while nobody listened, as long as a browser was looked at."""
        taken = -1
        while taken != self._taken:
            taken = self._taken
            self.tool.spin(time.monotonic_ns())

    def _take(self, frame: Frame) -> None:
        self._taken += 1
        header = frame.header
        age = (header.incarnation, header.sequence)
        if age <= self._newest.get(frame.topic, (0, 0)):
            return  # a latched one that was sent again
        self._newest[frame.topic] = age
        message = msgspec.msgpack.decode(frame.body, type=TOPICS[frame.topic].message)
        sample = Sample(at_s=header.stamp_ns / 1e9, incarnation=header.incarnation, message=message)
        self._samples[frame.topic].append(sample)
