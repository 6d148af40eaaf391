"""Check the steps that `bus.rounds` could leave out, in a graph that leaves none out.

Such a step has the inputs of the step before but for the time, and its deadline has not come. It
must change no state and return the same outputs, or none where an output is carried out once.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec import Struct
from msgspec.structs import replace

from bus.interface import MISSED_PERIODS
from bus.rounds import Rounds
from nodes.led.key_actions import NOTHING

AnyRounds = Rounds[Any, Any]


@contextmanager
def spare_steps_change_nothing(node_of: Callable[[str], object]) -> Iterator[Counter[str]]:
    """Check every such step; yield their number, by node.

    :param node_of: returns the node of a name, as its `build` has returned it.
    """
    look_and_step = Rounds._look_and_step
    returned: dict[AnyRounds, Any] = {}
    seen: Counter[str] = Counter()

    def checked(rounds: AnyRounds, event: Any) -> Any:
        name, inputs = rounds._bus.node, rounds._inputs
        is_spare = event is None and _is_early(rounds)
        before = _values(node_of(name)) if is_spare else {}
        outputs = look_and_step(rounds, event)
        if is_spare and _is_same(rounds, inputs):
            after = _values(node_of(name))
            for what in before:
                _same(f"{name}.{what}", before[what], after[what])
            _nothing_new(name, returned[rounds], outputs)
            seen[name] += 1
        returned[rounds] = outputs
        return outputs

    with patch.object(Rounds, "_look_and_step", checked):
        yield seen


def _is_early(rounds: AnyRounds) -> bool:
    """Return whether a look now needs no step unless its inputs differ."""
    if rounds._inputs is None or rounds._had_event:
        return False
    looks, now_ns = rounds._looks, rounds._bus.clock.now_ns()
    looked_ns = looks.looked_ns  # type: ignore[attr-defined]
    return now_ns / 1e9 < rounds._due_s and now_ns - looked_ns <= MISSED_PERIODS * looks.step_ns


def _is_same(rounds: AnyRounds, before: Any) -> bool:
    times = {name: getattr(before, name) for name in rounds._times}
    now: Any = rounds._inputs
    return bool(replace(now, **times) == before)


def _values(node: object) -> dict[str, object]:
    """Return the states of a node: its attributes that are structs or dataclasses."""
    return {
        name: value
        for name, value in vars(node).items()
        if isinstance(value, Struct) or dataclasses.is_dataclass(value)
    }


def _same(what: str, before: object, after: object) -> None:
    is_same = before == after or repr(before) == repr(after)  # NaN does not equal NaN
    assert is_same, f"a step that may be left out has changed {what}: {before} to {after}"


def _nothing_new(node: str, before: Any, after: Any) -> None:
    """A fresher message may put off the deadline; an output that is carried out once is absent."""
    assert after.due_s >= before.due_s
    for name in getattr(before, "__struct_fields__", None) or before.__dataclass_fields__:
        value = getattr(after, name)
        if name != "due_s" and value not in (None, (), NOTHING):
            _same(f"{name} of {node}", getattr(before, name), value)
