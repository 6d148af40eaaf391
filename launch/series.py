"""The series of runs: all runs of the graph since the box was last stopped in order.

A run that follows a loss of power belongs to the series of the run before, and what that run has
stored may go on. A new series begins before anything is stopped in order, and when a node that ends
something at a stop has been away for `AWAY_S`: what was stored before is over then (PAN-5).

The id of the series is in the state directory, and in the run directory, which outlives a restart
but no loss of power. So a restart is known even if the state directory cannot be written. If the
two differ, or none can be read, a new series begins.
"""

from collections.abc import Callable
from functools import partial

from bus import Bus, Timer
from bus.slots import Slots
from bus.store import StoreError

SERIES_FILE = "launch-series"  # in the state directory, and in the run directory
AWAY_S = 10.0  # assumed: no vehicle is changed sooner
STORE_S = 2.0  # assumed: a disk that takes longer does not keep the graph from being stopped


class Series:
    """The series of one run of the graph."""

    def __init__(
        self,
        bus: Bus,
        log: Callable[[str, str], None],
        on_new: Callable[[], None],
    ) -> None:
        """Read the series of the run before, or begin one.

        :param log: writes a line: level, text.
        :param on_new: called when another series has begun in this run.
        """
        self._bus = bus
        self._log = log
        self._stored, self._copy = (
            Slots(folder / SERIES_FILE) for folder in (bus.state_dir, bus.run_dir)
        )
        bus.on_close(self.close)
        self._on_new = on_new
        self._away: dict[str, Timer] = {}
        self.id = ""
        self.id = self._found()

    def end(self, then: Callable[[], None]) -> None:
        """Store the series of the next run; call `then` once, after `STORE_S` at the latest.

        `id` stays the same: no node of this run may go on under the next series.
        """
        self._forget_away()
        waiting = [then]

        def go_on() -> None:
            while waiting:
                waiting.pop()()

        self._store(self._new_id(), go_on)
        self._bus.at(self._bus.clock.now_s() + STORE_S, go_on)

    def note(self, node: str, runs: bool) -> None:
        """Note whether a node that ends something at a stop runs."""
        if runs:
            timer = self._away.pop(node, None)
            if timer is not None:
                timer.cancel()
        elif node not in self._away:
            self._away[node] = self._bus.at(self._bus.clock.now_s() + AWAY_S, self._begin)

    def close(self) -> None:
        """Close the files."""
        self._forget_away()
        self._stored.close()
        self._copy.close()

    def _forget_away(self) -> None:
        for timer in self._away.values():
            timer.cancel()
        self._away.clear()

    def _begin(self) -> None:
        series = self._new_id()

        def on_stored() -> None:
            self.id = series
            self._on_new()

        self._store(series, on_stored)

    def _found(self) -> str:
        stored, copy = self._read(self._stored), self._read(self._copy)
        if stored is None or copy not in (None, stored):
            series = self._new_id()
            self._write(series)
            return series
        if copy is None:
            self._write_to(self._copy, stored.decode())
        return stored.decode()

    def _store(self, series: str, done: Callable[[], None]) -> None:
        def on_done(result: Exception | None) -> None:
            if result is not None:
                raise result
            done()

        self._bus.offload("series", partial(self._write, series), on_done)

    def _write(self, series: str) -> None:
        """Store a series in both directories; a failure is logged."""
        for slots in (self._copy, self._stored):
            self._write_to(slots, series)

    def _write_to(self, slots: Slots, series: str) -> None:
        try:
            slots.write(series.encode(), revokes=True)
        except StoreError as error:
            self._bus.post(partial(self._log, "error", f"the series of runs: {error}"))

    def _read(self, slots: Slots) -> bytes | None:
        try:
            return slots.newest()
        except StoreError as error:
            self._log("error", f"the series of runs: {error}")
            return None

    def _new_id(self) -> str:
        # Under virtual time a purpose has the same numbers in each graph of a seed.
        return f"{self._bus.random(f'series after {self.id}').getrandbits(64):016x}"
