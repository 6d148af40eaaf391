"""Run a box twice, with looks left out and with all of them, and return the first difference.

With all looks, a step that could be left out must change nothing: neither the state of its machine
nor its outputs.

Either every frame is compared, byte by byte. Or repeats are counted and not sent: then each frame
that differs from the one before on its topic is compared, and at random times the stamps that the
subscriptions show.
"""

import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import msgspec

from bus.memory import START_NS
from bus.wire import unpack
from msgs.topics import TOPICS
from tests.runs.record import Message, Stage, perform
from tests.runs.scripts import Script
from tests.runs.spare import spare_steps_change_nothing

MOST_UNPROBED_S = 4.0
MOST_CHARACTERS = 300  # of a difference


@dataclass(kw_only=True)
class Observed:
    """What was observed of one run."""

    frames: list[bytes] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)  # answers, and acts that were refused
    shown: list[tuple[object, ...]] = field(default_factory=list)  # stamps, by readers
    lines: list[tuple[object, ...]] = field(default_factory=list)  # of the log
    spare: Counter[str] = field(default_factory=Counter)  # steps that may be left out, by node


class ProbedStage(Stage):
    """A virtual box whose frames are observed, repeats included if `repeats`."""

    def __init__(
        self, script: Script, folder: Path, seen: Observed, *, repeats: bool, leaves_out: bool
    ) -> None:
        super().__init__(script, folder, seen.messages, leaves_out=leaves_out)
        self._seen = seen
        self._repeats = repeats
        self._chance = random.Random(f"probes of {script.name}")
        self._bodies: dict[str, bytes] = {}

    def begin(self) -> None:
        self.memory.tap(self._on_frame, repeats=self._repeats)
        super().begin()

    def advance_to(self, at_s: float) -> None:
        next_s = self.now_s
        while not self._repeats and next_s < at_s:
            super().advance_to(next_s)
            self._probe()
            next_s += self._chance.uniform(0.001, MOST_UNPROBED_S)
        super().advance_to(at_s)

    def _on_frame(self, frame: bytes) -> None:
        if not self._repeats:
            topic, _, body = unpack(frame)
            if self._bodies.get(topic) == body:
                return
            self._bodies[topic] = body
        self._seen.frames.append(frame)

    def _probe(self) -> None:
        for topic, reader in self.memory.links:
            stamp_s = self.memory.stamp_s(reader, TOPICS[topic])
            self._seen.shown.append((round(self.now_s, 6), reader, topic, stamp_s))


def difference(script: Script, *, repeats: bool) -> str | None:
    """Return the first difference between a run with looks left out and one with all of them.

    :param repeats: whether every frame is sent and compared; else only those with another body.
    """
    whole, short = (
        observe(script, repeats=repeats, leaves_out=leaves_out) for leaves_out in (False, True)
    )
    assert whole.frames, "nothing was sent"
    return (
        _first("frame", map(_decoded, whole.frames), map(_decoded, short.frames))
        if whole.frames != short.frames
        else _first("answer", whole.messages, short.messages)
        or _first("stamp", whole.shown, short.shown)
        or _first("log", whole.lines, short.lines)
    )


def observe(script: Script, *, repeats: bool, leaves_out: bool) -> Observed:
    """Run a script once; return what was observed."""
    seen = Observed()
    with ExitStack() as stack:
        folder = stack.enter_context(_folder())
        stage = stack.enter_context(
            closing(ProbedStage(script, folder, seen, repeats=repeats, leaves_out=leaves_out))
        )
        if not leaves_out:
            seen.spare = stack.enter_context(spare_steps_change_nothing(stage.node))
        perform(script, stage)
        seen.lines = [tuple(line) for line in stage.memory.lines]
    return seen


@contextmanager
def _folder() -> Iterator[Path]:
    """Give an empty directory, the same in each run of a process: messages may name it."""
    with tempfile.TemporaryDirectory(prefix="wallbox-run-") as made:
        same = Path(made).with_name(f"wallbox-run-of-{os.getpid()}")
        same.symlink_to(made)
        try:
            yield same
        finally:
            same.unlink()


def _decoded(frame: bytes) -> tuple[object, ...]:
    topic, header, body = unpack(frame)
    at_s = (header.stamp_ns - START_NS) / 1e9
    return (at_s, topic, header, msgspec.msgpack.decode(body))


def _first(what: str, whole: Iterable[object], short: Iterable[object]) -> str | None:
    for one, other in zip_longest(whole, short):
        if one != other:
            return (
                f"{what}: with all looks {str(one)[:MOST_CHARACTERS]}\n"
                f"with looks left out {str(other)[:MOST_CHARACTERS]}"
            )
    return None
