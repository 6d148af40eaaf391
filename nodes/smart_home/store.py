"""The files of smart_home. All calls block on the disk."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bus.generations import examine, read_and_repair, write_generations
from msgs.stored import Stored
from nodes.smart_home.control import LEAST_MA, MOST_FAILSAFE_S, Failsafe
from nodes.smart_home.kept import NO_LASTING, RUN_FILE, STATE_FILE, Kept, Lasting
from nodes.smart_home.state import Stores

Log = Callable[[str, str], None]  # level, text

CAREFUL = Lasting(failsafe=Failsafe(timeout_s=MOST_FAILSAFE_S, current_ma=LEAST_MA))
"""What counts where it is not known whether there is a failsafe."""

examine(Kept, Lasting)


def load(run_dir: Path, state_dir: Path, log: Log) -> tuple[Kept | None, bool, Lasting]:
    """Return what was kept for this run, whether it is lost, and what lasts."""
    warn = partial(log, "error")
    kept = read_and_repair(run_dir / RUN_FILE, Kept, warn)
    lasting = read_and_repair(state_dir / STATE_FILE, Lasting, warn)
    lasts = CAREFUL if lasting.stored is Stored.LOST else lasting.value or NO_LASTING
    return kept.value, kept.stored is not Stored.CURRENT, lasts


def save(run_dir: Path, state_dir: Path, stores: Stores, *, lasts: bool) -> None:
    """Store what is asked for; on return it is on the disk.

    :param lasts: also what counts over starts of the box.
    :raises StoreError: it cannot be written.
    """
    if lasts:
        write_generations(state_dir / STATE_FILE, stores.lasting, lowers=True)
    write_generations(run_dir / RUN_FILE, stores.kept, lowers=True)
