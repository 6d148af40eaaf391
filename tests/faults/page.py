"""The page docs/faults.md."""

from collections.abc import Iterable
from pathlib import Path

from tests.faults.cases import CASES, STATES, Case
from tests.faults.inject import Cell

PAGE = Path(__file__).parents[2] / "docs/faults.md"

HEAD = """# Every fault in every state of a session

Written by `make faults`, checked by `tests/faults`: each line is one run of the whole simulated box
under virtual time, in which a fault is made in a state of a session, lasts for 15 s, and is
repaired. What the box does about each fault, and why, is in [safety.md](safety.md).

- *shows*: when safety raises the fault. One that cannot be seen yet shows in the next charge, or
  when the charge ends. A vehicle that does not answer its offer is woken and tested again after
  30 s. Where it causes no fault: what is seen instead, in this charge or the next one.
- *front*: the segments S1 to S4, a second later.
- *contactor*: as safety proves it, 8 s later: a vehicle has 6 s to drop its load (LED-5, session).
- *opens*: virtual time from the fault, or from the closing after it, to open contacts. For a
  terminal that overheats it includes the heating, for an overcurrent the vehicle's ramp.
- *retries*: how many of the five had been used when the fault was cleared (ERR-R).
- *cleared by*: the first of these that cleared it: the cause gone, a retry, reseating the plug, a
  restart of the box that a person asked for, mains off and on.

| fault | | in | shows | code | front | contactor | opens | retries | cleared by |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def line(case: Case, state: str, cell: Cell) -> str:
    """Return one line of the table."""
    return (
        f"| {case.name} | {case.says} | {state} | {cell.seen} | {cell.code} | {cell.front} "
        f"| {cell.contactor} | {cell.opens} | {cell.retries} | {cell.cleared} |\n"
    )


def page(lines: Iterable[str]) -> str:
    """Return the whole page."""
    return HEAD + "".join(lines)


def places() -> list[tuple[Case, str]]:
    """Return all that the table has a line for, in its order."""
    return [(case, state) for case in CASES for state in STATES]
