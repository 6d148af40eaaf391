"""The time of one step of a machine, and its deadline for the next step."""

import math


class Moment:
    """One instant [monotonic s], and the earliest later time that a machine has compared it with.

    A machine compares the time only by `reached` and `passed`. Until `due_s` the same state and the
    same inputs give the same answers, so that a step with them may be left out.

        moment = Moment(inputs.now_s)
        if moment.reached(state.lapses_at_s): ...
        return state, Outputs(..., due_s=moment.due_s if state == before else inputs.now_s)
    """

    __slots__ = ("due_s", "now_s")

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s
        self.due_s = math.inf

    def reached(self, when_s: float) -> bool:
        """Return whether a time [s] has come; a later one is noted for the deadline.

        NaN never comes.
        """
        if self.now_s >= when_s:
            return True
        if when_s < self.due_s:
            self.due_s = when_s
        return False

    def passed(self, when_s: float) -> bool:
        """Return whether it is later than a time [s]; False at that time itself.

        A time that has not passed is noted for the deadline, as by `reached`.
        """
        if self.now_s > when_s:
            return True
        if when_s < self.due_s:
            self.due_s = when_s
        return False

    def wake_at(self, when_s: float) -> None:
        """Ask for a step at a time [s]; no effect if it is not later than now, or NaN."""
        if self.now_s < when_s < self.due_s:
            self.due_s = when_s

    def again(self) -> None:
        """Ask for a step at the next look, since the result changes continuously with time."""
        self.due_s = self.now_s
