"""The rounds of a node: when its machine is stepped, and when its messages are repeated.

    self._rounds = Rounds(bus, PERIOD_S, self._look, self._act)

A look takes place at each instant of a grid, on a changed message that wakes the node, and with an
event. The machine is stepped when the inputs of a look differ from the previous ones, when its
deadline has come, with an event and after it, and after an instant of the grid was missed.
"""

import math
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bus.interface import MISSED_PERIODS, Bus, Timer
from msgs.topics import Topic

I = TypeVar("I", bound=Struct)  # noqa: E741 - the inputs of a machine

TIMES = ("now_s", "utc_ns", "since_s")
"""Fields of inputs that contain the time; a change of them alone is not a change of inputs."""


class Due(Protocol):
    """The outputs of a machine."""

    @property
    def due_s(self) -> float:
        """Return from when on a step with equal inputs may have an effect [s]; infinity: never."""


O = TypeVar("O", bound=Due)  # noqa: E741 - the outputs of a machine


class Instant(NamedTuple):
    """The time of a look."""

    now_s: float  # monotonic
    utc_ns: int
    since_s: float  # since the previous look; 0 for the first


class Rounds(Generic[I, O]):
    """Steps one machine."""

    def __init__(
        self,
        bus: Bus,
        period_s: float,
        look: Callable[[Instant], I],
        act: Callable[[I], O],
        *,
        is_exact: bool = False,
        on_same: Callable[[], None] = lambda: None,
    ) -> None:
        """Look for the first time at once, and then each period [s].

        :param look: reads devices and subscriptions; returns the inputs.
        :param act: steps the machine, carries its outputs out and returns them.
        :param is_exact: look at the deadline itself, not at the next instant of the grid.
        :param on_same: runs after a look that needs no step.
        """
        self._bus = bus
        self._look = look
        self._act = act
        self._on_same = on_same
        self._is_exact = is_exact
        self._inputs: I | None = None  # of the last step, without its event
        self._times: tuple[str, ...] = ()
        self._due_s = -math.inf
        # True: the last step had an event. The next look steps again, because without the event the
        # result may differ.
        self._had_event = False
        self._alarm: Timer | None = None
        self._alarm_s = math.inf
        self._looked_s = -math.inf
        self._is_stopped = False
        self._looks = bus.look_each(period_s, self._on_instant)

    @property
    def period_s(self) -> float:
        """Return the period of the grid [s]."""
        return self._looks.step_ns / 1e9

    @period_s.setter
    def period_s(self, period_s: float) -> None:
        self._looks.change_period(round(period_s * 1e9))

    def wake(self, _: object = None) -> None:
        """Look now, since a message has changed."""
        if not self._is_stopped:
            self._look_and_step(None)
            self._plan()

    def run(self, event: Callable[[I], I] = lambda inputs: inputs) -> O:
        """Step now with an event added to the inputs; the next look steps without it."""
        outputs = self._look_and_step(event)
        assert outputs is not None, "a look with an event is always stepped"
        self._plan()
        return outputs

    def say(self, topic: Topic[Any], message: Struct, period_s: float | None = None) -> None:
        """See `bus.interface.Bus.say`."""
        self._bus.say(topic, message, period_s)

    def stop(self) -> None:
        """End the looks; only events are stepped from now on."""
        self._is_stopped = True
        self._looks.cancel()
        self._set_alarm(math.inf)

    # --- inside --------------------------------------------------------------------------------

    def _on_instant(self) -> None:
        self._look_and_step(None)
        self._plan()

    def _look_and_step(self, event: Callable[[I], I] | None) -> O | None:
        """Look, and step if necessary; return the outputs of the step, if any."""
        looks, clock = self._looks, self._bus.clock
        looks.catch_up()
        now_ns = clock.now_ns()
        # The gap ends at the time read above, so that a stall after it is part of the next gap.
        since_ns = looks.note_look(now_ns)
        now_s = self._looked_s = now_ns / 1e9
        inputs = self._look(Instant(now_s, clock.utc_ns(), since_ns / 1e9))
        is_needed = (
            event is not None
            or self._had_event
            or now_s >= self._due_s
            or looks.steps_each_look
            or since_ns > MISSED_PERIODS * looks.step_ns
            or not self._is_same(inputs)
        )
        if not is_needed:
            self._on_same()
            return None
        if self._inputs is None:
            self._times = tuple(name for name in TIMES if name in inputs.__struct_fields__)
        self._inputs = inputs
        outputs = self._act(inputs if event is None else event(inputs))
        self._due_s = outputs.due_s
        self._had_event = event is not None
        return outputs

    def _is_same(self, inputs: I) -> bool:
        """Return whether inputs equal those of the last step, apart from the time."""
        last = self._inputs
        if last is None:
            return False
        times = {name: getattr(last, name) for name in self._times}
        return replace(inputs, **times) == last

    def _plan(self) -> None:
        if not self._is_stopped:
            self._looks.plan(-math.inf if self._had_event else self._due_s)
            if self._is_exact:
                self._set_alarm(self._due_s)

    def _set_alarm(self, when_s: float) -> None:
        """Set the alarm that steps the machine at a time [s]; infinity: none."""
        if when_s == self._alarm_s:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = when_s
        is_ahead = self._looked_s < when_s < math.inf  # of the look; it may have passed since
        self._alarm = self._bus.at(when_s, self._on_alarm) if is_ahead else None

    def _on_alarm(self) -> None:
        self._alarm_s = math.inf
        self._look_and_step(None)
        self._plan()
